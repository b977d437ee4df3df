"""Pull requests that share a commit: a gate that holds one of them back holds back the commit.

GitHub counts check runs by commit: of several with one name the newest is the one that a required check
looks at. So another pull request of the same commit, towards a branch without a gate, as a draft, or
with nothing found, must not pass where this one may not. What counts is each one's own verdict, never
that it is held back itself: else two would hold each other back for ever.

Nor may a job that reads nothing let its own pull request pass: what was said of the commit stands. What
was said of it for another base does so until the job of the new one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.errors import HostProblem
from bot.hosts.checks import Checks, Shown, external_id
from bot.jobs.past import Past
from bot.jobs.protocol import Place, Trigger
from bot.jobs.store import Job, Store
from bot.outputs.checkrun import CheckRun, held_back, is_held_back, is_verdict, standing

FAILURE, SKIPPED = "failure", "skipped"
NEW_BASE = "Reading the change into another base"
"""What stands in the list of checks before it is known how much that is."""

log = structlog.get_logger("triptych.jobs")


class Company:
    """The others of one pull request. `run_of` names the run of a job: its check runs are known by it."""

    def __init__(
        self, place: Place, run_of: Callable[[str], str], past: Past, checks: Checks
    ) -> None:
        self._place = place
        self._run_of = run_of
        self._past = past
        self._checks = checks

    async def before(self, head: str, check: CheckRun) -> CheckRun:
        """The end of a check run as it may be written: red, where another one's gate holds the commit,
        or its own does and nobody reads it again.
        """
        if check.conclusion == FAILURE:
            return check
        begun = await self._begun(head)
        others = self._others(begun)
        here = frozenset(run for run, number in begun.items() if number == self._place.number)
        own = here if check.conclusion == SKIPPED else frozenset[str]()
        if not others and not own:
            return check
        try:
            shown = await self._checks.shown(head)
            number = await self._holds(head, shown, others)
        except HostProblem as e:
            if e.retryable:
                raise
            log.warning("company.unknown", place=str(self._place), head=head, why=e.what)
            return check
        mine = next((r.check for r in shown if r.run in own and is_verdict(r.check)), None)
        if mine and _is_red(mine):
            return standing(mine, check)
        return held_back(check, number) if number else check

    async def stood(self, head: str) -> CheckRun | None:
        """What a review made of the commit, where that is the last word of this pull request's own. One
        that says that nobody has read it was written for another base, say, and takes that away.
        """
        begun = await self._begun(head)
        here = {run for run, number in begun.items() if number == self._place.number}
        if not here:
            return None
        own = (r.check for r in await self._checks.shown(head) if r.run in here)
        last = next((check for check in own if check.conclusion), None)
        return last if last and is_verdict(last) else None

    async def after(self, head: str, check: CheckRun, run: str) -> None:
        """The same for what was written while we looked: by the others, where our own `check` is red,
        and by our own `run`, where one of theirs became so. Of two that end at once each looks after it
        has written, so one of them sees the other. Our own end stands, whatever becomes of this.
        """
        if is_held_back(check.title) or not (others := self._others(await self._begun(head))):
            return
        try:
            shown = await self._checks.shown(head)
            ours = max((r.number for r in shown if r.run == run), default=0)
            is_red = check.conclusion == FAILURE
            number = self._place.number if is_red else await self._holds(head, shown, others)
            for row in shown if number and ours else ():
                is_theirs = is_red and row.run in others and row.number > ours
                if _passes(row) and (is_theirs or (not is_red and row.number == ours)):
                    await self._checks.finish(
                        row.number, held_back(row.check, number), row.external
                    )
        except HostProblem as e:
            log.warning("company.unknown", place=str(self._place), head=head, why=e.what)

    async def _begun(self, head: str) -> Mapping[str, int]:
        """The runs that were begun for the commit, and the numbers of their pull requests."""
        jobs = await self._past.begun_for(self._place.repository_id, head)
        return {self._run_of(job): number for job, number in jobs.items()}

    def _others(self, begun: Mapping[str, int]) -> Mapping[str, int]:
        return {run: number for run, number in begun.items() if number != self._place.number}

    async def _holds(self, head: str, shown: Sequence[Shown], others: Mapping[str, int]) -> int:
        """The number of one that holds the commit back, and is open; 0 for none."""
        for number, verdict in _verdicts(shown, others):
            if _is_red(verdict) and await self._may_merge(number, head):
                return number
        return 0

    async def _may_merge(self, number: int, head: str) -> bool:
        """Whether another pull request is open at the commit; where GitHub does not tell, it may be."""
        try:
            return await self._checks.is_open(number, head)
        except HostProblem as e:
            if e.retryable:
                raise
            return True


async def taken_back(job: Job, run: str, checks: Checks, store: Store) -> Job:
    """The job of a new base, with its check run begun before anything is read: what was said for the base
    of before, which may have no gate, would else be the newest for as long as that takes. Other jobs
    begin theirs when they know what they will read.
    """
    row = job.row
    if row.trigger is not Trigger.REBASED or job.check_run or job.refusal or not row.head:
        return job
    begin = checks.create if job.is_new else checks.start
    try:
        number = await begin(row.head, NEW_BASE, external_id(run, row.head)) or 0
    except HostProblem as e:  # It is tried again when it is known what is read.
        log.warning("company.unknown", place=str(row.place), head=row.head, why=e.what)
        return job
    await store.note(row.id, check_run=number)
    return replace(job, check_run=number)


def _verdicts(shown: Sequence[Shown], begun: Mapping[str, int]) -> Iterator[tuple[int, CheckRun]]:
    """The newest verdict of each pull request; what was skipped, or is not over, is none."""
    told = set[int]()
    for row in shown:
        number = begun.get(row.run, 0)
        if number and number not in told and row.check.conclusion not in ("", SKIPPED):
            told.add(number)
            yield number, row.check


def _is_red(verdict: CheckRun) -> bool:
    """By itself, and not because another one is."""
    return verdict.conclusion == FAILURE and not is_held_back(verdict.title)


def _passes(row: Shown) -> bool:
    return row.check.conclusion not in ("", FAILURE)
