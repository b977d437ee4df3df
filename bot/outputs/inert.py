"""Text of strangers and models made harmless before it is written on GitHub.

What it must not do: mention people, close issues, command other bots, show images, link elsewhere,
break the layout, hide characters, carry secrets (review-comment.md section 8; cases S56 to S60).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line, visible

TITLE_CHARS = 60
BODY_CHARS = 240
FIX_CHARS = 200
"""Lengths of review-comment.md section 7; models are told them and do not always obey."""

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ACTIVE_WORD = re.compile(
    r"@."  # mentions, mail addresses
    r"|#\d"  # issues, closing keywords
    r"|\$"  # formulas
    r"|(?:https?|ftp|file|data|javascript|mailto|xmpp):.|www\..",
    re.IGNORECASE,
)
"""What acts by any part of a word: the whole of it goes into code."""
_ACTIVE_PART = re.compile(
    r"\bGH-\d+\b"  # issues
    r"|\b[0-9a-f]{7,40}\b"  # commits
    r"|:[a-z0-9_+\-]+:"  # emoji
    r"|(?<![\w.])/[a-z][\w\-]*(?=$|[.,;:!?)])"  # commands
    r"|\b(?:bors|homu|mergify|r\+)(?!\w)",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"([\\`*_\[\]~|])")
_OPENS = re.compile(
    r"[-+#=]|\d{1,9}[.)]|:-|/\w"  # lists, headings, underlines, commands
    r"|(?:recheck|(?:re)?test this|ok to test|add to whitelist|jenkins)\b",  # words other bots obey
    re.IGNORECASE,
)
"""What still acts at the start of a line when all other Markdown is escaped."""


def inert(text: str, redact: Redaction, limit: int | None = None) -> str:
    """One line of Markdown that shows `text` and does nothing else.

    Code spans stay when they are balanced; what could act goes into one. `limit` cuts, in
    characters of the given text, at a word, and marks the cut.
    """
    plain = shortened(one_line(redact(text)), limit)
    if not _OPENS.match(plain):
        return _inline(plain)
    first, blank, rest = plain.partition(" ")
    return code(first) + blank + _inline(rest)


def shortened(text: str, limit: int | None) -> str:
    """At most `limit` characters, cut behind a word, with `…`."""
    if limit is None or len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head
    return cut.rstrip(" ,;:.") + "…"


def code(text: str) -> str:
    """A code span that holds `text` on one line: its fence is longer than any run inside."""
    shown = one_line(text)
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str) -> str:
    """A code span for a table's cell: a pipe would end the cell, in code as well."""
    return code(text).replace("|", "\\|")


def block(text: str, language: str = "") -> str:
    """A fenced block; the fence has one backtick more than the longest run inside, at least 3."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _inline(text: str) -> str:
    """Code spans as they are, and words outside of them."""
    out: list[str] = []
    at = 0
    for span in _SPAN.finditer(text):
        out += (*_words(text[at : span.start()]), code(span[2].strip()))
        at = span.end()
    return _apart([*out, *_words(text[at:])])


def _words(text: str) -> list[str]:
    """Text outside of code spans, in pieces; what could act is a code span."""
    out: list[str] = []
    at = 0
    for word in re.finditer(r"\S+", text):
        for first, last in _active(word[0]):
            start, end = word.start() + first, word.start() + last
            out += (_escaped(text[at:start]), code(text[start:end]))
            at = end
    return [*out, _escaped(text[at:])]


def _active(word: str) -> Iterator[tuple[int, int]]:
    """What of a word could act; brackets and marks around it stay outside."""
    if not _ACTIVE_WORD.search(word):
        yield from (match.span() for match in _ACTIVE_PART.finditer(word))
        return
    first, last = len(word) - len(word.lstrip("(\"'")), len(word.rstrip(".,;:!?)\"'"))
    if first < last:
        yield first, last


def _apart(pieces: list[str]) -> str:
    """The pieces in a row, a blank between two code spans: side by side their fences would join."""
    out: list[str] = []
    for piece in pieces:
        if piece.startswith("`") and out and out[-1].endswith("`"):
            out.append(" ")
        if piece:
            out.append(piece)
    return "".join(out)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(text, quote=False))
