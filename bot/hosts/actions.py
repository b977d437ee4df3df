"""What a job of GitHub Actions asks of GitHub beside the pull request itself.

Who may command, whether a comment still says what it said, which run was whose, and the file that
another run left. Every answer here decides about trust, so each is asked for anew (cases S24 to S26).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import gidgethub

from bot.errors import HostProblem, MissingProblem
from bot.hosts.http import GitHubAPI, told
from bot.subject import PullRequest

MAY_WRITE = ("admin", "write")
"""GitHub's answer for whoever may push; `maintain` is told as write, `triage` as read."""
PAGE = 100
MOST_PAGES = 10
MOST_BYTES = 5 * 2**20
"""A larger file of another run is not read."""


@dataclass(frozen=True, slots=True)
class Head:
    """A pull request as far as triggers need it."""

    number: int
    sha: str
    repository: int
    """The numeric id of the head's repository, 0 where it is gone."""
    pushed_at: str = ""
    is_open: bool = True
    is_fork: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run: what it ran on."""

    id: int
    event: str
    conclusion: str
    sha: str
    branch: str
    owner: str
    repository: int


class ActionsAPI:
    """One repository, `owner/name`, seen by a job."""

    def __init__(self, api: GitHubAPI, repository: str, session: aiohttp.ClientSession) -> None:
        self._api = api
        self._path = f"/repos/{repository}"
        self._session = session
        self._owner, _, self._name = repository.partition("/")

    def pull(self, number: int) -> PullRequest:
        """The pull request of that number."""
        return PullRequest(self._owner, self._name, number)

    async def may_write(self, login: str, identity: int) -> bool:
        """Whether the account of this numeric id may push; a login that changed hands may not."""
        url = f"{self._path}/collaborators/{quote(login, safe='')}/permission"
        try:
            answer = await self._object(url, "permission", "read who may write")
        except MissingProblem:
            return False
        user = answer.get("user") or {}
        return answer["permission"] in MAY_WRITE and user.get("id") == identity

    async def comment(self, identity: int) -> str | None:
        """What a comment says now; None where it is gone."""
        url = f"{self._path}/issues/comments/{identity}"
        try:
            return str((await self._object(url, "body", "read the comment"))["body"] or "")
        except MissingProblem:
            return None

    async def head(self, number: int) -> Head:
        """A pull request as it is now."""
        url = f"{self._path}/pulls/{number}"
        return _head_of(await self._object(url, "head", f"read pull request {number}"))

    async def open_pulls(self, head: str = "") -> list[Head]:
        """The open pull requests, those that changed last first; `head` is `OWNER:BRANCH`."""
        only = f"&head={quote(head, safe='')}" if head else ""
        found: list[Head] = []
        for page in range(1, MOST_PAGES + 1):
            url = f"{self._path}/pulls?state=open&sort=updated&direction=desc{only}"
            try:
                rows = await self._api.getlist(f"{url}&per_page={PAGE}&page={page}")
            except gidgethub.HTTPException as e:
                raise told(e, "list the pull requests") from e
            found += map(_head_of, rows)
            if len(rows) < PAGE:
                break
        return found

    async def run(self, identity: int) -> Run:
        """A workflow run of this repository."""
        url = f"{self._path}/actions/runs/{identity}"
        row = await self._object(url, "head_sha", "read the workflow run")
        head = row.get("head_repository") or {}
        return Run(
            int(row["id"]),
            str(row["event"]),
            str(row.get("conclusion") or ""),
            str(row["head_sha"]),
            str(row.get("head_branch") or ""),
            str((head.get("owner") or {}).get("login", "")),
            int(head.get("id") or 0),
        )

    async def artefact(self, run: int, name: str) -> bytes | None:
        """The zip file that a run left under that name, at most `MOST_BYTES`; None where it left none.

        HostProblem where it is larger, MissingProblem where there are several.
        """
        url = f"{self._path}/actions/runs/{run}/artifacts?name={quote(name)}&per_page={PAGE}"
        answer = await self._object(url, "artifacts", "list the run's artefacts")
        rows: Sequence[Mapping[str, Any]] = [
            r for r in answer["artifacts"] if r.get("name") == name and not r.get("expired")
        ]
        if not rows:
            return None
        if len(rows) > 1:
            raise MissingProblem(
                f"The run has {len(rows)} artefacts named {name}.",
                "Let the first workflow upload exactly one.",
            )
        place = await self._api.whereabouts(f"{self._path}/actions/artifacts/{rows[0]['id']}/zip")
        return await self._download(place)

    async def _download(self, place: str) -> bytes:
        """A file from GitHub's store: the address itself is the credential, our token stays here."""
        home = urlsplit(str(self._api.base_url))
        there = urlsplit(place)
        if there.scheme != "https" and there.netloc != home.netloc:
            raise HostProblem("The artefact's address is not safe.", "It is not followed.")
        data = bytearray()
        try:
            async with self._session.get(place, allow_redirects=False) as response:
                if response.status != 200:
                    raise HostProblem(
                        f"The artefact could not be had (status {response.status}).",
                        "Run it again.",
                        retryable=True,
                    )
                async for part in response.content.iter_chunked(65_536):
                    data += part
                    if len(data) > MOST_BYTES:
                        raise HostProblem(
                            f"The artefact is larger than {MOST_BYTES // 2**20} MiB.",
                            "It is not read.",
                        )
        except (aiohttp.ClientError, TimeoutError):
            raise HostProblem(
                "The artefact could not be had.", "Run it again.", retryable=True
            ) from None
        return bytes(data)

    async def _object(self, url: str, key: str, what: str) -> dict[str, Any]:
        try:
            return await self._api.getobject(url, key)
        except gidgethub.HTTPException as e:
            raise told(e, what) from e


def _head_of(row: Mapping[str, Any]) -> Head:
    head, base = row["head"], row.get("base") or {}
    repository = head.get("repo") or {}
    ours = (base.get("repo") or {}).get("id")
    return Head(
        int(row["number"]),
        str(head["sha"]),
        int(repository.get("id") or 0),
        str(repository.get("pushed_at") or ""),
        row.get("state", "open") == "open",
        repository.get("id") != ours,
    )
