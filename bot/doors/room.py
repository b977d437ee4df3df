"""What the large bodies of strangers may hold together, so that nobody's bytes cost more than they are.

A body is known to be GitHub's only with its last byte. Places for a few large ones could be kept by
whoever sends one byte a second (case S08); so not bodies are counted here, but their bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

WAITING = 64
"""So many wait for room at once; one more is turned away, and nobody loses the place he waits in."""
WINDOW = 0.5
"""Seconds in which a body that others wait for must show that it is quick."""
RATE = 256 * 1024
"""Bytes a second that are quick: GitHub has 10 s for 25 MB."""
PAUSE = 0.05


class FullError(Exception):
    """Too many wait for room already."""


@dataclass(eq=False)
class Large:
    """One body: what it holds, and what it had `since` it was looked at last."""

    deadline: asyncio.Timeout
    since: float
    size: int = 0
    had: int = 0
    waits: bool = False
    is_reading: bool = True


class Room:
    """At most `most` bytes, beyond which only the oldest body may grow: so one can always end.

    When others wait for room, those who have not been quick lose theirs.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bodies: dict[Large, None] = {}
        self._waiting = 0

    @contextmanager
    def body(self, deadline: asyncio.Timeout) -> Iterator[Large]:
        """A body that has turned out to be large, until the caller is done with it. It loses its room
        by its deadline.
        """
        made = Large(deadline, _now())
        self._bodies[made] = None
        try:
            yield made
        finally:
            del self._bodies[made]

    async def grow(self, body: Large, size: int) -> None:
        """Wait until the body may hold so many bytes.

        TimeoutError when it has lost its room, FullError when too many wait.
        """
        if not body.is_reading:
            raise TimeoutError
        if not self._fits(body, size):
            if self._waiting >= WAITING:
                raise FullError
            self._waiting += 1
            body.waits = True
            try:
                while not self._fits(body, size):  # Who is slow, only the clock tells.
                    self._hurry()
                    await asyncio.sleep(PAUSE)
            finally:
                self._waiting -= 1
                body.waits = False
            body.since, body.had = _now(), size
        body.size = size

    def _fits(self, body: Large, size: int) -> bool:
        others = sum(b.size for b in self._bodies if b is not body)
        oldest = next(b for b in self._bodies if b.is_reading)
        return others + size <= self._most or (body is oldest and others <= self._most)

    def _hurry(self) -> None:
        now = _now()
        for body in self._bodies:
            seconds = now - body.since
            if body.waits or not body.is_reading or seconds < WINDOW:
                continue
            if body.size - body.had < RATE * seconds:
                body.is_reading = False
                body.deadline.reschedule(now)
            body.since, body.had = now, body.size


def _now() -> float:
    return asyncio.get_running_loop().time()
