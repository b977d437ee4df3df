"""An answer is checked item by item; nothing is mended, nothing vanishes, nothing of ours leaks."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewers.core.finding import SEVERITY_WORDS, Reason, Ruling, Severity, Side
from reviewers.core.reviewer import Reviewer, Rule
from reviewers.engines.claude.answer import MAX_ITEMS, SCHEMA, Answer, UnreadableError, read_answer
from reviewers.registry import REVIEWERS
from tests.builders import source
from tests.fakes.anthropic import reported

CANARY = "tptcanary0123456"
REVIEWER = Reviewer("security", "", (Rule("security/sql-injection", "text becomes a query"),))
FINDING = reported("a.py", 3, "x = 1")
CLEARED = {"path": "a.py", "line": 3, "quote": "x = 1", "reason": "a constant"}
OPINION = {
    "finding": "5b21c7a0b1c2",
    "ruling": "refuted",
    "reason": "guarded",
    "path": "a.py",
    "quote": "if not x:",
}


def read(*findings: Any, reviewer: Reviewer | None = REVIEWER, **more: Any) -> Answer:
    """What is made of an answer with these findings."""
    said = {"findings": list(findings), "cleared": [], "opinions": [], **more}
    return read_answer(json.dumps(said), reviewer, source(), CANARY)


def test_a_finding_becomes_a_claim_of_its_source() -> None:
    (claim,) = read({**FINDING, "end_line": 4, "side": "LEFT", "replace_with": "x = 2"}).claims
    assert (claim.path, claim.line, claim.end_line, claim.side) == ("a.py", 3, 4, Side.LEFT)
    assert (claim.quote, claim.suggestion) == ("x = 1", "x = 2")
    assert (claim.rule, claim.severity) == ("security/sql-injection", Severity.HIGH)
    assert (claim.source.reviewer, claim.source.vote) == ("security", 1)
    assert (claim.source.rule, claim.source.severity) == ("security/sql-injection", Severity.HIGH)


def test_cleared_places_and_opinions_are_taken_too() -> None:
    answer = read(cleared=[CLEARED], opinions=[OPINION])
    (cleared,), (opinion,) = answer.cleared, answer.opinions
    assert (cleared.path, cleared.line, cleared.reason) == ("a.py", 3, "a constant")
    assert (opinion.finding, opinion.ruling) == ("5b21c7a0b1c2", Ruling.REFUTED)
    assert (opinion.path, opinion.quote) == ("a.py", "if not x:")
    assert answer.dropped == ()


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("security/sql-injection", "security/sql-injection"),
        ("sql-injection", "security/sql-injection"),
        ("security/invented", "security/other"),
        ("style/naming", "security/other"),
        ("", "security/other"),
        ("../../etc", "security/other"),
    ],
)
def test_a_rule_outside_the_closed_list_is_other(said: str, rule: str) -> None:
    (claim,) = read({**FINDING, "rule": said}).claims
    assert claim.rule == rule
    assert claim.source.rule == said


def test_no_claim_is_graver_than_its_reviewer_allows() -> None:
    modest = Reviewer("style", "", ceiling=Severity.LOW)
    (claim,) = read({**FINDING, "severity": "critical"}, reviewer=modest).claims
    assert claim.severity is claim.source.severity is Severity.LOW


def test_an_end_before_the_beginning_is_the_beginning() -> None:
    (claim,) = read({**FINDING, "line": 9, "end_line": 2}).claims
    assert (claim.line, claim.end_line) == (9, 9)


WRONG: dict[str, Any] = {
    "no-object": "text",
    "nothing": None,
    "list": [FINDING],
    "empty": {},
    "missing-key": {k: v for k, v in FINDING.items() if k != "quote"},
    "extra-key": {**FINDING, "approve": True},
    "severity": {**FINDING, "severity": "CRITICAL"},
    "severity-number": {**FINDING, "severity": 4},
    "side": {**FINDING, "side": "right"},
    "side-more": {**FINDING, "side": "RIGHT\nLEFT"},
    "negative-line": {**FINDING, "line": -1},
    "line-zero": {**FINDING, "line": 0},
    "huge-line": {**FINDING, "line": 10**12},
    "line-text": {**FINDING, "line": "3"},
    "line-fraction": {**FINDING, "line": 3.0},
    "line-boolean": {**FINDING, "line": True},
    "no-path": {**FINDING, "path": ""},
    "no-title": {**FINDING, "title": ""},
    "blank-title": {**FINDING, "title": " \x1f\n"},
    "title-of-dots": {**FINDING, "title": " ... "},
    "long-text": {**FINDING, "body": "x" * 4001},
    "half-character": {**FINDING, "body": "\ud83d"},
    "suggestion": {**FINDING, "replace_with": ["x"]},
}


@pytest.mark.parametrize("item", WRONG.values(), ids=WRONG.keys())
def test_s52_an_item_that_does_not_fit_is_dropped_and_counted(item: Any) -> None:
    answer = read(FINDING, item, FINDING)
    assert len(answer.claims) == 2
    (dropped,) = answer.dropped
    assert dropped.reason is Reason.MALFORMED
    dropped.item.title.encode()


@pytest.mark.parametrize("item", WRONG.values(), ids=WRONG.keys())
def test_s52_findings_of_which_none_can_be_read_are_no_clean_answer(item: Any) -> None:
    """A model that writes severities in capitals must not look like one that found nothing."""
    with pytest.raises(UnreadableError):
        read(item, item)
    assert len(read(reviewer=None, findings=[item]).dropped) == 1, "a verifier is not asked for any"


@pytest.mark.parametrize(
    "more",
    [
        {"cleared": [{**CLEARED, "line": -1}]},
        {"cleared": ["all is well"]},
        {"opinions": [{**OPINION, "ruling": "approve"}]},
        {"opinions": [{**OPINION, "reason": "x" * 4001}]},
    ],
    ids=["line", "prose", "ruling", "length"],
)
def test_s52_cleared_places_and_opinions_are_counted_like_findings(more: dict[str, Any]) -> None:
    answer = read(FINDING, **more)
    assert (len(answer.claims), answer.cleared, answer.opinions) == (1, (), ())
    assert [d.reason for d in answer.dropped] == [Reason.MALFORMED]


def test_s52_what_is_behind_the_limit_is_counted() -> None:
    answer = read(*[FINDING] * (MAX_ITEMS + 7), cleared=[CLEARED] * (MAX_ITEMS + 2))
    assert (len(answer.claims), len(answer.cleared)) == (MAX_ITEMS, MAX_ITEMS)
    assert [d.reason for d in answer.dropped] == [Reason.OVER_LIMIT] * 9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No issues found.",
        '```json\n{"findings": [], "cleared": [], "opinions": []}\n```',
        '{"findings": [], "cleared": []}',
        '{"findings": null, "cleared": [], "opinions": []}',
        '{"findings": [], "cleared": [], "opinions": []} and more',
        "[]",
        "null",
        '{"findings": [',
        "[" * 100_000,
        '{"findings": [{"line": 1' + "0" * 5_000 + '}], "cleared": [], "opinions": []}',
    ],
    ids=[
        "empty",
        "prose",
        "fenced",
        "missing",
        "null",
        "more",
        "list",
        "no-object",
        "cut",
        "brackets",
        "long-number",
    ],
)
def test_what_is_not_the_agreed_json_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_answer(text, REVIEWER, source(), CANARY)


@pytest.mark.parametrize("depth", [900, 5_000, 20_000, 400_000])
def test_however_deep_an_item_is_it_harms_nobody(depth: int) -> None:
    """How deep JSON may be differs from Python to Python: either it is unreadable or one bad item."""
    deep = '{"a":' * depth + "1" + "}" * depth
    text = f'{{"findings": [{deep}], "cleared": [], "opinions": []}}'
    with suppress(UnreadableError):
        answer = read_answer(text, REVIEWER, source(), CANARY)
        assert (answer.claims, [d.reason for d in answer.dropped]) == ((), [Reason.MALFORMED])


PLACES = ("path", "quote", "rule", "title", "body", "fix", "replace_with")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("word", [CANARY, CANARY.upper(), f"see{CANARY}."])
def test_s47_a_finding_that_repeats_our_instructions_is_dropped_whole(
    place: str, word: str
) -> None:
    answer = read({**FINDING, place: f"My instructions say {word}"}, FINDING)
    assert len(answer.claims) == 1
    assert [d.reason for d in answer.dropped] == [Reason.LEAKED]
    assert CANARY not in repr(answer).lower()


@pytest.mark.parametrize(
    "said",
    [
        {"cleared": [{**CLEARED, "reason": CANARY}]},
        {"cleared": [{**CLEARED, "quote": CANARY}]},
        {"opinions": [{**OPINION, "reason": CANARY}]},
        {"opinions": [{**OPINION, "quote": CANARY}]},
        {"findings": [{"title": f"You review a change {CANARY}"}]},
        {"findings": [CANARY]},
        {"findings": [{**FINDING, CANARY: 1}]},
        {"findings": [FINDING] * MAX_ITEMS + [{"title": CANARY}]},
    ],
    ids=[
        "cleared",
        "cleared-quote",
        "opinion",
        "opinion-quote",
        "malformed-title",
        "text",
        "key",
        "behind-the-limit",
    ],
)
def test_s47_our_instructions_come_back_in_no_part_of_an_answer(said: dict[str, Any]) -> None:
    answer = read(**said)
    assert len(answer.dropped) == 1
    assert CANARY not in repr(answer)


def test_a_dropped_item_is_shown_on_one_line_without_hidden_characters() -> None:
    (dropped,) = read(FINDING, {"title": "one\n\ntwo\u202e", "path": "a\n.py"}).dropped
    assert (dropped.item.title, dropped.item.path) == ("one two‹U+202E›", "a .py")


def test_findings_of_a_verifier_are_not_taken() -> None:
    answer = read(FINDING, reviewer=None, opinions=[OPINION])
    assert answer.claims == ()
    assert len(answer.opinions) == 1
    assert [d.reason for d in answer.dropped] == [Reason.MALFORMED]


def test_the_schema_asks_for_exactly_what_is_read() -> None:
    """An item with the schema's properties fits; the schema leaves nothing open."""
    items = {name: SCHEMA["properties"][name]["items"] for name in SCHEMA["required"]}
    assert set(items) == {"findings", "cleared", "opinions"}
    for name, example in (("findings", FINDING), ("cleared", CLEARED), ("opinions", OPINION)):
        assert items[name]["required"] == list(items[name]["properties"])
        assert set(items[name]["properties"]) == set(example)
        assert items[name]["additionalProperties"] is False
    severity = items["findings"]["properties"]["severity"]["enum"]
    assert set(severity) == set(SEVERITY_WORDS)
    ruling = items["opinions"]["properties"]["ruling"]["enum"]
    assert {Ruling(word) for word in ruling} == set(Ruling)


def test_the_schema_names_no_reviewer_and_no_rule() -> None:
    """It is part of the cache's key and kept by the vendor apart from the content."""
    text = json.dumps(SCHEMA)
    assert not [r.id for r in REVIEWERS if r.id in text]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*FINDING, "extra"]), inner, max_size=12)
    ),
    max_leaves=20,
)


@settings(max_examples=100)
@given(st.lists(JSON, max_size=5), st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
def test_every_item_is_either_taken_or_counted(
    findings: list[Any], cleared: list[Any], opinions: list[Any]
) -> None:
    answer = read(FINDING, *findings, cleared=cleared, opinions=opinions)
    taken = len(answer.claims) + len(answer.cleared) + len(answer.opinions)
    assert taken + len(answer.dropped) == 1 + len(findings) + len(cleared) + len(opinions)
    for claim in answer.claims:
        assert claim.rule.startswith("security/")
        assert 1 <= claim.line <= claim.end_line
