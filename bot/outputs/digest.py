"""What the status page keeps of a finished review: who read how well, and whether a retry may help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from bot.outputs.shapes import AnalyserShape, Document
from bot.outputs.unread import helps_to_try_again
from reviewers.core.call import Reading
from reviewers.core.policy import STATIC

_FAILED = (Reading.CUT_OFF, Reading.TIMED_OUT, Reading.FAILED)


@dataclass(frozen=True, slots=True)
class CallDigest:
    """One call of a model."""

    reviewer: str
    reading: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Digest:
    """A finished review in short; `ended` is in seconds since the epoch, `title` is whole."""

    ended: float
    calls: tuple[CallDigest, ...]
    analysers: tuple[AnalyserShape, ...]
    helps: bool
    title: str


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """How one reviewer's calls of a day went; `median` is in seconds, None where none answered."""

    name: str
    calls: int
    refused: int
    failed: int
    median: float | None


@dataclass(frozen=True, slots=True)
class AnalyserLine:
    """How the last run of an analyser went; `failed` also where it did not find its canary."""

    name: str
    version: str
    failed: str
    at: float
    detail: str


def digest(doc: Document, ended: float) -> Digest:
    """The short form."""
    return Digest(
        ended,
        tuple(
            CallDigest(c.reviewer, c.reading, c.seconds)
            for c in doc.calls
            if c.engine != STATIC and c.reading != Reading.BUDGET
        ),
        tuple(doc.analysers),
        helps_to_try_again(doc),
        doc.title,
    )


def reviewer_lines(digests: Iterable[Digest]) -> list[ReviewerLine]:
    """A line a reviewer, in the order in which they first appear."""
    calls: dict[str, list[CallDigest]] = {}
    for one in digests:
        for call in one.calls:
            calls.setdefault(call.reviewer, []).append(call)
    return [_line(name, mine) for name, mine in calls.items()]


def _line(name: str, calls: list[CallDigest]) -> ReviewerLine:
    readings = [c.reading for c in calls]
    times = [c.seconds for c in calls if c.reading == Reading.READ]
    return ReviewerLine(
        name,
        len(calls),
        readings.count(Reading.REFUSED),
        sum(r in _FAILED for r in readings),
        median(times) if times else None,
    )


def analyser_lines(digests: Iterable[Digest]) -> list[AnalyserLine]:
    """The newest run of each analyser; those that failed first."""
    newest: dict[str, AnalyserLine] = {}
    for one in sorted(digests, key=lambda d: d.ended):
        for a in one.analysers:
            failed = a.reading if Reading(a.reading).is_gap else ""
            newest[a.name] = AnalyserLine(a.name, a.version, failed, one.ended, a.detail)
    return sorted(newest.values(), key=lambda line: (not line.failed, line.name))
