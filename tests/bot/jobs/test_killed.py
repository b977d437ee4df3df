"""`kill -9` at named points, then another life on the same database: one review, nothing paid twice.

All points are tried side by side, for most of a life is waiting; then each has its test.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.jobs.protocol import CommandWish, Place, ReviewWish, Thread, Trigger, Verb
from bot.outputs.marker import read_finding_marker
from tests.bot.jobs.lives import Died, Life, Womb, life
from tests.bot.jobs.process import Kill
from tests.bot.jobs.running import CONFIG, SMALL, until
from tests.builders import ORDERS
from tests.fakes.anthropic import FakeAnthropic, Reply, fake_anthropic, is_about, reported
from tests.fakes.app import FakeApp, fake_app
from tests.fakes.github import Fault
from tests.test_walkthrough import model

CALLS = 3
"""Two reviewers and the verifying round."""


MORE = """

def first(order_id):
    return show(order_id)[0]
"""
NEW = reported(
    "api/orders.py",
    16,
    "return show(order_id)[0]",
    rule="correctness/missing-value",
    title="A total is no list",
    body="`show()` returns a number, which has no first item.",
)


def two_findings(body: dict[str, Any], number: int) -> Reply:
    """The model of the walk-through, which sees one thing more in what is pushed."""
    reply = model(body, number)
    is_new = "def first(order_id)" in body["messages"][0]["content"][0]["text"]
    if is_new and is_about(body, "correctness"):
        return replace(reply, findings=[*reply.findings, NEW])
    return reply


@dataclass(frozen=True)
class Point:
    """Where the first life is killed, and how many model calls may be asked in all.

    `sql` is a point in the database; `request` is one at GitHub, `before` or after it was done there;
    `call` is a model call, killed when it arrives. `command`: the review is done, and a dismissal is
    under way; `push`: another commit was pushed, and its review is.
    """

    name: str
    sql: Kill | None = None
    request: str = ""
    before: bool = False
    call: int = 0
    parked: bool = False
    push: bool = False
    command: bool = False
    most: int = CALLS


POINTS = (
    Point("before the job is written", Kill("INSERT INTO triptych_jobs", before=True)),
    Point("before accept returns", Kill("INSERT INTO triptych_jobs")),
    Point("after the run is written", Kill("INTO main.workflow_status")),
    Point("while the pull request is read", request="GET .*/pulls/128$"),
    Point("after the check run was made", request="POST .*/check-runs", most=5),
    Point("during the first call", call=1, most=5),
    Point("after a call was paid", Kill("SET calls="), most=5),
    Point("after a call was kept", Kill("INTO main.operation_outputs", nth=2), most=4),
    Point("during verification", call=3, most=4),
    Point("after verification was kept", Kill("INTO main.operation_outputs", nth=5)),
    Point("before the post", request="POST .*/pulls/128/reviews", before=True),
    Point("after the post", request="POST .*/pulls/128/reviews"),
    Point("before the check run ends", request="PATCH .*/check-runs/1001", before=True),
    Point("before the end is written", Kill("note=?, ended=", before=True)),
    Point("after the end is written", Kill("note=?, ended=")),
    Point("while it is parked", parked=True),
    Point("before the second post", request="POST .*/reviews", before=True, push=True, most=6),
    Point("after the second post", request="POST .*/reviews", push=True, most=6),
    Point("before the body is edited", request="PUT .*/reviews/", before=True, push=True, most=6),
    Point("before a dismissal is seen", request="POST .*/reactions", before=True, command=True),
    Point("after a dismissal is written", Kill("INSERT INTO triptych_dismissals"), command=True),
    Point("during a dismissal", request="PUT .*/reviews/", before=True, command=True),
)


@dataclass
class Story:
    """What came of one point."""

    github: FakeApp
    anthropic: FakeAnthropic
    row: dict[str, Any] = field(default_factory=dict)
    died: bool = False
    log: str = ""
    error: BaseException | None = None

    @property
    def paid(self) -> int:
        """Calls that the model was asked."""
        return len(self.anthropic.requests)


@dataclass
class Teller:
    """Lives through one point."""

    point: Point
    womb: Womb
    home: Path
    story: Story
    pid: int = 0

    def order(self) -> dict[str, Any]:
        """What a life is told."""
        github = self.story.github
        known = github.app_settings(self.home, debounce=0.1)
        names = ("app_id", "slug", "private_key", "webhook_secrets", "debounce")
        return {
            "home": str(self.home),
            "database": known.database_url,
            "app": {name: getattr(known, name) for name in names},
            "github": github.url,
            "anthropic": self.story.anthropic.url,
        }

    async def tell(self) -> None:
        """The first life, its end, and the next one."""
        github, point = self.story.github, self.point
        base = {CONFIG: SMALL}
        github.pull(128, base, {**base, "api/orders.py": ORDERS})
        place = github.place(128)
        wish = ReviewWish(place, Trigger.OPENED, github.pulls[128].head, "main", seen=1.0)
        command: CommandWish | None = None
        if point.push or point.command:
            await self._reviewed(wish)
        if point.push:
            head = github.push(128, "9d02f7e", {**base, "api/orders.py": ORDERS + MORE})
            wish = ReviewWish(place, Trigger.PUSHED, head, "main", seen=2.0)
        if point.command:
            command = self._dismissal(place)
        if point.parked:
            fault = Fault("POST", "access_tokens", "primary", retry_after="90")
            github.faults.append(fault)
        await self._killed(command or wish)
        github.watch = lambda _when, _what: False
        async with life(self.womb, self.order(), self.home) as second:
            job = await second.accept(command or wish)
            await self._over(second, job, command)
            await second.stop()

    async def _reviewed(self, wish: ReviewWish) -> None:
        async with life(self.womb, self.order(), self.home) as before:
            job = await before.accept(wish)
            await self._ended(before, job)
            await before.stop()

    def _dismissal(self, place: Place) -> CommandWish:
        github = self.story.github
        comment = github.say(128, "bob", "/triptych dismiss")
        found = read_finding_marker(github.pulls[128].comments[0]["body"])
        assert found is not None, "the first review has comments"
        return CommandWish(
            place, comment, Thread.CONVERSATION, 12, "bob", Verb.DISMISS, found[0], "as designed"
        )

    async def _killed(self, wish: ReviewWish | CommandWish) -> None:
        point = self.point
        async with life(self.womb, self.order(), self.home, point.sql) as first:

            def watch(when: str, what: str) -> bool:
                hit = when == ("before" if point.before else "after")
                if hit and re.search(point.request, what):
                    first.kill()
                    return True
                return False

            if point.request:
                self.story.github.watch = watch
            asked = self.story.anthropic.script

            def script(body: dict[str, Any], number: int) -> Reply:
                if number == point.call:
                    first.kill()
                    return Reply(hang=True)
                return asked(body, number)

            self.story.anthropic.script = script
            job = ""
            with contextlib.suppress(Died):
                job = await first.accept(wish)
            if point.parked:
                while (row := await first.show(job)) and row["state"] != "parked":
                    await asyncio.sleep(0.02)
                first.kill()
            async with asyncio.timeout(20):
                await first.dead.wait()
            self.story.died = True

    async def _over(self, second: Life, job: str, command: CommandWish | None) -> None:
        if command is None:
            self.story.row = await self._ended(second, job)
            return
        github = self.story.github
        await until(lambda: (command.comment, "triptych[bot]", "rocket") in github.reactions)
        key = f"asked.{github.repository_id}.128"
        self.story.row = {"state": "done", "id": key}

    async def _ended(self, at: Life, job: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                row = await at.show(job)
                assert row is not None, job
                if row["state"] not in ("waiting", "running", "parked"):
                    return row
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stories(
    womb: Womb, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Story]]:
    told: dict[str, Story] = {}
    seats = asyncio.Semaphore(12)

    async def tell(point: Point) -> None:
        home = tmp_path_factory.mktemp("life")
        async with seats, fake_app() as github, fake_anthropic(two_findings) as anthropic:
            story = told[point.name] = Story(github, anthropic)
            (story.error,) = await asyncio.gather(
                Teller(point, womb, home, story).tell(), return_exceptions=True
            )
            story.log += (home / "log").read_text() if (home / "log").exists() else ""

    await asyncio.gather(*(tell(point) for point in POINTS))
    yield told


@pytest.mark.parametrize("point", POINTS, ids=lambda p: p.name)
def test_one_review_whatever_was_killed(point: Point, stories: dict[str, Story]) -> None:
    """S73: exactly one review, no lost job, finished calls reused, the check run ended."""
    story = stories[point.name]
    assert story.error is None, (repr(story.error), story.log)
    assert story.died, "the point was never reached"
    assert story.row["state"] == "done", (story.row, story.log)
    assert len(story.github.bodies_of(128)) == (2 if point.push else 1)
    assert CALLS <= story.paid <= point.most, story.log
    assert [c["status"] for c in story.github.checks] == ["completed"] * len(story.github.checks)
    heads = [c["head_sha"] for c in story.github.checks]
    assert point.command or len(heads) == len(set(heads)), "one check run for each head"
