"""All that works in one process: the engine, the reviews, the orders, and what goes on by itself.

It lives in one event loop, that of the workshop (bot/jobs/workshop.py).
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from os import getpid

import psycopg
import sqlalchemy as sa
import structlog

from bot.app_settings import AppSettings, read_app_settings
from bot.jobs.access import AppAccess
from bot.jobs.blame import BLAME
from bot.jobs.copies import drop_copies
from bot.jobs.database import sqlite_file
from bot.jobs.drafts import Drafts
from bot.jobs.durable import Durable, DurableError, is_begun_by
from bot.jobs.endings import Endings
from bot.jobs.intake import Intake
from bot.jobs.limits import Chores, Limits
from bot.jobs.means import JOB_PAUSES, Means
from bot.jobs.orders import Orders
from bot.jobs.seal_key import seal_key
from bot.jobs.spending import DAY, DayLimits
from bot.jobs.starts import COMMAND, REVIEW, Here
from bot.jobs.store import Store
from bot.jobs.takeover import REGAIN, SWEEP, LostNameError, PostgresLocks, hold_name, sweep
from bot.jobs.transactions import Transactions
from bot.jobs.worker import Worker
from bot.metrics import Metrics
from bot.settings import Settings
from reviewers.core.call import Look
from reviewers.core.policy import STATIC

LOOK = 0.5
"""Seconds between two looks whether running jobs were ended by another process."""
UNSTARTED = 60.0
"""So old a job must be that somebody works on; younger ones may be about to be started."""
UNCLOSED = 120.0
"""Seconds between two tries to end check runs that could not be ended with their jobs."""
TIDY = 600.0
"""Seconds between two rounds of forgetting."""
TAKEN_FOR_EACH_SEAT = 2
"""Jobs that a process takes from the queue for each of its seats: those that wait for GitHub's limits
give their seats to others (case S14).
"""
COMMANDS_AT_ONCE = 100
"""Orders in comments that a process takes from the queue: most of them only wait for a review."""
ENGINE_KEEPS = 3 * DAY
"""How long the engine's own rows stay: so long GitHub can deliver an event again."""

PASSING = (sa.exc.SQLAlchemyError, psycopg.Error, OSError, DurableError, LostNameError)
"""What the database may refuse this time and take the next."""

log = structlog.get_logger("triptych.jobs")


@dataclass(frozen=True)
class Outfit:
    """What a crew is made for. `metrics` counts calls and jobs, `read` reads the settings anew when
    GitHub refuses the key; `pauses` are the seconds between the tries of a job while GitHub does not
    answer; for `regain` see PostgresLocks, for `blame` bot/jobs/blame.py.
    """

    settings: Settings
    app: AppSettings
    metrics: Metrics | None = None
    read: Callable[[], AppSettings] = read_app_settings
    pauses: Sequence[float] = JOB_PAUSES
    regain: float = REGAIN
    blame: float = BLAME


@dataclass
class Crew:
    """A process at work. `starts` is how work is begun in it, `closing` what it holds open."""

    app: AppSettings
    store: Store
    durable: Durable
    starts: Here
    worker: Worker
    endings: Endings
    intake: Intake
    locks: PostgresLocks | None
    closing: AsyncExitStack
    is_lost: bool = False
    _tasks: list[asyncio.Task[object]] = field(default_factory=list)

    async def begin(self) -> None:
        """Start what has to be looked after from now on, with what an earlier life left unstarted."""
        chores = Chores(self.locks)
        rounds: list[tuple[float, Callable[[], Awaitable[object]]]] = [
            (LOOK, self._look),
            (TIDY, lambda: chores.do("tidy", self.tidy)),
            (UNSTARTED, lambda: chores.do("see to", self.see_to)),
            (UNCLOSED, lambda: chores.do("close", lambda: self.endings.close_checks(time.time()))),
        ]
        if locks := self.locks:
            rounds.append((SWEEP, lambda: sweep(self.durable, locks)))
            self._tasks.append(asyncio.create_task(self._watch(locks)))
        else:  # Nobody else can be about to start one.
            await _tried(self.see_to(0.0))
        self._tasks += [asyncio.create_task(_again(pause, work)) for pause, work in rounds]

    async def stop(self, seconds: float = 0.0) -> None:
        """Begin nothing more, let what runs end for so many seconds, close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if seconds and (begun := self.worker.begun):
            log.info("stop.waits", jobs=sorted(begun), seconds=seconds)
        await self.durable.rest(seconds)
        await self.closing.aclose()

    async def see_to(self, age: float = UNSTARTED) -> None:
        """A job of that age whose start was lost, or whose run broke, is started again."""
        jobs = {j.row.id: j for j in await self.store.unfinished(time.time() - age)}
        for job in await self.durable.missing(list(jobs)) if jobs else ():
            log.warning("job.unstarted", job=job)
            await _tried(self.intake.restarted(jobs[job]), job)

    async def _watch(self, locks: PostgresLocks) -> None:
        """While the database could not be reached another worker took this one's work over: stop it,
        and this process, whose name in the engine cannot be changed.
        """
        await locks.lost.wait()
        self.is_lost = True
        log.error("worker.lost")
        await self.durable.rest()
        signal.raise_signal(signal.SIGTERM)

    async def _look(self) -> None:
        """Stop what others have ended or taken over."""
        if begun := self.worker.begun:
            self.worker.stop(await self.store.not_of(self.worker.name, begun))

    async def tidy(self) -> None:
        """Forget what is older than the operator wants to keep, and the engine's rows before that."""
        now = time.time()
        kept = now - self.app.retention_days * DAY
        await self.durable.forget(await self.store.forgetting.aged(kept))
        await self.durable.forget(await self.durable.old(now - ENGINE_KEEPS, REVIEW))
        await self.durable.forget(await self.durable.old(kept, COMMAND))
        if self.app.on_sqlite:
            await asyncio.to_thread(drop_copies, sqlite_file(self.app), now)


async def _again(pause: float, work: Callable[[], Awaitable[object]]) -> None:
    """The same work again and again."""
    while True:
        await asyncio.sleep(pause)
        await _tried(work())


async def _tried(work: Awaitable[object], of: str = "") -> None:
    """What fails this time is tried again in the next round, whatever it was: there is no other net."""
    (end,) = await asyncio.gather(work, return_exceptions=True)
    if isinstance(end, PASSING):
        log.warning("round.failed", job=of, why=type(end).__name__)
    elif isinstance(end, Exception):
        log.error("round.failed", job=of, exc_info=end)


async def open_crew(outfit: Outfit, database: Transactions) -> Crew:
    """A crew at work, in the loop in which this is awaited. ConfigProblem where the database cannot be
    used.
    """
    app = outfit.app
    name = app.worker or f"{socket.gethostname()}-{getpid()}-{secrets.token_hex(3)}"
    async with AsyncExitStack() as opened:
        store, patient = Store(database), Store(database, patient=True)
        locks = None if app.on_sqlite else await hold_name(app, name, regain=outfit.regain)
        if locks:
            opened.push_async_callback(locks.close)
        durable = Durable(app, name)
        opened.push_async_callback(durable.stop)
        watched = outfit.metrics.github_call if outfit.metrics else None
        access = AppAccess(outfit.settings, app, outfit.read, watched)
        opened.push_async_callback(access.close)
        limits = Limits(app, locks)
        means = _means(outfit, patient, limits, access, name)
        starts = Here(store, durable, limits)
        intake = Intake(store, starts, app)
        worker = Worker(means, intake.accept, intake.skipped)
        intake.tell(worker.stop)
        life = secrets.token_hex(8)
        orders = Orders(
            patient,
            access,
            intake.accept,
            pauses=outfit.pauses,
            asks=outfit.settings.has_model and app.engine != STATIC,
            is_first=lambda: is_begun_by(life),
        )
        drafts = Drafts(access, intake.stopped, orders.run, outfit.pauses)
        await durable.launch(
            {REVIEW: worker.review, COMMAND: drafts.run},
            {REVIEW: TAKEN_FOR_EACH_SEAT * app.reviews_at_once, COMMAND: COMMANDS_AT_ONCE},
        )
        crew = Crew(
            app, store, durable, starts, worker, Endings(means), intake, locks, opened.pop_all()
        )
        await crew.begin()
        return crew


def _means(outfit: Outfit, store: Store, limits: Limits, access: AppAccess, name: str) -> Means:
    app = outfit.app
    settings = replace(outfit.settings, more_secrets=outfit.settings.more_secrets | app.secrets)
    means = Means(
        store=store,
        limits=limits,
        access=access,
        settings=settings,
        key=seal_key(app),
        worker=name,
        secrets=settings.secrets,
        day=DayLimits(app.cost_day, app.cost_day_installation, app.cost_day_repository),
        engine=app.engine,
        pauses=outfit.pauses,
        blame=outfit.blame,
    )
    if outfit.metrics is None:
        return means
    return replace(means, called=_counting(outfit.metrics), ended=outfit.metrics.job)


def _counting(metrics: Metrics) -> Callable[[Look], None]:
    def called(look: Look) -> None:
        metrics.model_call(look.model, look.reading, look.usage, look.cost, look.seconds)

    return called
