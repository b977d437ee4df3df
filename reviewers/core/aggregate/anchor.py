"""Step 1: from claims to findings. Is the quoted code there, and on which line?

A deterministic look at the change, before any judgement: it removes invented files, lines and code
(users.md, complaint 12) and places the rest on lines that GitHub accepts. No anchor is ever
guessed: code that stands more than once, and not where the claim says, is told without a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import (
    Claim,
    Dropped,
    Finding,
    Kept,
    Location,
    Reason,
    Side,
    fingerprint,
)
from reviewers.core.quotes import Quotes, quote_keys
from reviewers.core.suggestion import checked_suggestion


def anchor(claims: Iterable[Claim], change: Change) -> Kept:
    """Every claim as a finding on a checked place, or dropped with the reason."""
    quotes = Quotes(change)
    results = [place(claim, change, quotes) for claim in claims]
    return Kept(
        tuple(r for r in results if isinstance(r, Finding)),
        tuple(r for r in results if isinstance(r, Dropped)),
    )


def place(claim: Claim, change: Change, quotes: Quotes) -> Finding | Dropped:
    """One claim, placed; unplaced when its code is in the file but not in a hunk; or dropped."""
    file = change.file(claim.path)
    if file is None:
        return Dropped(claim, Reason.UNKNOWN_FILE)
    keys = quote_keys(claim.quote)
    if not keys:
        return Dropped(claim, Reason.NO_QUOTE)
    if places := _places(claim, file, quotes):
        return _choose(claim, file, places, quotes)
    lines = quotes.in_text(file, keys)
    if not lines:
        return Dropped(claim, Reason.QUOTE_NOT_FOUND)
    said = claim.line if claim.line in lines or len(lines) > 1 else lines[0]
    return _finding(claim, file, None, said if said in lines else 0, quotes)


def _places(claim: Claim, file: FileDiff, quotes: Quotes) -> tuple[Location, ...]:
    """Where the quote stands in the hunks, on either side; on the claimed one first."""
    keys = quote_keys(claim.quote)
    other = Side.LEFT if claim.side is Side.RIGHT else Side.RIGHT
    return quotes.places(file, claim.side, keys) + quotes.places(file, other, keys)


def _choose(claim: Claim, file: FileDiff, places: Sequence[Location], quotes: Quotes) -> Finding:
    """On the place that the claimed lines name, or on the only one; else without a line.

    The line counts before the side: RIGHT is what everybody says who does not think of it, and what
    was removed here may stand, unharmed, elsewhere. Places may overlap (equal lines in a row): the
    one of exactly these lines comes first, then the one that begins there, then the one that covers
    it. Equal code outside of the hunks counts: the claim may mean that.
    """
    first = claim.line + _blank_lines_before(claim.quote)
    exact = (first, max(first, claim.end_line))
    said = min(
        (p for p in places if p.line <= first <= p.end_line),
        key=lambda p: (p.side is not claim.side, (p.line, p.end_line) != exact, p.line != first),
        default=None,
    )
    if said is None or said.side is not claim.side:
        outside = _outside(claim, file, places, quotes)
        if first in outside:
            return _finding(claim, file, None, first, quotes)
        if said is None and len(places) == 1 and not outside:
            said = places[0]
    return _finding(claim, file, said, 0, quotes)


def _outside(claim: Claim, file: FileDiff, places: Sequence[Location], quotes: Quotes) -> list[int]:
    """The lines at the head, on no hunk, at which the quote begins; a removed line is none."""
    if claim.side is Side.LEFT and any(p.side is Side.LEFT for p in places):
        return []
    lines = quotes.in_text(file, quote_keys(claim.quote))
    return [n for n in lines if (Side.RIGHT, n) not in file.rows]


def _blank_lines_before(quote: str) -> int:
    """Blank lines are never compared, so a quote that begins with some stands further down."""
    return len(quote[: len(quote) - len(quote.lstrip())].split("\n")) - 1


def _finding(
    claim: Claim, file: FileDiff, location: Location | None, seen_at: int, quotes: Quotes
) -> Finding:
    key = quote_keys(claim.quote)[0]
    ordinal = quotes.ordinal(file, location.side, location.line, key) if location else 0
    at = location or Location(file.path, seen_at, seen_at)
    return Finding(
        rule=claim.rule,
        severity=claim.severity,
        title=claim.title,
        body=claim.body,
        fix=claim.fix,
        path=file.path,
        quote=claim.quote,
        sources=(claim.source,),
        location=location,
        seen_at=seen_at,
        suggestion=checked_suggestion(claim, location, file) if location else None,
        id=fingerprint(claim.rule, file.path, key, ordinal),
        around=quotes.passage(file, at.side, at.line, at.end_line),
    )
