"""What every output is told of a review: its parts, its price, its time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewers.core.allowance import Allowance
from reviewers.core.call import AnalyserRun, Call, Reading, Task, Usage
from reviewers.core.finding import Severity
from reviewers.core.policy import CLAUDE, STATIC
from tests.builders import finding, look, policy, verdict

MODEL_CALL, STATIC_CALL = Call("security", CLAUDE, 1), Call("security", STATIC)


def test_where_findings_are_shown_goes_by_the_policy() -> None:
    said = [finding(severity=Severity.HIGH, id="a"), finding(severity=Severity.LOW, id="b")]
    told = verdict(*said, policy=policy(min_severity=Severity.HIGH, inline_limit=0))
    assert [f.id for f in told.shown.listed] == ["a"]
    assert [f.id for f in told.shown.quiet] == ["b"]
    assert told.shown.inline == ()


def test_static_only_is_when_no_model_was_to_be_asked() -> None:
    assert verdict(policy=policy(engines=(STATIC,))).static_only
    assert not verdict(policy=policy(engines=(STATIC, CLAUDE))).static_only


@pytest.mark.parametrize(
    ("costs", "total"),
    [((), 0.0), ((0.1, 0.2), 0.3), ((0.1, None), None)],
    ids=["no call", "sum", "one price is not known"],
)
def test_the_price_is_that_of_all_model_calls(
    costs: tuple[float | None, ...], total: float | None
) -> None:
    looks = (look(STATIC_CALL), *(look(MODEL_CALL, cost=cost) for cost in costs))
    told = verdict(looks=looks)
    assert told.cost == (pytest.approx(total) if total is not None else None)
    assert len(told.model_looks) == len(costs)


def test_verification_is_paid_for_too() -> None:
    asked = Call("verifier", CLAUDE, 1, task=Task.VERIFY)
    assert verdict(looks=(look(asked, cost=0.4, reading=Reading.FAILED),)).cost == 0.4


def test_tokens_add_up_over_all_calls() -> None:
    looks = [
        look(MODEL_CALL, usage=Usage(1, 2, 3, 4)),
        look(MODEL_CALL, usage=Usage(10, 20, 30, 40)),
    ]
    used = verdict(looks=tuple(looks)).usage
    assert used == Usage(11, 22, 33, 44)
    assert used.prompt == 66


def test_the_time_is_from_the_first_start_to_the_last_end() -> None:
    looks = (
        look(STATIC_CALL, start=100.0, seconds=1.0),
        look(MODEL_CALL, start=100.5, seconds=20.0),
        look(MODEL_CALL, start=102.0, seconds=3.0),
    )
    assert verdict(looks=looks).seconds == 20.5
    assert verdict().seconds == 0.0


def test_the_budget_that_was_reached_is_named() -> None:
    day = Allowance(5.0, "this day", spent=5.0)
    looks = (look(MODEL_CALL), look(MODEL_CALL, reading=Reading.BUDGET, allowance=day))
    assert verdict(looks=looks).reached is day
    assert verdict(looks=looks[:1]).reached is None


def test_a_budget_that_is_too_small_for_one_call_is_reached_where_another_call_was_made() -> None:
    small = Allowance(0.05, "this run", needed=0.08)
    held = look(MODEL_CALL, reading=Reading.BUDGET, allowance=small)
    larger = replace(held, allowance=replace(small, needed=0.09))
    assert verdict(looks=(look(STATIC_CALL), larger, held)).reached == small, "the least that helps"
    assert verdict(looks=(held, look(MODEL_CALL))).reached == replace(small, needed=0.0)


def test_only_refused_reviewing_calls_are_counted_as_refused() -> None:
    asked = Call("verifier", CLAUDE, 1, task=Task.VERIFY)
    looks = [look(call, reading=Reading.REFUSED) for call in (MODEL_CALL, MODEL_CALL, asked)]
    assert verdict(looks=tuple(looks)).refused == 2


def run(name: str, rules: int, reading: Reading = Reading.READ, detail: str = "") -> AnalyserRun:
    return AnalyserRun(name, "1", rules, 12, reading, detail)


def test_an_analyser_that_ran_for_several_reviewers_is_told_once_with_the_worst() -> None:
    looks = (
        look(STATIC_CALL, analysers=(run("ruff", 70), run("secrets", 16))),
        look(STATIC_CALL, analysers=(run("ruff", 30, Reading.FAILED, "crashed"),)),
        look(STATIC_CALL, analysers=(run("ruff", 5),)),
    )
    assert verdict(looks=looks).analysers == (
        AnalyserRun("ruff", "1", 105, 12, Reading.FAILED, "crashed"),
        run("secrets", 16),
    )
