"""A call (reviewer x engine x vote x chunk) and the look that comes back from it.

Both are plain, serialisable data: a call can be written down before it is paid for, and a look can
be read again after a crash.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from reviewers.core.allowance import Allowance
from reviewers.core.change import HunkRef
from reviewers.core.finding import Claim, Dropped, Finding, Ruling


class Reading(enum.StrEnum):
    """What became of one hunk before one pair of eyes. The value is the word in a table's cell."""

    READ = "read"
    REFUSED = "refused"
    CUT_OFF = "cut off"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    FAILED = "failed"
    TOO_LARGE = "skipped: size"
    BUDGET = "budget"
    GENERATED = "generated"
    BINARY = "binary"
    NOT_ASKED = "not asked"
    NOT_APPLICABLE = "not applicable"

    @property
    def is_gap(self) -> bool:
        """Whether somebody should have read it and did not."""
        return self in _GAPS


_GAPS = frozenset(
    {
        Reading.REFUSED,
        Reading.CUT_OFF,
        Reading.TIMED_OUT,
        Reading.STOPPED,
        Reading.FAILED,
        Reading.TOO_LARGE,
        Reading.BUDGET,
    }
)


class Task(enum.StrEnum):
    """What a call is asked for."""

    LOOK = "look"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Call:
    """One job: this reviewer, by this engine, for this vote, on this chunk.

    `vote` counts from 1; it is 0 for engines that do not vote. `candidates` are the findings to be
    verified, for Task.VERIFY only; `rebuttal` is what a person has answered to them, "" where nobody
    has. `model` is "" for the engine's default.
    """

    reviewer: str
    engine: str
    vote: int = 0
    chunk: int = 0
    model: str = ""
    round: int = 1
    task: Task = Task.LOOK
    candidates: tuple[Finding, ...] = ()
    rebuttal: str = ""

    @property
    def name(self) -> str:
        """Short and unique within a review: `security 2`, `security static`, `verify 1`."""
        seat = str(self.vote) if self.vote else self.engine
        chunk = f" (part {self.chunk + 1})" if self.chunk else ""
        return f"{self.reviewer} {seat}{chunk}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, all its attempts together."""

    uncached: int = 0
    written: int = 0
    read: int = 0
    out: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.uncached + other.uncached,
            self.written + other.written,
            self.read + other.read,
            self.out + other.out,
        )

    @property
    def prompt(self) -> int:
        """All tokens that went in."""
        return self.uncached + self.written + self.read


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of a call: how it ended, when (seconds since the call began), what it took."""

    start: float
    seconds: float
    result: str
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Cleared:
    """A place that looked wrong to one vote and was found right, and why: the seed of a dissent."""

    path: str
    line: int
    quote: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verifier's word on one candidate; the citation is checked before it counts."""

    finding: str
    ruling: Ruling
    reason: str
    path: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """A hunk that fared differently from the rest of its look."""

    hunk: HunkRef
    reading: Reading
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AnalyserRun:
    """One analyser in one look: how many files it read, and what went wrong where."""

    name: str
    version: str
    rules: int
    files: int
    reading: Reading
    detail: str = ""
    sandbox: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What came back from one call. A refusal or a cut-off is a look too, metered like the rest.

    `cost` is in USD, None where the price is not known. `start` is the monotonic clock at which the
    call began, `waited` how long it held still for the shared cache, both in seconds. `allowance` is
    the limit that kept it from being started (Reading.BUDGET). `lasts`: the same call fails again until
    whoever runs us has mended what its detail says, as a key.
    """

    call: Call
    reading: Reading
    claims: tuple[Claim, ...] = ()
    cleared: tuple[Cleared, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    detail: str = ""
    model: str = ""
    usage: Usage = Usage()
    cost: float | None = 0.0
    start: float = 0.0
    waited: float = 0.0
    seconds: float = 0.0
    attempts: tuple[Attempt, ...] = ()
    partial: tuple[Partial, ...] = ()
    analysers: tuple[AnalyserRun, ...] = ()
    allowance: Allowance | None = None
    lasts: bool = False
