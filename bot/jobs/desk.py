"""What the App adds to the line of one review: its check run, its memory, who may stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from bot.desk import Desk, Unposted
from bot.errors import Gone, GoneProblem, HostProblem, Problem
from bot.hosts.checks import Checks
from bot.hosts.protocol import Forge, Pull
from bot.jobs.company import Company
from bot.jobs.memory import Recollection, memory_of
from bot.jobs.protocol import Trigger
from bot.jobs.receipts import read_before
from bot.jobs.store import NEWER, Job, Store
from bot.outputs.checkrun import CheckRun, check_title, refused, running_title, skipped, standing
from bot.outputs.document import document
from bot.outputs.shapes import WrittenShape
from bot.posted import Ours
from bot.publish import Published
from bot.report import CHECK_RUN, Report
from bot.terms import Terms
from bot.triggers import approving, why_not
from reviewers.core.change import Change
from reviewers.core.coverage import WHOLE_FILE
from reviewers.core.finding import Severity, Standing
from reviewers.core.history import EVERYTHING, Dismissal, History, State
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Verdict
from reviewers.protocols import Brief


@dataclass(frozen=True, slots=True)
class Target:
    """Which version of the pull request a job works on, as it was when it was read."""

    head: str
    base: str
    config: str


SETTLING = 5.0
"""Seconds that a check run which is being made is waited for at the end."""

log = structlog.get_logger("triptych.jobs")


class OvertakenProblem(Problem):
    """Somebody has ended this job, or another worker has taken it over: nothing is to be posted."""


class JobDesk(Desk):
    """The desk of one job. `checks` writes check runs; where the permission is missing it does nothing.
    `done` is told when all that models and analysers say is there; `run_of` names the run of a job.
    """

    def __init__(
        self,
        job: Job,
        run_of: Callable[[str], str],
        checks: Checks,
        dismissed: Mapping[str, Dismissal],
        store: Store,
        redact: Redaction = Redaction(),
        unposted: Unposted | None = None,
        given: Mapping[str, frozenset[str]] = MappingProxyType({}),
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self.anew = job.row.trigger.is_asked
        self.terms: Terms | None = None
        self.target: Target | None = None
        self.report: Report | None = None
        self._job = job
        self._run_of = run_of
        self._run = run_of(job.row.id)
        self._checks = checks
        self._company = Company(job.row.place, run_of, store.past, checks)
        self._dismissed = dismissed
        self._store = store
        self._redact = redact
        self._unposted = unposted
        self._change: Change | None = None
        self._given = given
        self._used: tuple[str, ...] = ()
        self._check: asyncio.Task[int] | None = None
        self.check_run = job.check_run
        self._done = done

    def opened(self, pull: Pull, terms: Terms) -> str:
        """The repository must be the one that was meant, the pull request open and wanted."""
        place = self._job.row.place
        if pull.repository_id not in (0, place.repository_id):
            raise GoneProblem(Gone.REPLACED, str(place))
        change = pull.subject.change
        self.terms = terms
        self._change = change
        self.target = Target(change.head, change.base, terms.digest)
        if pull.state != "open":
            return "pull request closed"
        return self._unwanted(pull, terms)

    def _unwanted(self, pull: Pull, terms: Terms) -> str:
        """What `[triggers]` say, and which labels are used up with it (case S29): with the review of
        a commit those that were given for it, with a skip those that were given for an earlier one.
        """
        head = pull.subject.change.head
        mine = self._given.get(head, frozenset())
        self._used = approving(terms.triggers, pull, mine)
        row = self._job.row
        # What is reviewed was wanted then, and may have used its label up before a crash.
        if self.anew or (row.document and row.head == head):
            return ""
        why = why_not(terms.triggers, pull, mine)
        if why:
            others = frozenset[str]().union(*self._given.values()) - mine
            self._used = approving(terms.triggers, pull, others)
        return why

    async def take_labels_off(self, forge: Forge) -> None:
        """Those that are used up, once all else is told: a label must not be gone without its review.

        One that cannot be taken off costs no review. It was given for no later commit, so nothing is
        reviewed for it, and the job of the next push tries again.
        """
        for label in self._used:
            try:
                await forge.unlabel(label)
            except Problem as e:
                log.warning("label.stays", job=self._job.row.id, why=e.what)
            else:
                await self._store.decisions.take_label(self._job.row.place, label, [*self._given])

    def unposted(self) -> Unposted | None:
        """From the database: such a review is told in its check run alone."""
        return self._unposted

    async def remembered(self, history: History, main: Ours | None) -> History:
        """People's decisions, and the findings themselves, from the database: what a review shows of them
        may have been edited, and is not all.
        """
        assert self.terms is not None, "a pull request is opened before anything is read back"
        assert self._change is not None, "it has a change"
        marker = main.marker if main and main.sealed else None
        there = {k.finding.id for k in history.known if k.state is not State.FIXED}
        wanted = there | self._dismissed.keys()
        run = marker.run if marker else ""
        memory = await memory_of(self._store, self._job.row.place, self._run_of, run, wanted)
        history = Recollection(
            memory,
            self._dismissed,
            self._change,
            marker,
            self.terms.gate,
            self.terms.digest,
            self._redact,
        ).of(history)
        asked = self._job.row.trigger in (Trigger.COMMAND, Trigger.RERUN)
        # Asked for again, a complete review is done again; of another only what went unread.
        if asked and history.complete:
            return replace(history, unread=frozenset({EVERYTHING}))
        return history

    async def announce(self, brief: Brief) -> None:
        """Start the check run beside the first calls: nobody waits for it.

        The head that it will stand on is known before: so it can be found where its number is lost.
        """
        head = brief.change.head
        told = {"head": head} if head != self._job.row.head and not self._job.check_run else {}
        if brief.change.base != self._job.base:  # Who asks for a review does not say for which.
            told["base"] = brief.change.base
        if told:
            await self._store.note(self._job.row.id, **told)
        title = running_title(len(brief.plan.hunks), len(brief.policy.reviewers))
        self._check = asyncio.create_task(self._started(head, title))

    async def _started(self, head: str, title: str) -> int:
        """Its number is written down, so that another life of the job can end it, and with it the
        head that it stands on.
        """
        before = self._job.row.head if self._job.check_run else ""
        if before == head:
            return self._job.check_run
        begin = self._checks.create if self._job.is_new else self._checks.start
        try:
            if before:
                await self._left_behind(before)
            number = await begin(head, title, self.external_id(head)) or 0
        except HostProblem:  # The review is worth more than its check run (case S20).
            return 0
        # Having come so far for the first time is progress, too.
        further = {"attempts": 1} if number and not self._job.check_run else {}
        await self._store.note(self._job.row.id, check_run=number, head=head, **further)
        return number

    async def _left_behind(self, before: str) -> None:
        """The check run that was begun for another head ends there: that one is not reviewed any more."""
        gate = self.terms.gate if self.terms else None
        over = await self._company.before(before, refused(NEWER, gate))
        await self._checks.finish(self._job.check_run, over, self.external_id(before))

    async def settle(self) -> None:
        """Nothing goes on any more when the way to GitHub closes."""
        if self._check is not None and not self._check.done():
            await asyncio.wait([self._check], timeout=SETTLING)
            self._check.cancel()

    def external_id(self, head: str) -> str:
        """`run:head:config`, by which the check run is known again."""
        return f"{self._run}:{head}:{self.target.config if self.target else ''}"

    async def reviewed(self, report: Report) -> None:
        """Written down before it is posted: the job that finds its own review posted after a crash
        has it still.
        """
        self._done()
        self.report = report
        verdict = report.verdict
        unread = {c.hunk for c in verdict.coverage.gaps if c.hunk.index != WHOLE_FILE}
        if report.withheld:  # The ledger knows only of those who were to read: the analysers.
            unread |= set(verdict.coverage.hunks)
        await self._store.note(
            self._job.row.id,
            outcome=verdict.outcome.value,
            title=check_title(report),
            head=verdict.change.head,
            findings=len(verdict.shown.listed) + len(verdict.shown.quiet),
            unread=len(unread),
            document=document(report, self._redact),
        )

    async def telling(self, report: Report) -> None:
        """A dismissal ends when what it was about comes back. Kept, it would hide that in the next
        review, which knows the finding as it is told now: with its new code, as grave as it is now.
        """
        back = {f.id for f in report.verdict.findings if f.standing is Standing.BACK}
        ended = {f: why for f, why in self._dismissed.items() if f in back}
        await self._store.decisions.end(self._job.row.place, ended)

    async def read_before(self, report: Report) -> Verdict | None:
        """As the documents of earlier jobs tell it."""
        return await read_before(self._store, self._job.row.place, report, self._redact)

    async def posted(self, report: Report, done: Published) -> None:
        """First of all: what is told must be known for that, also where its check run cannot be ended,
        or a push has ended the job meanwhile.
        """
        written = WrittenShape(
            review_url=done.url,
            created=done.created,
            edited=done.edited,
            inline=done.inline,
            check_run=bool(self.check_run),
            notes=list(done.notes),
        )
        text = document(report, self._redact, written)
        await self._store.note(self._job.row.id, review_url=done.url, document=text)

    async def paid(self) -> float:
        """By all of its jobs: posted, clean, overtaken, and the earlier lives of this one."""
        return await self._store.past.spent_on(self._job.row.place)

    async def elsewhere(self) -> str:
        """The check run, where there is one. It is the last thing that is asked before anything is
        posted, so it is asked here, too, whether the job is still ours.
        """
        await self._settled()
        if not await self.may_write():
            raise OvertakenProblem("The job was ended or taken over.", "Nothing was posted.")
        return CHECK_RUN if self.check_run else ""

    async def may_write(self) -> bool:
        """Whether nobody has ended the job, or taken it over."""
        return await self._store.holds(self._job.row.id, self._job.row.worker)

    async def _settled(self) -> None:
        if self._check is not None:
            self.check_run = await self._check

    def quiet(self) -> bool:
        """Where there is no check run, a clean review is posted: else nobody would hear of it."""
        return bool(self.check_run)

    async def finish(self, head: str, check: CheckRun) -> None:
        """Write the check run's end; where none was begun, it is made with its end."""
        await self._settled()
        before = self._job.row.head if self.check_run and self._check is None else head
        if before != head:  # A push came since it was begun, and nothing is read of the new head.
            await self._left_behind(before)
            self.check_run = 0
        check = await self._company.before(head, check)
        if self.check_run:
            await self._checks.finish(self.check_run, check, self.external_id(head))
            await self._store.note(self._job.row.id, check_run=0)
        else:  # None was begun, or its number was lost: it is found, or made with its end.
            await self._checks.complete(head, check, self.external_id(head))
            if before != head:
                await self._store.note(self._job.row.id, check_run=0, head=head)
        await self._company.after(head, check, self._run)

    async def finish_begun(self, head: str, check: CheckRun) -> None:
        """End the check run if one was begun; its number may have been lost in a crash."""
        external = self.external_id(head)
        number = self.check_run or await self._checks.find(head, external)
        if number:
            check = await self._company.before(head, check)
            await self._checks.finish(number, check, external)
            await self._company.after(head, check, self._run)
        await self._store.note(self._job.row.id, check_run=0)

    async def skip(self, why: str) -> None:
        """Say in the list of checks that this head is not reviewed, and why."""
        await self._unread(skipped(why))

    async def refuse(self, why: str, gate: Severity | None) -> None:
        """The same where it should have been. Who asks for a review once more, and gets none, must not
        lose the one that there is.
        """
        head = self._job.row.head  # None yet where a comment asked.
        stood = await self._company.stood(head) if self.anew and head else None
        await self._unread(standing(stood, skipped(why)) if stood else refused(why, gate))

    async def leave(self, why: str) -> None:
        """The same where what was said of this commit under this configuration stands."""
        assert self.terms is not None, "it was read"
        stood = await self._company.stood(self.target.head) if self.target else None
        skip = skipped(why)
        await self._unread(standing(stood, skip) if stood else refused(why, self.terms.gate))

    async def _unread(self, check: CheckRun) -> None:
        head = self.target.head if self.target else self._job.row.head
        if head:
            await self.finish(head, check)
