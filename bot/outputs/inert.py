"""Text of strangers and models made harmless before it is written on GitHub.

What it must not do: mention people, close issues, command other bots, show images, link elsewhere,
break the layout, hide characters, carry secrets (review-comment.md section 8; cases S56 to S60).
"""

from __future__ import annotations

import html
import re

from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line, visible

TITLE_CHARS = 60
BODY_CHARS = 240
FIX_CHARS = 200
"""Lengths of review-comment.md section 7; models are told them and do not always obey."""

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ACTIVE = re.compile(
    r"\S*@\S+"  # mentions, mail addresses
    r"|(?:https?|ftp|file|data|javascript|mailto)\s?:\S*|www\.\S+"
    r"|\S*#\d+\S*|\bGH-\d+\b"  # issues, closing keywords
    r"|\b[0-9a-f]{7,40}\b"  # commits
    r"|\S*\$\S*"  # formulas
    r"|:[a-z0-9_+\-]+:"  # emoji
    r"|(?<![\w.])/[a-z][\w\-]*(?=$|[\s.,;:!?)])"  # commands
    r"|\b(?:bors|homu|mergify|r\+)(?!\w)",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"([\\`*_\[\]~|])")
_OPENS_BLOCK = re.compile(r"(?:[-+*>#=|~]|\d{1,9}[.)]|/\w|:?-{2,})")


def inert(text: str, redact: Redaction, limit: int | None = None) -> str:
    """One line of Markdown that shows `text` and does nothing else.

    Code spans stay when they are balanced; what could act goes into one. `limit` cuts, in
    characters of the given text, at a word, and marks the cut.
    """
    plain = shortened(one_line(redact(text)), limit)
    out: list[str] = []
    at = 0
    for span in _SPAN.finditer(plain):
        out += (_words(plain[at : span.start()]), code(span[2].strip()))
        at = span.end()
    out.append(_words(plain[at:]))
    joined = "".join(out)
    return _closed(joined)


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


def _words(text: str) -> str:
    """Text outside of code spans."""
    out: list[str] = []
    at = 0
    for match in _ACTIVE.finditer(text):
        word = match[0].rstrip(".,;:!?)")
        end = match.start() + len(word)
        out += (_escaped(text[at : match.start()]), code(word) if word else "")
        at = end
    out.append(_escaped(text[at:]))
    return "".join(out)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(text, quote=False))


def _closed(text: str) -> str:
    """A text whose first characters could open a block gets its first word in a code span."""
    if not _OPENS_BLOCK.match(text):
        return text
    first, blank, rest = text.partition(" ")
    if "`" in first:
        return text
    return code(html.unescape(re.sub(r"\\(.)", r"\1", first))) + blank + rest
