"""Doctor on the newest reviews: what did not read all, and what to do about it."""

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
from bot.operator.doctor.reviews import look
from bot.outputs.document import document
from reviewers.core.verdict import Outcome
from tests.bot.jobs.running import written
from tests.bot.operator.github_env import operate
from tests.bot.outputs import samples
from tests.bot.running import closed_port
from tests.fakes.operator import operators_app

LATELY = "in the last 24 hours"
Job = tuple[str, int, dict[str, Any]]


async def looked(settings: AppSettings, *jobs: Job) -> list[Check]:
    """With these reviews: their outcome, their pull request, and what else; each newer than the one
    before.
    """
    store = Store(open_database(settings))
    for number, (outcome, pull, more) in enumerate(jobs):
        wish = ReviewWish(Place(77, "acme", 5000, "acme/shop", pull), Trigger.OPENED)
        at = time.time() - 900 + number
        row = {**_row(f"j{number}", wish, ""), "state": JobState.DONE.value, "outcome": outcome}
        await written(store, row | {"created": at, "ended": at + 9} | more)
    await store.close()
    return await asyncio.to_thread(lambda: list(look(settings)))


def done(outcome: Outcome, pull: int = 1, more: dict[str, Any] | None = None) -> Job:
    """A review that is done."""
    return (outcome.value, pull, more or {})


CLEAN, FOUND = done(Outcome.CLEAN), done(Outcome.FINDINGS, 2)
GAPS = done(Outcome.INCOMPLETE, 3)
FAILED = done(Outcome.FAILED, 4)
LOOKED = {"trigger": Trigger.DISPUTE.value}
"""A second look at one finding."""
YESTERDAY = {"ended": time.time() - 25 * 3600}


@pytest.mark.parametrize(
    ("jobs", "state", "said"),
    [
        ((), State.OK, f"None {LATELY}."),
        ((CLEAN, FOUND), State.OK, f"2 {LATELY}, none of them incomplete or failed."),
        ((CLEAN, GAPS), State.TODO, f"1 incomplete of 2 {LATELY}."),
        ((CLEAN, GAPS, FAILED), State.TODO, f"1 incomplete and 1 failed of 3 {LATELY}."),
        ((GAPS, done(Outcome.CLEAN, 3)), State.OK, f"1 {LATELY}, none of them incomplete or failed."),
        ((CLEAN, done(Outcome.FAILED, 1)), State.TODO, f"1 failed of 1 {LATELY}."),
        ((done(Outcome.FAILED, 1, YESTERDAY),), State.OK, f"None {LATELY}."),
        ((GAPS, done(Outcome.CLEAN, 3, LOOKED)), State.TODO, f"1 incomplete of 1 {LATELY}."),
        ((done(Outcome.CLEAN, 5, {"state": "superseded"}),), State.OK, f"None {LATELY}."),
    ],
)  # fmt: skip
async def test_the_newest_review_of_each_pull_request_counts(
    jobs: tuple[Job, ...], state: State, said: str, database: str, tmp_path: Path
) -> None:
    (check,) = await looked(AppSettings(tmp_path, database), *jobs)
    assert (check.state, check.said) == (state, said)
    assert bool(check.do) is (state is not State.OK)


async def test_it_says_where_to_look_and_how_to_have_it_read(tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")
    (check,) = await looked(settings, GAPS, FAILED)
    assert check.do == (
        "See `triptych jobs list --outcome incomplete` and `triptych jobs list --outcome failed`; "
        "`triptych jobs show ID` tells what went unread. `triptych backfill OWNER/REPO` has the rest read."
    )


async def test_what_no_other_try_would_read_is_only_noted(tmp_path: Path) -> None:
    """Nobody is to be called for a file that is too large, and stays so."""
    settings = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")
    whole = {"document": document(samples.a())}
    (check,) = await looked(settings, done(Outcome.INCOMPLETE, 1, whole), done(Outcome.CLEAN, 2))
    assert check.state is State.NOTE
    assert check.said == f"1 incomplete of 2 {LATELY}, for files that no other try would read."
    assert "backfill" not in check.do


async def test_the_doctor_tells_of_it(tmp_path: Path) -> None:
    async with operators_app() as fake:
        assert await looked(fake.app_settings(tmp_path), GAPS)
        ended = await operate(fake, tmp_path, "doctor")
    assert re.search(rf"^to do +Reviews +1 incomplete of 1 {LATELY}\. See", ended.out, re.MULTILINE)
    assert ended.code == 1


async def test_without_a_database_there_is_no_line(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/t.db", f"postgresql://x:y@127.0.0.1:{closed_port()}/t"):
        assert list(look(AppSettings(tmp_path, url))) == []
    assert list(tmp_path.iterdir()) == []
