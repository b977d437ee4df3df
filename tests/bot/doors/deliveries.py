"""GitHub's deliveries, small: a payload says what it is about, its defaults are fine."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from tests.builders import BASE, HEAD

SECRET = "It's a Secret to Everybody"
GUID = "0f3c6e2a-9d5b-11ef-8a1c-0242ac120002"
TIME = "2026-11-20T10:00:00Z"
NUMBER, INSTALLATION, REPOSITORY, COMMENT, AUTHOR = 42, 77, 9001, 5150, 583231

ALICE = {"login": "alice", "id": AUTHOR, "type": "User"}
OURS = {"login": "triptych[bot]", "id": 4242, "type": "Bot"}


def payload(action: str, **more: Any) -> dict[str, Any]:
    """What every event of an installation on `acme` has."""
    return {
        "action": action,
        "installation": {"id": INSTALLATION, "node_id": "MDIz"},
        "repository": {
            "id": REPOSITORY,
            "full_name": "acme/shop",
            "owner": {"login": "acme", "id": 1, "type": "Organization"},
        },
        "sender": ALICE,
        **more,
    }


def pull_request(action: str = "opened", **more: Any) -> dict[str, Any]:
    """A `pull_request` event."""
    pull = {
        "number": NUMBER,
        "state": "open",
        "draft": False,
        "title": "Sort orders",
        "body": None,
        "head": {"sha": HEAD, "ref": "sort"},
        "base": {"sha": BASE, "ref": "main", "repo": {"id": REPOSITORY}},
    }
    return payload(action, number=NUMBER, pull_request=pull, **more)


def listed_pull(number: int = NUMBER, repository: int = REPOSITORY) -> dict[str, Any]:
    """A pull request as a check names it."""
    return {"id": 1, "number": number, "base": {"repo": {"id": repository}, "sha": BASE}}


def check_run(action: str = "rerequested", *pulls: Any, **more: Any) -> dict[str, Any]:
    """A `check_run` event."""
    run = {
        "id": 7,
        "head_sha": HEAD,
        "started_at": TIME,
        "completed_at": TIME,
        "pull_requests": list(pulls),
    }
    return payload(action, **{"check_run": run | more.pop("run", {}), **more})


def check_suite(*pulls: Any, **more: Any) -> dict[str, Any]:
    """A `check_suite` event, rerequested."""
    suite = {"id": 8, "head_sha": HEAD, "updated_at": TIME, "pull_requests": list(pulls)}
    return payload("rerequested", check_suite=suite, **more)


def comment(body: str, action: str = "created", **more: Any) -> dict[str, Any]:
    """An `issue_comment` event on a pull request. `user` and `issue` take other ones' places."""
    user = more.pop("user", ALICE)
    issue = more.pop("issue", {"number": NUMBER, "pull_request": {"url": "https://x.test"}})
    said = {"id": COMMENT, "user": user, "body": body, "created_at": TIME, "updated_at": TIME}
    return payload(action, **{"sender": user, **more}, issue=issue, comment=said)


def reply(
    body: str,
    parent: int | None = 600,
    action: str = "created",
    user: Mapping[str, Any] = ALICE,
) -> dict[str, Any]:
    """A `pull_request_review_comment` event; `parent` None: it begins its thread."""
    made = pull_request(action)
    said = {"id": COMMENT, "user": user, "body": body, "updated_at": TIME}
    return {**made, "comment": said if parent is None else {**said, "in_reply_to_id": parent}}


def installation(action: str, **more: Any) -> dict[str, Any]:
    """An `installation` or `installation_repositories` event: no repository, a whole account."""
    made = payload(action, **more)
    del made["repository"]
    made["installation"] = {"id": INSTALLATION, "account": {"login": "acme", "id": 1}}
    return made


def encoded(value: Any) -> bytes:
    """A body, as GitHub writes JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    """What X-Hub-Signature-256 says of a body."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def headers(body: bytes, event: str = "pull_request", **more: str | None) -> dict[str, str]:
    """A delivery's headers; `x_github_event=None` leaves one out."""
    made: dict[str, str | None] = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": GUID,
        "X-Hub-Signature-256": signature(body),
        "Content-Type": "application/json",
    }
    for name, value in more.items():
        shown = {h.lower(): h for h in made}.get(name.replace("_", "-"), name.replace("_", "-"))
        made[shown] = value
    return {name: value for name, value in made.items() if value is not None}


def raw(given: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers as they come over the wire."""
    return tuple((k.encode("latin-1"), v.encode("latin-1")) for k, v in given.items())
