"""Our own detector of code that people and machines read differently (Trojan Source, case S42).

It judges characters, not languages: plain text in any script passes. What it lets pass, and what it
reports though it can be meant well, is written down as a table in its test.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from reviewers.core.finding import Severity
from reviewers.core.visible import HIDDEN, escape
from reviewers.engines.static.credentials import added
from reviewers.protocols import AnalyserRule, Copy, Hit, Report

RULE = "security/hidden-characters"
OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MARKS = frozenset("\u061c\u200e\u200f")
TAGS = frozenset(chr(c) for c in range(0xE0000, 0xE0080))
JOINERS = frozenset("\u200c\u200d")
EMOJI_SELECTORS = frozenset("\ufe0e\ufe0f")
GLYPH_SELECTORS = frozenset(chr(c) for c in (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)))
MONGOLIAN_SELECTORS = frozenset("\u180b\u180c\u180d\u180f")
KEYCAP = "\u20e3"
BLACK_FLAG = "\U0001f3f4"
REGIONS = ("gbeng", "gbsct", "gbwls")
"""The flags that are spelled with tags: England, Scotland, Wales (Unicode Technical Standard 51,
"recommended for general interchange"). Any other text in tags is hidden text."""

LOOKALIKES = frozenset("аеорсухіѕјԁһԛԝАВЕЅІЈКМНОРСТХУҮονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Cyrillic and Greek letters that look like Latin ones (Unicode's confusables.txt, the ones that
are equal in common fonts)."""

MOST_SHOWN = 8
"""So many different characters of a line are named."""
CANARY_TEXT = "if access != 'user\u202e \u2066// admin\u2069 \u2066': \u200b pa\u0443pal"
CANARY_KINDS = {"bidirectional", "invisible", "lookalike"}

_FLAG = re.compile(
    BLACK_FLAG
    + "(?:"
    + "|".join("".join(chr(0xE0000 + ord(c)) for c in region) for region in REGIONS)
    + ")\U000e007f"
)
_ODD = re.compile(rf"{HIDDEN.pattern}|[\u2028\u2029]|\r(?=[^\r])")
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_LOOKALIKE = re.compile(f"[{''.join(sorted(LOOKALIKES))}]")
_LATIN = re.compile("[A-Za-z]")
_RULES = {
    "bidirectional": AnalyserRule(
        RULE,
        Severity.HIGH,
        "Hidden characters change the order of this line",
        "People see the code in another order than the compiler does (Trojan Source). Here: {}.",
        "Remove the characters, or write them as escapes.",
    ),
    "tags": AnalyserRule(
        RULE,
        Severity.HIGH,
        "The line holds text that nobody can see",
        "Tag characters spell words that machines, language models among them, read. Here: {}.",
        "Remove the characters.",
    ),
    "line-end": AnalyserRule(
        RULE,
        Severity.HIGH,
        "A hidden line end splits this line",
        "Interpreters begin a new line here, behind a comment too; viewers show one line. Here: {}.",
        "Remove the character, or end the line.",
    ),
    "lookalike": AnalyserRule(
        RULE,
        Severity.HIGH,
        "A name mixes letters that only look Latin",
        "It reads like another name and is not that name. Here: {}.",
        "Write it with Latin letters only.",
    ),
    "invisible": AnalyserRule(
        RULE,
        Severity.MEDIUM,
        "The line holds an invisible character",
        "Two names or texts that look alike are different. Here: {}.",
        "Remove the character, or write it as an escape.",
    ),
    "direction-mark": AnalyserRule(
        RULE,
        Severity.LOW,
        "The line holds an invisible direction mark",
        "It can make text appear in another order than it is stored. Here: {}.",
        "Remove the character, or write it as an escape.",
    ),
}


class Characters:
    """Reads the added lines of every text file; whole texts are not needed."""

    name = "unicode"
    version = "1"
    needs_text = False
    follows_names = False
    rules: Mapping[str, AnalyserRule] = _RULES

    def __init__(self, canary: str = CANARY_TEXT) -> None:
        self._canary = canary

    def handles(self, path: str) -> bool:
        """Every text file."""
        return True

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """The gravest of these faults in each added line."""
        if {kind for kind, _ in faults(self._canary)} != CANARY_KINDS:
            return Report(failure="the detector did not find its canary")
        hits: list[Hit] = []
        for copy in copies:
            for number, text in added(copy.file):
                if text.isascii() and "\r" not in text:
                    continue
                found = tuple(faults(text, first_line=number == 1))
                worst = next((kind for kind in _RULES if kind in {k for k, _ in found}), "")
                if worst in codes:
                    shown = _shown(char for kind, char in found if kind == worst)
                    hits.append(Hit(copy.file.path, number, number, worst, shown))
        return Report(tuple(hits), sandbox="in process")


def faults(text: str, *, first_line: bool = False) -> Iterator[tuple[str, str]]:
    """The hidden or deceiving characters of one line, each with its kind; others are left out.

    In good order are a byte-order mark at the start of a file, joiners and selectors inside emoji
    and behind letters of scripts that need them, and tags that spell a flag.
    """
    text = _FLAG.sub(BLACK_FLAG, text)
    for match in _ODD.finditer(text):
        at, char = match.start(), match[0]
        if char in OVERRIDES:
            yield "bidirectional", char
        elif char in MARKS:
            yield "direction-mark", char
        elif char in TAGS:
            yield "tags", char
        elif char == "\r":
            yield "line-end", char
        elif not (char == "\ufeff" and first_line and at == 0) and not _is_needed(text, at):
            yield "invisible", char
    for char in _lookalikes(text):
        yield "lookalike", char


def _is_needed(text: str, at: int) -> bool:
    """Whether an invisible character does what it is for: one of them, behind what it changes."""
    char, before, after = text[at], text[at - 1 : at] or " ", text[at + 1 : at + 2]
    if char in JOINERS:
        is_emoji = _is_symbol(before) or before in EMOJI_SELECTORS
        return "\u0600" <= before < "\u1d00" or (is_emoji and after > "\u007f")
    if char in EMOJI_SELECTORS:
        return _is_symbol(before) or (before in "0123456789#*" and after == KEYCAP)
    if char in GLYPH_SELECTORS:
        return _is_ideograph(before) or unicodedata.category(before) == "Sm"
    return char in MONGOLIAN_SELECTORS and "\u1820" <= before <= "\u18aa"


def _is_symbol(char: str) -> bool:
    """Whether it has a form as an emoji, more or less; newer ones than Python knows among them."""
    odd = char > "\u007f" and unicodedata.category(char)[0] in "SP"
    return odd or char == "ℹ" or "\U0001f000" <= char <= "\U0001faff"


def _is_ideograph(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U000323af"


def _lookalikes(text: str) -> Iterator[str]:
    """The letters that only look Latin, in words with Latin ones.

    A part of a word (between underscores and digits) in another script is a word of its own, unless
    every letter of it looks Latin.
    """
    if not _LOOKALIKE.search(text):
        return
    for word in _WORD.findall(text):
        if not _LATIN.search(word):
            continue
        for part in _LETTERS.findall(word):
            alike = [char for char in part if char in LOOKALIKES]
            if len(alike) == len(part) or _LATIN.search(part):
                yield from alike


def _shown(chars: Iterator[str]) -> str:
    """The characters as escapes, each once; many of them are cut short."""
    odd = [escape(char) for char in dict.fromkeys(chars)]
    more = f" and {len(odd) - MOST_SHOWN} more" if len(odd) > MOST_SHOWN else ""
    return " ".join(odd[:MOST_SHOWN]) + more
