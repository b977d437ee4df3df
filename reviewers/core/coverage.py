"""The coverage receipt: what was read, by whom, and what was not.

A ledger with one cell per hunk x reviewer x engine x vote. Silence becomes evidence: a review may
say that nothing was found only when no cell is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from reviewers.core.call import Look, Reading, Task
from reviewers.core.change import HunkRef

WHOLE_FILE = -1
"""Hunk index of a file that has no hunks to show (binary, not delivered)."""
UNPARSED = "it could not be parsed"
"""Why an analyser that needs a syntax tree has not read a file: behind its name, in `Cell.detail`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one hunk before one reviewer's one vote.

    Reviewer and engine "" stand for all of them that have no cell of their own there.
    """

    hunk: HunkRef
    reviewer: str
    engine: str
    vote: int
    reading: Reading
    detail: str = ""


def is_unparsed(detail: str) -> bool:
    """Whether it is for their syntax alone that analysers did not read a hunk, as a cell's detail says:
    they will not, before that is corrected.
    """
    return all(part.endswith(f": {UNPARSED}") for part in detail.split("; "))


@dataclass(frozen=True)
class Coverage:
    """The whole ledger. `carried` hunks were read in an earlier review and are unchanged since."""

    cells: tuple[Cell, ...]
    hunks: tuple[HunkRef, ...]
    carried: tuple[HunkRef, ...] = ()

    @cached_property
    def gaps(self) -> tuple[Cell, ...]:
        """What should have been read and was not."""
        return tuple(c for c in self.cells if c.reading.is_gap)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why by path, for the files that nobody was to read; analysers may have, see Plan.aside."""
        return {
            c.hunk.path: c.detail or c.reading.value
            for c in self.cells
            if not (c.reviewer or c.reading.is_gap)
        }

    @cached_property
    def analysed_only(self) -> frozenset[str]:
        """The paths of those of them that analysers have read all the same."""
        read = {c.hunk.path for c in self.cells if c.reviewer and c.reading is Reading.READ}
        return frozenset(read & self.left_out.keys())

    @property
    def complete(self) -> bool:
        """Whether nothing failed and nothing went unread."""
        return not self.gaps

    @cached_property
    def readers(self) -> tuple[tuple[str, str, int], ...]:
        """(reviewer, engine, vote) of every planned pair of eyes, in plan order."""
        return tuple(
            dict.fromkeys((c.reviewer, c.engine, c.vote) for c in self.cells if c.reviewer)
        )

    @cached_property
    def _read(self) -> frozenset[tuple[str, str, int, HunkRef]]:
        return frozenset(
            (c.reviewer, c.engine, c.vote, c.hunk) for c in self.cells if c.reading is Reading.READ
        )

    def votes(self, reviewer: str, hunks: Iterable[HunkRef]) -> tuple[tuple[int, ...], int]:
        """The votes of `reviewer` that read any of `hunks`, and how many were planned for them."""
        wanted = tuple(hunks)
        planned = {
            c.vote for c in self.cells if c.reviewer == reviewer and c.vote and c.hunk in wanted
        }
        read = tuple(
            v
            for r, e, v in self.readers
            if r == reviewer and v > 0 and any((r, e, v, hunk) in self._read for hunk in wanted)
        )
        return read, len(planned)


def cells_of_look(look: Look, hunks: Iterable[HunkRef]) -> tuple[Cell, ...]:
    """The cells that one look fills: its reading for every hunk, but for its partial ones."""
    if look.call.task is Task.VERIFY:
        return ()
    partial = {p.hunk: p for p in look.partial}
    call = look.call
    return tuple(
        Cell(hunk, call.reviewer, call.engine, call.vote, p.reading, p.detail)
        if (p := partial.get(hunk))
        else Cell(hunk, call.reviewer, call.engine, call.vote, look.reading, look.detail)
        for hunk in hunks
    )
