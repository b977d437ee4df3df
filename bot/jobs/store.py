"""What the jobs remember: which reviews were wished for, and what became of them.

Every function is one transaction. Times are seconds since the epoch, money is USD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from bot.jobs.decisions import Decisions
from bot.jobs.disputes import Disputes
from bot.jobs.forgetting import Forgetting
from bot.jobs.line import Line
from bot.jobs.past import Past
from bot.jobs.protocol import Figures, JobRow, JobState, Place, Trigger
from bot.jobs.spending import DAY, Spending, add_late, cost_today
from bot.jobs.tables import ALIVE, jobs, meta, write_meta
from bot.jobs.transactions import DATABASE_PAUSES, PATIENT, Transactions, alone
from bot.jobs.writing import NewJob, OldJob, Writing

_OWING = (JobState.DONE, JobState.SUPERSEDED, JobState.CANCELLED, JobState.DEAD)
"""How a job may have come to its end that still owes the end of its check run."""
SETTLED = 60.0
"""Seconds in which a job that is over has ended its check run, if it can."""
MOST_UNCLOSED = 20
"""So many check runs are ended in a round: GitHub may still not answer."""
NEWER = "a newer commit is being reviewed"
"""The note of a superseded job."""
ASKED = "somebody asked for another review"
"""Its note where the commit may be the same."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row as the worker sees it: what the list shows, and what only the work needs.

    `seen` is when GitHub changed the pull request last, as the event said; `refusal` says why it is
    not to be done beyond its check run; `calls` counts answers, `paid` what they cost. `is_new`
    tells that nobody has worked on it before.
    """

    row: JobRow
    base: str
    seen: float
    refusal: str
    check_run: int
    calls: int
    paid: float
    is_new: bool = False


class Store:
    """The jobs; through `decisions` and `disputes` what people have said of their findings, through
    `past` and `spending` what earlier jobs tell, through `line` which waiting one is next, through
    `forgetting` how all of it ends.

    A `patient` one waits longer for a database that does not answer: for work, not for webhooks.
    """

    def __init__(self, transactions: Transactions, *, patient: bool = False) -> None:
        pauses = PATIENT if patient else DATABASE_PAUSES
        self._do = partial(transactions.do, pauses=pauses)
        self._look = partial(transactions.look, pauses=pauses)
        self.past = Past(transactions, pauses)
        self.line = Line(transactions, pauses)
        self.decisions = Decisions(transactions, pauses)
        self.disputes = Disputes(transactions, pauses)
        self.spending = Spending(transactions, pauses)
        self.forgetting = Forgetting(transactions, pauses)
        self.close = transactions.close

    # --- wishes

    async def take(
        self, place: Place, decide: Callable[[Sequence[Job]], Writing]
    ) -> tuple[Writing, tuple[str, ...]]:
        """What is decided from the jobs of a pull request, the newest first, is written down before
        anybody else decides, in whatever process. Also the ids of those that are superseded.
        """

        def work(c: Connection) -> tuple[Writing, tuple[str, ...]]:
            alone(c, f"pull {place.key}")
            known = tuple(_job(r) for r in c.execute(_of_pull(place)).mappings())
            writing = decide(known)
            if ends := writing.ends:
                _end_alive(c, JobState.SKIPPED, ends.why, jobs.c.id == ends.job)
            match writing.job:
                case NewJob(row, supersedes):
                    return writing, _added(c, row, supersedes)
                case OldJob(job, seen):
                    if seen is not None:
                        c.execute(sa.update(jobs).where(jobs.c.id == job).values(seen=seen))
                    return writing, ()

        return await self._do(work, awaited=True)

    async def of_pull(self, place: Place) -> tuple[Job, ...]:
        """All jobs of a pull request, newest first."""
        return await self._jobs(_of_pull(place))

    async def of_pulls(self, places: Sequence[Place]) -> tuple[Job, ...]:
        """The same of several pull requests."""
        keys = dict.fromkeys((p.repository_id, p.number) for p in places)
        each = (sa.and_(jobs.c.repository_id == r, jobs.c.number == n) for r, n in keys)
        where = sa.or_(sa.false(), *each)
        return await self._jobs(sa.select(*_LIST).where(where).order_by(jobs.c.created.desc()))

    async def end_alive(
        self,
        state: JobState,
        note: str,
        *,
        place: Place | None = None,
        job: str = "",
        seen: float = 0.0,
    ) -> tuple[str, ...]:
        """End what lives of a pull request, or one job; returns the ids that were alive.

        What came of something later than `seen` (0.0: not known) is left alone.
        """
        where = (
            (jobs.c.id == job,)
            if place is None
            else (jobs.c.repository_id == place.repository_id, jobs.c.number == place.number)
        )
        if seen:
            where = (*where, jobs.c.seen <= seen)
        return await self._do(lambda c: _end_alive(c, state, note, *where))

    # --- work

    async def job(self, job: str) -> Job | None:
        """One job, None where there is none."""
        found = await self._jobs(sa.select(jobs).where(jobs.c.id == job))
        return found[0] if found else None

    async def begin(self, job: str, worker: str) -> Job | None:
        """A worker takes it: counts the attempt. None when it has ended in the meantime."""

        def work(c: Connection) -> Job | None:
            query = sa.select(jobs).where(jobs.c.id == job, jobs.c.state.in_(ALIVE))
            before = c.execute(query.with_for_update()).mappings().first()
            if before is None:
                return None
            begun = {
                "state": JobState.RUNNING.value,
                "worker": worker,
                "attempts": before["attempts"] + 1,
                "started": before["started"] or time.time(),
                "note": "",  # Why it was parked.
            }
            c.execute(sa.update(jobs).where(jobs.c.id == job).values(begun))
            row = c.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().one()
            return replace(_job(row), is_new=not before["started"])

        return await self._do(work)

    async def holds(self, job: str, worker: str) -> bool:
        """Whether that worker still works on it: asked before something is posted, so that one whose
        job was ended or taken over does not post (case S78).
        """
        mine = (jobs.c.id == job, jobs.c.state.in_(ALIVE), jobs.c.worker == worker)
        return (
            await self._look(lambda c: c.execute(sa.select(jobs.c.id).where(*mine)).first())
            is not None
        )

    async def park(self, job: str, note: str) -> bool:
        """Its worker waits before it tries again; False when somebody has ended it."""
        parked = (
            sa.update(jobs)
            .where(jobs.c.id == job, jobs.c.state.in_(ALIVE))
            .values(state=JobState.PARKED.value, note=note, attempts=0)
        )
        return await self._do(lambda c: c.execute(parked).rowcount > 0)

    async def note(self, job: str, **values: Any) -> None:
        """Write something down about a job, whatever its state."""
        change = sa.update(jobs).where(jobs.c.id == job).values(values)
        await self._do(lambda c: c.execute(change))

    async def pay(self, job: str, cost: float | None, calls: int = 1) -> None:
        """So many calls are done: their price counts at once, whatever becomes of their answers, and also
        where their job was purged meanwhile.
        """
        paid = {
            "calls": jobs.c.calls + calls,
            "cost": jobs.c.cost + (cost or 0.0),
            "unpriced": jobs.c.unpriced + int(cost is None),
        }

        def work(c: Connection) -> None:
            booked = c.execute(sa.update(jobs).where(jobs.c.id == job).values(paid)).rowcount
            if cost and not booked:
                add_late(c, job, cost)

        await self._do(work)

    async def end(self, job: str, state: JobState, **values: Any) -> bool:
        """The job is over; False when somebody has ended it before."""

        def work(c: Connection) -> bool:
            ended = (
                sa.update(jobs)
                .where(jobs.c.id == job, jobs.c.state.in_(ALIVE))
                .values(state=state, ended=time.time(), reserved=0.0, **values)
            )
            is_ours = c.execute(ended).rowcount > 0
            if is_ours and state is JobState.DONE:
                _redeem(c, job)
            return is_ours

        return await self._do(work)

    async def redeem(self, job: str) -> None:
        """One that was given up owes its commit nothing any more: it may be reviewed since."""
        place = (jobs.c.repository_id, jobs.c.number, jobs.c.created)
        given = sa.select(*place).where(jobs.c.id == job).subquery()
        here = (jobs.c.repository_id == given.c.repository_id, jobs.c.number == given.c.number)
        since = (jobs.c.state == JobState.DONE, jobs.c.created > given.c.created)
        query = sa.select(jobs.c.id).where(*here, *since, jobs.c.trigger != Trigger.DISPUTE)

        def work(c: Connection) -> None:
            if later := c.execute(query.order_by(jobs.c.created)).scalar():
                _redeem(c, later)

        await self._do(work)

    async def not_of(self, worker: str, ids: Sequence[str]) -> tuple[str, ...]:
        """Which of some jobs a worker must not go on with: they have ended, were forgotten, or were
        taken over. Asked while they run.
        """
        query = sa.select(jobs.c.id).where(
            jobs.c.id.in_(ids), jobs.c.state.in_(ALIVE), jobs.c.worker.in_(("", worker))
        )

        def work(c: Connection) -> tuple[str, ...]:
            mine = set(c.execute(query).scalars())
            return tuple(i for i in ids if i not in mine)

        return await self._look(work)

    async def unfinished(self, before: float) -> tuple[Job, ...]:
        """Jobs that live and were written down before a time: each must have somebody at work."""
        query = sa.select(*_LIST).where(jobs.c.state.in_(ALIVE), jobs.c.created < before)
        return await self._jobs(query)

    async def unclosed(self, now: float) -> tuple[Job, ...]:
        """Jobs that ended a while ago, within a day, and have a check run that did not end with them, or
        are owed one.
        """
        query = (
            sa.select(*_LIST)
            .where(jobs.c.check_run != 0, jobs.c.state.in_(_OWING))
            .where(jobs.c.ended.between(now - DAY, now - SETTLED))
            .order_by(jobs.c.ended.desc())
            .limit(MOST_UNCLOSED)
        )
        return await self._jobs(query)

    # --- lists

    async def list(
        self, limit: int, state: JobState | None, outcome: str = ""
    ) -> tuple[JobRow, ...]:
        """The newest jobs, without documents. An outcome of which nobody was told is none."""
        query = sa.select(*_LIST).order_by(jobs.c.created.desc()).limit(limit)
        if outcome:
            query = query.where(jobs.c.outcome == outcome)
        if state or outcome:
            query = query.where(jobs.c.state == (state or JobState.DONE))
        return tuple(j.row for j in await self._jobs(query))

    async def figures(self, cost_limit: float | None) -> Figures:
        """How it stands now."""

        def work(c: Connection) -> Figures:
            states = c.execute(sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state))
            counted = {str(state): int(n) for state, n in states}
            waiting = jobs.c.state == JobState.WAITING
            oldest = c.execute(sa.select(sa.func.min(jobs.c.created)).where(waiting)).scalar()
            last = c.execute(sa.select(meta.c.value).where(meta.c.name == "last_webhook")).scalar()
            return Figures(
                waiting=counted.get(JobState.WAITING, 0),
                oldest=time.time() - oldest if oldest else 0.0,
                running=counted.get(JobState.RUNNING, 0),
                parked=counted.get(JobState.PARKED, 0),
                dead=counted.get(JobState.DEAD, 0),
                cost_today=cost_today(c),
                cost_limit=cost_limit,
                last_webhook=float(last) if last else None,
            )

        return await self._look(work)

    async def remember(self, name: str, value: str) -> None:
        """One line of memory that all processes share."""

        def work(c: Connection) -> None:
            alone(c, f"memory {name}")
            write_meta(c, name, value)

        await self._do(work)

    async def recall(self, name: str) -> str:
        """What was remembered, "" for nothing."""
        query = sa.select(meta.c.value).where(meta.c.name == name)
        return await self._look(lambda c: str(c.execute(query).scalar() or ""))

    async def _jobs(self, query: sa.Select[Any]) -> tuple[Job, ...]:
        return await self._look(lambda c: tuple(_job(r) for r in c.execute(query).mappings()))


def _redeem(c: Connection, job: str) -> None:
    """A review that is done stands for those of its pull request that were given up before: nobody
    need look at them any more. One whose check run is to be ended yet is told as it ended.
    """
    mine = c.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().one()
    if mine["trigger"] == Trigger.DISPUTE:  # A second look at one finding.
        return
    c.execute(
        sa.update(jobs)
        .where(jobs.c.repository_id == mine["repository_id"], jobs.c.number == mine["number"])
        .where(jobs.c.state == JobState.DEAD, jobs.c.trigger != Trigger.DISPUTE)
        .where(jobs.c.created < mine["created"], jobs.c.check_run == 0)
        .values(state=JobState.SUPERSEDED.value, note=f"reviewed since, as {job}")
    )


def _end_alive(
    c: Connection, state: JobState, note: str, *where: sa.ColumnElement[bool]
) -> tuple[str, ...]:
    alive = (*where, jobs.c.state.in_(ALIVE))
    ids = tuple(str(i) for i in c.execute(sa.select(jobs.c.id).where(*alive)).scalars())
    c.execute(
        sa.update(jobs)
        .where(jobs.c.id.in_(ids))
        .values(state=state, note=note, ended=time.time())  # What is set aside: see `release`.
    )
    return ids


def _added(c: Connection, values: Mapping[str, Any], supersedes: str) -> tuple[str, ...]:
    place = (values["repository_id"], values["number"])
    # Of two at once the later sees the earlier one, and supersedes it.
    alone(c, "pull {}#{}".format(*place))
    here = (jobs.c.repository_id == place[0], jobs.c.number == place[1])
    old = _end_alive(c, JobState.SUPERSEDED, supersedes, *here) if supersedes else ()
    c.execute(sa.insert(jobs).values(**values))
    return old


_LIST = [c for c in jobs.c if c.name != "document"]


def _of_pull(place: Place) -> sa.Select[Any]:
    here = (jobs.c.repository_id == place.repository_id, jobs.c.number == place.number)
    return sa.select(*_LIST).where(*here).order_by(jobs.c.created.desc())


def _job(row: RowMapping) -> Job:
    place = Place(
        row["installation"], row["account"], row["repository_id"], row["repository"], row["number"]
    )
    shown = JobRow(
        id=row["id"],
        place=place,
        trigger=Trigger(row["trigger"]),
        state=JobState(row["state"]),
        head=row["head"],
        outcome=row["outcome"],
        title=row["title"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        attempts=row["attempts"],
        cost=None if row["unpriced"] else row["cost"],
        findings=row["findings"],
        unread=row["unread"],
        review_url=row["review_url"],
        note=row["note"],
        worker=row["worker"],
        document=row.get("document", ""),
    )
    return Job(
        shown,
        base=row["base"],
        seen=row["seen"],
        refusal=row["refusal"],
        check_run=row["check_run"],
        calls=row["calls"],
        paid=row["cost"],
    )
