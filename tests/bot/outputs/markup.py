"""Markdown read as GitHub reads it, as far as a library can: for looking at what is written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAG = re.compile(r"<[^>]*>")
_REMARK = re.compile(r"<!--.*?-->", re.DOTALL)

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""CommonMark with tables and strikethrough. Bare addresses and mentions, which GitHub links too,
are looked for in the text that is left (see `bare_text`)."""


def tokens(text: str) -> Iterator[Token]:
    """All tokens, the inline ones in the place of their parent."""
    for token in GITHUB.parse(text):
        if token.type == "inline":
            yield from token.children or ()
        else:
            yield token


def structure(text: str) -> list[str]:
    """The layout alone: types of blocks and marks, tags as they are, no words."""
    out: list[str] = []
    for token in tokens(text):
        if token.type in ("text", "text_special", "code_inline", "softbreak"):
            continue
        kind = token.type
        if kind.startswith("html"):
            kind = " ".join(_TAG.findall(token.content))
        if kind == "fence":
            kind = f"fence {token.info}"
        out.append(kind)
    return out


def bare_text(text: str) -> str:
    """The words outside of code, in which GitHub looks for mentions and numbers."""
    parts = []
    for token in tokens(text):
        if token.type in ("text", "text_special"):
            parts.append(token.content)
        elif token.type == "code_inline":
            parts.append("\N{OBJECT REPLACEMENT CHARACTER}")
        elif token.type == "softbreak" or token.block:
            parts.append("\n")
    return "".join(parts)


def plain_text(text: str) -> str:
    """What a reader sees when all markup is gone, on one line, as a mail's preview shows it."""
    parts: list[str] = []
    for token in tokens(text):
        if token.type in ("text", "text_special", "code_inline", "fence", "code_block"):
            parts.append(token.content)
        elif token.type.startswith("html"):
            parts.append(html.unescape(_TAG.sub("", _REMARK.sub("", token.content))))
        elif token.block or token.type == "softbreak":
            parts.append(" ")
    return " ".join("".join(parts).split())
