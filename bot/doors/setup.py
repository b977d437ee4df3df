"""Setting the App up in a browser: a link with a one-time token, GitHub's manifest flow, done.

The link goes to whoever reads the server's terminal. Its token opens one browser session and no
second; what GitHub hands over goes into a file for the server's user alone, and nowhere else.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.app_settings import APP_FILE, AppSettings
from bot.doors.html import html, is_foreign, is_https, see
from bot.errors import Problem
from bot.hosts.app_plan import (
    EVENTS,
    NAME_CHARS,
    PERMISSIONS,
    AppPlan,
    app_settings_url,
    install_url,
    is_login,
    is_reachable,
    kept,
    manifest,
    new_app_url,
)
from bot.hosts.http import make_session
from bot.hosts.manifest import convert
from bot.outputs.page import Pages
from bot.secret_file import check_writable, keep_secret
from bot.settings import Settings

COOKIE = "triptych_setup"
STATE_SECONDS = 3600.0
"""GitHub's code is good for an hour."""
MOST_STATES = 8
"""So many attempts may be under way at once: somebody goes back and forth."""
_ADDRESS = re.compile(r"https?://[^\s/@?#\"'<>\\]+(/[^\s?#\"'<>\\]*)?")
_MOST_ADDRESS = 300


def new_token() -> str:
    """A one-time token, 256 bits."""
    return secrets.token_urlsafe(32)


def setup_link(address: str, token: str) -> str:
    """What `triptych serve` prints; `address` is where a browser reaches the server."""
    return f"{address}/setup?{urlencode({'token': token})}"


def setup_routes(
    settings: Settings,
    app: AppSettings,
    on_created: Callable[[], Awaitable[None]],
    *,
    token: str,
    now: Callable[[], float] = time.monotonic,
) -> list[web.RouteDef]:
    """The routes `/setup` and `/setup/created`; with an App they are closed from the start (410).

    `on_created` is awaited when the App's file is written; a Problem that it raises is shown.
    """
    setup = _Setup(settings, app, on_created, token, now)
    return [
        web.get("/setup", setup.show, allow_head=False),
        web.post("/setup", setup.plan),
        web.get("/setup/created", setup.created, allow_head=False),
    ]


@dataclass(frozen=True)
class _UnderWay:
    """What waits for GitHub's redirect."""

    plan: AppPlan
    since: float


@dataclass(frozen=True)
class _Wish:
    """The form as it was sent, and what is wrong with it: texts by field."""

    name: str = "Triptych"
    owner: str = "personal"
    organisation: str = ""
    public: str = ""

    def problems(self) -> dict[str, str]:
        """What is wrong, by field."""
        out = {}
        if not 1 <= len(self.name) <= NAME_CHARS:
            out["name"] = f"Give a name of 1 to {NAME_CHARS} characters."
        if self.owner == "organisation" and not is_login(self.organisation):
            out["organisation"] = "Give the organisation's name as it stands in its address."
        if len(self.public) > _MOST_ADDRESS or not _is_address(self.public):
            out["public"] = "Give an address as https://host or https://host/path."
        return out


def _is_address(text: str) -> bool:
    try:
        return bool(_ADDRESS.fullmatch(text)) and bool(urlsplit(text).hostname)
    except ValueError:  # Half an IPv6 address.
        return False


class _Setup:
    """The setup of one server: who may do it, what is under way, whether it is over."""

    def __init__(
        self,
        settings: Settings,
        app: AppSettings,
        on_created: Callable[[], Awaitable[None]],
        token: str,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._app = app
        self._on_created = on_created
        self._token = token
        self._now = now
        self._session = ""
        self._states: dict[str, _UnderWay] = {}
        self._done = app.has_app
        self._pages = Pages()

    async def show(self, request: web.Request) -> web.Response:
        """The form; with a token in the address, the way to it."""
        if self._done:
            return self._closed()
        if "token" in request.query:
            return self._enter(request)
        if not self._is_known(request):
            return self._stranger()
        here = self._app.public_url or f"{request.scheme}://{request.host}"
        return self._form(_Wish(public=here), {})

    async def plan(self, request: web.Request) -> web.Response:
        """Look at the form; when it is fine, show what GitHub will be asked for."""
        if self._done:
            return self._closed()
        if not self._is_known(request) or is_foreign(request):
            return self._stranger()
        form = await request.post()
        wish = _Wish(*(str(form.get(k, "")).strip() for k in _Wish.__dataclass_fields__))
        given = str(form.get("form", "")).encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._form_key().encode()):
            return self._stranger()
        wish = _Wish(wish.name, wish.owner, wish.organisation, wish.public.rstrip("/"))
        if problems := wish.problems():
            return self._form(wish, problems)
        try:
            check_writable(self._app.home / APP_FILE)
        except Problem as e:
            return self._message(500, "The App could not be stored", e.what, e.do)
        organisation = wish.organisation if wish.owner == "organisation" else ""
        api = self._settings.github_api
        plan = AppPlan(wish.name, organisation, wish.public, wish.public, api)
        return self._confirm(plan)

    async def created(self, request: web.Request) -> web.Response:
        """GitHub has sent the browser back: exchange the code, keep the keys, close the setup."""
        if self._done:
            return self._closed()
        under_way = self._taken(request.query.get("state", ""))
        if under_way is None:
            return self._message(
                403,
                "This belongs to no setup that is under way",
                "GitHub's answer is taken once, within an hour, and only where this server asked "
                "for it. If the App was created, delete it at GitHub.",
                "Open /setup in the browser in which the setup was begun and start again.",
            )
        try:
            async with make_session(self._settings) as session:
                new = await convert(session, self._settings, request.query.get("code", ""))
            app = kept(new)
            keep_secret(self._app.home / APP_FILE, app.text)
        except Problem as e:
            what = f"{e.what} The App may stand at GitHub all the same: delete it there."
            return self._message(502, "The App’s keys could not be taken over", what, e.do)
        self._done = True
        self._states.clear()
        return await self._finished(under_way.plan, new.slug, is_ours=app.secret_is_ours)

    async def _finished(self, plan: AppPlan, slug: str, *, is_ours: bool) -> web.Response:
        unready = ""
        try:
            await self._on_created()
        except Problem as e:
            unready = f"{e.what} {e.do}"
        text = self._pages.render(
            "setup_done",
            name=plan.name,
            install=install_url(self._settings, slug),
            app_settings=app_settings_url(self._settings, plan, slug),
            file=str(self._app.home / APP_FILE),
            webhook=plan.webhook,
            public=plan.public,
            events=EVENTS,
            secret_is_ours=is_ours,
            unready=unready,
        )
        return html(text)

    # --- who is there

    def _enter(self, request: web.Request) -> web.Response:
        """Change the token for a session, once, and take it out of the address."""
        given = request.query["token"].encode("utf-8", "replace")
        if not self._token or not hmac.compare_digest(given, self._token.encode()):
            # The link of a session that is open already, clicked again in the same browser.
            return see("setup") if self._is_known(request) else self._stranger()
        self._token = ""
        self._session = secrets.token_urlsafe(32)
        answer = see("setup")
        answer.set_cookie(
            COOKIE,
            self._session,
            httponly=True,
            samesite="Lax",
            secure=is_https(request, self._app.public_url),
            path="/",
        )
        return answer

    def _is_known(self, request: web.Request) -> bool:
        given = request.cookies.get(COOKIE, "")
        return bool(self._session) and hmac.compare_digest(
            given.encode("utf-8", "replace"), self._session.encode()
        )

    def _form_key(self) -> str:
        """What only a form of this session holds."""
        return hmac.new(self._session.encode(), b"form", "sha256").hexdigest()

    def _taken(self, state: str) -> _UnderWay | None:
        """The attempt of that state, which is used up by this; None when there is none."""
        since = self._now() - STATE_SECONDS
        self._states = {s: u for s, u in self._states.items() if u.since >= since}
        given = state.encode("utf-8", "replace")
        found = [s for s in self._states if hmac.compare_digest(s.encode(), given)]
        return self._states.pop(found[0]) if found else None

    # --- pages

    def _form(self, wish: _Wish, problems: dict[str, str]) -> web.Response:
        text = self._pages.render(
            "setup",
            wish=wish,
            problems=problems,
            form_key=self._form_key(),
            github=self._settings.web_url,
            name_chars=NAME_CHARS,
            reachable="public" in problems or is_reachable(wish.public, self._settings.github_api),
        )
        return html(text, 422 if problems else 200)

    def _confirm(self, plan: AppPlan) -> web.Response:
        while len(self._states) >= MOST_STATES:
            self._states.pop(next(iter(self._states)))
        state = secrets.token_urlsafe(32)
        self._states[state] = _UnderWay(plan, self._now())
        text = self._pages.render(
            "setup_confirm",
            plan=plan,
            target=new_app_url(self._settings.web_url, plan, state),
            github=self._settings.web_url,
            manifest=json.dumps(manifest(plan)),
            permissions=PERMISSIONS,
            events=EVENTS,
        )
        return html(text, form_targets=(_origin(self._settings.web_url),))

    def _stranger(self) -> web.Response:
        return self._message(
            403,
            "This page needs the link from the server's terminal",
            "The link that `triptych serve` prints opens the setup in one browser, once.",
            "Open that link. If it was used already, in another browser or by somebody else, "
            "stop the server and start it again: it prints a new one.",
        )

    def _closed(self) -> web.Response:
        return self._message(
            410,
            "The App is set up",
            "This page has done its work and is closed.",
            f"To set up another App, move {APP_FILE} out of TRIPTYCH_HOME and start the server again.",
        )

    def _message(self, status: int, title: str, what: str, do: str) -> web.Response:
        return html(self._pages.render("message", title=title, what=what, do=do), status)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
