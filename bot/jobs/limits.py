"""How much goes on at once: reviews in a process, model calls in it and everywhere, one a pull request.

Across machines a limit is a set of advisory locks of Postgres, held on one connection: when a process
dies, its connection does, and Postgres gives back what it held.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from bot.app_settings import AppSettings
from bot.jobs.seats import Seats

SLOTS, PULLS, EXECUTORS, CHORES = 7301, 7302, 7303, 7304
"""Classes of advisory locks: model calls, pull requests, executors, what one process does for all."""
WORKER = "triptych worker "
"""Begins the name of a worker's connection, so that Postgres can tell who lives."""
PAUSE = 0.2
"""Seconds between two tries to get a lock that another machine holds."""


def number_of(name: str) -> int:
    """A name as a signed 32-bit number, as Postgres locks are named."""
    value = zlib.crc32(name.encode())
    return value - 2**32 if value >= 2**31 else value


class Locks(Protocol):
    """Locks that all processes share and that die with their holder."""

    async def take(self, kind: int, number: int) -> bool:
        """Take it if it is free. Who is cancelled meanwhile does not hold it."""
        ...

    async def give(self, kind: int, number: int) -> None:
        """Give it back, also where the one who asks is cancelled."""
        ...


class Turns:
    """One after the other for each name. A lock lives as long as somebody uses or awaits it: a free
    one may have somebody waiting who was not woken yet.
    """

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """The name for oneself."""
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            _, users = self._locks[name]
            self._locks[name] = (lock, users - 1)
            if users == 1:
                del self._locks[name]


class Chores:
    """What one process does for all of them; `locks` are None where it is the only one."""

    def __init__(self, locks: Locks | None) -> None:
        self._locks = locks

    async def do(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, unless another process is at it."""
        if self._locks is None:
            await work()
        elif await self._locks.take(CHORES, number_of(name)):
            try:
                await work()
            finally:
                await self._locks.give(CHORES, number_of(name))


class Preparation:
    """The processor for one review, from its plan to its first question: see Limits.preparation."""

    def __init__(self, turn: asyncio.Lock) -> None:
        self._turn = turn
        self._is_ours = False

    async def begin(self) -> None:
        """Wait for the turn; those who came before have asked."""
        await self._turn.acquire()
        self._is_ours = True

    def end(self) -> None:
        """The question is out, or there is none; again is nothing."""
        if self._is_ours:
            self._is_ours = False
            self._turn.release()


class Limits:
    """The limits of one worker process; `locks` are None where it is the only one."""

    def __init__(self, settings: AppSettings, locks: Locks | None) -> None:
        self._locks = locks
        self._everywhere = settings.calls_everywhere
        self.seats = Seats(settings.reviews_at_once)
        self._calls = asyncio.Semaphore(min(settings.calls_at_once, settings.calls_everywhere))
        self._turns = Turns()
        self._thinking = asyncio.Lock()
        self._slots: set[int] = set()

    @asynccontextmanager
    async def review(self, job: str, pull: str, *, alone: bool = False) -> AsyncIterator[None]:
        """A seat for a job, and the pull request for it alone: of two reviews of it, one waits.

        `alone`: of those that ask so, one at a time. It is for jobs that may have broken the server.
        """
        async with AsyncExitStack() as held:
            await held.enter_async_context(self._turns.turn(pull))
            await held.enter_async_context(self._shared(PULLS, number_of(pull)))
            if alone:
                await held.enter_async_context(self._turns.turn(""))
            await held.enter_async_context(self.seats.seat(job))
            yield

    def preparation(self) -> Preparation:
        """Planning and writing prompts is work for the processor alone. Of 20 reviews at once each
        does it in one go, so that the first waits for its model while the last prepares; all of them
        side by side would ask together, and late.
        """
        return Preparation(self._thinking)

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """A place for one model call."""
        async with self._calls:
            if self._locks is None:
                yield
                return
            slot = await self._slot(self._locks)
            try:
                yield
            finally:
                try:
                    await self._locks.give(SLOTS, slot)
                finally:
                    self._slots.discard(slot)

    async def _slot(self, locks: Locks) -> int:
        """One that nobody holds. The session that holds a lock could take it again, so ours are
        left out; from a random one on, because the first ones are mostly taken.
        """
        while True:
            first = random.randrange(self._everywhere)  # noqa: S311 - no secret
            slots: tuple[int, ...] = (*range(first, self._everywhere), *range(first))
            for slot in slots:
                if slot not in self._slots and await self._took(locks, slot):
                    return slot
            await asyncio.sleep(PAUSE)

    async def _took(self, locks: Locks, slot: int) -> bool:
        taken = False
        self._slots.add(slot)
        try:
            taken = await locks.take(SLOTS, slot)
        finally:
            if not taken:
                self._slots.discard(slot)
        return taken

    @asynccontextmanager
    async def _shared(self, kind: int, number: int) -> AsyncIterator[None]:
        if self._locks is None:
            yield
            return
        while not await self._locks.take(kind, number):  # noqa: ASYNC110 - another machine's
            await asyncio.sleep(PAUSE)
        try:
            yield
        finally:
            await self._locks.give(kind, number)
