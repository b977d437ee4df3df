"""`kill -9` at random for minutes while pull requests come in: what is lost, and what is twice?

    python -m tests.bench.torture --minutes 5                          (SQLite, one process)
    python -m tests.bench.torture --minutes 5 --postgres --workers 3   (a Postgres of its own)

Workers are killed every few seconds, at any line, and started again; each event goes to one of them
until it is accepted, as GitHub delivers again what was not answered. Then everything may come to its
end, and is counted. The exit code is 1 where a promise was broken. The model takes 0.1 to 0.8 s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from bot.jobs.blame import BLAME
from bot.jobs.protocol import CancelWish, ReviewWish, Trigger, Wish
from bot.outputs.marker import read_marker
from tests import postgres
from tests.bot.jobs.lives import Died, Life, Womb, life
from tests.bot.jobs.running import CONFIG, SMALL
from tests.builders import ORDERS
from tests.fakes.anthropic import FakeAnthropic, Reply, fake_anthropic
from tests.fakes.app import FakeApp, fake_app
from tests.test_walkthrough import model

SETTLING = 180.0
"""Seconds that everything may take to end when nobody is killed any more."""
LIVES = (1.0, 5.0)
"""A life lasts between so many seconds."""
EVENTS = (0.1, 0.9)
"""Seconds between two events."""


@dataclass
class Torture:
    """What goes on, and what it came to."""

    github: FakeApp
    anthropic: FakeAnthropic
    womb: Womb
    home: Path
    database: str
    workers: int
    luck: random.Random
    alive: dict[int, Life] = field(default_factory=dict)
    kills: int = 0
    accepted: int = 0
    refused: int = 0
    jobs: set[str] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    killing: bool = True
    seen: float = 0.0
    done: dict[str, int] = field(default_factory=Counter)
    slowest: float = 0.0

    def order(self, name: str) -> dict[str, Any]:
        """What a life is told."""
        known = self.github.app_settings(self.home)
        names = ("app_id", "slug", "private_key", "webhook_secrets")
        settings = {n: getattr(known, n) for n in names}
        return {
            "home": str(self.home),
            "database": self.database,
            "app": {**settings, "worker": name, "debounce": 0.5},
            "github": self.github.url,
            "anthropic": self.anthropic.url,
            "blame": BLAME,
        }

    async def worker(self, number: int, end: asyncio.Event) -> None:
        """One life after the other. On Postgres each has a name of its own, as in containers."""
        lives = 0
        while not end.is_set():
            lives += 1
            name = f"w{number}-{lives}" if self.workers > 1 else ""
            async with life(self.womb, self.order(name), self.home) as at:
                self.alive[number] = at
                lasts = self.luck.uniform(*LIVES)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(lasts):
                        await _first(end, at.dead)
                if self.killing and not at.dead.is_set():
                    self.kills += 1
                else:
                    await _first(end, at.dead)
                self.alive.pop(number)

    async def deliver(self, wish: Wish) -> None:
        """Until it is accepted by somebody."""
        while True:
            if self.alive:
                began = monotonic()
                at = self.luck.choice(list(self.alive.values()))
                try:
                    job = await at.accept(wish)
                except Died:
                    self.refused += 1
                else:
                    self.slowest = max(self.slowest, monotonic() - began)
                    self.accepted += 1
                    self.jobs |= {job} - {""}
                    return
            await asyncio.sleep(0.05)

    def script(self, body: dict[str, Any], number: int) -> Reply:
        """The model; `done` counts the answers that it gave in full, by what was asked."""
        reply = model(body, number)
        return Reply(reply.findings, latency=self.luck.uniform(0.1, 0.8))

    async def events(self, minutes: float) -> None:
        """Pull requests that are opened, pushed to, closed; some events come twice."""
        until = monotonic() + minutes * 60
        pending: set[asyncio.Task[None]] = set()
        number = 0
        while monotonic() < until:
            self.seen += 1.0
            dice = self.luck.random()
            open_ = sorted(set(self.github.pulls) - self.closed)
            if dice < 0.6 or not open_:
                number += 1
                self.github.pull(number, {CONFIG: SMALL}, self._files(number))
                wish: Wish = self._wish(number, Trigger.OPENED)
            elif dice < 0.93:
                recent = self.luck.choice(open_[-8:])
                sha = f"{self.luck.randrange(16**10):010x}"
                self.github.push(recent, sha, self._files(recent))
                wish = self._wish(recent, Trigger.PUSHED)
            else:
                gone = self.luck.choice(open_[-8:])
                self.github.pulls[gone].state = "closed"
                self.closed.add(gone)
                wish = CancelWish(self.github.place(gone), "pull request closed", seen=self.seen)
            for _ in range(self.luck.choice((1, 1, 1, 2))):
                pending.add(asyncio.create_task(self.deliver(wish)))
            await asyncio.sleep(self.luck.uniform(*EVENTS))
        await asyncio.gather(*pending)

    def _files(self, number: int) -> dict[str, str]:
        return {CONFIG: SMALL, "api/orders.py": f"{ORDERS}\n# {number} at {self.seen}\n"}

    def _wish(self, number: int, trigger: Trigger) -> ReviewWish:
        head = self.github.pulls[number].head
        return ReviewWish(self.github.place(number), trigger, head, "main", seen=self.seen)

    async def settled(self) -> list[str]:
        """Wait until every job is over; the ids of those that are not in time."""
        left = set(self.jobs)
        until = monotonic() + SETTLING
        while left and monotonic() < until:
            for job in sorted(left):
                at = next(iter(self.alive.values()), None)
                row = await at.show(job) if at else None
                if row and row["state"] not in ("waiting", "running", "parked"):
                    left.discard(job)
            await asyncio.sleep(0.2)
        return sorted(left)


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(e.wait()) for e in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _asked(body: dict[str, Any]) -> str:
    """What a request asks, whichever job asks it: without the fence."""
    return re.sub(r"[0-9a-f]{24}", "", json.dumps(body, sort_keys=True))


def _judged(
    t: Torture, stuck: list[str], rows: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Figures, and which promises were broken."""
    wrong = [f"stuck: {job}" for job in stuck]
    for number, pull in t.github.pulls.items():
        bodies = t.github.bodies_of(number)
        markers = [m for m in map(read_marker, bodies) if m]
        if number in t.closed:
            if len(bodies) > 1:
                wrong.append(f"#{number}: {len(bodies)} reviews, and it was closed")
            continue
        if len(bodies) != 1:
            wrong.append(f"#{number}: {len(bodies)} reviews")
        elif markers[0].head != pull.head:
            wrong.append(f"#{number}: reviewed {markers[0].head[:7]}, stands at {pull.head[:7]}")
    open_checks = [c for c in t.github.checks if c["status"] != "completed"]
    wrong += [f"check run {c['id']} on {c['head_sha'][:7]} never ended" for c in open_checks]
    states = Counter(str(row["state"]) for row in rows)
    wrong += [f"dead: {r['id']}: {r['note']}" for r in rows if r["state"] == "dead"]
    asked = Counter(
        _asked(b) for n, b in enumerate(t.anthropic.requests, 1) if n in t.anthropic.whole
    )
    figures = {
        "pull requests": len(t.github.pulls),
        "events accepted": t.accepted,
        "not answered, delivered again": t.refused,
        "kills": t.kills,
        "jobs": dict(states),
        "model calls": len(t.anthropic.requests),
        "answered in full": sum(asked.values()),
        "answered in full twice": sum(n - 1 for n in asked.values()),
        "reviews": sum(len(t.github.bodies_of(n)) for n in t.github.pulls),
        "check runs": len(t.github.checks),
        "slowest accept (s)": round(t.slowest, 3),
    }
    if sum(n - 1 for n in asked.values()) > 2 * t.kills:
        wrong.append("more calls were paid twice than can have been in flight")
    return figures, wrong


async def torture(minutes: float, workers: int, seed: int, *, on_postgres: bool) -> int:
    """Do it, print what it came to; 1 where a promise was broken."""
    with contextlib.ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="torture-")))
        database = f"sqlite:///{home}/triptych.db"
        if on_postgres:
            database = opened.enter_context(postgres.cluster()).database()
        womb = Womb()
        opened.callback(womb.close)
        async with fake_app() as github, fake_anthropic() as anthropic:
            t = Torture(github, anthropic, womb, home, database, workers, random.Random(seed))
            anthropic.script = t.script
            end = asyncio.Event()
            living = [asyncio.create_task(t.worker(n, end)) for n in range(workers)]
            await t.events(minutes)
            t.killing = False
            began = monotonic()
            stuck = await t.settled()
            figures = {"settled after (s)": round(monotonic() - began, 1)}
            rows = []
            at = next(iter(t.alive.values()))
            for job in sorted(t.jobs):
                if row := await at.show(job):
                    rows.append(row)
            end.set()
            await asyncio.gather(*living)
            more, wrong = _judged(t, stuck, rows)
            for name, figure in (more | figures).items():
                print(f"{name:32} {figure}")
            print("\n".join(wrong) or "every promise was kept")
            if wrong:
                Path("/tmp/torture.log").write_text((home / "log").read_text())
            return 1 if wrong else 0


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.workers > 1 and not args.postgres:
        parser.error("more than one worker needs --postgres")
    sys.exit(asyncio.run(torture(args.minutes, args.workers, args.seed, on_postgres=args.postgres)))


if __name__ == "__main__":
    main()
