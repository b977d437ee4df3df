"""From reported to posted: the counts add up, and every step names what it took out and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.document import document
from bot.outputs.funnel import _STEPS, MOST_SHOWN, NOT_POSTED, TO_BE_POSTED, funnel
from bot.outputs.shapes import Document
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.finding import Dropped, Reason, Ruling, Verification
from tests.bot.outputs import samples
from tests.bot.outputs.endings import verified
from tests.bot.outputs.stored import of_many_steps
from tests.builders import claim


def read(report: Report) -> Document:
    return Document.model_validate_json(document(report))


def test_each_step_with_what_is_left() -> None:
    found = funnel(read(of_many_steps()))
    assert [(s.left, s.name, s.number_lost) for s in found.steps] == [
        (14, "reported", 0),
        (12, "placed", 2),
        (8, "merged", 4),
        (7, "not suppressed", 1),
        (5, "by vote", 2),
        (4, "verified", 1),
        (3, "posted", 1),
    ]
    assert found.carried == 0


def test_each_step_tells_why() -> None:
    steps = {s.name: s for s in funnel(read(of_many_steps())).steps}
    assert [(x.place, x.why) for x in steps["placed"].lost] == [
        ("jobs/export.py:88", "its quoted code is not in the change"),
        ("api/old.py:3", "in a file that is not in the change"),
    ]
    [refuted] = steps["verified"].lost
    assert refuted.why == "refuted by `api/auth.py:9` (login is required)"
    assert refuted.severity == "critical"
    assert "the check run only" in steps["posted"].lost[0].why


@pytest.mark.parametrize("last", [TO_BE_POSTED, NOT_POSTED])
def test_what_is_not_posted_is_not_called_so(last: str) -> None:
    assert funnel(read(of_many_steps()), last).line.endswith(f"> 4 verified > 3 {last}")
    assert funnel(read(samples.b()), last).line.endswith("> 0 posted")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_belongs_to_one_step(reason: Reason) -> None:
    assert sum(reason in reasons for _, reasons in _STEPS) == 1


def test_open_findings_of_earlier_reviews_come_in_at_the_end() -> None:
    report = samples.e()  # Three findings stand there; no call of the sample claims one.
    found = funnel(read(report))
    assert found.carried == 3
    assert [s.left for s in found.steps][-2:] == [0, 2]


def test_of_very_many_some_are_shown_and_all_are_counted() -> None:
    report = of_many_steps()
    lost = tuple(Dropped(claim(), Reason.MALFORMED) for _ in range(MOST_SHOWN + 50))
    found = funnel(read(replace(report, verdict=replace(report.verdict, dropped=lost))))
    assert len(found.steps[1].lost) == MOST_SHOWN
    assert found.steps[1].number_lost == MOST_SHOWN + 50


def test_without_a_second_look_nothing_is_called_verified() -> None:
    """Where it was not asked for, no finding bears a ruling, and none was refuted."""
    doc = read(samples.a())
    assert "verified" in funnel(doc).line
    unruled = [f.model_copy(update={"verification": None}) for f in doc.findings]
    kept = [d for d in doc.dropped if d.reason != Reason.REFUTED]
    bare = doc.model_copy(update={"findings": unruled, "dropped": kept})
    assert "verified" not in funnel(bare).line
    assert "not refuted" in funnel(bare).line


def test_where_the_second_look_failed_nothing_is_called_not_refuted() -> None:
    lost = verified(Reading.TIMED_OUT)
    verdict = lost.verdict
    unruled = replace(verdict.findings[0], verification=None)
    ruled = replace(unruled, verification=Verification(Ruling.CONFIRMED, "So it is."))
    none = replace(lost, verdict=replace(verdict, findings=(unruled,)))
    some = replace(lost, verdict=replace(verdict, findings=(ruled, unruled)))
    for report, name in ((none, "not verified"), (some, "partly verified")):
        line = funnel(read(report)).line
        assert f" {name} > " in line
        assert "refuted" not in line
