"""Findings that people dispute: which answer is looked into, and what the second look said.

Each finding of a pull request gets one ruling, so that nobody can be drawn into an argument with a bot,
or pay for one. Only an answer that turns out to be no dispute leaves room for a further one.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.jobs.protocol import Place
from bot.jobs.tables import disputes
from bot.jobs.transactions import DATABASE_PAUSES, Transactions, alone
from reviewers.core.finding import Ruling, Verification

MOST_ASKED = 3
"""Answers to one finding that are looked into, where the ones before were no disputes."""
NONE = "none"
"""Stands for the ruling where an answer got none: it is no dispute, or could not be looked into."""

STALE = 2 * 3600.0
"""Seconds after which nobody looks into an answer any more that got no ruling: its run has failed."""

_OPEN = ""


class Turn(enum.Enum):
    """Whether an answer is looked into: now, behind another one to the same finding, or not at all."""

    NOW = enum.auto()
    LATER = enum.auto()
    NEVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Dispute:
    """An answer (its comment, as of `updated`) to a finding. `is_open`: nobody has looked into it.

    `ruling` is None where it got none, and `why` says what kept it from one, "" where it is no dispute.
    """

    finding: str
    comment: int
    updated: str
    is_open: bool
    ruling: Verification | None = None
    why: str = ""


class Disputes:
    """By pull request and finding."""

    def __init__(
        self, transactions: Transactions, pauses: Sequence[float] = DATABASE_PAUSES
    ) -> None:
        self._do = partial(transactions.do, pauses=pauses)
        self._look = partial(transactions.look, pauses=pauses)

    async def begin(self, place: Place, finding: str, comment: int, updated: str) -> Turn:
        """Whether this answer is to be looked into; again for the same one says the same.

        Never where the finding has its ruling, or where MOST_ASKED were.
        """
        here = _here(place, finding)

        def work(c: Connection) -> Turn:
            alone(c, f"dispute {place.key} {finding}")
            found = c.execute(sa.select(disputes).where(*here)).mappings().first()
            if found is not None and found["comment"] == comment:
                return Turn.NOW
            if found is not None and found["ruling"] == _OPEN and time.time() < found["at"] + STALE:
                return Turn.LATER
            is_over = found is not None and found["ruling"] not in (_OPEN, NONE)
            if found is not None and (is_over or found["asked"] >= MOST_ASKED):
                return Turn.NEVER
            c.execute(sa.delete(disputes).where(*here))
            values = {
                "repository_id": place.repository_id,
                "number": place.number,
                "finding": finding,
                "installation": place.installation,
                "comment": comment,
                "updated": updated,
                "asked": (found["asked"] if found else 0) + 1,
                "at": time.time(),
            }
            c.execute(sa.insert(disputes).values(**values))
            return Turn.NOW

        return await self._do(work)

    async def of_pull(self, place: Place) -> tuple[Dispute, ...]:
        """All of a pull request, in the order of their answers."""
        query = sa.select(disputes).where(*_here(place)).order_by(disputes.c.comment)
        return await self._look(lambda c: tuple(map(_dispute, c.execute(query).mappings())))

    async def rule(
        self, place: Place, dispute: Dispute, ruling: Verification | None, why: str = ""
    ) -> None:
        """What came of the look into an answer; None: nothing, and `why`, if it should have."""
        told = ruling or Verification(Ruling.UNCERTAIN, why)
        values = {
            "ruling": ruling.ruling.value if ruling else NONE,
            "reason": told.reason,
            "path": told.path,
            "line": told.line,
        }
        mine = (*_here(place, dispute.finding), disputes.c.comment == dispute.comment)
        change = sa.update(disputes).where(*mine, disputes.c.ruling == _OPEN).values(values)
        await self._do(lambda c: c.execute(change))


def _here(place: Place, finding: str = "") -> tuple[sa.ColumnElement[bool], ...]:
    here = (disputes.c.repository_id == place.repository_id, disputes.c.number == place.number)
    return (*here, disputes.c.finding == finding) if finding else here


def _dispute(row: sa.RowMapping) -> Dispute:
    said = row["ruling"]
    ruling = None
    if said in tuple(Ruling):
        ruling = Verification(Ruling(said), row["reason"], row["path"], row["line"])
    why = row["reason"] if said == NONE else ""
    return Dispute(row["finding"], row["comment"], row["updated"], said == _OPEN, ruling, why)
