"""How the tables of ruff's rules are written down: several codes that mean one thing to a reader."""

from __future__ import annotations

from collections.abc import Mapping

from reviewers.core.finding import Severity
from reviewers.protocols import AnalyserRule

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW


def same(
    rule: str, severity: Severity, title: str, body: str, fix: str, *codes: str
) -> dict[str, AnalyserRule]:
    """Codes for which the same words hold."""
    return {code: AnalyserRule(rule, severity, title, body, fix) for code in codes}


def each(
    rule: str, severity: Severity, body: str, words: Mapping[str, tuple[str, str]]
) -> dict[str, AnalyserRule]:
    """Codes with a title and a fix of their own, and one consequence."""
    return {
        code: AnalyserRule(rule, severity, title, body, fix) for code, (title, fix) in words.items()
    }
