"""The way to GitHub for the jobs of one process: one session, the App's key, tokens that are shared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import aiohttp

from bot.app_settings import AppSettings
from bot.hosts.app import AppAPI, Tokens
from bot.hosts.base_config import base_config
from bot.hosts.checks import Checks
from bot.hosts.github import GitHub
from bot.hosts.http import Watched, make_session
from bot.hosts.identity import AppKey, AsApp
from bot.hosts.people import People
from bot.jobs.means import Reach
from bot.jobs.protocol import Place
from bot.settings import Settings
from bot.subject import PullRequest


class AppAccess:
    """What the App may reach. `read` gives its settings anew, for a key that was replaced; `watched` is
    told of every request.
    """

    def __init__(
        self,
        settings: Settings,
        app: AppSettings,
        read: Callable[[], AppSettings],
        watched: Watched | None = None,
    ) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession = make_session(settings)
        self.as_app = AsApp(self._session, settings, AppKey(app, read))
        self._tokens = Tokens(self.as_app)
        self._watched = watched or self.as_app.watched
        self.as_app.watched = self._watched

    @asynccontextmanager
    async def pull(self, place: Place) -> AsyncIterator[Reach]:
        """One pull request, with a token for its repository alone."""
        owner, _, name = place.repository.partition("/")
        async with AppAPI(self._session, self._settings, self._tokens, place) as api:
            api.watched = self._watched
            pull = PullRequest(owner, name, place.number)
            forge = GitHub(api, pull, self._settings, place)
            config = partial(base_config, api, pull)
            checks = Checks(api, await self.as_app.number())
            yield Reach(forge, checks, config, People(api))

    @asynccontextmanager
    async def people(self, place: Place) -> AsyncIterator[People]:
        """Those who take part in it."""
        async with AppAPI(self._session, self._settings, self._tokens, place) as api:
            api.watched = self._watched
            yield People(api)

    async def close(self) -> None:
        """Revoke what tokens are left, and close the connections."""
        await self._tokens.close()
        await self._session.close()
