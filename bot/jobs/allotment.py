"""The money that one job may spend of a day's."""

from __future__ import annotations

from bot.jobs.means import Means
from bot.jobs.spending import NO_LIMITS
from bot.jobs.store import Job
from reviewers.core.allowance import Allowance

_NAMES = (
    ("all reviews of today", "TRIPTYCH_MAX_COST_DAY"),
    ("this account's reviews of today", "TRIPTYCH_MAX_COST_DAY_INSTALLATION"),
    ("this repository's reviews of today", "TRIPTYCH_MAX_COST_DAY_REPOSITORY"),
)
"""What each of DayLimits is called, and the variable that sets it."""


async def allotted(means: Means, job: Job, most: float) -> tuple[Allowance, ...]:
    """What is left of the day's money for this job, which may spend `most` from now on.

    As much of that as there is is set aside. With less, others would be promised what this job
    may still spend; with less than it may spend, a large review could end for want of money on a
    day on which nobody else needs any. What it does not spend is there again when it ends.
    """
    limits = means.day
    if limits == NO_LIMITS:
        return ()
    spent = await means.store.spending.reserve(job.row.id, job.paid + most, limits)
    return tuple(
        Allowance(limit, what, key, taken + job.paid, firm=True)
        for limit, taken, (what, key) in zip(limits, spent, _NAMES, strict=True)
        if limit is not None
    )
