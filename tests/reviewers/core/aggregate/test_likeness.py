"""When two findings are one: the place, the code, the words, the voices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.aggregate.likeness import (
    NEAR_LINES,
    NEAR_WORDING,
    SAME_PLACE_WORDING,
    distance,
    most_central,
    retold,
    same,
    wording,
    words,
)
from reviewers.core.aggregate.places import Places
from reviewers.core.finding import Finding, Location, Side
from tests.builders import change, finding, source, static_source

SQL: dict[str, Any] = {
    "title": "Request data becomes SQL text",
    "body": "`order_by` comes from the query string.",
}
SQL_AGAIN: dict[str, Any] = {
    "title": "SQL injection by order_by",
    "body": "The query string becomes SQL text.",
}
CRASH: dict[str, Any] = {
    "title": "A missing order ends in status 500",
    "body": "The row is indexed without a check.",
}


def by(vote: int, line: int | None = 6, reviewer: str = "security", **more: Any) -> Finding:
    """What one vote says of one line."""
    return finding(line=line, sources=(source(reviewer, vote),), **{**SQL, **more})


# --- Words


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("The caller of findOrder() ignores errors", {"caller", "find", "order", "ignor", "error"}),
        ("ORDER_BY in HTTPServer", {"order", "http", "server"}),
        ("it is not to be", set()),
        ("", set()),
        ("日本", {"日本"}),
    ],
    ids=["sentence", "identifiers", "words that carry nothing", "empty", "other script"],
)
def test_the_words_that_carry_a_text(text: str, carried: set[str]) -> None:
    assert words(text) == carried


def test_the_measured_order_of_likeness() -> None:
    """Another wording of one fault is nearer than another fault (see tests/bench/likeness.py)."""
    one, again, other = (f"{x['title']} {x['body']}" for x in (SQL, SQL_AGAIN, CRASH))
    assert wording(one, again) >= NEAR_WORDING
    assert wording(one, other) < SAME_PLACE_WORDING < NEAR_WORDING


@given(st.text(), st.text())
def test_likeness_is_a_share_and_goes_both_ways(a: str, b: str) -> None:
    assert 0.0 <= wording(a, b) <= 1.0
    assert wording(a, b) == wording(b, a)
    assert wording(a, a) in (0.0, 1.0)


# --- Places


def at(line: int, end: int | None = None, side: Side = Side.RIGHT, path: str = "x.py") -> Finding:
    return finding(path, location=Location(path, line, end or line, side))


@pytest.mark.parametrize(
    ("a", "b", "lines"),
    [
        (at(5), at(5), 0),
        (at(5), at(8), 3),
        (at(5, 9), at(7), 0),
        (at(5, 9), at(6, 7), 0),
        (at(5, 9), at(10), 1),
        (at(5), at(5, side=Side.LEFT), None),
        (at(5), at(5, path="y.py"), None),
        (finding(line=None), finding(line=None), 0),
        (finding(line=None), finding(line=None, quote="other = code(1)"), None),
        (finding(line=None), finding(line=6), 0),
        (finding(line=None), finding(line=6, quote="other = code(1)"), None),
    ],
    ids=[
        *("one line", "three apart", "overlapping", "inside", "next to", "other side"),
        *("other file", "unplaced, same code", "unplaced, other code"),
        *("one placed, same code", "one placed, other code"),
    ],
)
def test_distance_in_lines(a: Finding, b: Finding, lines: int | None) -> None:
    assert distance(a, b) == lines
    assert distance(b, a) == lines


LOCKED = """\
def work(lock, rows):
    with lock:
        a = first(rows)
        b = second(a)
        return b
"""
UNLOCKED = """\
def work(lock, rows):
    lock.acquire()
    a = first(rows)
    b = second(a)
    return b
"""
FAR = "".join(f"x{n} = {n}\n" for n in range(40))
PLACES = Places(
    change({"x.py": (LOCKED + FAR, UNLOCKED + FAR + "y = 1\n"), "new.py": (None, "a = 1\n" * 60)})
)
LEAK: dict[str, Any] = {
    "rule": "correctness/resource-leak",
    "title": "The lock stays taken",
    "body": "",
}
LEAKS: dict[str, Any] = {**LEAK, "title": "When a step fails the lock stays"}
DEAF: dict[str, Any] = {**LEAK, "title": "Rows are read twice"}


def told(vote: int, line: int, side: Side = Side.RIGHT, path: str = "x.py", **more: Any) -> Finding:
    """What one vote says of a line of `PLACES`."""
    place = Location(path, line, line, side)
    by = (source("correctness", vote),)
    return finding(path, location=place, sources=by, **{**LEAK, **more})


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        (told(1, 2, Side.LEFT), told(2, 2), True),
        (told(1, 2, Side.LEFT), told(2, 2, **LEAKS), True),
        (told(1, 2, Side.LEFT), told(2, 2, **{**LEAKS, "rule": "correctness/other"}), True),
        (told(1, 2, Side.LEFT), told(2, 2, **DEAF), False),
        (told(1, 2, Side.LEFT), told(2, 9, **LEAKS), False),
        (told(1, 2), told(2, 8), True),
        (told(1, 2), told(2, 8, **LEAKS), False),
        (told(1, 2), told(2, 8, rule="correctness/other"), False),
        (told(1, 2), told(1, 8), False),
        (told(1, 2), told(2, 45), False),
        (told(1, 2), told(2, 8, path="new.py"), False),
        (told(1, 2, path="new.py"), told(2, 22, path="new.py"), True),
        (told(1, 2, path="new.py"), told(2, 23, path="new.py"), False),
    ],
    ids=[
        *("gone and new", "gone and new, like words", "other rule", "gone and new, other words"),
        "gone and further off, like words",
        *("another line", "another line, like words", "another line, other rule", "one voice"),
        *("another hunk", "another file", "a new file", "far away in a new file"),
    ],
)
def test_two_voices_that_quote_other_lines_of_one_fault(a: Finding, b: Finding, one: bool) -> None:
    assert retold(a, b, PLACES) is one
    assert retold(b, a, PLACES) is one


# --- One fault or two


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        (by(1), by(2), True),
        (by(1), by(2, **SQL_AGAIN), True),
        (by(1), by(2, **CRASH), True),
        (by(1), by(2, rule="security/ssrf", **SQL_AGAIN), True),
        (by(1), by(2, rule="security/ssrf", **CRASH), False),
        (by(1, rule="security/other"), by(2, rule="security/other", **CRASH), False),
        (by(1), by(2, line=6 + NEAR_LINES, **SQL_AGAIN), True),
        (by(1), by(2, line=6 + NEAR_LINES, **CRASH), False),
        (by(1), by(2, line=7 + NEAR_LINES), False),
        (by(1), by(1, reviewer="correctness", rule="correctness/other", **SQL_AGAIN), True),
        (by(1), finding(sources=(static_source(),), **CRASH), True),
        (by(1), by(2, line=None), True),
        (by(1), by(2, line=None, **CRASH), False),
        (by(1, line=None), by(2, line=None, **CRASH), True),
    ],
    ids=[
        *("said twice", "other words", "other words, same rule, same line"),
        *("other rule, like words", "other rule, other words", "no rule, other words"),
        *("near, like words", "near, other words", "too far", "another reviewer"),
        *("an analyser's words", "one without a line", "one without a line, other words"),
        "both without a line",
    ],
)
def test_two_voices_on_one_fault(a: Finding, b: Finding, one: bool) -> None:
    assert same(a, b) is one
    assert same(b, a) is one


@pytest.mark.parametrize(
    ("b", "one"),
    [
        (by(1), True),
        (by(1, **CRASH), False),
        (by(1, line=7), False),
        (by(1, rule="security/ssrf"), False),
    ],
    ids=["repeats itself", "same rule and line", "next line", "other rule"],
)
def test_one_voice_that_lists_two_findings_means_two(b: Finding, one: bool) -> None:
    assert same(by(1), b) is one


SECRET: dict[str, Any] = {
    "rule": "security/hardcoded-secret",
    "title": "A password stands in the code",
    "body": "Everyone who can read the repository knows it.",
}
AWS_KEY: dict[str, Any] = {
    **SECRET,
    "title": "An AWS access key stands in the code",
    "body": "Everyone who can read the repository has it.",
}
RUFF = (static_source("S105"),)
DETECTOR = (static_source("aws-access-key", name="secrets"),)


@pytest.mark.parametrize(
    ("apart", "one"), [(0, True), (1, False), (NEAR_LINES, False)], ids=["on it", "next", "near"]
)
def test_two_analysers_tell_of_one_fault_only_on_one_line(apart: int, one: bool) -> None:
    """Each has one set of words for all code: like ones on the next line tell of another credential."""
    password = finding(line=6, sources=RUFF, **SECRET)
    key = finding(line=6 + apart, sources=DETECTOR, **AWS_KEY)
    assert same(password, key) is same(key, password) is one
    again = replace(key, title=password.title, body=password.body)
    whole = Places(change({"api/orders.py": (None, "a = 1\n" * 30)}))
    assert not retold(password, again, whole)
    assert same(finding(line=6, sources=(source(),), **SECRET), again), "a vote chooses its words"


def test_the_most_central_wording_speaks_for_all() -> None:
    odd = by(3, title="Danger", body="This looks bad")
    assert most_central([odd, by(1), by(2, **SQL_AGAIN)]) == by(1)
    assert most_central([by(1), by(2)]) == by(1)


@pytest.mark.parametrize(
    ("a", "b", "least", "most"),
    [
        ("T B", "T  B", 1.0, 1.0),
        ("T B", "T C", 0.0, 0.0),
        ("", "", 0.0, 0.0),
        ("空のリストの先頭を読む", "空のリストの先頭を読む", 1.0, 1.0),
        ("Запрос попадает в SQL без проверки", "В SQL попадает запрос без проверки", 0.8, 1.0),
        ("Запрос попадает в SQL без проверки", "Цикл никогда не кончается", 0.0, 0.0),
    ],
    ids=["no words", "other", "nothing", "another script", "another alphabet", "other fault"],
)
def test_any_language_is_compared(a: str, b: str, least: float, most: float) -> None:
    """A model answers in the repository's language; the same answer thrice is one finding."""
    assert least <= wording(a, b) <= most
