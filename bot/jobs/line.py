"""The line in which jobs wait for their turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.protocol import JobState
from bot.jobs.tables import jobs
from bot.jobs.transactions import DATABASE_PAUSES, Transactions, alone


class Line:
    """Who is next."""

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
        self._do = partial(transactions.do, pauses=pauses)

    async def place(self, job: str) -> int:
        """The place of a job that must wait: the smaller the sooner (case S14).

        Behind what its installation has waiting, and not before what is next: so an installation
        with many jobs keeps nobody waiting, and none of its jobs waits for ever.
        """

        def work(c: Connection) -> int:
            alone(c, "turn")
            where = sa.select(jobs.c.installation, jobs.c.priority).where(jobs.c.id == job)
            found = c.execute(where).first()
            if found is None or found.priority:
                return found.priority if found else 1
            waits = (jobs.c.state == JobState.WAITING, jobs.c.priority > 0)
            first = c.execute(sa.select(sa.func.min(jobs.c.priority)).where(*waits)).scalar()
            mine = (*waits, jobs.c.installation == found.installation)
            last = c.execute(sa.select(sa.func.max(jobs.c.priority)).where(*mine)).scalar()
            place = max(first or 1, (last or 0) + 1)
            c.execute(sa.update(jobs).where(jobs.c.id == job).values(priority=place))
            return int(place)

        return await self._do(work)
