"""The books: what each call of a model has cost is written down, also where the review is cut off, and
where the database is away: then it is written when that is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from bot.jobs.transactions import AWAY
from reviewers.core.call import Look

BOOKING = 5.0
"""Seconds for which a task that is cancelled waits until its costs are written down. They are written
after that, too, where the process lives on; one that ends must not hang on a database that is away."""

AGAIN = 5.0
"""Seconds between two tries to write down what the database did not take."""

log = structlog.get_logger("triptych.jobs")


class Books:
    """`pay` adds the price of a call to what a job has cost; `called` is told of each call, too."""

    def __init__(
        self,
        pay: Callable[[str, float | None], Coroutine[Any, Any, None]],
        called: Callable[[Look], None],
        booking: float = BOOKING,
        again: float = AGAIN,
    ) -> None:
        self._pay = pay
        self._called = called
        self._booking = booking
        self._again = again
        self._writing: set[asyncio.Task[None]] = set()

    async def paid(self, job: str, look: Look) -> None:
        """A call was made. It waits until that is written down: what was answered and paid for is no
        failure because a database is away. Who is cancelled meanwhile does not interrupt it.
        """
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
        writing = asyncio.create_task(self._written(job, look.cost))
        self._writing.add(writing)

        def ended(task: asyncio.Task[None]) -> None:
            self._writing.discard(task)
            if task.cancelled() or task.exception():
                log.warning("job.unbooked", job=job, cost=look.cost)

        writing.add_done_callback(ended)
        return writing

    async def _written(self, job: str, cost: float | None) -> None:
        while True:
            try:
                await self._pay(job, cost)
            except AWAY as e:
                log.warning("job.database", job=job, why=type(e).__name__, seconds=self._again)
                await asyncio.sleep(self._again)
            else:
                return
