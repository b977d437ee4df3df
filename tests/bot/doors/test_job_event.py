"""What each event asks for, and what is refused before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest

from bot.doors.inputs import Inputs
from bot.doors.job_event import (
    Account,
    Comment,
    ReviewOpen,
    ReviewPull,
    ReviewRun,
    Skip,
    read_job_event,
)
from bot.errors import UsageProblem
from tests.bot.doors.job import ALICE, LATER, NUMBER, comment, pull_request, user, workflow_run

HEAD = "4ead" + "0" * 36
COMMAND = "/triptych review"
SAID = Comment(7, COMMAND, Account("alice", ALICE), LATER)

EVENTS: list[tuple[str, dict[str, Any], Any]] = [
    ("pull_request", pull_request("opened", HEAD), ReviewPull(NUMBER, HEAD)),
    ("pull_request", pull_request("synchronize", HEAD), ReviewPull(NUMBER, HEAD)),
    ("pull_request", pull_request("labeled", HEAD), ReviewPull(NUMBER, HEAD)),
    (
        "pull_request",
        pull_request("labeled", HEAD, label={"name": "triptych"}),
        ReviewPull(NUMBER, HEAD, label="triptych"),
    ),
    (
        "pull_request",
        pull_request("unlabeled", HEAD, label={"name": "triptych"}),
        ReviewPull(NUMBER, HEAD),
    ),
    (
        "pull_request",
        pull_request("edited", HEAD, changes={"base": {"ref": {"from": "x"}}}),
        ReviewPull(NUMBER, HEAD),
    ),
    ("pull_request", pull_request("edited", HEAD, changes={"title": {}}), Skip),
    ("pull_request", pull_request("closed", HEAD), Skip),
    # Whether drafts are reviewed the base branch says.
    ("pull_request", pull_request("converted_to_draft", HEAD), ReviewPull(NUMBER, HEAD)),
    (
        "pull_request_target",
        pull_request("opened", HEAD),
        ReviewPull(NUMBER, HEAD, is_target=True),
    ),
    (
        "pull_request_target",
        pull_request("labeled", HEAD),
        ReviewPull(NUMBER, HEAD, approver=Account("alice", ALICE), is_target=True),
    ),
    ("issue_comment", comment(COMMAND), ReviewPull(NUMBER, comment=SAID, is_asked=True)),
    ("issue_comment", comment("Nice."), Skip),
    ("issue_comment", comment(COMMAND, action="edited"), Skip),
    ("issue_comment", comment(COMMAND, action="deleted"), Skip),
    ("issue_comment", comment(COMMAND, pull_request=None), Skip),
    ("issue_comment", comment(COMMAND, user("ci[bot]", 5, "Bot")), Skip),
    ("issue_comment", comment(COMMAND, user("ci[bot]", 5)), Skip),
    ("issue_comment", comment(f"{COMMAND} --engine claude"), Skip),
    ("issue_comment", comment(f"> {COMMAND}"), Skip),
    ("issue_comment", comment("/triptych stop"), Skip),
    ("workflow_dispatch", {"inputs": {"pull-request": "128"}}, ReviewPull(128, is_asked=True)),
    ("workflow_dispatch", {"inputs": {"pull_request": "128"}}, ReviewPull(128, is_asked=True)),
    ("workflow_run", workflow_run(), ReviewRun(900)),
    ("workflow_run", workflow_run(action="requested"), Skip),
    ("schedule", {"schedule": "0 6 * * *"}, ReviewOpen()),
]


@pytest.mark.parametrize(("event", "payload", "wanted"), EVENTS)
def test_what_an_event_asks_for(event: str, payload: dict[str, Any], wanted: Any) -> None:
    found = read_job_event(event, payload, Inputs())
    assert isinstance(found, Skip) if wanted is Skip else found == wanted


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {}),
        ("", {}),
        ("pull_request", {}),
        ("pull_request", {"pull_request": "x"}),
        ("pull_request", {"pull_request": {"number": "128; rm", "head": {"sha": HEAD}}}),
        ("pull_request", {"pull_request": {"number": True, "head": {"sha": HEAD}}}),
        ("pull_request", {"pull_request": {"number": 1, "head": {}}}),
        ("issue_comment", {"action": "created"}),
        ("workflow_dispatch", {}),
        ("workflow_dispatch", {"inputs": None}),
        ("workflow_dispatch", {"inputs": {"pull-request": "1;x"}}),
        ("workflow_dispatch", {"inputs": {"pull-request": "٣"}}),
        ("workflow_run", {"action": "completed", "workflow_run": {"id": "9"}}),
    ],
)
def test_what_cannot_be_used_is_told(event: str, payload: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        read_job_event(event, payload, Inputs())


def test_a_number_by_hand() -> None:
    by_hand = Inputs(pull_request=5)
    assert read_job_event("workflow_dispatch", {}, by_hand) == ReviewPull(5, is_asked=True)
    with pytest.raises(UsageProblem, match="does not go with"):
        read_job_event("issue_comment", comment(COMMAND), by_hand)
