"""The books: what each call of a model has cost is written down, also where the review is cut off, and
where the database is away: then it is written when that is back.

A server that is killed writes nothing more. So what a question has cost is written when its answer begins:
of calls that are in the air then, only what was answered is not booked.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from bot.jobs.transactions import AWAY
from reviewers.core.call import Call, Look

BOOKING = 5.0
"""Seconds for which a task that is cancelled waits until its costs are written down. They are written
after that, too, where the process lives on; one that ends must not hang on a database that is away."""

AGAIN = 5.0
"""Seconds between two tries to write down what the database did not take."""

GATHER = 0.25
"""Seconds for which begun answers are gathered: those of a review begin together, and are written at once.
What is over by then was never in the air."""

Pay = Callable[[str, float | None, int], Coroutine[Any, Any, None]]
"""Adds USD, and so many calls that are over, to what a job has cost."""

log = structlog.get_logger("triptych.jobs")


class Books:
    """What the jobs of one process spend, written down by `pay`; `called` is told of each call, too."""

    def __init__(
        self,
        pay: Pay,
        called: Callable[[Look], None],
        booking: float = BOOKING,
        again: float = AGAIN,
        gather: float = GATHER,
    ) -> None:
        self._pay = pay
        self._called = called
        self._booking = booking
        self._again = again
        self._gather = gather
        self._charged: dict[str, dict[Call, float]] = {}
        self._in_air: dict[tuple[str, Call], float] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._starting: dict[str, set[asyncio.Task[None]]] = {}

    def charged(self, job: str, call: Call, cost: float | None) -> None:
        """The answer to a call begins: what its question has cost, in USD, is written down soon."""
        if not cost:
            return
        if job not in self._charged:
            self._charged[job] = {}
            asyncio.get_running_loop().call_later(self._gather, self._gathered, job)
        self._charged[job][call] = self._charged[job].get(call, 0.0) + cost

    async def paid(self, job: str, look: Look) -> None:
        """A call was made. It waits until that is written down: what was answered and paid for is no
        failure because a database is away. Who is cancelled meanwhile does not interrupt it.
        """
        writing = self._all_of(job, look)
        try:
            await asyncio.shield(asyncio.gather(*writing))
        except asyncio.CancelledError:
            await asyncio.wait(writing, timeout=self._booking)
            raise

    async def cut(self, job: str, look: Look) -> None:
        """A call was cancelled when it had used so much; the job may have ended long ago."""
        await asyncio.wait(self._all_of(job, look), timeout=self._booking)

    def _all_of(self, job: str, look: Look) -> set[asyncio.Task[None]]:
        """What is to be written before the whole of a call is: its end, and that it had begun."""
        return {self._end(job, look), *self._starting.get(job, ())}

    def _end(self, job: str, look: Look) -> asyncio.Task[None]:
        """A call is over: what of it is not written down yet will be."""
        self._called(look)
        self._charged.get(job, {}).pop(look.call, None)
        booked = self._in_air.pop((job, look.call), 0.0)
        rest = None if look.cost is None else look.cost - booked
        return self._write(job, rest, 1)

    def _gathered(self, job: str) -> None:
        charged = self._charged.pop(job)
        for call, cost in charged.items():
            self._in_air[job, call] = self._in_air.get((job, call), 0.0) + cost
        if charged:
            writing = self._write(job, math.fsum(charged.values()), 0)
            self._starting.setdefault(job, set()).add(writing)
            writing.add_done_callback(lambda task: self._started(job, task))

    def _started(self, job: str, task: asyncio.Task[None]) -> None:
        self._starting[job].discard(task)
        if not self._starting[job]:
            del self._starting[job]

    def _write(self, job: str, cost: float | None, calls: int) -> asyncio.Task[None]:
        writing = asyncio.create_task(self._written(job, cost, calls))
        self._writing.add(writing)

        def ended(task: asyncio.Task[None]) -> None:
            self._writing.discard(task)
            if task.cancelled() or task.exception():
                log.warning("job.unbooked", job=job, cost=cost)

        writing.add_done_callback(ended)
        return writing

    async def _written(self, job: str, cost: float | None, calls: int) -> None:
        while True:
            try:
                await self._pay(job, cost, calls)
            except AWAY as e:
                log.warning("job.database", job=job, why=type(e).__name__, seconds=self._again)
                await asyncio.sleep(self._again)
            else:
                return
