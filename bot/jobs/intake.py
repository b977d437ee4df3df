"""From a wish to a job: what was decided (bot/jobs/plan.py) is written down, and its work started.

What this returns from is durable: a row of ours, or where there is none, a run of the engine's.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
import structlog

from bot.app_settings import AppSettings
from bot.jobs.limits import Turns
from bot.jobs.plan import (
    INSTANT,
    Fresh,
    Joined,
    Outdated,
    Same,
    first_seen,
    job_id,
    news,
    plan_review,
    seen_asked,
    seen_by,
    wish_after,
)
from bot.jobs.protocol import (
    DRAFTED,
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
from bot.jobs.store import Job, Store
from bot.jobs.tables import ALIVE
from bot.jobs.writing import NewJob, OldJob, Unwanted, Writing

LYING = 15.0
"""Seconds that a job waits before somebody who wishes for it once more has its start looked for: a door
gives its own up before that.
"""

log = structlog.get_logger("triptych.jobs")


class Intake:
    """Takes wishes in."""

    def __init__(self, store: Store, starts: Starts, settings: AppSettings) -> None:
        self._store = store
        self._starts = starts
        self._settings = settings
        self._stop: Callable[[Sequence[str]], None] = lambda _jobs: None
        self._turns = Turns()
        self._taking: set[asyncio.Task[str]] = set()

    def tell(self, stop: Callable[[Sequence[str]], None]) -> None:
        """Who is told of jobs that were ended, in case they run in this process."""
        self._stop = stop

    async def accept(self, wish: Wish) -> str:
        """Write it down and see that it is done; the id of what does it, or is stopped, "" for
        none.

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
                case CancelWish() if wish.why == DRAFTED:
                    return await self._drafted(wish)
                case CancelWish():
                    return await self.stopped(wish)
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

    async def stopped(self, wish: CancelWish) -> str:
        """End what lives of a pull request; the id of a job that did, "" for none."""
        ended = await self.end(JobState.CANCELLED, wish.why, place=wish.place, seen=wish.seen)
        return next(iter(ended), "")

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

    async def skipped(self, job: Job, why: str) -> None:
        """A job ends that has found that it is not wanted; unless it was ended before.

        What came after it had looked was taken for its own as long as it lived: a label, or that the
        pull request is open, or no draft, any more. For that another one comes in the moment in which
        it ends, so that no crash comes between. SQLAlchemyError where the database takes neither.
        """

        def decide(known: Sequence[Job]) -> Writing:
            there = next(
                (j for j in known if j.row.id == job.row.id and j.row.state in ALIVE), None
            )
            if there is None:
                return Writing()
            wish = wish_after(job, there)
            over = replace(there, row=replace(there.row, state=JobState.SKIPPED, note=why))
            rest = [over if j is there else j for j in known]
            other = self._decided(wish, rest) if wish else OldJob()
            return Writing(other, Unwanted(job.row.id, why))

        await self._taken(job.row.place, decide)

    async def _review(self, wish: ReviewWish) -> str:
        """A label is written down first: the wish may be a job already, which then will know of it."""
        if wish.label:
            await self._store.decisions.give_label(wish.place, wish.head, wish.label)
        return await self._taken(wish.place, lambda known: Writing(self._decided(wish, known)))

    async def _taken(self, place: Place, decide: Callable[[Sequence[Job]], Writing]) -> str:
        """To its end, also where nobody waits for it any more (a door gives up, a database is locked):
        its thread may write the row down all the same, and then the job must be started.
        """
        taking = asyncio.create_task(self._take(place, decide))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_told)  # Nobody else hears of it any more.
            raise

    async def _take(self, place: Place, decide: Callable[[Sequence[Job]], Writing]) -> str:
        """One after the other for a pull request: in this process they hold no connection meanwhile."""
        tries, is_lying = 0, False

        def decided(known: Sequence[Job]) -> Writing:
            nonlocal tries, is_lying
            tries += 1
            writing = decide(known)
            is_lying = any(j.row.id == writing.job.id and _is_lying(j) for j in known)
            return writing

        async with self._turns.turn(place.key):
            writing, ended = await self._store.take(place, decided)
        self._stop(ended)
        match writing.job:
            case NewJob(delay=delay) as new:
                await self._starts.review(new.id, delay)
            case OldJob(id=old, seen=seen) if seen is not None and tries > 1:
                # Who has written it down may have been we, with the database's answer lost.
                await self._starts.review(old)
            case OldJob(id=old) if is_lying:
                await self._starts.rescue(old)
        return writing.job.id

    def _decided(self, wish: ReviewWish, known: Sequence[Job]) -> NewJob | OldJob:
        now = time.time()
        settings = self._settings
        planned = plan_review(
            wish, known, now, debounce=settings.debounce, per_hour=settings.reviews_per_hour
        )
        living = {j.row.id: j for j in known if j.row.state in ALIVE}
        match planned:
            case Outdated():
                return OldJob()
            case Joined(id=job):
                return OldJob(job, seen_asked(wish, living[job]))
            case Same(id=job):
                there = living.get(job)
                return OldJob(job, seen_by(wish, there) if there else None)
            case Fresh(id=job, delay=delay, refusal=refusal):
                row = _row(job, wish, refusal, known)
                return NewJob(row, news(wish, refusal), delay)

    async def _command(self, wish: CommandWish) -> str:
        place = wish.place
        run = f"{_orders(place.installation, place.repository_id)}{wish.thread}.{wish.comment}"
        await self._starts.order(run, json.dumps(asdict(wish)))
        return run

    async def _drafted(self, wish: CancelWish) -> str:
        """Whether drafts are reviewed the base branch says, which a run reads (bot/jobs/drafts.py)."""
        place = wish.place
        mine = _orders(place.installation, place.repository_id)
        run = f"{mine}draft.{place.number}.{wish.seen}"
        await self._starts.order(run, json.dumps(asdict(wish)))
        return run

    async def _purge(self, wish: PurgeWish) -> None:
        owners = {wish.installation}
        if wish.is_gone:
            owners |= set(await self._store.forgetting.owners(wish.repositories))
        for installation in sorted(owners):
            gone = await self._store.forgetting.purge(installation, wish.repositories)
            log.info(
                "purged",
                installation=installation,
                account=wish.account,
                repositories=list(wish.repositories),
                why=wish.why,
                count=len(gone),
            )
            self._stop(gone)
            await self._starts.forget(gone)
            await self._starts.forget_named(
                [_orders(installation, r) for r in wish.repositories or (None,)]
            )


def _told(taking: asyncio.Task[str]) -> None:
    """What went wrong behind a door that has given up: GitHub has its 503, and the log has why."""
    if not taking.cancelled() and (e := taking.exception()):
        log.warning("wish.untaken", why=type(e).__name__)


def _is_lying(job: Job) -> bool:
    """Whether nobody has begun a job for so long that its start may have been lost."""
    row = job.row
    return row.state is JobState.WAITING and time.time() - row.created > LYING


def _orders(installation: int, repository: int | None) -> str:
    """How the names of runs begin that carry out the orders of an installation, or of a repository."""
    return f"{COMMAND}.{installation}." + (f"{repository}." if repository is not None else "")


def _row(job: str, wish: ReviewWish, refusal: str, known: Sequence[Job] = ()) -> Mapping[str, Any]:
    """A new row. The newest job of a pull request is told by when it was written down, so it comes after
    those that are `known`, though our clock have been ahead for them.
    """
    place = wish.place
    last = max((j.row.created for j in known), default=0.0)
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
        "seen": first_seen(wish, known),
        "refusal": refusal,
        "created": max(time.time(), last + INSTANT),
    }
