"""The jobs of one process and of several: starts that were lost, doors beside workers, dead workers."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.errors import ConfigProblem
from bot.jobs.intake import Intake, _row
from bot.jobs.plan import job_id
from bot.jobs.protocol import CancelWish, JobsProblem, JobState, PurgeWish, ReviewWish, Trigger
from bot.jobs.service import Service, connect, start
from bot.settings import Settings
from reviewers.core.history import Dismissal
from tests.bot.jobs.lives import Died, Life, Womb, life
from tests.bot.jobs.running import CONFIG, SMALL, World, until, world, written
from tests.builders import ORDERS
from tests.fakes.anthropic import FakeAnthropic, Reply, fake_anthropic
from tests.fakes.app import FakeApp, fake_app
from tests.postgres import Cluster
from tests.test_walkthrough import model

CALLS = 3


def slow(body: dict[str, Any], number: int) -> Reply:
    return Reply(latency=3600)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        yield made


# --- one process


@pytest.mark.parametrize("age", [3600.0, 0.0])
async def test_a_job_whose_start_was_lost_is_started(w: World, age: float) -> None:
    """Written down, and killed before the engine heard of it; nobody delivers it again."""
    w.pull()
    wish = w.wish()
    values = {**_row(job_id(wish), wish, ""), "created": time.time() - age}
    await written(w.service._store, values)
    await w.there(w.crew.see_to())
    if age:
        assert (await w.ended(job_id(wish))).state is JobState.DONE
    else:
        missing = await w.there(w.crew.durable.missing([job_id(wish)]))
        assert missing == (job_id(wish),), "its door may be about to start it"


@pytest.mark.parametrize("age", [3600.0, 0.0])
async def test_whoever_wishes_again_for_what_lies_there_has_it_started(
    w: World, age: float
) -> None:
    w.pull()
    wish = w.wish()
    values = {**_row(job_id(wish), wish, ""), "created": time.time() - age}
    await written(w.service._store, values)
    assert await w.accept(wish) == job_id(wish)
    if age:
        assert (await w.ended(job_id(wish), 10)).state is JobState.DONE
    else:
        await w.rested()
        missing = await w.there(w.crew.durable.missing([job_id(wish)]))
        assert missing == (job_id(wish),), "its door may be about to start it"


async def test_a_door_beside_the_worker_has_it_started_too(w: World) -> None:
    w.pull()
    wish = w.wish()
    values = {**_row(job_id(wish), wish, ""), "created": time.time() - 3600}
    await written(w.service._store, values)
    door = await connect(w.app)
    try:
        assert await door.accept(wish, "delivery") == job_id(wish)
    finally:
        await door.stop()
    assert (await w.ended(job_id(wish), 10)).state is JobState.DONE


class Full:
    """A store that says after a while that it takes nothing in."""

    async def take(self, *_: object) -> None:
        await asyncio.sleep(0.05)
        raise OSError("the disk is full")


async def test_what_goes_wrong_behind_a_door_that_gave_up_is_logged(w: World) -> None:
    w.pull()
    intake = Intake(cast("Any", Full()), cast("Any", None), w.app)
    with capture_logs() as logs:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await intake.accept(w.wish())
        await until(lambda: any(e["event"] == "wish.untaken" for e in logs))
    assert [e["why"] for e in logs if e["event"] == "wish.untaken"] == ["OSError"]


async def test_however_many_wish_for_what_lies_there_it_is_begun_once(w: World) -> None:
    """None of them takes away what another has just begun."""
    w.pull()
    wish = w.wish()
    values = {**_row(job_id(wish), wish, ""), "created": time.time() - 3600.0}
    await written(w.service._store, values)
    with capture_logs() as logs:
        assert set(await asyncio.gather(*[w.accept(wish) for _ in range(20)])) == {job_id(wish)}
        assert (await w.ended(job_id(wish), 10)).state is JobState.DONE
        await w.rested()
    assert [e["attempt"] for e in logs if e["event"] == "job.begun"] == [1]


async def test_whoever_wishes_again_for_what_stands_in_the_queue_waits_like_everybody(
    tmp_path: Path,
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, slow, reviews_at_once=1) as w:
        w.pull(1)
        w.pull(2)
        await w.accept(w.wish(1))
        await until(lambda: w.anthropic.running == 2)
        second = await w.accept(w.wish(2))
        await w.rested_starts()
        await w.service._store.note(second, created=time.time() - 3600)
        with capture_logs() as logs:
            assert await w.accept(w.wish(2)) == second
            await w.rested_starts()
        assert [line["event"] for line in logs] == ["wish.accepted"]
        assert (await w.row(second)).state is JobState.WAITING


async def test_what_is_written_down_after_its_door_has_given_up_is_started(
    w: World, tmp_path: Path
) -> None:
    """The database was locked for longer than GitHub waits for its answer."""
    w.pull()
    wish = w.wish()
    locked = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await w.accept(wish)
    finally:
        locked.execute("ROLLBACK")
        locked.close()
    async with asyncio.timeout(10):
        while await w.service.show(job_id(wish)) is None:
            await asyncio.sleep(0.02)
    assert (await w.ended(job_id(wish), 10)).state is JobState.DONE


async def test_s11_what_was_written_down_and_not_started_is_started_by_the_next_life(
    w: World,
) -> None:
    """Its event was answered: the row is what was promised. Nobody waits a minute for it."""
    w.pull()
    wish = w.wish()
    await written(w.service._store, _row(job_id(wish), wish, ""))
    await w.service.stop()
    await w.start()
    assert (await w.ended(job_id(wish), 10)).state is JobState.DONE


async def test_a_job_that_is_at_work_is_left_alone(w: World) -> None:
    w.anthropic.script = slow
    w.pull()
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    await w.service._store.note(job, created=time.time() - 3600)
    with capture_logs() as logs:
        await w.there(w.crew.see_to())
    assert logs == []
    assert (await w.row(job)).attempts == 1


async def test_a_start_that_fails_keeps_no_other_from_its_own(w: World) -> None:
    """And is tried again in the next round."""
    wishes = []
    for number in (1, 2):
        w.pull(number)
        wish = w.wish(number)
        wishes.append(wish)
        values = {**_row(job_id(wish), wish, ""), "created": time.time() - 3600 + number}
        await written(w.service._store, values)
    first, second = map(job_id, wishes)
    refuse = f"""create trigger refuse before insert on workflow_status
        when new.workflow_uuid = '{first}' begin select raise(abort, 'not now'); end"""
    await w.service._store._do(lambda c: c.exec_driver_sql(refuse))
    await w.there(w.crew.see_to())
    assert (await w.ended(second)).state is JobState.DONE
    assert (await w.row(first)).state is JobState.WAITING
    await w.service._store._do(lambda c: c.exec_driver_sql("drop trigger refuse"))
    await w.there(w.crew.see_to())
    assert (await w.ended(first)).state is JobState.DONE


async def test_an_answer_of_the_database_that_was_lost_loses_no_start(w: World) -> None:
    """It was written down; written down again, it is there already, and nobody has begun it."""
    lost: list[str] = []

    def executed(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO triptych_jobs" in statement:
            connection.info["adds"] = True

    def commit(connection: Any) -> None:
        if connection.info.pop("adds", False) and not lost:
            lost.append("answer")
            connection.connection.driver_connection.commit()
            raise OperationalError("commit", None, sqlite3.OperationalError("connection lost"))

    sa.event.listen(sa.engine.Engine, "after_cursor_execute", executed)
    sa.event.listen(sa.engine.Engine, "commit", commit)
    try:
        w.pull()
        job = await w.accept(w.wish())
        assert (await w.ended(job, 10)).state is JobState.DONE
    finally:
        sa.event.remove(sa.engine.Engine, "after_cursor_execute", executed)
        sa.event.remove(sa.engine.Engine, "commit", commit)
    assert lost == ["answer"]


async def test_a_purge_leaves_nothing_of_starts_that_were_in_the_air(w: World) -> None:
    """Else the same pull request would not be reviewed when the App is installed anew."""
    numbers = range(1, 21)
    for number in numbers:
        w.pull(number)
    await asyncio.gather(*(w.accept(w.wish(n)) for n in numbers))
    await w.accept(PurgeWish(77, "acme", why="uninstalled"))
    async with asyncio.timeout(20):
        while await DBOS.list_workflows_async():
            await asyncio.sleep(0.05)
        await w.rested()
        assert await DBOS.list_workflows_async() == []
    posted = w.github.posts()
    jobs = await asyncio.gather(*(w.accept(w.wish(n, seen=2.0)) for n in numbers))
    rows = [await w.ended(job) for job in jobs]
    assert {row.state for row in rows} == {JobState.DONE}
    assert posted <= w.github.posts() <= len(numbers)


@pytest.mark.parametrize(("is_gone", "left"), [(True, 1), (False, 3)])
async def test_s19_of_a_repository_with_another_owner_nothing_is_left_under_the_old_one(
    w: World, is_gone: bool, left: int
) -> None:
    """GitHub may name the new owner's installation in the event."""
    here, other = w.pull(), w.pull(129)
    await w.reviewed()
    store = w.service._store
    elsewhere = replace(other, repository_id=4999)
    for place in (here, elsewhere):
        await store.decisions.dismiss(place, "a" * 12, 7, Dismissal("bob", "2026-11-29", "secret"))
    await w.accept(PurgeWish(78, "newco", (here.repository_id,), "transferred", is_gone))
    kept = len(await store.of_pull(here))
    kept += len(await store.decisions.dismissed(here))
    kept += len(await store.decisions.dismissed(elsewhere))
    assert kept == left


async def test_of_two_wishes_at_once_one_supersedes_the_other(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Door and crew know nothing of each other, like two processes; here each writes for a while."""
    async with world(cluster.database(), tmp_path) as w:
        with psycopg.connect(w.app.database_url, autocommit=True) as connection:
            connection.execute(
                """create function dawdle() returns trigger language plpgsql
                as $$ begin perform pg_sleep(0.3); return new; end $$"""
            )
            connection.execute(
                """create trigger dawdle before insert on triptych_jobs
                for each row execute function dawdle()"""
            )
        w.pull()
        asked = w.wish(trigger=Trigger.RERUN, once="again")
        first = asyncio.create_task(w.accept(w.wish()))
        await asyncio.sleep(0.1)  # The other way round, the asked one would do for both.
        both = (first, w.there(w.crew.intake.accept(asked)))
        rows = [await w.ended(job) for job in await asyncio.gather(*both)]
        assert {row.state for row in rows} == {JobState.SUPERSEDED, JobState.DONE}


async def test_the_log_tells_what_began_and_what_came_of_it(w: World) -> None:
    w.pull()
    with capture_logs() as logs:
        row = await w.reviewed()
        await w.rested()
    begun, ended = (line for line in logs if line["event"].startswith("job."))
    assert (begun["event"], begun["place"], begun["attempt"]) == ("job.begun", "acme/shop#128", 1)
    assert (ended["event"], ended["state"], ended["outcome"]) == ("job.ended", "done", "findings")
    assert (ended["findings"], ended["cost"]) == (2, round(row.cost or 0.0, 4))


async def test_a_database_that_lets_nobody_write_is_told(w: World, tmp_path: Path) -> None:
    """A backup may hold it for longer than GitHub waits for an answer."""
    w.pull()
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await w.accept(w.wish())
    assert await w.service.ready() == "the database takes nothing in"
    other.rollback()
    other.close()
    async with asyncio.timeout(30):
        while await w.service.ready():
            await asyncio.sleep(0.05)


async def test_reviews_that_hang_are_told(w: World) -> None:
    stop = threading.Event()

    async def hang() -> None:
        stop.wait()

    assert w.service.at_work is not None
    assert await w.service.ready() == ""
    w.service.at_work.shop.begin(hang(), "")
    assert await w.service.ready() == "the reviews do not answer"
    stop.set()
    await w.service.beat()
    assert await w.service.ready() == ""


async def test_what_another_process_has_ended_is_stopped(w: World) -> None:
    """Also where its row was deleted: the App was uninstalled, and another process heard of it."""
    w.anthropic.script = slow
    for number in (1, 2):
        w.pull(number)
    first, second = [await w.accept(w.wish(number)) for number in (1, 2)]
    await until(lambda: w.anthropic.running == 4)
    await w.service._store.end(first, JobState.CANCELLED, note="pull request closed")
    await until(lambda: w.anthropic.running == 2, 3)
    await w.service._store.forgetting.purge(77)
    await until(lambda: w.anthropic.running == 0, 3)
    assert await w.service.show(second) is None


async def test_the_end_in_good_order(w: World) -> None:
    """S74: not ready at once; what runs may end, and is named; the rest goes on with the next start."""
    w.pull()
    w.anthropic.script = lambda body, number: replace(model(body, number), latency=0.3)
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    with capture_logs() as logs:
        stopping = asyncio.create_task(w.service.stop(20.0))
        await asyncio.sleep(0)
        assert await w.service.ready() == "the server is stopping"
        await stopping
    told = [(e["jobs"], e["seconds"]) for e in logs if e["event"] == "stop.waits"]
    assert told == [([job], 20.0)]
    assert w.github.posts() == 1
    assert w.github.issued == {}
    await w.start()
    assert await w.service.ready() == ""
    assert (await w.row(job)).state is JobState.DONE


async def test_a_database_that_does_not_answer(tmp_path: Path, cluster: Cluster) -> None:
    """S11: nothing is accepted that is not written; and it is not ready."""
    url = cluster.database()
    async with world(url, tmp_path) as w:
        w.pull()
        name = url.partition("@/")[2].partition("?")[0]
        async with await psycopg.AsyncConnection.connect(
            cluster.url("postgres"), autocommit=True
        ) as admin:
            await admin.execute(f"alter database {name} allow_connections false".encode())
            kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
            await admin.execute(kill, (name,))
            with pytest.raises(JobsProblem, match="The database does not take jobs"):
                await w.accept(w.wish())
            assert "does not answer" in await w.service.ready()
            await admin.execute(f"alter database {name} allow_connections true".encode())
        assert (await w.reviewed()).state is JobState.DONE


async def test_what_is_wrong_at_the_start_closes_what_was_opened(
    tmp_path: Path, cluster: Cluster
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        app = replace(w.app, database_url=cluster.database(), worker="one")
    first = await start(Settings(), app, worker=True, read=lambda: app)
    await first.stop()
    again = await start(Settings(), app, worker=True, read=lambda: app)
    await again.stop()
    broken = replace(app, database_url="postgresql://x@/none?host=/nonexistent")
    with pytest.raises(ConfigProblem):
        await start(Settings(), broken, worker=True, read=lambda: app)


# --- several processes on Postgres


class Crew:
    """Workers in processes of their own, and a door beside them in this one."""

    def __init__(
        self, github: FakeApp, anthropic: FakeAnthropic, womb: Womb, home: Path, url: str
    ) -> None:
        self.github = github
        self.anthropic = anthropic
        self.womb = womb
        self.home = home
        self.url = url

    def worker(self, name: str = "", **more: Any) -> Any:
        """One more."""
        known = self.github.app_settings(self.home)
        names = ("app_id", "slug", "private_key", "webhook_secrets")
        order = {
            "home": str(self.home),
            "database": self.url,
            "app": {**{n: getattr(known, n) for n in names}, "worker": name, **more},
            "github": self.github.url,
            "anthropic": self.anthropic.url,
        }
        return life(self.womb, order, self.home)

    @asynccontextmanager
    async def door(self) -> AsyncIterator[Service]:
        """What only takes in."""
        door = await connect(self.github.app_settings(self.home, database_url=self.url))
        try:
            yield door
        finally:
            await door.stop()

    def wish(self, number: int = 1, **more: Any) -> ReviewWish:
        """A pull request that was opened."""
        base = {CONFIG: SMALL}
        self.github.pull(number, base, {**base, "api/orders.py": ORDERS})
        place, head = self.github.place(number), self.github.pulls[number].head
        return ReviewWish(place, Trigger.OPENED, head, "main", **{"seen": 1.0, **more})


@asynccontextmanager
async def crew(url: str, womb: Womb, home: Path) -> AsyncIterator[Crew]:
    async with fake_app() as github, fake_anthropic(model) as anthropic:
        github.app_settings = _with(github.app_settings, home)  # type: ignore[method-assign]
        yield Crew(github, anthropic, womb, home, url)


def _with(settings: Any, home: Path) -> Any:
    def made(place: Path = home, **more: Any) -> Any:
        url = more.pop("database_url", "")
        known = settings(place, **more)
        return replace(known, database_url=url) if url else known

    return made


@pytest.fixture
async def at(cluster: Cluster, womb: Womb, tmp_path: Path) -> AsyncIterator[Crew]:
    async with crew(cluster.database(), womb, tmp_path) as made:
        yield made


async def ended(service: Service, job: str) -> JobState:
    async with asyncio.timeout(30):
        while True:
            row = await service.show(job)
            assert row is not None
            if row.state not in ("waiting", "running", "parked"):
                return row.state
            await asyncio.sleep(0.05)


async def test_a_door_hands_over_and_stops_what_runs_elsewhere(at: Crew) -> None:
    async with at.door() as door:
        waits = await door.accept(at.wish(1), "d1")
        assert (await door.figures()).waiting == 1
        async with at.worker("one"):
            assert await ended(door, waits) is JobState.DONE
            at.anthropic.script = slow
            running = await door.accept(at.wish(2), "d2")
            await until(lambda: at.anthropic.running == 2)
            began = time.monotonic()
            await door.accept(CancelWish(at.github.place(2), "pull request closed"), "d3")
            await until(lambda: at.anthropic.running == 0)
            assert time.monotonic() - began < 2.0
            assert await ended(door, running) is JobState.CANCELLED
            await door.accept(at.wish(3), "d4")
            await until(lambda: at.anthropic.running == 2)
            await door.accept(PurgeWish(77, "acme"), "d5")
            await until(lambda: at.anthropic.running == 0)
            assert await door.list() == ()
    assert len(at.github.bodies_of(1)) == 1
    assert at.github.posts() == 1


async def test_a_door_alone_shares_its_sqlite_file_with_a_worker_of_its_machine(
    w: World,
) -> None:
    """So neither is refused: only on two machines would nothing ever be reviewed."""
    w.pull()
    door = await start(w.settings, w.app, worker=False)
    job = await door.accept(w.wish(), "d1")
    assert (await w.ended(job)).state is JobState.DONE
    w.anthropic.script = slow
    w.push(128, "9d02f7e", ORDERS + "\n")
    await door.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0), "d2")
    await until(lambda: w.anthropic.running == 2)
    await door.accept(CancelWish(w.github.place(128), "pull request closed"), "d3")
    await until(lambda: w.anthropic.running == 0)
    await door.stop(0.0)


async def test_trap_2_a_dead_workers_job_is_taken_over(at: Crew) -> None:
    """By another one under another name, within seconds; what was paid for is not paid again."""
    async with AsyncExitStack() as opened:
        door = await opened.enter_async_context(at.door())
        first: Life = await opened.enter_async_context(at.worker("one"))
        job = await door.accept(at.wish(), "d1")
        at.anthropic.script = lambda body, number: (
            Reply(latency=3600) if number == CALLS else model(body, number)
        )
        await until(lambda: len(at.anthropic.requests) == CALLS and len(at.anthropic.whole) == 2)
        await opened.enter_async_context(at.worker("two"))
        first.kill()
        at.anthropic.script = model
        began = time.monotonic()
        assert await ended(door, job) is JobState.DONE
        assert time.monotonic() - began < 12
        row = await door.show(job)
        assert row is not None
        assert row.worker == "two"
    assert len(at.anthropic.requests) == CALLS + 1
    assert at.github.posts() == 1
    assert [c["status"] for c in at.github.checks] == ["completed"]


async def test_trap_3_on_postgres_a_name_is_for_one(at: Crew) -> None:
    """The same name again after a kill: it takes its own work up, and nobody else's."""
    async with at.door() as door:
        at.anthropic.script = slow
        async with at.worker("one") as first:
            job = await door.accept(at.wish(), "d1")
            await until(lambda: at.anthropic.running == 2)
            first.kill()
            await first.dead.wait()
        at.anthropic.script = model
        async with at.worker("one"):
            assert await ended(door, job) is JobState.DONE
    assert at.github.posts() == 1
    assert len(at.anthropic.requests) == 2 + CALLS


async def test_several_workers_start_at_once_on_an_empty_database(at: Crew) -> None:
    async with AsyncExitStack() as opened:
        made = await asyncio.gather(
            *(opened.enter_async_context(at.worker(f"w{n}")) for n in range(3))
        )
        assert not any(one.dead.is_set() for one in made)
        async with at.door() as door:
            jobs = [await door.accept(at.wish(n), "d") for n in range(1, 7)]
            assert {await ended(door, job) for job in jobs} == {JobState.DONE}
            rows = await asyncio.gather(*(door.show(job) for job in jobs))
            assert len({row.worker for row in rows if row}) >= 1
    assert all(len(at.github.bodies_of(n)) == 1 for n in range(1, 7))


async def test_who_was_taken_for_dead_ends(tmp_path: Path, cluster: Cluster) -> None:
    """S78: its calls stop, it posts nothing, and its process is told to go."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with world(cluster.database(), tmp_path, slow) as w:
        w.pull()
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2)
        lost = w.crew.locks.lost if w.crew.locks else None
        assert lost is not None
        w.service.at_work.shop.tell(lost.set)  # type: ignore[union-attr]
        await told.wait()
        await until(lambda: w.anthropic.running == 0)
        assert await w.service.ready() == "another worker has taken this one for dead"
        assert (await w.row(job)).state is JobState.RUNNING, "for the one that takes it over"
        assert w.github.posts() == 0
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_what_was_taken_over_is_let_go(w: World) -> None:
    """S78: a worker that was away for a while finds that its job is another's now."""
    w.anthropic.script = slow
    w.pull()
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    await w.service._store.note(job, worker="another")
    await until(lambda: w.anthropic.running == 0)
    assert (await w.row(job)).state is JobState.RUNNING
    assert w.github.posts() == 0


async def test_what_was_taken_over_just_now_is_not_posted(w: World) -> None:
    """S78: the last look is right before the post."""
    w.pull()
    job = ""

    def overtaken(body: dict[str, Any], number: int) -> Reply:
        if number == CALLS:
            with sqlite3.connect(w.app.home / "t.db") as connection:
                connection.execute("update triptych_jobs set worker = 'another'")
            connection.close()
        return model(body, number)

    w.anthropic.script = overtaken
    job = await w.accept(w.wish())
    await until(lambda: w.paid == CALLS)
    await w.rested()
    assert (await w.row(job)).state is JobState.RUNNING
    assert w.github.posts() == 0


async def test_s78_what_is_taken_over_during_the_last_look_at_github_is_not_posted(
    w: World,
) -> None:
    """The database is asked once more when GitHub has answered."""
    w.pull()

    def taken(when: str, what: str) -> bool:
        if (when, len(w.anthropic.whole)) == ("after", CALLS) and what.endswith("/pulls/128"):
            time.sleep(0.2)  # What is asked at the same time has its answer.
            with sqlite3.connect(w.app.home / "t.db") as connection:
                connection.execute("update triptych_jobs set worker = 'another'")
            connection.close()
            hit.append(what)
        return False

    hit: list[str] = []
    w.github.watch = taken
    job = await w.accept(w.wish())
    await until(lambda: hit)
    await w.rested()
    assert (await w.row(job)).state is JobState.RUNNING
    assert w.github.posts() == 0


async def test_s76_a_job_that_breaks_the_server_is_given_up_and_others_go_on(
    womb: Womb, tmp_path: Path
) -> None:
    """Trap 11: lives are counted in our own table, whatever the engine counts."""
    async with crew(f"sqlite:///{tmp_path}/triptych.db", womb, tmp_path) as at:
        poison, other = at.wish(66), at.wish(1)
        deaths = 0
        ids = [job_id(poison), job_id(other)]
        left = [poison, other]
        for _ in range(12):
            async with at.worker() as one:

                def watch(when: str, what: str, one: Life = one) -> bool:
                    if when == "before" and what.endswith("/pulls/66/files"):
                        one.kill()
                        return True
                    return False

                at.github.watch = watch
                with suppress(Died):  # The first may have killed it before the second is taken.
                    while left:
                        await one.accept(left[0])
                        del left[0]
                deaths += 1
                with_end = asyncio.create_task(_both(one, ids))
                await asyncio.wait(
                    [with_end, asyncio.create_task(one.dead.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if with_end.done() and not one.dead.is_set():
                    states = with_end.result()
                    break
                with_end.cancel()
                await asyncio.wait([with_end])
        assert states == ["dead", "done"]
        assert deaths - 1 == 5
        assert len(at.github.bodies_of(1)) == 1
        assert len(at.anthropic.requests) <= CALLS + 2
        told = [
            c["output"]["title"] for c in at.github.checks if c["head_sha"].startswith("4ead66")
        ]
        assert told == ["Skipped: it broke this server 3 times"]


async def _both(one: Life, ids: list[str]) -> list[str]:
    while True:
        rows = [await one.show(job) for job in ids]
        states = [str(row["state"]) for row in rows if row]
        if not {"waiting", "running", "parked"} & set(states):
            return states
        await asyncio.sleep(0.05)


async def test_a_database_that_is_away_is_told_as_such(w: World) -> None:
    """Pages and commands have a sentence for it; a bare failure says nothing to anybody."""

    def away(*_: Any) -> None:
        raise OperationalError("select", None, sqlite3.OperationalError("connection lost"))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", away)
    try:
        asked = (w.service.figures(), w.service.list(), w.service.show("x"), w.service.cancel("x"))
        told = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", away)
    assert [type(t) for t in told] == [JobsProblem] * 4
