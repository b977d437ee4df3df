"""Who is alive on Postgres, and what becomes of a worker that seemed to be dead."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.jobs.takeover import LostNameError, PostgresLocks, hold_name, sweep
from tests import postgres
from tests.bot.jobs.running import until
from tests.postgres import Cluster


async def test_a_name_is_for_one_worker(cluster: Cluster, tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, cluster.database())
    first = await hold_name(settings, "one")
    other = await hold_name(settings, "two")
    with pytest.raises(ConfigProblem, match="A worker named one runs already"):
        await hold_name(settings, "one", patience=0.0)
    await other.close()
    # Its predecessor was killed, and Postgres takes a moment to see it.
    waiting = asyncio.create_task(hold_name(settings, "one"))
    await asyncio.sleep(0)
    await first.close()
    await (await waiting).close()


async def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = AppSettings(tmp_path, f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(ConfigProblem, match="The database cannot be reached"):
        await hold_name(settings, "one")


async def test_a_machine_that_vanished_is_given_up_soon(cluster: Cluster) -> None:
    """By default Postgres takes two hours; the settings are those of the connection."""
    locks = PostgresLocks(cluster.database(), "one")
    assert await locks.open()
    assert locks._connection is not None
    cursor = await locks._connection.execute(
        "select reset_val from pg_settings where name = 'tcp_keepalives_idle'"
    )
    assert await cursor.fetchone() is not None
    assert "keepalives_idle=10" in locks._connection.info.dsn
    await locks.close()


@pytest.fixture(scope="module")
def frail() -> object:
    """A Postgres of its own, to be stopped."""
    if why := postgres.why_not():
        pytest.skip(why)
    with postgres.cluster() as made:
        yield made


async def test_after_a_restart_of_postgres_all_is_held_again(frail: Cluster) -> None:
    url = frail.database()
    locks = PostgresLocks(url, "one", regain=3.0)
    assert await locks.open()
    assert await locks.take(1, 2)
    assert await locks.take(1, 3)
    await locks.give(1, 3)
    await until(lambda: locks.may_judge)
    await asyncio.to_thread(frail.stop)
    asked = asyncio.create_task(locks.take(1, 4))
    await asyncio.to_thread(frail.start)
    assert await asked
    assert not locks.may_judge, "the living may not be back yet"
    other = PostgresLocks(url, "two")
    assert await other.open()
    assert [await other.take(1, n) for n in (2, 3, 4)] == [False, True, False]
    await other.close()
    await locks.close()


async def test_who_starts_just_after_postgres_takes_nobody_for_dead(frail: Cluster) -> None:
    """The living lost their locks with it, and are on their way back."""
    await asyncio.to_thread(frail.stop)
    await asyncio.to_thread(frail.start)
    url = frail.database()
    judges = {}
    for regain in (0.0, 0.4, 40.0):
        locks = PostgresLocks(url, f"after {regain}", regain=regain)
        assert await locks.open()
        await asyncio.sleep(0.5)
        judges[regain] = locks.may_judge
        await locks.close()
    assert judges == {0.0: True, 0.4: True, 40.0: False}


async def test_who_starts_just_after_a_crash_of_postgres_takes_nobody_for_dead(
    frail: Cluster,
) -> None:
    """One of its processes dies, for want of memory say, and takes the others and their locks along."""
    url = frail.database()
    old = PostgresLocks(url, "old", regain=2.0)
    assert await old.open()
    await until(lambda: old.may_judge)
    assert old._connection is not None
    os.kill(old._connection.info.backend_pid, signal.SIGKILL)
    new = PostgresLocks(url, "new", regain=2.0)
    async with asyncio.timeout(20):  # It takes Postgres a moment to see it.
        while not await _is_open(new) or new.may_judge:
            await new.close()
            await asyncio.sleep(0.02)
    await until(lambda: new.may_judge)
    await new.close()
    await old.close()


async def _is_open(locks: PostgresLocks) -> bool:
    try:
        return await locks.open()
    except psycopg.OperationalError:
        return False


async def test_a_long_outage_is_waited_for(frail: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is: the work that waits for a lock has been paid for."""
    locks = PostgresLocks(frail.database(), "one", patience=(0.01,))
    assert await locks.open()
    await asyncio.to_thread(frail.stop)
    asked = asyncio.create_task(locks.take(1, 4))
    await asyncio.sleep(0.5)
    assert not asked.done()
    await asyncio.to_thread(frail.start)
    assert await asyncio.wait_for(asked, 10)
    await locks.close()


async def test_a_worker_may_stop_while_the_database_is_away(frail: Cluster) -> None:
    locks = PostgresLocks(frail.database(), "one", closing=0.05)
    assert await locks.open()
    await asyncio.to_thread(frail.stop)
    asked = asyncio.create_task(locks.take(1, 4))
    await asyncio.sleep(0.05)
    await asyncio.wait_for(locks.close(), 10)
    asked.cancel()
    await asyncio.to_thread(frail.start)


async def test_who_was_taken_for_dead_does_not_go_on(frail: Cluster) -> None:
    """S78: another worker has the name since; nothing is locked, or given back, any more."""
    url = frail.database()
    locks = PostgresLocks(url, "one", regain=0.0)
    assert await locks.open()
    assert locks._connection is not None
    heir = PostgresLocks(url, "heir")
    assert await heir.open()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        await admin.execute(
            "select pg_terminate_backend(%s)", (locks._connection.info.backend_pid,)
        )
        async with asyncio.timeout(10):
            while not await heir.take(*locks._name):
                await asyncio.sleep(0.01)
    # What asks for a lock is about to be cancelled with its job; until then it waits.
    asking = [asyncio.create_task(locks.take(1, 2)) for _ in range(2)]
    await asyncio.wait_for(locks.lost.wait(), 10)
    with pytest.raises(LostNameError):
        await locks.check()
    await locks.give(1, 2)
    assert not any(task.done() for task in asking)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    assert await heir.take(1, 2)
    await heir.close()
    await locks.close()


async def test_our_own_broken_connection_may_hold_the_name_for_a_while(cluster: Cluster) -> None:
    """Else a short break of the network ended the worker."""
    url = cluster.database()
    locks = PostgresLocks(url, "one")
    assert await locks.open()
    broken, locks._connection = locks._connection, None
    assert broken is not None
    asked = asyncio.create_task(locks.take(1, 2))
    await until(lambda: locks._connection)
    assert not locks.lost.is_set()
    await broken.close()
    assert await asked
    await locks.close()


class Freed:
    """Locks that all are free, as after a restart of Postgres."""

    def __init__(self, *, may_judge: bool) -> None:
        self.may_judge = may_judge
        self.taken: list[int] = []

    async def check(self) -> None:
        """The connection stands."""

    async def take(self, kind: int, number: int) -> bool:
        """Free."""
        self.taken.append(number)
        return True

    async def give(self, kind: int, number: int) -> None:
        """Given back."""


class Begun:
    """An engine in which another worker has begun a run."""

    def __init__(self) -> None:
        self.resumed: list[tuple[str, str]] = []

    async def held_by(self) -> dict[str, list[tuple[str, str]]]:
        """What others have begun."""
        return {"two": [("review", "run")]}

    async def take_over(self, runs: Sequence[tuple[str, str]]) -> None:
        """Put back into the queue."""
        self.resumed += runs


@pytest.mark.parametrize("may_judge", [True, False])
async def test_trap_2_nobody_is_taken_for_dead_after_a_restart_of_postgres(may_judge: bool) -> None:
    """All locks are gone then, and the living are still on their way back."""
    locks, begun = Freed(may_judge=may_judge), Begun()
    taken = await sweep(cast(Any, begun), cast(Any, locks))
    assert begun.resumed == [("review", "run")] * may_judge
    assert (taken, len(locks.taken)) == (int(may_judge), int(may_judge))
