"""A pull request, from its address to the posted review: the line that all doors share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.errors import HostProblem
from bot.hosts.protocol import Forge, Pull
from bot.pipeline import Circumstances, review, terms_of
from bot.posted import Ours, Standing, history_of, last_head, standing
from bot.publish import Published, publish
from bot.report import Report
from bot.terms import Terms
from reviewers.core.finding import Severity
from reviewers.core.history import EVERYTHING, History, State
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome

FINISHED = ("clean", "findings")
"""Outcomes that a later caller adopts; an incomplete review is worth another try."""


@dataclass(frozen=True)
class Adopted:
    """The same head was reviewed under the same configuration: that review stands.

    `worst` is the gravest severity that a finding of it may have, None where it has none.
    """

    ours: Ours
    worst: Severity | None = None


@dataclass(frozen=True)
class Reviewed:
    """A review that was done now; `published` is None where nothing was to be posted."""

    report: Report
    published: Published | None = None


async def review_pull(
    forge: Forge, around: Circumstances, *, post: bool, quiet_when_clean: bool = False
) -> Adopted | Reviewed:
    """Load, look at what stands there, review, and post if asked.

    Without `post` nothing is written and everything is reviewed anew. HostProblem when the pull
    request moved while it was reviewed: comments on an older commit would stand on wrong lines.
    """
    pull = await forge.load()
    change = pull.subject.change
    terms = terms_of(pull.subject, around)
    stands = standing(pull.reviews, terms.accounts)
    if not post:
        return Reviewed(await review(pull.subject, terms, around))
    if (done := stands.of(change.head, terms.digest)) and done.marker.outcome in FINISHED:
        return Adopted(done, _worst(done, history_of(stands, change, change), terms))
    history = await _history(forge, pull, stands, terms.digest)
    terms = terms_of(pull.subject, around, history.spent)
    report = await review(pull.subject, terms, around, history)
    now = await forge.head()
    if now != change.head:
        raise HostProblem(
            f"{pull.subject.label} moved to {now[:7]} while {change.head[:7]} was reviewed.",
            "Nothing was posted. Run it again.",
            retryable=True,
        )
    published = await publish(
        forge,
        report,
        stands,
        terms.accounts,
        quiet_when_clean=quiet_when_clean and not terms.post_clean,
        redact=Redaction(around.settings.secrets),
    )
    return Reviewed(report, published)


def _worst(done: Ours, told: History, terms: Terms) -> Severity | None:
    """Of the open findings that stand there; those that notify nobody cannot be read back."""
    found = [k.finding.severity for k in told.known if k.state is State.OPEN]
    if done.marker.outcome == Outcome.FINDINGS and not found:
        found = [s for s in Severity if s < terms.policy.min_severity]
    return max(found, default=None)


async def _history(forge: Forge, pull: Pull, stands: Standing, config: str) -> History:
    """What the last review said, with the change as it was then; a lost commit means a full review.

    Under another configuration nobody has read anything yet: who gets a model, or more votes, is
    told what they find, and not as late.
    """
    head = last_head(stands)
    if not head:
        return History()
    change = pull.subject.change
    previous = change if head == change.head else await forge.change_at(change.base, head)
    history = history_of(stands, previous, change)
    if history.config != config:
        return replace(history, unread=frozenset({EVERYTHING}))
    return history
