"""On Postgres: who is alive, and whose work is to be taken over.

Each worker holds an advisory lock in its own name, on a connection of its own. A lock that somebody
else can take means that its owner is dead; then its runs go back into the queue. The engine by itself
would let them lie for ever (facts/durable.md, trap 2).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, LiteralString, TypeVar

import psycopg
import structlog

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.jobs.durable import Durable
from bot.jobs.limits import EXECUTORS, PAUSE, WORKER, number_of

SWEEP = 5.0
"""Seconds between two looks for dead workers."""
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between tries to reach the database again: a restart of Postgres takes less than a minute."""
PREDECESSOR = 5.0
"""Seconds in which Postgres notices that a process which was killed just now is gone."""
TAKE: LiteralString = "select pg_try_advisory_lock(%s, %s)"
GIVE: LiteralString = "select pg_advisory_unlock(%s, %s)"
CLOSING = 5.0
"""Seconds for giving locks back at the end."""
REGAIN = 40.0
"""Seconds in which Postgres gives our own broken connection up; so long it may hold our name."""
AGE: LiteralString = """select least(
    extract(epoch from clock_timestamp() - pg_postmaster_start_time()),
    extract(epoch from clock_timestamp() - (select stats_reset from pg_stat_bgwriter)))"""
"""Since when, in seconds, Postgres runs: since its start, or since the crash of one of its processes,
which ends all the others and their locks, and clears the statistics (seen with 15.18). That a standby
was promoted it does not tell.
"""
STANDS: LiteralString = "select %s = %s"
"""Asks for nothing; a broken connection shows."""
QUIET = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
"""A machine that vanished is given up by Postgres after 25 seconds, by default after two hours: so
long it would seem to be alive."""
KEEPALIVES = {name.removeprefix("tcp_"): value for name, value in QUIET.items()}
"""The same for a Postgres that vanished, as libpq names it."""

ResultT = TypeVar("ResultT")

log = structlog.get_logger("triptych.jobs")


class LostNameError(Exception):
    """While the connection was broken another worker took this one for dead: it must not go on."""


class PostgresLocks:
    """Advisory locks on one connection, held in the name of one worker.

    When the connection breaks (Postgres was restarted), it is made again, and what was held is taken
    again, first of all the name: for `regain` seconds it may be the broken connection that holds it.
    """

    def __init__(
        self,
        url: str,
        executor: str,
        regain: float = REGAIN,
        patience: Sequence[float] = PATIENCE,
        closing: float = CLOSING,
    ) -> None:
        self._url = url
        self._called = WORKER + executor
        self._regain = regain
        self._patience = patience
        self._closing = closing
        self._name = (EXECUTORS, number_of(executor))
        self._held: set[tuple[int, int]] = set()
        self._connection: psycopg.AsyncConnection[tuple[bool]] | None = None
        self._turn = asyncio.Lock()
        self.lost = asyncio.Event()
        self._asked: set[asyncio.Future[Any]] = set()
        self._returned = -math.inf

    async def open(self) -> bool:
        """Connect, and take the name; False when somebody has it."""
        async with self._turn:
            self._connection = await self._connected()
            cursor = await self._connection.execute(AGE)
            if row := await cursor.fetchone():
                self._returned = time.monotonic() - max(0.0, float(row[0]))
            return await self._ask(TAKE, *self._name)

    async def take(self, kind: int, number: int) -> bool:
        """Take it if it is free. Who is cancelled meanwhile does not hold it.

        Where this worker was taken for dead it does not return: whoever asks is about to be cancelled.
        """
        asked = self._surely(self._sure(TAKE, kind, number))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            self._surely(self._undone(asked, kind, number))
            raise
        except LostNameError:
            await asyncio.Event().wait()
            raise

    async def give(self, kind: int, number: int) -> None:
        """Give it back, also where the one who asks is cancelled."""
        with suppress(LostNameError):
            await asyncio.shield(self._surely(self._sure(GIVE, kind, number)))

    async def check(self) -> None:
        """See to it that the connection stands. LostNameError where somebody else has the name."""
        await self._surely(self._sure(STANDS, *self._name))

    async def close(self) -> None:
        """Give all of them back; a database that is away does that by itself."""
        if self._asked:
            _, away = await asyncio.wait(self._asked, timeout=self._closing)
            for task in away:
                task.cancel()
            await asyncio.gather(*self._asked, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    def _surely(self, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Done to its end: half an answer would leave a lock that nobody knows of."""
        task = asyncio.create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return task

    async def _undone(self, asked: Awaitable[bool], kind: int, number: int) -> None:
        with suppress(LostNameError):
            if await asked:
                await self._sure(GIVE, kind, number)

    async def _sure(self, query: LiteralString, kind: int, number: int) -> bool:
        async with self._turn:
            if self.lost.is_set():
                raise LostNameError
            while True:
                try:
                    done = await self._ask(query, kind, number)
                except psycopg.OperationalError:
                    await self._connect_again()
                else:
                    break
            if query is TAKE and done:
                self._held.add((kind, number))
            if query is GIVE:
                self._held.discard((kind, number))
            return done

    async def _connect_again(self) -> None:
        """However long it takes: without the database nothing here may go on."""
        for pause in chain(self._patience, repeat(self._patience[-1])):
            if self._connection is not None:
                await self._connection.close()
            try:
                self._connection = await self._connected()
                await self._take_back()
            except psycopg.OperationalError:
                await asyncio.sleep(pause)
            else:
                return

    async def _take_back(self) -> None:
        until = time.monotonic() + self._regain
        while not await self._ask(TAKE, *self._name):
            if time.monotonic() > until:
                self.lost.set()
                raise LostNameError
            await asyncio.sleep(PAUSE)
        for lock in self._held:
            await self._ask(TAKE, *lock)
        self._returned = time.monotonic()

    @property
    def may_judge(self) -> bool:
        """Whether who seems to be dead is dead: when Postgres was started anew, before us or while we
        live, all locks are gone, and the living need as long as we may need to come back.
        """
        return time.monotonic() - self._returned > self._regain

    async def _connected(self) -> psycopg.AsyncConnection[tuple[bool]]:
        url = psycopg.conninfo.make_conninfo(self._url, application_name=self._called, **KEEPALIVES)
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        for name, value in QUIET.items():
            await connection.execute("select set_config(%s, %s, false)", (name, str(value)))
        return connection

    async def _ask(self, query: LiteralString, kind: int, number: int) -> bool:
        if self._connection is None:
            raise psycopg.OperationalError("not connected")
        cursor = await self._connection.execute(query, (kind, number))
        row = await cursor.fetchone()
        return bool(row and row[0])


async def hold_name(
    settings: AppSettings, executor: str, patience: float = PREDECESSOR, regain: float = REGAIN
) -> PostgresLocks:
    """Connect, and take the lock that says that this worker lives; before it is launched.

    `patience` is how many seconds one is waited for that may have been killed just now; for `regain`
    see PostgresLocks. ConfigProblem where the database cannot be reached or another worker has the name.
    """
    locks = PostgresLocks(settings.database_url, executor, regain)
    try:
        is_ours = await locks.open()
        until = time.monotonic() + patience
        while not is_ours and time.monotonic() < until:
            await asyncio.sleep(PAUSE)
            is_ours = await locks.take(EXECUTORS, number_of(executor))
    except psycopg.ProgrammingError:  # Its words repeat parts of the address, the password too.
        raise ConfigProblem(
            "TRIPTYCH_DATABASE_URL cannot be read.", "Percent-encode what is odd in its password."
        ) from None
    except psycopg.OperationalError as e:
        why = str(e).strip().splitlines()[0]
        raise ConfigProblem(
            f"The database cannot be reached: {why}.", "Check TRIPTYCH_DATABASE_URL."
        ) from None
    if not is_ours:
        await locks.close()
        raise ConfigProblem(
            f"A worker named {executor} runs already.", "Give each its own TRIPTYCH_WORKER."
        )
    return locks


async def sweep(durable: Durable, locks: PostgresLocks) -> int:
    """Take over what dead workers have begun; returns how many runs.

    LostNameError where this worker was taken for dead itself.
    """
    await locks.check()
    taken = 0
    for executor in await durable.held_by() if locks.may_judge else ():
        if await locks.take(EXECUTORS, number_of(executor)):
            try:
                # Looked up again under the lock: its owner may have ended in good order since.
                runs = (await durable.held_by()).get(executor, [])
                await durable.take_over(runs)
            finally:
                await locks.give(EXECUTORS, number_of(executor))
            taken += len(runs)
            log.warning("worker.dead", worker=executor, runs=len(runs))
    return taken
