"""Cold start of the Action: from its first step to the first call of a model, the steps as written.

    python -m tests.bench.action [RUNS]

The packages come from the index that pip and uv are set to; GitHub and the model are the fakes.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import monotonic, perf_counter

from tests.bot.doors.job import ACTION, NUMBER, ROOT, Job, outputs_of, pull_request
from tests.builders import ORDERS
from tests.fakes.actions import fake_actions
from tests.fakes.anthropic import fake_anthropic


async def once() -> tuple[float, float, float]:
    """Seconds: the installation, from the second step to the first call, and from the beginning."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder))
        async with fake_actions() as github, fake_anthropic() as anthropic:
            payload = pull_request("opened", github.pull(NUMBER, {}, {"orders.py": ORDERS}).head)
            env = job.env("pull_request", payload, github.url, anthropic.url)
            env = {**os.environ, **env, "GITHUB_ACTION_PATH": str(ROOT)}
            install, review = ACTION["runs"]["steps"]
            start = perf_counter()
            done = await job.bash(install["run"], env)
            assert done.code == 0, done
            installed = perf_counter() - start
            python = outputs_of((Path(folder) / "output").read_text())["python"]
            begun = monotonic()
            done = await job.bash(review["run"], {**env, "TRIPTYCH_PYTHON": python})
            assert done.code == 0, done
            called = min(anthropic.arrived.values()) - begun
    return installed, called, installed + called


async def main(runs: int) -> None:
    """Print the medians."""
    rows = [await once() for _ in range(runs)]
    for name, column in zip(
        ("install", "to first call", "whole"), zip(*rows, strict=True), strict=True
    ):
        shown = ", ".join(f"{value:.2f}" for value in column)
        print(f"{name:>14}: {statistics.median(column):.2f} s  ({shown})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
