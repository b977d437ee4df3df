"""Step 6: the order in which people read it. Worst first, then proven, then surest, then by place."""

from __future__ import annotations

from collections.abc import Iterable

from reviewers.core.finding import Finding


def rank(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by severity, proof, share of votes, path and line; the same input, the same order."""
    return tuple(sorted(findings, key=_key))


def share(finding: Finding) -> float:
    """The best share of votes among its reviewers, 0 to 1; 1 where only analysers report it."""
    shares = [len(b.seen) / b.of for b in finding.votes or finding.votes_before if b.of]
    return max(shares, default=1.0 if finding.analysers else 0.0)


def _key(finding: Finding) -> tuple[object, ...]:
    return (
        -finding.severity,
        not finding.is_proven,
        -share(finding),
        finding.path,
        finding.line,
        finding.id,
    )
