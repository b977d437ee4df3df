"""Where a known finding stands now, and whether a new one may stand there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from reviewers.core.aggregate.copies import Copies
from reviewers.core.aggregate.likeness import MOVED_WORDING, NEAR_LINES, RETOLD_LINES
from reviewers.core.aggregate.passages import Span, are_strange, is_common
from reviewers.core.change import FileDiff
from reviewers.core.finding import Finding
from reviewers.core.history import Known, State
from reviewers.core.quotes import quote_keys


class Home:
    """Where a known finding stands now: asked of every new one, so each answer is kept."""

    def __init__(self, known: Known, copies: Copies) -> None:
        self.known = known
        self.finding = known.finding
        self._copies = copies

    @cached_property
    def file(self) -> FileDiff | None:
        """Its file, whatever that is called now."""
        return self._copies.file_of(self.finding.path)

    @cached_property
    def stays(self) -> bool:
        """Whether its code stands where it stood: then equal code in another file is not that code moved,
        but another finding, also where the first one was mended by something round it.
        """
        return self._copies.stays(self.finding)

    @cached_property
    def places(self) -> tuple[Span, ...]:
        """Where its code stands in its file: of equal places its own, as far as anybody can tell."""
        return self._copies.own_places(self.finding)

    def is_at(self, new: Finding) -> bool:
        """Whether a new one of its file, about equal code, stands at its own place and not at another
        line that is like it: a fault there is another one, which nobody has told.
        """
        is_gone = not self._copies.spans_of(self.finding)
        return is_gone or new.line == 0 or _is_near(new, self._places_on(new), 0)

    def is_strange_to(self, new: Finding) -> bool:
        """Whether it was dismissed, or fixed, on a line as many are, and nothing of what stood round that
        stands round a new one: what was decided about the one hides nothing on the other.
        """
        is_open = self.known.state in (State.OPEN, State.LATE)
        is_strange = are_strange(self.finding.around, new.around)
        return not is_open and is_strange and is_common(self.finding.quote)

    def may_be_at(self, new: Finding, *, is_retold: bool) -> bool:
        """Whether it may be told of the code of another one of its file: by words alone, where its own is
        gone or stands right there, and where it is `is_retold`, the same words and rule of a model, in its
        hunk. Else a like fault elsewhere would take its place, and it be forgotten.
        """
        if not self.stays:
            return True
        if self.file is None or self.file.missing or new.location is None:
            return True
        places, side = self._places_on(new), new.location.side
        if _is_near(new, places, NEAR_LINES):
            return True
        if not (is_retold and _is_near(new, places, RETOLD_LINES)):
            return False
        hunks = {self.file.hunk_at(side, first) for first, _ in places}
        return self.file.hunk_at(side, new.line) in hunks - {None}

    def _places_on(self, new: Finding) -> tuple[Span, ...]:
        """Where it stands on the side of a new one: on the other side no line is its own."""
        if self.file is None or new.side is self.finding.side:
            return self.places
        keys = quote_keys(self.finding.quote)
        return tuple(self._copies.in_hunks(self.file, new.side, keys))

    @cached_property
    def moved(self) -> tuple[FileDiff, ...]:
        """The files that its code has moved to since the last review. What was fixed or dismissed goes
        with its file alone: equal code in another one may be anybody's, and nothing is hidden for it.
        """
        if self.stays:
            return ()
        is_open = self.known.state in (State.OPEN, State.LATE)
        path, copies = self.finding.path, self._copies
        return tuple(f for f in copies.moved(self.known) if is_open or copies.is_renamed(f, path))

    def has_moved_to(self, new: Finding, file: FileDiff | None, alike: float) -> bool:
        """Whether its code may have moved to where a new one of the same rule stands. What many lines are
        tells that only together with what stands round it, or like words.
        """
        if file is None or file not in self.moved:
            return False
        if places := self._copies.known_places(self.finding, file):
            return _is_near(new, places, 0)
        is_sure = not is_common(self.finding.quote) or alike >= MOVED_WORDING
        return is_sure or not (new.around and self.finding.around)


def _is_near(new: Finding, places: Sequence[Span], lines: int) -> bool:
    """Whether a finding stands at most so many lines from one of some places, which are in their order."""
    first, last = (new.location.line, new.location.end_line) if new.location else (new.line,) * 2
    behind = bisect_right(places, last + lines, key=lambda place: place[0])
    return behind > 0 and places[behind - 1][1] + lines >= first
