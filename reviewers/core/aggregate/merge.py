"""Step 2: what several votes, reviewers or analysers saw becomes one finding with all names on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reviewers.core.aggregate.likeness import alike, most_central, same, voices
from reviewers.core.aggregate.rules import average, group
from reviewers.core.finding import Dropped, Finding, Kept, Reason, Severity


def merge(findings: Iterable[Finding]) -> Kept:
    """Findings that are the same, as one. Who else saw it is named on it; who says it twice is not."""
    ordered = sorted(findings, key=_order)
    kept: list[Finding] = []
    dropped: list[Dropped] = []
    for members in _grouped(ordered):
        shown = _shown(members)
        merged = _merged(shown, members)
        kept.append(merged)
        dropped += _dropped(shown, members, merged.id)
    return Kept(tuple(kept), tuple(dropped))


def _dropped(shown: Finding, members: Sequence[Finding], identity: str) -> Iterable[Dropped]:
    """The members that are not shown: a new voice is a vote, a repetition is a duplicate."""
    heard = voices(shown)
    for member in members:
        if member is not shown:
            reason = Reason.DUPLICATE if voices(member) <= heard else Reason.MERGED
            heard |= voices(member)
            yield Dropped(member, reason, f"of {identity}")


def _grouped(findings: Sequence[Finding]) -> list[Sequence[Finding]]:
    """What models said, put together; then each analyser beside what it bears out.

    An analyser has one set of words for all code, so it need not be like every wording of a group:
    that one vote names its rule at its place is enough.
    """
    spoken = group((f for f in findings if _is_spoken(f)), same, alike)
    beside: dict[int, list[Finding]] = {}
    alone: list[Finding] = []
    for finding in findings:
        if _is_spoken(finding):
            continue
        fits = {
            i: max(alike(finding, m) for m in members)
            for i, members in enumerate(spoken)
            if any(same(finding, m) for m in members)
        }
        home = max(fits, key=lambda i: fits[i], default=None)
        (alone if home is None else beside.setdefault(home, [])).append(finding)
    together = [(*members, *beside.get(i, ())) for i, members in enumerate(spoken)]
    return [*together, *group(alone, same, alike)]


def _is_spoken(finding: Finding) -> bool:
    return any(s.is_vote for s in finding.sources)


def _order(finding: Finding) -> tuple[object, ...]:
    source = finding.sources[0]
    return (
        finding.path,
        finding.line,
        source.engine,
        source.reviewer,
        source.vote,
        source.name,
        finding.rule,
        finding.title,
    )


def _shown(members: Sequence[Finding]) -> Finding:
    """The member whose words are shown: a placed one before others, a model's before an analyser's.

    Among those the most central wording: the one that the others would most readily sign.
    """
    placed = [m for m in members if m.location] or list(members)
    spoken = [m for m in placed if _is_spoken(m)] or placed
    return most_central(spoken)


def _merged(shown: Finding, members: Sequence[Finding]) -> Finding:
    sources = tuple(dict.fromkeys(s for m in members for s in m.sources))
    suggestion = shown.suggestion or next(
        (m.suggestion for m in members if m.suggestion and m.location == shown.location), None
    )
    return replace(
        shown,
        rule=_rule(shown, members),
        severity=_severity([s.severity for s in sources]),
        sources=sources,
        suggestion=suggestion,
    )


def _rule(shown: Finding, members: Sequence[Finding]) -> str:
    """The rule most members name; `other` only where nobody names a better one."""
    named = Counter(m.rule for m in members if not m.rule.endswith("/other"))
    if not named or (shown.rule in named and named[shown.rule] == max(named.values())):
        return shown.rule
    return named.most_common(1)[0][0]


def _severity(said: Sequence[Severity]) -> Severity:
    """The average of what the sources said, rounded up: one loud vote does not decide alone."""
    return Severity(math.ceil(average(said)))
