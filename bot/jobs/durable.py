"""The durable engine: the only importer of DBOS, with its traps closed (facts/durable.md, section 4).

It sees to it that accepted work goes on: after a crash, on another machine, later. What became of a
job is written in our own tables; the engine's rows hold job ids and the kept answers of models.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    EnqueueOptions,
    Serializer,
    SetEnqueueOptions,
    SetWorkflowID,
    StepReservation,
)
from dbos._error import DBOSException as DurableError
from dbos._serialization import DBOSDefaultSerializer

from bot.app_settings import AppSettings
from bot.jobs.database import engine_url

NAME = "triptych"
VERSION = "jobs-1"
"""Constant: with another one every unfinished job would lie there for ever (trap 4). It changes only
with the order of a job's steps."""
ONE = "one"
"""The executor on SQLite, where there is only one."""
THREADS = 8
SETTLING = 10.0
"""Seconds that work which is cancelled has for putting things in order."""
POLL_ALONE, POLL_SHARED = 1.0, 0.5
"""Seconds between looks into the queue. Alone a job is started at once and the queue holds only what
waits; with other machines it is how work gets there."""
LISTEN = 0.05
"""Seconds of sleep of the engine's listener for messages, which we send none: with nothing to look for it
asks no database, and the end of a process waits for it (_notification_listener_polling of DBOS)."""
ALIVE = ["ENQUEUED", "DELAYED", "PENDING"]

__all__ = [
    "Durable",
    "DurableError",
    "Queue",
    "Start",
    "StepReservation",
    "is_begun_by",
    "keep",
    "refuse_pickle",
    "reserved",
]

_FAULT = "triptych_fault"
MOST_WORDS = 500
"""Characters that are kept of an exception."""

Work = Callable[[str], Coroutine[Any, Any, str]]
Step = Callable[[], Coroutine[Any, Any, Mapping[str, Any]]]


class FaultError(Exception):
    """What a step of an earlier life has raised, in its words."""


class Json(Serializer):
    """Plain JSON for everything that is stored; of an exception its words, so that another one, that it
    is no JSON, does not take its place.
    """

    def serialize(self, data: Any) -> str:
        """Values as text; what is no plain value is a fault of ours."""
        if isinstance(data, BaseException):
            return json.dumps({_FAULT: f"{type(data).__name__}: {data}"[:MOST_WORDS]})
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        """Text as values."""
        data = json.loads(serialized_data)
        is_fault = isinstance(data, dict) and set(data) == {_FAULT}
        return FaultError(str(data[_FAULT])) if is_fault else data

    def name(self) -> str:
        """The mark of its rows."""
        return "triptych_json"


def refuse_pickle() -> None:
    """A row may say that it is pickled whatever serializer is set; reading it would run it (trap 6)."""

    def refuse(_self: object, _text: str) -> Any:
        raise ValueError("a pickled row was refused")

    type(DBOSDefaultSerializer).deserialize = refuse  # type: ignore[method-assign, assignment]


@dataclass(frozen=True, slots=True)
class Start:
    """How a job is to be started: now and here, or by whoever is free, the smaller `priority` first,
    not before `delay` seconds.
    """

    here: bool = False
    priority: int = 1
    delay: float = 0.0


class Durable:
    """A process that does work: DBOS, launched in the running event loop."""

    def __init__(self, settings: AppSettings, executor: str) -> None:
        self._settings = settings
        self._executor = ONE if settings.on_sqlite else executor
        self._started: dict[str, Any] = {}
        self._at_work: set[asyncio.Task[Any]] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._turn = asyncio.Lock()

    async def launch(self, works: Mapping[str, Work], at_once: Mapping[str, int]) -> None:
        """Make the tables, take up what an earlier life of this executor left, listen.

        `works` are the kinds of work by name, each with a queue of that name: one kind may wait for
        another, so they do not share one. `at_once` is how many of each this process takes from it.
        """
        refuse_pickle()
        _quiet()
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": engine_url(self._settings),
            "serializer": Json(),
            "application_version": VERSION,
            "executor_id": self._executor,
            "max_executor_threads": THREADS,
            "scheduler_polling_interval_sec": 3600.0,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": LISTEN,
            "log_level": "ERROR",
        }
        DBOS(config=config)
        for name, work in works.items():
            self._started[name] = DBOS.workflow(name=name, max_recovery_attempts=None)(
                self._function(work)
            )
        DBOS.launch()
        poll = POLL_ALONE if self._settings.on_sqlite else POLL_SHARED
        for name in works:
            await DBOS.register_queue_async(
                name,
                worker_concurrency=at_once[name],
                polling_interval_sec=poll,
                on_conflict="always_update",
            )

    def _function(self, work: Work) -> Work:
        """DBOS marks the functions that it is given; methods cannot be marked."""

        async def run(job: str) -> str:
            task = asyncio.current_task()
            assert task is not None, "the engine runs its work in tasks"
            if self._stopping:
                raise asyncio.CancelledError  # It stays as it is for the next start.
            # Until the engine has written down how it ended.
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
            # Where the process ends, what goes wrong in putting things in order must not take the place
            # of that: the engine would write down a failure, and the work would be lost.
            (end,) = await asyncio.gather(work(job), return_exceptions=True)
            if isinstance(end, BaseException):
                raise end
            return end

        return run

    async def start(self, work: str, job: str, run: str, how: Start) -> None:
        """Durable on return; the same `run` twice is once.

        Work that starts other work is no parent of it: the engine would number the start as a step of
        its own, and fail when a later life of it takes another way.
        """
        starting = asyncio.create_task(
            self._begin(self._started[work], work, job, run, how), context=contextvars.Context()
        )
        # To its end, also where nobody waits for it any more: the row that says that the run has begun
        # may be written already, and without its task the job would lie there until the next start.
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        await asyncio.shield(starting)

    async def _begin(self, function: Any, work: str, job: str, run: str, how: Start) -> None:
        async with (
            self._turn
        ):  # SQLite lets writers that meet sleep: one after the other is sooner.
            await self._put(function, work, job, run, how)

    async def _put(self, function: Any, work: str, job: str, run: str, how: Start) -> None:
        if how.here:
            with SetWorkflowID(run):
                await DBOS.start_workflow_async(function, job)
            return
        delay = how.delay or None
        with SetWorkflowID(run), SetEnqueueOptions(priority=how.priority, delay_seconds=delay):
            await DBOS.enqueue_workflow_async(work, function, job)

    async def missing(self, runs: Sequence[str]) -> tuple[str, ...]:
        """Which of some runs the engine does not work on: never started, or ended."""
        found = await DBOS.list_workflows_async(
            workflow_ids=list(runs), status=ALIVE, load_input=False, load_output=False
        )
        return _not_among(runs, found)

    async def forget(self, runs: Sequence[str]) -> None:
        """Delete all that is stored of some runs, kept answers included."""
        if runs:
            await DBOS.delete_workflows_async(list(runs))

    async def forget_named(self, beginnings: Sequence[str]) -> None:
        """The same for all runs whose names begin so."""
        found = await DBOS.list_workflows_async(
            workflow_id_prefix=list(beginnings), load_input=False, load_output=False
        )
        await self.forget([w.workflow_id for w in found])

    async def old(self, before: float, work: str) -> tuple[str, ...]:
        """Runs of some work that ended before a time (seconds since the epoch)."""
        until = datetime.fromtimestamp(before, UTC).isoformat()
        done = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        found = await DBOS.list_workflows_async(
            name=work,
            status=done,
            completed_before=until,
            limit=2000,
            load_input=False,
            load_output=False,
        )
        return tuple(w.workflow_id for w in found)

    async def held_by(self) -> dict[str, list[tuple[str, str]]]:
        """What other executors have begun: their ids, with the work and the runs of each."""
        found = await DBOS.list_workflows_async(
            status="PENDING", load_input=False, load_output=False
        )
        held: dict[str, list[tuple[str, str]]] = {}
        for run in found:
            if run.executor_id and run.executor_id != self._executor:
                held.setdefault(run.executor_id, []).append((run.name, run.workflow_id))
        return held

    async def take_over(self, runs: Sequence[tuple[str, str]]) -> None:
        """Put the runs of a dead executor back into the queues (trap 2)."""
        for work, run in runs:
            await DBOS.resume_workflow_async(run, queue_name=work)

    async def rest(self, seconds: float = 0.0) -> None:
        """Begin nothing more, let what runs end for so many seconds, then cancel it.

        What is cancelled stays begun in the database, and goes on with the next start.
        """
        self._stopping = True
        if self._starting:
            await asyncio.wait(self._starting, timeout=SETTLING)
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=seconds)
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=SETTLING)

    async def stop(self) -> None:
        """Close everything. Whoever needs threads of the event loop must have ended before."""
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)


class Queue:
    """A process that only hands work over: a door beside workers, or the operator's commands."""

    def __init__(self, settings: AppSettings) -> None:
        refuse_pickle()
        _quiet()
        DBOS.migrate(engine_url(settings))  # A door may be the first that sees the database.
        self._client = DBOSClient(
            system_database_url=engine_url(settings), serializer=Json(), application_name=NAME
        )

    async def start(self, work: str, job: str, run: str, how: Start) -> None:
        """As for Durable; never here."""
        options: EnqueueOptions = {
            "workflow_name": work,
            "queue_name": work,
            "workflow_id": run,
            "app_version": VERSION,
            "priority": how.priority,
        }
        if how.delay:
            options["delay_seconds"] = how.delay
        await self._client.enqueue_async(options, job)

    async def missing(self, runs: Sequence[str]) -> tuple[str, ...]:
        """As for Durable."""
        found = await self._client.list_workflows_async(
            workflow_ids=list(runs), status=ALIVE, load_input=False, load_output=False
        )
        return _not_among(runs, found)

    async def forget(self, runs: Sequence[str]) -> None:
        """Delete all that is stored of some runs."""
        if runs:
            await self._client.delete_workflows_async(list(runs))

    async def forget_named(self, beginnings: Sequence[str]) -> None:
        """The same for all runs whose names begin so."""
        found = await self._client.list_workflows_async(
            workflow_id_prefix=list(beginnings), load_input=False, load_output=False
        )
        await self.forget([w.workflow_id for w in found])

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self._client.destroy)


def reserved(number: int) -> tuple[StepReservation, ...]:
    """Places for so many steps of the running job, in order, before any of them begins.

    Steps that draw their numbers while they run side by side get each other's results after a
    crash (trap 1).
    """
    return tuple(DBOS.reserve_step() for _ in range(number))


async def keep(place: StepReservation, name: str, step: Step) -> Mapping[str, Any]:
    """The step's value: from the database where it was done before, else by doing it."""
    found: Mapping[str, Any] = await place.run_async({"name": name}, step)
    return found


async def is_begun_by(life: str) -> bool:
    """Whether the running work was begun by this life of the process, which has a name of its own: an
    earlier one may have done any part of it. To be asked before any other step.
    """

    async def mine() -> Mapping[str, Any]:
        return {"life": life}

    (place,) = reserved(1)
    return (await keep(place, "life", mine)).get("life") == life


def _not_among(runs: Sequence[str], alive: Sequence[Any]) -> tuple[str, ...]:
    there = {w.workflow_id for w in alive}
    return tuple(r for r in runs if r not in there)


def _quiet() -> None:
    """DBOS advertises and warns of SQLite at each start; its errors stay (trap 13)."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
