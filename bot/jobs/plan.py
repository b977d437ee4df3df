"""What is to be done for a wish: a new job, nothing, or what another job does. All of it is pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.jobs.decisions import HOUR
from bot.jobs.protocol import ADOPTED, CLOSED, DRAFTED, MOVED, JobState, ReviewWish, Trigger
from bot.jobs.store import ASKED, NEWER, Job
from bot.jobs.tables import ALIVE, storable
from reviewers.core.verdict import WHOLE

INSTANT = 0.001
"""Seconds, less than any two times of GitHub's differ by."""
RETURNING = (Trigger.REOPENED, Trigger.PUSHED, Trigger.REBASED)
"""By which a pull request may come back to a commit, or a base, at which it was reviewed."""
AWAKENING = (Trigger.REOPENED, Trigger.READY)
"""By which one that was not wanted, closed or as a draft, is wanted again."""
JOINING = (Trigger.COMMAND, Trigger.RERUN)
"""Asked for a review of what stands there, whatever that is."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new job of that id is needed, which overtakes what lives; `refusal` keeps it from reviewing."""

    id: str
    delay: float = 0.0
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Same:
    """The wish is a job already."""

    id: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Another job that is under way does what is wished for."""

    id: str


@dataclass(frozen=True, slots=True)
class Outdated:
    """Something newer of this pull request was seen before: nothing is to be done for this."""

    by: str


def job_id(wish: ReviewWish) -> str:
    """What makes two wishes one: the person's act, or the state of the pull request.

    Not the delivery's GUID, which no signature covers: a recorded event sent again under another
    one is the same wish (case S07). What is read of a head in it is for people: of two commits an author
    can make the first twelve digits the same, so it takes the whole of head and base to name one.
    """
    place = f"{wish.place.repository_id}.{wish.place.number}"
    if wish.once:
        return f"asked.{place}.{_short(wish.once)}"
    whole = _short(f"{wish.head} {wish.base}", 16)
    return f"review.{place}.{storable(wish.head, 12)}.{whole}"


def _older_id(wish: ReviewWish) -> str:
    """What an earlier Triptych called the job of what follows from a head: its event, sent again after
    an upgrade, is the same wish.
    """
    place = f"{wish.place.repository_id}.{wish.place.number}"
    return f"review.{place}.{storable(wish.head, 12)}.{_short(wish.base)}"


def _short(text: str, digits: int = 12) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:digits]


def plan_review(
    wish: ReviewWish, known: Sequence[Job], now: float, *, debounce: float, per_hour: int
) -> Fresh | Same | Joined | Outdated:
    """What is to be done for a wish. `known` are the jobs of its pull request, newest first.

    A job that was given up is done again when its event comes again; what was done, or overtaken by
    something that is no longer wanted, is known by its number behind the id.
    """
    base = job_id(wish)
    names = (base,) if wish.once else (base, _older_id(wish))
    tries = [j for j in known if any(f"{j.row.id}.".startswith(f"{name}.") for name in names)]
    # What somebody asked for is no news of the pull request.
    newest = max((j.seen for j in known if not j.row.trigger.is_asked), default=0.0)
    is_old = bool(wish.seen) and math.floor(newest) > wish.seen and not wish.once
    is_label = bool(tries) and _is_another_label(tries[0], wish) and known[0].row.head == wish.head
    if is_old and not is_label:
        return Same(tries[0].row.id) if tries else Outdated(known[0].row.id)
    if tries and not _is_to_be_redone(tries[0], wish):
        return Same(tries[0].row.id)
    if same := _being_read(known, wish) or _asked_for(known, wish) or _under_way(known, wish):
        return same
    identity = f"{base}.{max(_number(j.row.id, base) for j in tries) + 1}" if tries else base
    recent = [j for j in known if now - j.row.started < HOUR and _is_a_review(j)]
    is_free = (
        wish.trigger is Trigger.DISPUTE
        or _is_reviewed(tries, known)
        or (wish.trigger is Trigger.DISMISSAL and may_be_told_anew(known))
    )
    if len(recent) >= per_hour and not is_free:
        return Fresh(identity, refusal=f"the limit of {per_hour} reviews an hour is reached")
    pushed = [j for j in known if j.row.trigger is Trigger.PUSHED]
    quick = wish.trigger is Trigger.PUSHED and any(now - j.row.created < debounce for j in pushed)
    return Fresh(identity, delay=debounce if quick else 0.0)


def _is_a_review(job: Job) -> bool:
    """Whether a job counts against the limit of an hour: not where it came to nothing (a draft, a
    label, GitHub away) before a model was asked, took the review that stood there, or told it anew with
    a dismissal. One that was stopped may have asked one. A second look at a finding is none, and has a
    limit of its own (bot/jobs/disputes.py).
    """
    if not job.row.started or job.refusal or job.row.trigger is Trigger.DISPUTE:
        return False
    is_told_anew = job.row.note == ADOPTED or job.row.trigger is Trigger.DISMISSAL
    if is_told_anew and not job.calls:
        return False
    return job.calls > 0 or job.row.state not in (JobState.SKIPPED, JobState.DEAD)


def _is_reviewed(tries: Sequence[Job], known: Sequence[Job]) -> bool:
    """Whether a wish that is done again finds the review of its very commit and base, and takes it. It
    costs nothing, and to refuse it would write over what was said of the commit. Once another commit
    was reviewed the one body is about that, and this one would be paid for again.
    """
    done = (
        j for j in known if j.row.state is JobState.DONE and j.row.trigger is not Trigger.DISPUTE
    )
    return bool(tries) and next(done, None) is tries[0] and tries[0].row.outcome in WHOLE


def may_be_told_anew(known: Sequence[Job]) -> bool:
    """Whether the last word on a pull request, of its jobs the newest first, is a whole review: with a
    dismissal it is told once more, which asks no model. What was asked for and refused is no word.
    """
    words = (
        j
        for j in known
        if j.row.trigger is not Trigger.DISPUTE and not (j.refusal and j.row.trigger.is_asked)
    )
    last = next(words, None)
    return last is not None and last.row.state is JobState.DONE and last.row.outcome in WHOLE


def _being_read(known: Sequence[Job], wish: ReviewWish) -> Same | None:
    """A job that runs may have read a newer head than its event told of: that head's own event, when
    it comes, must not stop what is paid for already.
    """
    running = (j for j in known if j.row.state is JobState.RUNNING and not wish.once)
    job = next((j for j in running if _reads(j, wish)), None)
    return Same(job.row.id) if job else None


def _reads(job: Job, wish: ReviewWish) -> bool:
    """Whether a job is known to read what the wish is about. One that has not told its base yet may
    have found another, with another gate.
    """
    return bool(wish.head) and job.row.head == wish.head and wish.base in ("", job.base)


def _asked_for(known: Sequence[Job], wish: ReviewWish) -> Same | None:
    """What a person has asked for, and what still waits, reads the newest commit, wanted or not: an
    event (a label, say) must not put a job in its place that may find that nothing is wanted. One
    that waits for GitHub has read; it stands for its own commit alone.
    """
    last = next((j for j in known if j.row.trigger is not Trigger.DISPUTE), None)
    if wish.once or last is None or last.refusal or not last.row.trigger.is_asked:
        return None
    is_here = last.row.head in ("", wish.head) and last.base in ("", wish.base)
    if wish.trigger is Trigger.LABELED and last.row.state in ALIVE and is_here:
        return Same(last.row.id)
    if last.row.trigger not in JOINING:
        return None
    is_to_read = last.row.state is JobState.WAITING and last.row.head in ("", wish.head)
    has_read = last.row.state is JobState.PARKED and _reads(last, wish)
    return Same(last.row.id) if is_to_read or has_read else None


def _under_way(known: Sequence[Job], wish: ReviewWish) -> Joined | None:
    """Who asks for a review while one is under way that was asked for gets that one, unless something
    came after it: it will read, or has read, the newest commit. Two comments must not cost two reviews.

    Of a review that nobody asked for it must be known that it reads, and is not about to find that it is
    not wanted; and that it reads the very commit, where the wish names one. A comment names none: if
    something else stands there by now, the review ends as overtaken, and the comment asks again
    (bot/jobs/orders.py). That a wish was joined is written down nowhere: a replay of its event, when that
    review is over, is a review of its own, once.
    """
    if wish.trigger not in JOINING or _has_moved(wish):
        return None
    last = next((j for j in known if j.row.trigger is not Trigger.DISPUTE), None)
    if last is None or last.row.state not in ALIVE or last.refusal:
        return None
    row = last.row
    is_running = row.state is JobState.RUNNING
    if row.trigger in JOINING:
        is_other = is_running and "" not in (wish.head, row.head) and wish.head != row.head
        return None if is_other else Joined(row.id)
    # That of a new base has its check run before it has looked.
    has_looked = bool(last.check_run) and row.trigger is not Trigger.REBASED
    is_reading = is_running and (has_looked or last.calls > 0)
    is_same = bool(row.head) and wish.head in ("", row.head) and _on_one_base(wish, last)
    may_join = is_reading and is_same and row.trigger is not Trigger.DISMISSAL
    return Joined(row.id) if may_join else None


def _on_one_base(wish: ReviewWish, job: Job) -> bool:
    return "" in (wish.base, job.base) or wish.base == job.base


def _has_moved(wish: ReviewWish) -> bool:
    """Whether a job wishes for it whose commit stands there no more (bot/jobs/worker.py, `_moved`): it
    ends with this one's beginning.
    """
    return wish.once.endswith(MOVED)


def _number(job: str, base: str) -> int:
    """Which try a job is: 1 for the id itself, else the number behind it."""
    behind = job.removeprefix(base).lstrip(".")
    return int(behind) if behind.isdecimal() else 1


def _is_another_label(last: Job, wish: ReviewWish) -> bool:
    """Of several labels each may be the one that is wanted, in whatever order their events come."""
    return wish.trigger is Trigger.LABELED and last.row.state is JobState.SKIPPED


def _is_to_be_redone(last: Job, wish: ReviewWish) -> bool:
    """Whether a wish that was a job before is to be one again.

    What a person has asked for is done once, unless it was given up. What follows from the pull
    request is done again when that has changed since and it came to nothing: it was overtaken,
    stopped, closed, or not wanted as it was then. Where a pull request has come back to what was
    reviewed, the check run must be its newest there again: others of the same commit may have written
    theirs since (bot/jobs/company.py). The review itself is adopted. A replay of the old event changes
    nothing.
    """
    # An operator wants it done, though the pull request is as it was when the last one was stopped.
    is_later = not wish.seen or wish.seen > last.seen or wish.trigger is Trigger.BACKFILL
    match last.row.state:
        case JobState.DEAD:
            return True
        case JobState.SUPERSEDED | JobState.CANCELLED:
            # GitHub's times are whole seconds: closed and reopened may be one of them.
            is_back = wish.seen == math.floor(last.seen) and last.row.note in (CLOSED, DRAFTED)
            is_awake = is_back and wish.trigger in AWAKENING
            return (is_later or is_awake) and not wish.once
        case JobState.SKIPPED:
            is_other = wish.trigger is not last.row.trigger or _is_another_label(last, wish)
            return is_other or is_later
        case JobState.DONE:
            # An event that does not say when it was might be any old one.
            return wish.seen > last.seen and wish.trigger in RETURNING
        case _:
            return False


def first_seen(wish: ReviewWish, known: Sequence[Job]) -> float:
    """What a new job has seen, by GitHub's clock alone: by ours a `stop` that comes after it might be
    older. A person's act comes after all that is `known` of the pull request, where its event does not
    say when it was: what is older ends nothing of it. Nor does a closing of the very second in which the
    pull request was reopened, whichever of the two events comes first.
    """
    last = max((j.seen for j in known), default=0.0)
    seen = wish.seen or (last if wish.trigger.is_asked else 0.0)
    return seen + INSTANT if seen and wish.trigger in AWAKENING else seen


def seen_by(wish: ReviewWish, there: Job) -> float:
    """What a living job is to have seen once a wish is the same as it: what came before that, and comes
    late, neither ends it nor takes its place any more.

    Where it may be wanted only now, it has in any case seen something later than when it looked, though
    it be of the same second: so it looks again where it has found that it is not wanted
    (`wish_after`).
    """
    last = max(there.seen, wish.seen)
    return last + INSTANT if wish.trigger in (*AWAKENING, Trigger.LABELED) else last


def seen_asked(wish: ReviewWish, there: Job) -> float:
    """The same where somebody has asked for what a job does. One that nobody had asked for keeps its
    time: by the act's, a push of before might be too late (`plan_review`).
    """
    return max(there.seen, wish.seen) if there.row.trigger.is_asked else there.seen


def wish_after(job: Job, there: Job) -> ReviewWish | None:
    """What another job is needed for when one ends that has found that it is not wanted: `there` has
    seen something since that `job` had not when it looked (see `seen_by`). None for nothing.
    """
    if there.seen <= job.seen:
        return None
    row = there.row
    return ReviewWish(row.place, Trigger.LABELED, row.head, there.base, seen=there.seen)


def news(wish: ReviewWish, refusal: str) -> str:
    """Why a new job overtakes what lives of its pull request, "" where it does not: a second look is
    no review, and takes its turn behind one that runs; what is asked for and refused is none either.
    """
    if wish.trigger is Trigger.DISPUTE or (wish.trigger.is_asked and refusal):
        return ""
    return ASKED if wish.trigger.is_asked and not _has_moved(wish) else NEWER
