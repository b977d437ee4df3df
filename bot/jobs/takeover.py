"""On Postgres: who is alive, and whose work is to be taken over.

Each worker holds an advisory lock in its own name, on a connection of its own. A lock that somebody
else can take means that its owner is dead; then its runs go back into the queue. The engine by itself
would let them lie for ever (facts/durable.md, trap 2).
"""

from __future__ import annotations

import asyncio
from typing import LiteralString

import psycopg
import structlog

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.jobs.durable import Durable
from bot.jobs.limits import EXECUTORS, number_of

SWEEP = 5.0
"""Seconds between two looks for dead workers."""
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between tries to reach the database again: a restart of Postgres takes less than a minute."""
TAKE: LiteralString = "select pg_try_advisory_lock(%s, %s)"
GIVE: LiteralString = "select pg_advisory_unlock(%s, %s)"

log = structlog.get_logger("triptych.jobs")


class LostNameError(Exception):
    """While the connection was broken another worker took this one for dead: it must not go on."""


class PostgresLocks:
    """Advisory locks on one connection, held in the name of one worker.

    When the connection breaks (Postgres was restarted), it is made again, and what was held is taken
    again, first of all the name.
    """

    def __init__(self, url: str, executor: str) -> None:
        self._url = url
        self._name = (EXECUTORS, number_of(executor))
        self._held: set[tuple[int, int]] = set()
        self._connection: psycopg.AsyncConnection[tuple[bool]] | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> bool:
        """Connect, and take the name; False when somebody has it."""
        async with self._turn:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            return await self._ask(TAKE, *self._name)

    async def take(self, kind: int, number: int) -> bool:
        """Take it if it is free."""
        taken = await self._sure(TAKE, kind, number)
        if taken:
            self._held.add((kind, number))
        return taken

    async def give(self, kind: int, number: int) -> None:
        """Give it back."""
        self._held.discard((kind, number))
        await self._sure(GIVE, kind, number)

    async def close(self) -> None:
        """Give all of them back."""
        if self._connection is not None:
            await self._connection.close()

    async def _sure(self, query: LiteralString, kind: int, number: int) -> bool:
        async with self._turn:
            try:
                return await self._ask(query, kind, number)
            except psycopg.OperationalError:
                await self._connect_again()
                return await self._ask(query, kind, number)

    async def _connect_again(self) -> None:
        for pause in PATIENCE:
            try:
                self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                break
            except psycopg.OperationalError:
                await asyncio.sleep(pause)
        if not await self._ask(TAKE, *self._name):
            raise LostNameError
        for lock in self._held:
            await self._ask(TAKE, *lock)

    async def _ask(self, query: LiteralString, kind: int, number: int) -> bool:
        if self._connection is None:
            raise psycopg.OperationalError("not connected")
        cursor = await self._connection.execute(query, (kind, number))
        row = await cursor.fetchone()
        return bool(row and row[0])


async def hold_name(settings: AppSettings, executor: str) -> PostgresLocks:
    """Connect, and take the lock that says that this worker lives; before it is launched.

    ConfigProblem where the database cannot be reached or another worker has the name.
    """
    locks = PostgresLocks(settings.database_url, executor)
    try:
        is_ours = await locks.open()
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
    """Take over what dead workers have begun; returns how many runs."""
    taken = 0
    for executor in await durable.held_by():
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
