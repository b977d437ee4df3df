"""Our own detector of code that people and machines read differently (Trojan Source, case S42)."""

from __future__ import annotations

import re
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
SELECTORS = frozenset(chr(c) for c in range(0xFE00, 0xFE10))
FLAG = "\U0001f3f4"
"""Tag characters are in good order behind a black flag: they spell the flags of regions."""

LOOKALIKES = "аеорсухіѕјԁһԛԝАВЕЅІЈКМНОРСТХУҮοναΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
"""Cyrillic and Greek letters that look like Latin ones (Unicode's confusables.txt, the ones that
are equal in common fonts)."""

CANARY_TEXT = "if access != 'user\u202e \u2066// admin\u2069 \u2066': \u200b pa\u0443pal"

_MIXED = re.compile(rf"(?=\w*[A-Za-z])\w*[{LOOKALIKES}]\w*")
_RULES = {
    "bidirectional": AnalyserRule(
        RULE,
        Severity.HIGH,
        "Hidden characters change the order of this line",
        "People see the code in another order than the compiler does (Trojan Source).",
        "Remove the characters, or write them as escapes.",
    ),
    "tags": AnalyserRule(
        RULE,
        Severity.HIGH,
        "The line holds text that nobody can see",
        "Tag characters spell words that machines, language models among them, read.",
        "Remove the characters.",
    ),
    "lookalike": AnalyserRule(
        RULE,
        Severity.HIGH,
        "A name mixes letters that only look Latin",
        "It reads like another name and is not that name.",
        "Write it with Latin letters only.",
    ),
    "invisible": AnalyserRule(
        RULE,
        Severity.MEDIUM,
        "The line holds an invisible character",
        "Two names or texts that look alike are different.",
        "Remove the character, or write it as an escape.",
    ),
    "direction-mark": AnalyserRule(
        RULE,
        Severity.LOW,
        "The line holds an invisible direction mark",
        "It can make text appear in another order than it is stored.",
        "Remove the character, or write it as an escape.",
    ),
}


class Characters:
    """Reads the added lines of every text file; whole texts are not needed."""

    name = "unicode"
    version = "1"
    needs_text = False
    rules: Mapping[str, AnalyserRule] = _RULES

    def handles(self, path: str) -> bool:
        """Every text file."""
        return True

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """The gravest of these faults in each added line."""
        if set(faults(CANARY_TEXT)) != {"bidirectional", "invisible", "lookalike"}:
            return Report(failure="the detector did not find its canary")
        hits = [
            Hit(copy.file.path, number, number, worst, _shown(text))
            for copy in copies
            for number, text in added(copy.file)
            if not text.isascii()
            and (worst := _worst(faults(text, first_line=number == 1))) in codes
        ]
        return Report(tuple(hits), sandbox="in process")


def faults(text: str, *, first_line: bool = False) -> Iterator[str]:
    """The kinds of hidden or deceiving characters in one line, characters in good order left out.

    In good order are a byte-order mark at the start of a file, joiners and selectors inside emoji
    and between letters of scripts that need them, and tags that spell a flag.
    """
    for match in HIDDEN.finditer(text):
        at, char = match.start(), match[0]
        before = text[at - 1] if at else ""
        if char in OVERRIDES:
            yield "bidirectional"
        elif char in MARKS:
            yield "direction-mark"
        elif char in TAGS:
            if FLAG not in text[:at]:
                yield "tags"
        elif (char == "\ufeff" and first_line and at == 0) or (
            char in SELECTORS | JOINERS and before and not before.isascii()
        ):
            continue
        else:
            yield "invisible"
    if _MIXED.search(text):
        yield "lookalike"


def _worst(kinds: Iterator[str]) -> str:
    """The first of the kinds in the order of their table; "" when there is none."""
    present = set(kinds)
    return next((kind for kind in _RULES if kind in present), "")


def _shown(text: str) -> str:
    """The characters themselves, as escapes, each once."""
    odd = [m[0] for m in HIDDEN.finditer(text)]
    odd += [c for m in _MIXED.finditer(text) for c in m[0] if c in LOOKALIKES]
    return " ".join(escape(c) for c in dict.fromkeys(odd))
