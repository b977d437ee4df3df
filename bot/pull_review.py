"""A pull request, from its address to the posted review: the line that all doors share."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import HostProblem
from bot.hosts.protocol import Forge, Pull
from bot.pipeline import Circumstances, review, terms_of
from bot.posted import Ours, Standing, history_of, last_head, standing
from bot.publish import Published, publish
from bot.report import Report
from reviewers.core.history import History
from reviewers.core.secrets import Redaction

FINISHED = ("clean", "findings")
"""Outcomes that a later caller adopts; an incomplete review is worth another try."""


@dataclass(frozen=True)
class Adopted:
    """The same head was reviewed under the same configuration: that review stands."""

    ours: Ours


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
        return Adopted(done)
    history = await _history(forge, pull, stands)
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


async def _history(forge: Forge, pull: Pull, stands: Standing) -> History:
    """What the last review said, with the change as it was then; a lost commit means a full review."""
    head = last_head(stands)
    if not head:
        return History()
    change = pull.subject.change
    previous = change if head == change.head else await forge.change_at(change.base, head)
    return history_of(stands, previous, change)
