"""One short transaction after the other, made in threads of our own so that the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Engine

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.jobs.copies import keep_copy
from bot.jobs.database import engine_url, sqlite_file
from bot.jobs.tables import SCHEMA, meta, metadata, write_meta

THREADS = 4
READS = "triptych_reads"
"""The option of connections that change nothing."""
DATABASE_PAUSES = (0.1, 0.4, 1.0, 2.0)
"""Seconds between tries to reach the database while a webhook waits for its answer."""
PATIENT = (*DATABASE_PAUSES, 4.0, 8.0, 15.0)
"""The same for work that has been paid for: a restart of Postgres takes less than half a minute."""

AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError)
"""What is raised where the database is away, or full, and nobody here is to blame."""

ResultT = TypeVar("ResultT")

log = structlog.get_logger("triptych.jobs")


class Transactions:
    """The database of the jobs, through one engine.

    SQLite has one writer at a time, and lets the others sleep and try again: so all of this process
    write one after the other, and those who only read wait for none of them. A webhook that waits
    for its answer has a thread of its own: behind all that twenty reviews write down it would stand
    for 0.2 s, so it waits for the one that writes now.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{READS: True})
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        alone = engine.dialect.name == "sqlite"
        self._writers = ThreadPoolExecutor(1, "store-writes") if alone else self._readers
        self._awaited = ThreadPoolExecutor(1, "store-awaited") if alone else self._readers
        self._pen = threading.Lock()
        self._next = threading.Lock()
        self._alone = alone

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._awaited.shutdown(wait=True)
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._engine.dispose()

    async def do(
        self,
        work: Callable[[Connection], ResultT],
        pauses: Sequence[float] = DATABASE_PAUSES,
        *,
        awaited: bool = False,
    ) -> ResultT:
        """All of `work` or nothing; SQLAlchemyError when the database does not do it.

        A Postgres that is started anew is waited for, with `pauses` between the tries. What is asked
        again may have been done before, with its answer lost. `awaited`: a webhook's answer waits.
        """
        threads = self._awaited if awaited else self._writers
        return await self._tried(threads, self._engine, work, pauses)

    async def look(
        self, work: Callable[[Connection], ResultT], pauses: Sequence[float] = DATABASE_PAUSES
    ) -> ResultT:
        """The same for work that changes nothing."""
        return await self._tried(self._readers, self._reading, work, pauses)

    async def _tried(
        self,
        threads: ThreadPoolExecutor,
        engine: Engine,
        work: Callable[[Connection], ResultT],
        pauses: Sequence[float],
    ) -> ResultT:
        def transaction() -> ResultT:
            with self._allowed(engine), engine.begin() as connection:
                return work(connection)

        loop = asyncio.get_running_loop()
        for pause in pauses:
            try:
                return await loop.run_in_executor(threads, transaction)
            except AWAY:
                await asyncio.sleep(pause)
        return await loop.run_in_executor(threads, transaction)

    def _allowed(self, engine: Engine) -> AbstractContextManager[None]:
        return self._writing() if self._alone and engine is self._engine else nullcontext()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        # A lock may go to the one that has just let go of it: who waits for the pen is the next.
        with self._next:
            self._pen.acquire()
        try:
            yield
        finally:
            self._pen.release()


def alone(connection: Connection, name: str) -> None:
    """Until this transaction ends nobody else is past this line with the same name. SQLite has one
    writer at a time anyhow.
    """
    if connection.dialect.name == "postgresql":
        key = f"triptych {name}"
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(key))))


def open_database(settings: AppSettings) -> Transactions:
    """The database of these settings, our tables made where they are not there; a file of an older
    schema leaves a copy.

    ConfigProblem when the database cannot be reached, or was written by a newer Triptych.
    """
    if settings.on_sqlite and (copy := keep_copy(sqlite_file(settings))):
        log.warning("database.copied", path=str(copy), schema=SCHEMA)
    engine = _engine(settings)
    try:
        with engine.begin() as c:
            alone(c, "schema")
            there = _made(c)
    except sa.exc.SQLAlchemyError as e:
        engine.dispose()
        why = str(getattr(e, "orig", None) or e).strip().splitlines()[0]
        raise ConfigProblem(
            f"The database cannot be used: {why}.", "Check TRIPTYCH_DATABASE_URL and TRIPTYCH_HOME."
        ) from None
    if not there.isdecimal() or int(there) > SCHEMA:
        engine.dispose()
        raise ConfigProblem(
            f"The database is of a newer Triptych (schema {there}, this one knows {SCHEMA}).",
            "Install that version again, or restore the backup that was made before the upgrade.",
        )
    return Transactions(engine)


def _made(c: Connection) -> str:
    """Which schema the database has; this one's in a database that had none, or an older one, which
    lacks a table.

    In one of a newer Triptych nothing is made.
    """
    there = None
    if sa.inspect(c).has_table(meta.name):
        there = c.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()
    if there is not None and not (there.isdecimal() and int(there) < SCHEMA):
        return str(there)
    metadata.create_all(c)
    write_meta(c, "schema", str(SCHEMA))
    return str(SCHEMA)


def _engine(settings: AppSettings) -> Engine:
    if not settings.on_sqlite:
        return sa.create_engine(engine_url(settings), pool_size=THREADS, pool_pre_ping=True)
    engine = sa.create_engine(
        engine_url(settings), pool_size=THREADS + 1, connect_args={"timeout": 30.0}
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        """WAL lets readers and one writer work side by side; BEGIN IMMEDIATE keeps two writers from
        failing each other in mid-transaction.
        """
        connection.isolation_level = None
        for pause in (*PATIENT, 0.0):
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except connection.OperationalError:  # This pragma alone does not wait for its turn.
                if not pause:
                    raise
                time.sleep(pause)
            else:
                break

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
