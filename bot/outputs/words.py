"""The words that all outputs share: counts, votes, evidence, money, time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reviewers.core.allowance import amount
from reviewers.core.finding import (
    ID_LENGTH,
    Ballot,
    Dropped,
    Finding,
    Reason,
    Ruling,
    Severity,
    Standing,
)
from reviewers.core.policy import Policy
from reviewers.core.secrets import Redaction
from reviewers.core.visible import escape

PATH_CHARS = 300
"""Longer paths are cut in texts for people: no layout holds them (a path may have 4096 bytes)."""

_BREAK = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]")
"""In a name each is shown as what it is: a blank in its place names another file."""
_OF_AN_ID = re.compile(rf"of [0-9a-f]{{{ID_LENGTH}}}")
_LISTED = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def plural(number: int, one: str, many: str = "") -> str:
    """`1 hunk`, `34 hunks`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def money(usd: float | None) -> str:
    """`0.41 USD`; a dollar sign can start a formula on GitHub."""
    return "price unknown" if usd is None else f"{amount(usd)} USD"


def seconds(value: float) -> str:
    """`48 s`, `1.2 s`."""
    return f"{value:.1f} s" if 0 < value < 10 else f"{value:.0f} s"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A text of somebody else as a sentence, so that the next one can stand behind it."""
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def counts(findings: Iterable[Finding], *, mark_new: bool = False) -> str:
    """`1 critical, 1 high`, zeros left out; with `mark_new` what is new: `2 high (1 new)`.

    Counts know no info: what is below low counts as low.
    """
    total: Counter[Severity] = Counter()
    new: Counter[Severity] = Counter()
    for finding in findings:
        severity = max(finding.severity, Severity.LOW)
        total[severity] += 1
        new[severity] += finding.standing is Standing.NEW
    parts = []
    for severity in _LISTED:
        if not total[severity]:
            continue
        part = f"{total[severity]} {severity.word}"
        if mark_new and new[severity]:
            every = new[severity] == total[severity]
            part += " (new)" if every else f" ({new[severity]} new)"
        parts.append(part)
    return ", ".join(parts)


def small(text: str) -> str:
    """With a small first letter."""
    return text[:1].lower() + text[1:]


_NONE_LISTED = {
    Severity.INFO: "No {}",
    Severity.LOW: "No {} of low severity or higher",
    Severity.MEDIUM: "No {} of medium or higher",
    Severity.HIGH: "No high or critical {}",
    Severity.CRITICAL: "No critical {}",
}


def none_listed(floor: Severity, noun: str = "findings") -> str:
    """`No findings of medium or higher`, for a review that found only quieter ones."""
    return _NONE_LISTED[floor].format(noun)


def quiet_ones(findings: Sequence[Finding], floor: Severity) -> str:
    """What is below `floor`: `28 low ones`, `1 low one`, `3 medium and 2 low ones`."""
    ones = "one" if len(findings) == 1 else "ones"
    return f"{' and '.join(quiet_counts(findings, floor).rsplit(', ', 1))} {ones}"


def quiet_counts(findings: Sequence[Finding], floor: Severity) -> str:
    """The counts of what is below `floor`; info is told apart only where low ones are listed."""
    return counts(findings) if floor > Severity.LOW else f"{len(findings)} info"


def short_path(path: str, redact: Redaction) -> str:
    """The path on one line without secrets; of a very long one its end."""
    path = _BREAK.sub(lambda m: escape(m[0]), redact(path))
    return path if len(path) <= PATH_CHARS else f"…{path[1 - PATH_CHARS :]}"


def place(finding: Finding, redact: Redaction) -> str:
    """`api/orders.py:42`; the path alone where it is on no changed line."""
    path = short_path(finding.path, redact)
    return f"{path}:{finding.line}" if finding.location else path


def ballot(votes: Ballot, *, short: bool = False) -> str:
    """`2 of 3 votes`, `1 of 1 vote (3 planned)`; `short` leaves the word out."""
    text = f"{len(votes.seen)} of {votes.of if short else plural(votes.of, 'vote')}"
    return text if votes.of >= votes.planned else f"{text} ({votes.planned} planned)"


def disagreeing(finding: Finding) -> int:
    """Votes that looked at this place, found it right and said why."""
    return sum(1 for d in finding.dissent if d.vote)


def short_evidence(finding: Finding) -> list[str]:
    """What stands behind a finding in the list of a body, part by part."""
    votes = finding.votes or finding.votes_before
    if not votes:
        return [analysers(finding)] if finding.analysers else []
    parts = [ballot(votes[0]) if len(votes) == 1 else several_ballots(votes)]
    if against := disagreeing(finding):
        parts.append(f"{against} disagree{'s' if against == 1 else ''}")
    return parts


def several_ballots(votes: Sequence[Ballot]) -> str:
    """`security 2 of 3 votes, correctness 1 of 3`."""
    first, *others = votes
    rest = "".join(f", {b.reviewer} {ballot(b, short=True)}" for b in others)
    return f"{first.reviewer} {ballot(first)}{rest}"


def analysers(finding: Finding) -> str:
    """`ruff S602`, `ruff S602 and zizmor unpinned-uses`."""
    return listing([f"{s.name} {s.rule}" for s in finding.analysers])


def evidence(finding: Finding, policy: Policy) -> str:
    """The evidence in full, without the last dot: what an inline comment's first line ends with."""
    text = _support(finding)
    if against := disagreeing(finding):
        text += f"; {plural(against, 'vote')} disagree{'s' if against == 1 else ''}"
    elif why := _why_shown(finding, policy):
        text += f"; shown, because {why}"
    if finding.verification and finding.verification.ruling is Ruling.CONFIRMED:
        text += "; confirmed on a second look"
    return text if finding.location else f"{text}; not on a changed line"


def _support(finding: Finding) -> str:
    """Votes and analysers that speak for it."""
    static = analysers(finding)
    votes = finding.votes or finding.votes_before
    if not votes:
        is_alone = static and not any(s.is_vote for s in finding.sources)
        return f"{static}, no model vote" if is_alone else "reported in an earlier review"
    if len(votes) == 1:
        vote = votes[0]
        whose = f"{vote.reviewer} " if vote.reviewer else ""
        text = f"{len(vote.seen)} of {plural(vote.of, f'{whose}vote')}"
        if vote.of < vote.planned:
            text += f" ({vote.planned} planned)"
    else:
        text = capital(several_ballots(votes))
    if not finding.votes:
        text += " in an earlier review"
    return f"{text} and {static}" if static else text


def why_removed(dropped: Dropped) -> str:
    """`its quoted code is not in the change`, `without enough votes: security 1 of 3`."""
    return why(dropped.reason, dropped.detail)


def why(reason: Reason, detail: str) -> str:
    """The same, where the reason stands alone."""
    text = re.sub(r"^whose ", "its ", re.sub(r"^that ", "it ", reason.value))
    if reason is Reason.DISMISSED and detail:
        return f"dismissed by {detail}"
    if reason in (Reason.DUPLICATE, Reason.MERGED, Reason.REFUTED):
        return f"{text} {detail}".strip()
    return f"{text}: {detail}" if detail else text


def unverified_ones(number: int, *, every: bool) -> str:
    """Of so many findings those that the second look lost, as the beginning of a sentence."""
    if not every:
        return "Some findings were"
    return "The finding was" if number == 1 else "The findings were"


def passed_over_by_verifier(number: int) -> str:
    """That the second look tells nothing of some findings, or of the only one."""
    them = "it" if number == 1 else "them"
    who = unverified_ones(number, every=number == 1)
    return f"{who} not verified: the answer does not tell of {them}."


def of_which(reason: Reason, detail: str, lines: Mapping[str, int]) -> str:
    """A detail that people can look up: `of line 9` for `of 257f29bcc937`, `lines` has the ids. What is
    one with another finding is in the same file.
    """
    if reason not in (Reason.DUPLICATE, Reason.MERGED) or not _OF_AN_ID.fullmatch(detail):
        return detail
    line = lines.get(detail.removeprefix("of "))
    return f"of line {line}" if line else "of another one in the file"


def _why_shown(finding: Finding, policy: Policy) -> str:
    """Why a finding without a majority is there all the same; "" when it has one."""
    if finding.analysers or len(finding.votes) != 1:
        return ""
    vote = finding.votes[0]
    if 2 * len(vote.seen) > vote.of:
        return ""
    reviewer = policy.reviewer(vote.reviewer)
    if finding.severity is Severity.CRITICAL:
        return "a critical needs no majority"
    if reviewer and reviewer.protected:
        return f"a {vote.reviewer} finding needs no majority"
    return "a high one needs a third of the votes"
