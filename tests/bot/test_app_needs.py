"""What is missing, what can be done without, what nobody needs (cases S20 and S61)."""

from __future__ import annotations

import pytest

from bot.app_needs import EVENTS, PERMISSIONS, Access, Grant, compare

ENOUGH = {name: str(need.access) for name, need in PERMISSIONS.items()}

TABLE = [
    ("just enough", ENOUGH, EVENTS, Grant()),
    (
        "more of one",
        {**ENOUGH, "contents": "write"},
        EVENTS,
        Grant(spare=("contents: write",)),
    ),
    (
        "one that nobody needs",
        {**ENOUGH, "administration": "read"},
        EVENTS,
        Grant(spare=("administration: read",)),
    ),
    (
        "too little of one",
        {**ENOUGH, "pull_requests": "read"},
        EVENTS,
        Grant(missing=("pull_requests: write",)),
    ),
    (
        "nothing",
        {},
        (),
        Grant(
            missing=(
                *("metadata: read", "contents: read", "pull_requests: write"),
                *("event pull_request", "event issue_comment", "event pull_request_review_comment"),
            ),
            optional=("checks: write", "event check_run", "event check_suite"),
        ),
    ),
    (
        "no checks (S20)",
        {k: v for k, v in ENOUGH.items() if k != "checks"},
        [e for e in EVENTS if not e.startswith("check")],
        Grant(optional=("checks: write", "event check_run", "event check_suite")),
    ),
    (
        "a level unknown to us counts as the most",
        {**ENOUGH, "checks": "owner"},
        EVENTS,
        Grant(spare=("checks: admin",)),
    ),
    ("events that come anyway", ENOUGH, (*EVENTS, "installation", "ping"), Grant()),
    ("an event that nobody needs", ENOUGH, (*EVENTS, "push"), Grant(spare=("event push",))),
]


@pytest.mark.parametrize(
    ("held", "events", "grant"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_compare(held: dict[str, str], events: list[str], grant: Grant) -> None:
    assert compare(held, events) == grant


def test_nothing_that_could_change_code_or_approve_is_asked_for() -> None:
    """`contents: write` could; `workflows`, `actions`, `administration` are not even read."""
    assert set(PERMISSIONS) == {"metadata", "contents", "pull_requests", "checks"}
    assert PERMISSIONS["contents"].access is Access.READ
    assert all(need.why for need in PERMISSIONS.values())
