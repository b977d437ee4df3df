"""Doctor on the database: can it be reached, is its schema ours, do Python and SQLite go together."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.app_settings import AppSettings
from bot.jobs.database import sqlite_file
from bot.operator.doctor.check import Check, note, ok, todo
from bot.operator.doctor.machine import OTHERS, without_password

OURS = "SELECT value FROM triptych_meta WHERE name = 'schema'"
ENGINES = "SELECT max(version) FROM dbos_migrations"
DATABASE, ENGINE = "Database", "SQLite"
SETTINGS = "TRIPTYCH_HOME and TRIPTYCH_DATABASE_URL"
SECONDS = 5
NEW_PYTHON, NEW_SQLITE = (3, 12), (3, 42)
"""From this Python on the job layer uses `unixepoch('subsec')`, which this SQLite brought; an older
one crashes at start (facts/durable.md, section 4, trap 5)."""
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Two versions: of our own tables, and of the durable engine's (None: it does not tell)."""

    ours: int
    engine: int | None

    def __str__(self) -> str:
        return f"{self.ours}" if self.engine is None else f"{self.ours}, engine's {self.engine}"


def look(app_settings: AppSettings) -> Iterator[Check]:
    """The database that TRIPTYCH_DATABASE_URL names, or the file in the home folder."""
    known = known_schema()
    if app_settings.on_sqlite:
        yield engine_check(
            sys.version_info[:2],
            sqlite3.sqlite_version_info,
            has_other=find_spec("pysqlite3") is not None,
        )
        yield from look_sqlite(sqlite_file(app_settings).absolute(), known)
    else:
        yield look_postgres(app_settings.database_url, known)


def engine_check(python: Version, engine: Version, *, has_other: bool) -> Check:
    """Whether this Python's SQLite is new enough for it; `has_other`: pysqlite3 is installed."""
    version = ".".join(map(str, engine[:3]))
    if python < NEW_PYTHON or engine >= NEW_SQLITE:
        return ok(ENGINE, f"{version} with Python {'.'.join(map(str, python))}.")
    if has_other:
        return ok(ENGINE, f"{version} is too old, so pysqlite3 takes its place.")
    return todo(
        ENGINE,
        f"{version} is too old for Python {'.'.join(map(str, python))}.",
        "Run: pip install pysqlite3-binary (or use Python 3.11, SQLite 3.42 or Postgres).",
    )


def known_schema() -> Schema:
    """The newest schema that this version makes."""
    from bot.jobs.tables import SCHEMA

    try:
        migrations = import_module("dbos._migration").sqlite_migrations
        return Schema(SCHEMA, len(migrations))
    except (ImportError, AttributeError, TypeError):
        return Schema(SCHEMA, None)


def look_sqlite(file: Path, known: Schema) -> Iterator[Check]:
    """The file, read without changing it, also while the server writes to it."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except FileNotFoundError:
        yield note(
            DATABASE, f"{file} is not there yet; `triptych serve` makes it once it has an App."
        )
        return
    except OSError as e:
        yield todo(DATABASE, f"{file} cannot be used: {e.strerror}.", f"Check {SETTINGS}.")
        return
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=SECONDS)
        try:
            version = _sqlite_schema(connection)
            (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as e:
        do = f"Check its owner, {SETTINGS}, or put the backup in its place."
        yield todo(DATABASE, f"{file} cannot be read: {e}.", do)
        return
    if mode & OTHERS:
        said = f"Others may read {file} (mode {stat.S_IMODE(mode):03o})."
        yield todo(DATABASE, said, f"Run: chmod 600 {file}")
    yield schema_check(f"{file} ({journal})", version, known)


def _sqlite_schema(connection: sqlite3.Connection) -> Schema:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    ours = connection.execute(OURS).fetchone() if "triptych_meta" in names else None
    engine = connection.execute(ENGINES).fetchone() if "dbos_migrations" in names else None
    return Schema(int(ours[0]) if ours else 0, int(engine[0] or 0) if engine else 0)


def look_postgres(url: str, known: Schema) -> Check:
    """The server, asked for its version and for our schema."""
    shown = without_password(url)
    psycopg: Any = import_module("psycopg")
    try:
        with psycopg.connect(url, connect_timeout=SECONDS, autocommit=True) as connection:
            major = connection.info.server_version // 10000
            row = connection.execute("SELECT to_regclass('triptych_meta')").fetchone()
            ours = connection.execute(OURS).fetchone() if row[0] else None
            row = connection.execute("SELECT to_regclass('dbos.dbos_migrations')").fetchone()
            schema = ENGINES.replace("dbos_migrations", "dbos.dbos_migrations")
            engine = connection.execute(schema).fetchone() if row[0] else None
    except psycopg.Error as e:
        why = next(iter(str(e).strip().splitlines()), type(e).__name__).rstrip(".")
        do = "Check TRIPTYCH_DATABASE_URL, the server and its log."
        return todo(DATABASE, f"{shown} cannot be used: {why}.", do)
    found = Schema(int(ours[0]) if ours else 0, int(engine[0] or 0) if engine else 0)
    # Its migrations on Postgres are numbered otherwise than on SQLite: only ours are compared.
    return schema_check(f"{shown} (Postgres {major})", found, Schema(known.ours, None))


def answer_of(app_settings: AppSettings, query: str) -> list[tuple[Any, ...]] | None:
    """The rows that the database gives, read only; None where it gives none, which is its own line."""
    if app_settings.on_sqlite:
        file = sqlite_file(app_settings).absolute()
        try:
            with closing(
                sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=SECONDS)
            ) as c:
                return list(c.execute(query))
        except sqlite3.Error:
            return None
    psycopg: Any = import_module("psycopg")
    try:
        with psycopg.connect(app_settings.database_url, connect_timeout=SECONDS) as connection:
            return list(connection.execute(query))
    except psycopg.Error:
        return None


def schema_check(where: str, found: Schema, known: Schema) -> Check:
    """Ours, older (it is changed at the next start), or newer (it must not be used) (case S77)."""
    if not found.ours or found.engine == 0:
        return note(DATABASE, f"{where} is empty; `triptych serve` fills it.")
    pairs = [(found.ours, known.ours), (found.engine or 0, known.engine or found.engine or 0)]
    if any(there > here for there, here in pairs):
        return todo(
            DATABASE,
            f"{where} was made by a newer version: schema {found}; this one knows {known}.",
            "Install that version again, or put the backup from before it in place.",
        )
    if any(there < here for there, here in pairs):
        return note(
            DATABASE,
            f"{where} has schema {found}; this version has {known}.",
            "Back it up: the next start changes it.",
        )
    return ok(DATABASE, f"{where}, schema {found}.")
