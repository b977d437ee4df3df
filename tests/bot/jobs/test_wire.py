"""A look on its way into the database and back: whatever stands there, it becomes a look of the call."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.wire import MAX_CLAIMS, MAX_TEXT, UNREADABLE, read_look, write_look
from reviewers.core.call import Attempt, Call, Cleared, Look, Opinion, Partial, Reading, Task, Usage
from reviewers.core.change import HunkRef
from reviewers.core.finding import Ruling, Severity, Source
from reviewers.core.policy import CLAUDE
from reviewers.core.settle import VERIFIER
from reviewers.registry import REVIEWERS
from tests.builders import claim, finding

SECURITY, STYLE = REVIEWERS[0], REVIEWERS[1]
CALL = Call("security", CLAUDE, 2)
VERIFY = Call(VERIFIER, CLAUDE, 1, round=2, task=Task.VERIFY, candidates=(finding(),))
LOOK = Look(
    CALL,
    Reading.READ,
    claims=(claim(source=Source("security", CLAUDE, 2, "claude-x", "", Severity.HIGH)),),
    cleared=(Cleared("a.py", 3, "x = 1", "it is a constant"),),
    partial=(Partial(HunkRef("a.py", 0), Reading.TOO_LARGE),),
    attempts=(Attempt(0.5, 1.5, "ok", Usage(10, 20, 30, 40)),),
    usage=Usage(10, 20, 30, 40),
    cost=0.0125,
    model="claude-x",
    start=5.0,
    waited=0.5,
    seconds=2.0,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(sorted(write_look(LOOK)))


def stored(look: Look) -> Any:
    """As it comes out of the database: JSON, and nothing but."""
    return json.loads(json.dumps(write_look(look)))


def test_a_look_comes_back_as_it_was() -> None:
    assert read_look(stored(LOOK), CALL, SECURITY) == LOOK


def test_a_verifiers_look_comes_back_with_its_opinions_and_no_claims() -> None:
    look = Look(VERIFY, Reading.READ, opinions=(Opinion("ab12", Ruling.CONFIRMED, "so it is"),))
    assert read_look(stored(look), VERIFY, None) == look
    forged = stored(replace(look, claims=(claim(),)))
    assert read_look(forged, VERIFY, None).claims == ()


def test_a_reviewers_look_gives_no_opinions() -> None:
    look = replace(LOOK, opinions=(Opinion("ab12", Ruling.REFUTED, "no"),))
    assert read_look(stored(look), CALL, SECURITY).opinions == ()


@given(json_values)
def test_any_json_becomes_a_look(value: Any) -> None:
    look = read_look(value, CALL, SECURITY)
    assert look.call is CALL
    assert look.reading is Reading.FAILED or isinstance(look.cost, float | None)


@given(st.dictionaries(keys, json_values, max_size=3))
def test_any_json_in_any_field_becomes_a_look(forged: dict[str, Any]) -> None:
    look = read_look({**stored(LOOK), **forged}, CALL, SECURITY)
    assert look.call is CALL
    for one in look.claims:
        assert one.source.reviewer == "security"
        assert one.rule.startswith("security/")


@pytest.mark.parametrize(
    ("forged", "told"),
    [
        ({"rule": "style/naming"}, "security/other"),
        ({"rule": "security/../../x"}, "security/other"),
        ({"rule": ""}, "security/other"),
        ({"rule": "sql-injection"}, "security/sql-injection"),
    ],
)
def test_a_rule_is_one_of_the_reviewers(forged: dict[str, Any], told: str) -> None:
    assert _with(forged).claims[0].rule == told


def test_a_severity_is_not_above_the_reviewers_ceiling() -> None:
    data = stored(LOOK)
    data["claims"][0]["severity"] = int(Severity.CRITICAL)
    look = read_look(data, Call("style", CLAUDE, 1), STYLE)
    assert look.claims[0].severity == STYLE.ceiling
    assert look.claims[0].source.severity == STYLE.ceiling


def test_a_source_is_the_call_whatever_it_says() -> None:
    forged = {
        "source": {**stored(LOOK)["claims"][0]["source"], "reviewer": "x", "engine": "static"}
    }
    source = _with(forged).claims[0].source
    assert (source.reviewer, source.engine, source.vote) == ("security", CLAUDE, 2)


@pytest.mark.parametrize("field", ["path", "quote", "title", "body", "fix", "suggestion"])
def test_huge_texts_are_left_out(field: str) -> None:
    assert _with({field: "x" * MAX_TEXT}).claims
    assert _with({field: "x" * (MAX_TEXT + 1)}).claims == ()


@pytest.mark.parametrize("lines", [(0, 1), (-1, 1), (3, 2)])
def test_lines_that_are_none_are_left_out(lines: tuple[int, int]) -> None:
    assert _with({"line": lines[0], "end_line": lines[1]}).claims == ()


def test_so_many_claims_are_taken_and_no_more() -> None:
    data = stored(LOOK)
    data["claims"] = data["claims"] * (MAX_CLAIMS + 5)
    data["cleared"] = data["cleared"] * (MAX_CLAIMS + 5)
    look = read_look(data, CALL, SECURITY)
    assert len(look.claims) == MAX_CLAIMS
    assert len(look.cleared) == MAX_CLAIMS


def test_half_characters_are_stored_and_told_as_whole_ones() -> None:
    """A lone surrogate can come out of JSON, and goes into no database and no request."""
    look = _with({"title": "a\ud800b", "quote": "\udfff"})
    look.claims[0].title.encode()
    look.claims[0].quote.encode()


@pytest.mark.parametrize(
    "forged",
    [
        {"cost": -1.0},
        {"cost": float("nan")},
        {"seconds": float("inf")},
        {"waited": -0.5},
        {"usage": {"uncached": -1, "written": 0, "read": 0, "out": 0}},
        {"reading": "excellent"},
        {"claims": [{"source": 1}]},
        {"partial": [{"hunk": {"path": "a", "index": "b"}, "reading": "read"}]},
    ],
)
def test_what_cannot_be_is_a_look_that_failed(forged: dict[str, Any]) -> None:
    look = read_look({**stored(LOOK), **forged}, CALL, SECURITY)
    assert look == Look(CALL, Reading.FAILED, detail=UNREADABLE)


def _with(forged: dict[str, Any]) -> Look:
    """The look with something else in its claim."""
    data = stored(LOOK)
    data["claims"][0].update(forged)
    return read_look(data, CALL, SECURITY)
