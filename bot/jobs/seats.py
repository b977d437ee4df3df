"""The seats for reviews in one process: who sits, and who was sent to one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ON_THE_WAY = 5.0
"""Seconds that a seat is counted as somebody's who was sent to it. Who comes has been there by then; who
is not needed any more, because the same work was under way already, never comes.
"""


class Seats:
    """So many reviews at once. Without counting those that are on their way a burst that comes before
    the first of them sits would pass the queue, and with it everybody's turn (case S14).
    """

    def __init__(self, number: int, on_the_way: float = ON_THE_WAY) -> None:
        self._number = number
        self._on_the_way = on_the_way
        self._free = asyncio.Semaphore(number)
        self._taken = 0
        self._coming: dict[str, float] = {}

    @property
    def full(self) -> bool:
        """Whether a job that were begun now would have to wait."""
        now = time.monotonic()
        self._coming = {job: until for job, until in self._coming.items() if until > now}
        return self._free.locked() or self._taken + len(self._coming) >= self._number

    def expect(self, job: str) -> None:
        """A job was sent here."""
        self._coming[job] = time.monotonic() + self._on_the_way

    @asynccontextmanager
    async def seat(self, job: str) -> AsyncIterator[None]:
        """One of them, when it is free."""
        async with self._free:
            self._coming.pop(job, None)
            self._taken += 1
            try:
                yield
            finally:
                self._taken -= 1
