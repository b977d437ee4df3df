"""A limit in money says what is left of it, and how people are told that it is reached."""

from __future__ import annotations

import pytest

from reviewers.core.allowance import Allowance


@pytest.mark.parametrize(
    ("limit", "spent", "left"), [(2.0, 0.5, 1.5), (2.0, 2.0, 0.0), (2.0, 3.0, 0.0), (0.0, 0.0, 0.0)]
)
def test_what_is_left_of_a_budget(limit: float, spent: float, left: float) -> None:
    assert Allowance(limit, "this day", spent=spent).left == left


def test_how_people_are_told() -> None:
    budget = Allowance(2, "this pull request", "budget.pull_request", spent=1.0)
    assert str(budget) == "the budget of 2.00 USD for this pull request is reached"
