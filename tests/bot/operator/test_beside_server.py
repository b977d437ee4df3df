"""The operator's commands beside a server at work, on the same SQLite file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from bot.jobs.service import start
from bot.settings import Settings
from tests.bot.operator.github_env import operate
from tests.builders import ORDERS
from tests.fakes.github import REPOSITORY
from tests.fakes.operator import operators_app

DEADLINE = 60.0


async def test_a_backfill_is_reviewed_by_the_server_and_shown_by_jobs(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.pull(1, {}, {"api/orders.py": ORDERS})
        app_settings = fake.app_settings(tmp_path)
        server = await start(Settings(github_api=fake.url), app_settings, worker=True)
        try:
            ended = await operate(fake, tmp_path, "backfill", REPOSITORY)
            assert ended.code == 0, ended.err
            assert ended.out == ""
            assert ended.told[-1] == (
                "Asked for 1 review; 0 stand reviewed, 0 wait or run already."
            )
            async with asyncio.timeout(DEADLINE):
                while True:
                    ended = await operate(fake, tmp_path, "jobs", "list", "--format", "json")
                    (row,) = json.loads(ended.out)["jobs"]
                    if row["state"] == "done":
                        break
                    await asyncio.sleep(0.2)
            assert row["trigger"] == "backfill"
            shown = await operate(fake, tmp_path, "jobs", "show", row["id"], "--format", "json")
            (whole,) = json.loads(shown.out)["jobs"]
            assert whole["document"]["outcome"] == row["outcome"]
            assert len(fake.bodies_of(1)) == 1
            again = await operate(fake, tmp_path, "backfill", REPOSITORY)
            assert again.told[-1] == (
                "Asked for 0 reviews; 1 stand reviewed, 0 wait or run already."
            )
            doctor = await operate(fake, tmp_path, "doctor")
            assert "triptych.db (wal), schema " in doctor.out
        finally:
            await server.stop(5.0)
