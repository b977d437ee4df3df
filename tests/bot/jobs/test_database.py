"""The database of the jobs: opened, checked, held alone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.jobs.copies import KEPT, drop_copies
from bot.jobs.database import engine_url, hold_alone, make_home, ready_sqlite
from bot.jobs.service import start
from bot.jobs.tables import SCHEMA, meta, metadata
from bot.jobs.transactions import alone, open_database
from bot.settings import Settings

NOW = 1_800_000_000.0


def settings(home: Path, url: str = "") -> AppSettings:
    return AppSettings(home, url or f"sqlite:///{home}/triptych.db")


# --- trap 5: a Python that is newer than its SQLite


OLD = "import sys, sqlite3; sqlite3.sqlite_version_info = (3, 40, 1); sqlite3.sqlite_version = '3.40.1'\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_trap_5_an_old_sqlite_is_an_error_that_says_what_to_do() -> None:
    told = run(
        OLD + "sys.modules['pysqlite3'] = None\n"
        "from bot.jobs.database import ready_sqlite\nready_sqlite((3, 13))"
    )
    assert told.returncode == 1
    assert "SQLite 3.40.1 is too old for Python 3.13. Install pysqlite3-binary" in told.stderr


def test_trap_5_pysqlite3_takes_its_place_where_it_is_installed() -> None:
    told = run(
        OLD + "import types\nnewer = sys.modules['pysqlite3'] = types.ModuleType('pysqlite3')\n"
        "from bot.jobs.database import ready_sqlite\nready_sqlite((3, 12))\n"
        "import sqlite3\nassert sqlite3 is newer\nassert sys.modules['sqlite3.dbapi2'] is newer"
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("python", [(3, 11), (3, 10)])
def test_trap_5_an_older_python_needs_no_newer_sqlite(python: tuple[int, int]) -> None:
    before = sys.modules["sqlite3"]
    ready_sqlite(python)
    assert sys.modules["sqlite3"] is before


def test_trap_5_this_very_python_and_its_sqlite_go_together() -> None:
    told = run(
        "import sys\nfrom bot.jobs.database import LEAST_SQLITE, ready_sqlite\nready_sqlite()\n"
        "import sqlite3\n"
        "assert sys.version_info < (3, 12) or sqlite3.sqlite_version_info >= LEAST_SQLITE"
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("begin", ["start(Settings(), app, worker=True)", "connect(app)"])
def test_trap_5_it_is_seen_to_before_anything_is_opened(tmp_path: Path, begin: str) -> None:
    """By every process that comes to the database: else the engine fails later, in the midst of work."""
    told = run(
        OLD + "sys.modules['pysqlite3'] = None\n"
        "this, sys.version_info = sys.version_info, (3, 13)\n"
        "import bot.jobs.database\nsys.version_info = this\n"
        "import asyncio\nfrom pathlib import Path\n"
        "from bot.app_settings import AppSettings\nfrom bot.settings import Settings\n"
        "from bot.jobs.service import connect, start\n"
        f"app = AppSettings(Path({str(tmp_path / 'home')!r}), 'sqlite:///{tmp_path}/home/t.db')\n"
        f"async def begin(): await (await {begin}).stop()\n"
        "asyncio.run(begin())"
    )
    assert "SQLite 3.40.1 is too old for Python 3.13" in told.stderr
    assert not (tmp_path / "home").exists()


# --- the home and its lock


@pytest.mark.parametrize("inside", ["file/home", "file"])
def test_a_home_that_cannot_be_is_told(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigProblem, match="cannot be used"):
        make_home(settings(tmp_path / inside))


def test_the_home_is_for_nobody_else(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    make_home(settings(home))
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "triptych.db").stat().st_mode & 0o777 == 0o600
    make_home(settings(home))


def test_trap_3_one_process_at_a_time_on_a_file(tmp_path: Path) -> None:
    make_home(settings(tmp_path))
    lock = hold_alone(settings(tmp_path))
    assert lock is not None
    told = run(
        "from pathlib import Path\nfrom bot.app_settings import AppSettings\n"
        "from bot.jobs.database import hold_alone\n"
        f"hold_alone(AppSettings(Path({str(tmp_path)!r}), 'sqlite:///{tmp_path}/triptych.db'))"
    )
    assert "Another process works on" in told.stderr
    lock.close()
    again = hold_alone(settings(tmp_path))
    assert again is not None
    again.close()


async def test_trap_3_a_second_service_is_refused_before_it_touches_anything(
    tmp_path: Path,
) -> None:
    make_home(settings(tmp_path))
    lock = hold_alone(settings(tmp_path))
    assert lock is not None
    with pytest.raises(ConfigProblem, match="Another process works on"):
        await start(Settings(), settings(tmp_path), worker=True)
    lock.close()
    assert (tmp_path / "triptych.db").stat().st_size == 0


def test_postgres_needs_no_file(tmp_path: Path) -> None:
    there = settings(tmp_path / "home", "postgresql://x@/y")
    make_home(there)
    assert hold_alone(there) is None
    assert engine_url(there) == "postgresql+psycopg://x@/y"


# --- the schema


async def test_the_tables_are_made_once(database: str, tmp_path: Path) -> None:
    for _ in range(2):
        opened = open_database(settings(tmp_path, database))
        rows = await opened.do(lambda c: c.execute(sa.select(meta.c.name, meta.c.value)).all())
        assert [tuple(row) for row in rows] == [("schema", str(SCHEMA))]
        await opened.close()


async def test_several_processes_make_them_at_once(database: str, tmp_path: Path) -> None:
    """The first start of four workers: each makes the tables where they are not there."""
    code = (
        "import asyncio\nfrom pathlib import Path\nfrom bot.app_settings import AppSettings\n"
        "from bot.jobs.transactions import open_database\nprint('ready', flush=True)\ninput()\n"
        f"opened = open_database(AppSettings(Path({str(tmp_path)!r}), {database!r}))\n"
        "asyncio.run(opened.close())"
    )
    command = (sys.executable, "-c", code)
    workers = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE) for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdout
        assert await worker.stdout.readline() == b"ready\n"
    await asyncio.gather(*(worker.communicate(b"\n") for worker in workers))
    assert [worker.returncode for worker in workers] == [0, 0, 0, 0]


async def test_an_older_database_gets_what_it_lacks(database: str, tmp_path: Path) -> None:
    there = settings(tmp_path, database)
    opened = open_database(there)
    await opened.do(lambda c: c.execute(sa.update(meta).values(value="1")))
    await opened.do(metadata.tables["triptych_labels"].drop)
    await opened.close()
    for _ in range(2):
        opened = open_database(there)
        rows = await opened.do(lambda c: c.execute(sa.select(meta.c.name, meta.c.value)).all())
        assert [tuple(row) for row in rows] == [("schema", str(SCHEMA))]
        assert await opened.do(lambda c: sa.inspect(c).has_table("triptych_labels"))
        await opened.close()


async def test_s77_an_older_file_leaves_a_copy_as_it_was(tmp_path: Path) -> None:
    """Also where its process was killed: what is only in its write-ahead log is in the copy."""
    there = settings(tmp_path)
    opened = open_database(there)
    await opened.do(lambda c: c.execute(sa.update(meta).values(value="1")))
    await opened.do(metadata.tables["triptych_labels"].drop)
    writer = sqlite3.connect(tmp_path / "triptych.db")
    writer.execute("insert into triptych_meta values ('last', 'words')")
    writer.commit()
    again = open_database(there)
    await asyncio.gather(opened.close(), again.close())
    writer.close()
    assert sorted(file.name for file in tmp_path.glob("*schema*")) == ["triptych.db.schema-1"]
    copy = tmp_path / "triptych.db.schema-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as kept:
        rows = kept.execute("select name, value from triptych_meta order by name").fetchall()
        tables = [name for (name,) in kept.execute("select name from sqlite_master")]
    assert rows == [("last", "words"), ("schema", "1")]
    assert "triptych_labels" not in tables
    await open_database(there).close()
    assert len(list(tmp_path.glob("*schema*"))) == 1


async def test_s77_where_no_copy_can_be_made_nothing_is_changed(tmp_path: Path) -> None:
    there = settings(tmp_path)
    opened = open_database(there)
    await opened.do(lambda c: c.execute(sa.update(meta).values(value="1")))
    await opened.close()
    (tmp_path / "triptych.db.schema-1").mkdir()
    with pytest.raises(ConfigProblem, match=rf"cannot be copied .* to schema {SCHEMA}") as told:
        open_database(there)
    assert told.value.do == f"Make room for a copy of it in {tmp_path}."
    with closing(sqlite3.connect(tmp_path / "triptych.db")) as left:
        assert left.execute("select value from triptych_meta").fetchall() == [("1",)]
    assert len(list(tmp_path.glob("*schema*"))) == 1


def test_a_copy_goes_after_a_week(tmp_path: Path) -> None:
    file = tmp_path / "triptych.db"
    for number, age in ((1, KEPT + 60), (2, KEPT - 60)):
        copy = tmp_path / f"triptych.db.schema-{number}"
        copy.write_text("x")
        os.utime(copy, (NOW - age, NOW - age))
    file.write_text("x")
    os.utime(file, (0, 0))
    drop_copies(file, NOW)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["triptych.db", "triptych.db.schema-2"]


async def test_a_new_file_leaves_none(tmp_path: Path) -> None:
    await open_database(settings(tmp_path)).close()
    assert not list(tmp_path.glob("*schema*"))


@pytest.mark.parametrize("schema", [str(SCHEMA + 1), "what?"])
async def test_a_newer_database_is_refused_and_left_alone(
    database: str, tmp_path: Path, schema: str
) -> None:
    """S77."""
    there = settings(tmp_path, database)
    opened = open_database(there)
    change = sa.update(meta).values(value=schema)
    await opened.do(lambda c: c.execute(change))
    await opened.do(metadata.tables["triptych_politeness"].drop)
    await opened.close()
    with pytest.raises(ConfigProblem, match="of a newer Triptych"):
        open_database(there)
    engine = sa.create_engine(engine_url(there))
    assert not sa.inspect(engine).has_table("triptych_politeness")
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@/none?host=/nonexistent", "sqlite:////nonexistent/a.db"]
)
def test_a_database_that_is_not_there_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigProblem, match="The database cannot be used"):
        open_database(settings(tmp_path, url))


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "triptych.db").write_text("no database" * 100)
    with pytest.raises(ConfigProblem, match="file is not a database"):
        open_database(settings(tmp_path))


async def test_what_is_alone_is_alone(database: str, tmp_path: Path) -> None:
    opened = open_database(settings(tmp_path, database))
    inside = most = 0

    def work(c: sa.engine.Connection) -> None:
        nonlocal inside, most
        alone(c, "x")
        inside += 1
        most = max(most, inside)
        c.execute(sa.select(meta)).all()
        inside -= 1

    await asyncio.gather(*(opened.do(work) for _ in range(20)))
    assert most == 1
    await opened.close()
