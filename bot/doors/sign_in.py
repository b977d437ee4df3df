"""Who may see the operator's pages: whoever shows the operator's token, by header or by cookie.

Nothing is stored: a cookie is an expiry, a nonce and a signature under a key made from the token,
so it holds on every machine of a service and ends when the token is changed.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

import structlog
from aiohttp import web

from bot.app_settings import AppSettings
from bot.doors.html import is_https
from bot.errors import ConfigProblem
from bot.secret_file import keep_first

TOKEN_FILE = "operator-token"  # noqa: S105 - its name
"""In TRIPTYCH_HOME, mode 0600, where the environment gives no token."""
LEAST_TOKEN = 16
"""Characters; a random token of so many is not guessed."""
COOKIE, FORM_COOKIE = "triptych_operator", "triptych_form"
SESSION_SECONDS = 12 * 3600
FAILURES, FAILURES_EVERYWHERE, WINDOW = 5, 60, 60.0
"""Who has shown so many wrong tokens in so many seconds, from one address or all together, is told to
wait; the right one is always taken."""
MOST_ADDRESSES = 1000

log = structlog.get_logger("door")


def operator_token(app: AppSettings) -> tuple[str, Path | None]:
    """The operator's token and the file that holds it (None: it is in the environment).

    It is made where there is none. ConfigProblem when it is too short or cannot be kept.
    """
    if app.operator_token:
        return _checked(app.operator_token, "TRIPTYCH_OPERATOR_TOKEN"), None
    file = app.home / TOKEN_FILE
    keep_first(file, secrets.token_urlsafe(32) + "\n")
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise ConfigProblem(f"{file} cannot be read: {why}.", "Check its owner.") from None
    return _checked(token, str(file)), file


def _checked(token: str, name: str) -> str:
    if len(token) < LEAST_TOKEN or not token.isascii():
        raise ConfigProblem(
            f"{name} holds no token of at least {LEAST_TOKEN} plain characters.",
            "Use a long random one, or leave it out: then one is made.",
        )
    return token


class Attempts:
    """Counts wrong tokens, from each address and from everywhere."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._all: deque[float] = deque()
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until that address may try again, 0.0 when it may now."""
        waits = [_until_free(self._all, FAILURES_EVERYWHERE, self._now())]
        if address in self._by_address:
            waits.append(_until_free(self._by_address[address], FAILURES, self._now()))
        return max(waits)

    def failed(self, address: str) -> None:
        """One more wrong token; the address that has been quiet for longest is forgotten first."""
        mine = self._by_address.setdefault(address, deque(maxlen=FAILURES))
        self._by_address.move_to_end(address)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        for times in (mine, self._all):
            times.append(self._now())


def _until_free(times: deque[float], limit: int, now: float) -> float:
    while times and times[0] <= now - WINDOW:
        times.popleft()
    return times[-limit] + WINDOW - now if len(times) >= limit else 0.0


class SignIn:
    """Checks and makes what says that somebody is the operator."""

    def __init__(
        self, token: str, public_url: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._token = token.encode()
        self._key = hmac.digest(self._token, b"triptych operator pages 1", "sha256")
        self._public_url = public_url
        self._now = now
        self.attempts = Attempts(now)

    def is_operator(self, request: web.Request) -> bool:
        """Whether the request shows the token, or the cookie that was given for it."""
        if self.has_token(request):
            given = request.headers["Authorization"].partition(" ")[2]
            return self.takes(given.strip(), request.remote or "")
        return self._holds(request.cookies.get(COOKIE, ""))

    def has_token(self, request: web.Request) -> bool:
        """Whether a token, right or wrong, is shown in the header."""
        return request.headers.get("Authorization", "").lower().startswith("bearer ")

    def takes(self, given: str, address: str) -> bool:
        """Whether that is the token. Only wrong ones are counted, and told to wait: behind a proxy
        strangers and the operator have one address, and nobody may lock the operator out.
        """
        if hmac.compare_digest(given.encode("utf-8", "replace"), self._token):
            return True
        if not self.attempts.wait(address):
            self.attempts.failed(address)
            log.warning("sign_in.refused", host=address, why="a wrong token")
        return False

    def let_in(self, request: web.Request, answer: web.Response) -> None:
        """Give the cookie of a session."""
        said = f"{int(self._now()) + SESSION_SECONDS}.{secrets.token_hex(16)}"
        self._bake(request, answer, COOKIE, f"{said}.{self._sign(said)}", SESSION_SECONDS)

    def let_out(self, answer: web.Response) -> None:
        """Take it back."""
        answer.del_cookie(COOKIE, path="/")

    # --- forms: one of another site must do nothing here

    def form_key(self, request: web.Request, answer: web.Response | None = None) -> str:
        """What a form carries: bound to the session, or to a cookie of its own that `answer` sets."""
        session = request.cookies.get(COOKIE, "")
        if self._holds(session):
            return self._sign(f"form {session}")
        nonce = request.cookies.get(FORM_COOKIE, "")
        if not re.fullmatch(r"[0-9a-f]{32}", nonce):
            nonce = secrets.token_hex(16)
        if answer is not None:
            self._bake(request, answer, FORM_COOKIE, nonce, None)
        return self._sign(f"form {nonce}")

    def is_own_form(self, request: web.Request, given: str) -> bool:
        """Whether the form came from a page of ours, to this browser."""
        if COOKIE not in request.cookies and FORM_COOKIE not in request.cookies:
            return False
        return hmac.compare_digest(
            given.encode("utf-8", "replace"), self.form_key(request).encode()
        )

    def _holds(self, cookie: str) -> bool:
        said, _, signature = cookie.rpartition(".")
        if not re.fullmatch(r"[0-9]{1,12}\.[0-9a-f]{32}", said):
            return False
        right = hmac.compare_digest(signature.encode("utf-8", "replace"), self._sign(said).encode())
        return right and int(said.partition(".")[0]) > self._now()

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def _bake(
        self, request: web.Request, answer: web.Response, name: str, value: str, age: int | None
    ) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=age,
            httponly=True,
            samesite="Strict",
            secure=is_https(request, self._public_url),
            path="/",
        )
