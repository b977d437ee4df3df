"""How work is started: in this process, from the door's thread beside it, or from another process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.jobs.durable import Durable, Queue, Start
from bot.jobs.limits import Limits
from bot.jobs.store import Store
from bot.jobs.workshop import Workshop

REVIEW, COMMAND = "review", "command"
"""Names under which the engine knows our two kinds of work."""

log = structlog.get_logger("triptych.jobs")


class Starts(Protocol):
    """What the intake works with. To start the same again is nothing."""

    async def review(self, job: str, delay: float = 0.0) -> None:
        """A job that is written down is begun, `delay` seconds from now at the soonest."""
        ...

    async def rescue(self, job: str) -> None:
        """A job that is written down is begun where nothing of it is under way: its start was lost. Of a
        run that the engine has given up nothing is deleted here: several may ask for the same job at once,
        and one would delete what another has just begun. The crew sees to that.
        """
        ...

    async def order(self, run: str, text: str) -> None:
        """What is ordered in a comment, or follows from a draft, is carried out. It is written down
        nowhere else: durable on return.
        """
        ...

    async def forget(self, runs: Sequence[str]) -> None:
        """Delete all that is stored of some runs."""
        ...

    async def forget_named(self, beginnings: Sequence[str]) -> None:
        """The same for all runs whose names begin so."""
        ...


class Here:
    """In the process that does the work, and in its loop."""

    def __init__(self, store: Store, durable: Durable, limits: Limits) -> None:
        self._store = store
        self._durable = durable
        self._limits = limits
        self.forget = durable.forget
        self.forget_named = durable.forget_named

    async def review(self, job: str, delay: float = 0.0) -> None:
        """Now, where a seat is free; else in turn, so that no installation starves others."""
        if not self._limits.seats.full and not delay:
            self._limits.seats.expect(job)
            how = Start(here=True)
        else:
            how = Start(priority=await self._store.line.place(job), delay=delay)
        await self._durable.start(REVIEW, job, job, how)
        await _unless_purged(self._store, self, job)

    async def rescue(self, job: str) -> None:
        """See Starts."""
        if await self._durable.missing([job]):
            log.warning("job.unstarted", job=job)
            await self.review(job)

    async def order(self, run: str, text: str) -> None:
        """Now: orders wait for nobody."""
        await self._durable.start(COMMAND, text, run, Start(here=True))


class Elsewhere:
    """In a process that does not work itself: always in turn."""

    def __init__(self, store: Store, queue: Queue) -> None:
        self._store = store
        self._queue = queue
        self.forget = queue.forget
        self.forget_named = queue.forget_named

    async def review(self, job: str, delay: float = 0.0) -> None:
        """See Starts."""
        priority = await self._store.line.place(job)
        await self._queue.start(REVIEW, job, job, Start(priority=priority, delay=delay))
        await _unless_purged(self._store, self, job)

    async def rescue(self, job: str) -> None:
        """See Starts."""
        if await self._queue.missing([job]):
            log.warning("job.unstarted", job=job)
            await self.review(job)

    async def order(self, run: str, text: str) -> None:
        """See Starts."""
        await self._queue.start(COMMAND, text, run, Start())


class Beside:
    """From the door's thread. A review's row is durable, and a worker begins every job that has one
    (bot/jobs/crew.py): so nobody waits for its start. It would take until the loop over there, in
    which 20 reviews may be at work, had come to it some ten times.
    """

    def __init__(self, shop: Workshop, starts: Starts) -> None:
        self._shop = shop
        self._starts = starts

    async def review(self, job: str, delay: float = 0.0) -> None:
        """Soon."""
        self._shop.begin(self._starts.review(job, delay), job)

    async def rescue(self, job: str) -> None:
        """Soon, too: to ask the engine takes its time."""
        self._shop.begin(self._starts.rescue(job), job)

    async def order(self, run: str, text: str) -> None:
        """See Starts."""
        await self._shop.run(self._starts.order(run, text))

    async def forget(self, runs: Sequence[str]) -> None:
        """See Starts."""
        await self._shop.run(self._starts.forget(runs))

    async def forget_named(self, beginnings: Sequence[str]) -> None:
        """See Starts."""
        await self._shop.run(self._starts.forget_named(beginnings))


async def _unless_purged(store: Store, starts: Starts, job: str) -> None:
    """A purge forgets a job, and then its run: one that was begun after that would stay, and keep a job
    of the same name from ever beginning.
    """
    if await store.job(job) is None:
        await starts.forget([job])
