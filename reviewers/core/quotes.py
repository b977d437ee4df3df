"""Where quoted code stands in a change: the deterministic check under every anchor and citation.

Code is compared without white space, with hidden characters escaped and secrets masked, because
that is how a model was shown it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from reviewers.core.change import Change, FileDiff, Line
from reviewers.core.finding import Location, Side, are_twins, fingerprint
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible

MIN_PART = 8
"""Characters (without blanks) that a part of a line must have to count as a quote of that line."""

AROUND = 3
"""Lines before and behind a place by which its passage is known; git shows as many."""

_masked = Redaction()
Row = tuple[int, str]
"""A line's 1-based number and its text for comparison."""


def code_key(text: str) -> str:
    """One line of code for comparison: no white space, hidden characters as people see them."""
    return "".join(visible(text).split())


@lru_cache(maxsize=1024)
def quote_keys(quote: str) -> tuple[str, ...]:
    """The lines of a quote for comparison, empty ones left out."""
    keys = (code_key(line) for line in _masked(quote).split("\n"))
    return tuple(key for key in keys if key)


def share_code(a: str, b: str) -> bool:
    """Whether one of two quotes holds the other: the same code, quoted at another length.

    Less than `MIN_PART` characters in common say nothing, unless that is all there is.
    """
    short, long = sorted(("\n".join(quote_keys(quote)) for quote in (a, b)), key=len)
    return bool(short) and (short == long or (len(short) >= MIN_PART and short in long))


class Quotes:
    """Finds quoted code in the files of one change; each file's lines are prepared once."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._hunks: dict[tuple[str, Side], tuple[tuple[Row, ...], ...]] = {}
        self._texts: dict[str, tuple[Row, ...]] = {}
        self._spans: dict[tuple[str, Side, tuple[str, ...]], list[tuple[int, int]]] = {}
        self._passages: dict[tuple[str, Side, int, int], frozenset[str]] = {}
        self._at: dict[tuple[str, Side], dict[int, tuple[tuple[Row, ...], int]]] = {}
        self._places: dict[tuple[str, Side, tuple[str, ...]], tuple[Location, ...]] = {}

    def places(self, file: FileDiff, side: Side, quote: tuple[str, ...]) -> tuple[Location, ...]:
        """What `in_hunks` finds. Asked for each claim, of which thousands of equal lines bring hundreds."""
        at = (file.path, side, quote)
        if at not in self._places:
            found = self.in_hunks(file, side, quote)
            self._places[at] = tuple(Location(file.path, *span, side) for span in found)
        return self._places[at]

    def in_hunks(self, file: FileDiff, side: Side, quote: Sequence[str]) -> list[tuple[int, int]]:
        """First and last line of each place in a hunk, on one side, where the quote stands.

        On the LEFT a quote may run over lines that stay; the place is from the first removed line
        in it to the last, and a quote without one stands on the RIGHT.
        """
        places = [place for rows in self._rows(file, side) for place in _places(rows, quote)]
        if side is Side.RIGHT:
            return places
        removed = sorted(number for at, number in file.rows if at is Side.LEFT)
        inside = ((bisect_left(removed, a), bisect_right(removed, z)) for a, z in places)
        return list(dict.fromkeys((removed[i], removed[j - 1]) for i, j in inside if i < j))

    def in_text(self, file: FileDiff, quote: Sequence[str]) -> list[int]:
        """The lines of the whole file, at the head, at which the quote begins."""
        if file.text is None:
            return []
        return [first for first, _ in _places(self._text(file.path, file.text), quote)]

    def in_file(self, file: FileDiff, side: Side, quote: Sequence[str]) -> list[tuple[int, int]]:
        """First and last line of each place on that side: of the whole file where its text is known, and
        the place is on the right, else of its hunks. Asked for each finding, of which many may be alike.
        """
        at = (file.path, side, tuple(quote))
        if at not in self._spans:
            is_whole = side is Side.RIGHT and file.text is not None
            rows = self._text(file.path, file.text or "") if is_whole else ()
            self._spans[at] = _places(rows, quote) if is_whole else self.in_hunks(file, side, quote)
        return self._spans[at]

    def lines(self, file: FileDiff) -> frozenset[str]:
        """The lines of a file for comparison: all of them, or those that its hunks show."""
        return frozenset(text for rows in self._runs(file) for _, text in rows)

    def around(self, file: FileDiff, quote: Sequence[str]) -> frozenset[str]:
        """The lines round each place of the quote, for comparison (`AROUND`); those of less than
        `MIN_PART` characters left out.
        """
        places = (place for rows in self._runs(file) for place in _places(rows, quote))
        return frozenset().union(*(self._round(file, Side.RIGHT, *place) for place in places))

    def passage(self, file: FileDiff, side: Side, first: int, last: int) -> frozenset[str]:
        """The same round one place, as hashes: by them a passage is known among equal lines, in whatever
        line it stands. Empty where none is long enough.
        """
        at = (file.path, side, first, last)
        if at not in self._passages:
            texts = self._round(file, side, first, last)
            self._passages[at] = frozenset(_hash(text) for text in texts)
        return self._passages[at]

    def cited(self, path: str, quote: str) -> int | None:
        """The line at the head on which a citation stands, None where it stands nowhere.

        A citation of less than `MIN_PART` characters proves nothing and counts as not found.
        """
        file = self._change.file(path)
        keys = quote_keys(quote)
        if file is None or len("".join(keys)) < MIN_PART:
            return None
        shown = [first for first, _ in self.in_hunks(file, Side.RIGHT, keys)]
        return next(iter(shown or self.in_text(file, keys)), None)

    def at(self, file: FileDiff, location: Location) -> tuple[str, ...]:
        """The lines of a place for comparison, blank ones left out."""
        span = range(location.line, location.end_line + 1)
        rows = (row for hunk in self._rows(file, location.side) for row in hunk)
        return tuple(text for number, text in rows if number in span)

    def known_as(self, file: FileDiff, side: Side, rule: str, identity: str) -> int | None:
        """The line of a hunk on which a finding of that rule was first seen under that id."""
        seen: Counter[str] = Counter()
        for number, key in (row for hunk in self._rows(file, side) for row in hunk):
            names = dict.fromkeys((file.path, file.old_path or file.path))
            if any(are_twins(fingerprint(rule, path, key, seen[key]), identity) for path in names):
                return number
            seen[key] += 1
        return None

    def ordinal(self, file: FileDiff, side: Side, line: int, key: str) -> int:
        """How many lines equal to `key` stand in the file's hunks before `line`."""
        rows = (row for hunk in self._rows(file, side) for row in hunk)
        return sum(1 for number, text in rows if number < line and text == key)

    def _round(self, file: FileDiff, side: Side, first: int, last: int) -> frozenset[str]:
        """The lines round a place, which are never of another hunk."""
        at = self._numbered(file, side)
        found: list[Row] = []
        if first in at and last in at:
            rows, before = at[first]
            found += rows[max(0, before - AROUND) : before]
            rows, behind = at[last]
            found += rows[behind + 1 : behind + 1 + AROUND]
        return frozenset(text for _, text in found if len(text) >= MIN_PART)

    def _numbered(self, file: FileDiff, side: Side) -> dict[int, tuple[tuple[Row, ...], int]]:
        """By its number for each line that is not blank: its run of lines, and where it stands in that."""
        key = (file.path, side)
        if key not in self._at:
            runs = self._runs(file) if side is Side.RIGHT else self._rows(file, side)
            self._at[key] = {n: (rows, i) for rows in runs for i, (n, _) in enumerate(rows)}
        return self._at[key]

    def _runs(self, file: FileDiff) -> tuple[tuple[Row, ...], ...]:
        if file.text is None:
            return self._rows(file, Side.RIGHT)
        return (self._text(file.path, file.text),)

    def _text(self, path: str, text: str) -> tuple[Row, ...]:
        if path not in self._texts:
            self._texts[path] = _keyed(enumerate(text.split("\n"), 1))
        return self._texts[path]

    def _rows(self, file: FileDiff, side: Side) -> tuple[tuple[Row, ...], ...]:
        at = (file.path, side)
        if at not in self._hunks:
            self._hunks[at] = tuple(_keyed(_side(hunk.lines, side)) for hunk in file.hunks)
        return self._hunks[at]


@lru_cache(maxsize=4096)
def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _side(lines: Sequence[Line], side: Side) -> list[Row]:
    """The lines of a hunk as they were (LEFT) or are (RIGHT)."""
    numbered = ((x.old if side is Side.LEFT else x.new, x.text) for x in lines)
    return [(number, text) for number, text in numbered if number is not None]


def _keyed(rows: Sequence[Row] | enumerate[str]) -> tuple[Row, ...]:
    """Rows for comparison, blank ones left out. All are masked together: a private key has many."""
    numbered = list(rows)
    if not numbered:
        return ()
    masked = _masked("\n".join(text for _, text in numbered)).split("\n")
    keyed = ((n, code_key(text)) for (n, _), text in zip(numbered, masked, strict=True))
    return tuple(row for row in keyed if row[1])


def _places(rows: Sequence[Row], quote: Sequence[str]) -> list[tuple[int, int]]:
    """First and last line of each run of rows that the quote is; one line may be a part of a row.

    Knuth, Morris and Pratt, so that the time is linear: with each start tried anew, some thousands
    of equal lines held up everything that runs beside a review for seconds.
    """
    if len(quote) == 1:
        return [(number, number) for number, text in rows if _holds(text, quote[0])]
    borders = _borders(quote)
    found: list[tuple[int, int]] = []
    length = 0
    for at, (number, text) in enumerate(rows):
        length = _extended(length, text, quote, borders)
        if length == len(quote):
            found.append((rows[at - length + 1][0], number))
            length = borders[length]
    return found


def _borders(quote: Sequence[str]) -> list[int]:
    """For each number of first lines of a quote: how many of them it ends in once more."""
    borders = [0, 0]
    for line in quote[1:]:
        borders.append(_extended(borders[-1], line, quote, borders))
    return borders


def _extended(length: int, line: str, quote: Sequence[str], borders: Sequence[int]) -> int:
    """How many first lines of the quote stand there with `line`, when before it stood `length`."""
    while length and quote[length] != line:
        length = borders[length]
    return length + (quote[length] == line)


def _holds(line: str, part: str) -> bool:
    return part == line or (len(part) >= MIN_PART and part in line)
