"""A limit in money says what is left of it, and how people are told that it is reached."""

from __future__ import annotations

import pytest

from reviewers.core.allowance import Allowance, amount


@pytest.mark.parametrize(
    ("limit", "spent", "left"), [(2.0, 0.5, 1.5), (2.0, 2.0, 0.0), (2.0, 3.0, 0.0), (0.0, 0.0, 0.0)]
)
def test_what_is_left_of_a_budget(limit: float, spent: float, left: float) -> None:
    assert Allowance(limit, "this day", spent=spent).left == left


def test_how_people_are_told() -> None:
    budget = Allowance(2, "this pull request", "budget.pull_request", spent=1.0)
    assert str(budget) == "the budget of 2.00 USD for this pull request is reached"


@pytest.mark.parametrize(
    ("limit", "needed", "said"),
    [
        (0.06, 0.0842, "0.09 USD, more than the budget of 0.06 USD"),
        (0.0604, 0.0608, "0.07 USD, more than the budget of 0.06 USD"),
        (0.0028, 0.00281, "0.0029 USD, more than the budget of 0.0028 USD"),
        (0.0, 0.13, "0.13 USD, more than the budget of 0.00 USD"),
    ],
)
def test_a_budget_of_which_nothing_is_spent_is_not_reached(
    limit: float, needed: float, said: str
) -> None:
    """What one call can cost is rounded up, or it would read as no more than the limit."""
    budget = Allowance(limit, "this pull request", needed=needed)
    assert str(budget) == f"one call can cost {said} for this pull request"


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        *((0.0, "0.00"), (0.005, "0.005"), (0.0029, "0.0029"), (0.00001, "0.0001")),
        *((0.01, "0.01"), (0.41, "0.41"), (12.4, "12.40")),
    ],
)
def test_less_than_a_cent_is_not_nothing(usd: float, text: str) -> None:
    assert amount(usd) == text


def test_a_small_limit_is_told() -> None:
    limit = Allowance(0.001, "this run", "--max-cost", spent=0.002)
    assert str(limit) == "the budget of 0.001 USD for this run is reached"
    assert limit.left == 0.0
