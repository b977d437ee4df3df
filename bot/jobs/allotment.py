"""The money that one job may spend of a day's."""

from __future__ import annotations

from bot.jobs.means import Means
from bot.jobs.store import Job
from reviewers.core.allowance import Allowance


async def allotted(means: Means, job: Job, most: float) -> tuple[Allowance, ...]:
    """What is left of the day's money for this job, which may spend `most` from now on.

    As much of that as there is is set aside. With less, others would be promised what this job
    may still spend; with less than it may spend, a large review could end for want of money on a
    day on which nobody else needs any. What it does not spend is there again when it ends.
    """
    limits = (means.cost_day, means.cost_day_installation)
    if limits == (None, None):
        return ()
    everybody, own = await means.store.spending.reserve(job.row.id, job.paid + most, limits)
    found = (
        (means.cost_day, "all reviews of today", "TRIPTYCH_MAX_COST_DAY", everybody),
        (
            means.cost_day_installation,
            "this account's reviews of today",
            "TRIPTYCH_MAX_COST_DAY_INSTALLATION",
            own,
        ),
    )
    return tuple(
        Allowance(limit, what, key, spent + job.paid, firm=True)
        for limit, what, key, spent in found
        if limit is not None
    )
