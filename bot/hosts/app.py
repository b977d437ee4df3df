"""GitHub's API in one repository, as an installation of the App: tokens that reach no further.

Each token is narrowed to the one repository and to what a review needs, shared by the jobs that work
there at the same time, renewed when it runs out in the middle of one, and revoked when the last of
them ends (cases S17, S18 and S20).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp
import gidgethub
from gidgethub.sansio import RateLimit

from bot.errors import (
    AccessProblem,
    Gone,
    GoneProblem,
    HostProblem,
    LimitProblem,
)
from bot.hosts.http import LONGEST_WAIT, GitHubAPI, told
from bot.hosts.identity import AsApp, message_of
from bot.hosts.pace import Pace, creates_content
from bot.jobs.protocol import Place
from bot.settings import Settings

NEEDED = {"metadata": "read", "contents": "read", "pull_requests": "write"}
"""What a review cannot do without."""
CHECKS = {"checks": "write"}
"""What a check run needs; an account may not have granted it (yet)."""
RENEWED_BEFORE = 300.0
"""Seconds before its end at which a token is not begun with any more; at most a quarter of its life."""
UNCHECKED_SECONDS = 3600.0
"""How long it is remembered that an installation has not granted `checks`; then it is asked again."""
TRIES = 3
"""A request is made with the token that we have, with a new one, and with the new one a little later."""
FRESH_PAUSE = 1.0
"""Seconds after which a token that was refused when new is tried again: GitHub's servers may lag."""
REST = "core"
"""What GitHub calls the limit of its REST API in `x-ratelimit-resource`."""
FEW = 100
"""Requests left, of some thousands an hour, below which nothing is asked that a review can do without."""

log = logging.getLogger(__name__)
Key = tuple[int, int]
"""Installation and repository."""


@dataclass(frozen=True, slots=True)
class Token:
    """An installation's token; `until` is a time of the monotonic clock, in seconds."""

    value: str = field(repr=False)
    may_check: bool
    until: float


class Tokens:
    """The tokens in use, one for each installation and repository."""

    def __init__(self, app: AsApp) -> None:
        self._app = app
        self._asked: dict[Key, asyncio.Task[Token]] = {}
        self._users: Counter[Key] = Counter()
        self._unchecked: dict[int, float] = {}
        self._paces: defaultdict[int, Pace] = defaultdict(Pace)

    async def get(self, place: Place) -> Token:
        """A token that is good for a while. Callers at the same moment share one request.

        GoneProblem when the installation may not work there (any more), AccessProblem when it has
        not granted what a review needs, ConfigProblem when there is no App or no key.
        """
        key = _key(place)
        task = self._asked.get(key)
        if task is None or _is_over(task):
            task = asyncio.create_task(self._mint(place))
            task.add_done_callback(_look)
            self._asked[key] = task
        return await asyncio.shield(task)

    def refused(self, place: Place, token: Token) -> None:
        """GitHub does not take it: the next one who asks gets another."""
        task = self._asked.get(_key(place))
        if task and _is_good(task) and task.result() is token:
            del self._asked[_key(place)]

    def pace(self, place: Place) -> Pace:
        """The pace at which the installation may write; all jobs of this process share it."""
        return self._paces[place.installation]

    def enter(self, place: Place) -> None:
        """A job begins to work there."""
        self._users[_key(place)] += 1

    async def leave(self, place: Place) -> None:
        """A job ends: the last one revokes the token. It does not fail where that does."""
        key = _key(place)
        self._users[key] -= 1
        if self._users[key] <= 0:
            del self._users[key]
            await self._revoke(self._asked.pop(key, None))

    async def close(self) -> None:
        """Revoke whatever is left, when the process ends."""
        tasks = list(self._asked.values())
        self._asked.clear()
        await asyncio.gather(*map(self._revoke, tasks))

    async def _mint(self, place: Place) -> Token:
        unchecked = self._unchecked.get(place.installation, 0.0)
        if time.monotonic() < unchecked:
            return await self._ask(place, NEEDED)
        try:
            return await self._ask(place, NEEDED | CHECKS)
        except _NotGranted:
            token = await self._ask(place, NEEDED)
            self._unchecked[place.installation] = time.monotonic() + UNCHECKED_SECONDS
            log.warning(
                "%s has not granted checks: write; reviews are posted without a check run",
                place.account,
            )
            return token

    async def _ask(self, place: Place, permissions: Mapping[str, str]) -> Token:
        data = {"repository_ids": [place.repository_id], "permissions": dict(permissions)}
        url = f"/app/installations/{place.installation}/access_tokens"
        try:
            answer = await self._app.post(url, data=data)
        except gidgethub.HTTPException as e:
            raise _why_no_token(e, place) from None
        if not isinstance(answer, dict) or not answer.get("token"):
            raise HostProblem("GitHub gave no token.", "Check GITHUB_API_URL.", retryable=True)
        granted = answer.get("permissions") or permissions
        left = _end(str(answer.get("expires_at", ""))) - self._app.key.now()
        until = time.monotonic() + max(0.0, left - min(RENEWED_BEFORE, left / 4))
        return Token(str(answer["token"]), granted.get("checks") == "write", until)

    async def _revoke(self, task: asyncio.Task[Token] | None) -> None:
        if task is None:
            return
        if not task.done():
            task.cancel()
            return
        if _is_over(task):
            return
        try:
            await self._app.delete("/installation/token", oauth_token=task.result().value)
        except gidgethub.HTTPException as e:
            if int(e.status_code) != 401:
                log.warning(
                    "A token was not revoked (%s); it ends within the hour", told(e, "do it")
                )
        except HostProblem as e:
            log.warning("A token was not revoked (%s); it ends within the hour", e)


def _key(place: Place) -> Key:
    return place.installation, place.repository_id


def _is_good(task: asyncio.Task[Token]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _is_over(task: asyncio.Task[Token]) -> bool:
    """Whether there is nothing more to be had from it: it failed, or its token runs out."""
    return task.done() and (not _is_good(task) or task.result().until <= time.monotonic())


def _look(task: asyncio.Task[Token]) -> None:
    """An error that nobody waits for any more is no news."""
    if not task.cancelled():
        task.exception()


def _end(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return 0.0


class _NotGranted(AccessProblem):
    """The installation lacks a permission."""


def _why_no_token(error: gidgethub.HTTPException, place: Place) -> HostProblem:
    """Why GitHub gives no token."""
    status, said = int(error.status_code), str(error)
    if status == 404:
        return GoneProblem(Gone.REMOVED, str(place), status=status)
    if status == 403 and "suspended" in said:
        return GoneProblem(Gone.SUSPENDED, str(place), status=status)
    if status == 422 and "permission" in said.lower():
        wanted = ", ".join(f"{name}: {level}" for name, level in NEEDED.items())
        return _NotGranted(
            f"{place.account} has not granted the App what a review needs ({wanted}).",
            "An owner accepts it in the settings of the installation.",
            status=status,
        )
    if status == 422 and "repository" in said.lower():
        return GoneProblem(Gone.UNREACHABLE, str(place), status=status)
    return told(error, f"give a token for {place}")


class AppAPI(GitHubAPI):
    """The API of one repository, for one job: use it as `async with AppAPI(...) as api`.

    It takes the token anew for each request, so a long job outlives it. A new name of the repository
    is followed, and remembered, so that each request is made once.
    """

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, tokens: Tokens, place: Place
    ) -> None:
        super().__init__(session, settings, None)
        self._tokens = tokens
        self._named = f"{settings.github_api}/repos/{place.repository}"
        self._numbered = f"{settings.github_api}/repositories/{place.repository_id}"
        self._moved = False
        # GitHub counts GraphQL apart, and its answers tell of that.
        self._rest: RateLimit | None = None
        self.place = place

    async def __aenter__(self) -> Self:
        self._tokens.enter(self.place)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tokens.leave(self.place)

    async def may_check(self) -> bool:
        """Whether the installation has granted check runs."""
        return (await self._tokens.get(self.place)).may_check

    @property
    def is_low(self) -> bool:
        """Whether so few REST requests are left in this hour that only needed ones should be made (S68)."""
        return self._rest is not None and self._rest.remaining < FEW

    async def manage_rate_limit(self, *, method: str, url: str) -> None:
        """Keep the pace for content. LimitProblem when its turn is further off than a request waits."""
        if not creates_content(method, url):
            return
        pace, now = self._tokens.pace(self.place), time.monotonic()
        wait = pace.wait(now)
        if wait > LONGEST_WAIT:
            raise LimitProblem(
                "As much is written as GitHub takes in an hour.", "Try again later.", after=wait
            )
        pace.take(now, wait)
        if wait:
            await self.sleep(wait)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request with the token of now; with a new one when GitHub refuses it (case S17)."""
        for attempt in range(TRIES):
            token = await self._tokens.get(self.place)
            if attempt == TRIES - 1:
                await self.sleep(FRESH_PAUSE)
            more = {"authorization": f"token {token.value}"}
            answer = await super()._request(method, self._now_at(url), {**headers, **more}, body)
            if answer[0] != 401:
                break
            if attempt == 0:
                self._tokens.refused(self.place, token)
        if url != self.graphql_url and answer[1].get("x-ratelimit-resource", REST) == REST:
            self._rest = RateLimit.from_http(answer[1]) or self._rest
        status, said = answer[0], message_of(answer[2])
        if status == 401:
            raise AccessProblem(
                f"GitHub refuses a new token of the App (401: {said}).",
                "Run `triptych doctor`.",
                status=401,
            )
        if status == 403 and "installation has been suspended" in said:
            raise GoneProblem(Gone.SUSPENDED, str(self.place), status=status)
        return answer

    def _may_repeat(self, method: str, url: str) -> bool:
        """Reactions too: the same one twice is one."""
        return super()._may_repeat(method, url) or url.endswith("/reactions")

    def _redirected(self, url: str, to: str) -> str:
        """A new name leads to the repository's number; where it is another, so is the repository."""
        self._keep_home(to)
        if _below(self._named, url) is not None and "/repositories/" in to:
            if _below(self._numbered, to) is None:
                raise GoneProblem(Gone.REPLACED, str(self.place))
            self._moved = True
        return to

    def _now_at(self, url: str) -> str:
        after = _below(self._named, url)
        return self._numbered + after if self._moved and after is not None else url


def _below(folder: str, url: str) -> str | None:
    """What follows in an address under another one; None where it is not under it."""
    after = url.removeprefix(folder)
    return after if url.startswith(folder) and after[:1] in ("", "/", "?") else None
