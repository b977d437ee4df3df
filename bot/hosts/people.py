"""People at a pull request: what they may order, what they said, and how they are answered."""

from __future__ import annotations

import contextlib
import enum
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gidgethub

from bot.errors import AccessProblem, MissingProblem
from bot.hosts import queries
from bot.hosts.app import AppAPI
from bot.hosts.http import told, written
from bot.jobs.protocol import Thread

MAY_ORDER = frozenset({"admin", "maintain", "write"})
KINDS = {Thread.CONVERSATION: "issues", Thread.REVIEW: "pulls"}
"""Under which paths GitHub keeps the comments of each thread."""
log = logging.getLogger(__name__)


class Face(enum.StrEnum):
    """The reactions that we give, in GitHub's words."""

    SEEN = "eyes"
    DONE = "rocket"
    PUZZLED = "confused"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is now; `parent` is the first of its review thread, 0 where it is that itself.

    `updated` is GitHub's `updated_at`: of another time than in the event, it was edited since. `node`
    is its name in GraphQL.
    """

    id: int
    author: int
    login: str
    is_bot: bool
    body: str
    updated: str
    parent: int = 0
    node: str = ""


def permits(answer: Mapping[str, Any], author: int) -> bool:
    """Whether a person's permission, as GitHub tells it, lets them order a review.

    It must be that of the account with this number: a login can come to somebody else (case S24).
    """
    user = answer.get("user") or {}
    if not author or user.get("id") != author:
        return False
    return answer.get("permission") in MAY_ORDER or answer.get("role_name") == "maintain"


class People:
    """Those who take part in one pull request. Failures are HostProblems."""

    def __init__(self, api: AppAPI) -> None:
        self._api = api
        self._path = f"/repos/{api.place.repository}"
        self._number = api.place.number

    async def may_order(self, author: int, login: str) -> bool:
        """Whether the author of a comment may give orders: by the API's word, at this moment."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}(\[bot\])?", login):
            return False
        url = f"{self._path}/collaborators/{{login}}/permission"
        try:
            answer = await self._api.getitem(url, {"login": login})
        except gidgethub.HTTPException as e:
            problem = told(e, "read a person's permission")
            if isinstance(problem, MissingProblem):
                return False
            raise problem from e
        return isinstance(answer, dict) and permits(answer, author)

    async def comment(self, comment: int, thread: Thread) -> Comment:
        """A comment of this pull request, read afresh. MissingProblem when there is none such."""
        url = f"{self._path}/{KINDS[thread]}/comments/{comment}"
        try:
            row = await self._api.getobject(url, "body")
        except gidgethub.HTTPException as e:
            raise told(e, "read a comment") from e
        link = str(row.get("issue_url") or row.get("pull_request_url") or "")
        if link.rpartition("/")[2] != str(self._number):
            raise MissingProblem(
                f"That comment does not stand on {self._api.place}.",
                "Check its number.",
                status=404,
            )
        user = row.get("user") or {}
        return Comment(
            int(row["id"]),
            int(user.get("id") or 0),
            str(user.get("login", "")),
            user.get("type") == "Bot",
            row["body"] or "",
            str(row.get("updated_at", "")),
            int(row.get("in_reply_to_id") or 0),
            str(row.get("node_id", "")),
        )

    async def our_comment(self, comment: int) -> Comment | None:
        """A comment in a review's thread; None where it is not ours, whatever it says: anybody may
        copy a marker of ours into a comment of theirs.
        """
        found = await self.comment(comment, Thread.REVIEW)
        if not (found.is_bot and found.node):
            return None
        try:
            answer = await self._api.ask(queries.OURS, {"id": found.node})
        except gidgethub.HTTPException as e:
            raise told(e, "read whose a comment is") from e
        node = answer.get("node")
        return found if isinstance(node, dict) and node.get("viewerDidAuthor") is True else None

    async def react(self, comment: int, thread: Thread, face: Face) -> bool:
        """Put a reaction on a comment, once; False where that cannot be, or requests are short."""
        if self._api.is_low:
            return False
        url = f"{self._path}/{KINDS[thread]}/comments/{comment}/reactions"
        return await self._send(url, {"content": face.value})

    async def say(self, body: str) -> bool:
        """Say something in the conversation; False where nobody may."""
        return await self._send(f"{self._path}/issues/{self._number}/comments", {"body": body})

    async def reply(self, thread_start: int, body: str) -> bool:
        """Answer in a review's thread, by its first comment; False where nobody may.

        As with `say`, LostProblem tells that it may have been said.
        """
        url = f"{self._path}/pulls/{self._number}/comments/{thread_start}/replies"
        return await self._send(url, {"body": body})

    async def was_said(self, body: str, thread_start: int, since: str) -> bool:
        """Whether a bot has said this very text in a review's thread (0: in the conversation) since
        then (GitHub's time): who asks has said something and does not know what became of it.
        """
        kind = KINDS[Thread.REVIEW if thread_start else Thread.CONVERSATION]
        url = f"{self._path}/{kind}/{self._number}/comments?per_page=100&since={since}"
        try:
            async with contextlib.aclosing(self._api.getrows(url)) as rows:
                async for row in rows:
                    is_there = int(row.get("in_reply_to_id") or 0) == thread_start
                    is_ours = (row.get("user") or {}).get("type") == "Bot"
                    if is_there and is_ours and _same(str(row.get("body", "")), body):
                        return True
        except gidgethub.HTTPException as e:
            raise told(e, "read what was answered") from e
        return False

    async def _send(self, url: str, data: Mapping[str, str]) -> bool:
        """Not where the conversation is locked, the comment gone, or we are blocked (case S67)."""
        try:
            written(await self._api.post(url, data=dict(data)))
        except gidgethub.HTTPException as e:
            problem = told(e, "answer")
            if not isinstance(problem, AccessProblem | MissingProblem):
                raise problem from e
            log.info("No answer on %s: %s", self._api.place, problem.what)
            return False
        return True


def _same(said: str, meant: str) -> bool:
    """Whether a text that GitHub gives back is the one that was sent; it may change the line ends."""
    return said.split() == meant.split()
