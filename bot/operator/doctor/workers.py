"""Doctor on the workers: does somebody do what waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import import_module
from typing import Any

from bot.app_settings import AppSettings
from bot.jobs.database import is_held, sqlite_file
from bot.jobs.limits import EXECUTORS, WORKER
from bot.operator.doctor.check import Check, note, ok, todo
from bot.outputs.words import listing, plural

WORKERS = "Workers"
SECONDS = 5
WAITING = "SELECT count(*) FROM triptych_jobs WHERE state IN ('waiting', 'running', 'parked')"
"""Without a worker what runs waits, too."""
LIVING = f"""
SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = {EXECUTORS}
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY application_name
"""  # noqa: S608 - a number of ours
"""Each worker holds the lock of its name on a connection that bears it (bot/jobs/takeover.py)."""


def look(app_settings: AppSettings) -> Iterator[Check]:
    """Who works, and on what. A database that cannot be used is the database's own line."""
    if app_settings.on_sqlite:
        yield from _on_sqlite(app_settings)
    else:
        yield from _on_postgres(app_settings.database_url)


def _on_postgres(url: str) -> Iterator[Check]:
    psycopg: Any = import_module("psycopg")
    try:
        with psycopg.connect(url, connect_timeout=SECONDS, autocommit=True) as connection:
            (table,) = connection.execute("SELECT to_regclass('triptych_jobs')").fetchone()
            if not table:
                return
            (waiting,) = connection.execute(WAITING).fetchone()
            names = [row[0].removeprefix(WORKER) for row in connection.execute(LIVING)]
    except psycopg.Error:
        return
    yield workers_check(names, waiting)


def workers_check(names: Sequence[str], waiting: int) -> Check:
    """`names` are those of the living."""
    if names:
        return ok(WORKERS, f"{plural(len(names), 'worker')} at work: {listing(names)}.")
    if waiting:
        return todo(
            WORKERS,
            f"{_jobs(waiting)}, and no worker runs.",
            "Start `triptych worker`, or `triptych serve` without --no-worker.",
        )
    return note(
        WORKERS,
        "No worker runs, and no job waits.",
        "Start `triptych worker`, or `triptych serve` without --no-worker.",
    )


def _on_sqlite(app_settings: AppSettings) -> Iterator[Check]:
    """Only where something waits: the lock is looked at by trying to share it for a moment."""
    file = sqlite_file(app_settings).absolute()
    if not file.exists():
        return
    try:
        uri = f"{file.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=SECONDS)) as connection:
            (waiting,) = connection.execute(WAITING).fetchone()
    except sqlite3.Error:
        return
    if waiting and not is_held(app_settings):
        do = "Start `triptych serve`, here and with the same TRIPTYCH_HOME."
        yield todo(WORKERS, f"{_jobs(waiting)}, and no server works on {file}.", do)


def _jobs(number: int) -> str:
    return f"{plural(number, 'job')} {'waits' if number == 1 else 'wait'}"
