"""Reviews as the database holds them, for the operator's pages: whole, lost in parts, hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.config import Config
from bot.explain import explain
from bot.jobs.protocol import JobRow, JobState, Place, Trigger
from bot.outputs.checkrun import check_title
from bot.outputs.document import document
from bot.outputs.shapes import WrittenShape
from bot.report import Report
from bot.settings import Ceilings
from reviewers.core.aggregate.rank import rank
from reviewers.core.call import Attempt, Call, Look, Reading, Task, Usage
from reviewers.core.change import HunkRef
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Claim, Dropped, Reason, Ruling, Severity, Verification
from reviewers.core.policy import CLAUDE, STATIC
from tests.bot.outputs import samples
from tests.builders import claim

NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""
PLACE = Place(7, "acme", 5000, "acme/shop", 128)
REVIEW = "https://github.com/acme/shop/pull/128#pullrequestreview-2411"

ANSWERS: Mapping[tuple[str, int], tuple[float, float, int, int, int, float]] = {
    ("security", 1): (0.0, 33.8, 61_200, 0, 1_900, 0.21),
    ("security", 2): (4.1, 26.0, 61_200, 60_100, 1_400, 0.04),
    ("security", 3): (4.1, 31.5, 61_200, 60_100, 1_200, 0.04),
    ("style", 1): (4.1, 17.2, 61_100, 60_100, 820, 0.03),
    ("correctness", 1): (4.1, 24.9, 61_300, 60_100, 1_600, 0.03),
    ("correctness", 2): (4.1, 29.4, 61_300, 60_100, 1_500, 0.03),
    ("correctness", 3): (4.1, 21.3, 61_300, 60_100, 990, 0.02),
}
"""Seconds waited for the cache and in all; tokens in, of them cached, and out; USD."""


def timed(looks: Sequence[Look], said: Sequence[Claim] = ()) -> tuple[Look, ...]:
    """The looks with times and tokens as they are in life; `said` is what the first one claims."""
    out = []
    for one in looks:
        call = one.call
        if call.engine == STATIC:
            out.append(replace(one, start=500.0, seconds=0.6))
            continue
        waited, seconds, into, cached, tokens, cost = ANSWERS[call.reviewer, call.vote]
        if one.reading is Reading.BUDGET:
            out.append(replace(one, start=500.0))
            continue
        attempts = [Attempt(waited, seconds - waited, "200")]
        if (call.reviewer, call.vote) == ("security", 3):
            attempts = [Attempt(waited, 9.4, "529"), Attempt(14.0, seconds - 14.0, "200")]
        out.append(
            replace(
                one,
                start=500.05,
                waited=waited,
                seconds=seconds,
                usage=used(into, cached, tokens),
                cost=cost,
                attempts=tuple(attempts),
            )
        )
    first = out[-len(ANSWERS)]
    out[-len(ANSWERS)] = replace(first, claims=tuple(said))
    return tuple(out)


def used(into: int, cached: int, out: int) -> Usage:
    """Who reads the cache pays for the rest; who comes first writes nearly all of it."""
    fresh = into - cached if cached else 1_200
    return Usage(fresh, into - cached - fresh, cached, out)


def verifying() -> Look:
    """The call that looks at the findings again."""
    call = Call("verifier", CLAUDE, 1, round=3, task=Task.VERIFY)
    usage = Usage(2_400, 0, 60_100, 700)
    return Look(call, Reading.READ, start=534.0, seconds=11.2, usage=usage, cost=0.02)


def of_many_steps() -> Report:
    """Sample (a) with 14 claims, of which every step of the chain takes some."""
    report = samples.a()
    verdict = report.verdict
    ruled = Verification(Ruling.UNCERTAIN, "Nothing in the files speaks against it.")
    low = replace(samples.ROUNDING, title="The name says too little", standing=samples.SQL.standing)
    told = (f if f.verification else replace(f, verification=ruled) for f in verdict.findings)
    found = rank((*told, replace(low, severity=Severity.LOW)))
    more = (
        *verdict.dropped,
        Dropped(claim("api/old.py", 3), Reason.UNKNOWN_FILE),
        Dropped(samples.UNPINNED, Reason.IGNORED_RULE, "security/unpinned-code"),
        Dropped(samples.SHELL, Reason.OUTVOTED, "security 1 of 3"),
        Dropped(samples.RETRY, Reason.DUPLICATE, "of 0c9d1f27aa34"),
        Dropped(samples.SETTING, Reason.OUTVOTED, "correctness 1 of 3"),
        Dropped(samples.SQL, Reason.DUPLICATE, "of 7c1e9a02b4d8"),
    )
    said = [claim()] * (len(more) + len(found))
    looks = (*timed(verdict.looks, said), verifying())
    steered = tuple(explain(Config(), ".github/triptych.toml on main", Ceilings(rounds=1)))
    return replace(
        report,
        verdict=replace(verdict, findings=found, dropped=more, looks=looks),
        settings=steered,
    )


def unread_hunks(of: Coverage) -> set[HunkRef]:
    """The hunks that a model was to read and none did."""
    asked = [c for c in of.cells if c.engine == CLAUDE]
    read = {c.hunk for c in asked if c.reading is Reading.READ}
    return {c.hunk for c in asked} - read


def job(report: Report | None, name: str = "01JD8Q7M", **more: Any) -> JobRow:
    """The job of a review that is done; without a report one that is not."""
    values: dict[str, Any] = {
        "place": PLACE,
        "trigger": Trigger.OPENED,
        "state": JobState.DONE,
        "created": NOON - 200,
        "started": NOON - 190,
        "ended": NOON - 142,
        "attempts": 1,
        **more,
    }
    if report:
        verdict = report.verdict
        written = WrittenShape(
            review_url=REVIEW,
            created=True,
            edited=False,
            inline=len(verdict.shown.inline),
            check_run=True,
            notes=[],
        )
        values = {
            "head": verdict.change.head,
            "outcome": verdict.outcome.value,
            "title": check_title(report),
            "cost": verdict.cost,
            "findings": len(verdict.findings),
            "unread": len(unread_hunks(verdict.coverage)),
            "review_url": REVIEW,
            "document": document(report, written=written),
            **values,
        }
    return JobRow(name, **values)


def of_gaps() -> Report:
    """Sample (c), which security did not read at all, with times."""
    report = samples.c()
    verdict = report.verdict
    return replace(report, verdict=replace(verdict, looks=timed(verdict.looks, [claim()])))
