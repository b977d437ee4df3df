"""The engine's traps (facts/durable.md, section 4), each closed: named by their numbers there.

Traps 3 and 5 stand in test_database.py, 7 and 8 in test_worker.py, 14 and 15 need no test: we poll as
we choose, and nothing of `dbos[enterprise]` is installed.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS
from dbos._serialization import DBOSDefaultSerializer

from bot.app_settings import AppSettings
from bot.jobs import durable
from bot.jobs.database import engine_url, make_home
from bot.jobs.durable import Durable, Queue, Start, keep, refuse_pickle, reserved
from tests.bot.jobs.running import run_ended, until, world
from tests.fakes.anthropic import Reply

Work = Callable[[str], Any]


@asynccontextmanager
async def engine(
    database: str, home: Path, at_once: int = 20, **works: Work
) -> AsyncIterator[Durable]:
    """The engine at work."""
    settings = AppSettings(home, database)
    make_home(settings)
    made = Durable(settings, "test")
    await made.launch(works, dict.fromkeys(works, at_once))
    try:
        yield made
    finally:
        await made.rest()
        await made.stop()


# --- 1: results that are swapped after a crash


async def test_trap_1_after_a_restart_each_gets_its_own_result(
    database: str, tmp_path: Path
) -> None:
    """Steps side by side, each behind another wait, the first life ended in their midst."""
    asked: list[str] = []
    told: dict[str, str] = {}
    waits = {"a": 0.0, "b": 0.05, "c": 3600.0, "d": 0.02}

    async def work(_job: str) -> str:
        places = reserved(len(waits))

        async def branch(name: str, place: Any) -> None:
            # What comes before the step takes another time in each life.
            await asyncio.sleep(waits[name])

            async def step() -> Mapping[str, Any]:
                asked.append(name)
                return {"for": name}

            told[name] = (await keep(place, "call", step))["for"]

        await asyncio.gather(*(branch(n, p) for n, p in zip(waits, places, strict=True)))
        return "done"

    async with engine(database, tmp_path, work=work) as first:
        await first.start("work", "x", "run", Start(here=True))
        await until(lambda: len(told) == 3)
    assert sorted(asked) == ["a", "b", "d"]
    told.clear()
    waits = {"a": 0.06, "b": 0.0, "c": 0.0, "d": 0.03}
    async with engine(database, tmp_path, work=work):
        assert await run_ended("run") == "SUCCESS"
    assert told == {name: name for name in waits}
    assert sorted(asked) == ["a", "b", "c", "d"], "each step was done once"


# --- 4: another version strands what is unfinished


async def test_trap_4_what_another_edition_began_goes_on(tmp_path: Path) -> None:
    """The version is a constant, whatever the source of the work is."""
    url = f"sqlite:///{tmp_path}/t.db"
    done: list[str] = []

    async def before(_job: str) -> str:
        await asyncio.sleep(3600)
        return "never"

    async def after(job: str) -> str:
        done.append(job)
        return "done"

    async with engine(url, tmp_path, work=before) as first:
        await first.start("work", "running", "one", Start(here=True))
        await first.start("work", "waiting", "two", Start(delay=0.5))
        found = await DBOS.list_workflows_async()
        assert {w.app_version for w in found} == {durable.VERSION} == {"jobs-1"}
    async with engine(url, tmp_path, work=after):
        assert [await run_ended("one"), await run_ended("two")] == ["SUCCESS"] * 2
    assert sorted(done) == ["running", "waiting"]


# --- 6: a row that is pickled is code


def test_trap_6_nothing_is_unpickled() -> None:
    refuse_pickle()
    text = base64.b64encode(pickle.dumps({"args": (1,), "kwargs": {}})).decode()
    with pytest.raises(ValueError, match="a pickled row was refused"):
        DBOSDefaultSerializer.deserialize(text)


DOOR = """
import logging
from pathlib import Path
from bot.app_settings import AppSettings
from bot.jobs.durable import Queue
from dbos._serialization import DBOSDefaultSerializer
Queue(AppSettings(Path({home!r}), "sqlite:///{home}/t.db"))
"""
"""A process that only hands work over, and has launched no engine."""


def door(home: Path, code: str) -> str:
    """What a door says at last: its errors, or nothing."""
    run = [sys.executable, "-c", DOOR.format(home=str(home)) + code]
    return subprocess.run(run, capture_output=True, text=True, check=False).stderr


def test_trap_6_a_door_unpickles_nothing_either(tmp_path: Path) -> None:
    """It reads rows, too; other tests of this process have shut it already."""
    text = base64.b64encode(pickle.dumps(1)).decode()
    said = door(tmp_path, f"DBOSDefaultSerializer.deserialize({text!r})")
    assert said.endswith("ValueError: a pickled row was refused\n")


async def test_trap_6_a_pickled_row_in_the_database_is_refused_and_not_run(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    canary = tmp_path / "canary"

    class Canary:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(canary), "w"))

    ran: list[str] = []

    async def work(job: str) -> str:
        ran.append(job)
        return "done"

    async with engine(url, tmp_path, work=work) as at:
        await at.start("work", "x", "run", Start(delay=0.2))
        bomb = base64.b64encode(pickle.dumps({"args": (Canary(),), "kwargs": {}})).decode()
        with sqlite3.connect(tmp_path / "t.db") as connection:
            tables = _tables_with(connection, "inputs")
            for table in tables:
                connection.execute(f'update "{table}" set inputs = ?', (bomb,))
            connection.execute("update workflow_status set serialization = 'py_pickle'")
        connection.close()
        assert tables
        await until(lambda: not canary.exists(), 1)
        assert await run_ended("run") == "ERROR"
    assert not canary.exists()
    assert ran == []


def _tables_with(connection: sqlite3.Connection, column: str) -> list[str]:
    names = [r[0] for r in connection.execute("select name from sqlite_master where type='table'")]
    return [
        name
        for name in names
        if column in [row[1] for row in connection.execute(f'pragma table_info("{name}")')]
    ]


async def test_what_is_stored_is_plain_json(tmp_path: Path) -> None:
    """And holds no key, and none of the change: the job's name, and what models said."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        await w.reviewed()
        for workflow in await DBOS.list_workflows_async():
            assert workflow.input is not None
            assert list(workflow.input["args"]) == [workflow.workflow_id]
    data = (tmp_path / "t.db").read_bytes() + b"".join(
        f.read_bytes() for f in tmp_path.glob("t.db-*")
    )
    assert b"sk-test-0123456789" not in data
    assert b"PRIVATE KEY" not in data
    assert b"ghs_" not in data
    assert b"py_pickle" not in data.replace(b"'py_pickle'", b"")


# --- 9: nothing is forgotten by itself


async def test_trap_9_what_is_old_is_forgotten_the_engines_rows_first(
    database: str, tmp_path: Path
) -> None:
    async with world(database, tmp_path, retention_days=30) as w:
        w.pull()
        old = await w.reviewed()
        engine_ = w.crew.durable
        await w.there(w.crew.tidy())
        assert [x.workflow_id for x in await DBOS.list_workflows_async()] == [old.id]
        assert await engine_.old(time.time() + 1, "review") == (old.id,)
        assert await engine_.old(time.time() - 60, "review") == ()
        assert await engine_.old(time.time() + 1, "command") == ()
        made = sa.create_engine(engine_url(w.app))
        with made.begin() as c:
            schema = "dbos." if "postgres" in database else ""
            past = int((time.time() - 4 * 86400) * 1000)
            c.execute(sa.text(f"update {schema}workflow_status set completed_at = {past}"))
        await w.there(w.crew.tidy())
        assert await DBOS.list_workflows_async() == []
        assert (await w.row(old.id)).document, "the review is kept as long as the operator wants"
        with made.begin() as c:
            c.execute(sa.text(f"update triptych_jobs set ended = {time.time() - 31 * 86400}"))
        made.dispose()
        copy = Path(f"{tmp_path}/triptych.db.schema-1")
        copy.write_text("x")
        os.utime(copy, (0, 0))
        await w.there(w.crew.tidy())
        assert await w.service.show(old.id) is None
        assert copy.exists() == ("postgres" in database), "of a SQLite file it is too old"


# --- 10: threads without end


async def test_trap_10_threads_are_few_however_many_jobs_run(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def work(_job: str) -> str:
        await go.wait()
        return "done"

    before = threading.active_count()
    async with engine(f"sqlite:///{tmp_path}/t.db", tmp_path, work=work) as at:
        runs = [f"run{n}" for n in range(60)]
        await asyncio.gather(*(at.start("work", r, r, Start(here=True)) for r in runs))
        go.set()
        await asyncio.gather(*(run_ended(r) for r in runs))
        assert threading.active_count() - before <= durable.THREADS + 8


# --- 12: the queue


async def test_trap_12_every_kind_of_work_is_taken_from_its_own_queue(
    database: str, tmp_path: Path
) -> None:
    """An order waits for a review: in one queue those that wait kept out what they waited for."""
    done = asyncio.Event()

    async def review(_job: str) -> str:
        done.set()
        return "done"

    async def command(_job: str) -> str:
        await done.wait()
        return "done"

    async with engine(database, tmp_path, 2, review=review, command=command) as at:
        for n in range(4):
            await at.start("command", "x", f"command{n}", Start())
        await at.start("review", "x", "review", Start(priority=9))
        assert await run_ended("review") == "SUCCESS"
        assert {await run_ended(f"command{n}") for n in range(4)} == {"SUCCESS"}


async def test_a_start_that_nobody_waits_for_any_more_is_a_start(
    database: str, tmp_path: Path
) -> None:
    """A door gives up after 9.5 s: then the row may be there, and nobody at work."""
    done: list[str] = []

    async def review(job: str) -> str:
        done.append(job)
        return "done"

    async with engine(database, tmp_path, 2, review=review) as at:
        for n in range(3):
            starting = asyncio.create_task(at.start("review", f"x{n}", f"x{n}", Start(here=True)))
            for _ in range(n):
                await asyncio.sleep(0)
            starting.cancel()
        await until(lambda: {"x1", "x2"} <= set(done))


async def test_trap_12_the_same_run_twice_is_once(database: str, tmp_path: Path) -> None:
    """Started here while it waits in the queue, delayed, running, or over."""
    ran: list[str] = []
    go = asyncio.Event()

    async def work(job: str) -> str:
        ran.append(job)
        await go.wait()
        return "done"

    async with engine(database, tmp_path, work=work) as at:
        for how in (Start(here=True), Start(), Start(delay=0.2)):
            for again in (Start(here=True), Start(), Start(priority=3)):
                run = f"{how} {again}"
                await at.start("work", run, run, how)
                await at.start("work", run, run, again)
        await until(lambda: len(ran) == 9)
        go.set()
        for run in ran:
            assert await run_ended(run) == "SUCCESS"
            await at.start("work", run, run, Start(here=True))
        assert len(ran) == len(set(ran)) == 9


async def test_work_that_starts_other_work_is_not_its_parent(tmp_path: Path) -> None:
    """Else the start is a step of it, and another way through it in its next life is an error."""

    async def inner(_job: str) -> str:
        return "done"

    async with engine(f"sqlite:///{tmp_path}/t.db", tmp_path, inner=inner, outer=inner) as at:

        async def outer(_job: str) -> str:
            await at.start("inner", "x", "inner", Start(here=True))
            return "done"

        at._started["outer"] = DBOS.workflow(name="other")(at._function(outer))
        await at.start("outer", "x", "outer", Start(here=True))
        assert [await run_ended("outer"), await run_ended("inner")] == ["SUCCESS"] * 2
        assert await DBOS.list_workflow_steps_async("outer") == []


# --- 13: noise


async def test_trap_13_the_engine_says_nothing_where_nothing_is_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No advertisement, no warning of SQLite, no traceback for a job that was superseded."""
    caplog.set_level(logging.DEBUG)
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.anthropic.script = lambda _body, _number: Reply(latency=3600)
        w.pull()
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2)
        await w.service.cancel(job)
        await until(lambda: not w.anthropic.running)
    told = [r for r in caplog.records if r.name.startswith("dbos")]
    assert [r.getMessage() for r in told] == []
    out, err = capfd.readouterr()
    assert "DBOS" not in out + err
    assert "Traceback" not in out + err


def test_trap_13_beside_a_door_the_engine_says_nothing_either(tmp_path: Path) -> None:
    """No settings of the engine's are read there; its errors stay."""
    log = 'logging.getLogger("dbos").'
    assert door(tmp_path, f'{log}warning("SQLite is for development")') == ""
    assert door(tmp_path, f'{log}error("broken")').strip() == "broken"


# --- from beside


async def test_a_door_may_be_the_first_that_sees_the_database(
    database: str, tmp_path: Path
) -> None:
    settings = AppSettings(tmp_path, database)
    make_home(settings)
    queue = Queue(settings)
    await queue.start("work", "x", "run", Start(priority=2, delay=0.1))
    await queue.start("work", "x", "run", Start())
    await queue.start("work", "x", "other", Start())
    await queue.forget(["other"])
    await queue.forget([])
    await queue.close()
    ran: list[str] = []

    async def work(job: str) -> str:
        ran.append(job)
        return "done"

    async with engine(database, tmp_path, work=work):
        assert await run_ended("run") == "SUCCESS"
    assert ran == ["x"]


async def test_what_is_stopped_stays_begun_and_goes_on(database: str, tmp_path: Path) -> None:
    """S74: an end in good order leaves every run as it is; none of them is an error."""
    lives: list[str] = []

    async def work(job: str) -> str:
        lives.append(job)
        if len(lives) == 1:
            await asyncio.sleep(3600)
        return "done"

    async with engine(database, tmp_path, work=work) as at:
        await at.start("work", "x", "run", Start(here=True))
        await until(lambda: lives)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    async with engine(database, tmp_path, work=work):
        assert await run_ended("run") == "SUCCESS"
    assert lives == ["x", "x"]


async def test_what_ends_soon_is_let_end(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def work(_job: str) -> str:
        begun.set()
        await asyncio.sleep(0.2)
        return "done"

    url = f"sqlite:///{tmp_path}/t.db"
    async with engine(url, tmp_path, work=work) as at:
        await at.start("work", "x", "run", Start(here=True))
        await begun.wait()
        await at.rest(20.0)
        assert await run_ended("run", 2) == "SUCCESS"


async def test_what_fails_as_it_is_put_in_order_goes_on_with_the_next_life(
    database: str, tmp_path: Path
) -> None:
    """GitHub did not answer as a token was given back: the run ended as a failure, and was lost."""
    lives: list[str] = []

    async def work(job: str) -> str:
        lives.append(job)
        if len(lives) == 1:
            try:
                await asyncio.sleep(3600)
            finally:
                raise AssertionError("the session is closed")
        return "done"

    async with engine(database, tmp_path, work=work) as made:
        await made.start("work", "a", "run", Start(here=True))
        await until(lambda: lives)
    async with engine(database, tmp_path, work=work):
        assert await run_ended("run") == "SUCCESS"
    assert lives == ["a", "a"]
