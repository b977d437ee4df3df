"""The jobs of a server whose App may be set up while it runs: until then there is no work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.doors.state import NO_APP
from bot.jobs.protocol import Figures, JobRow, Jobs, JobsProblem, JobState, Place, Retried, Wish


class Service(Jobs, Protocol):
    """Jobs that run, and can be stopped."""

    async def stop(self, seconds: float) -> None:
        """Take nothing more, let what runs get to its next checkpoint for so long, then end."""
        ...


class LateJobs:
    """`Jobs`: those of `service` once there is one; pages and doors may hold it from the start."""

    def __init__(self) -> None:
        self.service: Service | None = None

    async def accept(self, wish: Wish, delivery: str) -> str:
        """See Jobs."""
        if self.service is None:
            raise JobsProblem("No App is configured.", "Set it up, or set TRIPTYCH_APP_ID.")
        return await self.service.accept(wish, delivery)

    async def ready(self) -> str:
        """See Jobs."""
        return await self.service.ready() if self.service else NO_APP

    async def beat(self) -> None:
        """See Jobs."""
        if self.service:
            await self.service.beat()

    async def figures(self) -> Figures:
        """See Jobs."""
        return await self.service.figures() if self.service else Figures()

    async def list(
        self, limit: int = 50, state: JobState | None = None, outcome: str = ""
    ) -> Sequence[JobRow]:
        """See Jobs."""
        return await self.service.list(limit, state, outcome) if self.service else ()

    async def of_pulls(self, places: Sequence[Place]) -> Sequence[JobRow]:
        """See Jobs."""
        return await self.service.of_pulls(places) if self.service else ()

    async def show(self, job: str) -> JobRow | None:
        """See Jobs."""
        return await self.service.show(job) if self.service else None

    async def retry(self, job: str) -> Retried:
        """See Jobs."""
        if self.service is None:
            raise KeyError(job)
        return await self.service.retry(job)

    async def cancel(self, job: str) -> bool:
        """See Jobs."""
        return await self.service.cancel(job) if self.service else False
