"""A pull request, from its address to the posted review: the line that all doors share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.desk import Desk, Kept
from bot.errors import ClosedProblem, HostProblem, MovedProblem
from bot.hosts.protocol import Forge, PostedReview, Pull
from bot.outputs.aging import aged, current
from bot.outputs.seal import Seal, key_of
from bot.pipeline import Circumstances, review, terms_of
from bot.posted import Ours, Standing, history_of, last_head, standing
from bot.publish import Published, mark_closed, publish
from bot.report import Report
from bot.settings import Settings
from bot.terms import Terms
from reviewers.core.exclude import hidden
from reviewers.core.finding import Severity
from reviewers.core.history import EVERYTHING, History, State
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import WHOLE, Outcome

log = logging.getLogger(__name__)

RELAYED = "relay."
"""How the configuration begins that a relayed review names, so that it is no other door's."""


@dataclass(frozen=True)
class Adopted:
    """The same head was reviewed for the same branch and configuration: that review stands.

    `worst` is the gravest severity that a finding of it may have, None where it has none; `hidden`:
    the change brings files that nobody has read.
    """

    ours: Ours
    worst: Severity | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Reviewed:
    """A review that was done now; `published` is None where nothing was to be posted.

    `refused` says why it could not be posted: what was paid for is not lost with it.
    """

    report: Report
    published: Published | None = None
    refused: HostProblem | None = None


@dataclass(frozen=True)
class Skipped:
    """Nothing was reviewed, and why, as in `draft pull request`."""

    pull: Pull
    why: str


async def review_pull(
    forge: Forge,
    around: Circumstances,
    *,
    post: bool,
    quiet_when_clean: bool = False,
    expected: str = "",
    desk: Desk = Desk(),  # noqa: B008 - it holds nothing
) -> Adopted | Reviewed | Skipped:
    """Load, look at what stands there, review, and post if asked.

    Without `post` nothing is written and everything is reviewed anew. MovedProblem when the pull
    request moved while it was reviewed (comments on an older commit would stand on wrong lines), or
    when it does not stand at the commit that was `expected`; ClosedProblem when it was closed meanwhile.
    """
    pull = await forge.load()
    change = pull.subject.change
    if expected and change.head != expected:
        raise _moved(pull, expected, change.head)
    around = replace(around, seal=around.seal or _seal(pull, around.settings))
    terms = terms_of(pull.subject, around)
    stands = standing(pull.reviews, terms.accounts, around.seal)
    if why := desk.opened(pull, terms):
        if stands.main and stands.main.marker.head == change.head:
            await _current(forge, stands.main, desk)
        return Skipped(pull, why)
    if not post:
        return Reviewed(await review(pull.subject, terms, around))
    believed = desk.believes(terms)
    done = _done(stands, change.head, terms, around.run, anew=desk.anew) if believed else None
    if done:
        told = await desk.remembered(history_of(stands, change, change), stands.main)
        worst = _worst(done, told, terms)
        done = await _current(forge, done, desk)
        if await desk.may_write():
            redact = Redaction(around.settings.secrets)
            await mark_closed(forge, told.known, stands, redact, around.seal)
        return Adopted(done, worst, bool(hidden(change.files, terms.policy.exclude)))
    posted = stands.by_run(around.run)
    if posted:
        # Interrupted before the first body was edited: it is told as if nothing were posted.
        stands = stands.without(posted)
    history = await _history(forge, pull, stands, terms.digest, desk)
    history = await desk.remembered(history, stands.main)
    history = history if believed else _doubted(history, signed=around.seal is not None)
    terms = terms_of(pull.subject, around, history.spent)
    async with _aging(forge, stands, change.head, desk):
        report = await review(pull.subject, terms, around, history)
        before = await desk.read_before(report)
        report = replace(report, paid=await desk.paid(), before=before)
        await desk.reviewed(report)
        await _still_there(forge, pull, desk)
    report = replace(report, elsewhere=await desk.elsewhere() or report.elsewhere)
    await desk.telling(report)
    quiet = quiet_when_clean and desk.quiet()
    again = posted.review if posted else None
    work = _posted(forge, report, stands, terms, around, desk, quiet=quiet, again=again)
    return await _whole(asyncio.create_task(work))


@asynccontextmanager
async def _aging(forge: Forge, stands: Standing, head: str, desk: Desk) -> AsyncIterator[None]:
    """While `head` is reviewed, what stands there says that it is about an older commit."""
    main = stands.main
    if main is None or not main.review.ours or main.marker.head in ("", head):
        yield
        return
    body = aged(main.review.body, main.marker.head)
    writing = asyncio.create_task(_rewritten(forge, main, body, desk))
    try:
        yield
    finally:  # The same review is written to next, by this door or by the one that has overtaken it.
        await asyncio.wait([writing])


async def _current(forge: Forge, done: Ours, desk: Desk) -> Ours:
    """A review that is adopted is of the newest commit again: the branch was set back to it."""
    body = current(done.review.body)
    if done.review.ours:
        await _rewritten(forge, done, body, desk)
    return replace(done, review=replace(done.review, body=body))


async def _rewritten(forge: Forge, ours: Ours, body: str, desk: Desk) -> None:
    """Only where it says something else, and where that which was read still stands there: another door
    may have written since, and GitHub has no compare-and-swap. A review is worth more than that. The
    marker stays as it is.
    """
    if body == ours.review.body or not await desk.may_write():
        return
    try:
        now = next((r.body for r in await forge.reviews() if r.id == ours.review.id), "")
        if now == ours.review.body + ours.below:
            await forge.edit_review(ours.review.id, body + ours.below)
    except HostProblem as e:
        log.warning("A review could not say of which commit it is: %s", e.what)


async def _whole(posting: asyncio.Task[Reviewed]) -> Reviewed:
    """What is being written is written to its end, also where the review is overtaken meanwhile: a
    request that is under way cannot be called back, and its effect must be there for the next one.
    """
    try:
        return await asyncio.shield(posting)
    except asyncio.CancelledError:
        await asyncio.wait([posting])
        if not posting.cancelled() and (error := posting.exception()):
            log.warning("What was written when the review was overtaken failed: %s", error)
        raise


async def review_kept(
    forge: Forge,
    around: Circumstances,
    *,
    post: bool,
    quiet_when_clean: bool = False,
    expected: str = "",
    kept: Kept | None = None,
) -> Adopted | Reviewed | Skipped:
    """The same for whoever is there to hear it: a finished review is returned, also a `refused` one."""
    kept = kept or Kept()
    try:
        return await review_pull(
            forge,
            around,
            post=post,
            quiet_when_clean=quiet_when_clean,
            expected=expected,
            desk=kept,
        )
    except HostProblem as e:
        if kept.report is None:
            raise
        return Reviewed(kept.report, refused=e)


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
    terms = replace(terms, digest=f"{RELAYED}{terms.digest}")
    stands = standing(pull.reviews, terms.accounts)
    if stands.main and not stands.main.marker.config.startswith(RELAYED):
        return Adopted(stands.main)
    if done := stands.of(change.head, terms.digest):
        return Adopted(done)
    report = await review(pull.subject, terms, around)
    if not post or not report.verdict.shown.listed:
        return Reviewed(report)
    try:
        await _still_there(forge, pull, Desk())
        work = _posted(forge, report, stands, terms, around, Desk(), quiet=True)
        return await _whole(asyncio.create_task(work))
    except HostProblem as e:
        return Reviewed(report, refused=e)


async def _posted(
    forge: Forge,
    report: Report,
    stands: Standing,
    terms: Terms,
    around: Circumstances,
    desk: Desk,
    *,
    quiet: bool,
    again: PostedReview | None = None,
) -> Reviewed:
    """`again`: what this run had posted before it was interrupted."""
    published = await publish(
        forge,
        report,
        stands,
        terms.accounts,
        quiet_when_clean=quiet and not terms.post_clean,
        redact=Redaction(around.settings.secrets),
        posted=again,
        seal=around.seal,
    )
    if not published.left:
        await desk.posted(report, published)
    return Reviewed(report, published)


async def _still_there(forge: Forge, pull: Pull, desk: Desk) -> None:
    """Whatever else has to be waited for is waited for at the same time."""
    head = pull.subject.change.head
    now, _ = await asyncio.gather(forge.stand(), desk.elsewhere())
    if now.state != "open" and pull.state == "open":  # Its event may be late, or lost.
        raise ClosedProblem(
            f"{pull.subject.label} was closed while {head[:7]} was reviewed.", "Nothing was posted."
        )
    if now.head != head:
        raise _moved(pull, head, now.head)


def _moved(pull: Pull, before: str, now: str) -> MovedProblem:
    return MovedProblem(
        f"{pull.subject.label} moved to {now[:7]} while {before[:7]} was reviewed.",
        "Nothing was posted. Run it again.",
        retryable=True,
    )


def _done(stands: Standing, head: str, terms: Terms, run: str, *, anew: bool) -> Ours | None:
    """The review that makes this one needless: of this run, which was interrupted after it posted,
    or of anybody else under the same configuration, unless a person asks for another.
    """
    posted = stands.by_run(run)
    if posted and posted is stands.main:
        return posted
    done = stands.of(head, terms.digest)
    return done if done and done.marker.outcome in WHOLE and not anew else None


def _worst(done: Ours, told: History, terms: Terms) -> Severity | None:
    """Of the open findings that stand there; those that notify nobody cannot be read back."""
    found = [k.finding.severity for k in told.known if k.state is State.OPEN]
    if done.marker.outcome == Outcome.FINDINGS and not found:
        found = [s for s in Severity if s < terms.policy.min_severity]
    return max(found, default=None)


def _seal(pull: Pull, settings: Settings) -> Seal | None:
    """The seal of a door that has nothing to go by but what is posted; None where it has no key."""
    if not settings.seal_key or not pull.repository_id or not pull.subject.pull:
        return None
    subject = f"{pull.repository_id}#{pull.subject.pull.number}"
    return Seal(key_of(settings.seal_key), subject, texts=True)


def _doubted(history: History, *, signed: bool) -> History:
    """What of a history may be used that rests on what is posted alone: that nothing is told twice, and
    what was read where that is `signed`; else all is read again. What a person is said to have dismissed
    is open in any case: who has said so nobody signs.
    """
    known = (
        replace(k, state=State.OPEN, dismissal=None) if k.state is State.DISMISSED else k
        for k in history.known
    )
    unread = history.unread if signed else frozenset({EVERYTHING})
    return replace(history, known=tuple(known), unread=unread)


async def _history(forge: Forge, pull: Pull, stands: Standing, config: str, desk: Desk) -> History:
    """What the last review said, with the change as it was then; a lost commit means a full review.

    Under another configuration, or for another branch, nobody has read anything yet: who gets a
    model, or more votes, is told what they find, and not as late.
    """
    change = pull.subject.change
    unposted = None if stands.main else desk.unposted()
    head = unposted.head if unposted else last_head(stands)
    if not head:
        return History()
    previous = change if head == change.head else await forge.change_at(change.base, head)
    history = history_of(stands, previous, change)
    if unposted:
        unread = frozenset[str]() if unposted.is_whole else frozenset({EVERYTHING})
        whole, by = unposted.is_whole, unposted.config
        history = History(head, previous, unread=unread, complete=whole, config=by)
    if history.config != config:
        return replace(history, unread=frozenset({EVERYTHING}))
    return history
