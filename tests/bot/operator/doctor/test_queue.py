"""Doctor on the queue: what was given up, and what has been waiting for GitHub for long."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from bot.app_settings import AppSettings
from bot.jobs.intake import _row
from bot.jobs.protocol import JobState, Place, ReviewWish, Trigger
from bot.jobs.store import Store
from bot.jobs.transactions import open_database
from bot.operator.doctor.check import Check, State
from bot.operator.doctor.queue import look
from tests.bot.jobs.running import written
from tests.bot.operator.github_env import operate
from tests.bot.running import closed_port
from tests.fakes.operator import operators_app

LONG_AGO = 4000.0
GIVEN_UP = "1 job was given up, and nothing was reviewed there since."
NO_END = "1 job was begun over an hour ago and cannot go on yet."
Job = tuple[JobState, int, dict[str, Any]]


async def looked(settings: AppSettings, *jobs: Job) -> list[Check]:
    """With these jobs: their state, their pull request, and what else; each newer than the one before."""
    store = Store(open_database(settings))
    for number, (state, pull, more) in enumerate(jobs):
        wish = ReviewWish(Place(77, "acme", 5000, "acme/shop", pull), Trigger.OPENED)
        at = time.time() - 9000 + number
        row = {**_row(f"j{number}", wish, ""), "state": state.value, "created": at, **more}
        await written(store, row)
    await store.close()
    return await asyncio.to_thread(lambda: list(look(settings)))


DEAD: Job = (JobState.DEAD, 1, {})
SECOND_LOOK = {"trigger": Trigger.DISPUTE.value}


def parked(ago: float) -> Job:
    """A job that was begun so many seconds ago."""
    return (JobState.PARKED, 2, {"started": time.time() - ago})


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ((), []),
        ((DEAD,), [(State.TODO, GIVEN_UP)]),
        ((DEAD, (JobState.DONE, 1, {})), []),
        (((JobState.DONE, 1, {}), DEAD, (JobState.DONE, 2, {})), [(State.TODO, GIVEN_UP)]),
        ((DEAD, (JobState.DONE, 1, SECOND_LOOK)), [(State.TODO, GIVEN_UP)]),
        ((parked(60),), []),
        ((parked(LONG_AGO),), [(State.NOTE, NO_END)]),
        ((DEAD, parked(LONG_AGO)), [(State.TODO, GIVEN_UP), (State.NOTE, NO_END)]),
    ],
)
async def test_trouble_in_the_queue(
    jobs: tuple[Job, ...], said: list[tuple[State, str]], database: str, tmp_path: Path
) -> None:
    checks = await looked(AppSettings(tmp_path, database), *jobs)
    assert [(c.state, c.said) for c in checks] == said
    for check in checks:
        shown = "dead" if check.state is State.TODO else "parked"
        assert f"`triptych jobs list --state {shown}`" in check.do


async def test_several_are_counted(tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")
    (check,) = await looked(settings, DEAD, DEAD)
    assert check.said == "2 jobs were given up, and nothing was reviewed there since."


async def test_the_doctor_tells_of_it(tmp_path: Path) -> None:
    async with operators_app() as fake:
        assert await looked(fake.app_settings(tmp_path), DEAD)
        ended = await operate(fake, tmp_path, "doctor")
    assert re.search(rf"^to do +Queue +{GIVEN_UP} See `triptych jobs list", ended.out, re.MULTILINE)


async def test_without_a_database_there_is_no_line(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/t.db", f"postgresql://x:y@127.0.0.1:{closed_port()}/t"):
        assert list(look(AppSettings(tmp_path, url))) == []
    assert list(tmp_path.iterdir()) == []
