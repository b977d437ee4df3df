"""The money of a day (UTC): what today's jobs have paid and set aside, in USD, forgotten ones included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.tables import ALIVE, jobs, meta, write_meta
from bot.jobs.transactions import PAUSES, Transactions, alone

DAY = 86400.0
PURGED = "purged"
"""How the lines of memory begin that hold what purged jobs have cost."""


class Spending:
    """What may still be spent is asked here, one job at a time."""

    def __init__(self, transactions: Transactions, pauses: Sequence[float] = PAUSES) -> None:
        self._do = partial(transactions.do, pauses=pauses)

    async def reserve(
        self, job: str, amount: float, limits: tuple[float | None, float | None] = (None, None)
    ) -> tuple[float, float]:
        """Set money aside for a job, all that it costs, and tell what today has taken beside it, and
        of that its installation: paid by what ended, paid or reserved by what runs.

        Never more than the `limits` of the day leave, in all and for the installation: of many that
        ask at once no two are promised the same money.
        """

        def work(c: Connection) -> tuple[float, float]:
            alone(c, "money")
            mine = c.execute(sa.select(jobs.c.installation).where(jobs.c.id == job)).scalar()
            taken = sa.case((jobs.c.cost > jobs.c.reserved, jobs.c.cost), else_=jobs.c.reserved)
            total = _sum(taken).where(jobs.c.id != job, _of_today())
            everybody = float(c.execute(total).scalar_one()) + _kept(c)
            own = float(c.execute(total.where(jobs.c.installation == mine)).scalar_one())
            own += _kept(c, str(mine))
            taken_of = zip(limits, (everybody, own), strict=True)
            left = min((most - gone for most, gone in taken_of if most is not None), default=amount)
            granted = max(0.0, min(amount, left))
            c.execute(sa.update(jobs).where(jobs.c.id == job).values(reserved=granted))
            return everybody, own

        return await self._do(work)


def cost_today(c: Connection) -> float:
    """What has been paid today."""
    return float(c.execute(_sum(jobs.c.cost).where(_of_today())).scalar_one()) + _kept(c)


def keep_cost(c: Connection, installation: int, here: Sequence[sa.ColumnElement[bool]]) -> None:
    """Jobs are about to be purged: what they have cost today goes on to count, else a budget would
    begin anew whenever the App is installed anew.
    """
    spent = float(c.execute(_sum(jobs.c.cost).where(*here, _of_today())).scalar_one())
    for whose in ("", str(installation)) if spent else ():
        add_cost(c, spent, whose)


def add_cost(c: Connection, cost: float, installation: str = "") -> None:
    """Something was paid today for jobs that are purged: of one installation, or "" for all of them."""
    alone(c, "money")
    write_meta(c, _line(installation), str(_kept(c, installation) + cost))


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


def _line(installation: str = "") -> str:
    """The name of a line: of one installation, or "" for all of them."""
    return f"{PURGED} {int(time.time() // DAY)} {installation}".rstrip()


def _kept(c: Connection, installation: str = "") -> float:
    name = _line(installation)
    return float(c.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar() or 0.0)
