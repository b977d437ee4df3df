"""Credentials in text: what they look like, and how to show that one was there without showing it.

One table serves the detector, the masking of prompts (case S48) and the last look at everything
that is written (case S59).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from reviewers.core.key_rows import without_key_bodies

SHOWN = 4
"""How many characters of a secret may still be read, as review-comment.md section 8 has it."""

GRAM = 12
"""So many characters in a row of an own secret count as that secret (reliability.md, section e)."""


@dataclass(frozen=True, slots=True)
class SecretKind:
    """One kind of credential: a name for people, and what it looks like.

    One of `signs` stands in every credential of the kind: a text without them is not searched, which
    saves nine tenths of the time that a review takes to mask what it sends.
    """

    name: str
    pattern: re.Pattern[str]
    signs: tuple[str, ...]

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text holds some, from and to; of a pattern with a group, what stands in it."""
        if any(s in text for s in self.signs):
            for found in self.pattern.finditer(text):
                yield found.span(found.lastindex or 0)


@dataclass(frozen=True, slots=True)
class SecretSpan:
    """A credential found at `start`..`end` of a text."""

    kind: str
    start: int
    end: int


def _kind(name: str, pattern: str, *signs: str) -> SecretKind:
    return SecretKind(name, re.compile(pattern), signs)


_EDGE = r"(?<![A-Za-z0-9_])"
_URL64 = r"[A-Za-z0-9_\-]"
_CLAIMS = rf"\.eyJ{_URL64}{{10,}}\.[\w\-]{{10,}}"

KINDS: tuple[SecretKind, ...] = (
    # GitHub's installation tokens are `ghs_APPID_JWT` since 2026-04-27, far above 40 characters.
    _kind(
        "GitHub token",
        _EDGE + r"gh[opusr]_[A-Za-z0-9_.\-]{20,}",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
    ),
    _kind("GitHub fine-grained token", _EDGE + r"github_pat_[A-Za-z0-9_]{22,}", "github_pat_"),
    _kind("Anthropic key", _EDGE + r"sk-ant-[A-Za-z0-9_\-]{16,}", "sk-ant-"),
    _kind("OpenAI key", _EDGE + r"sk-(?:proj-)?[A-Za-z0-9_\-]{32,}", "sk-"),
    _kind("AWS access key", _EDGE + r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])", "AKIA", "ASIA"),
    _kind("Slack token", _EDGE + r"xox[abeoprs]-[A-Za-z0-9\-]{10,}", "xox"),
    _kind(
        "Slack web hook",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/\-]{16,}",
        "hooks.slack.com",
    ),
    _kind("npm token", _EDGE + r"npm_[A-Za-z0-9]{36}", "npm_"),
    _kind("PyPI token", _EDGE + r"pypi-[A-Za-z0-9_\-]{50,}", "pypi-"),
    _kind("Stripe key", _EDGE + r"[rs]k_live_[A-Za-z0-9]{20,}", "k_live_"),
    _kind("Google key", _EDGE + r"AIza[A-Za-z0-9_\-]{35}", "AIza"),
    _kind("GitLab token", _EDGE + r"glpat-[A-Za-z0-9_\-]{20,}", "glpat-"),
    _kind("SendGrid key", _EDGE + r"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{32,}", "SG."),
    # From the start of a run, and only where the rest follows: otherwise each of many beginnings in
    # one long run would be read to its end.
    _kind(
        "JSON web token",
        rf"(?<!{_URL64})(?={_URL64}+{_CLAIMS}){_URL64}*?eyJ{_URL64}{{10,}}{_CLAIMS}",
        ".eyJ",
    ),
    _kind(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        # No dashes between, so that each of many beginnings is only read up to the next one.
        r"(?:(?:(?!-----)[^\n]){0,8192}+-----END[A-Z0-9 ]*-----|(?:\\++[nr]|[A-Za-z0-9+/=…])*+)",
        "PRIVATE KEY",
    ),
    _kind(
        "password in a URL",
        r"://([^\s:/@'\"<>{}$]{1,64}:[^\s:/@'\"<>{}$]{6,128})(?=@)",
        "://",
    ),
)
"""Formats that are credentials by their very look; no entropy guesses (they cry wolf)."""

_SIGNS = tuple(dict.fromkeys(sign for kind in KINDS for sign in kind.signs))

_CHAIN = re.compile(r"[\w.…\-]*+")


def find_secrets(text: str) -> Iterator[SecretSpan]:
    """Every credential in `text`, in order, without overlaps: the leftmost and first kind wins."""
    if not _may_hold_some(text):
        return
    spans = sorted(
        (start, order, end, kind.name)
        for order, kind in enumerate(KINDS)
        for start, end in kind.find(text)
    )
    behind = -1
    for start, _, end, name in spans:
        if start >= behind:
            yield SecretSpan(name, start, end)
            behind = end


def _may_hold_some(text: str) -> bool:
    """Whether any kind's sign stands in it. A large change asks this of each of its lines."""
    for sign in _SIGNS:  # noqa: SIM110 - any() takes three times as long
        if sign in text:
            return True
    return False


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
        text = self._without_own(without_key_bodies(text))
        # Again, because one may have hidden its neighbour's beginning; a whole chain of them goes at
        # once, for else each pass through the text would only reveal the next.
        for ends in (False, False, True):
            spans = tuple((span.start, span.end) for span in find_secrets(text))
            if not spans:
                break
            text = _cut(text, _with_chains(text, spans) if ends else spans)
        return text

    def _without_own(self, text: str) -> str:
        if not self._grams:
            return text
        hits = [i for i in range(len(text) - GRAM + 1) if text[i : i + GRAM] in self._grams]
        return _cut(text, _merged(hits))


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with each span masked, its line breaks kept."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        first, *rest = text[start:end].split("\n")
        parts += (text[at:start], "\n".join((masked(first), *("…" for _ in rest))))
        at = end
    return "".join((*parts, text[at:]))


def _with_chains(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each span with all that hangs on it without a gap."""
    behind = 0
    for start, end in spans:
        if end > behind:
            last = _CHAIN.match(text, end)
            yield max(start, behind), (behind := last.end() if last else end)


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
