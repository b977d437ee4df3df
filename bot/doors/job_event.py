"""From an Actions event to what is to be done. Pure; what it trusts is checked by `admission`.

The event file is written by GitHub, but the texts in it are anybody's: numbers and commits are taken
from it, a comment only as `commands` reads it, and nothing is ever interpreted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.doors.commands import Command, Refusal, parse_command
from bot.doors.inputs import Inputs
from bot.errors import UsageProblem
from bot.jobs.protocol import Verb

BY_HAND = ("workflow_dispatch", "repository_dispatch")
"""Events that name a pull request by the input `pull-request`; who sends them may write."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who caused the event."""

    login: str
    id: int
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """The comment that holds a command, as it was when the event came."""

    id: int
    body: str
    author: Account
    created_at: str


@dataclass(frozen=True, slots=True)
class ReviewPull:
    """Review one pull request.

    `head` is the commit that the event is about, "" where it names none. `comment` and `approver`
    are people whose permission must be read first. `is_target`: the job holds secrets although the
    change may be a stranger's, so that the workspace must not hold it. `label` is the label that was
    given, "" where the event is about none.
    """

    number: int
    head: str = ""
    comment: Comment | None = None
    approver: Account | None = None
    is_target: bool = False
    is_asked: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """Post what another workflow run left: the second half of the fork recipe."""

    run: int


@dataclass(frozen=True, slots=True)
class ReviewOpen:
    """Review every open pull request that is not reviewed yet."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is to be done; `quiet` ones are not worth a line on the run's page."""

    why: str
    quiet: bool = False


Asked = ReviewPull | ReviewRun | ReviewOpen | Skip


def read_job_event(event: str, payload: Mapping[str, Any], inputs: Inputs) -> Asked:
    """What an event asks for. UsageProblem for an event that the Action has no part in."""
    if inputs.pull_request is not None and event not in BY_HAND:
        raise UsageProblem(
            f"The input pull-request does not go with the event {event}.",
            "Leave it out, or run the workflow by workflow_dispatch.",
        )
    match event:
        case "pull_request" | "pull_request_target":
            return _pull_request(payload, is_target=event == "pull_request_target")
        case "issue_comment":
            return _comment(payload)
        case "workflow_dispatch" | "repository_dispatch":
            return ReviewPull(inputs.pull_request or _asked_for(payload), is_asked=True)
        case "workflow_run":
            if payload.get("action") != "completed":
                return Skip("the workflow run is not complete", quiet=True)
            return ReviewRun(_number(_table(payload, "workflow_run"), "id"))
        case "schedule":
            return ReviewOpen()
    raise UsageProblem(
        f"Triptych has nothing to do on the event {event or '(none)'}.",
        "Run it on pull_request, pull_request_target, issue_comment, workflow_dispatch, "
        "workflow_run or schedule.",
    )


def _pull_request(payload: Mapping[str, Any], *, is_target: bool) -> Asked:
    action = payload.get("action")
    pull = _table(payload, "pull_request")
    if action == "closed":
        return Skip("the pull request was closed")
    if action == "edited" and "base" not in (payload.get("changes") or {}):
        return Skip("only the pull request's text was edited", quiet=True)
    # A label is a maintainer's word only if a maintainer gave it: triage is enough to label.
    approver = _account(payload, "sender") if action == "labeled" and is_target else None
    return ReviewPull(
        _number(pull, "number"),
        _text(_table(pull, "head"), "sha"),
        approver=approver,
        is_target=is_target,
        label=_label(payload) if action == "labeled" else "",
    )


def _label(payload: Mapping[str, Any]) -> str:
    """Its name; "" where it is deleted already."""
    label = payload.get("label")
    return str(label.get("name") or "") if isinstance(label, Mapping) else ""


def _comment(payload: Mapping[str, Any]) -> Asked:
    if payload.get("action") != "created":
        return Skip("only a new comment is obeyed", quiet=True)
    issue, comment = _table(payload, "issue"), _table(payload, "comment")
    if not issue.get("pull_request"):
        return Skip("the comment is on no pull request", quiet=True)
    body = str(comment.get("body") or "")
    author = _account(comment, "user")
    match parse_command(body):
        case None:
            return Skip("the comment holds no command", quiet=True)
        case _ if author.is_bot:
            return Skip("commands of bots are not obeyed")
        case Refusal(what, do):
            return Skip(f"{what} {do}")
        case Command(Verb.REVIEW):
            said = Comment(_number(comment, "id"), body, author, str(comment.get("created_at")))
            return ReviewPull(_number(issue, "number"), comment=said, is_asked=True)
        case Command(verb):
            return Skip(f"the Action answers `review` only; `{verb.value}` needs the GitHub App")


def _asked_for(payload: Mapping[str, Any]) -> int:
    """The number among the inputs of a dispatched workflow, by the usual names."""
    given = payload.get("inputs") or payload.get("client_payload") or {}
    for name in ("pull-request", "pull_request"):
        text = str(given.get(name) or "") if isinstance(given, Mapping) else ""
        if text.isascii() and text.isdigit() and 0 < len(text) < 11:
            return int(text)
    raise UsageProblem("No pull request was named.", "Give its number in the input pull-request.")


def _account(table: Mapping[str, Any], key: str) -> Account:
    user = _table(table, key)
    login = _text(user, "login")
    return Account(login, _number(user, "id"), user.get("type") != "User" or "[" in login)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key)
    if not isinstance(found, Mapping):
        raise _unexpected(key)
    return found


def _number(table: Mapping[str, Any], key: str) -> int:
    found = table.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise _unexpected(key)
    return found


def _text(table: Mapping[str, Any], key: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found:
        raise _unexpected(key)
    return found


def _unexpected(key: str) -> UsageProblem:
    return UsageProblem(
        f"The event file has no usable {key!r}.", "Run the Action as a step of a workflow."
    )
