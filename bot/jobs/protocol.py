"""What a door wants done, as plain values, and what it may ask of the jobs behind it.

Everything here is written to the database before the door answers, so it holds names and numbers
only: no key, no text of the change. Repositories and people are known by their numbers, which
outlive a new name (cases S22 and S24); names are for people to read.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.errors import Problem


class JobsProblem(Problem):
    """The wish could not be written down, so it must not be answered with a 2xx (case S11)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One pull request, reached through one installation of the App.

    `account` is the login that the App is installed on; `repository` as `owner/name` is its name
    when the event was sent.
    """

    installation: int
    account: str
    repository_id: int
    repository: str
    number: int

    @property
    def key(self) -> str:
        """`REPOSITORY_ID#NUMBER`: one review at a time for each of these."""
        return f"{self.repository_id}#{self.number}"

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"


class Trigger(enum.StrEnum):
    """Why a review was asked for."""

    OPENED = "opened"
    PUSHED = "pushed"
    REOPENED = "reopened"
    READY = "ready for review"
    REBASED = "new base"
    LABELED = "labelled"
    RERUN = "run again"
    COMMAND = "command"
    DISMISSAL = "dismissal"
    DISPUTE = "dispute"
    BACKFILL = "backfill"

    @property
    def is_asked(self) -> bool:
        """Whether a person asked for this very review: it is done though one stands there."""
        return self in (Trigger.RERUN, Trigger.COMMAND, Trigger.DISMISSAL, Trigger.DISPUTE)


@dataclass(frozen=True, slots=True)
class ReviewWish:
    """Review this pull request. `head` and `base` are what the event saw, "" where it does not say.

    `once` names the person's act behind an asked review (`check-run 7 completed ...`, `comment 9`),
    so that a replay of its event is the same wish; "" for what follows from the head alone. `seen` is
    when GitHub changed the pull request last, as the event says (`updated_at`, seconds since the
    epoch, 0.0 where it does not say): an event that comes late overtakes nothing. `label` is the name
    of the label that was given, "" where the event is about none.
    """

    place: Place
    trigger: Trigger
    head: str = ""
    base: str = ""
    once: str = ""
    seen: float = 0.0
    label: str = ""


MOVED = " moved"
"""How `once` ends where a job wishes for the next one: its own commit stands there no more."""

CLOSED, DRAFTED = "pull request closed", "pull request turned into a draft"
"""Why a pull request itself wants no review any more; whatever else stops one is somebody's wish."""
ADOPTED = "the review that stands there is adopted"
"""What became of a job that found its commit reviewed."""


@dataclass(frozen=True, slots=True)
class CancelWish:
    """Stop what runs or waits for this pull request; `why` as in `pull request closed`. As a draft it may
    be reviewed all the same (bot/jobs/drafts.py).

    `seen` is as in ReviewWish: what came of something later goes on.
    """

    place: Place
    why: str
    seen: float = 0.0


class Verb(enum.StrEnum):
    """What a comment may order. ANSWER is none of the commands: an answer in a finding's thread."""

    REVIEW = "review"
    STOP = "stop"
    EXPLAIN = "explain"
    DISMISS = "dismiss"
    HELP = "help"
    ANSWER = "answer"


class Thread(enum.StrEnum):
    """Where a comment stands."""

    CONVERSATION = "conversation"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class CommandWish:
    """An order in a comment. Whether its author may give it is asked of GitHub when it runs.

    `finding` is an id or the beginning of one (>= 6 hex digits), "" where none was given; `parent` is
    the inline comment that a reply in a review's thread answers, 0 elsewhere. `updated` is the
    comment's `updated_at`: a comment that was edited since is not obeyed.
    """

    place: Place
    comment: int
    thread: Thread
    author: int
    login: str
    verb: Verb
    finding: str = ""
    reason: str = ""
    parent: int = 0
    updated: str = ""


@dataclass(frozen=True, slots=True)
class PurgeWish:
    """Forget what is stored of an installation, or of some of its repositories (none: all).

    `is_gone`: they are no more, or have another owner. The event may come from the new owner's
    installation, and what is stored under any other must go, too.
    """

    installation: int
    account: str
    repositories: tuple[int, ...] = ()
    why: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is to be done, and why: for the log."""

    why: str


Wish = ReviewWish | CancelWish | CommandWish | PurgeWish


class JobState(enum.StrEnum):
    """Where a job stands. PARKED waits for GitHub, or the database; DEAD was given up after attempts."""

    WAITING = "waiting"
    RUNNING = "running"
    PARKED = "parked"
    DONE = "done"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class JobRow:
    """A review job as the operator's list shows it.

    Times are seconds since the epoch (0.0: not yet), `cost` is in USD (None: price unknown),
    `unread` counts hunks nobody read. `note` says why it was skipped, cancelled or given up.
    `document` is the review as JSON (see bot/outputs/shapes.py), "" until it is done.
    """

    id: str
    place: Place
    trigger: Trigger
    state: JobState
    head: str = ""
    outcome: str = ""
    title: str = ""
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    attempts: int = 0
    cost: float | None = 0.0
    findings: int = 0
    unread: int = 0
    review_url: str = ""
    note: str = ""
    worker: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Retried:
    """The job that does another one again; `is_new`: it was not under way before."""

    id: str
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Figures:
    """How the service is doing now. Money in USD, times in seconds; None: unknown or no limit."""

    waiting: int = 0
    oldest: float = 0.0
    running: int = 0
    parked: int = 0
    dead: int = 0
    cost_today: float = 0.0
    cost_limit: float | None = None
    last_webhook: float | None = None


class Jobs(Protocol):
    """The durable side, as doors, pages and the operator's commands see it."""

    async def accept(self, wish: Wish, delivery: str) -> str:
        """Write the wish down and return the job's id ("" where nothing is to be done, or stopped).

        On return it is durable. `delivery` is the X-GitHub-Delivery of its event, for the log.
        JobsProblem when it could not be written.
        """
        ...

    async def ready(self) -> str:
        """Why no work can be taken or done now, "" when it can."""
        ...

    async def beat(self) -> None:
        """Returns when what works in this process has had a turn, and never where that hangs.

        JobsProblem where it has ended.
        """
        ...

    async def figures(self) -> Figures:
        """The figures of this moment."""
        ...

    async def list(
        self, limit: int = 50, state: JobState | None = None, outcome: str = ""
    ) -> Sequence[JobRow]:
        """The newest review jobs first, without their documents; of one state, of one outcome: of those
        that are done, where no state is given, for nobody was told of another's.
        """
        ...

    async def of_pulls(self, places: Sequence[Place]) -> Sequence[JobRow]:
        """All review jobs of some pull requests, the newest first, without their documents."""
        ...

    async def show(self, job: str) -> JobRow | None:
        """One review job with its document; None where there is none of that id."""
        ...

    async def retry(self, job: str) -> Retried:
        """Do a finished or dead job again: as a new one, unless that is under way already. What waits
        or runs is its own. KeyError: no such job.
        """
        ...

    async def cancel(self, job: str) -> bool:
        """Stop a waiting or running job; False where there was nothing to stop."""
        ...
