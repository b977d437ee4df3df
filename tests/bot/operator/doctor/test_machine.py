"""Doctor on the machine: modes, room, sandbox, address, database (cases S21, S75, S77, S82)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from bot.app_settings import AppSettings
from bot.operator.doctor.check import State
from bot.operator.doctor.database import (
    Schema,
    engine_check,
    look_postgres,
    look_sqlite,
    schema_check,
)
from bot.operator.doctor.machine import (
    LEAST_FREE,
    Entry,
    analyser_check,
    disk_check,
    entries,
    home_checks,
    look_address,
    look_analysers,
    sandbox_check,
    without_password,
)
from bot.settings import Settings
from reviewers.engines.static.credentials import Credentials
from reviewers.engines.static.ruff import Ruff
from reviewers.protocols import Report
from reviewers.registry import ANALYSERS
from tests.bot.running import closed_port
from tests.fakes.operator import operators_app

HOME = Path("/srv/triptych")
ME = 1000


def test_a_home_for_its_owner_alone() -> None:
    (check,) = home_checks(HOME, [Entry(HOME, 0o700, ME), Entry(HOME / "app.json", 0o600, ME)], ME)
    assert check.state is State.OK


HOMES = [
    (Entry(HOME, 0o755, ME), f"chmod 700 {HOME}"),
    (Entry(HOME / "app.json", 0o640, ME), f"chmod 600 {HOME / 'app.json'}"),
    (Entry(Path("/keys/app.pem"), 0o644, ME), "chmod 600 /keys/app.pem"),
    (Entry(HOME / "app.json", 0o600, 0), "Run as its owner"),
]


@pytest.mark.parametrize(("entry", "do"), HOMES, ids=[do for _, do in HOMES])
def test_what_others_may_reach(entry: Entry, do: str) -> None:
    """Case S21: a key file of mode 0644."""
    checks = [
        *home_checks(HOME, [entry, *([] if entry.path == HOME else [Entry(HOME, 0o700, ME)])], ME)
    ]
    (check,) = [c for c in checks if c.state is State.TODO]
    assert do in check.do


def test_a_home_that_is_not_there_yet() -> None:
    (check,) = home_checks(HOME, [], ME)
    assert check.state is State.NOTE


def test_entries_are_read_from_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    file.write_text("{}")
    file.chmod(0o640)
    assert entries([file, tmp_path / "none"]) == [Entry(file, 0o640, os.geteuid())]


def test_room() -> None:
    """Case S75."""
    assert disk_check(HOME, LEAST_FREE - 1).state is State.TODO
    assert disk_check(HOME, LEAST_FREE).state is State.OK


ENGINES = [
    ((3, 11), (3, 40, 1), False, State.OK),
    ((3, 12), (3, 40, 1), False, State.TODO),
    ((3, 13), (3, 41, 9), False, State.TODO),
    ((3, 13), (3, 40, 1), True, State.OK),
    ((3, 12), (3, 42, 0), False, State.OK),
    ((3, 14), (3, 46, 1), False, State.OK),
]


@pytest.mark.parametrize(("python", "engine", "other", "state"), ENGINES)
def test_python_and_sqlite(
    python: tuple[int, ...], engine: tuple[int, ...], other: bool, state: State
) -> None:
    """Trap 5 of facts/durable.md."""
    assert engine_check(python, engine, has_other=other).state is state


KNOWN = Schema(2, 5)
SCHEMAS = [
    (Schema(0, 0), KNOWN, State.NOTE),
    (Schema(2, 0), KNOWN, State.NOTE),
    (Schema(2, 5), KNOWN, State.OK),
    (Schema(1, 5), KNOWN, State.NOTE),
    (Schema(2, 4), KNOWN, State.NOTE),
    (Schema(3, 4), KNOWN, State.TODO),
    (Schema(2, 6), KNOWN, State.TODO),
    (Schema(2, 9), Schema(2, None), State.OK),
]


@pytest.mark.parametrize(("found", "known", "state"), SCHEMAS, ids=str)
def test_the_schema(found: Schema, known: Schema, state: State) -> None:
    """Case S77: a newer one must not be used, an older one is backed up first."""
    assert schema_check("here", found, known).state is state


def database(file: Path) -> Path:
    """One with our schema 2 and the engine's 5."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE dbos_migrations (version INTEGER)")
        connection.execute("INSERT INTO dbos_migrations VALUES (5)")
        connection.execute("CREATE TABLE triptych_meta (name TEXT, value TEXT)")
        connection.execute("INSERT INTO triptych_meta VALUES ('schema', '2')")
    connection.close()
    file.chmod(0o600)
    return file


def test_a_database_is_read_while_somebody_writes(tmp_path: Path) -> None:
    file = database(tmp_path / "a b?#.db")
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO dbos_migrations VALUES (6)")
    (check,) = look_sqlite(file, KNOWN)
    writer.close()
    assert check.state is State.OK
    assert check.said == f"{file} (wal), schema 2, engine's 5."


def test_a_database_that_is_yet_to_be_made(tmp_path: Path) -> None:
    """Not by a server that waits for its App: it makes its folder and the operator's token alone."""
    file = tmp_path / "t.db"
    (check,) = look_sqlite(file, KNOWN)
    said = f"{file} is not there yet; `triptych serve` makes it once it has an App."
    assert (check.state, check.said) == (State.NOTE, said)


def test_a_database_that_others_may_read_or_that_is_none(tmp_path: Path) -> None:
    file = database(tmp_path / "t.db")
    file.chmod(0o644)
    first, second = look_sqlite(file, KNOWN)
    assert (first.state, second.state) == (State.TODO, State.OK)
    assert first.do == f"Run: chmod 600 {file}"
    (tmp_path / "no.db").write_bytes(b"hello world, I am no database at all" * 99)
    (tmp_path / "no.db").chmod(0o600)
    (tmp_path / "no.db").chmod(0o644)
    (check,) = look_sqlite(tmp_path / "no.db", KNOWN)
    assert (check.state, "file is not a database" in check.said) == (State.TODO, True)
    assert "chmod" not in check.do, "it is somebody else's"


def test_a_place_where_no_database_can_be(tmp_path: Path) -> None:
    """`triptych serve` makes none there, either."""
    (tmp_path / "t.db").mkdir()
    (tmp_path / "f").write_text("")
    for file, why in (
        (tmp_path / "t.db", "Is a directory"),
        (tmp_path / "f" / "t.db", "Not a directory"),
        (tmp_path / ("a" * 300), "File name too long"),
    ):
        (check,) = look_sqlite(file, KNOWN)
        assert (check.state, check.said) == (State.TODO, f"{file} cannot be used: {why}.")
        assert "TRIPTYCH_DATABASE_URL" in check.do


def test_looking_makes_nothing(tmp_path: Path) -> None:
    (check,) = look_sqlite(tmp_path / "none.db", KNOWN)
    assert check.state is State.NOTE
    assert list(tmp_path.iterdir()) == []


def test_a_postgres_that_is_not_there_is_told_without_its_password() -> None:
    check = look_postgres(f"postgresql://bot:hunter22@127.0.0.1:{closed_port()}/triptych", KNOWN)
    assert check.state is State.TODO
    assert "hunter22" not in check.said
    assert "Connection refused" in check.said
    assert without_password("postgresql://u:p@h/d?x=1") == "postgresql://u@h/d?x=1"
    assert without_password("postgresql://h/d") == "postgresql://h/d"
    given = "postgresql://h/d?user=u&password=hunter22&sslmode=require"
    assert without_password(given) == "postgresql://h/d?user=u&sslmode=require"
    assert without_password("postgresql://h/d?sslpassword=x&password=y") == "postgresql://h/d"


def test_each_analyser_works_here() -> None:
    """Case S82; steering has no canary, so none is claimed for it."""
    checks = [*look_analysers(ANALYSERS)]
    assert [c.about for c in checks] == [*(f"Analyser {a.name}" for a in ANALYSERS), "Sandbox"]
    assert {c.state for c in checks[:-1]} == {State.OK}
    said = {c.about: c.said for c in checks}
    assert said["Analyser steering"] == "Version 1, 2 rules; it works here."


def test_an_analyser_that_does_not_work_is_told() -> None:
    checks = [*look_analysers((Ruff(find=lambda: "/bin/true"), Credentials("nothing")))]
    assert [c.state for c in checks[:2]] == [State.TODO, State.TODO]
    assert "canary" in checks[1].said
    unread = analyser_check(Ruff(), Report(unread={"doctor.py": "it could not be read"}))
    assert unread.said == "It could not be read."


LEVELS = [
    (["namespaces", "in process"], State.OK, "Namespaces"),
    (["bubblewrap", "landlock"], State.OK, "Landlock"),
    (["limits", "bubblewrap"], State.NOTE, "resource limits only"),
    (["in process"], State.NOTE, "No analyser"),
]


@pytest.mark.parametrize(("levels", "state", "what"), LEVELS)
def test_the_least_level_counts(levels: list[str], state: State, what: str) -> None:
    check = sandbox_check(levels)
    assert check.state is state
    assert what in check.said


def settings_at(url: str) -> AppSettings:
    return AppSettings(HOME, "sqlite:////x", public_url=url)


async def test_the_public_address() -> None:
    assert look_address(Settings(), settings_at("")).state is State.NOTE
    assert look_address(Settings(), settings_at("http://bot.example")).state is State.TODO
    nobody = look_address(Settings(), settings_at(f"http://127.0.0.1:{closed_port()}"))
    assert nobody.state is State.NOTE
    assert "does not answer" in nobody.said


async def test_an_address_at_which_something_else_answers() -> None:
    import asyncio

    async with operators_app() as fake:
        check = await asyncio.to_thread(look_address, Settings(), settings_at(fake.url))
    assert (check.state, "/healthz answers 401" in check.said) == (State.TODO, True)
