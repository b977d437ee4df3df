"""The rows of private keys in text: taken out whatever is round them, and no code with them.

Strangers write these texts, and a row that hides code would be their way past every reviewer. So only
what looks like a key's own is replaced, by `…`, and rows stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_END = "-----END"
# Each part takes all that it can and gives nothing back: a pattern that tries every way to share a row
# out takes for ever.
_KEY_ROW = re.compile(
    r"(?:[\s\"'`(*#|>-]|[/+]++(?=[\s\"'`*]))*+"
    r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): [^\"'`]*+|([A-Za-z0-9+/=]{4,}+))?+"
    r"(?:\\++[nr]?|[\s\"'`,;)+])*+"
)
_FULL_KEY_ROW = 32
"""Base64 of a key has rows of 64 or 76 characters; only the last ones may be shorter than this."""
_RUN = re.compile(rf"(?<!\\)[A-Za-z0-9+/=]{{{_FULL_KEY_ROW},}}+")  # A `\n` in code is none of it.
_BASE64 = re.compile(r"[A-Za-z0-9+/=]++")
_PARTS = re.compile(rf"({_RUN.pattern})|{_BEGIN.pattern}|{_END}")
MOST_ROWS_BETWEEN = 4
"""So far apart are the runs of a key whose END is not shown: as BEGIN and the first row with headers."""

Span = tuple[int, int]


def without_key_bodies(text: str) -> str:
    """What of private keys stands behind their BEGIN, each row or its base64 replaced by `…`.

    A row that is nothing but a key's, in whatever string syntax, goes as a whole. In any other, as where
    code puts a key together piece by piece, each run of a full row's base64 goes, and the code stays.
    """
    if not _BEGIN.search(text):
        return text
    text = _without_whole_rows(text)
    return _cut(text, _runs(text))


def _without_whole_rows(text: str) -> str:
    rows = text.split("\n")
    inside = False
    for i, row in enumerate(rows):
        if begins := tuple(_BEGIN.finditer(row)):
            inside = _END not in row[begins[-1].end() :]  # One may end where the next begins.
        elif inside:
            inside = _END not in row and _is_key_row(row, rows[i + 1 : i + 3])
            if inside and row.strip():
                rows[i] = "…"
    return "\n".join(rows)


def _runs(text: str) -> Iterator[Span]:
    """Each full row's base64 between BEGIN and END. Where END is cut off, those close behind BEGIN."""
    begun: int | None = None
    runs: list[Span] = []
    for part in chain(_PARTS.finditer(text), [None]):
        if part and part[1]:
            runs.append(part.span())
            continue
        if begun is not None:
            closed = part is not None and part[0] == _END
            yield from (*runs, *_last(text, runs)) if closed else _close(text, begun, runs)
        begun = part.end() if part and part[0] != _END else None
        runs = []


def _close(text: str, begun: int, runs: Sequence[Span]) -> Iterator[Span]:
    for start, end in runs:
        if text.count("\n", begun, start) > MOST_ROWS_BETWEEN:
            return
        yield start, end
        begun = end


def _last(text: str, runs: Sequence[Span]) -> Iterator[Span]:
    """The base64 of the row behind the last run, if all else in it is as in that run's own."""
    if runs:
        start, end = runs[-1]
        first, last = text.rfind("\n", 0, start) + 1, _row_end(text, end)
        row = text[last + 1 : _row_end(text, last + 1)]
        if found := _like(row, text[first:start], text[end:last]):
            yield last + 1 + found[0], last + 1 + found[1]


def _row_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _like(row: str, before: str, after: str) -> Span | None:
    """Where the base64 of a row stands that has `before` and `after` round it; None where not so."""
    start, end = len(before), len(row) - len(after)
    fits = row.startswith(before) and row.endswith(after)
    return (start, end) if fits and _BASE64.fullmatch(row, start, max(start, end)) else None


def _cut(text: str, spans: Iterator[Span]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], "…")
        at = end
    return "".join((*parts, text[at:]))


def without_key_rows(text: str) -> str:
    """What looks like the rows of a private key, each row or its base64 replaced by `…`.

    For a part of a file, which may show the middle of a key without its BEGIN: two or more full rows
    in succession are taken for one. Where the whole file is known BEGIN tells, and nothing is guessed.
    """
    rows = text.split("\n")
    full = [len(_base64(row) or "") >= _FULL_KEY_ROW for row in rows]
    inside = False
    for i, row in enumerate(rows):
        if full[i]:
            inside = inside or any(full[i + 1 : i + 2])
        else:
            inside = inside and bool(_base64(row)) and _is_key_row(row, rows[i + 1 : i + 3])
        if inside:
            rows[i] = "…"
    return "\n".join(_without_pieces(rows))


def _without_pieces(rows: Sequence[str]) -> Iterator[str]:
    """The rows without the base64 of those in succession that are alike but for it.

    Theirs is equally long, but for the last one's, and as mixed as chance makes it: words, paths and sums
    in hexadecimal digits are not.
    """
    pieces = [_piece(row) for row in rows]
    mould: _Piece | None = None
    for i, row in enumerate(rows):
        if mould is None and pieces[i] and pieces[i : i + 1] == pieces[i + 1 : i + 2]:
            mould = pieces[i]
        found = _like(row, mould.before, mould.behind) if mould else None
        if mould and (found is None or found[1] - found[0] < mould.length):
            mould = None
        yield f"{row[: found[0]]}…{row[found[1] :]}" if found else row


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is round the base64 of a full row, and how many characters that has."""

    before: str
    length: int
    behind: str


def _piece(row: str) -> _Piece | None:
    run = _RUN.search(row)
    if run is None or not all(re.search(kind, run[0]) for kind in ("[A-Z]", "[a-z]", "[0-9]")):
        return None
    return _Piece(row[: run.start()], len(run[0]), row[run.end() :])


def _is_key_row(row: str, behind: Sequence[str]) -> bool:
    base64 = _base64(row)
    if base64 is None:
        return False
    return not base64 or len(base64) >= _FULL_KEY_ROW or any(_END in other for other in behind)


def _base64(row: str) -> str | None:
    """What of a key is in a row, "" where the row is round it only; None where it is no key's row."""
    found = _KEY_ROW.fullmatch(row)
    return None if found is None else found[1] or ""
