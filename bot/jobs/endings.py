"""How a job comes to its end, and what its check run says then: failed, or ended by somebody else."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from bot.errors import GoneProblem, Problem
from bot.jobs.desk import JobDesk
from bot.jobs.findings import causes_in, is_published
from bot.jobs.means import Means, Reach
from bot.jobs.protocol import CLOSED, DRAFTED, JobRow, JobState
from bot.jobs.store import Job
from bot.jobs.tables import ALIVE, OWED
from bot.outputs.checkrun import CheckRun, adopted_check, check_run, cut_off, refused, skipped
from bot.outputs.document import worst_proven
from bot.outputs.marker import Marker
from bot.pipeline import gate_of
from bot.report import Report
from bot.subject import PullRequest, Subject
from reviewers.core.change import Change
from reviewers.core.finding import Severity
from reviewers.core.policy import Policy
from reviewers.core.verdict import UNREAD, Outcome, Verdict

TRY_AGAIN = "comment `/triptych review`"
UNENDED = "its check run could not be ended"
"""How the note of a job begins that is done, but for that."""

log = structlog.get_logger("triptych.jobs")


async def gate_now(reach: Reach) -> Severity | None:
    """The gate of the base branch, for who ends a check run without a review.

    It is read anew and not remembered: a job may fail before it has read anything, and end in another
    process. Where GitHub does not tell, there might be one, and it fails: a check run that is red
    without need costs a look, one that passes a gate unread lets in what the gate is to keep out.
    """
    try:
        return gate_of(await reach.config())
    except Problem as e:
        log.warning("gate.unknown", why=e.what)
        return Severity.LOW


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job came to its end, or that it did not: `pause` seconds later it is tried again."""

    state: JobState
    note: str = ""
    pause: float | None = None


class Endings:
    """Ends jobs outside of their reviews: GitHub is told where it still can be."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def failed(self, job: Job, problem: Problem) -> Ending:
        """Nothing useful ran: the check run says so, now or when GitHub can be reached again. Where the
        review is told, it is done, and only the end of its check run is owed.
        """
        job = await self._means.store.job(job.row.id) or job
        row = job.row
        if is_published(row):
            log.warning("job.unended", job=row.id, why=problem.what)
            await self._owe(job)
            return Ending(JobState.DONE, f"{UNENDED}: {problem.what}")
        title = self._failure(row, problem.what, None).title
        log.error("job.failed", job=row.id, why=problem.what)

        async def tell(desk: JobDesk, reach: Reach) -> None:
            check = self._failure(row, problem.what, await gate_now(reach))
            await desk.finish(row.head, check)

        if row.head and not await self._reached(job, tell):
            await self._owe(job)
        await self._means.store.note(row.id, outcome=Outcome.FAILED.value, title=title)
        return Ending(JobState.DEAD, problem.what)

    async def ended(self, job: str) -> str:
        """The job was ended by somebody else, or for another; its check run ends, too. Its state."""
        found = await self._means.store.job(job)
        if found is None:
            log.info("job.purged", job=job)
            return JobState.CANCELLED.value
        await self._means.store.spending.release(job)
        row = found.row
        if row.started and row.head and row.state in (JobState.SUPERSEDED, JobState.CANCELLED):
            await self._close(found)
        await self.concluded(job)
        return row.state.value

    async def close_checks(self, now: float) -> None:
        """End the check runs of jobs that are over: GitHub could not be reached when they ended."""
        for job in await self._means.store.unclosed(now):
            await self._close(job)
            if job.row.state is JobState.DEAD:
                await self._means.store.redeem(job.row.id)

    async def concluded(self, job: str) -> None:
        """Count a job that is over, and tell the operator what came of it and what it cost: with its
        causes where something went unread, for a refused key or a spent limit shows in every review.
        """
        if found := await self._means.store.job(job):
            row = found.row
            is_whole = row.state is not JobState.DEAD and row.outcome not in UNREAD
            say = log.info if is_whole else log.warning
            say(
                "job.ended",
                job=job,
                place=str(row.place),
                state=row.state.value,
                outcome=row.outcome,
                findings=row.findings,
                cost=round(found.paid, 4),
                seconds=round(time.time() - row.created, 1),
                why=row.note or ("" if is_whole else row.title),
                causes=None if is_whole else causes_in(row.document) or None,
            )
            self._means.ended(row.state, max(0.0, time.time() - row.created))

    async def _owe(self, job: Job) -> None:
        """Its check run is ended later, and made where it has none: see `close_checks`."""
        if not job.check_run:
            await self._means.store.note(job.row.id, check_run=OWED)

    async def _is_settled(self, row: JobRow) -> bool:
        """Whether a later job tells, or told, what there is to tell of its commit: a failure that is told
        after that would be the newest.
        """
        there = (j.row for j in await self._means.store.of_pull(row.place))
        later = (r for r in there if r.created > row.created)
        return any(r.state in ALIVE or r.head == row.head for r in later)

    async def _close(self, job: Job) -> None:
        is_owed = job.check_run == OWED
        if is_owed:
            job = replace(job, check_run=0)
            is_over = job.row.state not in (JobState.DEAD, JobState.DONE)
            if is_over or await self._is_settled(job.row):
                await self._means.store.note(job.row.id, check_run=0)
                return
        if job.row.state is JobState.DONE:
            job = await self._means.store.job(job.row.id) or job
            job = replace(job, check_run=max(job.check_run, 0))
        row = job.row

        async def tell(desk: JobDesk, reach: Reach) -> None:
            match row.state:
                case JobState.DEAD:
                    check = self._failure(row, row.note, await gate_now(reach))
                case JobState.DONE:
                    check = self._verdict(row, await gate_now(reach))
                case JobState.CANCELLED if row.note in (CLOSED, DRAFTED):
                    check = skipped(row.note, cut_off(job.paid, again=False))
                case _:  # Also of a commit that was overtaken: the branch may be set back to it.
                    told = cut_off(job.paid, again=row.state is JobState.CANCELLED)
                    check = refused(row.note, await gate_now(reach), told)
            if is_owed:
                await desk.finish(row.head, check)
                await self._means.store.note(row.id, check_run=0)
            else:
                await desk.finish_begun(row.head, check)

        await self._reached(job, tell)

    def _verdict(self, row: JobRow, gate: Severity | None) -> CheckRun:
        """Of a review that is done, as its row and its document tell it."""
        where = f" It stands at {row.review_url}." if row.review_url else ""
        said = f"{row.title}.{where}\n\nThis check run could not be ended when the review was done."
        marker = Marker(self._means.run_of(row.id), row.head, "", row.outcome)
        is_ours = bool(row.document)  # Nothing tells what was proven in another's.
        return adopted_check(
            f"{said}\n\n<!---->",
            marker,
            worst_proven(row.document) if is_ours else Severity.CRITICAL,
            gate,
            sealed=is_ours,
            title=row.title,
            hidden=" left out" in row.title,
        )

    def _failure(self, row: JobRow, why: str, gate: Severity | None) -> CheckRun:
        owner, _, name = row.place.repository.partition("/")
        pull = PullRequest(owner, name, row.place.number)
        change = Change((), head=row.head)
        verdict = Verdict(Outcome.FAILED, change, Policy(()), problem=why.rstrip("."))
        subject = Subject(str(row.place), change, pull=pull)
        run = self._means.run_of(row.id)
        report = Report(verdict, subject, run, "", again=TRY_AGAIN, commands=True)
        return check_run(report, gate)

    async def _reached(self, job: Job, tell: Callable[[JobDesk, Reach], Awaitable[None]]) -> bool:
        """The job's desk, reached from outside of its review, where that can be; False where it may be
        reached later.
        """
        row = job.row
        run_of = self._means.run_of
        try:
            async with self._means.access.pull(row.place) as reach:
                await tell(JobDesk(job, run_of, reach.checks, {}, self._means.store), reach)
        except GoneProblem as e:
            await self._means.store.note(row.id, check_run=0)  # Nobody will see it any more.
            log.warning("job.unheard", job=row.id, why=e.what)
        except Problem as e:
            log.warning("job.unheard", job=row.id, why=e.what)
            return False
        return True
