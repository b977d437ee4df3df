"""The App as GitHub knows it: itself, its webhook, installations and deliveries, and what is open.

PyGithub, for one-shot commands only: it is synchronous. Its own default sends a POST again after a
502, which made two reviews of one (facts/libraries.md, section 3); ours never does.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import github
import jwt
from github import Auth

from bot.app_settings import AppSettings
from bot.delivery import Delivery, delivery_of
from bot.errors import ConfigProblem, HostProblem, MissingProblem, UsageProblem
from bot.operator.github_errors import no_api, told
from bot.operator.open_pulls import OpenPulls
from bot.settings import API_VERSION, Settings

logging.getLogger("github").handlers[:] = [logging.NullHandler()]
# PyGithub would write its log to standard error, past everything that clears what we say.

PAGE = 100
SECONDS = 30
RETRIES = 3
LONGEST_WAIT = 60
"""Seconds that a read waits for one of GitHub's limits to pass."""
BETWEEN_REQUESTS = 0.07
BETWEEN_WRITES = 0.35
"""Seconds; GitHub takes 900 points a minute, a read is 1 and a write 5."""
MOST_INSTALLATIONS = 1000


@dataclass(frozen=True)
class About:
    """The App itself. `skew` is how many seconds this machine's clock is ahead, None: not known."""

    id: int
    client_id: str
    slug: str
    owner: str
    url: str
    permissions: Mapping[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    skew: float | None = None


@dataclass(frozen=True)
class Hook:
    """Where and how GitHub sends events."""

    url: str
    content_type: str
    has_secret: bool
    checks_certificate: bool


@dataclass(frozen=True)
class Installation:
    """One account on which the App is installed; `url` is where its owner changes it."""

    id: int
    account: str
    url: str
    suspended: bool
    permissions: Mapping[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()


class GitHubApp:
    """GitHub, asked as the App by its key. Use as a context: it closes its connections."""

    def __init__(self, settings: Settings, app_settings: AppSettings) -> None:
        if not (app_settings.app_id and app_settings.private_key):
            raise UsageProblem(
                "No GitHub App is configured.",
                "Set TRIPTYCH_APP_ID and TRIPTYCH_APP_PRIVATE_KEY_FILE, or run `triptych serve` "
                "and open the setup page.",
            )
        self._settings = settings
        self._host = urlsplit(settings.github_api).netloc
        self._client = self._connect(_signing(app_settings))

    def _connect(self, auth: Auth.Auth) -> github.Github:
        return github.Github(
            auth=auth,
            base_url=self._settings.github_api,
            timeout=SECONDS,
            user_agent="triptych",
            per_page=PAGE,
            verify=self._settings.ca_bundle or True,
            retry=github.GithubRetry(
                total=RETRIES,
                backoff_factor=0.2,
                allowed_methods={"GET", "HEAD"},
                max_rate_limit_wait=LONGEST_WAIT,
                retry_after_max=LONGEST_WAIT,
            ),
            seconds_between_requests=BETWEEN_REQUESTS,
            seconds_between_writes=BETWEEN_WRITES,
            lazy=True,
            api_version=API_VERSION,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _asking(self, what: str) -> AbstractContextManager[None]:
        return told(what, self._host)

    def _get(self, path: str, what: str, **parameters: Any) -> tuple[Mapping[str, str], Any]:
        with self._asking(what):
            return self._client.requester.requestJsonAndCheck("GET", path, parameters=parameters)

    def about(self) -> About:
        """The App whose key we hold."""
        headers, row = self._get("/app", "read the App")
        if not isinstance(row, dict) or "slug" not in row:
            raise no_api(self._host)
        return About(
            id=int(row["id"]),
            client_id=str(row.get("client_id") or ""),
            slug=str(row["slug"]),
            owner=str((row.get("owner") or {}).get("login", "")),
            url=str(row.get("html_url") or ""),
            permissions=dict(row.get("permissions") or {}),
            events=tuple(row.get("events") or ()),
            skew=clock_skew(headers, time()),
        )

    def hook(self) -> Hook:
        """The App's webhook."""
        _, row = self._get("/app/hook/config", "read the App's webhook")
        if not isinstance(row, dict):
            raise no_api(self._host)
        url = str(row.get("url") or "")
        return Hook(
            # Where GitHub says none, PyGithub puts the request's own path.
            url=url if url.startswith("http") else "",
            content_type=str(row.get("content_type") or "form"),
            has_secret=bool(row.get("secret")),
            checks_certificate=str(row.get("insecure_ssl") or "0") == "0",
        )

    def installations(self) -> list[Installation]:
        """The accounts on which the App is installed; at most MOST_INSTALLATIONS."""
        found: list[Installation] = []
        for page in range(1, MOST_INSTALLATIONS // PAGE + 1):
            what = "list the App's installations"
            _, rows = self._get("/app/installations", what, per_page=PAGE, page=page)
            found += (_installation(row) for row in _listed(rows, self._host))
            if len(rows) < PAGE:
                break
        return found

    def installation_of(self, repository: str) -> Installation:
        """The installation that reaches `OWNER/NAME`. MissingProblem where there is none."""
        try:
            _, row = self._get(f"/repos/{repository}/installation", "find the installation")
        except MissingProblem:
            raise MissingProblem(
                f"The App is not installed on {repository}, or there is no such repository.",
                "Check the name, and install the App there.",
                status=404,
            ) from None
        return _installation(row)

    def deliveries(self) -> Iterator[Delivery]:
        """All deliveries that GitHub remembers, newest first, a page at a time."""
        cursor = ""
        while True:
            parameters = {"per_page": PAGE, **({"cursor": cursor} if cursor else {})}
            headers, rows = self._get("/app/hook/deliveries", "list the deliveries", **parameters)
            try:
                yield from (delivery_of(row) for row in _listed(rows, self._host))
            except (KeyError, ValueError, TypeError):
                raise no_api(self._host) from None
            following = next_cursor(headers.get("link", ""))
            if not following or following == cursor:
                return
            cursor = following

    def redeliver(self, delivery: int) -> None:
        """Ask GitHub to send it again; done when this returns. Never asked twice by itself."""
        with self._asking(f"send delivery {delivery} again"):
            self._client.requester.requestJsonAndCheck(
                "POST", f"/app/hook/deliveries/{delivery}/attempts"
            )

    @contextmanager
    def open_pulls(self, installation: Installation, repository: str) -> Iterator[OpenPulls]:
        """The open pull requests of a repository, by a token for it alone, which is revoked after."""
        wanted = {"metadata": "read", "pull_requests": "read"}
        if "checks" in installation.permissions:
            wanted["checks"] = "read"
        asked = {"repositories": [repository.partition("/")[2]], "permissions": wanted}
        with self._asking("make a token"):
            _, row = self._client.requester.requestJsonAndCheck(
                "POST", f"/app/installations/{installation.id}/access_tokens", input=asked
            )
            token = str(row["token"])
        client = self._connect(Auth.Token(token))
        try:
            yield OpenPulls(client.get_repo(repository), self._asking, checks="checks" in wanted)
        finally:
            # Where it fails, the token ends by itself within the hour.
            with suppress(HostProblem), self._asking("revoke the token"):
                client.requester.requestJsonAndCheck("DELETE", "/installation/token")
            client.close()


def _signing(app_settings: AppSettings) -> Auth.AppAuth:
    """The App's signature, tried once: a key that cannot be read is said before any request."""
    auth = Auth.AppAuth(app_settings.app_id, app_settings.private_key)
    try:
        auth.create_jwt()
    except (jwt.exceptions.PyJWTError, ValueError, TypeError):
        # No word of the error: it may hold the key's.
        raise ConfigProblem(
            "The App's private key cannot be read.",
            "Make a new one in the App's settings and name its file in "
            "TRIPTYCH_APP_PRIVATE_KEY_FILE.",
        ) from None
    return auth


def _installation(row: Any) -> Installation:
    account = row.get("account") or {}
    return Installation(
        id=int(row["id"]),
        account=str(account.get("login") or account.get("slug") or ""),
        url=str(row.get("html_url") or ""),
        suspended=bool(row.get("suspended_at")),
        permissions=dict(row.get("permissions") or {}),
        events=tuple(row.get("events") or ()),
    )


def _listed(rows: Any, host: str) -> list[Any]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise no_api(host)
    return rows


def clock_skew(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that this machine's clock is ahead of the answer's `Date`, None where it has none."""
    try:
        return now - parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return None


def next_cursor(link: str) -> str:
    """The cursor of the next page in a `Link` header, "" on the last one.

    Only the cursor is taken: the address may lead anywhere (case S35).
    """
    for address, rel in re.findall(r'<([^<>]*)>\s*;\s*rel="?(\w+)"?', link):
        if rel == "next":
            return str((parse_qs(urlsplit(address).query).get("cursor") or [""])[0])
    return ""
