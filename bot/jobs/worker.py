"""One review job, from the row to the posted review, whatever crashes or overtakes it.

What may happen at every line: the process dies (then it is begun again, and finds what was paid for),
the pull request moves or closes (then its task is cancelled), GitHub is down (then it waits).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.errors import GoneProblem, HostProblem, LimitProblem, MovedProblem, Problem
from bot.hosts.checks import Checks
from bot.hosts.protocol import Forge
from bot.jobs.desk import JobDesk
from bot.jobs.keeping import Keeper
from bot.jobs.limits import Limits
from bot.jobs.protocol import JobState, Place, ReviewWish, Trigger
from bot.jobs.store import ALIVE, Job, Store
from bot.outputs.checkrun import adopted_check, check_run, check_title
from bot.outputs.document import document
from bot.pipeline import Circumstances
from bot.pull_review import Adopted, Reviewed, Skipped, review_pull
from bot.report import Report
from bot.settings import Settings
from bot.subject import PullRequest, Subject
from reviewers.core.allowance import Allowance
from reviewers.core.call import Look
from reviewers.core.change import Change
from reviewers.core.coverage import WHOLE_FILE
from reviewers.core.policy import Policy
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome, Verdict
from reviewers.protocols import Brief

MOST_ATTEMPTS = 3
"""Lives in a row in which a job got no further; then it is a dead letter (case S76)."""
PAUSES = (15.0, 60.0, 240.0, 600.0)
"""Seconds between tries while GitHub does not answer; with those of each request a quarter hour."""
LONGEST_PAUSE = 3700.0
"""A primary limit of GitHub's lasts an hour at the most."""
PATIENCE = 600.0
"""Seconds that a call may wait for its turn."""
RESERVED = 2.0
"""USD set aside for a review where the operator sets no limit for one; its configuration's default."""
TRY_AGAIN = "comment `/triptych review`"

log = structlog.get_logger("triptych.jobs")


@dataclass(frozen=True)
class Reach:
    """What a job works with at GitHub."""

    forge: Forge
    checks: Checks


class Access(Protocol):
    """The way to a pull request, for as long as a job works there."""

    def pull(self, place: Place) -> AbstractAsyncContextManager[Reach]:
        """Open it; the token is given back at the end."""
        ...


def _untold(_look: Look) -> None:
    """Nobody counts the calls."""


@dataclass(frozen=True)
class Means:
    """What every job of this process works with. `key` makes names and fences that nobody can guess.

    `cost_day` and `cost_day_installation` are the operator's limits in USD; `called` is told of each
    model call.
    """

    store: Store
    limits: Limits
    access: Access
    settings: Settings
    key: bytes
    worker: str
    secrets: frozenset[str] = frozenset()
    cost_day: float | None = None
    cost_day_installation: float | None = None
    called: Callable[[Look], None] = _untold


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job came to its end, or that it did not: `pause` seconds later it is tried again."""

    state: JobState
    note: str = ""
    pause: float | None = None


class Worker:
    """Runs review jobs. `wish` takes a new wish in when a job finds that another is needed."""

    def __init__(self, means: Means, wish: Callable[[ReviewWish], Awaitable[str]]) -> None:
        self._means = means
        self._wish = wish
        self._running: dict[str, asyncio.Task[str]] = {}
        self._stopped: dict[str, str] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The jobs that run here."""
        return tuple(self._running)

    def stop(self, jobs: Sequence[str], why: str) -> None:
        """Stop those of some jobs that run here: nothing more is asked of a model, nothing posted."""
        for job in jobs:
            task = self._running.get(job)
            if task is not None and job not in self._stopped:
                self._stopped[job] = why
                task.cancel()

    async def review(self, job: str) -> str:
        """The work of the engine's run of that name. Returns the state in which the job ended."""
        task = asyncio.create_task(self._lives(job))
        self._running[job] = task
        try:
            return await task
        except asyncio.CancelledError:
            if job not in self._stopped:  # The process ends: the engine will begin it again.
                task.cancel()
                raise
            return await self._ended(job)
        finally:
            del self._running[job]
            self._stopped.pop(job, None)

    async def _lives(self, job: str) -> str:
        """Try until it ends; between tries others have its seat."""
        keeper = Keeper(self._means.limits, lambda look: self._paid(job, look))
        tries = 0
        while True:
            found = await self._means.store.begin(job, self._means.worker)
            if found is None:
                return await self._ended(job)
            ending = await self._tried(found, keeper, tries)
            tries += 1
            if ending.pause is None:
                await self._means.store.end(job, ending.state, note=ending.note[:500])
                log.info("job.ended", job=job, state=ending.state.value)
                return ending.state.value
            await self._means.store.note(
                job, state=JobState.PARKED.value, note=ending.note[:500], attempts=0
            )
            log.warning("job.parked", job=job, seconds=ending.pause)
            await asyncio.sleep(ending.pause)

    async def _tried(self, job: Job, keeper: Keeper, tries: int) -> Ending:
        """One try; what can go wrong has a name and a meaning for the job."""
        place = job.row.place
        try:
            async with (
                self._means.limits.review(place.key),
                self._means.access.pull(place) as reach,
            ):
                return await self._reviewed(job, keeper, reach)
        except GoneProblem as e:
            return Ending(JobState.CANCELLED, e.what)
        except MovedProblem as e:
            return await self._moved(job, e.what)
        except HostProblem as e:
            pause = e.after if isinstance(e, LimitProblem) else PAUSES[min(tries, len(PAUSES) - 1)]
            if e.retryable and tries < len(PAUSES) and pause <= LONGEST_PAUSE:
                return Ending(JobState.PARKED, e.what, pause + 1.0)
            return await self._failed(job, e)
        except Problem as e:
            return await self._failed(job, e)
        except Exception as e:  # The job's boundary: one that breaks must not break the others.
            log.exception("job.fault", job=job.row.id)
            fault = Problem(f"Triptych has a fault ({type(e).__name__}).", "See the server's log.")
            return await self._failed(job, fault)

    async def _reviewed(self, job: Job, keeper: Keeper, reach: Reach) -> Ending:
        """The line of a review, with this job's desk."""
        row = job.row
        run = self._run(row.id)
        dismissed = await self._means.store.decisions.dismissed(row.place)
        desk = JobDesk(job, run, reach.checks, dismissed, self._means.store)
        if job.refusal or row.attempts > MOST_ATTEMPTS:
            why = job.refusal or f"it broke this server {MOST_ATTEMPTS} times"
            await desk.skip(why)
            state = JobState.SKIPPED if job.refusal else JobState.DEAD
            return Ending(state, why)

        async def announce(brief: Brief) -> None:
            assert desk.target is not None, "it was opened before it was planned"
            keeper.policy = brief.policy
            keeper.subject = f"{desk.target.head} {desk.target.base} {desk.target.config}"
            await desk.announce(brief)

        around = Circumstances(
            self._means.settings,
            announce=announce,
            keep=keeper.round,
            paid=job.paid,
            allowances=await self._allowances(row.id),
            patience=PATIENCE,
            again=TRY_AGAIN,
            commands=True,
            run=run,
            nonce=lambda: self._secret(f"nonce {row.id}")[:24],
        )
        return await self._concluded(job, desk, around, reach)

    async def _concluded(
        self, job: Job, desk: JobDesk, around: Circumstances, reach: Reach
    ) -> Ending:
        """The review itself, and what its result means for the job."""
        try:
            outcome = await review_pull(
                reach.forge, around, post=True, quiet_when_clean=not desk.anew, desk=desk
            )
        except asyncio.CancelledError:
            if stopped := self._stopped.get(job.row.id):
                await asyncio.shield(desk.skip(stopped))
            raise
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
        check = check_run(report, desk.terms.gate, redact)
        verdict = report.verdict
        unread = {c.hunk for c in verdict.coverage.gaps if c.hunk.index != WHOLE_FILE}
        await asyncio.gather(
            desk.finish(report.verdict.change.head, check),
            self._means.store.note(
                job.row.id,
                outcome=verdict.outcome.value,
                title=check_title(report)[:300],
                head=verdict.change.head,
                findings=len(verdict.shown.listed) + len(verdict.shown.quiet),
                unread=len(unread),
                review_url=(outcome.published.url if outcome.published else "")[:500],
                document=document(report, redact),
            ),
        )
        notes = outcome.published.notes if outcome.published else ()
        return Ending(JobState.DONE, " ".join(notes))

    async def _adopted(self, job: Job, outcome: Adopted, desk: JobDesk) -> Ending:
        """Somebody has reviewed this head already, or we had posted before we were interrupted."""
        assert desk.terms is not None, "a review has terms"
        ours = outcome.ours
        check = adopted_check(ours.review.body, ours.marker, outcome.worst, desk.terms.gate)
        await asyncio.gather(
            desk.finish(ours.marker.head, check),
            self._means.store.note(
                job.row.id,
                outcome=ours.marker.outcome,
                title=check.title[:300],
                head=ours.marker.head,
                findings=len(ours.marker.open),
                review_url=ours.review.url[:500],
            ),
        )
        return Ending(JobState.DONE, "the review that stands there is adopted")

    async def _moved(self, job: Job, why: str) -> Ending:
        """What was reviewed stands there no more: a job for what does, if no event has made it yet."""
        row = job.row
        await self._means.store.end(row.id, JobState.SUPERSEDED, note=why[:500])
        if not any(j.row.state in ALIVE for j in await self._means.store.of_pull(row.place)):
            await self._wish(ReviewWish(row.place, Trigger.PUSHED, once=f"{row.id} moved"))
        return Ending(JobState.SUPERSEDED, why)

    async def _failed(self, job: Job, problem: Problem) -> Ending:
        """Nothing useful ran: the check run says so, where it still can."""
        row = job.row
        change = Change((), head=row.head)
        place = row.place
        owner, _, name = place.repository.partition("/")
        subject = Subject(str(place), change, pull=PullRequest(owner, name, place.number))
        verdict = Verdict(Outcome.FAILED, change, Policy(()), problem=problem.what.rstrip("."))
        report = Report(verdict, subject, self._run(row.id), "", again=TRY_AGAIN, commands=True)
        log.error("job.failed", job=row.id, why=problem.what)
        if row.head:
            try:
                async with self._means.access.pull(place) as reach:
                    desk = JobDesk(job, self._run(row.id), reach.checks, {}, self._means.store)
                    await desk.finish(row.head, check_run(report))
            except Problem as e:
                log.warning("job.unheard", job=row.id, why=e.what)
        await self._means.store.note(
            row.id, outcome=Outcome.FAILED.value, title=check_title(report)[:300]
        )
        return Ending(JobState.DEAD, problem.what)

    async def _ended(self, job: str) -> str:
        """It was ended by somebody else; a check run that was begun in another life ends, too."""
        found = await self._means.store.job(job)
        if found is None:
            return JobState.CANCELLED.value
        row = found.row
        if found.check_run and row.state in (JobState.SUPERSEDED, JobState.CANCELLED):
            try:
                async with self._means.access.pull(row.place) as reach:
                    desk = JobDesk(found, self._run(job), reach.checks, {}, self._means.store)
                    await desk.skip(row.note)
            except Problem as e:
                log.warning("job.unheard", job=job, why=e.what)
        return row.state.value

    async def _paid(self, job: str, look: Look) -> None:
        await self._means.store.pay(job, look.cost)
        self._means.called(look)

    async def _allowances(self, job: str) -> tuple[Allowance, ...]:
        """What is left of the day's money for this job."""
        means = self._means
        if means.cost_day is None and means.cost_day_installation is None:
            return ()
        amount = means.settings.ceilings.review_cost or RESERVED
        everybody, own = await means.store.reserve(job, amount)
        found = (
            (means.cost_day, "all reviews of today", "TRIPTYCH_MAX_COST_DAY", everybody),
            (
                means.cost_day_installation,
                "this account's reviews of today",
                "TRIPTYCH_MAX_COST_DAY_INSTALLATION",
                own,
            ),
        )
        return tuple(
            Allowance(limit, what, key, spent, firm=True)
            for limit, what, key, spent in found
            if limit is not None
        )

    def _run(self, job: str) -> str:
        """The run's name, 8 characters, the same in every life of the job: by it a posted review is
        known again after a crash.
        """
        return self._secret(f"run {job}")[:8].upper()

    def _secret(self, text: str) -> str:
        return hmac.new(self._means.key, text.encode(), hashlib.sha256).hexdigest()
