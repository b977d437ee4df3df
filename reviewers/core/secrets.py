"""Credentials in text: what they look like, and how to show that one was there without showing it.

One table serves the detector, the masking of prompts (case S48) and the last look at everything
that is written (case S59).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

SHOWN = 4
"""How many characters of a secret may still be read, as review-comment.md section 8 has it."""

GRAM = 12
"""So many characters in a row of an own secret count as that secret (reliability.md, section e)."""


@dataclass(frozen=True, slots=True)
class SecretKind:
    """One kind of credential: a name for people, and what it looks like."""

    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class SecretSpan:
    """A credential found at `start`..`end` of a text."""

    kind: str
    start: int
    end: int


def _kind(name: str, pattern: str) -> SecretKind:
    return SecretKind(name, re.compile(pattern))


_EDGE = r"(?<![A-Za-z0-9_])"

KINDS: tuple[SecretKind, ...] = (
    # GitHub's installation tokens are `ghs_APPID_JWT` since 2026-04-27, far above 40 characters.
    _kind("GitHub token", _EDGE + r"gh[opusr]_[A-Za-z0-9_.\-]{20,}"),
    _kind("GitHub fine-grained token", _EDGE + r"github_pat_[A-Za-z0-9_]{22,}"),
    _kind("Anthropic key", _EDGE + r"sk-ant-[A-Za-z0-9_\-]{16,}"),
    _kind("OpenAI key", _EDGE + r"sk-(?:proj-)?[A-Za-z0-9_\-]{32,}"),
    _kind("AWS access key", _EDGE + r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])"),
    _kind("Slack token", _EDGE + r"xox[abeoprs]-[A-Za-z0-9\-]{10,}"),
    _kind(
        "Slack web hook", r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/\-]{16,}"
    ),
    _kind("npm token", _EDGE + r"npm_[A-Za-z0-9]{36}"),
    _kind("PyPI token", _EDGE + r"pypi-[A-Za-z0-9_\-]{50,}"),
    _kind("Stripe key", _EDGE + r"[rs]k_live_[A-Za-z0-9]{20,}"),
    _kind("Google key", _EDGE + r"AIza[A-Za-z0-9_\-]{35}"),
    _kind("GitLab token", _EDGE + r"glpat-[A-Za-z0-9_\-]{20,}"),
    _kind("SendGrid key", _EDGE + r"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{32,}"),
    _kind("JSON web token", _EDGE + r"eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[\w\-]{10,}"),
    _kind(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:\\n|[A-Za-z0-9+/=])+-----END[A-Z0-9 ]*-----)?",
    ),
    _kind("password in a URL", r"(?<=://)[^\s:/@'\"<>{}$]{1,64}:[^\s:/@'\"<>{}$]{6,128}(?=@)"),
)
"""Formats that are credentials by their very look; no entropy guesses (they cry wolf)."""

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_KEY_ROW = re.compile(r"[\s+\-\"']*[A-Za-z0-9+/=:, -]{4,}[\s\"',\\n]*")


def find_secrets(text: str) -> Iterator[SecretSpan]:
    """Every credential in `text`, in order, without overlaps: the leftmost and first kind wins."""
    spans = sorted(
        (m.start(), order, m.end(), kind.name)
        for order, kind in enumerate(KINDS)
        for m in kind.pattern.finditer(text)
    )
    end = -1
    for start, _, stop, name in spans:
        if start >= end:
            yield SecretSpan(name, start, stop)
            end = stop


def masked(secret: str) -> str:
    """One credential as it may be shown: its first 4 characters and `…`."""
    return secret[:SHOWN] + "…"


@dataclass(frozen=True)
class Redaction:
    """Takes credentials out of text that leaves the process; line breaks stay where they are.

    `own` are this process's secrets, of whatever look: any 12 characters in a row of one are
    enough, because a model can be told to leave out its beginning (Microsoft, 2026-06-05, told in
    facts/reliability.md section b).
    """

    own: frozenset[str] = frozenset()

    @cached_property
    def _grams(self) -> frozenset[str]:
        return frozenset(
            secret[i : i + GRAM]
            for secret in self.own
            for i in range(max(0, len(secret) - GRAM + 1))
        )

    def __call__(self, text: str) -> str:
        """`text` with every credential cut to 4 characters and `…`."""
        parts: list[str] = []
        at = 0
        text = self._without_own(_without_key_bodies(text))
        for span in find_secrets(text):
            parts += (text[at : span.start], masked(text[span.start : span.end]))
            at = span.end
        return "".join((*parts, text[at:]))

    def _without_own(self, text: str) -> str:
        if not self._grams:
            return text
        hits = [i for i in range(len(text) - GRAM + 1) if text[i : i + GRAM] in self._grams]
        parts: list[str] = []
        at = 0
        for start, end in _merged(hits):
            parts += (text[at:start], masked(text[start:end]))
            at = end
        return "".join((*parts, text[at:]))


def _merged(starts: list[int]) -> Iterator[tuple[int, int]]:
    """Overlapping windows of GRAM characters as spans."""
    span: tuple[int, int] | None = None
    for start in starts:
        if span and start <= span[1]:
            span = (span[0], start + GRAM)
        else:
            if span:
                yield span
            span = (start, start + GRAM)
    if span:
        yield span


def _without_key_bodies(text: str) -> str:
    """The rows between BEGIN and END of a private key, each replaced by `…`."""
    if not _BEGIN.search(text):
        return text
    rows = text.split("\n")
    inside = False
    for i, row in enumerate(rows):
        if _BEGIN.search(row):
            inside = "-----END" not in row
        elif inside:
            inside = "-----END" not in row and _KEY_ROW.fullmatch(row) is not None
            if inside:
                rows[i] = "…"
    return "\n".join(rows)
