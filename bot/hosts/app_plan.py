"""The App that is to be: what GitHub is asked for in its manifest, where, and what is kept of it.

GitHub's words: "Registering a GitHub App from a manifest".
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bot import app_needs
from bot.app_settings import checked_pem
from bot.errors import ConfigProblem, HostProblem
from bot.hosts.manifest import NewApp
from bot.settings import PUBLIC_API, Settings

PERMISSIONS: tuple[tuple[str, str, str], ...] = tuple(
    (name, str(need.access), need.why) for name, need in app_needs.PERMISSIONS.items()
)
"""What is asked for, with the reason that people are told. Nothing that could change code."""

_WHY = {
    "pull_request": "opened, pushed to, closed",
    "issue_comment": "a command in a comment",
    "pull_request_review_comment": "a command in a reply to a finding",
    "check_run": "the button “Review again”",
    "check_suite": "“Re-run all checks”",
}
EVENTS: tuple[tuple[str, str], ...] = tuple((name, _WHY[name]) for name in app_needs.EVENTS)
"""What GitHub sends; `installation` events come without being asked for."""

NAME_CHARS = 34
"""GitHub takes names of at most 34 characters."""
_SLUG = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_LOGIN = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_-]{0,98}[0-9A-Za-z])?")
_LOOPBACK = re.compile(r"(.*\.)?localhost|127\..*|0\.0\.0\.0|::1?")
"""Names that a machine has for itself: they lead to it from nowhere else."""
_LOCAL = re.compile(
    r".*\.(local|internal|test|invalid|example)|10\..*|192\.168\..*"
    r"|172\.(1[6-9]|2\d|3[01])\..*|169\.254\..*|f[cde][0-9a-f]{2}:.*|[^.:]+"
)
"""Hosts that GitHub's servers on the Internet cannot reach; it refuses such a webhook by name."""
_ON_INTERNET = re.compile(r"api\.github\.com|(.*\.)?ghe\.com")
"""Where GitHub runs its API itself. A server of one's own stands in one's own network."""


@dataclass(frozen=True)
class AppPlan:
    """The App as a person wants it; `organisation` is "" for their own account.

    `public` is the address at which GitHub reaches this server, `back` the one at which the
    person's browser does; `api` is where GitHub's API is.
    """

    name: str
    organisation: str
    public: str
    back: str
    api: str = PUBLIC_API

    @property
    def webhook(self) -> str:
        """Where GitHub shall send events; "" where it could not."""
        return f"{self.public}/webhook" if is_reachable(self.public, self.api) else ""


def is_reachable(address: str, api: str = PUBLIC_API) -> bool:
    """Whether the GitHub of that API could reach the address; no name is looked up. On the Internet it
    reaches what is there, in a network of one's own (GitHub Enterprise Server) any other machine.
    """
    host = urlsplit(address).hostname or ""
    if not host or _LOOPBACK.fullmatch(host):
        return False
    is_theirs = _ON_INTERNET.fullmatch(urlsplit(api).hostname or "")
    return not (is_theirs and _LOCAL.fullmatch(host))


def is_login(text: str) -> bool:
    """Whether that can be the name of an account."""
    return bool(_LOGIN.fullmatch(text))


def manifest(plan: AppPlan) -> dict[str, Any]:
    """What the browser hands to GitHub.

    Where GitHub could not reach the webhook there is none, and no events: it refuses a webhook at
    an address of the local network, and one without an address, along with the whole manifest.
    """
    wanted: dict[str, Any] = {
        "name": plan.name,
        "url": plan.public or plan.back,
        "redirect_url": f"{plan.back}/setup/created",
        "public": False,
        "description": "Reviews pull requests: independent reviewers, one consolidated review.",
        "default_permissions": {name: level for name, level, _ in PERMISSIONS},
    }
    if plan.webhook:
        wanted["hook_attributes"] = {"url": plan.webhook, "active": True}
        wanted["default_events"] = [name for name, _ in EVENTS]
    return wanted


def new_app_url(web: str, plan: AppPlan, state: str) -> str:
    """Where the browser hands it to GitHub."""
    account = f"/organizations/{quote(plan.organisation, safe='')}" if plan.organisation else ""
    return f"{web}{account}/settings/apps/new?{urlencode({'state': state})}"


def install_url(settings: Settings, slug: str) -> str:
    """Where a person chooses the repositories. GHES keeps its Apps in another place."""
    place = "github-apps" if settings.github_api.endswith("/api/v3") else "apps"
    return f"{settings.web_url}/{place}/{slug}/installations/new"


def app_settings_url(settings: Settings, plan: AppPlan, slug: str) -> str:
    """Where a person changes the App: its webhook, its secret, its keys."""
    account = f"/organizations/{quote(plan.organisation, safe='')}" if plan.organisation else ""
    return f"{settings.web_url}{account}/settings/apps/{slug}"


@dataclass(frozen=True, slots=True)
class Kept:
    """The text of TRIPTYCH_HOME/app.json. `secret_is_ours`: GitHub set none, so one was made here."""

    text: str = field(repr=False)
    secret_is_ours: bool


def kept(new: NewApp) -> Kept:
    """What the settings read of a new App; HostProblem, without any of it, when it is none."""
    try:
        pem = checked_pem(new.pem, "GitHub's answer")
    except ConfigProblem:
        pem = ""
    if not pem or not _SLUG.fullmatch(new.slug):
        raise HostProblem("What answered is not GitHub.", "Check GITHUB_API_URL.")
    secret = new.webhook_secret or secrets.token_hex(32)
    values = {"id": str(new.id), "slug": new.slug, "pem": pem, "webhook_secret": secret}
    return Kept(json.dumps(values, indent=2) + "\n", not new.webhook_secret)
