"""How quickly events are answered while reviews are made in the same process.

    python -m tests.bench.load [--events 200] [--seconds 10] [--pulls 20] [--latency 0.2]

The events are sent by a process of their own and go to `--pulls` pull requests, over and over; the
first of each is reviewed, between the two fakes, in this process. Printed are the times that the
sender has seen, from connecting on, and those of the server's own log. Goal: p99 150 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from tests.bench.served import TOP, opened, served
from tests.bot.doors.deliveries import encoded, headers
from tests.bot.jobs.running import CONFIG, SMALL
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, fake_anthropic
from tests.fakes.app import FakeApp, fake_app
from tests.test_walkthrough import model

FILES, COPIES = 15, 12
"""Each pull request has so many new files, each of so many copies of one: 60 kB of changes."""
DEADLINE = 120.0


async def main(options: argparse.Namespace) -> None:
    """Measure and print."""

    def script(body: dict[str, Any], number: int) -> Reply:
        return replace(model(body, number), latency=options.latency)

    with tempfile.TemporaryDirectory() as home:
        async with fake_app() as github, fake_anthropic(script) as anthropic:
            for number in range(1, options.pulls + 1):
                files = {f"api/m{n}.py": f"# {number}\n{ORDERS * COPIES}" for n in range(FILES)}
                github.pull(number, {CONFIG: SMALL}, {CONFIG: SMALL, **files})
            async with served(github, anthropic, Path(home)) as server:
                times = await _sent(server.url, github, options)
                async with asyncio.timeout(DEADLINE):
                    while github.posts() < options.pulls:
                        await asyncio.sleep(0.1)
            own = [r["seconds"] for r in server.log if r.get("event") == "delivery"]
            each = {len(github.bodies_of(n)) for n in range(1, options.pulls + 1)}
    print(f"{len(times)} events in {options.seconds:.0f} s, {options.pulls} reviews beside them")
    print(f"as the sender has seen it: {_figures(times)}")
    print(f"as the server has seen it: {_figures(own)}")
    print(f"reviews of each pull request: {sorted(each)}")


async def _sent(url: str, github: FakeApp, options: argparse.Namespace) -> list[float]:
    """The times that the process `--send` has seen."""
    plan = []
    for i in range(options.events):
        number = i % options.pulls + 1
        action = "opened" if i < options.pulls else "synchronize"
        made = opened(github, number, action, "x" * 20_000)
        plan.append([i * options.seconds / options.events, encoded(made).decode()])
    command = (sys.executable, "-m", "tests.bench.load", "--send", url)
    sender = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=TOP)
    said, _ = await sender.communicate(json.dumps(plan).encode())
    times: list[float] = json.loads(said)
    return times


async def send(url: str) -> None:
    """The sender: a plan of seconds and bodies on standard input, the times of the answers out."""
    plan = json.load(sys.stdin)
    connector = aiohttp.TCPConnector(force_close=True)  # GitHub's deliveries share no connection.
    async with aiohttp.ClientSession(connector=connector) as session:
        begin = time.perf_counter()

        async def one(number: int, at: float, body: bytes) -> float:
            await asyncio.sleep(max(0.0, begin + at - time.perf_counter()))
            given = headers(body, x_github_delivery=str(UUID(int=number)))
            start = time.perf_counter()
            async with session.post(f"{url}/webhook", data=body, headers=given) as answer:
                assert answer.status in (200, 202), await answer.text()
            return time.perf_counter() - start

        sent = (one(i, at, body.encode()) for i, (at, body) in enumerate(plan))
        print(json.dumps(await asyncio.gather(*sent)))


def _figures(times: Sequence[float]) -> str:
    ordered = sorted(times)
    middle, last = statistics.median(ordered), ordered[int(len(ordered) * 0.99) - 1]
    return (
        f"median {middle * 1000:.0f} ms, p99 {last * 1000:.0f} ms, most {ordered[-1] * 1000:.0f} ms"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--pulls", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--send", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    asyncio.run(send(chosen.send) if chosen.send else main(chosen))
