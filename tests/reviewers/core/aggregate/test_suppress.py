"""What people or the configuration decided not to see, and each removal listed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewers.core.aggregate.suppress import suppress
from reviewers.core.change import Change
from reviewers.core.finding import Dropped, Finding, Kept, Location, Reason, Severity
from reviewers.core.history import Dismissal, Known, State
from reviewers.core.policy import Policy
from tests.builders import finding, orders_change, policy, source

LINE = '    rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
BEFORE = '    order_by = request.args["order_by"]'


def told(found: Finding, known: Known | None = None, under: Policy | None = None) -> Kept:
    matched = {found.id: known} if known else {}
    return suppress([found], under or policy(), matched, orders_change())


def dismissed(quote: str = LINE) -> Known:
    by = Dismissal("mlee", "2026-11-20", "Only the nightly job calls this.")
    return Known(finding(quote=quote), State.DISMISSED, by)


@pytest.mark.parametrize(
    ("state", "kept"),
    [(State.OPEN, True), (State.FIXED, True), (State.LATE, True), (State.DISMISSED, False)],
)
def test_only_what_a_person_dismissed_is_held_back(state: State, kept: bool) -> None:
    assert bool(told(finding(quote=LINE), replace(dismissed(), state=state)).findings) is kept


@pytest.mark.parametrize(
    ("then", "now", "holds"),
    [
        (Severity.MEDIUM, Severity.LOW, True),
        (Severity.MEDIUM, Severity.MEDIUM, True),
        (Severity.MEDIUM, Severity.HIGH, False),
        (Severity.MEDIUM, Severity.CRITICAL, False),
        (Severity.CRITICAL, Severity.CRITICAL, True),
    ],
)
def test_a_dismissal_holds_for_what_is_no_graver(
    then: Severity, now: Severity, holds: bool
) -> None:
    """The line stands as it stood; what flows into it may have changed."""
    before = dismissed()
    before = replace(before, finding=replace(before.finding, severity=then))
    assert bool(told(finding(quote=LINE, severity=now), before).dropped) is holds


def test_a_dismissal_is_told_with_the_name_of_who_decided() -> None:
    found = finding(quote=LINE)
    assert told(found, dismissed()).dropped == (Dropped(found, Reason.DISMISSED, "mlee"),)


@pytest.mark.parametrize(
    ("now", "then", "place", "holds"),
    [
        (LINE, LINE, (6, 6), True),
        (LINE.strip(), LINE, (6, 6), True),
        ("db.execute(", LINE, (6, 6), True),
        (f"{BEFORE}\n{LINE}", LINE, (5, 6), True),
        (LINE, LINE.replace("orders", "invoices"), (6, 6), False),
        (LINE, LINE.removesuffix(")"), (6, 6), False),
        (LINE, BEFORE, (6, 6), False),
        (LINE, "", (6, 6), False),
        (LINE, LINE, None, True),
        (LINE, BEFORE, None, False),
    ],
    ids=[
        *("same", "other white space", "part of the line is quoted now", "more is quoted now"),
        *("changed", "made longer", "another line", "the old code is not known"),
        *("without a line", "without a line, changed"),
    ],
)
def test_a_dismissal_holds_until_the_line_changes(
    now: str, then: str, place: tuple[int, int] | None, holds: bool
) -> None:
    location = Location("api/orders.py", *place) if place else None
    found = finding(quote=now, location=location)
    assert bool(told(found, dismissed(then)).dropped) is holds


@pytest.mark.parametrize(
    ("pattern", "dropped"),
    [
        ("security/sql-injection", True),
        ("security/*", True),
        ("sql-injection", True),
        ("*", True),
        ("security", False),
        ("style/*", False),
        ("security/sql", False),
    ],
)
def test_rules_that_the_configuration_ignores(pattern: str, dropped: bool) -> None:
    kept = told(finding(), under=policy(ignore_rules=(pattern,)))
    assert bool(kept.dropped) is dropped
    if dropped:
        expected = Dropped(finding(), Reason.IGNORED_RULE, "security/sql-injection")
        assert kept.dropped == (expected,)


@pytest.mark.parametrize(
    ("severity", "names", "kept"),
    [
        (Severity.LOW, ("style",), False),
        (Severity.MEDIUM, ("style",), True),
        (Severity.HIGH, ("style",), True),
        (Severity.LOW, ("security",), True),
        (Severity.LOW, ("style", "security"), True),
        (Severity.LOW, ("gone",), True),
    ],
    ids=[
        *("below", "at the floor", "above", "another's floor", "the lowest of two floors"),
        "a reviewer that is gone",
    ],
)
def test_a_reviewer_s_floor(severity: Severity, names: tuple[str, ...], kept: bool) -> None:
    reviewers = tuple(
        replace(r, floor=Severity.MEDIUM) if r.id == "style" else r for r in policy().reviewers
    )
    found = finding(severity=severity, sources=tuple(source(name) for name in names))
    result = told(found, under=policy(reviewers=reviewers))
    assert bool(result.findings) is kept
    assert [(d.reason, d.detail) for d in result.dropped] == (
        [] if kept else [(Reason.BELOW_FLOOR, "medium")]
    )


def test_in_a_file_that_is_gone_a_dismissal_goes_by_the_quote() -> None:
    matched = {finding().id: dismissed()}
    for quote, holds in ((LINE, True), (BEFORE, False)):
        kept = suppress([finding(quote=quote)], policy(), matched, Change(()))
        assert bool(kept.dropped) is holds
