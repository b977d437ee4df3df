"""The jobs behind the doors, in memory: remembers every wish; can be told to fail or to stall.

As durable as a test needs: what `accept` has returned for is in `taken`, whatever comes later. Equal
wishes are one job, as a database's key would make them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.jobs.protocol import (
    CancelWish,
    CommandWish,
    Figures,
    JobRow,
    JobsProblem,
    JobState,
    Place,
    PurgeWish,
    Retried,
    ReviewWish,
    Wish,
)

FULL = JobsProblem("The database cannot be written: no space left.", "Make room.")


@dataclass
class FakeJobs:
    """Takes wishes in. `fails` is raised by `accept`; while `stalled` is set, it does not return."""

    fails: Exception | None = None
    fails_to_beat: Exception | None = None
    stalled: asyncio.Event | None = None
    why_not: str = ""
    now: Figures = Figures()
    taken: list[tuple[Wish, str]] = field(default_factory=list)
    rows: dict[str, JobRow] = field(default_factory=dict)
    stopped: list[float] = field(default_factory=list)
    on_stop: Callable[[], None] = lambda: None

    @property
    def wishes(self) -> list[Wish]:
        """What was taken, each wish once."""
        return list(dict.fromkeys(wish for wish, _ in self.taken))

    async def accept(self, wish: Wish, delivery: str) -> str:
        """Remember it; the id says what it is about, so that the same wish is the same job."""
        if self.stalled is not None:
            await self.stalled.wait()
        if self.fails is not None:
            raise self.fails
        self.taken.append((wish, delivery))
        match wish:
            case ReviewWish():
                job = f"review:{wish.place.key}:{wish.head}:{wish.once}"
                self.rows.setdefault(
                    job, JobRow(job, wish.place, wish.trigger, JobState.WAITING, wish.head)
                )
                return job
            case CommandWish():
                return f"command:{wish.comment}"
            case CancelWish() | PurgeWish():
                return ""

    async def ready(self) -> str:
        """`why_not`."""
        return self.why_not

    async def beat(self) -> None:
        """`fails_to_beat` is raised."""
        if self.fails_to_beat is not None:
            raise self.fails_to_beat

    async def figures(self) -> Figures:
        """`now`."""
        return self.now

    async def list(
        self, limit: int = 50, state: JobState | None = None, outcome: str = ""
    ) -> Sequence[JobRow]:
        """The newest first."""
        rows = self.rows.values()
        state = state or (JobState.DONE if outcome else None)
        found = [r for r in rows if state in (None, r.state) and outcome in ("", r.outcome)]
        return found[::-1][:limit]

    async def of_pulls(self, places: Sequence[Place]) -> Sequence[JobRow]:
        """The newest first."""
        keys = {place.key for place in places}
        return [r for r in self.rows.values() if r.place.key in keys][::-1]

    async def show(self, job: str) -> JobRow | None:
        """By id."""
        return self.rows.get(job)

    async def retry(self, job: str) -> Retried:
        """The same again under another id, once."""
        again, row = f"{job}+", self.rows[job]
        is_new = again not in self.rows
        self.rows.setdefault(again, replace(row, id=again, state=JobState.WAITING))
        return Retried(again, is_new)

    async def cancel(self, job: str) -> bool:
        """Stop it, if it is waiting or running."""
        row = self.rows.get(job)
        if row is None or row.state not in (JobState.WAITING, JobState.RUNNING):
            return False
        self.rows[job] = replace(row, state=JobState.CANCELLED)
        return True

    async def stop(self, seconds: float) -> None:
        """End; how long that may take is remembered."""
        self.stopped.append(seconds)
        self.on_stop()
