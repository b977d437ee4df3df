"""Doctor on the money of the day: what is spent, and whether a limit is reached or near."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app_settings import AppSettings
from bot.jobs.intake import _row
from bot.jobs.protocol import JobState, Place, ReviewWish, Trigger
from bot.jobs.spending import DAY, DayLimits
from bot.jobs.store import Store
from bot.jobs.transactions import open_database
from bot.operator.doctor.budget import look
from bot.operator.doctor.check import Check, State
from tests.bot.jobs.running import written
from tests.bot.operator.github_env import operate
from tests.bot.running import closed_port
from tests.fakes.operator import operators_app

ACME, ALSO, OTHER = (
    Place(77, "acme", 5000, "acme/shop", 1),
    Place(77, "acme", 5001, "acme/site", 2),
    Place(78, "umbrella", 77, "umbrella/lab", 3),
)
"""The number of the last repository is that of the first installation: they are not to be mixed up."""
Job = tuple[Place, float, dict[str, Any]]
TODAY = "USD spent today"
GONE, NEARLY = "Today's money is spent:", "Today's money is nearly spent:"
KEY = "TRIPTYCH_MAX_COST_DAY"


async def filled(settings: AppSettings, *jobs: Job, purged: int = 0) -> None:
    """Jobs that are done and have cost something, and which installation's are purged then."""
    store = Store(open_database(settings))
    for number, (place, cost, more) in enumerate(jobs):
        row = _row(f"j{number}", ReviewWish(place, Trigger.OPENED), "")
        done = {"state": JobState.DONE.value, "cost": cost, "ended": time.time()}
        await written(store, {**row, **done, **more})
    if purged:
        await store.forgetting.purge(purged)
    await store.close()


async def looked(settings: AppSettings) -> list[Check]:
    return await asyncio.to_thread(lambda: list(look(settings)))


def limited(home: Path, database: str, limits: DayLimits) -> AppSettings:
    """What bounds the day."""
    return AppSettings(
        home,
        database,
        cost_day=limits.everybody,
        cost_day_installation=limits.installation,
        cost_day_repository=limits.repository,
    )


SPENT: tuple[Job, ...] = ((ACME, 4.0, {}), (ALSO, 3.0, {}), (OTHER, 2.0, {}))
TABLE: list[tuple[DayLimits, State, str]] = [
    (DayLimits(), State.OK, f"9.00 {TODAY}; no limit of the day is set."),
    (DayLimits(50.0, 20.0, 10.0), State.OK, f"9.00 {TODAY}; no limit of the day is near."),
    (DayLimits(0.0, 0.0, 0.0), State.OK, f"9.00 {TODAY}; no limit of the day is near."),
    (DayLimits(11.0), State.NOTE, f"{NEARLY} 9.00 of 11.00 USD for all reviews ({KEY})."),
    (DayLimits(9.0), State.TODO, f"{GONE} 9.00 of 9.00 USD for all reviews ({KEY})."),
    (DayLimits(10.0, 7.0), State.TODO, f"{GONE} 7.00 of 7.00 USD for acme ({KEY}_INSTALLATION)."),
    (DayLimits(None, None, 2.0), State.TODO,
     f"{GONE} 4.00 of 2.00 USD for acme/shop ({KEY}_REPOSITORY), 3.00 of 2.00 USD for "
     f"acme/site ({KEY}_REPOSITORY) and 2.00 of 2.00 USD for umbrella/lab ({KEY}_REPOSITORY)."),
    (DayLimits(9.0, 2.0), State.TODO,
     f"{GONE} 7.00 of 2.00 USD for acme ({KEY}_INSTALLATION), 9.00 of 9.00 USD for all "
     f"reviews ({KEY}) and 2.00 of 2.00 USD for umbrella ({KEY}_INSTALLATION)."),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "state", "said"), TABLE)
async def test_what_is_spent_and_what_is_near(
    limits: DayLimits, state: State, said: str, database: str, tmp_path: Path
) -> None:
    settings = limited(tmp_path, database, limits)
    await filled(settings, *SPENT)
    (check,) = await looked(settings)
    assert (check.state, check.said) == (state, said)
    assert bool(check.do) is (state is not State.OK)
    told = (
        check.do.startswith("Raise it and restart the workers, or wait: "),
        "00:00 UTC" in check.do,
    )
    assert told == 2 * (state is not State.OK,)


async def test_many_that_are_near_are_not_all_named(tmp_path: Path) -> None:
    settings = limited(tmp_path, f"sqlite:///{tmp_path}/t.db", DayLimits(None, 1.0))
    places = (replace(ACME, installation=n, account=f"a{n}", repository_id=n) for n in range(1, 7))
    await filled(settings, *((place, 2.0, {}) for place in places))
    (check,) = await looked(settings)
    assert check.said.endswith(f"USD for a3 ({KEY}_INSTALLATION) and 3 more.")


async def test_what_runs_counts_and_what_ended_yesterday_does_not(tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")
    midnight = time.time() // DAY * DAY
    runs = {"state": JobState.RUNNING.value, "ended": 0.0}
    await filled(settings, (ACME, 1.0, runs), (ACME, 2.0, {"ended": midnight - 1}))
    (check,) = await looked(settings)
    assert check.said.startswith("1.00 USD spent today")


async def test_what_is_purged_goes_on_to_count(database: str, tmp_path: Path) -> None:
    settings = limited(tmp_path, database, DayLimits(9.0, 7.0, 4.0))
    await filled(settings, *SPENT, purged=ACME.installation)
    (check,) = await looked(settings)
    assert check.state is State.TODO
    assert f"9.00 of 9.00 USD for all reviews ({KEY})" in check.said
    assert f"7.00 of 7.00 USD for installation 77 ({KEY}_INSTALLATION)" in check.said
    assert f"4.00 of 4.00 USD for repository 5000 ({KEY}_REPOSITORY)" in check.said


async def test_the_doctor_tells_of_it(tmp_path: Path) -> None:
    async with operators_app() as fake:
        await filled(fake.app_settings(tmp_path), *SPENT)
        ended = await operate(fake, tmp_path, "doctor", TRIPTYCH_MAX_COST_DAY="9")
    assert re.search(r"^to do +Budget +Today's money is spent: 9", ended.out, re.MULTILINE)
    assert ended.code == 1


async def test_without_a_database_there_is_no_line(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/t.db", f"postgresql://x:y@127.0.0.1:{closed_port()}/t"):
        assert await looked(AppSettings(tmp_path, url)) == []
    assert list(tmp_path.iterdir()) == []
