"""GitHub's web site, as far as a person walks through it to create an App from a manifest.

Strict as GitHub is: what it refuses there is refused here, in its words where they are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from tests.fakes.app import FakeApp
from tests.fakes.github import running

_NEW = re.compile(r"(?:/organizations/([\w-]+))?/settings/apps/new")
_KNOWN = {
    *("name", "url", "hook_attributes", "redirect_url", "description", "public"),
    *("default_permissions", "default_events"),
}
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>GitHub</title>'
    "<body><h1>{title}</h1>{text}</body></html>"
)


class FakeSite(FakeApp):
    """The API and the site at one address. `created` are the manifests of Apps that were made."""

    def __init__(self) -> None:
        super().__init__()
        self.created: list[dict[str, Any]] = []
        self.asked_by: list[str] = []
        self.gives: dict[str, Any] = {}
        self._next_code = 0

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST" and (new := _NEW.fullmatch(request.path)):
            return self._new(await request.post(), request.query.get("state", ""), new[1] or "")
        if request.path == "/settings/apps/confirmed":
            return self._confirmed(await request.post())
        if re.fullmatch(r"/apps/[\w-]+/installations/new", request.path):
            return _page("Install", "<p>Choose repositories.</p>")
        return await super()._serve(request)

    def _new(self, form: Any, state: str, organisation: str) -> web.Response:
        """GitHub shows the manifest once more and asks for a name that is free."""
        wanted = json.loads(form["manifest"])
        if problem := _problem(wanted):
            return _page("Invalid GitHub App configuration", f"<p>Error {escape(problem)}</p>", 422)
        self.asked_by.append(organisation)
        hidden = {"manifest": form["manifest"], "state": state}
        fields = "".join(
            f'<input type="hidden" name="{k}" value="{escape(v)}">' for k, v in hidden.items()
        )
        text = (
            f'<form method="post" action="/settings/apps/confirmed">{fields}'
            f"<p>{escape(wanted['name'])}</p><button>Create GitHub App</button></form>"
        )
        return _page("Create GitHub App", text)

    def _confirmed(self, form: Any) -> web.Response:
        wanted = json.loads(form["manifest"])
        self.created.append(wanted)
        self._next_code += 1
        code = f"c0de{self._next_code:036d}"
        self.codes[code] = {"name": wanted["name"], **self.gives}
        back = urlencode({"code": code, "state": form["state"]})
        return web.Response(status=302, headers={"Location": f"{wanted['redirect_url']}?{back}"})


def _problem(wanted: dict[str, Any]) -> str:
    """What GitHub holds against a manifest."""
    if strange := set(wanted) - _KNOWN:
        return f"unknown {sorted(strange)}"
    for key in ("name", "url", "redirect_url"):
        if not wanted.get(key):
            return f'"{key}" wasn\'t supplied.'
    if len(wanted["name"]) > 34:
        return "Name is too long (maximum is 34 characters)"
    hook = wanted.get("hook_attributes")
    if hook is not None:
        host = urlsplit(hook.get("url", "")).hostname
        if not host:
            return '"url" wasn\'t supplied.'
        if host in ("localhost", "127.0.0.1", "::1"):
            return f"Hook url is not supported because it isn't reachable ({host})"
    return ""


def _page(title: str, text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=_PAGE.format(title=title, text=text), status=status, content_type="text/html"
    )


@asynccontextmanager
async def fake_site() -> AsyncIterator[FakeSite]:
    """A running fake; `url` is where."""
    fake = FakeSite()
    async with running(fake):
        yield fake
