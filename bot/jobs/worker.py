"""One review job, from the row to the posted review, whatever crashes or overtakes it.

What may happen at every line: the process dies (then it is begun again, and finds what was paid for),
the pull request moves or closes (then its task is cancelled), GitHub is down (then it waits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

import structlog

from bot.errors import (
    ClosedProblem,
    GoneProblem,
    HostProblem,
    LimitProblem,
    MovedProblem,
    Problem,
)
from bot.jobs.blame import given_up, is_suspect, wait_of
from bot.jobs.books import Books
from bot.jobs.circumstances import circumstances_of
from bot.jobs.company import taken_back
from bot.jobs.desk import JobDesk, OvertakenProblem
from bot.jobs.endings import Ending, Endings, gate_now
from bot.jobs.findings import row_of_run
from bot.jobs.judge import judged
from bot.jobs.keeping import Keeper
from bot.jobs.means import LONGEST_PAUSE, Means, Reach
from bot.jobs.protocol import ADOPTED, CLOSED, MOVED, JobState, ReviewWish, Trigger
from bot.jobs.store import NEWER, Job
from bot.jobs.tables import ALIVE
from bot.jobs.transactions import AWAY
from bot.outputs.checkrun import adopted_check, check_run
from bot.outputs.document import worst_proven
from bot.outputs.inert import inert
from bot.pipeline import Circumstances, KeepingError
from bot.publish import Published
from bot.pull_review import Adopted, Reviewed, Skipped, review_pull
from reviewers.core.call import Call
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.protocols import Brief, Moment

LEAST_PAUSE = 0.1
"""Seconds between two tries to reach the database, at the least."""

log = structlog.get_logger("triptych.jobs")


class Worker:
    """Runs review jobs. `wish` takes a new wish in when a job finds that another is needed, `skipped`
    ends one that is not wanted, and says why (see bot/jobs/intake.py).
    """

    def __init__(
        self,
        means: Means,
        wish: Callable[[ReviewWish], Coroutine[Any, Any, str]],
        skipped: Callable[[Job, str], Coroutine[Any, Any, None]],
    ) -> None:
        self._means = means
        self._endings = Endings(means)
        self._books = Books(means.store.pay, means.called)
        self._wish = wish
        self._skipped = skipped
        self._running: dict[str, asyncio.Task[str]] = {}
        self._begun: set[str] = set()
        self._stopped: set[str] = set()
        self._made: set[asyncio.Task[object]] = set()

    @property
    def name(self) -> str:
        """Under which its jobs are written down."""
        return self._means.worker

    @property
    def begun(self) -> tuple[str, ...]:
        """The jobs that run here and are written down as this worker's. One that only waits for its
        seat may still be in the name of an earlier life.
        """
        return tuple(self._begun)

    def stop(self, jobs: Iterable[str]) -> None:
        """Stop those of some jobs that run here: nothing more is asked of a model, nothing posted.

        They were ended before in the database, which says why.
        """
        for job in jobs:
            task = self._running.get(job)
            if task is not None and job not in self._stopped:
                self._stopped.add(job)
                task.cancel()

    async def review(self, job: str) -> str:
        """The work of the engine's run of that name. Returns the state in which the job ended."""
        task = asyncio.create_task(self._lives(job))
        self._running[job] = task
        try:
            return await task
        except asyncio.CancelledError:
            if job not in self._stopped:  # The process ends: the engine will begin it again.
                raise
            return await self._endings.ended(job)
        finally:
            if self._running.get(job) is task:
                del self._running[job]
                self._begun.discard(job)
                self._stopped.discard(job)

    async def _lives(self, job: str) -> str:
        """Try until it ends; between tries others have its seat."""
        keeper = Keeper(
            self._means.limits,
            lambda look: self._books.paid(job, look),
            lambda: self._means.store.note(job, attempts=1),
        )
        tries = outages = 0
        was_away = False
        while True:
            try:
                if was_away and not await self._means.store.park(job, "the database was away"):
                    break
                was_away = False
                ending = await self._life(job, keeper, tries)
                tries += 1
            except AWAY as e:
                # Never given up: the engine would forget with the run what was paid for.
                pause = self._means.pauses[min(outages, len(self._means.pauses) - 1)]
                outages += 1
                was_away = True
                log.warning("job.database", job=job, why=type(e).__name__, seconds=pause)
                await asyncio.sleep(max(pause, LEAST_PAUSE))
                continue
            if ending is None:
                break
            if ending.pause is None:
                if ending.state is JobState.SUPERSEDED:
                    break
                await self._endings.concluded(job)
                return ending.state.value
            log.warning("job.parked", job=job, why=ending.note, seconds=ending.pause)
            await asyncio.sleep(ending.pause)
        return await self._endings.ended(job)

    async def _life(self, job: str, keeper: Keeper, tries: int) -> Ending | None:
        """One try, and what it came to, written down; None where somebody else has ended the job.

        A try counts from when it has its seat. One that may have broken the server is alone with its
        likes, so that the innocent do not become dead letters with it.
        """
        found = await self._means.store.job(job)
        if found is None or found.row.state not in ALIVE:
            return None
        alone = is_suspect(found.row.attempts)
        if wait := wait_of(found.row.attempts, self._means.blame):
            await asyncio.sleep(wait)
        async with self._means.limits.review(job, found.row.place.key, alone=alone):
            begun = await self._means.store.begin(job, self._means.worker)
            if begun is None:
                return None
            self._begun.add(job)
            row = begun.row
            log.info(
                "job.begun",
                job=job,
                place=str(row.place),
                trigger=row.trigger.value,
                attempt=row.attempts,
            )
            ending = await self._tried(begun, keeper, tries)
            if ending is None:
                return None
            if ending.pause is None:
                await self._means.store.end(job, ending.state, note=ending.note)
            elif not await self._means.store.park(job, ending.note):
                return None
        return ending

    async def _tried(self, job: Job, keeper: Keeper, tries: int) -> Ending | None:
        """What can go wrong has a name and a meaning for the job."""
        try:
            async with self._means.access.pull(job.row.place) as reach:
                if job.row.trigger is Trigger.DISPUTE:
                    refused = _refused(job)
                    return refused or await judged(job, self._means, self._books, keeper, reach)
                return await self._reviewed(job, keeper, reach, tries)
        except OvertakenProblem:
            return None
        except GoneProblem as e:
            await self._means.store.note(job.row.id, check_run=0)  # Not to be written any more.
            return Ending(JobState.CANCELLED, e.what)
        except MovedProblem:
            return await self._moved(job)
        except HostProblem as e:
            return self._put_off(e, tries) or await self._endings.failed(job, e)
        except Problem as e:
            return await self._endings.failed(job, e)
        except AWAY:
            raise
        except KeepingError as e:
            raise e.cause from None
        except Exception as e:  # The job's boundary: one that breaks must not break the others.
            log.exception("job.fault", job=job.row.id)
            fault = Problem(f"Triptych has a fault ({type(e).__name__}).", "See the server's log.")
            return await self._endings.failed(job, fault)

    def _put_off(self, problem: HostProblem, tries: int) -> Ending | None:
        """A pause, where later may be better; None where it would not be, or was not."""
        if not problem.retryable or tries >= len(self._means.pauses):
            return None
        pause = self._means.pauses[tries]
        if isinstance(problem, LimitProblem):
            pause = max(pause, problem.after + 1.0)  # Longer each time, as GitHub asks for.
        return Ending(JobState.PARKED, problem.what, pause) if pause <= LONGEST_PAUSE else None

    async def _reviewed(self, job: Job, keeper: Keeper, reach: Reach, tries: int) -> Ending:
        """The line of a review, with this job's desk."""
        row = job.row
        dismissed = await self._means.store.decisions.dismissed(row.place)
        redact = Redaction(self._means.secrets)
        unposted = await self._means.store.past.last_unposted(row.place)
        given = await self._means.store.decisions.labels_given(row.place)
        preparation = self._means.limits.preparation()
        store, run_of = self._means.store, self._means.run_of
        job = await taken_back(job, run_of(row.id), reach.checks, store)
        done = preparation.end  # At the latest: a review may have nothing to ask.
        desk = JobDesk(job, run_of, reach.checks, dismissed, store, redact, unposted, given, done)
        if refused := _refused(job):
            await desk.refuse(refused.note, await gate_now(reach))
            return refused

        async def announce(brief: Brief) -> None:
            assert desk.target is not None, "it was opened before it was planned"
            keeper.policy = brief.policy
            keeper.subject = f"{desk.target.head} {desk.target.base} {desk.target.config}"
            await desk.announce(brief)

        def watch(call: Call, moment: Moment) -> None:
            # Analysers are asked first; where models are asked, too, it is their prompts that count.
            policy = keeper.policy
            if call.engine == STATIC and policy and set(policy.engines) != {STATIC}:
                return
            if moment is Moment.ASKING or moment.is_end:  # It ends unasked where no money is left.
                preparation.end()

        around = await circumstances_of(job, self._means, self._books, keeper)
        around = replace(around, watch=watch, turn=preparation.begin, announce=announce)
        try:
            outcome = await self._outcome(row.id, desk, around, reach, tries)
            ending = await self._concluded(job, desk, outcome)
            if not (isinstance(outcome, Reviewed) and outcome.refused):
                await desk.take_labels_off(reach.forge)
            if ending.state is JobState.SKIPPED:
                self._begun.discard(job.row.id)  # It ends by itself: nobody need stop it for that.
                await self._through(self._skipped(job, ending.note))
            return ending
        finally:
            preparation.end()
            await desk.settle()

    async def _outcome(
        self, job: str, desk: JobDesk, around: Circumstances, reach: Reach, tries: int
    ) -> Adopted | Reviewed | Skipped:
        """The review itself. Where it is done and GitHub takes none of it, now or later, as in a locked
        conversation, it is what was found that ends the job, and not that nobody could be told.
        """
        quiet = not desk.anew
        try:
            return await review_pull(
                reach.forge, around, post=True, quiet_when_clean=quiet, desk=desk
            )
        except (GoneProblem, MovedProblem):
            raise
        except ClosedProblem as e:  # As if its event had come in time.
            await self._means.store.end(job, JobState.CANCELLED, note=CLOSED)
            raise OvertakenProblem(e.what, e.do) from None
        except HostProblem as e:
            if desk.report is None or self._put_off(e, tries):
                raise
            return Reviewed(desk.report, refused=e)

    async def _concluded(
        self, job: Job, desk: JobDesk, outcome: Adopted | Reviewed | Skipped
    ) -> Ending:
        """What the result of a review means for the job."""
        match outcome:
            case Skipped(why=unwanted):
                await desk.skip(unwanted)
                return Ending(JobState.SKIPPED, unwanted)
            case Adopted():
                return await self._adopted(job, outcome, desk)
            case Reviewed():
                return await self._published(job, outcome, desk)

    async def _published(self, job: Job, outcome: Reviewed, desk: JobDesk) -> Ending:
        report = outcome.report
        assert desk.terms is not None, "a review has terms"
        redact = Redaction(self._means.secrets)
        done = outcome.published or Published()
        if done.left:
            await desk.leave(done.left)
            return Ending(JobState.SKIPPED, done.left)
        check = check_run(report, desk.terms.gate, redact)
        if refused := outcome.refused:
            notice = f"Not posted, or not in full: {inert(refused.what, redact)}"
            log.warning("job.unposted", job=job.row.id, why=refused.what)
            done = replace(done, notes=(notice,))
            check = replace(check, summary=f"{notice}\n\n{check.summary}")
            await desk.posted(report, done)
        await desk.finish(report.verdict.change.head, check)
        return Ending(JobState.DONE, " ".join(done.notes))

    async def _adopted(self, job: Job, outcome: Adopted, desk: JobDesk) -> Ending:
        """Somebody has reviewed this head already, or we had posted before we were interrupted."""
        assert desk.terms is not None, "a review has terms"
        ours = outcome.ours
        means, run = self._means, ours.marker.run if ours.sealed else ""
        known = await row_of_run(means.store, job.row.place, means.run_of, run)
        check = adopted_check(
            ours.review.body,
            ours.marker,
            worst_proven(known.document) if known else outcome.worst,
            desk.terms.gate,
            sealed=ours.sealed and (known is not None or not ours.marker.open),
            title=known.title if known else "",
            hidden=outcome.hidden,
        )
        told: dict[str, str | int] = {"review_url": ours.review.url, "head": ours.marker.head}
        if not job.row.document:
            told |= {"outcome": ours.marker.outcome, "title": check.title}
            told["findings"] = len(ours.marker.open)
        await self._means.store.note(job.row.id, **told)
        await desk.finish(ours.marker.head, check)
        return Ending(JobState.DONE, ADOPTED)

    async def _moved(self, job: Job) -> Ending:
        """What was reviewed stands there no more: a job for what does, if no event has made it yet.

        The new job ends this one as it is written down, and so cancels this task; it must not cancel
        the start of the new one with it.
        """
        row = job.row
        there = await self._means.store.of_pull(row.place)
        others = (j.row for j in there if j.row.id != row.id)
        if not any(r.state in ALIVE and r.trigger is not Trigger.DISPUTE for r in others):
            trigger = row.trigger if row.trigger.is_asked else Trigger.PUSHED
            # What came late for this one comes too late for that one, too.
            seen = next((j.seen for j in there if j.row.id == row.id), job.seen)
            wish = ReviewWish(row.place, trigger, once=f"{row.id}{MOVED}", seen=seen)
            await self._through(self._wish(wish))
        return Ending(JobState.SUPERSEDED, NEWER)

    async def _through(self, work: Coroutine[Any, Any, object]) -> None:
        """Also where this task is cancelled meanwhile, as its job is over."""
        made = asyncio.create_task(work)
        self._made.add(made)
        made.add_done_callback(self._made.discard)
        await asyncio.shield(made)


def _refused(job: Job) -> Ending | None:
    """How a job ends that is not to be done, or not again; None where it is."""
    if job.refusal:
        return Ending(JobState.SKIPPED, job.refusal)
    why = given_up(job.row.attempts)
    return Ending(JobState.DEAD, why) if why else None
