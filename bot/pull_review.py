"""A pull request, from its address to the posted review: the line that all doors share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from bot.errors import HostProblem, MovedProblem
from bot.hosts.protocol import Forge, Pull
from bot.pipeline import Circumstances, review, terms_of
from bot.posted import Ours, Standing, history_of, last_head, standing
from bot.publish import Published, publish
from bot.report import Report
from bot.terms import Terms
from reviewers.core.finding import Severity
from reviewers.core.history import History, State
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
    """A review that was done now; `published` is None where nothing was to be posted.

    `refused` says why it could not be posted: what was paid for is not lost with it.
    """

    report: Report
    published: Published | None = None
    refused: HostProblem | None = None


async def review_pull(
    forge: Forge,
    around: Circumstances,
    *,
    post: bool,
    quiet_when_clean: bool = False,
    expected: str = "",
) -> Adopted | Reviewed:
    """Load, look at what stands there, review, and post if asked.

    Without `post` nothing is written and everything is reviewed anew. MovedProblem when the pull
    request moved while it was reviewed (comments on an older commit would stand on wrong lines), or
    when it does not stand at the commit that was `expected`.
    """
    pull = await forge.load()
    change = pull.subject.change
    if expected and change.head != expected:
        raise _moved(pull, expected, change.head)
    terms = terms_of(pull.subject, around)
    stands = standing(pull.reviews, terms.accounts)
    if not post:
        return Reviewed(await review(pull.subject, terms, around))
    if (done := stands.of(change.head, terms.digest)) and done.marker.outcome in FINISHED:
        return Adopted(done, _worst(done, history_of(stands, change, change), terms))
    history = await _history(forge, pull, stands)
    terms = terms_of(pull.subject, around, history.spent)
    report = await review(pull.subject, terms, around, history)
    return await _posted(forge, pull, report, stands, terms, around, quiet=quiet_when_clean)


async def relay_pull(
    forge: Forge, around: Circumstances, *, expected: str, post: bool
) -> Adopted | Reviewed:
    """Post, if asked, what a job found that nobody here trusts, and nothing that would rest on its silence.

    It finds no earlier finding fixed and never says that there is none; its marker has a
    configuration of its own, so that no other door adopts it, and it touches no review that one of
    them has posted.
    """
    pull = await forge.load()
    change = pull.subject.change
    if change.head != expected:
        raise _moved(pull, expected, change.head)
    terms = terms_of(pull.subject, around)
    terms = replace(terms, digest=hashlib.sha256(f"relay {terms.digest}".encode()).hexdigest()[:8])
    stands = standing(pull.reviews, terms.accounts)
    if stands.main and stands.main.marker.config != terms.digest:
        return Adopted(stands.main)
    if done := stands.of(change.head, terms.digest):
        return Adopted(done)
    report = await review(pull.subject, terms, around)
    if not post or not report.verdict.shown.listed:
        return Reviewed(report)
    return await _posted(forge, pull, report, stands, terms, around, quiet=True)


async def _posted(
    forge: Forge,
    pull: Pull,
    report: Report,
    stands: Standing,
    terms: Terms,
    around: Circumstances,
    *,
    quiet: bool,
) -> Reviewed:
    head = pull.subject.change.head
    now = await forge.head()
    if now != head:
        raise _moved(pull, head, now)
    try:
        published = await publish(
            forge,
            report,
            stands,
            terms.accounts,
            quiet_when_clean=quiet and not terms.post_clean,
            redact=Redaction(around.settings.secrets),
        )
    except HostProblem as e:
        return Reviewed(report, refused=e)
    return Reviewed(report, published)


def _moved(pull: Pull, before: str, now: str) -> MovedProblem:
    return MovedProblem(
        f"{pull.subject.label} moved to {now[:7]} while {before[:7]} was reviewed.",
        "Nothing was posted. Run it again.",
        retryable=True,
    )


def _worst(done: Ours, told: History, terms: Terms) -> Severity | None:
    """Of the open findings that stand there; those that notify nobody cannot be read back."""
    found = [k.finding.severity for k in told.known if k.state is State.OPEN]
    if done.marker.outcome == Outcome.FINDINGS and not found:
        found = [s for s in Severity if s < terms.policy.min_severity]
    return max(found, default=None)


async def _history(forge: Forge, pull: Pull, stands: Standing) -> History:
    """What the last review said, with the change as it was then; a lost commit means a full review."""
    head = last_head(stands)
    if not head:
        return History()
    change = pull.subject.change
    previous = change if head == change.head else await forge.change_at(change.base, head)
    return history_of(stands, previous, change)
