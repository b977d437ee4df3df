"""What earlier jobs of a pull request tell the next one: what they have cost, and what they read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from bot.desk import Unposted
from bot.jobs.protocol import JobState, Place, Trigger
from bot.jobs.tables import jobs
from bot.jobs.transactions import DATABASE_PAUSES, Transactions
from reviewers.core.verdict import WHOLE


class Past:
    """Questions about jobs that were."""

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
        self._look = partial(transactions.look, pauses=pauses)

    async def spent_on(self, place: Place, beside: str = "") -> float:
        """USD that all jobs of a pull request but one have cost: posted, clean, or overtaken."""
        here = (jobs.c.repository_id == place.repository_id, jobs.c.number == place.number)
        total = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.cost), 0.0))
        query = total.where(*here, jobs.c.id != beside)
        return await self._look(lambda c: float(c.execute(query).scalar_one()))

    async def last_unposted(self, place: Place) -> Unposted | None:
        """The newest finished review of a pull request, for where nothing that stands there tells of it:
        a clean one, or one whose findings are all quiet, is told in its check run alone.
        """
        here = (jobs.c.repository_id == place.repository_id, jobs.c.number == place.number)
        query = (
            sa.select(jobs.c.head, jobs.c.outcome, jobs.c.review_url, jobs.c.document)
            .where(*here, jobs.c.state == JobState.DONE, jobs.c.document != "")
            .order_by(jobs.c.created.desc())
            .limit(1)
        )
        row = await self._look(lambda c: c.execute(query).first())
        if row is None:
            return None
        head, outcome, url, document = row
        try:
            config = str(json.loads(document)["config"])
        except (ValueError, KeyError, TypeError):
            return None
        return Unposted(str(head), config, is_whole=outcome in WHOLE and not url)

    async def begun_for(self, repository: int, head: str) -> dict[str, int]:
        """The review jobs that were begun for this head in a repository: the number of each one's pull
        request.
        """
        query = (
            sa.select(jobs.c.number, jobs.c.id)
            .where(jobs.c.repository_id == repository, jobs.c.head == head)
            .where(jobs.c.started > 0, jobs.c.trigger != Trigger.DISPUTE.value)
        )
        return await self._look(lambda c: {str(i): int(n) for n, i in c.execute(query)})

    async def numbers_of(self, repository: int, head: str) -> tuple[int, ...]:
        """The pull requests of a repository that had jobs for this head, the newest first."""
        here = (jobs.c.repository_id == repository, jobs.c.head == head)
        query = sa.select(jobs.c.number).where(*here).order_by(jobs.c.created.desc())
        found = await self._look(lambda c: [int(n) for n in c.execute(query).scalars()])
        return tuple(dict.fromkeys(found))
