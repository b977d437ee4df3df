"""The verifying round removes only with code that is there; all else changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from reviewers.core.aggregate.verify import apply, rulings
from reviewers.core.call import Call, Look, Opinion, Reading, Task
from reviewers.core.finding import (
    Dissent,
    Dropped,
    Finding,
    Reason,
    Ruling,
    Severity,
    Verification,
)
from reviewers.core.policy import CLAUDE
from tests.builders import finding, look, orders_change, source, static_source

FOUND = finding()
CITED = "order = find_order(order_id)"
REFUTED = Verification(Ruling.REFUTED, "A guard.", "api/orders.py", 11, CITED, "m")


def opinion(ruling: Ruling, **more: Any) -> Opinion:
    values = {"path": "api/orders.py", "quote": CITED, "reason": "A guard.", **more}
    return Opinion(values.pop("finding", FOUND.id), ruling, **values)


def verifier(*opinions: Opinion, **more: Any) -> Look:
    asked = Call("verifier", CLAUDE, 1, round=3, task=Task.VERIFY, candidates=(FOUND,))
    return look(more.pop("call", asked), opinions=opinions, model="m", **more)


def ruled(*looks: Look) -> Verification | None:
    found = rulings(looks, orders_change())
    assert set(found) <= {FOUND.id}
    return found.get(FOUND.id)


@pytest.mark.parametrize(
    ("more", "ruling"),
    [
        ({}, Ruling.REFUTED),
        ({"quote": "find_order(order_id)"}, Ruling.REFUTED),
        ({"quote": ""}, Ruling.UNCERTAIN),
        ({"quote": "if order is None: raise NotFound"}, Ruling.UNCERTAIN),
        ({"quote": "order"}, Ruling.UNCERTAIN),
        ({"path": "api/other.py"}, Ruling.UNCERTAIN),
        ({"path": ""}, Ruling.UNCERTAIN),
    ],
    ids=["cited", "part of a line", "no quote", "invented", "too short", "no such file", "no path"],
)
def test_a_refutation_counts_only_with_code_that_is_found(
    more: dict[str, Any], ruling: Ruling
) -> None:
    verification = ruled(verifier(opinion(Ruling.REFUTED, **more)))
    assert verification is not None
    assert verification.ruling is ruling
    assert (verification.line == 11) == (ruling is Ruling.REFUTED)
    assert bool(verification.path) == (ruling is Ruling.REFUTED)


def test_a_confirmation_needs_no_citation_and_keeps_one_that_is_found() -> None:
    assert ruled(verifier(opinion(Ruling.CONFIRMED, quote=""))) == (
        Verification(Ruling.CONFIRMED, "A guard.", model="m")
    )
    cited = ruled(verifier(opinion(Ruling.CONFIRMED)))
    assert cited == Verification(Ruling.CONFIRMED, "A guard.", "api/orders.py", 11, CITED, "m")


@pytest.mark.parametrize(
    "looks",
    [
        (),
        (verifier(reading=Reading.CUT_OFF),),
        (verifier(reading=Reading.REFUSED),),
        (verifier(opinion(Ruling.REFUTED, finding="another-id")),),
        (verifier(opinion(Ruling.REFUTED), call=Call("security", CLAUDE, 1)),),
    ],
    ids=["no verifier", "cut off", "refused", "of another finding", "a reviewer's opinion"],
)
def test_a_verifier_that_fails_changes_nothing(looks: tuple[Look, ...]) -> None:
    assert ruled(*looks) is None
    kept = apply([FOUND], rulings(looks, orders_change()))
    assert (kept.findings, kept.dropped) == ((FOUND,), ())


@pytest.mark.parametrize("last", list(Ruling))
def test_of_several_verifiers_a_confirmation_wins(last: Ruling) -> None:
    two = (verifier(opinion(Ruling.CONFIRMED)), verifier(opinion(last)))
    for looks in (two, two[::-1]):
        verification = ruled(*looks)
        assert verification is not None
        assert verification.ruling is Ruling.CONFIRMED


# --- What a ruling does to a finding


def after(found: Finding, verification: Verification) -> Finding | Dropped:
    kept = apply([found], {found.id: verification})
    results: list[Finding | Dropped] = [*kept.findings, *kept.dropped]
    (result,) = results
    return result


@pytest.mark.parametrize("severity", [s for s in Severity if s is not Severity.CRITICAL])
def test_what_is_refuted_is_removed_and_listed_with_the_evidence(severity: Severity) -> None:
    result = after(finding(severity=severity), REFUTED)
    assert isinstance(result, Dropped)
    assert result.reason is Reason.REFUTED
    assert result.detail == "by `api/orders.py:11` (A guard.)"
    assert isinstance(result.item, Finding)
    assert result.item.verification == REFUTED


def test_a_refuted_critical_is_kept_one_step_down_with_the_refutation_beside_it() -> None:
    result = after(finding(severity=Severity.CRITICAL), REFUTED)
    assert isinstance(result, Finding)
    assert result.severity is Severity.HIGH
    assert result.dissent == (
        Dissent("verifier", 0, "`api/orders.py:11` speaks against it: A guard."),
    )
    assert result.note == "Reported as critical; refuted by `api/orders.py:11`."
    assert not result.is_proven


@pytest.mark.parametrize("severity", Severity)
def test_s43_s45_what_an_analyser_has_seen_is_never_removed_by_a_model(severity: Severity) -> None:
    """A verifier that obeys the change could cite any line that stands in it."""
    sources = (static_source(), source())
    result = after(finding(severity=severity, sources=sources), REFUTED)
    assert isinstance(result, Finding)
    assert (result.severity, result.note) == (severity, "")
    assert [d.reason for d in result.dissent] == ["`api/orders.py:11` speaks against it: A guard."]
    assert result.is_proven


def test_what_is_confirmed_answers_those_who_gave_a_reason_against_it() -> None:
    doubts = (Dissent("security", 2, "It is a constant."), Dissent("security", 3, ""))
    confirmed = Verification(Ruling.CONFIRMED, "It comes from the query string.")
    result = after(finding(dissent=doubts), confirmed)
    assert isinstance(result, Finding)
    assert [d.against for d in result.dissent] == ["It comes from the query string.", ""]
    assert result.is_proven


def test_an_uncertainty_is_noted_and_changes_nothing_else() -> None:
    doubts = (Dissent("security", 2, "It is a constant."),)
    unsure = Verification(Ruling.UNCERTAIN, "The caller is not shown.")
    result = after(finding(dissent=doubts), unsure)
    assert result == finding(dissent=doubts, verification=unsure)
