"""The database of the jobs: one SQLite file, or Postgres; opened, checked, and held alone."""

from __future__ import annotations

import fcntl
import importlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import IO

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem

LEAST_SQLITE = (3, 42, 0)
"""DBOS asks for `unixepoch('subsec')` on Python >= 3.12 (facts/durable.md, trap 5)."""
LOCK_FILE = "triptych.lock"


def ready_sqlite(python: tuple[int, ...] = sys.version_info[:2]) -> None:
    """See to it that `sqlite3` is new enough for this Python, before anybody imports it.

    ConfigProblem where it is not and `pysqlite3-binary` is not installed either.
    """
    if python < (3, 12) or sqlite3.sqlite_version_info >= LEAST_SQLITE:
        return
    try:
        newer = importlib.import_module("pysqlite3")
    except ImportError:
        raise ConfigProblem(
            f"SQLite {sqlite3.sqlite_version} is too old for Python {python[0]}.{python[1]}.",
            "Install pysqlite3-binary, use Python 3.11, or set TRIPTYCH_DATABASE_URL to Postgres.",
        ) from None
    sys.modules["sqlite3"] = newer
    sys.modules["sqlite3.dbapi2"] = newer


def engine_url(settings: AppSettings) -> str:
    """The address for SQLAlchemy: Postgres is reached by psycopg 3, which DBOS brings along."""
    return settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1)


def sqlite_file(settings: AppSettings) -> Path:
    """Where the SQLite database lies."""
    return Path(settings.database_url.removeprefix("sqlite:///"))


def make_home(settings: AppSettings) -> None:
    """The folder of database and keys, for nobody else to read. ConfigProblem where it cannot be."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.on_sqlite:
            file = sqlite_file(settings)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as e:
        raise ConfigProblem(
            f"{settings.home} cannot be used: {e.strerror}.",
            "Set TRIPTYCH_HOME to a folder that this user may write.",
        ) from None


def is_held(settings: AppSettings) -> bool:
    """Whether a process works on the SQLite file."""
    try:
        lock = (sqlite_file(settings).parent / LOCK_FILE).open(encoding="utf-8")
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def hold_alone(settings: AppSettings) -> IO[str] | None:
    """The lock of a SQLite file: two processes would do its work twice (facts/durable.md, trap 3).

    Held as long as the returned file is open; None on Postgres. ConfigProblem when another process
    has it.
    """
    if not settings.on_sqlite:
        return None
    lock = (sqlite_file(settings).parent / LOCK_FILE).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigProblem(
            f"Another process works on {sqlite_file(settings)}.",
            "Stop it, or set TRIPTYCH_DATABASE_URL to Postgres for more than one.",
        ) from None
    return lock
