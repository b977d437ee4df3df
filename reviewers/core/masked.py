"""The lines of a change as they may be shown: credentials cut, each version of a file as a whole.

A private key has many lines, and a hunk, or a few lines of one, may show its middle and neither its
beginning nor its end (case S48).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from reviewers.core.change import FileDiff, FileStatus, Hunk, Mark
from reviewers.core.finding import Side
from reviewers.core.key_rows import without_key_rows
from reviewers.core.secrets import Redaction


@lru_cache(maxsize=4)
def masked_text(file: FileDiff, redact: Redaction) -> tuple[str, ...]:
    """The lines of the new file, none where its text is not known."""
    return tuple(redact(file.text).split("\n")) if file.text is not None else ()


@lru_cache(maxsize=4)
def masked_lines(file: FileDiff, side: Side, redact: Redaction) -> Mapping[int, str]:
    """The lines of all hunks that stand on that side, by their numbers there.

    Of a file that is known in part, what looks like the rows of a private key goes. Asked for each
    finding of a file, one after the other.
    """
    if side is Side.RIGHT and _shows_its_text(file):
        rows = masked_text(file, redact)
        return {number: rows[number - 1] for at, number in file.rows if at is side}
    version = list(_version(file, side))
    if not version:  # As before a new file whose last line has no end: nothing stands on that side.
        return {}
    whole = "\n".join(text for _, text in version)
    texts = redact(without_key_rows(whole) if is_known_in_part(file) else whole).split("\n")
    return {n: text for (n, _), text in zip(version, texts, strict=True) if n}


def is_known_in_part(file: FileDiff) -> bool:
    """Whether no more of a file is known than the lines of its hunks."""
    return file.text is None and file.status not in (FileStatus.REMOVED, FileStatus.ADDED)


def stands_at(hunk: Hunk) -> int:
    """The first line at the head that is behind what stands before the hunk."""
    # Of a hunk without a line at the head git says behind which line it stood.
    return hunk.new_start + all(x.new is None for x in hunk.lines)


def _shows_its_text(file: FileDiff) -> bool:
    """Whether the hunks' new lines are those of the file's text, as they should be."""
    known = file.text.split("\n") if file.text is not None else []
    new = ((x.new, x.text) for hunk in file.hunks for x in hunk.lines if x.new is not None)
    return all(0 < n <= len(known) and known[n - 1] == text for n, text in new)


def _version(file: FileDiff, side: Side) -> Iterable[tuple[int, str]]:
    """The file before (LEFT) or after: a hunk's lines of that side numbered, all others with 0."""
    known = file.text.split("\n") if file.text is not None else None
    at = 1
    for hunk in file.hunks:
        first = stands_at(hunk)
        yield from ((0, text) for text in (known[at - 1 : first - 1] if known else [""]))
        for line in hunk.lines:
            if line.mark is Mark.CONTEXT or line.side is side:
                yield (line.number if line.side is side else 0), line.text
        at = first + sum(x.new is not None for x in hunk.lines)
    yield from ((0, text) for text in (known[at - 1 :] if known else [""]))
