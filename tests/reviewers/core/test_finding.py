"""The words that findings are told with, and when one is proven."""

from __future__ import annotations

import pytest

from reviewers.core.finding import (
    SEVERITY_WORDS,
    Finding,
    Location,
    Ruling,
    Severity,
    Verification,
    fingerprint,
)
from tests.builders import finding, source, static_source


def test_severities_are_ordered_and_have_words() -> None:
    assert sorted(Severity) == [Severity.parse(word) for word in SEVERITY_WORDS]
    assert SEVERITY_WORDS == ("info", "low", "medium", "high", "critical")
    assert Severity.parse(" High ") is Severity.HIGH


def test_an_unknown_severity_is_told_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match=r"'urgent' is no severity; use one of critical, high"):
        Severity.parse("urgent")


@pytest.mark.parametrize(
    ("found", "proven"),
    [
        (finding(), False),
        (finding(sources=(source(), static_source())), True),
        (finding(verification=Verification(Ruling.CONFIRMED, "")), True),
        (finding(verification=Verification(Ruling.UNCERTAIN, "")), False),
        (finding(verification=Verification(Ruling.REFUTED, "")), False),
    ],
    ids=["votes only", "an analyser, too", "confirmed", "uncertain", "refuted"],
)
def test_what_a_model_says_alone_is_never_proven(found: Finding, proven: bool) -> None:
    assert found.is_proven is proven


def test_names_stand_once_in_the_order_in_which_they_saw_it() -> None:
    found = finding(sources=(source("style"), source("security"), source("style", 2)))
    assert found.reviewers == ("style", "security")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (finding(line=6), 6),
        (finding(location=Location("x", 4, 9)), 4),
        (finding(line=None, seen_at=30), 30),
        (finding(line=None), 0),
    ],
    ids=["placed", "several lines", "seen", "the whole file"],
)
def test_the_line_that_people_are_told(found: Finding, line: int) -> None:
    assert found.line == line


def test_a_fingerprint_is_stable_for_ever() -> None:
    """Ids stand in posted reviews: this figure must never change."""
    assert fingerprint("security/ssrf", "a.py", "  get( url )", 0) == "8fd651fa1002"
    assert fingerprint("security/ssrf", "a.py", "get(url)", 0) == "8fd651fa1002"


def test_a_fingerprint_takes_any_name() -> None:
    parts = [
        ("a", "b", "c", 0),
        ("a\0b", "", "c", 0),
        ("a", "b", "c", 1),
        ("a", "lat\udce9n", "c", 0),
    ]
    assert len({fingerprint(*p) for p in parts}) == len(parts)
