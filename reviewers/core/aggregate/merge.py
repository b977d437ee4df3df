"""Step 2: what several votes, reviewers or analysers saw becomes one finding with all names on it.

What an analyser reports is a floor: its rule, its place, its severity and its sentence stay, however
many votes put it otherwise (cases S43, S45). Votes may raise it, and say it in better words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from reviewers.core.aggregate.likeness import (
    NEAR_LINES,
    alike,
    distance,
    most_central,
    retold,
    same,
    voices,
)
from reviewers.core.aggregate.places import NO_CHANGE, Places
from reviewers.core.aggregate.rules import average, concatenate, group
from reviewers.core.change import Change
from reviewers.core.exclude import matches
from reviewers.core.finding import Dropped, Finding, Kept, Reason, Severity, Side, Source

Groups = tuple[tuple[Finding, ...], ...]
MOST_SAID, SAID_CHARS = 5, 200
"""So many sentences of analysers stand beside a model's title, and so much of each: what another job is
said to have seen has no bounds, and a comment has GitHub's."""


def merge(
    findings: Iterable[Finding], ignored: Sequence[str] = (), change: Change = NO_CHANGE
) -> Kept:
    """Findings that are the same, as one. Who else saw it is named on it; who says it twice is not.

    In the hunks of `change` findings of two sides, or of several lines, may be of one fault. `ignored`
    are the rules (patterns) of which nobody wants to hear: who names one is a witness of what others say
    beside it, and has no say in it; an analyser's finding of such a rule is no floor.
    """
    kept: list[Finding] = []
    dropped: list[Dropped] = []
    for members in _together(sorted(findings, key=_order), Places(change)):
        heard = _heard(members, ignored)
        evidence = [m for m in heard if not (_is_spoken(m) or matches(m.rule, ignored))]
        shown = _shown(heard, evidence)
        merged = replace(_merged(shown, heard, evidence), sources=_sources(members))
        kept.append(merged)
        dropped += _dropped(shown, members, merged.id)
    return Kept(tuple(kept), tuple(dropped))


def _heard(members: Sequence[Finding], ignored: Sequence[str]) -> Sequence[Finding]:
    """Those that name no ignored rule; all of them where nobody names another.

    `other` is no name: beside an ignored rule of the same reviewer, or of an analyser, it is that one.
    """
    silent = [m for m in members if matches(m.rule, ignored)]
    heard = [m for m in members if m not in silent]
    is_known = not all(_is_spoken(m) for m in silent)
    families = {_family(m) for m in silent}
    if any(not _is_unnamed(m) or not (is_known or _family(m) in families) for m in heard):
        return heard
    return members


def _is_unnamed(finding: Finding) -> bool:
    return finding.rule.endswith("/other")


def _family(finding: Finding) -> str:
    """The reviewer to whom its rule belongs."""
    return finding.rule.partition("/")[0]


def _dropped(shown: Finding, members: Sequence[Finding], identity: str) -> Iterable[Dropped]:
    """The members that are not shown: a new voice is a vote, a repetition is a duplicate."""
    heard = voices(shown)
    for member in members:
        if member is not shown:
            reason = Reason.DUPLICATE if voices(member) <= heard else Reason.MERGED
            heard |= voices(member)
            yield Dropped(member, reason, f"of {identity}")


def _together(ordered: Sequence[Finding], places: Places) -> Groups:
    """Those that are of one fault: file by file, for each is compared with all others and what stands in
    two files is never one. What models said comes before what analysers alone report.
    """
    files = [tuple(members) for _, members in groupby(ordered, key=lambda f: f.path)]
    grouped = [_grouped(members, places) for members in files]
    return concatenate((*(spoken for spoken, _ in grouped), *(alone for _, alone in grouped)))


def _grouped(findings: Sequence[Finding], places: Places) -> tuple[Groups, Groups]:
    """Of one file: what models said, put together by place, then by words, with each analyser beside what
    it bears out; and what analysers alone report.

    An analyser has one set of words for all code, so it need not be like every wording of a group:
    that one vote names its rule at its place is enough. The same words stand on every line of which it
    says so, so its place chooses before its words, and no two places of analysers become one.
    """
    spoken = _retold(group((f for f in findings if _is_spoken(f)), same, alike), places)
    voted = concatenate(spoken)
    beside: dict[int, list[Finding]] = {}
    alone: list[Finding] = []
    seen = (f for f in findings if not _is_spoken(f))
    for finding in sorted(seen, key=lambda f: all(distance(f, m) != 0 for m in voted)):
        fits = {
            i: max(_nearness(finding, m) for m in members)
            for i, members in enumerate(spoken)
            if any(same(finding, m) for m in members)
            and not any(_are_apart(finding, other) for other in beside.get(i, ()))
        }
        home = max(fits, key=lambda i: fits[i], default=None)
        (alone if home is None else beside.setdefault(home, [])).append(finding)
    together = tuple((*members, *beside.get(i, ())) for i, members in enumerate(spoken))
    return together, group(sorted(alone, key=_order), _are_one_report, alike)


def _nearness(a: Finding, b: Finding) -> tuple[bool, float]:
    """Whether two findings are on one line, which counts before all words, and how alike they are."""
    return distance(a, b) == 0, alike(a, b)


def _are_apart(a: Finding, b: Finding) -> bool:
    """Whether they name two places: as one finding they would be shown on one of them."""
    return bool(a.location and b.location) and distance(a, b) != 0


def _are_one_report(a: Finding, b: Finding) -> bool:
    return same(a, b) and not _are_apart(a, b)


def _retold(groups: Groups, places: Places) -> Groups:
    """Groups that tell of one fault, as one: behind what is at one place, so that nobody who has found
    two such faults is taken for a witness of the other's. The place of most votes comes first.
    """

    def are_one(a: tuple[Finding, ...], b: tuple[Finding, ...]) -> bool:
        return all(same(x, y) or retold(x, y, places) for x in a for y in b)

    def nearness(a: tuple[Finding, ...], b: tuple[Finding, ...]) -> float:
        return average(alike(x, y) for x in a for y in b)

    together = group(groups, are_one, nearness)
    by_votes = (sorted(g, key=len, reverse=True) for g in together)
    return tuple(concatenate(g) for g in by_votes)


def _is_spoken(finding: Finding) -> bool:
    return any(s.is_vote for s in finding.sources)


def _order(finding: Finding) -> tuple[object, ...]:
    source = finding.sources[0]
    return (
        finding.path,
        finding.line,
        finding.location is not None and finding.location.side is Side.LEFT,
        source.engine,
        source.reviewer,
        source.vote,
        source.name,
        finding.rule,
        finding.title,
    )


def _shown(members: Sequence[Finding], evidence: Sequence[Finding]) -> Finding:
    """The member whose words are shown: a placed one before others, a model's before an analyser's,
    one on the analyser's lines before its neighbours.

    Among those the most central wording: the one that the others would most readily sign.
    """
    placed = [m for m in members if m.location] or list(members)
    spoken = [m for m in placed if _is_spoken(m)] or placed
    lines = {m.location for m in evidence}
    return most_central([m for m in spoken if m.location in lines] or spoken)


def _merged(shown: Finding, members: Sequence[Finding], evidence: Sequence[Finding]) -> Finding:
    spoken = [m for m in members if _is_spoken(m)]
    firm = max(evidence, key=lambda m: (m.location is not None, m.severity), default=None)
    placed = _on(shown, firm) if firm else shown
    suggestions = (m.suggestion for m in (shown, *members) if m.location == placed.location)
    return replace(
        placed,
        rule=firm.rule if firm else _rule(shown, members),
        severity=_severity([*spoken, *evidence] or members, evidence),
        suggestion=next((s for s in suggestions if s), None) if placed.location else None,
        note=_noted(placed, spoken, evidence) if _is_spoken(shown) else shown.note,
    )


def _on(shown: Finding, firm: Finding) -> Finding:
    """The shown words on the analyser's lines, under its id. From a line beside them they would pass
    for old code, or for what a person has dismissed there.
    """
    if firm.location is None:
        return replace(shown, id=firm.id)
    return replace(
        shown,
        location=firm.location,
        seen_at=firm.seen_at,
        quote=firm.quote,
        id=firm.id,
        around=firm.around,
    )


def _noted(placed: Finding, spoken: Sequence[Finding], evidence: Sequence[Finding]) -> str:
    """What stands beside the title of a model: an analyser's words, and other lines that votes name."""
    return " ".join(part for part in (_in_its_words(evidence), _elsewhere(placed, spoken)) if part)


def _elsewhere(placed: Finding, spoken: Iterable[Finding]) -> str:
    """`Also reported at line 8.`: should it be two faults after all, none of them is lost."""
    gaps = ((m, distance(placed, m)) for m in spoken if m.line)
    lines = dict.fromkeys(_line(m) for m, gap in gaps if gap is None or gap > NEAR_LINES)
    return f"Also reported at {', '.join(lines)}." if lines else ""


def _line(finding: Finding) -> str:
    is_gone = finding.location is not None and finding.location.side is Side.LEFT
    return f"removed line {finding.line}" if is_gone else f"line {finding.line}"


def _in_its_words(evidence: Sequence[Finding]) -> str:
    """`ruff S602: A shell runs this command.`: what analysers say, beside the title of a model."""
    said = (f"{s.name} {s.rule}: {_cut(m.title.rstrip('. '))}" for m in evidence for s in m.sources)
    told = tuple(dict.fromkeys(said))
    more = (f"And {len(told) - MOST_SAID} more.",) if len(told) > MOST_SAID else ()
    return " ".join((*told[:MOST_SAID], *more))


def _cut(text: str) -> str:
    return f"{text}." if len(text) <= SAID_CHARS else f"{text[:SAID_CHARS].rstrip()}…"


def _rule(shown: Finding, members: Sequence[Finding]) -> str:
    """The rule most members name; `other` only where nobody names a better one."""
    named = Counter(m.rule for m in members if not _is_unnamed(m))
    if not named or (shown.rule in named and named[shown.rule] == max(named.values())):
        return shown.rule
    return named.most_common(1)[0][0]


def _severity(voices: Sequence[Finding], evidence: Sequence[Finding]) -> Severity:
    """The average of what all said, rounded up: one loud vote does not decide alone. Never less than
    what an analyser said.
    """
    said = [s.severity for s in _sources(voices)]
    return Severity(max(math.ceil(average(said)), *(s.severity for s in _sources(evidence)), 0))


def _sources(members: Sequence[Finding]) -> tuple[Source, ...]:
    """Who saw it, each once."""
    return tuple(dict.fromkeys(s for m in members for s in m.sources))
