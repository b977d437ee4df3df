"""What thousands of reviews leave behind in a server: memory, open files, rows (case S15).

    python -m tests.bench.soak [--jobs 10000] [--at-once 20]

Each is of another pull request, of one of `--installations`, because GitHub lets each of them write so
much an hour only. Goal: memory within 10 % of what it was after the first tenth, open files as then.
A model's answer takes no time here.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from tests.bench.served import Served, opened, served
from tests.bot.doors.deliveries import encoded, headers
from tests.bot.jobs.running import CONFIG, SMALL
from tests.builders import ORDERS
from tests.fakes.anthropic import FakeAnthropic, fake_anthropic
from tests.fakes.app import FakeApp, FakeInstallation, fake_app
from tests.test_walkthrough import model

PARTS = 10
DEADLINE = 120.0
"""Seconds in which something must have been posted."""


async def main(options: argparse.Namespace) -> None:
    """Measure and print a line for each tenth."""
    with tempfile.TemporaryDirectory() as home:
        async with fake_app() as github, fake_anthropic(model) as anthropic:
            github.installations = {1 + i: FakeInstallation() for i in range(options.installations)}
            async with served(github, anthropic, Path(home)) as server:
                print(f"      0 reviews, {_state(server, Path(home))}", flush=True)
                per = options.jobs // PARTS
                begin = time.monotonic()
                for part in range(PARTS):
                    await _reviewed(server, github, range(part * per, part * per + per), options)
                    _forget(github, anthropic)
                    rate = (part + 1) * per / (time.monotonic() - begin)
                    state = _state(server, Path(home))
                    print(
                        f"{(part + 1) * per:7d} reviews, {state}, {rate:.1f} a second", flush=True
                    )
            ends = [r["state"] for r in server.log if r.get("event") == "job.ended"]
            print(f"ended: { {end: ends.count(end) for end in set(ends)} }")


async def _reviewed(
    server: Served, github: FakeApp, numbers: range, options: argparse.Namespace
) -> None:
    """One pull request for each number; so many at once."""
    places = asyncio.Semaphore(options.at_once)

    async def one(session: aiohttp.ClientSession, index: int) -> None:
        async with places:
            number = index + 1
            github.pull(number, {CONFIG: SMALL}, {CONFIG: SMALL, "api/orders.py": ORDERS})
            made = opened(github, number)
            made["installation"]["id"] = 1 + index % options.installations
            body = encoded(made)
            given = headers(body, x_github_delivery=str(UUID(int=number)))
            async with session.post(f"{server.url}/webhook", data=body, headers=given) as answer:
                assert answer.status == 202, await answer.text()
            async with asyncio.timeout(DEADLINE):
                while not github.bodies_of(number):
                    await asyncio.sleep(0.05)
            assert len(github.bodies_of(number)) == 1
            del github.pulls[number].reviews[:]

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for index in numbers:
            group.create_task(one(session, index))


def _forget(github: FakeApp, anthropic: FakeAnthropic) -> None:
    """The fakes share the machine's memory with the server."""
    kept: tuple[list[Any], ...] = (github.calls, github.bodies, github.headers, github.checks)
    for rows in (*kept, anthropic.requests, anthropic.paths, anthropic.headers):
        rows.clear()


def _state(server: Served, home: Path) -> str:
    process = Path(f"/proc/{server.process.pid}")
    found = re.search(r"(?m)^Pss:\s+(\d+)", (process / "smaps_rollup").read_text())
    memory = int(found[1]) / 1024 if found else 0.0
    files = len(list((process / "fd").iterdir()))
    threads = len(list((process / "task").iterdir()))
    size = sum(p.stat().st_size for p in home.glob("triptych.db*")) / 2**20
    return f"{memory:.0f} MiB, {files} open files, {threads} threads, database {size:.0f} MiB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--installations", type=int, default=200)
    asyncio.run(main(parser.parse_args()))
