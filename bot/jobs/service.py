"""The jobs of one process, put together: a worker, or only the way to hand work over."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib import import_module

import psycopg
import sqlalchemy as sa
import structlog

from bot.app_settings import AppSettings, read_app_settings
from bot.jobs.access import AppAccess
from bot.jobs.database import hold_alone, make_home, ready_sqlite
from bot.jobs.durable import Durable, DurableError, Queue
from bot.jobs.endings import Endings
from bot.jobs.intake import COMMAND, REVIEW, Intake
from bot.jobs.limits import Chores, Limits
from bot.jobs.means import PAUSES, Means
from bot.jobs.orders import Orders
from bot.jobs.protocol import Figures, JobRow, JobState, Wish
from bot.jobs.seal_key import seal_key
from bot.jobs.spending import DAY
from bot.jobs.store import Store
from bot.jobs.takeover import SWEEP, LostNameError, PostgresLocks, hold_name, sweep
from bot.jobs.transactions import open_database
from bot.jobs.worker import Worker
from bot.metrics import Metrics
from bot.settings import Settings
from reviewers.core.call import Look
from reviewers.core.policy import STATIC

LOOK = 0.5
"""Seconds between two looks whether running jobs were ended by another process."""
FLUSH = 5.0
"""Seconds by which what other processes see of the last event may be late."""
UNSTARTED = 60.0
"""So old a job must be that somebody works on; younger ones may be about to be started."""
UNCLOSED = 120.0
"""Seconds between two tries to end check runs that could not be ended with their jobs."""
TIDY = 600.0
"""Seconds between two rounds of forgetting and of looking for jobs that nobody works on."""
TAKEN_FOR_EACH_SEAT = 2
"""Jobs that a process takes from the queue for each of its seats: those that wait for GitHub's limits
give their seats to others (case S14).
"""
COMMANDS_AT_ONCE = 100
"""Orders in comments that a process takes from the queue: most of them only wait for a review."""
ENGINE_KEEPS = 3 * DAY
"""How long the engine's own rows stay: so long GitHub can deliver an event again."""

_BESIDE: set[asyncio.Task[object]] = set()
"""Tasks that nobody waits for; a task that is held nowhere may vanish."""

log = structlog.get_logger("triptych.jobs")


class Service:
    """Implements `Jobs` (bot/jobs/protocol.py) on the database."""

    def __init__(
        self, store: Store, intake: Intake, app: AppSettings, closing: AsyncExitStack
    ) -> None:
        self._store = store
        self._intake = intake
        self._app = app
        self._closing = closing
        self._draining = False
        self._heard = self._written = 0.0
        self._tasks: list[asyncio.Task[object]] = []
        self._durable: Durable | None = None
        self._locks: PostgresLocks | None = None
        self._endings: Endings | None = None
        self._lost = False

    async def accept(self, wish: Wish, delivery: str) -> str:
        """See Jobs."""
        job = await self._intake.accept(wish)
        self._heard = time.time()
        log.info("wish.accepted", kind=type(wish).__name__, delivery=delivery, job=job)
        return job

    async def ready(self) -> str:
        """See Jobs."""
        if self._draining:
            return "the server is stopping"
        if self._lost:
            return "another worker has taken this one for dead"
        try:
            await self._store.recall("schema")
        except (sa.exc.SQLAlchemyError, OSError) as e:
            return f"the database does not answer ({type(e).__name__})"
        return ""

    async def figures(self) -> Figures:
        """See Jobs."""
        found = await self._store.figures(self._app.cost_day)
        heard = max(self._heard, found.last_webhook or 0.0)
        return replace(found, last_webhook=heard or None)

    async def list(self, limit: int = 50, state: JobState | None = None) -> Sequence[JobRow]:
        """See Jobs."""
        return await self._store.list(limit, state)

    async def show(self, job: str) -> JobRow | None:
        """See Jobs."""
        found = await self._store.job(job)
        return found.row if found else None

    async def retry(self, job: str) -> str:
        """See Jobs."""
        found = await self._store.job(job)
        if found is None:
            raise KeyError(job)
        return await self._intake.again(found)

    async def cancel(self, job: str) -> bool:
        """See Jobs."""
        return bool(await self._intake.end(JobState.CANCELLED, "cancelled by hand", job=job))

    async def stop(self, seconds: float = 0.0) -> None:
        """Take nothing more in, let what runs end for so many seconds, close everything.

        What is not over by then goes on when somebody starts again.
        """
        self._draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._durable is not None:
            await self._durable.rest(seconds)
        await self._closing.aclose()

    # --- what goes on by itself in a process that works

    def begin(
        self, durable: Durable, worker: Worker, endings: Endings, locks: PostgresLocks | None
    ) -> None:
        """Start what has to be looked after from now on."""
        self._durable, self._locks, self._endings = durable, locks, endings
        chores = Chores(locks)
        rounds: list[tuple[float, Callable[[], Awaitable[object]]]] = [
            (LOOK, lambda: self._look(worker)),
            (TIDY, lambda: chores.do("tidy", lambda: self._tidy(durable))),
            (UNSTARTED, lambda: chores.do("see to", lambda: self._see_to(durable))),
            (UNCLOSED, lambda: chores.do("close", lambda: endings.close_checks(time.time()))),
        ]
        if locks is not None:
            rounds.append((SWEEP, lambda: sweep(durable, locks)))
        self._tasks += [asyncio.create_task(_again(pause, work)) for pause, work in rounds]
        if locks is not None:
            self._tasks.append(asyncio.create_task(self._watch(durable, locks)))

    async def _watch(self, durable: Durable, locks: PostgresLocks) -> None:
        """While the database could not be reached another worker took this one's work over: stop it,
        and this process, whose name in the engine cannot be changed.
        """
        await locks.lost.wait()
        self._lost = True
        log.error("worker.lost")
        await durable.rest()
        signal.raise_signal(signal.SIGTERM)

    async def _look(self, worker: Worker) -> None:
        """Stop what others have ended or taken over; write down when an event came last, for them."""
        if self._heard > self._written + FLUSH:
            self._written = self._heard
            await self._store.remember("last_webhook", f"{self._heard:.3f}")
        if worker.begun:
            worker.stop(await self._store.not_of(worker.name, worker.begun))

    async def _see_to(self, durable: Durable) -> None:
        """A job whose start was lost between two writes, or whose run broke, is started again."""
        jobs = {j.row.id: j for j in await self._store.unfinished(time.time() - UNSTARTED)}
        for job in await durable.missing(list(jobs)) if jobs else ():
            log.warning("job.unstarted", job=job)
            await self._intake.restarted(jobs[job])

    async def _tidy(self, durable: Durable) -> None:
        """Forget what is older than the operator wants to keep, and the engine's rows before that."""
        now = time.time()
        await durable.forget(await self._store.forget(now - self._app.retention_days * DAY))
        await durable.forget(await durable.old(now - ENGINE_KEEPS, REVIEW))
        await durable.forget(await durable.old(now - self._app.retention_days * DAY, COMMAND))


async def _again(pause: float, work: Callable[[], Awaitable[object]]) -> None:
    """The same work again and again; what the database refuses this time, it may take the next."""
    while True:
        await asyncio.sleep(pause)
        try:
            await work()
        except (sa.exc.SQLAlchemyError, psycopg.Error, OSError, DurableError, LostNameError) as e:
            log.warning("round.failed", why=type(e).__name__)


async def start(
    settings: Settings,
    app: AppSettings,
    *,
    worker: bool,
    metrics: Metrics | None = None,
    read: Callable[[], AppSettings] = read_app_settings,
    pauses: Sequence[float] = PAUSES,
) -> Service:
    """The jobs of this process. With `worker` it does the work, else it hands it over (Postgres only).

    `metrics` counts calls and jobs, `read` reads the settings anew when GitHub refuses the key;
    `pauses` are the seconds between the tries of a job while GitHub does not answer.
    ConfigProblem where the database cannot be used.
    """
    ready_sqlite()
    make_home(app)
    if not worker:
        return await connect(app)
    if settings.has_model and app.engine != STATIC:
        # What asks models takes a second to load: beside all that follows, not in a review's time.
        loading = asyncio.to_thread(import_module, "reviewers.engines.claude.engine")
        _BESIDE.add(task := asyncio.create_task(loading))
        task.add_done_callback(_BESIDE.discard)
    name = app.worker or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as opened:
        if lock := hold_alone(app):
            opened.callback(lock.close)
        database = open_database(app)
        opened.push_async_callback(database.close)
        store, patient = Store(database), Store(database, patient=True)
        locks = None if app.on_sqlite else await hold_name(app, name)
        if locks:
            opened.push_async_callback(locks.close)
        durable = Durable(app, name)
        opened.push_async_callback(durable.stop)
        access = AppAccess(settings, app, read, metrics.github_call if metrics else None)
        opened.push_async_callback(access.close)
        limits = Limits(app, locks)
        means = replace(_means(settings, app, patient, limits, access, name), pauses=pauses)
        if metrics:
            means = replace(means, called=_counting(metrics), ended=metrics.job)
        intake = Intake(store, durable, app, limits)
        doing = Worker(means, intake.accept)
        orders = Orders(patient, access, intake.accept, pauses=pauses)
        intake.tell(doing.stop)
        await durable.launch(
            {REVIEW: doing.review, COMMAND: orders.run},
            {REVIEW: TAKEN_FOR_EACH_SEAT * app.reviews_at_once, COMMAND: COMMANDS_AT_ONCE},
        )
        service = Service(store, intake, app, opened.pop_all())
        service.begin(durable, doing, Endings(means), locks)
        return service


def _counting(metrics: Metrics) -> Callable[[Look], None]:
    def called(look: Look) -> None:
        metrics.model_call(look.model, look.reading, look.usage, look.cost, look.seconds)

    return called


def _means(
    settings: Settings,
    app: AppSettings,
    store: Store,
    limits: Limits,
    access: AppAccess,
    name: str,
) -> Means:
    hidden = replace(settings, more_secrets=settings.more_secrets | app.secrets)
    return Means(
        store=store,
        limits=limits,
        access=access,
        settings=hidden,
        key=seal_key(app),
        worker=name,
        secrets=hidden.secrets,
        cost_day=app.cost_day,
        cost_day_installation=app.cost_day_installation,
        engine=app.engine,
    )


async def connect(app: AppSettings) -> Service:
    """The jobs as seen from beside: a door without a worker, or the operator's commands."""
    ready_sqlite()
    async with AsyncExitStack() as opened:
        store = Store(open_database(app))
        opened.push_async_callback(store.close)
        queue = Queue(app)
        opened.push_async_callback(queue.close)
        return Service(store, Intake(store, queue, app), app, opened.pop_all())
