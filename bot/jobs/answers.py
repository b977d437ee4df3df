"""An answer in a finding's thread that is no command: where it disputes the finding, it is heard.

It gets a second look by a model, and one reply. What follows is what a verifier may do in a review:
contrary evidence that is cited and was found in the code withdraws a finding, but no critical one and
none that an analyser reports (design, section 4). Thanks and questions to colleagues get nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from bot.errors import MissingProblem
from bot.hosts.people import People
from bot.jobs.disputes import Dispute, Turn
from bot.jobs.findings import open_findings, read_finding
from bot.jobs.protocol import CommandWish, JobState, ReviewWish, Trigger, Wish
from bot.jobs.store import Store
from bot.outputs.marker import read_finding_marker
from bot.outputs.replies import ruled
from reviewers.core.finding import Finding, Ruling, Severity
from reviewers.core.history import Dismissal

TRIES = 3
"""Second looks that are begun for one answer: a push overtakes those that wait or run."""
TURN, LONGEST_TURN = 0.5, 3600.0
"""Seconds between two looks whether another answer to the same finding is done with, and how long."""
CRITICAL = "it is critical"
REPORTED = "an analyser reports it"

log = structlog.get_logger("triptych.jobs")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of an answer: a reply ("" for none), and the dismissal of the finding, if it is
    withdrawn. `failed`: it could not be looked into.
    """

    finding: str = ""
    reply: str = ""
    dismissal: Dismissal | None = None
    failed: bool = False


NOTHING = Heard()


class Answers:
    """Hears them. `wish` takes in what is needed for it, `watched` waits for a job."""

    def __init__(
        self,
        store: Store,
        wish: Callable[[Wish], Awaitable[str]],
        watched: Callable[[str], Awaitable[JobState | None]],
    ) -> None:
        self._store = store
        self._wish = wish
        self._watched = watched

    async def heard(self, order: CommandWish, people: People) -> Heard:
        """Cheapest first: most answers stand in threads of people."""
        findings = await open_findings(self._store, order.place)
        if not findings or not (finding := await self._finding(order, people, findings)):
            return NOTHING
        if not await people.may_order(order.author, order.login):
            return NOTHING
        comment = await people.comment(order.comment, order.thread)
        if comment.author != order.author or order.updated not in ("", comment.updated):
            log.info("order.ignored", verb=order.verb.value, why="the comment was edited since")
            return NOTHING
        if not await self._has_turn(order, finding.id):
            return NOTHING
        ended, dispute = await self._looked_into(order, finding.id)
        if dispute is None:
            return NOTHING
        if dispute.is_open:  # Nobody will look any more; a further answer may be looked into.
            await self._store.disputes.rule(order.place, dispute, None)
            return Heard(finding.id, failed=ended is not JobState.SKIPPED)
        if dispute.ruling is None:
            return Heard(finding.id, failed=bool(dispute.why))
        # A push may have made it graver meanwhile, or fixed it, or a person has dismissed it.
        now = read_finding((await open_findings(self._store, order.place)).get(finding.id))
        return self._ruled(order, now, dispute) if now else Heard(finding.id)

    async def _has_turn(self, order: CommandWish, finding: str) -> bool:
        """Whether it is looked into, when those before it to the same finding were."""
        begin = self._store.disputes.begin
        for _ in range(int(LONGEST_TURN / TURN)):
            turn = await begin(order.place, finding, order.comment, order.updated)
            if turn is not Turn.LATER:
                return turn is Turn.NOW
            await asyncio.sleep(TURN)
        return False

    async def _finding(
        self, order: CommandWish, people: People, findings: dict[str, object]
    ) -> Finding | None:
        """The open finding in whose thread it stands."""
        try:
            first = await people.our_comment(order.parent)
        except MissingProblem:
            return None
        marker = read_finding_marker(first.body) if first else None
        return read_finding(findings.get(marker[0])) if marker else None

    async def _looked_into(
        self, order: CommandWish, finding: str
    ) -> tuple[JobState | None, Dispute | None]:
        """How the last job for it ended, and what it says; None where it is forgotten."""
        ended: JobState | None = None
        mine: Dispute | None = None
        for number in range(1, TRIES + 1):
            once = f"answer {order.comment} {finding} {number}"
            ended = await self._watched(
                await self._wish(ReviewWish(order.place, Trigger.DISPUTE, once=once))
            )
            there = await self._store.disputes.of_pull(order.place)
            mine = next((d for d in there if d.comment == order.comment), None)
            if ended is not JobState.SUPERSEDED or mine is None or not mine.is_open:
                break
        return ended, mine

    def _ruled(self, order: CommandWish, finding: Finding, dispute: Dispute) -> Heard:
        ruling = dispute.ruling
        assert ruling is not None, "who asks has looked"
        stays = ""
        if ruling.ruling is Ruling.REFUTED:
            stays = _firm(finding)
        reply = ruled(ruling, stays)
        if ruling.ruling is not Ruling.REFUTED or stays:
            return Heard(finding.id, reply)
        where = f" ({ruling.path}:{ruling.line})"
        reason = f"Disputed; a second look agrees: {ruling.reason}{where}"
        return Heard(finding.id, reply, Dismissal(order.login, today(), reason))


def _firm(finding: Finding) -> str:
    """Why no model may remove it alone, as in the verifying round; "" where one may."""
    if finding.severity is Severity.CRITICAL:
        return CRITICAL
    return REPORTED if finding.analysers else ""


def today() -> str:
    """The date of a decision, in UTC, as the review shows it: `2026-11-30`."""
    return datetime.now(UTC).date().isoformat()
