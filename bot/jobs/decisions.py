"""What people have decided about findings and commits, and who was answered when."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.protocol import Place
from bot.jobs.tables import dismissals, labels, politeness
from bot.jobs.transactions import DATABASE_PAUSES, Transactions, alone
from reviewers.core.history import Dismissal

HOUR = 3600.0


class Decisions:
    """Dismissals by pull request and finding; labels by pull request and commit; reactions by
    repository and person.
    """

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
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

    async def end(self, place: Place, ended: Mapping[str, Dismissal]) -> None:
        """These decisions hold no more, by finding; one that was made since then does."""
        here = (
            dismissals.c.repository_id == place.repository_id,
            dismissals.c.number == place.number,
        )

        def work(c: Connection) -> None:
            for finding, why in ended.items():
                same = (dismissals.c.by == why.by, dismissals.c.on == why.on)
                mine = (dismissals.c.finding == finding, *same, dismissals.c.reason == why.reason)
                c.execute(sa.delete(dismissals).where(*here, *mine))

        if ended:
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

    async def give_label(self, place: Place, head: str, label: str) -> None:
        """Somebody gave a pull request a label while it stood at this head. Twice is once."""
        here = {"repository_id": place.repository_id, "number": place.number, "head": head}
        known = {**here, "label": label.lower()}

        def work(c: Connection) -> None:
            alone(c, f"label {place.key}")
            c.execute(sa.delete(labels).where(*(labels.c[k] == v for k, v in known.items())))
            more = {"installation": place.installation, "at": time.time()}
            c.execute(sa.insert(labels).values(**known, **more))

        await self._do(work)

    async def labels_given(self, place: Place) -> dict[str, frozenset[str]]:
        """What labels a pull request was given, in small letters, by the head at which it stood."""
        here = (labels.c.repository_id == place.repository_id, labels.c.number == place.number)
        query = sa.select(labels.c.head, labels.c.label).where(*here)
        found = await self._look(lambda c: [(str(h), str(x)) for h, x in c.execute(query)])
        return {head: frozenset(x for h, x in found if h == head) for head, _ in found}

    async def take_label(self, place: Place, label: str, heads: Collection[str]) -> None:
        """A label was taken off that had been given for these heads."""
        gone = sa.delete(labels).where(
            labels.c.repository_id == place.repository_id,
            labels.c.number == place.number,
            labels.c.label == label.lower(),
            labels.c.head.in_(heads),
        )
        await self._do(lambda c: c.execute(gone))

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
