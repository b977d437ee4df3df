"""The project's one fake GitHub: one repository in memory, its pull requests, and strict reviews.

Small on purpose. It answers the requests that we make, refuses what GitHub refuses there (a line
outside the diff, an empty body, a token without the right), and can lose, delay or fail answers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from reviewers.core.diff import parse_hunks
from reviewers.core.finding import Side
from tests.builders import patch

Json = dict[str, Any]
REPOSITORY = "acme/shop"
OUR_LOGIN = "triptych-bot"
TOKEN = "ghp_test"


@dataclass(frozen=True)
class Entry:
    """A file of a commit; bytes are binary."""

    text: str | bytes
    mode: str = "100644"


Files = Mapping[str, str | bytes | Entry]


@dataclass
class FakePull:
    """A pull request; `renames` maps new names to old ones."""

    base: str
    head: str
    title: str = "Sort orders"
    body: str | None = ""
    state: str = "open"
    draft: bool = False
    renames: dict[str, str] = field(default_factory=dict)
    without_patch: set[str] = field(default_factory=set)
    reviews: list[Json] = field(default_factory=list)
    comments: list[Json] = field(default_factory=list)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that fit.

    `do` is a status, or "lost" (the work is done, the answer is not sent), "secondary" (a 403 with
    retry-after), "hang", "redirect" (to `to`).
    """

    method: str
    path: str
    do: int | str
    times: int = 1
    retry_after: str = "0"
    to: str = ""


class FakeGitHub:
    """State of the fake."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Entry]] = {}
        self.pulls: dict[int, FakePull] = {}
        self.tokens: dict[str, str] = {TOKEN: OUR_LOGIN}
        self.may_write = True
        self.faults: list[Fault] = []
        self.calls: list[tuple[str, str]] = []
        self.bodies: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.hidden: dict[str, str] = {}
        self.url = ""
        self._next = 1000

    def commit(self, sha: str, files: Files) -> str:
        """Store the files of a commit; `sha` is filled up to 40 digits."""
        sha = sha.ljust(40, "0")
        self.commits[sha] = {
            path: entry if isinstance(entry, Entry) else Entry(entry)
            for path, entry in files.items()
        }
        return sha

    def pull(self, number: int, before: Files, after: Files, **more: Any) -> FakePull:
        """A pull request between two states of the repository."""
        base = self.commit(f"ba5e{number}", before)
        head = self.commit(f"4ead{number}", after)
        self.pulls[number] = FakePull(base, head, **more)
        return self.pulls[number]

    def push(self, number: int, sha: str, after: Files) -> str:
        """Move a pull request's head to a new commit."""
        self.pulls[number].head = self.commit(sha, after)
        return self.pulls[number].head

    def bodies_of(self, number: int) -> list[str]:
        """The bodies of the submitted reviews of a pull request, oldest first."""
        return [r["body"] for r in self.pulls[number].reviews if r["state"] != "PENDING"]

    def posts(self, path: str = "/reviews") -> int:
        """How many POST requests went to a path with that ending."""
        return sum(m == "POST" and p.endswith(path) for m, p in self.calls)

    # --- the server

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.method, request.path))
        self.bodies.append(body or {})
        self.headers.append(dict(request.headers))
        fault = next((f for f in self.faults if self._hits(f, request)), None)
        if fault and fault.do != "lost":
            fault.times -= 1
            return await self._fail(fault, request)
        login = self._login(request)
        if login is None:
            return web.json_response({"message": "Bad credentials"}, status=401)
        try:
            answer = self._route(request, body, login)
        except _Refusal as e:
            return web.json_response(e.body, status=e.status)
        if fault:
            fault.times -= 1
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        if answer is None:
            return web.Response(status=204)
        return web.json_response(answer)

    def _hits(self, fault: Fault, request: web.Request) -> bool:
        fits = fault.method == request.method and re.search(fault.path, request.path)
        return fault.times > 0 and bool(fits)

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault.do:
            case "hang":
                await asyncio.sleep(3600)
            case "redirect":
                return web.Response(status=302, headers={"location": fault.to})
            case "secondary":
                text = "You have exceeded a secondary rate limit."
                headers = {"retry-after": fault.retry_after}
                return web.json_response({"message": text}, status=403, headers=headers)
            case "drop":
                assert request.transport is not None
                request.transport.abort()
                raise ConnectionResetError
        assert isinstance(fault.do, int)
        return web.json_response({"message": "Server Error"}, status=fault.do)

    def _login(self, request: web.Request) -> str | None:
        token = request.headers.get("Authorization", "").rpartition(" ")[2]
        return self.tokens.get(token)

    def _route(self, request: web.Request, body: Any, login: str) -> Any:
        method, path = request.method, request.path.removeprefix("/api/v3")
        if path.endswith("/graphql"):
            return self._graphql(body, login)
        repo = re.fullmatch(rf"/repos/{REPOSITORY}(/.*)", path)
        if repo is None:
            raise _Refusal(404, "Not Found")
        if method != "GET" and not self.may_write:
            raise _Refusal(403, "Resource not accessible by integration")
        rest = repo[1]
        if found := re.fullmatch(r"/compare/(\w+)\.\.\.(\w+)", rest):
            return self._compare(found[1], found[2])
        if found := re.fullmatch(r"/pulls/comments/(\d+)", rest):
            return self._edit_comment(int(found[1]), body)
        found = re.fullmatch(r"/pulls/(\d+)(?:/(files|reviews)(?:/(\d+))?)?", rest)
        if found is None or int(found[1]) not in self.pulls:
            raise _Refusal(404, "Not Found")
        number, what, item = int(found[1]), found[2], found[3]
        match (method, what, item):
            case ("GET", None, _):
                return self._pull(number)
            case ("GET", "files", _):
                page, per = (
                    int(request.query.get(k, d)) for k, d in (("page", 1), ("per_page", 30))
                )
                return self._files(self.pulls[number])[(page - 1) * per : page * per]
            case ("POST", "reviews", None):
                return self._review(number, body, login)
            case ("PUT", "reviews", str()):
                review = self._find(self.pulls[number].reviews, int(item))
                review["body"], review["edits"] = body["body"], review["edits"] + 1
                return review
            case ("DELETE", "reviews", str()):
                self.pulls[number].reviews.remove(self._find(self.pulls[number].reviews, int(item)))
                return {}
        raise _Refusal(404, "Not Found")

    def _find(self, rows: list[Json], identity: int) -> Json:
        row = next((r for r in rows if r["id"] == identity), None)
        if row is None:
            raise _Refusal(404, "Not Found")
        return row

    def _pull(self, number: int) -> Json:
        pull = self.pulls[number]
        return {
            "number": number,
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "changed_files": len(self._files(pull)),
            "base": {"sha": pull.base, "ref": "main"},
            "head": {"sha": pull.head, "ref": "topic"},
        }

    def _files(self, pull: FakePull) -> list[Json]:
        return self._differences(
            self.commits[pull.base], self.commits[pull.head], pull.renames, pull.without_patch
        )

    def _differences(
        self,
        before: Mapping[str, Entry],
        after: Mapping[str, Entry],
        renames: Mapping[str, str],
        without_patch: set[str],
    ) -> list[Json]:
        rows: list[Json] = []
        gone = set(renames.values())
        for path in sorted({*before, *after} - (gone - set(after))):
            old = before.get(renames.get(path, path))
            new = after.get(path)
            if old == new and path not in renames:
                continue
            row: Json = {"filename": path, "status": _status(old, new, path in renames)}
            if path in renames:
                row["previous_filename"] = renames[path]
            texts = [e.text if e else "" for e in (old, new)]
            if all(isinstance(t, str) for t in texts):
                hunks = patch(str(texts[0]), str(texts[1]))
                row["changes"] = sum(line[:1] in "+-" for line in hunks.split("\n") if line)
                if hunks and path not in without_patch:
                    row["patch"] = hunks
            else:
                row["changes"] = 0
            rows.append(row)
        return rows

    def _compare(self, base: str, head: str) -> Json:
        if head not in self.commits or base not in self.commits:
            raise _Refusal(404, "Not Found")
        return {"files": self._differences(self.commits[base], self.commits[head], {}, set())}

    def _review(self, number: int, body: Json, login: str) -> Json:
        pull = self.pulls[number]
        event = body.get("event")
        if event in ("APPROVE", "REQUEST_CHANGES"):
            raise AssertionError("Triptych never approves and never blocks")
        if event and not body.get("body", "").strip():
            raise _Refusal(422, "Unprocessable Entity", ["Body can't be blank"])
        if len(body.get("body", "")) > 65_536:
            raise _Refusal(422, "Unprocessable Entity", ["Body is too long"])
        if any(r["state"] == "PENDING" for r in pull.reviews):
            message = "User can only have one pending review per pull request"
            raise _Refusal(422, "Unprocessable Entity", [message])
        files = {row["filename"]: row for row in self._files(pull)}
        for comment in body.get("comments", ()):
            if problem := _misplaced(files, comment):
                raise _Refusal(422, "Unprocessable Entity", [problem])
        review: Json = {
            "id": self._identity(),
            "body": body.get("body", ""),
            "state": "COMMENTED" if event else "PENDING",
            "commit_id": body["commit_id"],
            "user": {"login": login},
            "edits": 0,
        }
        review["node_id"] = f"PRR_{review['id']}"
        review["html_url"] = (
            f"{self.url}/{REPOSITORY}/pull/{number}#pullrequestreview-{review['id']}"
        )
        pull.reviews.append(review)
        for comment in body.get("comments", ()) if event else ():
            identity = self._identity()
            pull.comments.append(
                {**comment, "id": identity, "node_id": f"PRRC_{identity}", "review": review["id"]}
            )
        return review

    def _identity(self) -> int:
        self._next += 1
        return self._next

    def _edit_comment(self, identity: int, body: Json) -> Json:
        rows = [c for pull in self.pulls.values() for c in pull.comments]
        comment = self._find(rows, identity)
        comment["body"] = body["body"]
        return comment

    # --- GraphQL, as far as we ask

    def _graphql(self, body: Json, login: str) -> Json:
        query, variables = body["query"], body["variables"]
        if "minimizeComment" in query:
            if not self.may_write:
                return {"data": None, "errors": [{"type": "FORBIDDEN", "message": "no"}]}
            self.hidden[variables["id"]] = variables["why"]
            return {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}
        if f"{variables['owner']}/{variables['repo']}" != REPOSITORY:
            error = {"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}
            return {"data": {"repository": None}, "errors": [error]}
        found: Json = {}
        for alias, name in re.findall(r"(\w+): object\(expression: \$(\w+)\)", query):
            commit, _, path = variables[name].partition(":")
            found[alias] = self._object(commit, path, tree=alias.startswith("t"))
        if "pullRequest(" in query:
            found["pullRequest"] = {"reviews": {"nodes": self._reviews(variables["number"], login)}}
        return {"data": {"repository": found}}

    def _object(self, commit: str, path: str, *, tree: bool) -> Json | None:
        files = self.commits.get(commit, {})
        if tree:
            inside = {p: e for p, e in files.items() if p.rpartition("/")[0] == path}
            entries = [
                {"name": p.rpartition("/")[2], "mode": int(e.mode, 8)} for p, e in inside.items()
            ]
            return {"entries": entries}
        entry = files.get(path)
        if entry is None:
            return None
        if isinstance(entry.text, bytes):
            return {"text": None, "isBinary": True, "isTruncated": False, "byteSize": 1}
        size = len(entry.text.encode())
        return {"text": entry.text, "isBinary": False, "isTruncated": False, "byteSize": size}

    def _reviews(self, number: int, login: str) -> list[Json]:
        pull = self.pulls[number]
        return [
            {
                "databaseId": r["id"],
                "id": r["node_id"],
                "body": r["body"],
                "url": r["html_url"],
                "viewerDidAuthor": r["user"]["login"] == login,
                "author": {"login": r["user"]["login"].removesuffix("[bot]")},
                "commit": {"oid": r["commit_id"]},
                "comments": {
                    "nodes": [self._comment(c) for c in pull.comments if c["review"] == r["id"]]
                },
            }
            for r in pull.reviews
            if r["state"] == "COMMENTED"
        ]

    def _comment(self, comment: Json) -> Json:
        return {
            "databaseId": comment["id"],
            "id": comment["node_id"],
            "body": comment["body"],
            "path": comment["path"],
            "line": comment["line"],
            "originalLine": comment["line"],
            "isMinimized": comment["node_id"] in self.hidden,
        }


class _Refusal(Exception):
    """GitHub says no."""

    def __init__(self, status: int, message: str, errors: list[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, **({"errors": errors} if errors else {})}


def _status(old: Entry | None, new: Entry | None, renamed: bool) -> str:
    if renamed:
        return "renamed"
    if old is None:
        return "added"
    return "removed" if new is None else "modified"


def _misplaced(files: Mapping[str, Json], comment: Json) -> str:
    """Why a comment cannot stand where it wants to; "" when it can."""
    row = files.get(comment["path"])
    if row is None:
        return "Path could not be resolved"
    if not comment["body"].strip():
        return "Body can't be blank"
    side = Side(comment.get("side", "RIGHT"))
    for hunk in parse_hunks(row.get("patch", "")):
        lines = {x.number for x in hunk.lines if x.side is side}
        if comment["line"] in lines:
            start = comment.get("start_line", comment["line"])
            if start not in lines or start > comment["line"]:
                return "Pull request review thread start line must be part of the same hunk"
            return ""
    return "Pull request review thread line must be part of the diff"


@asynccontextmanager
async def fake_github() -> AsyncIterator[FakeGitHub]:
    """A running fake; `url` is where."""
    fake = FakeGitHub()
    server = TestServer(fake.app(), handler_cancellation=True)
    await server.start_server()
    try:
        fake.url = f"http://127.0.0.1:{server.port}"
        yield fake
    finally:
        await server.close()


def dumped(fake: FakeGitHub) -> str:
    """Everything that was ever sent to it, for looking for what must not be there."""
    return json.dumps(fake.bodies, ensure_ascii=False)
