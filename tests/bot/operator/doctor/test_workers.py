"""Doctor on the workers: who works, told by the locks, and that nobody does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app_settings import AppSettings
from bot.jobs.database import hold_alone
from bot.jobs.intake import _row
from bot.jobs.protocol import Place, ReviewWish, Trigger
from bot.jobs.seal_key import compare_seal, seal_key
from bot.jobs.store import Store
from bot.jobs.takeover import hold_name
from bot.jobs.transactions import open_database
from bot.operator.doctor.check import Check, State
from bot.operator.doctor.workers import KEY, look, workers_check
from tests.bot.jobs.running import written
from tests.bot.running import closed_port
from tests.postgres import Cluster

NOBODY = "1 job waits, and no worker runs."
TABLE = [
    ((), 0, State.NOTE, "No worker runs, and no job waits."),
    ((), 1, State.TODO, NOBODY),
    ((), 7, State.TODO, "7 jobs wait, and no worker runs."),
    (("a",), 7, State.OK, "1 worker at work: a."),
    (("a", "b", "c"), 0, State.OK, "3 workers at work: a, b and c."),
]


@pytest.mark.parametrize(("names", "waiting", "state", "said"), TABLE)
def test_who_works(names: tuple[str, ...], waiting: int, state: State, said: str) -> None:
    check = workers_check(names, waiting)
    assert (check.state, check.said) == (state, said)
    assert bool(check.do) is not bool(names)


async def looked(settings: AppSettings) -> list[Check]:
    return await asyncio.to_thread(lambda: list(look(settings)))


async def with_a_job(settings: AppSettings) -> None:
    store = Store(open_database(settings))
    wish = ReviewWish(Place(77, "acme", 5000, "acme/shop", 1), Trigger.OPENED)
    await written(store, _row("j", wish, ""))
    await store.close()


async def test_on_postgres_the_locks_tell(cluster: Cluster, tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, cluster.database())
    assert await looked(settings) == [], "there is nothing yet"
    await with_a_job(settings)
    elsewhere = await hold_name(AppSettings(tmp_path, cluster.database()), "other")
    (check,) = await looked(settings)
    assert (check.state, check.said) == (State.TODO, NOBODY)
    held = [await hold_name(settings, name) for name in ("shed-7", "barn one")]
    (check,) = await looked(settings)
    assert (check.state, check.said) == (State.OK, "2 workers at work: barn one and shed-7.")
    for locks in (*held, elsewhere):
        await locks.close()


async def test_on_sqlite_it_is_said_only_where_something_waits(tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")
    assert await looked(settings) == []
    assert list(tmp_path.iterdir()) == []
    await with_a_job(settings)
    (check,) = await looked(settings)
    assert (check.state, check.said) == (
        State.TODO,
        f"1 job waits, and no server works on {tmp_path}/t.db.",
    )
    lock = hold_alone(settings)
    assert lock is not None
    assert await looked(settings) == []
    lock.close()
    (check,) = await looked(settings)
    assert check.state is State.TODO
    again = hold_alone(settings)
    assert again is not None, "to look holds nothing"
    again.close()


async def test_another_seal_key_than_that_of_the_workers(database: str, tmp_path: Path) -> None:
    """The operator's shell, say, or a machine that has none set and made one of its own."""
    settings = AppSettings(tmp_path, database, app_id="4242", private_key="p", seal_key="k" * 32)
    used = replace(settings, webhook_secrets=("s",))
    store = Store(open_database(used))
    assert [c.about for c in await looked(used) if c.about == KEY] == [], "no worker has started"
    await compare_seal(store, seal_key(used))
    await store.close()
    for settings, state in ((used, State.OK), (replace(used, seal_key=""), State.TODO)):
        (check,) = [c for c in await looked(settings) if c.about == KEY]
        assert check.state is state
    assert "TRIPTYCH_SEAL_KEY" in check.do
    assert not (tmp_path / "seal-key").exists(), "to look makes nothing"


async def test_a_database_that_is_away_is_another_line(tmp_path: Path) -> None:
    url = f"postgresql://bot:hunter22@127.0.0.1:{closed_port()}/triptych"
    assert await looked(AppSettings(tmp_path, url)) == []
