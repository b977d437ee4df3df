"""`triptych serve` and `triptych worker` as processes, with fake jobs; run by test_serve.py.

    python -m tests.bot.doors.process [serve [PORT [HOST]] | door | quiet | slow | stuck | work]

`door`: without a worker; `quiet`: jobs that take BENCH_WRITE_SECONDS to write, for benchmarks; `slow`:
half a second; `stuck`: jobs that never get to a checkpoint. At the end it prints how long it let the
jobs drain, and the environment that a child sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from bot.app_settings import AppSettings, read_app_settings
from bot.doors.serve import House, serve, work
from bot.errors import Problem
from bot.jobs.protocol import Figures, Wish
from bot.metrics import Metrics
from bot.settings import Settings
from tests.fakes.jobs import FakeJobs

WRITE_SECONDS = float(os.environ.get("BENCH_WRITE_SECONDS", "0"))


@dataclass
class Printing(FakeJobs):
    """Jobs that tell on standard output what becomes of them."""

    how: str = "serve"

    async def accept(self, wish: Wish, delivery: str) -> str:
        """Slowly, if so asked."""
        if self.how == "slow":
            print("accepting", flush=True)
            await asyncio.sleep(0.5)
        if self.how == "quiet":
            await asyncio.sleep(WRITE_SECONDS)
        return await super().accept(wish, delivery)

    async def stop(self, seconds: float) -> None:
        """Print what the tests look at."""
        if self.how == "stuck":
            print("draining", flush=True)
            await asyncio.sleep(60)
        child = subprocess.run(["env"], capture_output=True, text=True, check=True)
        print(json.dumps({"drained": seconds, "environment": child.stdout}), flush=True)


def setup(house: House) -> Iterable[web.AbstractRouteDef]:
    """A setup page without the page."""

    async def done(_: web.Request) -> web.Response:
        await house.reload()
        return web.Response(text="done")

    return [web.get("/setup", done)]


def main() -> None:
    """One of the two processes."""
    how = sys.argv[1] if len(sys.argv) > 1 else "serve"
    port = sys.argv[2] if len(sys.argv) > 2 else "0"
    host = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"

    async def start(
        settings: Settings,
        app: AppSettings,
        *,
        worker: bool,
        metrics: Metrics | None = None,
        read: Callable[[], AppSettings] = read_app_settings,
    ) -> Printing:
        return Printing(now=Figures(waiting=7), how=how)

    try:
        if how == "work":
            work(start=start)
        else:
            serve(host, int(port), worker=how != "door", start=start, more=setup)
    except Problem as e:
        print(e)


if __name__ == "__main__":
    main()
