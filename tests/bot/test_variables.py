"""The variables that we read are those that are known, and a slip is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bot
from bot.errors import ConfigProblem
from bot.variables import INPUTS, KNOWN, amount, count, slip_of, slips, unknown

ROOT = Path(__file__).parents[2]
PACKAGES = Path(bot.__file__).parents[1]
"""Ours, where they are installed."""
NAME = re.compile(r"TRIPTYCH_[A-Z_]*[A-Z]")


def test_all_that_the_source_names_is_known() -> None:
    modules = [*PACKAGES.glob("bot/**/*.py"), *PACKAGES.glob("reviewers/**/*.py")]
    files = [*modules, ROOT / "action.yml"]
    named = {name for file in files for name in NAME.findall(file.read_text(encoding="utf-8"))}
    assert {n for n in named if not n.startswith(INPUTS.rstrip("_"))} == KNOWN


def test_all_that_the_readme_names_is_known() -> None:
    named = set(NAME.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert unknown(named) == ()


def test_what_nobody_reads() -> None:
    env = ["PATH", "TRIPTYCH_MAXCOST", "TRIPTYCH_MAX_COST", "TRIPTYCH_INPUT_POST", "TRIPTYCH_X"]
    assert unknown(env) == ("TRIPTYCH_MAXCOST", "TRIPTYCH_X")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("TRIPTYCH_MAXCOST", "TRIPTYCH_MAX_COST"),
        ("TRIPTYCH_WEBHOOK_SECRETS", "TRIPTYCH_WEBHOOK_SECRET"),
        ("TRIPTYCH_NONSENSE", ""),
    ],
)
def test_what_was_meant(name: str, near: str) -> None:
    assert slip_of(name) == near


def test_each_is_a_sentence() -> None:
    told = (
        "Nobody reads TRIPTYCH_MAXCOST. Is TRIPTYCH_MAX_COST meant?",
        "Nobody reads TRIPTYCH_X.",
    )
    assert slips(["TRIPTYCH_X", "TRIPTYCH_MAXCOST", "PATH"]) == told


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e3", "lots", "1" * 10, "\u0661", "1 000"])
def test_a_count_is_a_whole_number_above_0(text: str) -> None:
    with pytest.raises(ConfigProblem, match="N is '") as told:
        count({"N": text}, "N", 7)
    assert told.value.do == "Use a whole number above 0."


@pytest.mark.parametrize("text", ["-0.1", "inf", "nan", "lots", "1,5"])
def test_an_amount_bounds_something(text: str) -> None:
    with pytest.raises(ConfigProblem, match="N is '") as told:
        amount({"N": text}, "N", "seconds")
    assert told.value.do == "Use seconds, 0 or more."


def test_numbers_that_are_set_and_those_that_are_not() -> None:
    env = {"A": " 012 ", "B": "0", "C": "", "D": "  "}
    assert [count(env, name, 7) for name in ("A", "C", "D", "E")] == [12, 7, 7, 7]
    assert [amount(env, name) for name in ("A", "B", "C", "D", "E")] == [
        12.0,
        0.0,
        None,
        None,
        None,
    ]
