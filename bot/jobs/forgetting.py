"""How what the jobs remember ends: with an installation, with a repository, or with time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.spending import forget_costs, keep_cost
from bot.jobs.tables import ENDED, dismissals, disputes, jobs, labels, politeness
from bot.jobs.transactions import DATABASE_PAUSES, Transactions


class Forgetting:
    """Deletes. Each function is one transaction."""

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
        self._do = partial(transactions.do, pauses=pauses)

    async def purge(self, installation: int, repositories: Sequence[int] = ()) -> tuple[str, ...]:
        """Forget an installation, or some of its repositories; returns the ids of its jobs.

        What they have cost today still counts: else a budget would begin anew with an installation.
        """

        def work(c: Connection) -> tuple[str, ...]:
            here = [jobs.c.installation == installation]
            if repositories:
                here.append(jobs.c.repository_id.in_(repositories))
            gone = tuple(str(i) for i in c.execute(sa.select(jobs.c.id).where(*here)).scalars())
            known = c.execute(sa.select(jobs.c.repository_id).where(*here).distinct()).scalars()
            repos = {int(r) for r in known} | set(repositories)
            c.execute(sa.delete(politeness).where(politeness.c.repository_id.in_(repos)))
            keep_cost(c, installation, here)
            c.execute(sa.delete(jobs).where(*here))
            for table in (dismissals, disputes, labels):
                decided = [table.c.installation == installation]
                if repositories:
                    decided.append(table.c.repository_id.in_(repositories))
                c.execute(sa.delete(table).where(*decided))
            return gone

        return await self._do(work)

    async def owners(self, repositories: Sequence[int]) -> tuple[int, ...]:
        """The installations under which something of these repositories is stored."""

        def work(c: Connection) -> tuple[int, ...]:
            found: set[int] = set()
            for table in (jobs, dismissals, disputes, labels):
                here = table.c.repository_id.in_(repositories)
                found |= set(c.execute(sa.select(table.c.installation).where(here)).scalars())
            return tuple(sorted(found))

        return await self._do(work)

    async def aged(self, before: float) -> tuple[str, ...]:
        """Delete jobs that ended before a time; returns their ids. What people have decided about
        findings stays.
        """

        def work(c: Connection) -> tuple[str, ...]:
            old = (jobs.c.state.in_(ENDED), jobs.c.ended < before)
            gone = tuple(str(i) for i in c.execute(sa.select(jobs.c.id).where(*old)).scalars())
            c.execute(sa.delete(jobs).where(*old))
            for table in (labels, politeness):
                c.execute(sa.delete(table).where(table.c.at < before))
            forget_costs(c)
            return gone

        return await self._do(work)
