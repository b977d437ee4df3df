"""The jobs of one process as doors and operators see them: with a crew that works, or without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from bot.app_settings import AppSettings, read_app_settings
from bot.jobs.blame import BLAME
from bot.jobs.crew import Crew, Outfit, open_crew
from bot.jobs.database import hold_alone, make_home, ready_sqlite
from bot.jobs.durable import Queue
from bot.jobs.intake import Intake
from bot.jobs.loading import ASKS_MODELS, Loading
from bot.jobs.means import JOB_PAUSES
from bot.jobs.protocol import Figures, JobRow, JobsProblem, JobState, Place, Retried, Wish
from bot.jobs.seal_key import compare_seal, seal_key
from bot.jobs.starts import Beside, Elsewhere
from bot.jobs.store import Store
from bot.jobs.tables import ALIVE
from bot.jobs.takeover import REGAIN
from bot.jobs.transactions import AWAY, open_database
from bot.jobs.workshop import Workshop, workshop
from bot.metrics import Metrics
from bot.settings import Settings
from reviewers.core.policy import STATIC

FLUSH = 5.0
"""Seconds by which what other processes see of the last event may be late."""
BEAT = 2.0
"""Seconds that the loop of the reviews may take to answer; with 20 at once it takes half a second."""
REFUSES = (*AWAY, sa.exc.InternalError, OSError)
"""What a database raises that takes nothing in, whatever it is: away, full, or for reading only."""

log = structlog.get_logger("triptych.jobs")


@contextmanager
def _told() -> Iterator[None]:
    """What the database does not do is told as a JobsProblem, for pages and commands to show."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as e:
        raise JobsProblem(
            "The database does not answer.", f"Look whether it runs ({type(e).__name__})."
        ) from e


class AtWork(NamedTuple):
    """A crew and the workshop in whose loop it works; `loading` is what it still needs."""

    shop: Workshop
    crew: Crew
    loading: Loading | None = None


class Service:
    """Implements `Jobs` (bot/jobs/protocol.py) on the database. `at_work` is None where others work."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        app: AppSettings,
        closing: AsyncExitStack,
        at_work: AtWork | None = None,
    ) -> None:
        self._store = store
        self._intake = intake
        self._app = app
        self._closing = closing
        self.at_work = at_work
        self._draining = False
        self._heard = self._written = 0.0
        self._refusals = self._probed = 0
        self._flushing: asyncio.Task[None] | None = None

    async def accept(self, wish: Wish, delivery: str) -> str:
        """See Jobs."""
        try:
            job = await self._intake.accept(wish)
        except JobsProblem as e:
            self._refusals += isinstance(e.__cause__, REFUSES)
            raise
        except asyncio.CancelledError:  # It took longer than GitHub waits.
            self._refusals += 1
            raise
        self._heard = time.time()
        log.info("wish.accepted", kind=type(wish).__name__, delivery=delivery, job=job)
        return job

    async def ready(self) -> str:
        """See Jobs."""
        if self._draining:
            return "the server is stopping"
        if self.at_work and self.at_work.crew.is_lost:
            return "another worker has taken this one for dead"
        if self.at_work and self.at_work.loading and (why := self.at_work.loading.why):
            return why
        try:
            async with asyncio.timeout(BEAT):
                await self.beat()
        except (TimeoutError, JobsProblem):
            return "the reviews do not answer"
        try:
            await self._store.recall("schema")
        except (sa.exc.SQLAlchemyError, OSError) as e:
            return f"the database does not answer ({type(e).__name__})"
        # On a full disk all can still be read (case S75).
        return "the database takes nothing in" if self._refusals > self._probed else ""

    async def beat(self) -> None:
        """See Jobs."""
        if self.at_work:
            await self.at_work.shop.run(asyncio.sleep(0))

    async def figures(self) -> Figures:
        """See Jobs."""
        with _told():
            found = await self._store.figures(self._app.cost_day)
        heard = max(self._heard, found.last_webhook or 0.0)
        return replace(found, last_webhook=heard or None)

    async def list(
        self, limit: int = 50, state: JobState | None = None, outcome: str = ""
    ) -> Sequence[JobRow]:
        """See Jobs."""
        with _told():
            return await self._store.list(limit, state, outcome)

    async def of_pulls(self, places: Sequence[Place]) -> Sequence[JobRow]:
        """See Jobs."""
        with _told():
            return [found.row for found in await self._store.of_pulls(places)]

    async def show(self, job: str) -> JobRow | None:
        """See Jobs."""
        with _told():
            found = await self._store.job(job)
        return found.row if found else None

    async def retry(self, job: str) -> Retried:
        """See Jobs."""
        with _told():
            found = await self._store.job(job)
            if found is None:
                raise KeyError(job)
            if found.row.state in ALIVE:
                return Retried(job, is_new=False)
            return await self._intake.again(found)

    async def cancel(self, job: str) -> bool:
        """See Jobs."""
        with _told():
            return bool(await self._intake.end(JobState.CANCELLED, "cancelled by hand", job=job))

    async def stop(self, seconds: float = 0.0) -> None:
        """Take nothing more in, let what runs end for so many seconds, close everything.

        What is not over by then goes on when somebody starts again.
        """
        self._draining = True
        if self._flushing:
            self._flushing.cancel()
        try:
            if self.at_work:
                await self.at_work.shop.run(self.at_work.crew.stop(seconds))
        finally:
            await self._closing.aclose()

    def begin(self) -> None:
        """Tell other processes from now on when an event came last; and see when the database takes
        something in again that had refused to.
        """
        self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            heard, refusals = self._heard, self._refusals
            try:
                if heard > self._written:
                    await self._store.remember("last_webhook", f"{heard:.3f}")
                    self._written = heard
                if refusals > self._probed:
                    await self._store.remember("probe", f"{time.time():.3f}")
                    self._probed = refusals
            except (sa.exc.SQLAlchemyError, OSError) as e:
                self._refusals += isinstance(e, REFUSES)
                log.warning("round.failed", why=type(e).__name__)


async def start(
    settings: Settings,
    app: AppSettings,
    *,
    worker: bool,
    metrics: Metrics | None = None,
    read: Callable[[], AppSettings] = read_app_settings,
    pauses: Sequence[float] = JOB_PAUSES,
    regain: float = REGAIN,
    blame: float = BLAME,
) -> Service:
    """The jobs of this process. With `worker` it does the work, else it hands it over: on Postgres to
    any worker, with a SQLite file to the one on this machine that has it.

    For what else is handed in see Outfit (bot/jobs/crew.py). ConfigProblem where the database cannot
    be used.
    """
    ready_sqlite()
    make_home(app)
    if not worker:
        beside = await connect(app)
        beside.begin()
        return beside
    asks = settings.has_model and app.engine != STATIC
    loading = Loading(ASKS_MODELS) if asks else None
    async with AsyncExitStack() as opened:
        if lock := hold_alone(app):
            opened.callback(lock.close)
        database = open_database(app)
        opened.push_async_callback(database.close)
        store = Store(database)
        await compare_seal(store, seal_key(app))
        shop = await opened.enter_async_context(workshop())
        crew = await shop.run(
            open_crew(Outfit(settings, app, metrics, read, pauses, regain, blame), database)
        )
        intake = Intake(store, Beside(shop, crew.starts), app)
        intake.tell(lambda jobs: shop.tell(lambda: crew.worker.stop(jobs)))
        service = Service(store, intake, app, opened.pop_all(), AtWork(shop, crew, loading))
        service.begin()
        return service


async def connect(app: AppSettings) -> Service:
    """The jobs as seen from beside: a door without a worker, or the operator's commands."""
    ready_sqlite()
    async with AsyncExitStack() as opened:
        store = Store(open_database(app))
        opened.push_async_callback(store.close)
        queue = Queue(app)
        opened.push_async_callback(queue.close)
        return Service(store, Intake(store, Elsewhere(store, queue), app), app, opened.pop_all())
