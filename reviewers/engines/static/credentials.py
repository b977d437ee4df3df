"""Our own detector of credentials in added lines. By format, not by entropy: it must not cry wolf."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from reviewers.core.change import FileDiff, Mark
from reviewers.core.finding import Severity
from reviewers.core.secrets import KINDS, find_secrets
from reviewers.protocols import AnalyserRule, Copy, Hit, Report

FIX = "Revoke it now, then read it from the environment or a secret store."
CANARY_TEXT = "key = 'ghp_" + "0123456789abcdefghijABCDEFGHIJ012345'"
"""Put together here so that scanners of our own code stay quiet."""

_PLACEHOLDER = re.compile(
    r"example|changeme|placeholder|your[_-]?|dummy|xxxx|\*\*\*|\.\.\.|:(?:password|passwd|pass|"
    r"secret|test|user|root|postgres|admin)$",
    re.IGNORECASE,
)
_NOWHERE = re.compile(
    r"@(?:(?:[\w-]+\.)*(?:example|test|invalid|localhost|example\.(?:com|net|org))"
    r"|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\])(?![\w.-])",
    re.IGNORECASE,
)
"""Hosts that nobody else can reach: reserved for documents and tests (RFC 2606), or this machine."""


def _code(kind: str) -> str:
    return kind.lower().replace(" ", "-")


def _title(kind: str) -> str:
    """`A GitHub token stands in the code`, `An AWS access key ...`."""
    article = "An" if re.match(r"[AEIO]|npm", kind) else "A"
    return f"{article} {kind} stands in the code"


class Credentials:
    """Reads the added lines of every text file; whole texts are not needed."""

    name = "secrets"
    version = "1"
    needs_text = False
    follows_names = False
    rules: Mapping[str, AnalyserRule] = {
        _code(kind.name): AnalyserRule(
            "security/hardcoded-secret",
            Severity.HIGH,
            _title(kind.name),
            "Everyone who can read the repository has it, also after the line is removed again.",
            FIX,
        )
        for kind in KINDS
    }

    def __init__(self, canary: str = CANARY_TEXT) -> None:
        self._canary = canary

    def handles(self, path: str) -> bool:
        """Every text file."""
        return True

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """The credentials in the added lines, without the ones that are plainly placeholders."""
        if not any(found(self._canary)):
            return Report(failure="the detector did not find its canary")
        hits = [
            Hit(copy.file.path, number, number, code, "")
            for copy in copies
            for number, text in added(copy.file)
            for code in dict.fromkeys(found(text))
            if code in codes
        ]
        return Report(tuple(hits), sandbox="in process")


def added(file: FileDiff) -> Iterator[tuple[int, str]]:
    """Number and text of each line that the change adds."""
    for hunk in file.hunks:
        for line in hunk.lines:
            if line.mark is Mark.ADDED and line.new is not None:
                yield line.new, line.text


def found(text: str) -> Iterator[str]:
    """The codes of the credentials in one line."""
    for span in find_secrets(text):
        made_up = _PLACEHOLDER.search(text[span.start : span.end]) or _NOWHERE.match(text, span.end)
        if not made_up:
            yield _code(span.kind)
