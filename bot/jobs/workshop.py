"""A thread with an event loop of its own, in which this process makes its reviews.

Of 20 reviews at once each keeps the loop that it runs in for a while, again and again: what waits for
the same loop gets its turn some tenths of a second later each time. GitHub's events wait for another
one, the door's, and the interpreter changes between the two threads by itself.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

from bot.jobs.protocol import JobsProblem

ResultT = TypeVar("ResultT")

log = structlog.get_logger("triptych.jobs")


class Workshop:
    """The way into the thread from any other; see `workshop`. JobsProblem where it has ended."""

    def __init__(self) -> None:
        self._open: Future[asyncio.AbstractEventLoop] = Future()
        self._closed = asyncio.Event()
        self._ended: Future[None] = Future()
        self._beside: set[Future[object]] = set()
        # A process that is told twice to end does not wait for it.
        self._thread = threading.Thread(target=self._live, name="workshop", daemon=True)

    async def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """What the work gives or raises. Who is cancelled meanwhile cancels it."""
        return await asyncio.wrap_future(self._begun(work))

    def begin(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """Have it done, and do not wait for it: what it raises is logged under its name."""

        def seen(beside: Future[object]) -> None:
            self._beside.discard(beside)
            if not beside.cancelled() and (problem := beside.exception()):
                log.warning("beside.failed", job=name, why=type(problem).__name__)

        beside: Future[object] = self._begun(work)
        self._beside.add(beside)
        beside.add_done_callback(seen)

    def tell(self, hear: Callable[[], object]) -> None:
        """Call a function there, soon; nothing where nobody is there to hear it."""
        if not self._ended.done():
            self._open.result().call_soon_threadsafe(hear)

    def _begun(self, work: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        if self._ended.done():
            work.close()
            raise JobsProblem("The reviews have ended in this process.", "Start it again.")
        return asyncio.run_coroutine_threadsafe(work, self._open.result())

    def _live(self) -> None:
        is_over = False
        try:
            asyncio.run(self._until_closed())
            is_over = True
        finally:
            self._ended.set_result(None)
            if not self._open.done():
                problem = JobsProblem("The reviews cannot begin in this process.", "See its log.")
                self._open.set_exception(problem)
            elif not is_over:  # A door without a worker behind it is of no use: start all again.
                log.error("workshop.lost")
                signal.raise_signal(signal.SIGTERM)

    async def _until_closed(self) -> None:
        self._open.set_result(asyncio.get_running_loop())
        await self._closed.wait()

    async def _opened(self) -> None:
        self._thread.start()
        await asyncio.wrap_future(self._open)

    async def _close(self) -> None:
        self.tell(self._closed.set)
        await asyncio.wrap_future(self._ended)
        self._thread.join()


@asynccontextmanager
async def workshop() -> AsyncIterator[Workshop]:
    """A thread that is there until the end; then what still runs in it is cancelled."""
    made = Workshop()
    await made._opened()  # noqa: SLF001 - its other half
    try:
        yield made
    finally:
        await made._close()  # noqa: SLF001 - its other half
