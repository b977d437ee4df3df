"""The fake GitHub as our App's clients reach it. They note how long they would wait."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.app_settings import AppSettings
from bot.hosts.app import AppAPI, Tokens
from bot.hosts.github import GitHub
from bot.hosts.http import make_session
from bot.hosts.identity import AppKey, AsApp
from bot.settings import Settings
from bot.subject import PullRequest
from tests.fakes.app import FakeApp, fake_app
from tests.fakes.github import REPOSITORY


class QuickApp(AsApp):
    """The client of the product as the App itself, but its pauses take no time."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, key: AppKey) -> None:
        super().__init__(session, settings, key)
        self.slept: list[float] = []

    async def about(self) -> Any:
        """The App itself: what needs its key and nothing else."""
        return await self.getobject("/app", "slug")

    async def sleep(self, seconds: float) -> None:
        """Note it and go on."""
        self.slept.append(seconds)


class QuickAppAPI(AppAPI):
    """The client of the product in one repository, but its pauses take no time."""

    slept: list[float]

    async def sleep(self, seconds: float) -> None:
        """Note it and go on."""
        self.slept.append(seconds)


@dataclass
class Installed:
    """The App at the fake: its key, itself, its tokens, and clients for pull requests."""

    fake: FakeApp
    session: aiohttp.ClientSession
    settings: Settings
    key: AppKey
    app: QuickApp
    tokens: Tokens
    slept: list[float] = field(default_factory=list)

    def api(self, number: int = 1, repository: str = REPOSITORY) -> QuickAppAPI:
        """A client for one pull request."""
        place = self.fake.place(number, repository)
        api = QuickAppAPI(self.session, self.settings, self.tokens, place)
        api.slept = self.slept
        return api

    def forge(self, api: QuickAppAPI) -> GitHub:
        """The pull request of such a client, as reviews see it."""
        owner, _, name = api.place.repository.partition("/")
        pull = PullRequest(owner, name, api.place.number)
        return GitHub(api, pull, self.settings, api.place)


@asynccontextmanager
async def one_pull() -> AsyncIterator[FakeApp]:
    """A fake with one pull request of one file."""
    async with fake_app() as github:
        github.pull(1, {"a.py": "a\n"}, {"a.py": "b\n"})
        yield github


@asynccontextmanager
async def installed(
    fake: FakeApp,
    *,
    read: Callable[[], AppSettings] | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Installed]:
    """`read` gives the settings anew, by default the fake's own; `clock` is this machine's."""
    settings = Settings(github_api=fake.url)
    async with make_session(settings) as session:
        key = AppKey(fake.app_settings(), read or fake.app_settings, clock)
        app = QuickApp(session, settings, key)
        yield Installed(fake, session, settings, key, app, Tokens(app))
