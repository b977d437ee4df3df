"""`config explain`: every value, where it comes from, and what the environment makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.config import Config, parse_config
from bot.explain import explain
from bot.pipeline import Circumstances, terms_of
from bot.report import Setting
from bot.settings import Ceilings, Settings
from bot.subject import Subject
from tests.bot.test_config import LEAVES
from tests.builders import orders_change

FILE = ".github/triptych.toml"


NO_CEILINGS = Ceilings()


def explained(text: str = "", ceilings: Ceilings = NO_CEILINGS) -> dict[str, Setting]:
    return {s.path: s for s in explain(parse_config(text.encode()), FILE, ceilings)}


def test_every_setting_is_there_with_what_it_does() -> None:
    settings = explained()
    own = {path for path in LEAVES if path.startswith("reviewers.mine")}
    assert {*settings} >= {*LEAVES} - own - {"reviewers.security.charter"}
    assert all(s.about for s in settings.values())
    assert {s.origin for s in settings.values()} == {"default"}
    assert not any(s.bound for s in settings.values())


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("", "rounds", "rounds = 2  [default]"),
        ("rounds = 2", "rounds", f"rounds = 2  [{FILE}]"),
        ("", "gate", "gate = not set  [default]"),
        ("gate = 'high'", "gate", f'gate = "high"  [{FILE}]'),
        ("", "budget.review", "budget.review = 2.0  [default]"),
        ("budget.review = 1", "budget.review", f"budget.review = 1.0  [{FILE}]"),
        ("budget.review = 1", "budget.pull_request", "budget.pull_request = 10.0  [default]"),
        ("", "reviewers.security.votes", "reviewers.security.votes = 3  [default]"),
        ("", "reviewers.style.votes", "reviewers.style.votes = 1  [default]"),
        (
            "reviewers.security.votes = 2",
            "reviewers.security.votes",
            f"reviewers.security.votes = 2  [{FILE}]",
        ),
        (
            "reviewers.mine.charter = 'x'",
            "reviewers.mine.votes",
            "reviewers.mine.votes = 1  [default]",
        ),
        (
            'reviewers.mine.charter = "x\\u001b[31m\\u202e"',
            "reviewers.mine.charter",
            f'reviewers.mine.charter = "x\\u001b[31m‹U+202E›"  [{FILE}]',
        ),
    ],
)
def test_value_and_origin(text: str, path: str, line: str) -> None:
    assert str(explained(text)[path]) == line


@pytest.mark.parametrize(
    ("text", "ceilings", "path", "bound"),
    [
        ("", Ceilings(rounds=1), "rounds", "TRIPTYCH_MAX_ROUNDS allows 1"),
        ("rounds = 1", Ceilings(rounds=1), "rounds", ""),
        ("", Ceilings(votes=2), "reviewers.security.votes", "TRIPTYCH_MAX_VOTES allows 2"),
        ("", Ceilings(votes=2), "reviewers.style.votes", ""),
        ("", Ceilings(prompts=2), "limits.prompts", "TRIPTYCH_MAX_PROMPTS allows 2"),
        ("", Ceilings(review_cost=0.25), "budget.review", "TRIPTYCH_MAX_COST allows 0.25"),
        ("", Ceilings(review_cost=0.0), "budget.review", "TRIPTYCH_MAX_COST allows 0"),
        ("", Ceilings(review_cost=3.0), "budget.review", ""),
        (
            "",
            Ceilings(pull_request_cost=5.0),
            "budget.pull_request",
            "TRIPTYCH_MAX_COST_PULL_REQUEST allows 5",
        ),
        (
            "",
            Ceilings(models=("a", "b")),
            "models.review",
            "TRIPTYCH_ALLOWED_MODELS allows a, b",
        ),
        ("models.review = ['b']", Ceilings(models=("a", "b")), "models.review", ""),
        ("", Ceilings(models=("a",)), "models.verify", ""),
        (
            "models.verify = 'c'",
            Ceilings(models=("a",)),
            "models.verify",
            "TRIPTYCH_ALLOWED_MODELS allows a",
        ),
        ("", Ceilings(reviewers=2), "reviewers.style.enabled", ""),
        (
            "",
            Ceilings(reviewers=2),
            "reviewers.correctness.enabled",
            "TRIPTYCH_MAX_REVIEWERS allows 2: it is left out",
        ),
        ("reviewers.style.enabled = false", Ceilings(reviewers=2), "reviewers.style.enabled", ""),
        (
            "reviewers.style.enabled = false",
            Ceilings(reviewers=2),
            "reviewers.correctness.enabled",
            "",
        ),
    ],
)
def test_a_ceiling_of_the_environment(text: str, ceilings: Ceilings, path: str, bound: str) -> None:
    assert explained(text, ceilings)[path].bound == bound


def test_the_bound_stands_beside_the_origin() -> None:
    setting = explained("rounds = 3", Ceilings(rounds=2))["rounds"]
    assert str(setting) == f"rounds = 3  [{FILE}; TRIPTYCH_MAX_ROUNDS allows 2]"


def test_the_defaults_are_those_of_the_model() -> None:
    assert explained()["inline_limit"].value == Config().inline_limit


def test_a_review_carries_every_setting_that_steered_it() -> None:
    subject = Subject("x", orders_change(), base_ref="main", config=b"rounds = 1\n")
    around = Circumstances(Settings())
    told = {s.path: str(s) for s in terms_of(subject, around).settings}
    assert told["rounds"] == "rounds = 1  [.github/triptych.toml on main]"
    assert told["min_severity"] == 'min_severity = "medium"  [default]'
    broken = terms_of(replace(subject, config=b"rounds = 99"), around)
    assert {s.origin for s in broken.settings} == {"default"}


def test_what_a_review_in_a_shell_may_cost_is_said_where_it_is_less() -> None:
    def bound(text: str, ceilings: Ceilings = NO_CEILINGS) -> str:
        told = explain(parse_config(text.encode()), FILE, ceilings, 0.5)
        return next(s.bound for s in told if s.path == "budget.review")

    assert bound("") == "`triptych review` in a shell spends 0.50 without --max-cost"
    assert bound("budget.review = 0.5") == ""
    assert bound("", Ceilings(review_cost=0.25)) == "TRIPTYCH_MAX_COST allows 0.25"
