"""What PyGithub asks of the one fake beside what the server asks: lists, by pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.app_needs import EVENTS
from tests.fakes.app import FakeApp
from tests.fakes.github import REPOSITORY, Json, Refusal, running


class OperatorsApp(FakeApp):
    """The fake App with the lists of pull requests and reviews; `events` are what it hears of.

    `page` is the most rows of a page; `links` the host to which links to further pages lead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events = list(EVENTS)
        self.page = 100
        self.links = ""

    def environment(self, home: Any, **more: str) -> dict[str, str]:
        """What an operator's shell has set."""
        return {
            "TRIPTYCH_HOME": str(home),
            "TRIPTYCH_APP_ID": "4242",
            "TRIPTYCH_APP_PRIVATE_KEY": self.pem,
            "TRIPTYCH_WEBHOOK_SECRET": "s3cret",
            "GITHUB_API_URL": self.url,
            **more,
        }

    def _routes(self) -> list[Any]:
        repo = rf"(?:/repos/{REPOSITORY}|/repositories/{self.repository_id})"
        return [
            (("GET", r"/repos/(?!acme/shop/).+/installation"), "jwt", self._nowhere),
            *super()._routes(),
            (("GET", repo), "metadata", self._repository),
            (("GET", f"{repo}/pulls"), "pull_requests", self._pulls),
            (("GET", rf"{repo}/pulls/(\d+)/reviews"), "pull_requests", self._reviews),
        ]

    def _about(self, request: web.Request, body: Any) -> Json:
        known = {"owner": {"login": "acme"}, "events": self.events}
        return {**super()._about(request, body), **known}

    def _installation(self, request: web.Request, body: Any, number: str = "") -> Json:
        found = super()._installation(request, body, number)
        link = f"{self.url}/organizations/{found['account']['login']}/settings/installations/7"
        return {**found, "events": self.events, "html_url": link}

    def _mint(self, request: web.Request, body: Any, number: str) -> Json:
        """By name, as GitHub takes it, too."""
        names = body.pop("repositories", None)
        if names is not None:
            assert names == [REPOSITORY.partition("/")[2]], names
            body["repository_ids"] = [self.repository_id]
        return super()._mint(request, body, number)

    def _nowhere(self, request: web.Request, body: Any) -> Json:
        raise Refusal(404, "Not Found")

    def _repository(self, request: web.Request, body: Any) -> Json:
        return {"id": self.repository_id, "full_name": REPOSITORY, "private": True}

    def _pulls(self, request: web.Request, body: Any) -> web.Response:
        rows = [
            {
                **self._pull(number),
                "user": {"login": "alice"},
                "url": f"{self.url}/repos/{REPOSITORY}/pulls/{number}",
            }
            for number, pull in sorted(self.pulls.items(), reverse=True)
            if pull.state == request.query.get("state", "open")
        ]
        return self._paged(request, rows)

    def _reviews(self, request: web.Request, body: Any, number: str) -> web.Response:
        return self._paged(request, self.pulls[int(number)].reviews)

    def _paged(self, request: web.Request, rows: list[Json]) -> web.Response:
        page, per = (
            int(request.query.get("page", 1)),
            min(int(request.query["per_page"]), self.page),
        )
        more = rows[page * per :]
        query = "&".join(f"{k}={v}" for k, v in request.query.items() if k != "page")
        host = self.links or self.url
        link = f'<{host}{request.path}?{query}&page={page + 1}>; rel="next"'
        shown = rows[(page - 1) * per : page * per]
        return web.json_response(shown, headers={"link": link} if more else {})


@asynccontextmanager
async def operators_app() -> AsyncIterator[OperatorsApp]:
    """A running fake; `url` is where."""
    fake = OperatorsApp()
    async with running(fake):
        yield fake
