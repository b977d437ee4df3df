"""The money of a day (UTC): what today's jobs have paid and set aside, in USD, forgotten ones included."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.tables import ALIVE, jobs, meta, write_meta
from bot.jobs.transactions import DATABASE_PAUSES, Transactions, alone

DAY = 86400.0
LETTING_GO = 60.0
"""Seconds in which a worker notices that somebody has ended its job, and books what its calls had used
until then. What was set aside for it stays so as long; where the worker is killed, no longer."""
PURGED = "purged"
"""How the lines of memory begin that hold what purged jobs have cost."""


class DayLimits(NamedTuple):
    """What a day may cost in USD: in all, one installation, one repository. None: no limit."""

    everybody: float | None = None
    installation: float | None = None
    repository: float | None = None


NO_LIMITS = DayLimits()


class DayCosts(NamedTuple):
    """What today has taken in USD, in all and by one job's installation and repository."""

    everybody: float
    installation: float
    repository: float


class Spending:
    """What may still be spent is asked here, one job at a time."""

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
        self._do = partial(transactions.do, pauses=pauses)

    async def reserve(self, job: str, amount: float, limits: DayLimits = NO_LIMITS) -> DayCosts:
        """Set money aside for a job, all that it costs, and tell what today has taken beside it: paid
        by what ended, paid or reserved by what runs.

        Never more than the `limits` of the day leave: of many that ask at once no two are promised the
        same money.
        """

        def work(c: Connection) -> DayCosts:
            alone(c, "money")
            whose = sa.select(jobs.c.installation, jobs.c.repository_id).where(jobs.c.id == job)
            installation, repository = c.execute(whose).one_or_none() or (None, None)
            holds = sa.and_(jobs.c.reserved > jobs.c.cost, _may_be_at_work())
            larger = sa.case((holds, jobs.c.reserved), else_=jobs.c.cost)
            total = _sum(larger).where(jobs.c.id != job, _of_today())
            mine = total.where(jobs.c.installation == installation)
            here = mine.where(jobs.c.repository_id == repository)
            taken = DayCosts(
                float(c.execute(total).scalar_one()) + _kept(c),
                float(c.execute(mine).scalar_one()) + _kept(c, str(installation)),
                float(c.execute(here).scalar_one()) + _kept(c, _repository(repository)),
            )
            pairs = zip(limits, taken, strict=True)
            left = min((most - gone for most, gone in pairs if most is not None), default=amount)
            granted = max(0.0, min(amount, left))
            c.execute(sa.update(jobs).where(jobs.c.id == job).values(reserved=granted))
            return taken

        return await self._do(work)

    async def release(self, job: str) -> None:
        """The worker of a job that somebody has ended has booked its calls: what was set aside is free."""
        over = (jobs.c.id == job, jobs.c.state.not_in(ALIVE))
        await self._do(lambda c: c.execute(sa.update(jobs).where(*over).values(reserved=0.0)))


def cost_today(c: Connection) -> float:
    """What has been paid today."""
    return float(c.execute(_sum(jobs.c.cost).where(_of_today())).scalar_one()) + _kept(c)


def keep_cost(c: Connection, installation: int, here: Sequence[sa.ColumnElement[bool]]) -> None:
    """Jobs are about to be purged: what they have cost today goes on to count, else a budget would
    begin anew whenever the App is installed anew.
    """
    each = sa.select(jobs.c.repository_id, sa.func.sum(jobs.c.cost)).where(*here, _of_today())
    for repository, spent in c.execute(each.group_by(jobs.c.repository_id)).all():
        _add_to_all(c, float(spent), installation, repository)
    at_work = sa.select(jobs.c.id, jobs.c.repository_id).where(*here, _may_be_at_work())
    for job, repository in c.execute(at_work).all():
        write_meta(c, _line(_purged(job)), f"{installation} {repository}")


def add_late(c: Connection, job: str, cost: float) -> None:
    """What the last calls of a purged job have cost: they ended after it was forgotten whose it was."""
    owners = c.execute(sa.select(meta.c.value).where(meta.c.name == _line(_purged(job)))).scalar()
    if not owners:  # Of yesterday.
        add_cost(c, cost)
        return
    installation, repository = map(int, owners.split())
    _add_to_all(c, cost, installation, repository)


def _add_to_all(c: Connection, cost: float, installation: int, repository: int) -> None:
    for whose in ("", str(installation), _repository(repository)) if cost else ():
        add_cost(c, cost, whose)


def add_cost(c: Connection, cost: float, whose: str = "") -> None:
    """Something was paid today for jobs that are purged: of one installation or repository, or "" for
    all of them.
    """
    alone(c, "money")
    write_meta(c, _line(whose), str(_kept(c, whose) + cost))


def forget_costs(c: Connection) -> None:
    """The lines of other days."""
    c.execute(
        sa.delete(meta).where(meta.c.name.like(f"{PURGED} %"), meta.c.name.not_like(f"{_line()}%"))
    )


def _sum(what: sa.ColumnElement[float]) -> sa.Select[Any]:
    return sa.select(sa.func.coalesce(sa.func.sum(what), 0.0))


def _of_today() -> sa.ColumnElement[bool]:
    now = time.time()
    return sa.or_(jobs.c.ended >= now - now % DAY, jobs.c.state.in_(ALIVE))


def _may_be_at_work() -> sa.ColumnElement[bool]:
    return sa.or_(jobs.c.state.in_(ALIVE), jobs.c.ended >= time.time() - LETTING_GO)


def _repository(identity: int | None) -> str:
    """As the owner of a line; an installation's is its number alone."""
    return f"repository {identity}"


def _purged(job: str) -> str:
    """As the name of a line that tells whose a purged job was; its own is too long for one."""
    return f"job {hashlib.sha256(job.encode()).hexdigest()[:16]}"


def _line(whose: str = "") -> str:
    """The name of a line: of one installation or repository, or "" for all of them."""
    return f"{PURGED} {int(time.time() // DAY)} {whose}".rstrip()


def _kept(c: Connection, whose: str = "") -> float:
    name = _line(whose)
    return float(c.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar() or 0.0)
