"""Every rule that we ask ruff for exists, finds its example, and is told in words that say what happens."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Mapping
from functools import cache

import pytest
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from reviewers.core.finding import Claim
from reviewers.engines.static.ruff_refused import SYNTAX
from reviewers.engines.static.ruff_rules import RULES
from reviewers.registry import REVIEWERS
from tests.builders import change
from tests.reviewers.engines.static.examples import CORRECTNESS, EXAMPLES, SECURITY, STYLE
from tests.reviewers.engines.static.looking import static_look
from tests.reviewers.test_registry import FORBIDDEN


@cache
def claims() -> Mapping[str, tuple[Claim, ...]]:
    """What the engine says of each example, all of them in one change: one run per reviewer."""
    files: dict[str, tuple[str | None, str | None]] = {}
    for code, example in EXAMPLES.items():
        files[f"{code}/flagged.py"] = (None, example.flagged)
        files[f"{code}/clean.py"] = (None, example.clean)
    found: dict[str, list[Claim]] = {path: [] for path in files}
    for reviewer in REVIEWERS:
        look = asyncio.run(static_look(change(files), reviewer.id))
        assert not [run for run in look.analysers if run.reading.is_gap]
        for claim in look.claims:
            found[claim.path].append(claim)
    return {path: tuple(said) for path, said in found.items()}


@cache
def known() -> Mapping[str, str]:
    """ruff's rules by code, with their standing."""
    command = [find_ruff_bin(), "rule", "--all", "--output-format", "json"]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {row["code"]: next(iter(row["status"])) for row in rows}


@pytest.mark.parametrize("code", [code for code in RULES if code != SYNTAX])
def test_ruff_has_the_rule_and_stands_by_it(code: str) -> None:
    """A rule in preview is silently left out, a removed one is an error, another is renamed."""
    assert known()[code] == "Stable"


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == set(RULES)
    for reviewer, table in (("security", SECURITY), ("correctness", CORRECTNESS), ("style", STYLE)):
        assert {RULES[code].reviewer for code in table} == {reviewer}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_flagged_example_is_found_and_the_clean_one_is_not(code: str) -> None:
    flagged = [c for c in claims()[f"{code}/flagged.py"] if c.source.rule == code]
    assert len(flagged) >= 1
    assert {(c.rule, c.source.name) for c in flagged} == {(RULES[code].rule, "ruff")}
    assert code not in {c.source.rule for c in claims()[f"{code}/clean.py"]}


# --- Words


@pytest.mark.parametrize("path", [f"{code}/flagged.py" for code in EXAMPLES])
def test_titles_say_what_happens(path: str) -> None:
    """As they stand in a finding: with the name that ruff's message is about."""
    for claim in claims()[path]:
        assert 10 <= len(claim.title) <= 60
        assert not FORBIDDEN.search(claim.title)
        assert "{}" not in claim.title + claim.body
        assert claim.title.count("`") % 2 == 0
        assert claim.title[0].isupper() or claim.title[0] == "`"


NAMED = {
    "F407": "The feature `braces` is not in `__future__`",
    "F704": "The keyword `yield` stands outside of a function",
    "PLE0115": "The name `count` is both `nonlocal` and `global`",
    "PLE0117": "The nonlocal name `count` is in no function around",
    "PLE0118": "The name `count` is used before its `global` line",
    "F821": "The name `shiping` is not defined",
    "F822": "The name `total` in `__all__` is not defined",
    "F823": "The variable `count` is read before it has a value",
    "PLE0237": "The attribute `name` is not in `__slots__`",
    "F811": "The name `total` is defined again before it is used",
    "F402": "The loop variable `os` hides an import",
    "ASYNC105": "The call `trio.sleep` is not awaited",
    "B002": "The operator `++` changes nothing",
    "B020": "The loop variable `rows` replaces what is looped over",
    "B034": "The call `re.sub` gets its options by position",
    "F601": "The key `'a'` stands twice in the dictionary",
    "F602": "The key `a` stands twice in the dictionary",
    "PLE1132": "The argument `a` is passed twice",
    "PLE0302": "The method `__len__` takes a wrong number of arguments",
    "PLE0241": "The base class `A` is listed twice",
    "F401": "The import `os` is not used",
    "F841": "The variable `count` is assigned and never used",
    "F842": "The variable `count` is annotated and never used",
    "B014": "The handler names the error `KeyError` more than once",
    "B033": "The set lists the value `1` twice",
}
"""What titles look like whose rule is about a name: a change of ruff's messages shows here."""


def test_the_table_of_names_is_complete() -> None:
    assert set(NAMED) == {code for code, rule in RULES.items() if "{}" in rule.title}


@pytest.mark.parametrize("code", NAMED)
def test_the_title_names_what_it_is_about(code: str) -> None:
    titles = {c.title for c in claims()[f"{code}/flagged.py"] if c.source.rule == code}
    assert NAMED[code] in titles


def test_the_body_of_a_syntax_error_says_what_was_expected() -> None:
    (claim,) = claims()[f"{SYNTAX}/flagged.py"]
    assert claim.title == "The file cannot be parsed"
    assert claim.body == (
        "Python stops with a SyntaxError when it loads the file: "
        "Expected a parameter or the end of the parameter list."
    )
