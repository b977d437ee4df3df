"""A job that has disputed findings looked at again: it asks, and writes down what was said.

It posts nothing and changes no review. Who answered is answered, and what follows from it is done,
where the answer came in (bot/jobs/orders.py).
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.errors import MissingProblem
from bot.jobs.books import Books
from bot.jobs.circumstances import circumstances_of
from bot.jobs.disputes import Dispute
from bot.jobs.endings import Ending
from bot.jobs.findings import open_findings, read_finding
from bot.jobs.keeping import Keeper
from bot.jobs.means import Means, Reach
from bot.jobs.protocol import JobState, Place, Thread
from bot.jobs.store import Job
from bot.pipeline import terms_of
from bot.second_look import Disputed, second_look
from reviewers.protocols import Brief

NO_MODEL = "no model is asked here"
NOTHING = "nothing is disputed any more"
NO_DISPUTE = "no dispute"

log = structlog.get_logger("triptych.jobs")


async def judged(job: Job, means: Means, books: Books, keeper: Keeper, reach: Reach) -> Ending:
    """Look at all that is disputed on the job's pull request and has no ruling yet."""
    row = job.row
    disputes = {d.finding: d for d in await means.store.disputes.of_pull(row.place) if d.is_open}
    disputed = [
        found
        for d in disputes.values()
        if (found := await _disputed(d, row.place, means, reach)) is not None
    ]
    if not disputed:
        return Ending(JobState.SKIPPED, NOTHING)
    pull = await reach.forge.load()
    if pull.state != "open":
        return Ending(JobState.SKIPPED, "pull request closed")
    around = await circumstances_of(job, means, books, keeper)
    terms = terms_of(pull.subject, around)
    if terms.access is None:
        return Ending(JobState.SKIPPED, NO_MODEL)

    async def announce(brief: Brief) -> None:
        keeper.policy = brief.policy
        keeper.subject = f"{brief.change.head} {brief.change.base} {terms.digest}"

    around = replace(around, announce=announce)
    answered = await second_look(pull.subject, terms, around, disputed)
    told = []
    for finding, dispute in disputes.items():
        ruling = answered.rulings.get(finding)
        why = answered.unanswered.get(finding, "")
        await means.store.disputes.rule(row.place, dispute, ruling, why)
        told.append(f"{finding[:6]}: {ruling.ruling.value if ruling else why or NO_DISPUTE}")
    return Ending(JobState.DONE, ", ".join(told))


async def _disputed(dispute: Dispute, place: Place, means: Means, reach: Reach) -> Disputed | None:
    """The finding, and the answer as it stands there; None where one of them is gone, or edited."""
    there = await open_findings(means.store, place)
    finding = read_finding(there.get(dispute.finding))
    try:
        comment = await reach.people.comment(dispute.comment, Thread.REVIEW)
    except MissingProblem:
        return None
    if finding is None or dispute.updated not in ("", comment.updated):
        return None
    return Disputed(finding, comment.body)
