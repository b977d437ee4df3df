"""Which findings a gate counts."""

from __future__ import annotations

from bot.report import Report
from reviewers.core.call import Task
from reviewers.core.finding import Finding, Severity


def holding(report: Report) -> frozenset[str]:
    """Ids of the findings that may turn a check red: the proven ones, and those whose proof was asked
    for and did not come. A verifier that fails, or that a change talks out of answering, must not open
    a gate; a ruling of "uncertain" is one (design section 7).
    """
    return frozenset(f.id for f in report.verdict.findings if f.is_proven) | unruled(report)


def reaching(report: Report, gate: Severity) -> tuple[Finding, ...]:
    """The findings that turn a check red with this gate; late ones do not."""
    held, shown = holding(report), report.verdict.shown
    return tuple(f for f in (*shown.listed, *shown.quiet) if f.id in held and f.severity >= gate)


def unruled(report: Report) -> frozenset[str]:
    """Ids of the findings that were reported and to be verified, and of which no answer tells, in this
    review or in one before it. One that nobody reported this time is asked about, too, whether it is
    fixed: no answer to that makes nothing of it.
    """
    verdict = report.verdict
    tried = (look for look in verdict.looks if look.call.task is Task.VERIFY)
    asked = {candidate.id for look in tried for candidate in look.call.candidates}
    return frozenset(
        f.id
        for f in verdict.findings
        if f.verification is None
        and not f.is_proven
        and (f.held_before or (f.votes and f.id in asked))
    )
