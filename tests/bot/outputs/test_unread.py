"""Gaps by reviewer with their reason and call, and whether another try may close them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.document import document
from bot.outputs.shapes import Document
from bot.outputs.unread import WITHHELD, Unread, helps_to_try_again, unread, unverified
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.finding import Standing
from tests.bot.outputs import samples
from tests.bot.outputs.endings import coverage_of, not_shown, verified, withheld, without_ruff
from tests.bot.outputs.stored import of_many_steps


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


def test_where_no_model_was_asked_that_is_a_gap_though_the_ledger_has_no_cell_for_it() -> None:
    doc = read(withheld())
    assert unread(doc) == [WITHHELD]
    assert doc.to_do.startswith("Correct `.github/triptych.toml` on `main` and ")


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
        (not_shown(), False),
        (withheld(), True),
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


def test_what_cannot_be_parsed_stays_so() -> None:
    runs = without_ruff("it could not be parsed")
    (look,) = runs.verdict.looks
    read_all = tuple(replace(run, reading=Reading.READ) for run in look.analysers)
    verdict = replace(runs.verdict, looks=(replace(look, analysers=read_all),))
    assert not helps_to_try_again(read(replace(runs, verdict=verdict)))


def passed_over(**more: object) -> Report:
    """The call that verifies has answered, and tells nothing of its finding."""
    report = verified(Reading.READ)
    (finding,) = report.verdict.findings
    unruled = replace(finding, verification=None)
    (*others, look) = report.verdict.looks
    look = replace(look, call=replace(look.call, candidates=(unruled,)))
    told = replace(unruled, **more)  # type: ignore[arg-type]
    return replace(report, verdict=replace(report.verdict, findings=(told,), looks=(*others, look)))


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (verified(Reading.TIMED_OUT), "The finding was not verified: no answer came in time."),
        (
            verified(Reading.READ, Reading.REFUSED),
            "Some findings were not verified: the model refused to answer.",
        ),
        (passed_over(), "The finding was not verified: the answer does not tell of it."),
    ],
)
def test_what_was_not_verified_is_told_as_in_the_body(report: Report, said: str) -> None:
    assert unverified(read(report)) == said
    assert said in coverage_of(report)


def test_a_budget_that_kept_findings_from_being_verified_is_named() -> None:
    report = verified(Reading.BUDGET)
    (*others, look) = report.verdict.looks
    why = "the budget of 0.50 USD for this run is reached"
    looks = (*others, replace(look, detail=why))
    report = replace(report, verdict=replace(report.verdict, looks=looks))
    assert unverified(read(report)) == f"The finding was not verified: {why}."


@pytest.mark.parametrize(
    "report",
    [
        samples.a(),
        samples.b(),
        samples.f(),
        of_many_steps(),
        passed_over(votes=(), standing=Standing.OPEN),
    ],
)
def test_where_all_was_verified_or_nothing_was_to_be_nothing_is_said(report: Report) -> None:
    assert unverified(read(report)) == ""
