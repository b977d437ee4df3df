"""A red gate says why, and how it turns green."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.checkrun import check_run
from bot.outputs.why_red import NUMBERS, why_red
from bot.report import Report
from reviewers.core.finding import Ruling, Severity, Verification
from reviewers.core.verdict import Outcome
from tests.bot.outputs import samples
from tests.bot.outputs.samples import RETRY, SETTING, SHELL, SQL, UNKNOWN_ORDER, sample

CONFIRMED = Verification(Ruling.CONFIRMED, "it is so")
VERIFIED = replace(UNKNOWN_ORDER, verification=CONFIRMED)
WHERE = 'Gate: `gate = "high"` in `.github/triptych.toml` on `main`.'
ONE = "until its code is mended or somebody with write access dismisses it."
UNRULED = replace(UNKNOWN_ORDER, id="c" * 12, held_before=True)
IT_WAITS = "{} was not verified: the next review asks for that again and may let it go."
THEY_WAIT = "They were not verified: the next review asks for that again and may let them go."
SOME = "until their code is mended or somebody with write access dismisses them."


@pytest.mark.parametrize(
    ("report", "rest"),
    [
        (sample(VERIFIED), f"Finding 1 holds it {ONE}"),
        (sample(SETTING, RETRY, VERIFIED), f"Finding 3 holds it {ONE}"),
        (sample(SQL, VERIFIED, SHELL), f"Findings 1, 2 and 3 hold it {SOME}"),
        (sample(UNRULED), f"Finding 1 holds it {ONE} {IT_WAITS.format('It')}"),
        (
            sample(VERIFIED, UNRULED),
            f"Findings 1 and 2 hold it {SOME} {IT_WAITS.format('Finding 2')}",
        ),
        (
            sample(UNRULED, replace(UNRULED, id="d" * 12)),
            f"Findings 1 and 2 hold it {SOME} {THEY_WAIT}",
        ),
        (samples.c(), "It holds because not all of the change was read."),
        (samples.d(), "It holds because not all of the change was read."),
    ],
    ids=["one", "one of three", "all", "waits", "one waits", "both wait", "incomplete", "failed"],
)
def test_it_is_the_second_paragraph_of_a_red_check_run(report: Report, rest: str) -> None:
    told = check_run(report, Severity.HIGH)
    assert told.conclusion == "failure"
    assert told.summary.split("\n\n")[1] == f"{WHERE} {rest}"
    assert WHERE not in check_run(report).summary


def test_a_check_run_that_is_not_red_says_nothing_of_a_gate() -> None:
    told = check_run(sample(SETTING), Severity.HIGH)
    assert told.conclusion == "neutral"
    assert "Gate" not in told.summary


def test_very_many_are_counted() -> None:
    many = [replace(VERIFIED, id=f"{n:012x}") for n in range(NUMBERS + 1)]
    assert f"{NUMBERS + 1} findings hold it {SOME}" in why_red(sample(*many), Severity.HIGH)
    waiting = [replace(UNRULED, id=f"{n:012x}") for n in range(NUMBERS + 1, 2 * NUMBERS + 2)]
    both = why_red(sample(*many, *waiting), Severity.HIGH)
    assert f" {NUMBERS + 1} findings were not verified: the next review" in both
    assert sample(*many).verdict.outcome is Outcome.FINDINGS
