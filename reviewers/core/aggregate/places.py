"""Where findings stand in a change, whatever side their lines are on: in which hunk, how far apart.

A removed line has no number among those that stay. What the change puts in its place has, so that is
where it counts as standing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from reviewers.core.change import Change, Hunk, Mark
from reviewers.core.finding import Finding, Side

NO_CHANGE = Change(())
Span = tuple[int, int]
"""First and last line, of the right side."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a hunk shows of the right side, and by its number what stands instead of a removed line."""

    span: Span
    instead: dict[int, Span]


class Places:
    """The hunks of a change, file by file."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._files: dict[str, tuple[_Shown, ...]] = {}

    def share_hunk(self, a: Finding, b: Finding, within: int) -> bool:
        """Whether both stand in one hunk, or at most `within` lines from it."""
        return a.path == b.path and bool(self._hunks(a, within) & self._hunks(b, within))

    def apart(self, a: Finding, b: Finding) -> int | None:
        """Lines between two findings of one file, 0 where they overlap; None where nobody knows."""
        here, there = self._span(a), self._span(b)
        if a.path != b.path or here is None or there is None:
            return None
        return _gap(here, there)

    def _hunks(self, finding: Finding, within: int) -> frozenset[int]:
        span = self._span(finding)
        if span is None:
            return frozenset()
        shown = enumerate(self._of(finding.path))
        return frozenset(i for i, hunk in shown if _gap(hunk.span, span) <= within)

    def _span(self, finding: Finding) -> Span | None:
        at = finding.location
        if at is None:
            return (finding.seen_at, finding.seen_at) if finding.seen_at else None
        if at.side is Side.RIGHT:
            return at.line, at.end_line
        for hunk in self._of(finding.path):
            if at.line in hunk.instead and at.end_line in hunk.instead:
                return hunk.instead[at.line][0], hunk.instead[at.end_line][1]
        return None

    def _of(self, path: str) -> tuple[_Shown, ...]:
        if path not in self._files:
            file = self._change.file(path)
            hunks = file.hunks if file else ()
            self._files[path] = tuple(
                _Shown((h.new_start, _last(h)), dict(_instead(h))) for h in hunks
            )
        return self._files[path]


def _gap(a: Span, b: Span) -> int:
    return max(0, b[0] - a[1], a[0] - b[1])


def _last(hunk: Hunk) -> int:
    return max((x.new for x in hunk.lines if x.new is not None), default=hunk.new_start)


def _instead(hunk: Hunk) -> Iterator[tuple[int, Span]]:
    """The removed lines: each with the lines that its run adds, or with the two that close up."""
    before = hunk.new_start - 1
    for is_context, rows in groupby(hunk.lines, key=lambda x: x.mark is Mark.CONTEXT):
        run = tuple(rows)
        new = [x.new for x in run if x.new is not None]
        if not is_context:
            span = (new[0], new[-1]) if new else (before, before + 1)
            yield from ((x.old, span) for x in run if x.mark is Mark.REMOVED and x.old is not None)
        before = new[-1] if new else before
