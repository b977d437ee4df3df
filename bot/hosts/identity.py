"""Who we are to GitHub: the App's key, and the requests that are made as the App itself.

What is done in a repository is done with an installation's token instead (bot/hosts/app.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import gidgethub
import jwt
from jwt.algorithms import RSAAlgorithm

from bot.app_settings import AppSettings
from bot.errors import AccessProblem, ConfigProblem
from bot.hosts.http import GitHubAPI, told
from bot.settings import Settings

BACKDATED = 60
"""Seconds by which a JWT is issued in the past: GitHub refuses one of the future (case S16)."""
LIFETIME = 540
"""Seconds from the issue to the end of a JWT; GitHub takes at most 600 from now."""
RENEWED_AFTER = 300.0
"""Seconds that a JWT is used: signing takes a tenth of a second of a core."""
TRIES = 3
"""A request is made again by GitHub's clock, and again with a key read afresh."""
OF_EVERY_APP = ("/app", "/app/hook/deliveries")
"""Addresses that are there for every App: where GitHub finds none, the App's id is wrong."""


class AppKey:
    """The App's id and key, what they sign, and how far this machine's clock is off.

    `read` gives the settings anew, for a key that was replaced while we run (case S21); `clock` is
    this machine's, in seconds since the epoch.
    """

    def __init__(
        self,
        settings: AppSettings,
        read: Callable[[], AppSettings],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._read = read
        self._clock = clock
        self._jwt = ""
        self._renewal = 0.0
        self.skew = 0.0

    @property
    def app_id(self) -> str:
        """The App's number or client id, "" where no App is configured."""
        return self._settings.app_id

    def now(self) -> float:
        """GitHub's time, in seconds since the epoch, as far as it is known."""
        return self._clock() + self.skew

    def bearer(self) -> str:
        """A JWT that GitHub takes for some minutes.

        ConfigProblem when there is no App yet, or no key that could sign. It says nothing of the key.
        """
        if not _can_sign(self._settings):
            self._settings = self._read()
        if not self._jwt or time.monotonic() >= self._renewal:
            self._jwt = sign(self._settings, self.now())
            self._renewal = time.monotonic() + RENEWED_AFTER
        return self._jwt

    def learn(self, refused: str, said: str, date: str) -> bool:
        """Whether to try again after a 401: by GitHub's own clock, or with another key.

        `refused` is the JWT that was sent, `said` GitHub's message, `date` its Date header.
        ConfigProblem when what is to be read again cannot be.
        """
        if refused != self._jwt:  # Another request has learned meanwhile.
            return True
        self._jwt = ""
        if "claim" in said:
            return self._set_clock(date)
        fresh = self._read()
        known = (self._settings.app_id, self._settings.private_key)
        if not _can_sign(fresh) or known == (fresh.app_id, fresh.private_key):
            return False
        self._settings = fresh
        return True

    def _set_clock(self, date: str) -> bool:
        try:
            self.skew = parsedate_to_datetime(date).timestamp() - self._clock()
        except ValueError:
            return False
        return True


def _can_sign(settings: AppSettings) -> bool:
    return bool(settings.app_id and settings.private_key)


def claims(app_id: str, now: float) -> dict[str, Any]:
    """What a JWT says; `now` is in seconds since the epoch."""
    issued = int(now) - BACKDATED
    return {"iat": issued, "exp": issued + LIFETIME, "iss": app_id}


def sign(settings: AppSettings, now: float) -> str:
    """A JWT of the App. ConfigProblem, without a byte of the key, when it cannot be made."""
    if not _can_sign(settings):
        raise ConfigProblem(
            "No GitHub App is configured.",
            "Open /setup, or set TRIPTYCH_APP_ID and TRIPTYCH_APP_PRIVATE_KEY_FILE.",
        )
    try:
        key = _signer(settings.private_key)
        return jwt.encode(claims(settings.app_id, now), key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise ConfigProblem(
            "The App's private key cannot sign.",
            "Give the PEM file that GitHub made for the App: an RSA key without a passphrase.",
        ) from None


@lru_cache(maxsize=2)
def _signer(pem: str) -> Any:
    """The key that signs; reading it takes a tenth of a second, for its numbers are checked."""
    return RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)


class AsApp(GitHubAPI):
    """GitHub's API as the App itself. All that we ask of it may be asked twice without harm."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, key: AppKey) -> None:
        super().__init__(session, settings, None)
        self.key = key
        self._number = 0

    async def number(self) -> int:
        """The App's number. GitHub is asked once where only its client id is known, for what it says of
        somebody else's App need not hold that one. A HostProblem where it does not tell.
        """
        if self.key.app_id.isdecimal():
            return int(self.key.app_id)
        if not self._number:
            try:
                about = await self.getobject("/app", "id")
            except gidgethub.HTTPException as e:
                raise told(e, "read the App") from None
            self._number = int(about["id"])
        return self._number

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request with a JWT, or with the token that the caller has given."""
        if "authorization" in headers:
            return await super()._request(method, url, headers, body)
        for _ in range(TRIES):
            bearer = self.key.bearer()
            signed = {**headers, "authorization": f"bearer {bearer}"}
            answer = await super()._request(method, url, signed, body)
            if answer[0] == 404 and urlsplit(url).path.endswith(OF_EVERY_APP):
                raise AccessProblem(
                    "GitHub knows no App of this id (404).", "Check TRIPTYCH_APP_ID.", status=404
                )
            if answer[0] != 401:
                return answer
            said = message_of(answer[2])
            if not self.key.learn(bearer, said, answer[1].get("date", "")):
                break
        raise AccessProblem(
            f"GitHub does not take the App's key (401: {said}).",
            "Check TRIPTYCH_APP_ID, the private key and this machine's clock.",
            status=401,
        )

    def _may_repeat(self, method: str, url: str) -> bool:
        return True


def message_of(body: bytes) -> str:
    """What GitHub says in a refusal, on one line; "" where it cannot be read."""
    try:
        said = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return " ".join(str(said).split())[:200]
