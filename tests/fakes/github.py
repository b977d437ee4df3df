"""The project's one fake GitHub: one repository in memory, its pull requests, and strict reviews.

Small on purpose. It answers the requests that we make, refuses what GitHub refuses there (a line
outside the diff, an empty body, a commit of another history, a token without the right), and can
lose, delay or fail answers. It was held against the strict stand-in that maintainers keep.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from reviewers.core.diff import parse_hunks
from reviewers.core.finding import Side
from tests.builders import patch

Json = dict[str, Any]
REPOSITORY = "acme/shop"
REPOSITORY_ID = 5000
BY_ID = f"/repositories/{REPOSITORY_ID}"
"""The same repository, as GitHub redirects to it when it was renamed."""
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
    """A pull request; `renames` maps new names to old ones.

    `rows` replaces the list of files; `refused` are paths on which no comment is taken, for no reason
    that could be known; `history` are the commits that a review may name; `association` is what its
    author is to the repository.
    """

    base: str
    head: str
    base_ref: str = "main"
    title: str = "Sort orders"
    body: str | None = ""
    state: str = "open"
    draft: bool = False
    association: str = "CONTRIBUTOR"
    labels: list[str] = field(default_factory=list)
    renames: dict[str, str] = field(default_factory=dict)
    without_patch: set[str] = field(default_factory=set)
    rows: list[Json] | None = None
    refused: set[str] = field(default_factory=set)
    history: set[str] = field(default_factory=set)
    reviews: list[Json] = field(default_factory=list)
    comments: list[Json] = field(default_factory=list)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that fit; `body` must stand in what was sent.

    `do` is a status, or "lost" (the work is done, the answer is not sent), "drop" (it is not done
    either), "late" (done, but the answer is a 502), "secondary" (a 403, with `retry_after` unless it
    is ""), "primary" (a 403 until `retry_after` seconds from now), "hang", "redirect" (to `to`),
    "html" (a proxy's own page), "cut" (JSON that ends in the middle), "errors" (GraphQL's 200).
    """

    method: str
    path: str
    do: int | str
    times: int = 1
    retry_after: str = "0"
    to: str = ""
    body: str = ""


class FakeGitHub:
    """State of the fake. `watch` is told `before` and `after` each request is done, as in
    `POST /repos/acme/shop/pulls/1/reviews`; where it says True nothing more comes of it. A request that
    fits one of `held` (a pattern of the same) is done when the event is set, whoever has gone away.
    """

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
        self.watch: Callable[[str, str], bool] = lambda _when, _what: False
        self.held: dict[str, asyncio.Event] = {}
        self._under_way: set[asyncio.Task[web.StreamResponse]] = set()
        self.url = ""
        self.repository_id = REPOSITORY_ID
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
        self.pulls[number] = FakePull(base, head, **{"history": {head}, **more})
        return self.pulls[number]

    def push(self, number: int, sha: str, after: Files, *, force: bool = False) -> str:
        """Move a pull request's head to a new commit; by force, and the old one is lost."""
        pull = self.pulls[number]
        if force:
            for lost in pull.history:
                self.commits.pop(lost, None)
            pull.history.clear()
        pull.head = self.commit(sha, after)
        pull.history.add(pull.head)
        return pull.head

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
        app.router.add_route("*", "/{tail:.*}", self._receive)
        return app

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        """What was sent is done at GitHub, also where nobody waits for the answer any more."""
        what = f"{request.method} {request.path}"
        if not any(re.search(pattern, what) for pattern in self.held):
            return await self._serve(request)
        work = asyncio.create_task(self._serve(request))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return await asyncio.shield(work)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.method, request.path))
        self.bodies.append(body or {})
        self.headers.append(dict(request.headers))
        what = f"{request.method} {request.path}"
        if self.watch("before", what):
            await asyncio.sleep(3600)
        for pattern, event in [*self.held.items()]:  # Whoever waits here outlives a clearing.
            if re.search(pattern, what):
                await event.wait()
        fault = next((f for f in self.faults if self._hits(f, request, body)), None)
        if fault:
            fault.times -= 1
            if fault.do not in ("lost", "late"):
                return await self._fail(fault, request)
        try:
            answer = self._route(request, body, self._login(request))
        except Refusal as e:
            return web.json_response(e.body, status=e.status, headers=e.headers)
        if self.watch("after", what):
            await asyncio.sleep(3600)
        if fault and fault.do == "lost":
            _abort(request)
        if fault:
            return web.json_response({"message": "Server Error"}, status=502)
        if answer is None:
            return web.Response(status=204)
        if isinstance(answer, web.Response):
            return answer
        return web.json_response(answer)

    def _hits(self, fault: Fault, request: web.Request, body: Any) -> bool:
        fits = fault.method == request.method and re.search(fault.path, request.path)
        return fault.times > 0 and bool(fits) and fault.body in json.dumps(body)

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault.do:
            case "hang":
                await asyncio.sleep(3600)
            case "redirect":
                status = 301 if request.method == "GET" else 307
                return web.Response(status=status, headers={"location": fault.to})
            case "secondary":
                text = "You have exceeded a secondary rate limit."
                headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
                return web.json_response({"message": text}, status=403, headers=headers)
            case "primary":
                reset = str(int(time.time()) + int(fault.retry_after))
                headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0"}
                headers["x-ratelimit-reset"] = reset
                text = "API rate limit exceeded for user ID 1."
                return web.json_response({"message": text}, status=403, headers=headers)
            case "html":
                return web.Response(text="<html>Sign in</html>", content_type="text/html")
            case "cut":
                return web.Response(text='{"message": "He', content_type="application/json")
            case "errors":
                error = {"message": "Something went wrong while executing your query."}
                return web.json_response({"data": {"repository": None}, "errors": [error]})
            case "drop":
                _abort(request)
        assert isinstance(fault.do, int)
        return web.json_response({"message": "Server Error"}, status=fault.do)

    def _login(self, request: web.Request) -> str:
        token = request.headers.get("Authorization", "").rpartition(" ")[2]
        if token not in self.tokens:
            raise Refusal(401, "Bad credentials")
        return self.tokens[token]

    def _route(self, request: web.Request, body: Any, login: str) -> Any:
        method, path = request.method, request.path.removeprefix("/api/v3")
        if path.endswith("/graphql"):
            return self._graphql(body, login)
        repo = re.fullmatch(rf"(?:/repos/{REPOSITORY}|{BY_ID})(/.*)", path)
        if repo is None:
            raise Refusal(404, "Not Found")
        if method != "GET" and not self.may_write:
            raise Refusal(403, "Resource not accessible by integration")
        rest = repo[1]
        if found := re.fullmatch(r"/compare/(\w+)\.\.\.(\w+)", rest):
            return self._compare(found[1], found[2])
        if found := re.fullmatch(r"/pulls/comments/(\d+)", rest):
            return self._edit_comment(int(found[1]), body, login)
        if found := re.fullmatch(r"/issues/(\d+)/labels/(.+)", rest):
            return self._unlabel(method, int(found[1]), found[2])
        found = re.fullmatch(r"/pulls/(\d+)(?:/(files|reviews)(?:/(\d+))?)?", rest)
        if found is None or int(found[1]) not in self.pulls:
            raise Refusal(404, "Not Found")
        number, what, item = int(found[1]), found[2], found[3]
        match (method, what, item):
            case ("GET", None, _):
                return self._pull(number)
            case ("GET", "files", _):
                page, per = (
                    int(request.query.get(k, d)) for k, d in (("page", 1), ("per_page", 30))
                )
                per = min(per, 100)
                return self._files(self.pulls[number])[:3000][(page - 1) * per : page * per]
            case ("POST", "reviews", None):
                return self._review(number, body, login)
            case ("PUT", "reviews", str()):
                review = self._own(self.pulls[number].reviews, int(item), login)
                _check_length(body["body"])
                review["body"], review["edits"] = body["body"], review["edits"] + 1
                return review
            case ("DELETE", "reviews", str()):
                review = self._own(self.pulls[number].reviews, int(item), login)
                if review["state"] != "PENDING":
                    raise Refusal(422, "Can not delete a non-pending pull request review")
                self.pulls[number].reviews.remove(review)
                return review
        raise Refusal(404, "Not Found")

    def _unlabel(self, method: str, number: int, name: str) -> list[Json]:
        labels = self.pulls[number].labels
        if method != "DELETE":
            raise Refusal(404, "Not Found")
        mine = [label for label in labels if label.lower() == name.lower()]
        if not mine:
            raise Refusal(404, "Label does not exist")
        labels.remove(mine[0])
        return [{"name": label} for label in labels]

    def _own(self, rows: list[Json], identity: int, login: str) -> Json:
        row = self._find(rows, identity)
        if row["user"]["login"] != login:
            raise Refusal(403, "Must be the author")
        return row

    def _find(self, rows: list[Json], identity: int) -> Json:
        row = next((r for r in rows if r["id"] == identity), None)
        if row is None:
            raise Refusal(404, "Not Found")
        return row

    def _pull(self, number: int) -> Json:
        pull = self.pulls[number]
        return {
            "number": number,
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "author_association": pull.association,
            "labels": [{"name": label} for label in pull.labels],
            "updated_at": "2026-11-20T08:00:00Z",
            "changed_files": len(self._files(pull)),
            "base": {"sha": pull.base, "ref": pull.base_ref, "repo": self.repository()},
            "head": {"sha": pull.head, "ref": "topic"},
        }

    def repository(self) -> Json:
        """The repository as it stands in other answers."""
        return {"id": self.repository_id, "full_name": REPOSITORY}

    def _files(self, pull: FakePull) -> list[Json]:
        if pull.rows is not None:
            return pull.rows
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
            row["sha"] = blob_id((new or old).text)  # type: ignore[union-attr]
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
            raise Refusal(404, "Not Found")
        rows = self._differences(self.commits[base], self.commits[head], {}, set())
        return {"files": rows[:300]}

    def _review(self, number: int, body: Json, login: str) -> Json:
        pull = self.pulls[number]
        event = body.get("event")
        if event in ("APPROVE", "REQUEST_CHANGES"):
            raise AssertionError("Triptych never approves and never blocks")
        assert set(body) <= {"commit_id", "body", "event", "comments"}, (
            "not in GitHub's description"
        )
        if body["commit_id"] not in pull.history:
            raise unprocessable("The commit_id is not part of the pull request")
        comments = body.get("comments", [])
        if event and not body.get("body", "").strip() and not comments:
            raise unprocessable("Body can't be blank")
        for text in (body.get("body", ""), *(c["body"] for c in comments)):
            _check_length(text)
        if any(r["state"] == "PENDING" and r["user"]["login"] == login for r in pull.reviews):
            raise unprocessable("User can only have one pending review per pull request")
        files = {row["filename"]: row for row in self._files(pull)}
        for comment in comments:
            if problem := _misplaced(files, comment, pull.refused):
                raise unprocessable(problem)
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
        for comment in comments if event else ():
            identity = self._identity()
            node = {"id": identity, "node_id": f"PRRC_{identity}", "review": review["id"]}
            pull.comments.append(
                {**comment, **node, "commit_id": body["commit_id"], "user": _user(login)}
            )
        return review

    def _identity(self) -> int:
        self._next += 1
        return self._next

    def _edit_comment(self, identity: int, body: Json, login: str) -> Json:
        rows = [c for pull in self.pulls.values() for c in pull.comments]
        comment = self._own(rows, identity, login)
        _check_length(body["body"])
        comment["body"] = body["body"]
        return comment

    # --- GraphQL, as far as we ask

    def _graphql(self, body: Json, login: str) -> Json:
        query, variables = body["query"], body["variables"]
        if "minimizeComment" in query:
            if not self.may_write:
                return {"data": None, "errors": [{"type": "FORBIDDEN", "message": "no"}]}
            known = [r for p in self.pulls.values() for r in (*p.reviews, *p.comments)]
            if variables["id"] not in [r["node_id"] for r in known]:
                return {"data": None, "errors": [{"type": "NOT_FOUND", "message": "no node"}]}
            self.hidden[variables["id"]] = variables["why"]
            return {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}
        if "viewerDidAuthor } }" in query and "node(id: $id)" in query:
            said = (c for p in self.pulls.values() for c in p.comments)
            found_one = next((c for c in said if c.get("node_id") == variables["id"]), None)
            author = found_one["user"]["login"] if found_one else ""
            return {"data": {"node": {"viewerDidAuthor": author == login} if found_one else None}}
        if f"{variables['owner']}/{variables['repo']}" != REPOSITORY:
            error = {"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}
            return {"data": {"repository": None}, "errors": [error]}
        found: Json = {}
        for alias, name in re.findall(r"(\w+): object\(expression: \$(\w+)\)", query):
            commit, _, path = variables[name].partition(":")
            found[alias] = self._object(commit, path, tree=alias.startswith("t"))
        if "pullRequest(" in query:
            page = re.search(r"reviews\(last: (\d+)(?:, before: \$before)?, states: \[(\w+)", query)
            assert page is not None, query
            pull = self.pulls[variables["number"]]
            rows = [r for r in pull.reviews if r["state"] == page[2]]
            if page[2] == "PENDING":
                rows = [r for r in rows if r["user"]["login"] == login]
            rows = rows[: int(variables.get("before") or len(rows))]
            first = max(0, len(rows) - int(page[1]))
            found["pullRequest"] = {
                "reviews": {
                    "pageInfo": {"hasPreviousPage": first > 0, "startCursor": str(first)},
                    "nodes": [self._review_node(pull, r, login) for r in rows[first:]],
                }
            }
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
            inside_it = any(p.startswith(f"{path}/") for p in files)
            return {"oid": "7" * 40} if inside_it else None
        if entry.mode == "160000":
            return None
        data = entry.text.encode() if isinstance(entry.text, str) else entry.text
        node: Json = {"oid": blob_id(data), "byteSize": len(data), "isTruncated": False}
        if isinstance(entry.text, bytes):
            return {**node, "text": None, "isBinary": True}
        cut = len(data) > TRUNCATED
        text = data[:TRUNCATED].decode("utf-8", "ignore")
        return {**node, "text": text, "isBinary": False, "isTruncated": cut}

    def _review_node(self, pull: FakePull, review: Json, login: str) -> Json:
        comments = [c for c in pull.comments if c["review"] == review["id"]]
        return {
            "databaseId": review["id"],
            "id": review["node_id"],
            "body": review["body"],
            "url": review["html_url"],
            "viewerDidAuthor": review["user"]["login"] == login,
            "author": _actor(review["user"]["login"]),
            "commit": {"oid": review["commit_id"]},
            "comments": {"nodes": [self._comment_node(pull, c) for c in comments[:100]]},
        }

    def _comment_node(self, pull: FakePull, comment: Json) -> Json:
        start = comment.get("start_line")
        line = self._line_now(pull, comment, comment["line"])
        return {
            "databaseId": comment["id"],
            "id": comment["node_id"],
            "body": comment["body"],
            "path": comment["path"],
            "line": line,
            "startLine": self._line_now(pull, comment, start) if start and line else None,
            "originalLine": comment["line"],
            "isMinimized": comment["node_id"] in self.hidden,
        }

    def _line_now(self, pull: FakePull, comment: Json, line: int) -> int | None:
        """Where GitHub shows a comment after a push; None when its line is outdated."""
        path, side = comment["path"], Side(comment.get("side", "RIGHT"))
        row = next((r for r in self._files(pull) if r["filename"] == path), {})
        shown = {
            x.number for h in parse_hunks(row.get("patch", "")) for x in h.lines if x.side is side
        }
        if side is Side.RIGHT and comment["commit_id"] != pull.head:
            then = self.commits.get(comment["commit_id"], {}).get(path, Entry(""))
            now = self.commits[pull.head].get(path, Entry(""))
            old, new = (str(entry.text).split("\n") for entry in (then, now))
            blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            line = next((line + b - a for a, b, n in blocks if a < line <= a + n), 0)
        return line if line in shown else None


TRUNCATED = 512_000
"""Bytes after which Blob.text is cut off."""


def blob_id(data: str | bytes) -> str:
    """git's id of a file with that content."""
    data = data.encode() if isinstance(data, str) else data
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _abort(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionResetError


class Refusal(Exception):
    """GitHub says no."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Json = {"message": message, **({"errors": errors} if errors else {})}


def unprocessable(problem: str) -> Refusal:
    return Refusal(422, "Unprocessable Entity", [problem])


def _check_length(text: str) -> None:
    if len(text) > 65_536:
        message = "Body is too long (maximum is 65536 characters)"
        error = {"code": "unprocessable", "field": "data", "message": message}
        raise Refusal(422, "Validation Failed", [error])


def _status(old: Entry | None, new: Entry | None, renamed: bool) -> str:
    if renamed:
        return "renamed"
    if old is None:
        return "added"
    return "removed" if new is None else "modified"


def _misplaced(files: Mapping[str, Json], comment: Json, refused: set[str]) -> str:
    """Why a comment cannot stand where it wants to; "" when it can."""
    known = {"path", "body", "line", "side", "start_line", "start_side", "position"}
    assert set(comment) <= known, "not in GitHub's description"
    row = files.get(comment["path"])
    if row is None:
        return "Path could not be resolved"
    if not comment["body"].strip():
        return "Body can't be blank"
    thread = "Pull request review thread"
    outside = f"{thread} line must be part of the diff, {thread} diff hunk can't be blank"
    if comment["path"] in refused:
        return outside
    side = Side(comment.get("side", "RIGHT"))
    for hunk in parse_hunks(row.get("patch", "")):
        lines = {x.old if side is Side.LEFT else x.new for x in hunk.lines} - {None}
        if comment["line"] in lines:
            start = comment.get("start_line")
            if start is not None and start >= comment["line"]:
                return f"{thread} start line must precede the end line."
            if start is not None and start not in lines:
                return f"{thread} start line must be part of the same hunk as the line."
            return ""
    return outside


@asynccontextmanager
async def fake_github(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeGitHub]:
    """A running fake; `url` is where."""
    fake = FakeGitHub()
    async with running(fake, tls):
        yield fake


@asynccontextmanager
async def running(fake: FakeGitHub, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """Serve it for a while."""
    server = TestServer(fake.app(), handler_cancellation=True)
    await server.start_server(ssl=tls)
    try:
        fake.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
        yield
    finally:
        await server.close()


def dumped(fake: FakeGitHub) -> str:
    """Everything that was ever sent to it, for looking for what must not be there."""
    return json.dumps(fake.bodies, ensure_ascii=False)


def _actor(login: str) -> Json:
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"login": login.removesuffix("[bot]"), "__typename": kind}


def _user(login: str) -> Json:
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
