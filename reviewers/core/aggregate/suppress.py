"""Step 4: what people or the configuration decided not to see. Each removal is listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reviewers.core.change import Change
from reviewers.core.exclude import matches
from reviewers.core.finding import Dropped, Finding, Kept, Reason
from reviewers.core.history import Known, State
from reviewers.core.policy import Policy
from reviewers.core.quotes import Quotes, quote_keys


def suppress(
    findings: Iterable[Finding], policy: Policy, matched: Mapping[str, Known], change: Change
) -> Kept:
    """Drop what is dismissed while its code stands and it is no graver, of an ignored rule, or under
    a floor.

    `matched` tells by id what a finding was known as before.
    """
    kept: list[Finding] = []
    dropped: list[Dropped] = []
    quotes = Quotes(change)
    for finding in findings:
        why = _why(finding, policy, matched.get(finding.id), change, quotes)
        if why:
            dropped.append(why)
        else:
            kept.append(finding)
    return Kept(tuple(kept), tuple(dropped))


def _why(
    finding: Finding, policy: Policy, known: Known | None, change: Change, quotes: Quotes
) -> Dropped | None:
    if known and known.state is State.DISMISSED and _holds(finding, known, change, quotes):
        by = known.dismissal.by if known.dismissal else ""
        return Dropped(finding, Reason.DISMISSED, by)
    if matches(finding.rule, policy.ignore_rules):
        return Dropped(finding, Reason.IGNORED_RULE, finding.rule)
    floors = [r.floor for name in finding.reviewers if (r := policy.reviewer(name))]
    if floors and finding.severity < min(floors):
        return Dropped(finding, Reason.BELOW_FLOOR, min(floors).word)
    return None


def _holds(finding: Finding, known: Known, change: Change, quotes: Quotes) -> bool:
    """A dismissal holds until the code it was about changes, however much of it is quoted now.

    And only for what is no graver: matching is generous, and the lines round it may have changed, so
    that a remark on a line and a hole in it can be known as one.
    """
    if finding.severity > known.finding.severity:
        return False
    dismissed = quote_keys(known.finding.quote)
    if not dismissed:
        return False
    file = change.file(finding.path)
    now = quotes.at(file, finding.location) if file and finding.location else ()
    return dismissed == quote_keys(finding.quote) or set(dismissed) <= set(now)
