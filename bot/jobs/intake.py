"""From a wish to a job: what is the same wish, what it overtakes, when and where it starts.

The decisions (`plan_review`) are pure; `Intake` writes them down and has the work started. What it
returns from is durable: a row of ours, or where there is none, a run of the engine's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from bot.app_settings import AppSettings
from bot.jobs.decisions import HOUR
from bot.jobs.limits import Turns
from bot.jobs.protocol import (
    MOVED,
    CancelWish,
    CommandWish,
    JobsProblem,
    JobState,
    Place,
    PurgeWish,
    Retried,
    ReviewWish,
    Trigger,
    Wish,
)
from bot.jobs.starts import COMMAND, Starts
from bot.jobs.store import ASKED, NEWER, Job, Store
from bot.jobs.tables import ALIVE, storable

TRIES = 3
RETURNING = (Trigger.REOPENED, Trigger.PUSHED, Trigger.REBASED)
"""By which a pull request may come back to a commit, or a base, at which it was reviewed."""
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
    one is the same wish (case S07).
    """
    place = f"{wish.place.repository_id}.{wish.place.number}"
    if wish.once:
        return f"asked.{place}.{_short(wish.once)}"
    return f"review.{place}.{storable(wish.head, 12)}.{_short(wish.base)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def plan_review(
    wish: ReviewWish, known: Sequence[Job], now: float, *, debounce: float, per_hour: int
) -> Fresh | Same | Joined | Outdated:
    """What is to be done for a wish. `known` are the jobs of its pull request, newest first.

    A job that was given up is done again when its event comes again; what was done, or overtaken by
    something that is no longer wanted, is known by its number behind the id.
    """
    base = job_id(wish)
    tries = [j for j in known if j.row.id == base or j.row.id.startswith(f"{base}.")]
    # What somebody asked for is no news of the pull request.
    newest = max((j.seen for j in known if not j.row.trigger.is_asked), default=0.0)
    if wish.seen and newest > wish.seen and not wish.once:
        return Same(tries[0].row.id) if tries else Outdated(known[0].row.id)
    if tries and not _is_to_be_redone(tries[0], wish):
        return Same(tries[0].row.id)
    if same := _being_read(known, wish) or _under_way(known, wish):
        return same
    identity = f"{base}.{max(_number(j.row.id, base) for j in tries) + 1}" if tries else base
    recent = [j for j in known if now - j.row.created < HOUR and _is_a_review(j)]
    if len(recent) >= per_hour and wish.trigger is not Trigger.DISPUTE:
        return Fresh(identity, refusal=f"the limit of {per_hour} reviews an hour is reached")
    pushed = [j for j in known if j.row.trigger is Trigger.PUSHED]
    quick = wish.trigger is Trigger.PUSHED and any(now - j.row.created < debounce for j in pushed)
    return Fresh(identity, delay=debounce if quick else 0.0)


def _is_a_review(job: Job) -> bool:
    """Whether a job counts against the limit of an hour: not where it came to nothing (a draft, a
    label, GitHub away) before a model was asked. One that was stopped may have asked one. A second
    look at a finding is none, and has a limit of its own (bot/jobs/disputes.py).
    """
    if not job.row.started or job.refusal or job.row.trigger is Trigger.DISPUTE:
        return False
    return job.calls > 0 or job.row.state not in (JobState.SKIPPED, JobState.DEAD)


def _being_read(known: Sequence[Job], wish: ReviewWish) -> Same | None:
    """A job that runs may have read a newer head than its event told of: that head's own event, when
    it comes, must not stop what is paid for already.
    """
    here = (
        j
        for j in known
        if j.row.state is JobState.RUNNING
        and wish.head
        and j.row.head == wish.head
        and j.base in ("", wish.base)
    )
    job = None if wish.once else next(here, None)
    return Same(job.row.id) if job else None


def _under_way(known: Sequence[Job], wish: ReviewWish) -> Joined | None:
    """Who asks for a review while one is under way that was asked for gets that one, unless something
    came after it: it will read, or has read, the newest commit. Two comments must not cost two reviews.

    Of a review that nobody asked for it must be known that it reads the very commit, and is not about
    to find that it is not wanted. That a wish was joined is written down nowhere: a replay of its
    event, when that review is over, is a review of its own, once.
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
    is_reading = is_running and bool(last.check_run or last.calls)
    is_same = bool(wish.head) and wish.head == row.head and _on_one_base(wish, last)
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


def _is_to_be_redone(last: Job, wish: ReviewWish) -> bool:
    """Whether a wish that was a job before is to be one again.

    What a person has asked for is done once, unless it was given up. What follows from the pull
    request is done again when that has changed since and it came to nothing: it was overtaken,
    stopped, closed, or not wanted as it was then. Where a pull request has come back to what was
    reviewed, the check run must be its newest there again: others of the same commit may have written
    theirs since (bot/jobs/company.py). The review itself is adopted. A replay of the old event changes
    nothing.
    """
    is_later = not wish.seen or wish.seen > last.seen
    match last.row.state:
        case JobState.DEAD:
            return True
        case JobState.SUPERSEDED | JobState.CANCELLED:
            return is_later and not wish.once
        case JobState.SKIPPED:
            # Of several labels that were given in one second each may be the one.
            is_other = wish.trigger is not last.row.trigger or wish.trigger is Trigger.LABELED
            return is_other or is_later
        case JobState.DONE:
            # An event that does not say when it was might be any old one.
            return wish.seen > last.seen and wish.trigger in RETURNING
        case _:
            return False


class Intake:
    """Takes wishes in."""

    def __init__(self, store: Store, starts: Starts, settings: AppSettings) -> None:
        self._store = store
        self._starts = starts
        self._settings = settings
        self._stop: Callable[[Sequence[str]], None] = lambda _jobs: None
        self._turns = Turns()

    def tell(self, stop: Callable[[Sequence[str]], None]) -> None:
        """Who is told of jobs that were ended, in case they run in this process."""
        self._stop = stop

    async def accept(self, wish: Wish) -> str:
        """Write it down and see that it is done; the job's id, "" where there is none.

        JobsProblem when the database did not take it.
        """
        try:
            match wish:
                case ReviewWish(place=Place(number=0)):
                    return await self._of_head(wish)
                case ReviewWish():
                    return await self._review(wish)
                case CommandWish():
                    return await self._command(wish)
                case CancelWish():
                    await self.end(JobState.CANCELLED, wish.why, place=wish.place, seen=wish.seen)
                    return ""
                case PurgeWish():
                    await self._purge(wish)
                    return ""
        except (sa.exc.SQLAlchemyError, OSError) as e:
            raise JobsProblem(
                "The database does not take jobs.", f"See the log ({type(e).__name__})."
            ) from e

    async def _of_head(self, wish: ReviewWish) -> str:
        """Asked for by a check run that does not say whose it is (a fork's): ours was made by a job."""
        numbers = await self._store.past.numbers_of(wish.place.repository_id, wish.head)
        ids = [
            await self._review(replace(wish, place=replace(wish.place, number=number)))
            for number in numbers
        ]
        return ids[0] if ids else ""

    async def end(
        self,
        state: JobState,
        note: str,
        *,
        place: Place | None = None,
        job: str = "",
        seen: float = 0.0,
    ) -> tuple[str, ...]:
        """End what lives of a pull request, or one job: running calls stop at once.

        What came of something later than `seen` (0.0: not known) is left alone.
        """
        ended = await self._store.end_alive(state, note, place=place, job=job, seen=seen)
        self._stop(ended)
        return ended

    async def again(self, job: Job) -> Retried:
        """The same review once more: as a new job, unless one that was asked for is under way."""
        place = job.row.place
        is_dispute = job.row.trigger is Trigger.DISPUTE
        trigger = Trigger.DISPUTE if is_dispute else Trigger.RERUN
        wish = ReviewWish(
            place, trigger, job.row.head, job.base, once=f"{job.row.id} at {time.time()}"
        )
        fresh = await self._review(wish)
        if job.row.state is JobState.DEAD:  # Nobody need look at it any more.
            done = {"state": JobState.SUPERSEDED.value, "note": f"done again as {fresh}"}
            await self._store.note(job.row.id, **done)
        return Retried(fresh, is_new=fresh.startswith(job_id(wish)))

    async def restarted(self, job: Job) -> None:
        """Somebody must work on a job that lives: where its start was lost, or the engine has given
        its run up, start it (again).
        """
        await self._starts.forget([job.row.id])
        await self._starts.review(job.row.id)

    async def _review(self, wish: ReviewWish) -> str:
        """One after the other for a pull request; with other processes the row's key decides.

        A label is written down first: the wish may be a job already, which then will know of it.
        """
        async with self._turns.turn(wish.place.key):
            if wish.label:
                await self._store.decisions.give_label(wish.place, wish.head, wish.label)
            for attempt in range(TRIES - 1):
                try:
                    return await self._taken(wish, again=attempt > 0)
                except sa.exc.IntegrityError:  # Somebody else has written it down just now.
                    continue
            return await self._taken(wish, again=True)

    async def _taken(self, wish: ReviewWish, *, again: bool) -> str:
        """`again`: who has written it down may have been we, with the database's answer lost."""
        known = await self._store.of_pull(wish.place)
        planned = plan_review(
            wish,
            known,
            time.time(),
            debounce=self._settings.debounce,
            per_hour=self._settings.reviews_per_hour,
        )
        match planned:
            case Outdated():
                return ""
            case Joined(id=job):
                there = next(j for j in known if j.row.id == job)
                if there.row.trigger.is_asked:
                    # It is wanted as of now: a `stop` of before that comes late leaves it alone.
                    await self._store.note(job, seen=max(there.seen, _seen(wish)))
                return job
            case Same(id=job):
                if again and any(j.row.id == job and j.row.state in ALIVE for j in known):
                    await self._starts.review(job)
                return job
            case Fresh(id=job, delay=delay, refusal=refusal):
                news = _news(wish, refusal)
                ended = await self._store.add(_row(job, wish, refusal), supersedes=news)
                self._stop(ended)
                await self._starts.review(job, delay)
                return job

    async def _command(self, wish: CommandWish) -> str:
        place = wish.place
        run = f"{_orders(place.installation, place.repository_id)}{wish.thread}.{wish.comment}"
        await self._starts.order(run, json.dumps(asdict(wish)))
        return run

    async def _purge(self, wish: PurgeWish) -> None:
        gone = await self._store.forgetting.purge(wish.installation, wish.repositories)
        self._stop(gone)
        await self._starts.forget(gone)
        await self._starts.forget_named(
            [_orders(wish.installation, r) for r in wish.repositories or (None,)]
        )


def _news(wish: ReviewWish, refusal: str) -> str:
    """Why a new job overtakes what lives of its pull request, "" where it does not: a second look is
    no review, and takes its turn behind one that runs; what is asked for and refused is none either.
    """
    if wish.trigger is Trigger.DISPUTE or (wish.trigger.is_asked and refusal):
        return ""
    return ASKED if wish.trigger.is_asked and not _has_moved(wish) else NEWER


def _seen(wish: ReviewWish) -> float:
    """A person's act is of now, where the event does not say: an older event ends nothing of it."""
    return wish.seen or (time.time() if wish.trigger.is_asked else 0.0)


def _orders(installation: int, repository: int | None) -> str:
    """How the names of runs begin that carry out the orders of an installation, or of a repository."""
    return f"{COMMAND}.{installation}." + (f"{repository}." if repository is not None else "")


def _row(job: str, wish: ReviewWish, refusal: str) -> Mapping[str, Any]:
    place = wish.place
    return {
        "id": job,
        "installation": place.installation,
        "account": place.account,
        "repository_id": place.repository_id,
        "repository": place.repository,
        "number": place.number,
        "trigger": wish.trigger.value,
        "state": JobState.WAITING.value,
        "head": wish.head,
        "base": wish.base,
        "seen": _seen(wish),
        "refusal": refusal,
        "created": time.time(),
    }
