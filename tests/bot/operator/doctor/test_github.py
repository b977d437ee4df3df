"""Doctor on the App: every fault by a table, and whole runs against the fake (cases S16, S19-S21)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app_needs import EVENTS, PERMISSIONS
from bot.app_settings import AppSettings
from bot.delivery import KEPT_SECONDS, Delivery
from bot.operator.doctor.check import Check, State
from bot.operator.doctor.github import (
    app_checks,
    clock_check,
    delivery_check,
    hook_checks,
    installation_checks,
    look,
    without_app,
)
from bot.operator.github_app import About, Hook, Installation, clock_skew, next_cursor
from bot.settings import Settings

ENOUGH = {name: str(need.access) for name, need in PERMISSIONS.items()}
SETTINGS = AppSettings(
    Path("/nonexistent"),
    "sqlite:////nonexistent/triptych.db",
    app_id="4242",
    private_key="-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n",
    webhook_secrets=("s3cret",),
    public_url="https://bot.example",
)
ABOUT = About(
    4242, "Iv23li", "triptych", "acme", "https://github.com/apps/triptych", ENOUGH, EVENTS, 0.4
)
HOOK = Hook("https://bot.example/webhook", "json", has_secret=True, checks_certificate=True)
HERE = Installation(
    77, "acme", "https://github.com/i/77", suspended=False, permissions=ENOUGH, events=EVENTS
)
NOW = 1_795_000_000.0
ARRIVED = Delivery(1, "g1", NOW - 9, 202, "OK", "pull_request", "opened")


def states(checks: list[Check]) -> list[str]:
    return [check.state.value for check in checks]


def said(checks: list[Check]) -> str:
    return " ".join(f"{check.said} {check.do}" for check in checks)


def test_all_is_well() -> None:
    checks = [
        *app_checks(ABOUT, SETTINGS),
        *hook_checks(HOOK, SETTINGS),
        delivery_check([ARRIVED], NOW),
        *installation_checks([HERE], ("acme",), ABOUT),
    ]
    assert set(states(checks)) == {"ok"}
    assert all(check.do == "" for check in checks)


@pytest.mark.parametrize("asked", ["4242", "Iv23li"])
def test_an_app_is_known_by_number_or_client_id(asked: str) -> None:
    assert states([*app_checks(ABOUT, replace(SETTINGS, app_id=asked))]) == ["ok", "ok"]


def test_the_key_of_another_app() -> None:
    checks = [*app_checks(ABOUT, replace(SETTINGS, app_id="1"))]
    assert states(checks)[0] == "to do"
    assert "The key is that of triptych (id 4242), not of 1." in said(checks)


SKEWS = [
    (0.0, State.OK),
    (-29.0, State.OK),
    (31.0, State.TODO),
    (-90.0, State.TODO),
    (None, State.UNKNOWN),
]


@pytest.mark.parametrize(("skew", "state"), SKEWS)
def test_the_clock(skew: float | None, state: State) -> None:
    """Case S16."""
    assert clock_check(skew).state is state


def test_which_way_the_clock_is_off() -> None:
    assert "90 s behind" in clock_check(-90.0).said
    assert "90 s ahead of" in clock_check(90.0).said
    assert clock_skew({"date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 1_795_514_490.0) == 90.0
    assert clock_skew({}, 0.0) is None
    assert clock_skew({"date": "soon"}, 0.0) is None


HOOKS = [
    (replace(HOOK, url=""), "It has no address."),
    (
        replace(HOOK, url="https://old.example/webhook"),
        "goes to https://old.example/webhook, not to",
    ),
    (replace(HOOK, content_type="form"), "content type is form"),
    (replace(HOOK, has_secret=False), "No secret is set."),
    (replace(HOOK, checks_certificate=False), "Certificates are not checked."),
]


@pytest.mark.parametrize(("hook", "what"), HOOKS, ids=[what for _, what in HOOKS])
def test_a_fault_of_the_webhook(hook: Hook, what: str) -> None:
    checks = [*hook_checks(hook, SETTINGS)]
    assert states(checks) == ["to do"]
    assert what in checks[0].said
    assert checks[0].do


def test_a_webhook_without_a_public_address() -> None:
    plain = replace(SETTINGS, public_url="")
    assert states([*hook_checks(HOOK, plain)]) == ["ok"]
    assert states([*hook_checks(replace(HOOK, url="http://bot.example/webhook"), plain)]) == [
        "to do"
    ]
    assert states([*hook_checks(replace(HOOK, url="http://127.0.0.1:4/webhook"), plain)]) == ["ok"]
    assert states([*hook_checks(replace(HOOK, url="https://bot.example/"), plain)]) == ["to do"]


def test_deliveries() -> None:
    lost = replace(ARRIVED, id=2, guid="g2", status=503)
    assert delivery_check([ARRIVED, lost], NOW).said.startswith("1 event of the last three days")
    assert delivery_check([replace(lost, at=NOW - KEPT_SECONDS - 1)], NOW).state is State.OK
    assert delivery_check([], NOW).state is State.NOTE
    forged = delivery_check([lost, replace(lost, guid="g3", status=401)], NOW)
    assert forged.said.startswith("1 event of the last three days had another signature")
    assert "TRIPTYCH_WEBHOOK_SECRET" in forged.do


INSTALLATIONS = [
    (
        "read only",
        {"permissions": {**ENOUGH, "pull_requests": "read"}},
        "to do",
        "pull_requests: write",
    ),
    (
        "no checks",
        {"permissions": {**ENOUGH, "checks": "read"}},
        "note",
        "Works without checks: write",
    ),
    (
        "too many",
        {"permissions": {**ENOUGH, "issues": "write"}},
        "note",
        "Not needed: issues: write",
    ),
    ("no event", {"events": ()}, "to do", "event pull_request"),
    ("suspended", {"suspended": True}, "note", "suspended there"),
    ("not allowed", {"account": "other"}, "note", "not in TRIPTYCH_ALLOWED_ACCOUNTS"),
]


@pytest.mark.parametrize(
    ("more", "state", "what"), [r[1:] for r in INSTALLATIONS], ids=[r[0] for r in INSTALLATIONS]
)
def test_an_installation(more: dict[str, object], state: str, what: str) -> None:
    row = replace(HERE, **more)  # type: ignore[arg-type]
    *_, last = installation_checks([row], ("acme",), ABOUT)
    assert last.state == state
    assert what in last.said


def test_where_to_install_it() -> None:
    (check,) = installation_checks([], (), ABOUT)
    assert check.do == "Install it at https://github.com/apps/triptych/installations/new."
    checks = [*installation_checks([HERE], ("acme", "beta"), ABOUT)]
    assert "beta is allowed, but the App is not installed there." in said(checks)
    assert "Every account that installs the App is served." in said(
        [*installation_checks([HERE], (), ABOUT)]
    )


def test_what_is_left_to_do_without_an_app() -> None:
    bare = AppSettings(Path("/nonexistent"), "sqlite:////x")
    assert "open the setup page" in said([*look(Settings(), bare)])
    half = replace(bare, app_id="4242")
    (check,) = without_app(half)
    assert check.do == "Set TRIPTYCH_APP_PRIVATE_KEY_FILE and TRIPTYCH_WEBHOOK_SECRET."


LINKS = [
    ("", ""),
    ('<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_7>; rel="next"', "v1_7"),
    ('<https://x/?cursor=a>; rel="prev", <https://evil.example/?cursor=b%2Bc>; rel="next"', "b+c"),
    ('<https://x/?page=2>; rel="next"', ""),
    ("garbage; rel=next", ""),
]


@pytest.mark.parametrize(("link", "cursor"), LINKS)
def test_only_the_cursor_of_a_link_is_taken(link: str, cursor: str) -> None:
    """Case S35."""
    assert next_cursor(link) == cursor
