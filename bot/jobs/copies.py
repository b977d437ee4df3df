"""The copy that a SQLite file leaves behind when it is changed for a newer Triptych (case S77)."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.errors import ConfigProblem
from bot.jobs.tables import SCHEMA, meta

MARK = ".schema-"
KEPT = 7 * 86_400.0
"""Seconds for which a copy stays: long enough to go back, and no longer than it must, for it holds what
has been forgotten since."""


def keep_copy(file: Path) -> Path | None:
    """Copy a database of an older schema, before anything in it is changed: older versions refuse it
    afterwards. The copy lies beside it, as `triptych.db.schema-2`; None where there is nothing to keep.

    ConfigProblem where it cannot be written, as on a full disk: then nothing was changed.
    """
    schema = _schema(file)
    if not schema.isdecimal() or int(schema) >= SCHEMA:
        return None
    copy = file.with_name(f"{file.name}{MARK}{schema}")
    partial = file.with_name(f"{copy.name}.{os.getpid()}")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(file)) as there, closing(sqlite3.connect(partial)) as here:
            there.backup(here)
        partial.replace(copy)
    except (OSError, sqlite3.Error) as e:
        partial.unlink(missing_ok=True)
        raise ConfigProblem(
            f"The database cannot be copied before its upgrade to schema {SCHEMA}: {e}.",
            f"Make room for a copy of it in {file.parent}.",
        ) from None
    return copy


def drop_copies(file: Path, now: float) -> None:
    """Delete the copies that are too old; `now` is in seconds since the epoch."""
    for copy in file.parent.glob(f"{file.name}{MARK}*"):
        if copy.stat().st_mtime < now - KEPT:
            copy.unlink()


def _schema(file: Path) -> str:
    """The schema that a file has, "" where it has none yet or is no database."""
    if not file.exists():
        return ""
    try:
        with closing(sqlite3.connect(file)) as there:
            query = f"select value from {meta.name} where name = 'schema'"  # noqa: S608 - ours
            row = there.execute(query).fetchone()
    except sqlite3.Error:  # What opens it next says why.
        return ""
    return str(row[0]) if row else ""
