"""What the jobs of one process work with."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.config import Unusable
from bot.hosts.checks import Checks
from bot.hosts.people import People
from bot.hosts.protocol import Forge
from bot.jobs.blame import BLAME
from bot.jobs.limits import Limits
from bot.jobs.protocol import JobState, Place
from bot.jobs.spending import NO_LIMITS, DayLimits
from bot.jobs.store import Store
from bot.settings import Settings
from reviewers.core.call import Look


@dataclass(frozen=True)
class Reach:
    """What a job works with at GitHub. `config` reads the base branch's configuration alone."""

    forge: Forge
    checks: Checks
    config: Callable[[], Awaitable[bytes | Unusable | None]]
    people: People


class Access(Protocol):
    """The way to a pull request, for as long as a job works there."""

    def pull(self, place: Place) -> AbstractAsyncContextManager[Reach]:
        """Open it; the token is given back at the end."""
        ...


JOB_PAUSES = (15.0, 60.0, 240.0, 600.0)
"""Seconds between tries while GitHub does not answer; with those of each request a quarter hour."""
LONGEST_PAUSE = 3700.0
"""A primary limit of GitHub's lasts an hour at the most."""


def _untold(_look: Look) -> None:
    """Nobody counts the calls."""


def _uncounted(_state: JobState, _seconds: float) -> None:
    """Nobody counts the jobs."""


@dataclass(frozen=True)
class Means:
    """What every job of this process works with. `key` makes names and fences that nobody can guess.

    `day` are the operator's limits; `engine` overrules the repositories' where it is not ""; `called`
    is told of each model call, `ended` of each job: its state, and the seconds since it was wished
    for. `pauses` are the seconds between the tries of a job, one fewer than there are tries; for `blame`
    see bot/jobs/blame.py.
    """

    store: Store
    limits: Limits
    access: Access
    settings: Settings
    key: bytes
    worker: str
    secrets: frozenset[str] = frozenset()
    day: DayLimits = NO_LIMITS
    engine: str = ""
    called: Callable[[Look], None] = _untold
    ended: Callable[[JobState, float], None] = _uncounted
    pauses: Sequence[float] = JOB_PAUSES
    blame: float = BLAME

    def run_of(self, job: str) -> str:
        """The run's name, 8 characters, the same in every life of the job: by it a posted review is
        known again after a crash.
        """
        return self.secret(f"run {job}")[:8].upper()

    def secret(self, text: str) -> str:
        """What only this operator's servers can make of a text, 64 hex digits."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
