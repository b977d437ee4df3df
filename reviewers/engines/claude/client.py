"""The SDK's client, made once a process, and what it may do by itself.

It retries only what was certainly not begun: a refused connection, 408, 409, 429, 5xx and 529
before the first byte. A connection that is lost later may have been paid for, so that decision is
the engine's. Spend limits are 429s that waiting does not cure: they are not retried.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextvars import ContextVar
from time import monotonic
from typing import Any

import aiohttp
import anthropic
import httpx2
from anthropic import AsyncAnthropic

from reviewers.core.call import Attempt
from reviewers.protocols import ModelAccess

RETRIES = 4
"""Attempts behind the first; 529 three times and then an answer is ordinary (case S50)."""
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
"""Longest silence of an open stream; the API sends pings while a model thinks."""
PUBLIC_URL = "https://api.anthropic.com"
SPENT = frozenset(
    {
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "ramp_limit_exceeded",
    }
)
"""`error.details.error_code` of the 429s that mean money (anthropic/_error_classes.py)."""

attempts: ContextVar[list[Attempt] | None] = ContextVar("attempts", default=None)
"""Where the requests of the running call are written down, retries included."""


class LostError(Exception):
    """The connection broke after the request was sent: it may have been answered and billed.

    `silent`: nothing came at all within the deadline of the first sign.
    """

    def __init__(self, message: str, *, silent: bool = False) -> None:
        super().__init__(message)
        self.silent = silent


class SpendLimitError(Exception):
    """The account may spend no more; every further call would be refused too."""


class PatienceError(Exception):
    """The API asks us to come back later than a call may last; waiting would be for nothing."""


def make_client(access: ModelAccess) -> Any:
    """The client for a platform: Anthropic's own API (or what speaks it), Bedrock or Vertex.

    Bedrock and Vertex take their credentials as their own tools do (environment, profile); they
    need the extras `bedrock` and `vertex`.
    """
    common: dict[str, Any] = {
        "max_retries": RETRIES,
        "timeout": httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
        "http_client": _http_client(access),
        "middleware": [_watched(access)],
        "open_telemetry": {"propagation": False},
    }
    match access.platform:
        case "bedrock":
            return anthropic.AsyncAnthropicBedrock(**common)
        case "vertex":
            return anthropic.AsyncAnthropicVertex(**common)
        case _:
            headers = {} if access.url == PUBLIC_URL else {"X-Api-Key": access.key}
            return AsyncAnthropic(
                api_key=access.key, base_url=access.url, default_headers=headers, **common
            )


def _http_client(access: ModelAccess) -> anthropic.DefaultAioHttpClient:
    """Aiohttp under the SDK: half of the CPU time a call. Proxies as the environment says.

    Redirects are off: a key must not follow one to another host (case S35).
    """
    verify: Any = ssl.create_default_context(cafile=access.ca_bundle) if access.ca_bundle else True
    return anthropic.DefaultAioHttpClient(verify=verify, follow_redirects=False)


def _watched(access: ModelAccess) -> Any:
    """Middleware round one HTTP attempt: written down, and not retried where that is not safe."""

    async def watched(request: Any, call_next: Any) -> Any:
        book = attempts.get()
        start = monotonic()
        result = "lost"
        try:
            async with asyncio.timeout(access.first_seconds):
                response = await call_next(request)
            result = str(response.http_response.status_code)
            if response.http_response.status_code == 429:
                await _raise_if_spent(response.http_response)
            _raise_if_too_long(response.http_response, access.seconds)
        except TimeoutError:
            result = "silent"
            message = f"no answer began within {access.first_seconds:.0f} s"
            raise LostError(message, silent=True) from None
        except anthropic.APIConnectionError as e:
            if _never_sent(e):
                result = "no connection"
                raise
            raise LostError(str(e.__cause__ or e)) from None
        else:
            return response
        finally:
            if book is not None:
                book.append(Attempt(start, monotonic() - start, result))

    return watched


async def _raise_if_spent(response: httpx2.Response) -> None:
    body = await response.aread()
    try:
        details = json.loads(body)["error"].get("details") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if details.get("error_code") in SPENT:
        raise SpendLimitError(details["error_code"])


def _raise_if_too_long(response: httpx2.Response, patience: float) -> None:
    """The SDK obeys `retry-after` without a bound (facts/libraries.md section 1.7); we do not."""
    try:
        wait = float(response.headers.get("retry-after", 0))
    except ValueError:
        return
    if response.status_code >= 400 and wait > patience:
        raise PatienceError(f"the API asks for a pause of {wait:.0f} s")


def _never_sent(error: BaseException) -> bool:
    """Whether the connection was not even made, so that asking again costs nothing."""
    return any(
        isinstance(e, aiohttp.ClientConnectorError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
        for e in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
