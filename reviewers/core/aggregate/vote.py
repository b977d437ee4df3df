"""Step 5: the quorum. How many votes saw it, of how many that read the code and succeeded?

The one voter who was right must not be drowned (users.md, complaint 10): the graver a finding, the
fewer votes show it; a critical one or one of a protected reviewer (security) is never voted away,
it stands with its dissent beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reviewers.core.aggregate.likeness import NEAR_LINES
from reviewers.core.call import Cleared, Look
from reviewers.core.change import Change, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Coverage
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Dropped,
    Finding,
    Kept,
    Reason,
    Severity,
    Standing,
)
from reviewers.core.policy import Policy


def quorum(severity: Severity, votes: int, *, protected: bool) -> int:
    """How many of `votes` succeeded votes must have seen a finding for it to be shown.

    Critical or protected: one. High: a third, rounded up. Everything else: more than half.
    """
    if protected or severity is Severity.CRITICAL:
        return 1
    if severity is Severity.HIGH:
        return max(1, -(-votes // 3))
    return votes // 2 + 1


def vote(
    findings: Iterable[Finding],
    change: Change,
    coverage: Coverage,
    policy: Policy,
    looks: Iterable[Look],
) -> Kept:
    """Count the votes on each finding; drop what has no quorum, with the count."""
    cleared: dict[tuple[str, int], tuple[Cleared, ...]] = {}
    for look in looks:
        voter = (look.call.reviewer, look.call.vote)
        cleared[voter] = cleared.get(voter, ()) + look.cleared
    kept: list[Finding] = []
    dropped: list[Dropped] = []
    for finding in findings:
        counted = _count(finding, change, coverage, policy, cleared)
        if _passes(counted, policy):
            kept.append(counted)
        else:
            said = ", ".join(f"{b.reviewer} {len(b.seen)} of {b.of}" for b in counted.votes)
            dropped.append(Dropped(counted, Reason.OUTVOTED, said))
    return Kept(tuple(kept), tuple(dropped))


def is_open(finding: Finding, policy: Policy) -> bool:
    """Whether one more vote could still turn the decision round."""
    if _needs_no_quorum(finding):
        return False
    ballot = finding.votes[0]
    now = _enough(finding, len(ballot.seen), ballot.of, policy)
    more = _enough(finding, len(ballot.seen) + 1, ballot.of + 1, policy)
    fewer = _enough(finding, len(ballot.seen), ballot.of + 1, policy)
    return not now == more == fewer


def _count(
    finding: Finding,
    change: Change,
    coverage: Coverage,
    policy: Policy,
    cleared: dict[tuple[str, int], tuple[Cleared, ...]],
) -> Finding:
    hunks = hunks_of(finding, change)
    ballots: list[Ballot] = []
    dissent: list[Dissent] = []
    names = {s.reviewer for s in finding.sources if s.is_vote}
    for reviewer in (r.id for r in policy.reviewers if r.id in names):
        seen = sorted({s.vote for s in finding.sources if s.reviewer == reviewer and s.is_vote})
        read, planned = coverage.votes(reviewer, hunks)
        voters = sorted({*read, *seen})
        ballots.append(Ballot(reviewer, tuple(seen), len(voters), max(planned, len(voters))))
        reasons = {v: _reason(finding, cleared.get((reviewer, v), ())) for v in voters}
        dissent += [
            Dissent(reviewer, v, why) for v, why in reasons.items() if why and v not in seen
        ]
    return replace(finding, votes=tuple(ballots), dissent=tuple(dissent))


def hunks_of(finding: Finding, change: Change) -> list[HunkRef]:
    """The hunk it stands in; for an unplaced finding every hunk of its file."""
    file = change.file(finding.path)
    if file is None:
        return [HunkRef(finding.path, WHOLE_FILE)]
    if finding.location:
        index = file.hunk_at(finding.location.side, finding.location.line)
        if index is not None:
            return [HunkRef(file.path, index)]
    return [HunkRef(file.path, i) for i in range(len(file.hunks))]


def _reason(finding: Finding, cleared: Iterable[Cleared]) -> str:
    """Why a vote found this place right, where it said so."""
    return next(
        (
            c.reason
            for c in cleared
            if c.path == finding.path and abs(c.line - finding.line) <= NEAR_LINES
        ),
        "",
    )


def _passes(finding: Finding, policy: Policy) -> bool:
    if _needs_no_quorum(finding):
        return True
    ballot = finding.votes[0]
    return _enough(finding, len(ballot.seen), ballot.of, policy)


def _needs_no_quorum(finding: Finding) -> bool:
    """Two reviewers, an analyser's evidence, or posted before: no vote takes back what is open."""
    known = finding.standing is Standing.OPEN
    return known or bool(finding.analysers) or len(finding.votes) != 1


def _enough(finding: Finding, seen: int, of: int, policy: Policy) -> bool:
    reviewer = policy.reviewer(finding.votes[0].reviewer)
    gravest = max(s.severity for s in finding.sources)
    return seen >= quorum(gravest, of, protected=bool(reviewer and reviewer.protected))
