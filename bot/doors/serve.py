"""`triptych serve` and `triptych worker`: one process from its environment to its orderly end.

At the start the process hides from its children (case S84) and takes the secrets out of their sight.
At the end, on SIGTERM, it says that it is not ready, lets requests finish, gives the jobs 25 s to
reach a checkpoint, and ends with 0 (case S74). A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

import structlog
from aiohttp import web, web_response

from bot.app_settings import AppSettings, read_app_settings
from bot.doors.binding import place, why_not
from bot.doors.late import LateJobs, Service
from bot.doors.scrape import bind_of, start_scrape
from bot.doors.signature import MIB
from bot.doors.state import ServerState
from bot.doors.webhook import make_door
from bot.errors import ConfigProblem, UsageProblem
from bot.hosts.identity import sign
from bot.logs import own_secrets, start_logging
from bot.metrics import Metrics
from bot.settings import Settings, read_settings
from bot.variables import slip_of, unknown
from reviewers.core.policy import CLAUDE
from reviewers.engines.static.sandbox import hide_ourselves

DRAIN_SECONDS = 25.0
REQUEST_SECONDS = 3.0
"""For requests that are being answered when the server is told to stop."""
IDLE_SECONDS = 30.0
"""A connection may be silent for so long, before and between requests."""
LINGER_SECONDS = 5.0
"""So long the rest of a refused body is thrown away, so that its sender hears the refusal."""

_STOPPING = {
    "wait": DRAIN_SECONDS,
    "note": "running reviews may end; the rest goes on with the next start; a second signal ends at once",
}

SECRETS = (
    *("TRIPTYCH_APP_PRIVATE_KEY", "TRIPTYCH_WEBHOOK_SECRET", "TRIPTYCH_OPERATOR_TOKEN"),
    *("TRIPTYCH_SEAL_KEY", "TRIPTYCH_DATABASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    *("GITHUB_TOKEN", "GH_TOKEN"),
)
"""Variables that no child inherits. A platform's own credentials (AWS_…) stay: their library reads
them later; analysers get an empty environment in any case."""


@dataclass(frozen=True)
class House:
    """What whoever adds routes or jobs may use.

    `reload` reads the App's settings again and starts the jobs if there were none: for the setup
    page, after it has written the App's file. `address` is where a browser gets in: the public one
    if it is known, else that of this machine.
    """

    settings: Settings
    state: ServerState
    metrics: Metrics
    address: str
    reload: Callable[[], Awaitable[None]]


_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""From <malloc.h>."""
SHARE = 0.001
"""Seconds that a thread keeps the interpreter from others (Python's default: 0.005). The door asks for
it some ten times an event, and reviews always want it: tests/bench/load.py.
"""


class Start(Protocol):
    """Starts the durable jobs."""

    async def __call__(
        self,
        settings: Settings,
        app: AppSettings,
        *,
        worker: bool,
        metrics: Metrics | None = None,
        read: Callable[[], AppSettings] = read_app_settings,
    ) -> Service:
        """They run on return; `worker` tells whether this process does reviews, too. `read` gives the
        App's settings anew, for a key that was replaced.
        """
        ...


More = Callable[[House], Iterable[web.AbstractRouteDef]]
"""Further routes: setup, status pages."""


def no_more(_: House) -> Iterable[web.AbstractRouteDef]:
    """No further routes."""
    return ()


Listening = Callable[[Settings, Callable[[], AppSettings]], Awaitable[object]]
"""What is done when the door of a configured App is open, at once and then every hour."""
NEWS_SECONDS = 3600.0


async def no_news(_: Settings, _read: Callable[[], AppSettings]) -> None:
    """Nothing is done."""


def serve(
    host: str,
    port: int,
    *,
    worker: bool,
    start: Start,
    more: More = no_more,
    listening: Listening = no_news,
) -> None:
    """Answer GitHub until told to stop; with `worker` do the reviews in this process, too."""
    _run(lambda plan: _serving(plan, host, port, worker, start, more, listening))


def work(*, start: Start) -> None:
    """Do reviews that other processes took in, until told to stop."""
    _run(lambda plan: _working(plan, start))


@dataclass(frozen=True)
class _Plan:
    """The environment as it was at the start, and what was read from it."""

    env: Mapping[str, str]
    settings: Settings
    app: AppSettings
    metrics: Metrics

    def read_app(self) -> AppSettings:
        """The App's settings anew: files may have changed. The variables themselves are gone."""
        return read_app_settings(self.env)


def _run(main: Callable[[_Plan], Awaitable[None]]) -> None:
    hide_ourselves()
    _give_memory_back()
    sys.setswitchinterval(SHARE)
    env = dict(os.environ)
    plan = _Plan(
        env, read_settings(env), read_app_settings(env), Metrics(version("triptych-review"))
    )
    for name in SECRETS:
        os.environ.pop(name, None)
    start_logging(own_secrets(plan.settings, plan.app))
    for name in unknown(env):
        near = slip_of(name)
        do = f"Is {near} meant?" if near else ""
        _log().warning("variable.unknown", what=f"Nobody reads {name}.", do=do)

    async def run() -> None:
        await main(plan)

    asyncio.run(run())


def _give_memory_back() -> None:
    """Blocks of a mebibyte and more go back to the system at once, and grow without being copied; the
    threads share one heap.

    glibc otherwise learns from the first large body to keep such blocks: one of 25 MB then costs
    100 MB for good (tests/bench/door.py). Other libraries do so anyway.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, MIB)
        libc.mallopt(_M_ARENA_MAX, 1)


async def _serving(
    plan: _Plan,
    host: str,
    port: int,
    worker: bool,  # noqa: FBT001 - handed through
    start: Start,
    more: More,
    opened: Listening,
) -> None:
    if worker:
        _check_model(plan)
    elif plan.app.on_sqlite:
        _tell_of_file(plan, "only a `triptych worker` on this machine")
    _check_whole(plan.app)
    await _check_free(host, port)
    told = _told_to_stop()
    jobs = LateJobs()
    state = ServerState(plan.app, jobs)

    async def begun(app: AppSettings) -> Service:
        return await start(
            plan.settings, app, worker=worker, metrics=plan.metrics, read=plan.read_app
        )

    async def reload() -> None:
        app = plan.read_app()
        start_logging(own_secrets(plan.settings, app))
        if app.has_app and jobs.service is None:
            jobs.service = await begun(app)
            _say("configured", note=f"the App {app.slug or app.app_id}")
        state.settings = app

    if plan.app.has_app:
        jobs.service = await begun(plan.app)
    try:
        address = plan.app.public_url or _address(host, port)
        house = House(plan.settings, state, plan.metrics, address, reload)
        door = make_door(state, metrics=plan.metrics, more=more(house))
        async with listening(door, host, port) as runner, _scraped(plan, jobs):
            _say("listening", host=host, port=runner.addresses[0][1], why=state.closed)
            news = asyncio.create_task(_opened(plan, state, opened))
            await told.wait()
            news.cancel()
            state.stopping = True
            _say("stopping", **_STOPPING)
    finally:
        await _drained(jobs.service)


async def _opened(plan: _Plan, state: ServerState, opened: Listening) -> None:
    while True:
        if state.settings.has_app:
            await opened(plan.settings, plan.read_app)
        await asyncio.sleep(NEWS_SECONDS)


def _check_model(plan: _Plan) -> None:
    """Before any job would end for want of it. A door that only takes webhooks in needs no key."""
    if plan.app.engine == CLAUDE and not plan.settings.has_model:
        raise ConfigProblem(
            "TRIPTYCH_ENGINE is claude, and there is no key for it.",
            "Set ANTHROPIC_API_KEY, or TRIPTYCH_ENGINE to auto.",
        )


def _tell_of_file(plan: _Plan, who: str) -> None:
    """Two machines with a file each would both seem well, and nothing would ever be reviewed."""
    _log().warning(
        "database.file",
        what=f"The database is a file in {plan.app.home}: {who} reaches it.",
        do="For other machines set TRIPTYCH_DATABASE_URL to Postgres, the same everywhere.",
    )


def _check_whole(app: AppSettings) -> None:
    """An App of which a part is missing is no App that is yet to be set up."""
    bind_of(app.metrics)
    parts = {
        "TRIPTYCH_APP_ID": app.app_id,
        "TRIPTYCH_APP_PRIVATE_KEY or TRIPTYCH_APP_PRIVATE_KEY_FILE": app.private_key,
        "TRIPTYCH_WEBHOOK_SECRET": app.webhook_secrets,
    }
    missing = [name for name, value in parts.items() if not value]
    if 0 < len(missing) < len(parts):
        raise ConfigProblem(
            "The App is configured by half.",
            f"Set {' and '.join(missing)} too, or none of them to set an App up in a browser.",
        )
    if app.has_app:
        sign(app, time.time())  # A key that cannot sign is told now, not by each review.


async def _working(plan: _Plan, start: Start) -> None:
    _check_whole(plan.app)
    if not plan.app.has_app:
        raise ConfigProblem(
            "No App is configured, so there is nothing to work on.",
            "Set TRIPTYCH_APP_ID, TRIPTYCH_APP_PRIVATE_KEY_FILE and TRIPTYCH_WEBHOOK_SECRET, "
            "or set the App up with `triptych serve`.",
        )
    _check_model(plan)
    if plan.app.on_sqlite:
        _tell_of_file(plan, "only a `triptych serve --no-worker` on this machine")
    told = _told_to_stop()
    service = await start(
        plan.settings, plan.app, worker=True, metrics=plan.metrics, read=plan.read_app
    )
    try:
        async with _scraped(plan, service):
            _say("working", worker=plan.app.worker)
            await told.wait()
            _say("stopping", **_STOPPING)
    finally:
        await _drained(service)


@asynccontextmanager
async def listening(
    door: web.Application, host: str, port: int, requests: float = REQUEST_SECONDS
) -> AsyncIterator[web.AppRunner]:
    """The door, open: as strict with strangers' connections as it is with their bodies."""
    # What aiohttp itself says of bytes that are no HTTP passes by every hook of ours (case S10).
    web_response.SERVER_SOFTWARE = "triptych"  # type: ignore[attr-defined]
    runner = web.AppRunner(
        door,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        shutdown_timeout=requests,
    )
    await runner.setup()
    try:
        with _address_told(host, port):
            await web.TCPSite(runner, host, port).start()
        yield runner
    finally:
        await runner.cleanup()


async def _check_free(host: str, port: int) -> None:
    """Before a database is made and an operator is sent to an address that is another's."""
    with _address_told(host, port):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        server.close()


@contextmanager
def _address_told(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as e:
        said = f"{place(host, port)} cannot be listened on: {why_not(e)}."
        raise UsageProblem(said, "Give another --host or --port.") from None


@asynccontextmanager
async def _scraped(plan: _Plan, jobs: LateJobs | Service) -> AsyncIterator[None]:
    runner = await start_scrape(plan.metrics, jobs, plan.app.metrics)
    try:
        yield
    finally:
        if runner:
            await runner.cleanup()


async def _drained(service: Service | None) -> None:
    if service is not None:
        await service.stop(DRAIN_SECONDS)
        _say("stopped")


def _told_to_stop() -> asyncio.Event:
    """Set by the first SIGTERM or Ctrl-C; the second one does what it always does."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def tell() -> None:
        told.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, tell)
    return told


def _address(host: str, port: int) -> str:
    """Where a browser on this machine gets in."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - told apart, not bound
        host = "127.0.0.1"
    return f"http://{place(host, port)}"


def _say(event: str, **fields: object) -> None:
    _log().info(event, **fields)


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("serve")
    return log
