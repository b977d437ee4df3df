"""GitHub's API over one connection pool: patience, limits, and a token that goes nowhere else."""

from __future__ import annotations

import contextlib
import math
import random
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import gidgethub
import gidgethub.aiohttp

from bot.errors import (
    AccessProblem,
    BadLineProblem,
    ConfigProblem,
    HostProblem,
    LimitProblem,
    LostProblem,
    MissingProblem,
)
from bot.settings import API_VERSION, Settings

REQUEST_SECONDS = 30.0
CONNECT_SECONDS = 10.0
ATTEMPTS = 5
WINDOW = 3600.0
"""Seconds after which GitHub counts anew at the latest."""
LONGEST_WAIT = 60.0
"""Seconds that one request waits for a limit to pass; a longer wait is the caller's to take."""
REDIRECTS = 3
_LOST = {"x-triptych-lost": "1"}
"""Headers of the 504 that stands in for a broken connection, so that gidgethub's retry hook sees it."""
_LIMIT = "GitHub's rate limit is reached."
_CANNOT = (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError)
"""The request was not even sent."""


def make_session(settings: Settings, seconds: float = REQUEST_SECONDS) -> aiohttp.ClientSession:
    """A session that honours proxies and a corporate CA, as the model's client does.

    `seconds` is the deadline of one request.
    ConfigProblem when the file of certificates cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_bundle or None)
    except OSError as e:
        raise ConfigProblem(
            f"The certificates in {settings.ca_bundle} cannot be read: {e.strerror or e}.",
            "Set SSL_CERT_FILE to a file of PEM certificates.",
        ) from None
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        timeout=aiohttp.ClientTimeout(total=seconds, connect=min(seconds, CONNECT_SECONDS)),
        trust_env=True,
    )


Watched = Callable[[str, int, float], None]
"""Told of each request: its method, the status (0 where no answer came), its seconds."""


def _unwatched(_method: str, _status: int, _seconds: float) -> None:
    """Nobody counts."""


class GitHubAPI(gidgethub.aiohttp.GitHubAPI):
    """gidgethub with the limits obeyed, reads retried, redirects kept on the API's own host."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: Settings, token: str | None
    ) -> None:
        super().__init__(session, "triptych", oauth_token=token, base_url=settings.github_api)
        self._home = urlsplit(settings.github_api)
        self.graphql_url = settings.graphql_url
        self.calls = 0
        self.writes = 0
        self.watched: Watched = _unwatched

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**headers, "x-github-api-version": API_VERSION}
        for _ in range(REDIRECTS):
            self._keep_home(url)
            self.calls += 1
            self.writes += method != "GET" and url != self.graphql_url
            start = time.monotonic()
            status = 0
            try:
                async with self._session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                ) as response:
                    data = await response.read()
                    status, answer = response.status, response.headers
            except _CANNOT as e:
                raise self._unreachable(e) from None
            except (aiohttp.ClientError, TimeoutError):
                if self._may_repeat(method, url):
                    return 504, _LOST, b""
                raise _lost() from None
            finally:
                self.watched(method, status, time.monotonic() - start)
            if status not in (301, 302, 307, 308):
                return status, answer, data
            url = self._redirected(url, urljoin(url, answer.get("location", "")))
        raise HostProblem("GitHub redirects in a circle.", "Check GITHUB_API_URL.")

    def _redirected(self, url: str, to: str) -> str:
        """Where a redirect leads; it is looked at again before anything is sent there."""
        return to

    async def _make_request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        """What cannot be read is not the API's answer: a proxy's page, or one that was cut off."""
        try:
            return await super()._make_request(method, url, *args, **more)
        except (ValueError, LookupError):
            raise _no_api(self._home.netloc) if self._may_repeat(method, url) else _lost() from None

    def _may_repeat(self, method: str, url: str) -> bool:
        """Whether doing it twice is as good as once: all but POST, and all GraphQL that we ask."""
        return method != "POST" or url == self.graphql_url

    def _unreachable(self, error: Exception) -> HostProblem:
        host = self._home.netloc
        match error:
            case aiohttp.ClientConnectorCertificateError():
                return HostProblem(
                    f"The certificate of {host} is not trusted: {error.certificate_error}.",
                    "Give the CA's certificates as a file in SSL_CERT_FILE.",
                )
            case aiohttp.ClientHttpProxyError():
                return HostProblem(
                    f"The proxy does not connect to {host} (status {error.status}).",
                    "Check HTTPS_PROXY and its credentials.",
                )
            case aiohttp.ClientConnectorError():
                error = error.os_error
        return HostProblem(
            f"{host} cannot be reached: {error}.",
            "Check the network, the proxy and GITHUB_API_URL.",
            retryable=True,
        )

    def _keep_home(self, url: str) -> None:
        """The token leaves for no other host and no other scheme (cases S22 and S35)."""
        asked = urlsplit(url)
        if (asked.scheme, asked.netloc) != (self._home.scheme, self._home.netloc):
            raise HostProblem(
                f"GitHub's API points to another host ({asked.netloc}).",
                "It is not followed. Check GITHUB_API_URL.",
            )

    async def getobject(self, url: str, key: str) -> dict[str, Any]:
        """A JSON object with that key; HostProblem when something else answers, as a proxy's page."""
        answer = await self.getitem(url)
        if not isinstance(answer, dict) or key not in answer:
            raise _no_api(self._home.netloc)
        return answer

    async def getlist(self, url: str) -> list[dict[str, Any]]:
        """A JSON list of objects, one page of it."""
        answer = await self.getitem(url)
        if not isinstance(answer, list):
            raise _no_api(self._home.netloc)
        return answer

    async def getrows(self, url: str, key: str = "") -> AsyncGenerator[dict[str, Any], None]:
        """The objects of a JSON list, page by page; with a `key` each page has the list under it."""
        pages = self.getiter(url, {}, iterable_key=key or None)
        async with contextlib.aclosing(pages) as rows:
            async for row in rows:
                if not isinstance(row, dict):
                    raise _no_api(self._home.netloc)
                yield row

    async def whereabouts(self, url: str) -> str:
        """The address to which GitHub sends whoever wants this file; it is not followed.

        MissingProblem where there is none. Who follows it must not send our token along.
        """
        place = urljoin(f"{self.base_url}/", url.lstrip("/"))
        self._keep_home(place)
        headers = {
            "authorization": f"token {self.oauth_token}",
            "user-agent": self.requester,
            "x-github-api-version": API_VERSION,
        }
        self.calls += 1
        try:
            async with self._session.get(place, headers=headers, allow_redirects=False) as response:
                if response.status == 302 and (found := response.headers.get("location")):
                    return found
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            raise HostProblem("GitHub did not answer.", "Run it again.", retryable=True) from None
        raise MissingProblem(
            f"GitHub does not give the file (status {status}).",
            "Check whether it is there, and the token's permissions.",
            status=status,
        )

    async def handle_rate_limit_error(
        self, *, method: str, url: str, exception: gidgethub.HTTPException, attempt: int
    ) -> bool:
        """Wait and ask again: for a limit always, for a broken server where twice does no harm."""
        if attempt >= ATTEMPTS:
            return False
        status = int(exception.status_code)
        wait = limit_wait(status, exception.headers or {}, attempt, str(exception))
        if wait is None and status >= 500 and self._may_repeat(method, url):
            wait = 0.4 * 2**attempt * random.uniform(0.75, 1.0)  # noqa: S311 - jitter
        if wait is None or wait > LONGEST_WAIT:
            return False
        await self.sleep(wait)
        return True

    async def ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """One GraphQL query; a 200 with `errors` is a failure like any other (case S66)."""
        answer = await self.post(
            self.graphql_url, data={"query": query, "variables": dict(variables)}
        )
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors or not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            first = errors[0] if errors else {}
            message = str(first.get("message", "no data"))
            if first.get("type") == "NOT_FOUND":
                raise MissingProblem(f"GitHub says: {message}", "Check the name and the token.")
            if first.get("type") in ("RATE_LIMITED", "RATE_LIMIT"):
                raise limited(self._until_reset())
            raise HostProblem(
                f"GitHub's GraphQL API says: {message}", "Try again later.", retryable=True
            )
        data: dict[str, Any] = answer["data"]
        return data

    def _until_reset(self) -> float:
        """Seconds until GitHub counts anew, as the last answer says; a minute where it does not."""
        if self.rate_limit is None:
            return LONGEST_WAIT
        left = self.rate_limit.reset_datetime.timestamp() - time.time()
        return min(max(LONGEST_WAIT, left), WINDOW)  # Not longer, though our clock be wrong.


def _no_api(host: str) -> HostProblem:
    """It may be a proxy's page of this moment only, so later may be better."""
    return HostProblem(
        f"What answers at {host} is not GitHub's API.",
        "Check GITHUB_API_URL and the proxy.",
        retryable=True,
    )


def _lost() -> LostProblem:
    return LostProblem("GitHub's answer to a write was lost.", "Look whether it was done.")


def written(answer: Any) -> dict[str, Any]:
    """What a write has made; LostProblem when it is not GitHub that answered."""
    if not isinstance(answer, dict):
        raise LostProblem("What answered was not GitHub.", "Check the proxy.")
    return answer


def limit_wait(
    status: int, headers: Mapping[str, str], attempt: int, said: str = ""
) -> float | None:
    """Seconds to wait for a rate limit; None when the answer is about something else.

    A secondary limit says `retry-after`; without it GitHub asks for a minute, doubled each time. A
    primary limit says when it resets. `said` is GitHub's message: a 403 of a secondary limit without
    a header is told from a missing permission by its words alone (case S64). When it is now, GitHub
    says, too: our own clock may be wrong (case S78).
    """
    if status not in (403, 429):
        return None
    if after := headers.get("retry-after"):
        return _seconds(after)
    if headers.get("x-ratelimit-remaining") == "0":
        left = _seconds(headers.get("x-ratelimit-reset", "0")) - _now(headers)
        return min(max(1.0, left + 1), WINDOW)
    limited = status == 429 or "secondary rate limit" in said.lower()
    return 60.0 * 2 ** (attempt - 1) if limited else None


def _now(headers: Mapping[str, str]) -> float:
    """Seconds since the epoch as an answer says, by our clock where it does not."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return time.time()


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return LONGEST_WAIT + 1
    return max(0.0, value) if math.isfinite(value) else LONGEST_WAIT + 1


def limited(seconds: float, status: int = 0) -> LimitProblem:
    """GitHub takes no more requests for so long; asking sooner makes it worse."""
    wait = f"in {seconds:.0f} s" if seconds < 120 else f"in {seconds / 60:.0f} minutes"
    return LimitProblem(_LIMIT, f"Try again {wait}.", after=seconds, status=status)


def told(error: gidgethub.HTTPException, what: str, tries: int = ATTEMPTS) -> HostProblem:
    """A failed request as a Problem: what was asked, what GitHub said, what to do.

    `tries` is how often a broken server was asked.
    """
    status = int(error.status_code)
    said = str(error)
    if (wait := limit_wait(status, error.headers or {}, 1, said)) is not None:
        return limited(wait, status)
    match status:
        case 401:
            return AccessProblem(
                "GitHub refuses the token (401).",
                "Set GITHUB_TOKEN to a valid one, or run `gh auth login`.",
                status=status,
            )
        case 403:
            return AccessProblem(
                f"The token may not {what} (403: {said}).",
                "Give it read access to contents, and write access to pull requests to post.",
                status=status,
            )
        case 404 | 410:
            return MissingProblem(
                f"GitHub could not {what}: it is not there, or the token may not see it (404).",
                "Check the name and the number, and whether the token reaches the repository.",
                status=status,
            )
        case 422 if any(word in said.lower() for word in ("diff", "path", "line", "position")):
            return BadLineProblem(
                f"GitHub refuses the place of a comment: {said}.", "Move it.", status=status
            )
        case _ if status >= 500:
            lost = "x-triptych-lost" in (error.headers or {})
            shown = "no answer" if lost else f"status {status}"
            often = f", {tries} attempts" if tries > 1 else ""
            return HostProblem(
                f"GitHub could not {what} ({shown}{often}).",
                "Try again later.",
                status=status,
                retryable=True,
            )
        case _:
            return HostProblem(
                f"GitHub could not {what}: {said} ({status}).", "Try again later.", status=status
            )
