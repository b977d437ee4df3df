"""The project's one fake of the durable side: jobs in a list, and what was asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.jobs.protocol import Figures, JobRow, Jobs, JobsProblem, JobState, ReviewWish, Wish


@dataclass
class FakeJobs(Jobs):
    """In memory. With `down` set, nothing can be written or read."""

    rows: list[JobRow] = field(default_factory=list)
    now: Figures = Figures()
    unready: str = ""
    down: bool = False
    accepted: list[tuple[Wish, str]] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def _check(self) -> None:
        if self.down:
            raise JobsProblem("The database does not answer.", "Look at its log.")

    async def accept(self, wish: Wish, delivery: str) -> str:
        self._check()
        self.accepted.append((wish, delivery))
        return f"job-{len(self.accepted)}" if isinstance(wish, ReviewWish) else ""

    async def ready(self) -> str:
        return "The database does not answer." if self.down else self.unready

    async def figures(self) -> Figures:
        self._check()
        return self.now

    async def list(self, limit: int = 50, state: JobState | None = None) -> Sequence[JobRow]:
        self._check()
        rows = [r for r in self.rows if state in (None, r.state)]
        newest = sorted(rows, key=lambda r: -r.created)
        return [replace(r, document="") for r in newest[:limit]]

    async def show(self, job: str) -> JobRow | None:
        self._check()
        self.shown.append(job)
        return next((r for r in self.rows if r.id == job), None)

    async def retry(self, job: str) -> str:
        self._check()
        old = next((r for r in self.rows if r.id == job), None)
        if old is None:
            raise KeyError(job)
        self.retried.append(job)
        new = JobRow(f"{job}+1", old.place, old.trigger, JobState.WAITING, created=old.created + 1)
        self.rows.append(new)
        return new.id

    async def cancel(self, job: str) -> bool:
        self._check()
        self.cancelled.append(job)
        return any(r.id == job and r.state is JobState.RUNNING for r in self.rows)
