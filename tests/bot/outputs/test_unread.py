"""Gaps by reviewer with their reason and call, and whether another try may close them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.document import document
from bot.outputs.shapes import Document
from bot.outputs.unread import Unread, helps_to_try_again, unread
from bot.report import Report
from reviewers.core.call import Reading
from tests.bot.outputs import samples
from tests.bot.outputs.endings import without_ruff


def read(report: Report) -> Document:
    return Document.model_validate_json(document(report))


def test_votes_with_the_same_gap_stand_together() -> None:
    security, style, correctness = unread(read(samples.c()))
    assert security == Unread(
        who="security, votes 1, 2 and 3",
        hunks="34 hunks",
        files="api/orders.py, api/auth.py and api/seats.py and 9 more files",
        reading="refused",
        why="the model refused to answer",
        call="security 1, security 2 and security 3",
    )
    assert (style.who, style.hunks, style.files, style.why, style.call) == (
        "style, vote 1",
        "2 hunks",
        samples.BACKFILL,
        "above the limit of 120 kB",
        "none was started",
    )
    assert correctness.who == "correctness, votes 1, 2 and 3"


def test_a_budget_names_what_was_not_started() -> None:
    style, correctness = sorted(unread(read(samples.i())), key=lambda u: u.who, reverse=True)
    assert style.reading == correctness.reading == "budget"
    assert "2.00 USD" in style.why
    assert correctness.who == "correctness, votes 2 and 3"


def test_a_complete_review_has_none() -> None:
    assert unread(read(samples.a())) == []


@pytest.mark.parametrize(
    ("report", "helps"),
    [
        (samples.a(), False),
        (samples.c(), True),
        (samples.d(), True),
        (samples.i(), True),
        (without_ruff(), True),
    ],
)
def test_whether_another_try_may_help(report: Report, *, helps: bool) -> None:
    assert helps_to_try_again(read(report)) is helps


def test_what_is_too_large_stays_so() -> None:
    report = samples.c()
    coverage = report.verdict.coverage
    large = tuple(
        replace(c, reading=Reading.READ) if c.reading is Reading.REFUSED else c
        for c in coverage.cells
    )
    verdict = replace(report.verdict, coverage=replace(coverage, cells=large))
    assert not helps_to_try_again(read(replace(report, verdict=verdict)))
