"""How often who looks, and with which model."""

from __future__ import annotations

import pytest

from reviewers.core.policy import Policy
from reviewers.core.reviewer import Reviewer

A, B = Reviewer("alpha", ""), Reviewer("beta", "")


def test_a_reviewer_looks_once_unless_told_otherwise() -> None:
    terms = Policy((A, B), votes={"alpha": 3})
    assert [terms.votes_of(r) for r in (A, B)] == [3, 1]


@pytest.mark.parametrize(
    ("models", "taken"),
    [(("",), ["", "", "", ""]), (("m", "n"), ["m", "n", "m", "n"]), (("m",), ["m"] * 4)],
    ids=["the engine's default", "two in turn", "one"],
)
def test_votes_take_the_models_in_turn(models: tuple[str, ...], taken: list[str]) -> None:
    terms = Policy((A,), models=models)
    assert [terms.model_of(vote) for vote in range(1, 5)] == taken


def test_reviewers_are_known_by_name() -> None:
    terms = Policy((A, B))
    assert terms.reviewer("beta") is B
    assert terms.reviewer("gamma") is None
