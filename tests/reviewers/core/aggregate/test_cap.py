"""Where each finding is shown. Nothing is thrown away; one loud voice displaces nobody."""

from __future__ import annotations

import pytest

from reviewers.core.aggregate.cap import cap, cap_claims
from reviewers.core.finding import Finding, Reason, Severity, Standing
from tests.builders import claim, finding

INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (finding(severity=CRITICAL), "inline"),
        (finding(severity=MEDIUM), "inline"),
        (finding(severity=LOW), "quiet"),
        (finding(severity=HIGH, line=None), "listed"),
        (finding(severity=MEDIUM, standing=Standing.LATE), "late"),
        (finding(severity=HIGH, standing=Standing.LATE), "inline"),
        (finding(severity=CRITICAL, standing=Standing.LATE, line=None), "listed"),
        (finding(severity=LOW, standing=Standing.LATE), "quiet"),
        (finding(severity=MEDIUM, standing=Standing.BACK), "inline"),
    ],
    ids=[
        *("critical", "medium", "low", "without a line", "late", "late and high"),
        *("late, critical, without a line", "late and low", "back"),
    ],
)
def test_where_a_finding_is_shown(found: Finding, place: str) -> None:
    shown = cap([found], floor=MEDIUM, inline_limit=20)
    places = {
        "listed": bool(shown.listed),
        "inline": bool(shown.inline),
        "late": bool(shown.late),
        "quiet": bool(shown.quiet),
    }
    expected = {place: True} | ({"listed": True} if place == "inline" else {})
    assert {name: there for name, there in places.items() if there} == expected


def test_the_first_of_the_list_are_inline_up_to_the_limit() -> None:
    placed = [finding(line=n, id=str(n)) for n in range(1, 6)]
    shown = cap([finding(line=None, id="x"), *placed], floor=MEDIUM, inline_limit=3)
    assert [f.id for f in shown.inline] == ["1", "2", "3"]
    assert [f.id for f in shown.listed] == ["x", "1", "2", "3", "4", "5"]


def test_every_finding_is_in_one_list() -> None:
    said = [
        finding(severity=s, standing=t, line=n)
        for s in Severity
        for t in Standing
        for n in (None, 1)
    ]
    shown = cap(said, floor=MEDIUM, inline_limit=2)
    assert len(shown.listed) + len(shown.late) + len(shown.quiet) == len(said)
    assert set(shown.inline) <= set(shown.listed)


def test_s46_the_gravest_of_a_loud_voice_are_kept_in_its_order() -> None:
    said = [claim(line=n, severity=s) for n, s in enumerate([LOW, HIGH, LOW, CRITICAL, HIGH], 1)]
    kept, dropped = cap_claims(said, limit=3)
    assert [c.line for c in kept] == [2, 4, 5]
    assert [(d.item, d.reason) for d in dropped] == [
        (said[0], Reason.OVER_LIMIT),
        (said[2], Reason.OVER_LIMIT),
    ]


def test_s46_of_500_findings_of_one_call_the_limit_is_kept_and_the_rest_counted() -> None:
    kept, dropped = cap_claims([claim(line=n) for n in range(500)], limit=30)
    assert [c.line for c in kept] == list(range(30))
    assert len(dropped) == 470


def test_a_quiet_voice_is_not_touched() -> None:
    assert cap_claims([claim()], limit=30) == ((claim(),), ())
    assert cap_claims([], limit=30) == ((), ())
