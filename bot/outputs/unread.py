"""What went unread in a review: each gap with its reason and the call that should have read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.outputs.receipt import SAID
from bot.outputs.shapes import CallShape, CellShape, Document
from bot.outputs.words import listing, plural
from reviewers.core.call import Reading
from reviewers.core.policy import STATIC

MOST_SHOWN = 100
FILES_NAMED = 3

HELPED_BY_ANOTHER_TRY = frozenset(
    {Reading.REFUSED, Reading.CUT_OFF, Reading.TIMED_OUT, Reading.FAILED, Reading.BUDGET}
)
"""What may come out otherwise next time; a file that is too large stays so."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Hunks that one pair of eyes did not read, all for one reason."""

    who: str
    hunks: str
    files: str
    reading: str
    why: str
    call: str


def unread(doc: Document) -> list[Unread]:
    """The gaps, those with the same eyes and reason together, at most MOST_SHOWN."""
    groups: dict[tuple[str, str, int | None, str, str], list[CellShape]] = {}
    for cell in doc.coverage.cells:
        if Reading(cell.reading).is_gap:
            key = (cell.reviewer, cell.engine, cell.vote, cell.reading, cell.detail)
            groups.setdefault(key, []).append(cell)
    return [_unread(group, doc.calls) for group in list(groups.values())[:MOST_SHOWN]]


def helps_to_try_again(doc: Document) -> bool:
    """Whether another run could read what this one did not."""
    if doc.outcome == "failed":
        return True
    if any(a.reading in HELPED_BY_ANOTHER_TRY for a in doc.analysers):
        return True
    return any(c.reading in HELPED_BY_ANOTHER_TRY for c in doc.coverage.cells)


def _unread(cells: Sequence[CellShape], calls: Sequence[CallShape]) -> Unread:
    first = cells[0]
    reading = Reading(first.reading)
    seat = "analysers" if first.engine == STATIC else f"vote {first.vote}"
    who = f"{first.reviewer}, {seat}" if first.reviewer else "everybody"
    paths = list(dict.fromkeys(c.path for c in cells))
    named = listing(paths[:FILES_NAMED])
    more = len(paths) - FILES_NAMED
    hunks = [c for c in cells if c.hunk is not None]
    return Unread(
        who=who,
        hunks=plural(len(hunks), "hunk") if hunks else "the whole file",
        files=f"{named} and {plural(more, 'more file')}" if more > 0 else named,
        reading=first.reading,
        why=first.detail or SAID.get(reading, reading.value),
        call=_call(first, calls),
    )


def _call(cell: CellShape, calls: Sequence[CallShape]) -> str:
    """The names of the calls that were to read it; a large change is read in several parts."""
    if cell.reading == Reading.TOO_LARGE or not cell.reviewer:
        return "none was planned"
    seats = (cell.reviewer, cell.engine, cell.vote)
    names = [c.name for c in calls if (c.reviewer, c.engine, c.vote) == seats]
    return listing(names[:FILES_NAMED]) or "none was started"
