"""The fake GitHub as a job of Actions sees it: who may write, comments, runs and their artefacts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.github import REPOSITORY, FakeGitHub, Json

JOB_TOKEN = "ghs_0123456789abcdefghij"
JOB_LOGIN = "github-actions[bot]"
"""Whom GITHUB_TOKEN writes as."""
OURS, FORK = 5000, 6000
"""Numeric ids of the repository and of a fork of it."""
LONG_AGO = "2026-11-01T00:00:00Z"


@dataclass
class Person:
    """An account with a numeric id and GitHub's answer about its permission."""

    id: int
    permission: str


@dataclass
class FakeRun:
    """A workflow run of a pull request; `files` are its artefacts' zip files by name."""

    sha: str
    owner: str = "mallory"
    branch: str = "topic"
    event: str = "pull_request"
    conclusion: str = "success"
    files: dict[str, bytes] = field(default_factory=dict)


class FakeActions(FakeGitHub):
    """Adds to the fake what only jobs ask for; `forks` are pull requests from a fork."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens[JOB_TOKEN] = JOB_LOGIN
        self.people: dict[str, Person] = {}
        self.said: dict[int, str] = {}
        self.runs: dict[int, FakeRun] = {}
        self.forks: dict[int, str] = {}
        self.pushed_at = LONG_AGO
        self.downloads: list[dict[str, str]] = []

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if found := re.fullmatch(r"/_store/(\d+)/(.+)", request.path):
            # GitHub's store knows no tokens: the address is the credential.
            self.downloads.append(dict(request.headers))
            return web.Response(body=self.runs[int(found[1])].files[found[2]])
        if found := re.fullmatch(rf"/repos/{REPOSITORY}/actions/artifacts/(\d+)/zip", request.path):
            self.calls.append((request.method, request.path))
            left = dict(enumerate(self._artefacts()))
            if int(found[1]) not in left:
                return web.json_response({"message": "Not Found"}, status=404)
            run, name = left[int(found[1])]
            return web.Response(status=302, headers={"location": f"{self.url}/_store/{run}/{name}"})
        return await super()._serve(request)

    def _route(self, request: web.Request, body: Any, login: str) -> Any:
        rest = request.path.removeprefix(f"/repos/{REPOSITORY}")
        if found := re.fullmatch(r"/collaborators/([^/]+)/permission", rest):
            if person := self.people.get(found[1]):
                user = {"login": found[1], "id": person.id}
                return {"permission": person.permission, "user": user}
        elif found := re.fullmatch(r"/issues/comments/(\d+)", rest):
            if (text := self.said.get(int(found[1]))) is not None:
                return {"id": int(found[1]), "body": text}
        elif rest == "/pulls" and request.method == "GET":
            rows = [self._pull(n) for n in self.pulls if self.pulls[n].state == "open"]
            if wanted := request.query.get("head"):
                rows = [r for r in rows if r["head"]["label"] == wanted]
            return rows if request.query.get("page") == "1" else []
        elif found := re.fullmatch(r"/actions/runs/(\d+)(/artifacts)?", rest):
            if run := self.runs.get(int(found[1])):
                return self._left(int(found[1])) if found[2] else self._run(int(found[1]), run)
        return super()._route(request, body, login)

    def _artefacts(self) -> list[tuple[int, str]]:
        return [(n, name) for n, run in self.runs.items() for name in run.files]

    def _left(self, number: int) -> Json:
        rows = [
            {"id": i, "name": name, "expired": False}
            for i, (run, name) in enumerate(self._artefacts())
            if run == number
        ]
        return {"total_count": len(rows), "artifacts": rows}

    def _run(self, number: int, run: FakeRun) -> Json:
        return {
            "id": number,
            "event": run.event,
            "conclusion": run.conclusion,
            "head_sha": run.sha,
            "head_branch": run.branch,
            "head_repository": {"id": FORK, "owner": {"login": run.owner}},
            "pull_requests": [],
        }

    def _pull(self, number: int) -> Json:
        row = super()._pull(number)
        owner = self.forks.get(number)
        repo = {"id": FORK if owner else OURS, "pushed_at": self.pushed_at}
        row["head"] |= {"repo": repo, "label": f"{owner or 'acme'}:{row['head']['ref']}"}
        row["base"] |= {"repo": {"id": OURS}}
        return row


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@asynccontextmanager
async def fake_actions() -> AsyncIterator[FakeActions]:
    """A running fake; `url` is where."""
    fake = FakeActions()
    server = TestServer(fake.app(), handler_cancellation=True)
    await server.start_server()
    try:
        fake.url = f"http://127.0.0.1:{server.port}"
        yield fake
    finally:
        await server.close()
