"""Reviewers and the rules of analysers are data: one test for all, and whoever adds one gets it free."""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.machinery
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, cast

import pytest

from reviewers.core.finding import Severity
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.reviewer import Reviewer
from reviewers.core.settle import VERIFIER
from reviewers.protocols import AnalyserRule
from reviewers.registry import ANALYSERS, ENGINES, REVIEWERS, build_engine

KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
LONGEST_CHARTER = 3000
"""It stands at the end of every prompt and is never cached."""

every_reviewer = pytest.mark.parametrize("reviewer", REVIEWERS, ids=lambda r: r.id)


def test_the_three_panels() -> None:
    assert [r.id for r in REVIEWERS[:3]] == ["security", "style", "correctness"]


def test_names_are_unique_and_nobody_is_the_verifier() -> None:
    names = [r.id for r in REVIEWERS]
    assert len(set(names)) == len(names)
    assert VERIFIER not in names


@every_reviewer
def test_a_reviewer_says_what_it_looks_for_in_few_words(reviewer: Reviewer) -> None:
    assert KEBAB.fullmatch(reviewer.id)
    assert 0 < len(reviewer.charter.strip()) < LONGEST_CHARTER
    assert reviewer.charter.startswith(f"You are the {reviewer.id} reviewer. Your one question: ")
    assert "Leave alone:" in reviewer.charter, "what it leaves to others"
    steps = [int(n) for n in re.findall(r"(?m)^(\d)\. ", reviewer.charter)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) >= 5, "what it looks for, in which order"
    assert "Work in this order" in reviewer.charter
    assert "stop at" not in reviewer.charter, "a step that does not apply ends nothing"
    assert "A finding must name " in reviewer.charter, "what it must prove"
    for word in ("medium:", "low:"):
        assert word in reviewer.charter, "what its severities mean"
    if reviewer.ceiling < Severity.CRITICAL:
        assert "critical:" not in reviewer.charter
    assert reviewer.title == reviewer.id.capitalize()


@every_reviewer
def test_rule_ids_are_kebab_case_under_their_reviewer(reviewer: Reviewer) -> None:
    for rule in reviewer.rules:
        owner, _, name = rule.id.partition("/")
        assert owner == reviewer.id
        assert KEBAB.fullmatch(name), rule.id
        assert name != "other", "it is there without being listed"


@every_reviewer
def test_every_rule_is_said_once_in_a_line(reviewer: Reviewer) -> None:
    ids = [rule.id for rule in reviewer.rules]
    texts = [rule.what for rule in reviewer.rules]
    assert ids
    assert len(set(ids)) == len(ids)
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert 10 <= len(text) <= 80
        assert not text.endswith(".")
        assert "\n" not in text


@every_reviewer
def test_a_model_picks_from_the_closed_list_or_says_other(reviewer: Reviewer) -> None:
    first = reviewer.rules[0].id
    assert reviewer.rule(first) == first
    assert reviewer.rule(first.partition("/")[2]) == first
    assert reviewer.rule("invented") == reviewer.other == f"{reviewer.id}/other"
    assert reviewer.rule("other") == reviewer.other
    assert reviewer.rule("") == reviewer.other
    stranger = next(r for r in REVIEWERS if r is not reviewer).rules[0].id
    assert reviewer.rule(stranger) == reviewer.other, "no reviewer speaks for another"


def test_style_is_never_graver_than_medium() -> None:
    assert [(r.id, r.ceiling) for r in REVIEWERS[:3]] == [
        ("security", Severity.CRITICAL),
        ("style", Severity.MEDIUM),
        ("correctness", Severity.CRITICAL),
    ]


def test_security_alone_is_never_outvoted_in_silence() -> None:
    assert [r.id for r in REVIEWERS if r.protected] == ["security"]


def test_nobody_has_a_floor_or_a_path_of_its_own_by_default() -> None:
    assert {(r.floor, r.paths) for r in REVIEWERS} == {(Severity.INFO, ())}


# --- Analysers


def test_no_two_analysers_share_a_name() -> None:
    assert len({a.name for a in ANALYSERS}) == len(ANALYSERS)


FORBIDDEN = re.compile(
    r"\b(?:may|might|could|should|would|consider|potential\w*|possibl\w*|probabl\w*|please|we|I"
    r"|detected|found|identified|use of|usage|avoid|do not|don't)\b|[!?;]|\.$",
    re.IGNORECASE,
)
VERBS = set(
    "Add Assign Await Bind Cache Call Catch Compare Correct Define Escape Give Keep Leave Load Make"
    " Move Name Parse Pass Raise Read Remove Rename Return Revoke Take Test Turn Use Write".split()
)


def every_rule() -> list[tuple[str, AnalyserRule]]:
    """The rules of all analysers, with a name for each."""
    return [(f"{a.name} {code}", rule) for a in ANALYSERS for code, rule in a.rules.items()]


@pytest.mark.parametrize("rule", [r for _, r in every_rule()], ids=[n for n, _ in every_rule()])
def test_words_follow_the_rules_of_wording(rule: AnalyserRule) -> None:
    assert rule.title
    assert len(rule.title.replace(" `{}`", "")) <= 60
    assert not FORBIDDEN.search(rule.title)
    assert rule.body.endswith(".")
    assert 0 < len(rule.body) <= 240
    assert len(re.findall(r"[.!?](?= |$)", rule.body.replace("Here: {}.", ""))) <= 2
    assert rule.fix.endswith(".")
    assert len(rule.fix) <= 200
    assert rule.fix.split()[0] in VERBS


@pytest.mark.parametrize("rule", [r for _, r in every_rule()], ids=[n for n, _ in every_rule()])
def test_a_rule_belongs_to_a_reviewer_who_knows_it(rule: AnalyserRule) -> None:
    """Else what it finds would be shown under a name that nobody has."""
    reviewer = next(r for r in REVIEWERS if r.id == rule.reviewer)
    assert rule.rule in {known.id for known in reviewer.rules}
    assert rule.severity <= reviewer.ceiling


# --- Engines


def test_both_engines_are_there_and_none_is_loaded_for_it() -> None:
    assert set(ENGINES) == {STATIC, CLAUDE}


@pytest.mark.parametrize(
    ("name", "title"), [("security", "Security"), ("public-api", "Public api"), ("", "")]
)
def test_a_title_begins_a_sentence(name: str, title: str) -> None:
    assert Reviewer(name, "").title == title


class SlowEngine(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for the Claude engine, and is loaded when the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Of this one module only."""
        return importlib.machinery.ModuleSpec(name, self) if name == ENGINES[CLAUDE] else None

    def exec_module(self, module: ModuleType) -> None:
        """Takes its time."""
        assert self.gate.wait(10)
        module.build = lambda brief: f"engine for {brief}"  # type: ignore[attr-defined]


@pytest.fixture
def slow_engine() -> Iterator[SlowEngine]:
    """It is found in the place of the real one, which is back afterwards."""
    package = importlib.import_module("reviewers.engines.claude")
    real = importlib.import_module(ENGINES[CLAUDE])
    slow = SlowEngine()
    sys.meta_path.insert(0, slow)
    del sys.modules[ENGINES[CLAUDE]]
    yield slow
    sys.meta_path.remove(slow)
    sys.modules[ENGINES[CLAUDE]] = real
    vars(package)["engine"] = real


async def test_while_an_engine_is_loaded_everything_else_goes_on(slow_engine: SlowEngine) -> None:
    """A server loads it beside its start; a review that needed it held all the others up."""
    beside = asyncio.create_task(asyncio.to_thread(importlib.import_module, ENGINES[CLAUDE]))
    building = asyncio.create_task(build_engine(CLAUDE, cast(Any, "a brief")))
    await asyncio.sleep(0.05)
    assert not building.done()
    slow_engine.gate.set()
    assert cast(Any, await building) == "engine for a brief"
    await beside
