"""What can go wrong between PyGithub and GitHub, as sentences for the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from time import time

import github
import requests

from bot.errors import AccessProblem, ConfigProblem, HostProblem, MissingProblem
from reviewers.core.visible import one_line

SKEW = 60.0
"""Seconds; a clock that differs more makes GitHub refuse the App's tokens (case S16)."""


@contextmanager
def told(what: str, host: str) -> Iterator[None]:
    """Raise what goes wrong inside as a Problem; `what` was to be done, as in `read the App`."""
    try:
        yield
    except github.GithubException as e:
        raise _refused(e, what) from e
    except requests.exceptions.RetryError as e:
        raise HostProblem(
            f"GitHub could not {what}: it answers with errors.", "Try again later.", retryable=True
        ) from e
    except requests.exceptions.RequestException as e:
        raise _unreachable(e, host) from e
    except (RuntimeError, AssertionError) as e:
        # PyGithub's, for a redirect or a next page on another host or scheme (case S35).
        raise HostProblem(
            f"{host} leads to another address.", "It is not followed. Check GITHUB_API_URL."
        ) from e
    except (ValueError, TypeError, LookupError, github.BadAttributeException) as e:
        raise no_api(host) from e
    except OSError as e:
        raise ConfigProblem(
            "The certificates that SSL_CERT_FILE names cannot be read.",
            "Set it to a file of PEM certificates.",
        ) from e


def no_api(host: str) -> HostProblem:
    """Something else answered, as a proxy's page."""
    return HostProblem(
        f"What answers at {host} is not GitHub's API.", "Check GITHUB_API_URL and the proxy."
    )


def _refused(error: github.GithubException, what: str) -> HostProblem:
    said = one_line(_message(error))[:200]
    match error.status:
        case 401:
            return _refused_key(error, said)
        case 403 | 429 if isinstance(error, github.RateLimitExceededException):
            return HostProblem(
                "GitHub's rate limit is reached.", "Try again later.", status=403, retryable=True
            )
        case 403:
            return AccessProblem(f"The App may not {what} (403: {said}).", "Check it.", status=403)
        case 404 if what == "read the App":
            return AccessProblem(
                "GitHub knows no App of this id (404).", "Check TRIPTYCH_APP_ID.", status=404
            )
        case 404 | 410:
            return MissingProblem(
                f"GitHub could not {what}: it knows no such thing (404).",
                "Check the name or number.",
                status=404,
            )
        case status if status >= 500:
            return HostProblem(
                f"GitHub could not {what} (status {status}).",
                "It may have been done all the same: look before you repeat it.",
                status=status,
                retryable=True,
            )
        case status:
            return HostProblem(
                f"GitHub could not {what}: {said} ({status}).", "Try again later.", status=status
            )


def _message(error: github.GithubException) -> str:
    data = error.data
    return str(data.get("message", "")) if isinstance(data, dict) else str(data or "")


def _refused_key(error: github.GithubException, said: str) -> HostProblem:
    """A 401: the clock, where GitHub's own is told and differs; else the key."""
    try:
        date = str((error.headers or {}).get("date", ""))
        ahead = time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        ahead = 0.0
    if abs(ahead) > SKEW:
        way = "ahead of" if ahead > 0 else "behind"
        return AccessProblem(
            f"GitHub refuses the App's token: this clock is {abs(ahead):.0f} s {way} GitHub's.",
            "Set the clock, by NTP for example.",
            status=401,
        )
    return AccessProblem(
        f"GitHub refuses the App's key (401: {said}).",
        "Check that TRIPTYCH_APP_ID and the private key are of the same App, and that the key was "
        "not deleted there.",
        status=401,
    )


def _unreachable(error: requests.exceptions.RequestException, host: str) -> HostProblem:
    match error:
        case requests.exceptions.SSLError():
            return HostProblem(
                f"The certificate of {host} is not trusted.",
                "Give the CA's certificates as a file in SSL_CERT_FILE.",
            )
        case requests.exceptions.ProxyError():
            return HostProblem(
                f"The proxy does not connect to {host}.", "Check HTTPS_PROXY and its credentials."
            )
        case requests.exceptions.ReadTimeout() | requests.exceptions.ChunkedEncodingError():
            return HostProblem(
                f"{host} did not answer in time.",
                "Try again; what was to be changed may have been changed.",
                retryable=True,
            )
    return HostProblem(
        f"{host} cannot be reached.",
        "Check the network, the proxy and GITHUB_API_URL.",
        retryable=True,
    )
