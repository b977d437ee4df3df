"""What went unread in a review: each gap with its reason and the call that should have read it; and
that its findings were not verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.outputs.receipt import SAID
from bot.outputs.shapes import CallShape, CellShape, Document, FindingShape
from bot.outputs.words import listing, passed_over_by_verifier, plural, unverified_ones
from reviewers.core.call import Reading, Task
from reviewers.core.coverage import is_unparsed
from reviewers.core.finding import Standing
from reviewers.core.policy import STATIC

MOST_SHOWN = 100
FILES_NAMED = 3
CALLS_NAMED = 9

HELPED_BY_ANOTHER_TRY = frozenset(
    {
        Reading.REFUSED,
        Reading.CUT_OFF,
        Reading.TIMED_OUT,
        Reading.STOPPED,
        Reading.FAILED,
        Reading.BUDGET,
    }
)
"""What may come out otherwise next time; a file that is too large stays so, or one without a diff."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Hunks that one reviewer's votes did not read, all for one reason."""

    who: str
    hunks: str
    files: str
    reading: str
    why: str
    call: str

    @property
    def what(self) -> str:
        """`2 hunks in a.py and b.py`, `the whole file in c.py`, `the whole change`."""
        return f"{self.hunks} in {self.files}" if self.files else self.hunks

    def __str__(self) -> str:
        """As one line, for a terminal."""
        reading = self.reading if self.why == self.reading else f"{self.reading}: {self.why}"
        return f"{self.who}, {self.what}: {reading}; call: {self.call}"


WITHHELD = Unread(
    who="every model",
    hunks="the whole change",
    files="",
    reading="not asked",
    why="the configuration is not in order, so only analysers looked",
    call="none was started",
)


def unread(doc: Document) -> list[Unread]:
    """The gaps, those of one reviewer with the same files and reason together, at most MOST_SHOWN, and
    before them that no model was asked, for then the ledger has no cell of theirs.
    """
    cells: dict[tuple[str, str, int | None, str, str], list[CellShape]] = {}
    for cell in doc.coverage.cells:
        if Reading(cell.reading).is_gap:
            key = (cell.reviewer, cell.engine, cell.vote, cell.reading, cell.detail)
            cells.setdefault(key, []).append(cell)
    groups: dict[tuple[object, ...], list[list[CellShape]]] = {}
    for (reviewer, engine, _, reading, detail), mine in cells.items():
        where = tuple((c.path, c.hunk) for c in mine)
        groups.setdefault((reviewer, engine, reading, detail, where), []).append(mine)
    found = [_unread(votes, doc.calls) for votes in list(groups.values())[:MOST_SHOWN]]
    return [WITHHELD, *found] if doc.withheld else found


def unverified(doc: Document) -> str:
    """That the round which verifies did not work, as the posted body says it (bot/outputs/receipt.py);
    "" where it did, or was not asked for.
    """
    tried = [c for c in doc.calls if c.task == Task.VERIFY]
    lost = [c for c in tried if Reading(c.reading).is_gap]
    if not (tried and doc.findings):
        return ""
    if not lost:
        told = passed_over_by_verifier(len(doc.findings))
        passed_over = (was_asked_about(f) and f.verification is None for f in doc.findings)
        return told if any(passed_over) else ""
    reading = Reading(lost[0].reading)
    budget = lost[0].detail if reading is Reading.BUDGET else ""
    who = unverified_ones(len(doc.findings), every=len(lost) == len(tried))
    return f"{who} not verified: {budget or SAID.get(reading, reading.value)}."


def was_asked_about(f: FindingShape) -> bool:
    """Whether a finding was to be verified: one that was found in this review, and is told aloud. Votes
    are of this review alone; what has none and stands there already may be known from an earlier one.
    """
    return f.shown != "quiet" and bool(f.votes or f.standing == Standing.NEW)


def helps_to_try_again(doc: Document) -> bool:
    """Whether another run could read what this one did not."""
    if doc.outcome == "failed" or doc.withheld:
        return True
    if any(a.reading in HELPED_BY_ANOTHER_TRY for a in doc.analysers):
        return True
    cells = (c for c in doc.coverage.cells if c.hunk is not None)
    return any(c.reading in HELPED_BY_ANOTHER_TRY and not _is_unparsed(c) for c in cells)


def _is_unparsed(cell: CellShape) -> bool:
    return cell.engine == STATIC and is_unparsed(cell.detail)


def _unread(votes: Sequence[Sequence[CellShape]], calls: Sequence[CallShape]) -> Unread:
    """What these votes, each with the same cells, did not read."""
    cells = votes[0]
    first = cells[0]
    reading = Reading(first.reading)
    paths = list(dict.fromkeys(c.path for c in cells))
    named = listing(paths[:FILES_NAMED])
    more = len(paths) - FILES_NAMED
    hunks = [c for c in cells if c.hunk is not None]
    names = dict.fromkeys(name for mine in votes for name in _calls(mine[0], calls))
    return Unread(
        who=_who(first, [mine[0].vote for mine in votes]),
        hunks=plural(len(hunks), "hunk") if hunks else "the whole file",
        files=f"{named} and {plural(more, 'more file')}" if more > 0 else named,
        reading=first.reading,
        why=first.detail or SAID.get(reading, reading.value),
        call=listing(list(names)[:CALLS_NAMED]) or "none was started",
    )


def _who(cell: CellShape, votes: Sequence[int | None]) -> str:
    """`security, votes 1 and 2`, `style, analysers`."""
    if not cell.reviewer:
        return "everybody"
    if cell.engine == STATIC:
        return f"{cell.reviewer}, analysers"
    numbers = listing([str(v) for v in votes])
    return f"{cell.reviewer}, vote{'s' if len(votes) > 1 else ''} {numbers}"


def _calls(cell: CellShape, calls: Sequence[CallShape]) -> list[str]:
    """The names of the calls that were to read it; a large change is read in several parts."""
    if cell.reading == Reading.TOO_LARGE or not cell.reviewer:
        return []
    seat = (cell.reviewer, cell.engine, cell.vote)
    return [c.name for c in calls if (c.reviewer, c.engine, c.vote) == seat]
