"""The App's manifest: little is asked for, and nothing that GitHub refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import HostProblem
from bot.hosts.app_plan import (
    AppPlan,
    app_settings_url,
    install_url,
    is_login,
    is_reachable,
    kept,
    manifest,
    new_app_url,
)
from bot.hosts.manifest import NewApp
from bot.settings import Settings
from tests.fakes.app import private_key

PLAN = AppPlan("Triptych", "", "https://bot.acme.dev", "https://bot.acme.dev")
GHES = Settings(github_api="https://git.acme.dev/api/v3")


def test_it_asks_for_little() -> None:
    assert manifest(PLAN) == {
        "name": "Triptych",
        "url": "https://bot.acme.dev",
        "redirect_url": "https://bot.acme.dev/setup/created",
        "description": "Reviews pull requests: independent reviewers, one consolidated review.",
        "public": False,
        "default_permissions": {
            "metadata": "read",
            "contents": "read",
            "pull_requests": "write",
            "checks": "write",
        },
        "hook_attributes": {"url": "https://bot.acme.dev/webhook", "active": True},
        "default_events": [
            "pull_request",
            "issue_comment",
            "pull_request_review_comment",
            "check_run",
            "check_suite",
        ],
    }


def test_without_a_reachable_address_there_is_no_webhook() -> None:
    """GitHub refuses a manifest whose webhook is at localhost, or has no address at all."""
    local = replace(PLAN, public="http://localhost:8080", back="http://localhost:8080")
    assert "hook_attributes" not in manifest(local)
    assert "default_events" not in manifest(local)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "10.1.2.3", "192.168.0.7"),
        *("172.16.0.1", "172.31.0.1", "169.254.169.254", "0.0.0.0", "[::1]", "[fd12::1]"),
        *("[fe80::1]", "server", "printer.local", "bot.internal", "bot.test", "bot.example"),
    ],
)
def test_addresses_that_github_cannot_reach(host: str) -> None:
    assert not is_reachable(f"http://{host}:8080")


@pytest.mark.parametrize("host", ["bot.acme.dev", "172.32.0.1", "8.8.8.8", "[2001:db8::1]"])
def test_addresses_that_it_may_reach(host: str) -> None:
    assert is_reachable(f"https://{host}/below")


@pytest.mark.parametrize("host", ["10.1.2.3", "server", "bot.acme.internal", "[fd12::1]"])
@pytest.mark.parametrize(
    ("api", "reaches"),
    [
        ("https://api.github.com", False),
        ("https://api.acme.ghe.com", False),
        ("https://git.acme.dev/api/v3", True),
        ("https://git.acme.internal/api/v3", True),
    ],
)
def test_a_github_of_ones_own_reaches_ones_own_network(host: str, api: str, reaches: bool) -> None:
    assert is_reachable(f"http://{host}:8080", api) is reaches
    plan = replace(PLAN, public=f"http://{host}:8080", api=api)
    assert ("hook_attributes" in manifest(plan)) is reaches
    assert ("default_events" in manifest(plan)) is reaches


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "0.0.0.0", "[::1]"])
def test_but_no_machine_reaches_another_by_the_name_of_itself(host: str) -> None:
    assert not is_reachable(f"http://{host}:8080", "https://git.acme.dev/api/v3")


def test_where_it_is_created() -> None:
    mine = new_app_url("https://github.com", PLAN, "st&te")
    assert mine == "https://github.com/settings/apps/new?state=st%26te"
    theirs = new_app_url(GHES.web_url, replace(PLAN, organisation="acme"), "s")
    assert theirs == "https://git.acme.dev/organizations/acme/settings/apps/new?state=s"


def test_where_it_is_installed_and_changed() -> None:
    org = replace(PLAN, organisation="acme")
    assert install_url(Settings(), "t") == "https://github.com/apps/t/installations/new"
    assert install_url(GHES, "t") == "https://git.acme.dev/github-apps/t/installations/new"
    assert app_settings_url(Settings(), PLAN, "t") == "https://github.com/settings/apps/t"
    assert app_settings_url(GHES, org, "t").endswith("/organizations/acme/settings/apps/t")


@pytest.mark.parametrize("name", ["acme", "a", "acme-inc", "octo_corp", "A1"])
def test_names_of_accounts(name: str) -> None:
    assert is_login(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a/b", "../x", "a b", "ä", "a" * 120, "a?b"])
def test_what_is_no_name_of_an_account(name: str) -> None:
    assert not is_login(name)


NEW = NewApp(42, "triptych-acme", private_key(), "whsec")


def test_what_is_kept_is_what_the_settings_read() -> None:
    file = kept(NEW)
    assert not file.secret_is_ours
    assert json.loads(file.text) == {
        "id": "42",
        "slug": "triptych-acme",
        "pem": private_key().strip() + "\n",
        "webhook_secret": "whsec",
    }


def test_a_secret_that_github_did_not_set_is_made() -> None:
    file = kept(replace(NEW, webhook_secret=""))
    assert file.secret_is_ours
    assert len(json.loads(file.text)["webhook_secret"]) == 64


@pytest.mark.parametrize("wrong", [{"pem": "no key ABCDEF"}, {"slug": "../../x"}, {"slug": ""}])
def test_what_is_no_app_is_refused_without_its_parts(wrong: dict[str, Any]) -> None:
    with pytest.raises(HostProblem) as told:
        kept(replace(NEW, **wrong))
    assert "ABCDEF" not in str(told.value)


def test_nothing_secret_is_in_the_text_of_the_values() -> None:
    assert "whsec" not in repr(NEW) + repr(kept(NEW))
    assert "PRIVATE KEY" not in repr(kept(NEW))
