"""The SDK's client, made once a process, and what it may do by itself.

It retries only what was certainly not begun: a refused connection, 408, 409, 429, 5xx and 529
before the first byte. A connection that is lost later may have been paid for, so that decision is
the engine's. Spend limits are 429s that waiting does not cure: they are not retried.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib import import_module
from time import monotonic, time
from typing import Any

import aiohttp
import anthropic
import httpx2
from anthropic import AsyncAnthropic
from httpx2 import create_ssl_context

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


class SetupError(Exception):
    """Models cannot be reached from here until somebody sets it up; the text says what is wrong."""


_REGION = {"bedrock": "AWS_REGION", "vertex": "CLOUD_ML_REGION"}
_CREDENTIAL_ERRORS = {
    "bedrock": ("botocore.exceptions", "BotoCoreError"),
    "vertex": ("google.auth.exceptions", "GoogleAuthError"),
}
"""What a platform's own library raises where it finds no credentials."""


def make_client(access: ModelAccess) -> Any:
    """The client for a platform: Anthropic's own API (or what speaks it), Bedrock or Vertex.

    Bedrock and Vertex take their credentials as their own tools do (environment, profile); they
    need the extras `bedrock` and `vertex`. SetupError where this machine is not ready for it.
    """
    common: dict[str, Any] = {
        "max_retries": RETRIES,
        "timeout": httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
        "http_client": _http_client(access),
        "middleware": [_watched(access)],
        "open_telemetry": {"propagation": False},
    }
    if access.platform in _REGION:
        make = {
            "bedrock": anthropic.AsyncAnthropicBedrock,
            "vertex": anthropic.AsyncAnthropicVertex,
        }[access.platform]
        try:
            return make(**common)
        except ValueError as e:
            name = _REGION[access.platform]
            raise SetupError(f"{access.platform} needs a region ({name})") from e
    headers = {} if access.url == PUBLIC_URL else {"X-Api-Key": access.key}
    return AsyncAnthropic(
        api_key=access.key, base_url=access.url, default_headers=headers, **common
    )


@lru_cache(maxsize=4)
def _trusted(ca_bundle: str) -> ssl.SSLContext:
    """Whom we trust: made once a process, for reading all certificates takes 50 ms of a core."""
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else create_ssl_context()


def _http_client(access: ModelAccess) -> anthropic.DefaultAioHttpClient:
    """Aiohttp under the SDK: half of the CPU time a call. Proxies as the environment says.

    Redirects are off: a key must not follow one to another host (case S35).
    """
    try:
        verify = _trusted(access.ca_bundle)
    except OSError as e:
        raise SetupError("the file of trusted certificates cannot be read") from e
    return anthropic.DefaultAioHttpClient(verify=verify, follow_redirects=False)


def _watched(access: ModelAccess) -> Any:
    """Middleware round one HTTP attempt: written down, and not retried where that is not safe."""
    unsent: tuple[type[Exception], ...] = (anthropic.AnthropicError, *_errors_of(access.platform))

    async def watched(request: Any, call_next: Any) -> Any:
        book = attempts.get()
        start = monotonic()
        result = "lost"
        try:
            async with asyncio.timeout(access.first_seconds):
                response = await call_next(request)
            result = str(response.http_response.status_code)
            if response.http_response.is_error:
                await _raise_if_hopeless(response.http_response, access.seconds)
        except TimeoutError:
            result = "silent"
            message = f"no answer began within {access.first_seconds:.0f} s"
            raise LostError(message, silent=True) from None
        except unsent as e:
            result, meaning = _meaning(e, access.platform)
            raise meaning from None
        else:
            return response
        finally:
            if book is not None:
                book.append(Attempt(start, monotonic() - start, result))

    return watched


def _errors_of(platform: str) -> tuple[type[Exception], ...]:
    """What may be raised before a request is sent, for want of credentials or of their library."""
    if platform not in _CREDENTIAL_ERRORS:
        return ()
    module, name = _CREDENTIAL_ERRORS[platform]
    try:
        return ImportError, RuntimeError, ValueError, getattr(import_module(module), name)
    except ImportError:
        return ImportError, RuntimeError, ValueError


def _meaning(error: Exception, platform: str) -> tuple[str, Exception]:
    """What an attempt without an answer is called in the book, and what is to be raised for it.

    The SDK tries an APIConnectionError again, and nothing else of these.
    """
    if isinstance(error, anthropic.APIConnectionError):
        causes = tuple(_causes(error))
        if not any(isinstance(cause, _UNSENT) for cause in causes):
            return "lost", LostError(str(error.__cause__ or error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            untrusted = "the certificate of the model's host is not trusted"
            return "no connection", SetupError(untrusted)
        return "no connection", error
    if platform in _REGION:
        return "no credentials", SetupError(not_ready(platform, error))
    return "lost", error


async def _raise_if_hopeless(response: httpx2.Response, patience: float) -> None:
    """Where trying again is for nothing the SDK must not learn of the answer: it would."""
    body = await response.aread()
    if response.status_code == 429 and (code := _error_code(body)) in SPENT:
        raise SpendLimitError(code)
    pause = _pause(response.headers)
    if pause > patience:
        raise PatienceError(f"the API asks for a pause of {pause:.0f} s")


def _error_code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["details"]["error_code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _pause(headers: Mapping[str, str]) -> float:
    """The seconds for which an answer asks, 0 for none.

    The SDK obeys all three forms without a bound (anthropic/_base_client.py, 880).
    """
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers.get(name, "")) / unit
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time()
    except (ValueError, TypeError):
        return 0.0


def not_ready(platform: str, error: Exception) -> str:
    """Why a platform's client could not send a request at all."""
    if any(isinstance(e, ImportError) for e in _causes(error)):
        return f"the extra `{platform}` of triptych-review is not installed"
    return f"no credentials for {platform} were found"


_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
)
"""The connection was not even made, so that asking again costs nothing."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
