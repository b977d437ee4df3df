"""The variables that we read are those that are known, and a slip is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bot
from bot.variables import INPUTS, KNOWN, slip_of, unknown

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
