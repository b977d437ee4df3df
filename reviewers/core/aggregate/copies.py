"""Where the code that a finding quotes stands: in its own file, or in one that it has moved to.

Moved code is not fixed, however many pushes the move takes. What stood elsewhere at the last review
has not moved there since, unless it is the same passage: copied first, deleted later.
"""

from __future__ import annotations

from reviewers.core.aggregate.likeness import MOVED_WORDING, text_of, wording
from reviewers.core.aggregate.passages import Passages, is_common
from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import Finding, Side
from reviewers.core.history import History, Known, State
from reviewers.core.quotes import MIN_PART, quote_keys

Keys = tuple[str, ...]


class Copies(Passages):
    """Passages of a change, with the files into which code has moved. `before` are those of the change
    as it was at the last review, None where that commit is lost.
    """

    def __init__(self, change: Change, history: History) -> None:
        self._then = Copies(history.previous, History()) if history.previous else None
        super().__init__(change, self._then)
        self._known = [k for k in history.known if k.state is not State.FIXED]
        self._written: dict[Keys, list[tuple[FileDiff, int]]] = {}

    def holds(self, file: FileDiff, keys: Keys) -> bool:
        """Whether a file has that code, in a hunk or out of them."""
        return bool(self.in_hunks(file, Side.RIGHT, keys) or self.in_text(file, keys))

    def stays(self, old: Finding) -> bool:
        """Whether its code stands in its own file still, or may: of a file that is not shown nobody can
        tell. Equal code that stood there at the last review, too, as somebody else's is not its own.
        """
        file, keys = self.file_of(old.path), quote_keys(old.quote)
        if file is None or not keys:
            return False
        is_anothers = bool(self.spans_of(old)) and not self.own_places(old)
        return bool(file.missing) or (self.holds(file, keys) and not is_anothers)

    def is_back(self, old: Finding) -> bool:
        """Whether its code stands in its own file, and cannot be seen there at the last review.

        What many lines are (`is_common`) is known by what stands round it, less than `MIN_PART` characters
        only on the line where they were.
        """
        length = len("".join(quote_keys(old.quote)))
        before = self.before
        if length < MIN_PART:
            places = {old.line} & self.places_of(old)
            return bool(places) and not (before and before.places_of(old))
        known = self.known_places(old)
        if known is None or (not known and not is_common(old.quote)):
            return bool(self.spans_of(old)) and not (before and before.spans_of(old))
        return bool(known) and not (before and before.known_places(old))

    def moved(self, known: Known) -> list[FileDiff]:
        """The files that its code may have moved to: those into which the change writes it more often
        than other findings stand for it there, and than it stood there before as another passage.

        Less than `MIN_PART` characters are too little to know code by, but where the file has moved as a
        whole.
        """
        old = known.finding
        keys = quote_keys(old.quote)
        if not keys or (old.location is not None and old.location.side is Side.LEFT):
            return []
        others = [(f, n) for f, n in self.written(keys) if f.path != old.path]
        if len("".join(keys)) < MIN_PART:
            return [f for f, _ in others if self.is_renamed(f, old.path)]
        return [f for f, n in others if n > max(self._told(f, known), self._stood(f, old))]

    def is_renamed(self, file: FileDiff, path: str) -> bool:
        """Whether a file is, by half of its lines at least, one that is not in the change any more."""
        if self.before is None or self.file_of(path):
            return False
        before = self.before.file_of(path)
        lines = self.before.lines(before) if before else frozenset()
        return bool(lines) and 2 * len(lines & self.lines(file)) >= len(lines)

    def written(self, keys: Keys) -> list[tuple[FileDiff, int]]:
        """The files into which the change writes the quote, and how often into each."""
        if keys not in self._written:
            places = ((f, self.in_hunks(f, Side.RIGHT, keys)) for f in self._change.files)
            counted = ((f, sum(_is_written(f, p) for p in found)) for f, found in places)
            self._written[keys] = [(f, n) for f, n in counted if n]
        return self._written[keys]

    def apart(self, file: FileDiff, old: Finding) -> int:
        """How often the quote of a finding is written into what was `file` here, as another passage:
        less than half of what stands round it in its own file is in that one.
        """
        keys = quote_keys(old.quote)
        own = self.file_of(old.path)
        there = self.file_of(file.path) or self.file_of(file.old_path or "")
        number = sum(n for f, n in self.written(keys) if f is there)
        if own is None or there is None or not number:
            return 0
        around = self.around(own, keys)
        return number if 2 * len(around & self.lines(there)) < len(around) else 0

    def _stood(self, file: FileDiff, old: Finding) -> int:
        """How often it stood in another file at the last review, as another passage."""
        return self._then.apart(file, old) if self._then else 0

    def _told(self, file: FileDiff, known: Known) -> int:
        """How many other findings stand for that code in another file."""
        keys = quote_keys(known.finding.quote)
        return sum(
            k.finding.id != known.finding.id
            and self.file_of(k.finding.path) is file
            and quote_keys(k.finding.quote) == keys
            and _says_as_much(k, known)
            for k in self._known
        )


def _is_written(file: FileDiff, place: tuple[int, int]) -> bool:
    """Whether a line of the place is an added one."""
    rows = (file.rows.get((Side.RIGHT, n)) for n in range(place[0], place[1] + 1))
    return any(row is not None and row.old is None for row in rows)


def _says_as_much(other: Known, known: Known) -> bool:
    """Whether a finding on a copy tells of it what the other one tells, and lets no gate go. What a
    person has dismissed there is told, too.
    """
    a, b = other.finding, known.finding
    is_same_rule = a.rule == b.rule and not a.rule.endswith("/other")
    if a.severity < b.severity or not (
        is_same_rule or wording(text_of(a), text_of(b)) >= MOVED_WORDING
    ):
        return False
    if other.state is State.DISMISSED:
        return True
    is_quieter = other.state is State.LATE and known.state is State.OPEN
    return not is_quieter and (_holds_a_gate(a) or not _holds_a_gate(b))


def _holds_a_gate(finding: Finding) -> bool:
    return finding.is_proven or finding.held_before
