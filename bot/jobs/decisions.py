"""What people have decided about findings, and who was answered when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.protocol import Place
from bot.jobs.tables import dismissals, politeness
from bot.jobs.transactions import PAUSES, Transactions, alone
from reviewers.core.history import Dismissal

HOUR = 3600.0


class Decisions:
    """Dismissals by pull request and finding; reactions by repository and person."""

    def __init__(self, transactions: Transactions, pauses: Sequence[float] = PAUSES) -> None:
        self._do = partial(transactions.do, pauses=pauses)
        self._look = partial(transactions.look, pauses=pauses)

    async def dismiss(self, place: Place, finding: str, by_id: int, why: Dismissal) -> None:
        """A person's decision about one finding of a pull request."""
        values = {
            "repository_id": place.repository_id,
            "number": place.number,
            "finding": finding,
            "installation": place.installation,
            "by": why.by,
            "by_id": by_id,
            "on": why.on,
            "reason": why.reason,
        }

        def work(c: Connection) -> None:
            alone(c, f"dismissal {place.key}")
            c.execute(
                sa.delete(dismissals).where(
                    dismissals.c.repository_id == place.repository_id,
                    dismissals.c.number == place.number,
                    dismissals.c.finding == finding,
                )
            )
            c.execute(sa.insert(dismissals).values(**values))

        await self._do(work)

    async def dismissed(self, place: Place) -> dict[str, Dismissal]:
        """The decisions about a pull request, by finding."""
        query = sa.select(
            dismissals.c.finding, dismissals.c.by, dismissals.c.on, dismissals.c.reason
        ).where(
            dismissals.c.repository_id == place.repository_id, dismissals.c.number == place.number
        )
        return await self._look(
            lambda c: {f: Dismissal(b, o, r) for f, b, o, r in c.execute(query)}
        )

    async def may_react(self, repository: int, person: int) -> bool:
        """Whether somebody without the right gets a reaction now: one an hour (case S23)."""

        def work(c: Connection) -> bool:
            alone(c, f"reaction {repository} {person}")
            here = (politeness.c.repository_id == repository, politeness.c.person == person)
            last = c.execute(sa.select(politeness.c.at).where(*here)).scalar()
            now = time.time()
            if last is not None and now - last < HOUR:
                return False
            c.execute(sa.delete(politeness).where(*here))
            c.execute(sa.insert(politeness).values(repository_id=repository, person=person, at=now))
            return True

        return await self._do(work)
