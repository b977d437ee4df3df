"""What a job gives to a review: the server's settings, its books, what it keeps and may spend."""

from __future__ import annotations

from bot.jobs.allotment import allotted
from bot.jobs.books import Books
from bot.jobs.endings import TRY_AGAIN
from bot.jobs.keeping import Keeper
from bot.jobs.means import Means
from bot.jobs.store import Job
from bot.outputs.seal import Seal
from bot.pipeline import Circumstances
from bot.terms import Options

PATIENCE = 600.0
"""Seconds that a call may wait for its turn."""


async def circumstances_of(job: Job, means: Means, books: Books, keeper: Keeper) -> Circumstances:
    """Those of one job, whatever it asks of models. Who watches, and what is announced, is not in it."""
    row = job.row
    return Circumstances(
        means.settings,
        Options(engine=means.engine or None),
        keep=keeper.round,
        cut=lambda look: books.cut(row.id, look),
        charged=lambda call, cost: books.charged(row.id, call, cost),
        paid=job.paid,
        before=await means.store.past.spent_on(row.place, beside=row.id),
        allot=lambda most: allotted(means, job, most),
        patience=PATIENCE,
        seal=Seal(means.key, row.place.key),
        again=TRY_AGAIN,
        commands=True,
        run=means.run_of(row.id),
        nonce=lambda: means.secret(f"nonce {row.id}")[:24],
    )
