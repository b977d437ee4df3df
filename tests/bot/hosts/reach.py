"""A pull request of the fake GitHub as our client reaches it. It notes how long it would wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bot.hosts.github import GitHub
from bot.hosts.http import REQUEST_SECONDS, GitHubAPI, make_session
from bot.settings import Settings
from bot.subject import PullRequest
from tests.fakes.github import TOKEN, FakeGitHub


class QuickAPI(GitHubAPI):
    """The client of the product, but its pauses take no time; `slept` lists them."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, token: str) -> None:
        super().__init__(session, settings, token)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note it and go on."""
        self.slept.append(seconds)


class Reached(GitHub):
    """The host of the product, with its client at hand."""

    def __init__(self, api: QuickAPI, pull: PullRequest, settings: Settings) -> None:
        super().__init__(api, pull, settings)
        self.api = api

    @property
    def slept(self) -> list[float]:
        """The pauses so far, in seconds."""
        return self.api.slept


def settings(github: FakeGitHub, prefix: str = "") -> Settings:
    """An environment that points at the fake and has a token for it."""
    return Settings(github_token=TOKEN, github_api=github.url + prefix)


@asynccontextmanager
async def reach(
    github: FakeGitHub | Settings,
    number: int = 1,
    *,
    token: str = TOKEN,
    seconds: float = REQUEST_SECONDS,
) -> AsyncIterator[Reached]:
    """One pull request; `seconds` is the deadline of a request."""
    around = settings(github) if isinstance(github, FakeGitHub) else github
    async with make_session(around, seconds) as session:
        yield Reached(QuickAPI(session, around, token), PullRequest("acme", "shop", number), around)
