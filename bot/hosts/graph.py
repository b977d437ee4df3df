"""GraphQL about one pull request: a question with its names in it, and the pages of its reviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gidgethub

from bot.hosts import queries
from bot.hosts.http import GitHubAPI, told
from bot.subject import PullRequest

MOST_REVIEW_PAGES = 100
"""Five thousand reviews: every answer in a thread is one to GitHub, and who floods it must not make us
forget our own."""


class Graph:
    """Asks. What GitHub refuses is raised as a HostProblem."""

    def __init__(self, api: GitHubAPI, pull: PullRequest) -> None:
        self._api = api
        self._pull = pull

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data. The repository's owner and name are given with every question."""
        named = {"owner": self._pull.owner, "repo": self._pull.name, **variables}
        return await self._asked(query, named, f"read {self._pull}")

    async def reviews(self, page: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """The reviews of a page (None: the newest) and of all older ones.

        Ours may be the oldest of many: each answer that a person gives in a thread is a review too.
        """
        page = page or await self._page(None)
        nodes = list(page["nodes"] or ())
        for _ in range(MOST_REVIEW_PAGES):
            if not page["pageInfo"]["hasPreviousPage"]:
                break
            page = await self._page(page["pageInfo"]["startCursor"])
            nodes += page["nodes"] or ()
        return nodes

    async def drafts(self) -> list[Mapping[str, Any]]:
        """Reviews that are pending: seen by those alone whose they are."""
        data = await self.ask(queries.drafts_query(), number=self._pull.number)
        return list(data["repository"]["pullRequest"]["reviews"]["nodes"] or ())

    async def hide(self, node: str, why: str) -> None:
        """Minimise a comment or review; `why` is one of GitHub's reasons."""
        await self._asked(queries.HIDE, {"id": node, "why": why}, "hide a comment")

    async def _asked(self, query: str, variables: Mapping[str, Any], what: str) -> dict[str, Any]:
        try:
            return await self._api.ask(query, variables)
        except gidgethub.HTTPException as e:
            raise told(e, what) from e

    async def _page(self, before: str | None) -> dict[str, Any]:
        data = await self.ask(queries.reviews_query(), number=self._pull.number, before=before)
        page: dict[str, Any] = data["repository"]["pullRequest"]["reviews"]
        return page
