"""The books: what each call of a model has cost is written down, also where the review is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from reviewers.core.call import Look

BOOKING = 5.0
"""Seconds for which a task that is cancelled waits until its costs are written down. They are written
after that, too, where the process lives on; one that ends must not hang on a database that is away."""

log = structlog.get_logger("triptych.jobs")


class Books:
    """`pay` adds the price of a call to what a job has cost; `called` is told of each call, too."""

    def __init__(
        self,
        pay: Callable[[str, float | None], Coroutine[Any, Any, None]],
        called: Callable[[Look], None],
        booking: float = BOOKING,
    ) -> None:
        self._pay = pay
        self._called = called
        self._booking = booking
        self._writing: set[asyncio.Task[None]] = set()

    async def paid(self, job: str, look: Look) -> None:
        """A call was made. Who is cancelled while it is written down does not interrupt that."""
        writing = self._begin(job, look)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=self._booking)
            raise

    async def cut(self, job: str, look: Look) -> None:
        """A call was cancelled when it had used so much; the job may have ended long ago."""
        await asyncio.wait({self._begin(job, look)}, timeout=self._booking)

    def _begin(self, job: str, look: Look) -> asyncio.Task[None]:
        self._called(look)
        writing = asyncio.create_task(self._pay(job, look.cost))
        self._writing.add(writing)

        def ended(task: asyncio.Task[None]) -> None:
            self._writing.discard(task)
            if task.cancelled() or task.exception():
                log.warning("job.unbooked", job=job, cost=look.cost)

        writing.add_done_callback(ended)
        return writing
