"""GitHub as an App sees it: the one fake, with installations, check runs, people and deliveries.

It refuses what GitHub refuses: a JWT of the wrong key, issuer or time; a token that is not narrowed to
what the installation has, has run out, was revoked, or lacks the permission; a check run that is too
long. Times are those of the fake's own clock, which `skew` puts ahead of this machine's (in seconds).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bot.app_settings import AppSettings
from bot.jobs.protocol import Place
from tests.fakes.github import REPOSITORY, REPOSITORY_ID, FakeGitHub, Json, Refusal, running

APP_ID = 4242
CLIENT_ID = "Iv23liFakeFakeFakeF"
SLUG = "triptych"
INSTALLATION = 77
WEBHOOK_SECRET = "s3cret"
FIELD = 65_535
"""Characters of a check run's summary, and of its text."""
HAS = {"metadata": "read", "contents": "read", "pull_requests": "write", "checks": "write"}
"""What an installation has granted unless a test says otherwise."""


@cache
def private_key(name: str = "first") -> str:
    """A private key as PEM, made once in a test session for each name."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()


@dataclass
class FakeInstallation:
    """The App on an account; None of `repositories` means all that there are."""

    account: str = "acme"
    permissions: dict[str, str] = field(default_factory=lambda: dict(HAS))
    suspended: bool = False
    repositories: set[int] | None = None


@dataclass(frozen=True)
class Issued:
    """A token that was handed out; `until` is a time of the fake's clock."""

    installation: int
    repositories: tuple[int, ...]
    permissions: Mapping[str, str]
    until: float


@dataclass(frozen=True)
class Person:
    """Somebody with an account; `role` as GitHub names it, `none` for a stranger."""

    id: int
    role: str = "none"


class FakeApp(FakeGitHub):
    """State of the fake. The App's present key is `pem`; a change of it revokes the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.pem = private_key()
        self.skew = 0.0
        self.ttl = 3600.0
        self.remaining = self.remaining_graphql = 5000
        self.installations = {INSTALLATION: FakeInstallation()}
        self.issued: dict[str, Issued] = {}
        self.minted: list[Json] = []
        self.revoked: list[str] = []
        self.people = {"alice": Person(11, "admin"), "bob": Person(12, "write")}
        self.people |= {"mallory": Person(13, "read"), "triptych[bot]": Person(99)}
        self.checks: list[Json] = []
        self.talk: list[Json] = []
        self.reactions: list[tuple[int, str, str]] = []
        self.locked = False
        self.graphql_says: Json = {}
        self.old_names: set[str] = set()
        self.deliveries: list[Json] = []
        self.asked_again: list[int] = []
        self.codes: dict[str, Json] = {}
        self.hook: Json = {"url": "https://bot.example/webhook", "content_type": "json"}
        self.hook |= {"insecure_ssl": "0", "secret": "********"}

    # --- for tests

    def app_settings(self, home: Path = Path("/nonexistent"), **more: Any) -> AppSettings:
        """What a server of this App would read from its environment."""
        known: dict[str, Any] = {"app_id": str(APP_ID), "slug": SLUG, "private_key": self.pem}
        known |= {"webhook_secrets": (WEBHOOK_SECRET,)}
        return AppSettings(home, f"sqlite:///{home}/triptych.db", **(known | more))

    def place(self, number: int = 1, repository: str = REPOSITORY) -> Place:
        """A pull request of the one repository."""
        return Place(INSTALLATION, "acme", REPOSITORY_ID, repository, number)

    def say(self, number: int, login: str, body: str, parent: int = 0) -> int:
        """A comment in the conversation, or in the thread that begins with `parent`; returns its id."""
        if not parent:
            self.talk.append(self._said(number, login, body, "issue_url", "issues"))
            return int(self.talk[-1]["id"])
        comments = self.pulls[number].comments
        first = self._find(comments, parent)
        said = self._said(number, login, body, "pull_request_url", "pulls")
        comments.append({**first, **said, "in_reply_to_id": parent})
        return int(said["id"])

    def expire(self) -> None:
        """Let all tokens run out."""
        self.issued = {value: replace(issued, until=0.0) for value, issued in self.issued.items()}

    def delivery(
        self, guid: str, status: int, *, ago: float = 60, event: str = "pull_request"
    ) -> int:
        """A delivery that was tried `ago` seconds before now; returns its id. 0: not connected."""
        again = any(d["guid"] == guid for d in self.deliveries)
        identity = self._identity()
        made: Json = {"id": identity, "guid": guid, "redelivery": again, "duration": 0.1}
        made |= {"delivered_at": _stamp(self.now() - ago), "status_code": status, "event": event}
        made |= {"status": "OK" if 200 <= status < 300 else "failed", "action": "opened"}
        made |= {"installation_id": INSTALLATION, "repository_id": self.repository_id}
        self.deliveries.append(made)
        return identity

    def now(self) -> float:
        """Seconds since the epoch by the fake's clock."""
        return time.time() + self.skew

    def asked(self) -> list[str]:
        """The requests so far, with short names for the repository and the installation."""
        short = {f"/repos/{REPOSITORY}": "", f"/app/installations/{INSTALLATION}": "/app"}
        found = [f"{m} {p}" for m, p in self.calls]
        for long, brief in short.items():
            found = [f.replace(long, brief) for f in found]
        return found

    # --- who asks

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        response = await super()._serve(request)
        response.headers["Date"] = formatdate(self.now(), usegmt=True)
        is_graphql = request.path.endswith("/graphql")
        for name, value in (
            ("resource", "graphql" if is_graphql else "core"),
            ("limit", 5000),
            ("remaining", self.remaining_graphql if is_graphql else self.remaining),
            ("reset", 9_999_999_999),
        ):
            response.headers.setdefault(f"x-ratelimit-{name}", str(value))
        return response

    def _login(self, request: web.Request) -> str:
        token = _token(request)
        if re.fullmatch(r"/app-manifests/[^/]+/conversions", request.path):
            return ""
        if token.startswith("eyJ"):
            self._verify(token)
            return SLUG
        issued = self.issued.get(token)
        if issued is None:
            return super()._login(request)
        installation = self.installations.get(issued.installation)
        if installation is None or issued.until < self.now():
            raise Refusal(401, "Bad credentials")
        if installation.suspended:
            raise Refusal(403, "This installation has been suspended")
        return f"{SLUG}[bot]"

    def _verify(self, token: str) -> None:
        key = rsa_public(self.pem)
        times = {"verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, key, algorithms=["RS256"], options=times)  # type: ignore[arg-type]
        except jwt.PyJWTError:
            raise Refusal(401, "A JSON web token could not be decoded") from None
        expires = "'Expiration time' claim ('exp')"
        if claims["exp"] <= self.now():
            raise Refusal(401, f"{expires} must be a numeric value representing the future time")
        if claims["exp"] > self.now() + 600:
            raise Refusal(401, f"{expires} is too far in the future")
        if claims["iat"] > self.now():
            raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time")
        if claims["iss"] not in (str(APP_ID), CLIENT_ID):
            raise Refusal(404, "Integration not found")

    # --- what is asked

    def _route(self, request: web.Request, body: Any, login: str) -> Any:
        path = request.path.removeprefix("/api/v3")
        for pattern, needs, answer in self._routes():
            if found := re.fullmatch(f"(?:{pattern[0]}) {pattern[1]}", f"{request.method} {path}"):
                self._check_right(request, needs)
                return answer(request, body, *found.groups())
        owner_name = re.match(r"/repos/([^/]+/[^/]+)(/.*)?$", path)
        if owner_name and owner_name[1] in self.old_names:
            to = f"{self.url}/repositories/{self.repository_id}{owner_name[2] or ''}"
            to += f"?{request.query_string}" if request.query_string else ""
            status = 301 if request.method == "GET" else 307
            raise Refusal(status, "Moved Permanently", headers={"Location": to})
        if path.endswith("/graphql"):
            if self.graphql_says:
                return self.graphql_says
            return self._graphql(self._present_name(body), login)
        self._check_right(request, "contents" if "/compare/" in path else "pull_requests")
        return super()._route(request, body, login)

    def _present_name(self, body: Json) -> Json:
        """GraphQL follows a rename by itself."""
        asked = body["variables"]
        if f"{asked.get('owner')}/{asked.get('repo')}" not in self.old_names:
            return body
        owner, _, name = REPOSITORY.partition("/")
        return {**body, "variables": {**asked, "owner": owner, "repo": name}}

    def _routes(self) -> list[tuple[tuple[str, str], str, Callable[..., Any]]]:
        repo = rf"(?:/repos/{REPOSITORY}|/repositories/{self.repository_id})"
        comment = rf"{repo}/(issues|pulls)/comments/(\d+)"
        return [
            (("GET", "/app"), "jwt", self._about),
            (("GET|PATCH", "/app/hook/config"), "jwt", self._hook),
            (("GET", "/app/installations"), "jwt", self._installations),
            (("GET", r"/app/installations/(\d+)"), "jwt", self._installation),
            (("GET", r"/repos/([^/]+/[^/]+)/installation"), "jwt", self._installation_of),
            (("POST", r"/app/installations/(\d+)/access_tokens"), "jwt", self._mint),
            (("GET", "/app/hook/deliveries"), "jwt", self._deliveries),
            (("POST", r"/app/hook/deliveries/(\d+)/attempts"), "jwt", self._again),
            (("POST", "/app-manifests/([^/]+)/conversions"), "", self._convert),
            (("DELETE", "/installation/token"), "token", self._revoke),
            (("GET", rf"{repo}/commits/(\w+)/check-runs"), "checks", self._list_checks),
            (("POST|PATCH", rf"{repo}/check-runs(?:/(\d+))?"), "checks", self._check),
            (("GET", rf"{repo}/collaborators/([^/]+)/permission"), "metadata", self._permission),
            (("GET", comment), "pull_requests", self._comment),
            (("POST", f"{comment}/reactions"), "pull_requests", self._react),
            (("POST", rf"{repo}/issues/(\d+)/comments"), "pull_requests", self._talk),
            (("GET", rf"{repo}/(issues|pulls)/(\d+)/comments"), "pull_requests", self._listed),
            (("POST", rf"{repo}/pulls/(\d+)/comments/(\d+)/replies"), "pull_requests", self._reply),
        ]

    def _check_right(self, request: web.Request, needs: str) -> None:
        """Whether who asks may; `needs` is a permission, `jwt`, `token`, or "" for nothing."""
        token = _token(request)
        issued = self.issued.get(token)
        if needs in ("jwt", "token"):
            if token.startswith("eyJ") != (needs == "jwt"):
                raise Refusal(401, "A JSON web token could not be decoded")
            return
        if token.startswith("eyJ"):
            raise Refusal(401, "Bad credentials")
        if issued is None:
            if needs == "checks" and request.method != "GET":
                raise Refusal(403, "You must authenticate via a GitHub App.")
            return
        if REPOSITORY_ID not in issued.repositories or self.repository_id != REPOSITORY_ID:
            raise Refusal(404, "Not Found")
        level = "read" if request.method == "GET" else "write"
        if needs and issued.permissions.get(needs) not in (level, "write"):
            headers = {"x-accepted-github-permissions": f"{needs}={level}"}
            text = "Resource not accessible by integration"
            raise Refusal(403, text, headers=headers)

    # --- the App itself

    def _about(self, request: web.Request, body: Any) -> Json:
        about = {"id": APP_ID, "slug": SLUG, "client_id": CLIENT_ID, "name": "Triptych"}
        events = ["pull_request", "issue_comment", "check_run"]
        link = f"{self.url}/apps/{SLUG}"
        return {**about, "html_url": link, "permissions": dict(HAS), "events": events}

    def _hook(self, request: web.Request, body: Any) -> Json:
        self.hook |= {k: v for k, v in (body or {}).items() if k != "secret"}
        return self.hook

    def _installation(self, request: web.Request, body: Any, number: str = "") -> Json:
        identity = int(number or INSTALLATION)
        known = self.installations.get(identity)
        if known is None:
            raise Refusal(404, "Not Found")
        return {
            "id": identity,
            "account": {"login": known.account, "type": "Organization"},
            "permissions": known.permissions,
            "events": ["pull_request"],
            "repository_selection": "all" if known.repositories is None else "selected",
            "suspended_at": "2026-11-01T00:00:00Z" if known.suspended else None,
        }

    def _installations(self, request: web.Request, body: Any) -> web.Response:
        rows = [self._installation(request, None, str(i)) for i in self.installations]
        return self._page(request, rows, "page")

    def _page(
        self, request: web.Request, rows: list[Json], name: str, key: str = ""
    ) -> web.Response:
        """A page of a list, or of an object that has it as `key`, with a link to the next one by
        `name`, from 1 on.
        """
        at = int(request.query.get(name, 1))
        per = min(100, int(request.query.get("per_page", 30)))
        page, more = rows[(at - 1) * per : at * per], len(rows) > at * per
        link = f'<{self.url}{request.rel_url.update_query({name: at + 1})}>; rel="next"'
        body = {"total_count": len(rows), key: page} if key else page
        return web.json_response(body, headers={"link": link} if more else {})

    def _installation_of(self, request: web.Request, body: Any, repository: str) -> Json:
        if repository != REPOSITORY:
            raise Refusal(404, "Not Found")
        return self._installation(request, body)

    def _mint(self, request: web.Request, body: Any, number: str) -> Json:
        self.minted.append(body or {})
        known = self.installations.get(int(number))
        if known is None:
            raise Refusal(404, "Not Found")
        if known.suspended:
            raise Refusal(403, "This installation has been suspended")
        wanted = body["permissions"]
        if any(known.permissions.get(k) not in (v, "write") for k, v in wanted.items()):
            text = "The permissions requested are not granted to this installation."
            raise Refusal(422, text)
        mine = {self.repository_id} if known.repositories is None else known.repositories
        if not set(body["repository_ids"]) <= mine:
            raise Refusal(
                422,
                "There is at least one repository that does not exist or is not accessible to the "
                "parent installation.",
            )
        token = f"ghs_{APP_ID}_{secrets.token_hex(20)}"
        until = self.now() + self.ttl
        self.issued[token] = Issued(int(number), tuple(body["repository_ids"]), wanted, until)
        return {"token": token, "expires_at": _stamp(until), "permissions": wanted}

    def _revoke(self, request: web.Request, body: Any) -> None:
        token = _token(request)
        if self.issued.pop(token, None) is None:
            raise Refusal(403, "Resource not accessible by integration")
        self.revoked.append(token)

    def _deliveries(self, request: web.Request, body: Any) -> web.Response:
        newest = sorted(self.deliveries, key=lambda d: (d["delivered_at"], d["id"]), reverse=True)
        return self._page(request, newest, "cursor")

    def _again(self, request: web.Request, body: Any, number: str) -> web.Response:
        if not any(d["id"] == int(number) for d in self.deliveries):
            raise Refusal(404, "Not Found")
        self.asked_again.append(int(number))
        return web.json_response({}, status=202)

    def _convert(self, request: web.Request, body: Any, code: str) -> web.Response:
        """A code is good once; a test puts it into `codes` with the name of the App to be."""
        manifest = self.codes.pop(code, None)
        if manifest is None:
            raise Refusal(404, "Not Found")
        made = {**self._about(request, None), "pem": self.pem, "webhook_secret": WEBHOOK_SECRET}
        made |= {"client_secret": "c1ient", **manifest}
        return web.json_response(made, status=201)

    # --- check runs

    def _list_checks(self, request: web.Request, body: Any, head: str) -> web.Response:
        name, app = request.query.get("check_name"), request.query.get("app_id")
        rows = [c for c in self.checks if c["head_sha"] == head and name in (None, c["name"])]
        rows = [c for c in rows if app in (None, str(c["app"]["id"]))]
        if request.query.get("filter") != "all":
            rows = rows[-1:]
        return self._page(request, rows[::-1], "page", "check_runs")

    def _check(self, request: web.Request, body: Json, number: str | None) -> Json:
        _check_fields(body)
        if number is None:
            if body["head_sha"] not in self.commits:
                raise Refusal(422, f"No commit found for SHA: {body['head_sha']}")
            made = {"id": self._identity(), "status": "queued", "conclusion": None}
            self.checks.append({**made, "app": {"id": APP_ID, "slug": SLUG}, "external_id": ""})
        check = self.checks[-1] if number is None else self._find(self.checks, int(number))
        output = {**check.get("output", {}), **body.get("output", {})}
        check |= {**body, "output": output}
        check["status"] = "completed" if "conclusion" in body else check["status"]
        if check["status"] != "completed":
            check["conclusion"] = None
        return check

    # --- people and what they say

    def _permission(self, request: web.Request, body: Any, login: str) -> Json:
        person = self.people.get(login)
        if person is None:
            raise Refusal(404, f"{login} is not a user")
        level = {"maintain": "write", "triage": "read"}.get(person.role, person.role)
        who = {"login": login, "id": person.id}
        return {"permission": level, "role_name": person.role, "user": who}

    def _said(self, number: int, login: str, body: str, link: str, kind: str) -> Json:
        user = {"login": login, "id": self.people[login].id}
        user["type"] = "Bot" if login.endswith("[bot]") else "User"
        url = f"{self.url}/repos/{REPOSITORY}/{kind}/{number}"
        identity = self._identity()
        made = {"id": identity, "node_id": f"IC_{identity}", "body": body, "user": user, link: url}
        return {**made, "updated_at": _stamp(self.now())}

    def _comment(self, request: web.Request, body: Any, kind: str, number: str) -> Json:
        if kind == "issues":
            return self._find(self.talk, int(number))
        for pull_number, pull in self.pulls.items():
            for comment in pull.comments:
                if comment["id"] == int(number):
                    return {
                        "pull_request_url": f"{self.url}/repos/{REPOSITORY}/pulls/{pull_number}",
                        "updated_at": _stamp(0),
                        **comment,
                    }
        raise Refusal(404, "Not Found")

    def _listed(self, request: web.Request, body: Any, kind: str, number: str) -> web.Response:
        """The comments of one pull request that were written or edited since a time."""
        since = request.query.get("since", "")
        if kind == "issues":
            link = f"/issues/{number}"
            rows = [t for t in self.talk if t["issue_url"].endswith(link)]
        else:
            rows = [{"updated_at": _stamp(0), **c} for c in self.pulls[int(number)].comments]
        return web.json_response([row for row in rows if row["updated_at"] >= since])

    def _react(self, request: web.Request, body: Json, kind: str, number: str) -> web.Response:
        self._comment(request, None, kind, number)
        self._check_locked()
        if body["content"] not in (
            "+1",
            "-1",
            "laugh",
            "confused",
            "heart",
            "hooray",
            "rocket",
            "eyes",
        ):
            raise Refusal(422, "Validation Failed")
        mine = (int(number), self._login(request), body["content"])
        known = mine in self.reactions
        if not known:
            self.reactions.append(mine)
        return web.json_response({"id": 1, "content": mine[2]}, status=200 if known else 201)

    def _talk(self, request: web.Request, body: Json, number: str) -> web.Response:
        if int(number) not in self.pulls:
            raise Refusal(404, "Not Found")
        self._check_locked()
        _check_text(body["body"])
        self.say(int(number), self._login(request), body["body"])
        return web.json_response(self.talk[-1], status=201)

    def _reply(self, request: web.Request, body: Json, number: str, to: str) -> web.Response:
        if int(number) not in self.pulls:
            raise Refusal(404, "Not Found")
        comments = self.pulls[int(number)].comments
        parent = self._find(comments, int(to))
        if parent.get("in_reply_to_id"):
            raise Refusal(422, "in_reply_to must be the top-level comment of its thread")
        self._check_locked()
        _check_text(body["body"])
        self.say(int(number), self._login(request), body["body"], parent["id"])
        return web.json_response(comments[-1], status=201)

    def _check_locked(self) -> None:
        if self.locked:
            raise Refusal(403, "Unable to create comment because issue is locked.")


@cache
def rsa_public(pem: str) -> rsa.RSAPublicKey:
    """The public half of a private key."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.public_key()


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").rpartition(" ")[2]


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_text(text: str) -> None:
    if not text.strip():
        raise Refusal(422, "Validation Failed", ["Body can't be blank"])
    if len(text) > 65_536:
        raise Refusal(422, "Validation Failed", ["Body is too long (maximum is 65536 characters)"])


def _check_fields(body: Json) -> None:
    """GitHub's limits for a check run, and that nothing unknown is sent."""
    known = {"name", "head_sha", "status", "conclusion", "external_id", "details_url", "output"}
    assert set(body) <= known | {"actions", "started_at", "completed_at"}, body
    output = body.get("output", {})
    assert set(output) <= {"title", "summary", "text"}, output
    if "output" in body and not (output.get("title") and output.get("summary")):
        raise Refusal(422, 'Invalid request.\n\n"title", "summary" weren\'t supplied.')
    for name, limit in (("title", 255), ("summary", FIELD), ("text", FIELD)):
        if len(output.get(name, "")) > limit:
            raise Refusal(422, f"Invalid request.\n\nOnly {limit} characters are allowed.")
    actions = body.get("actions", [])
    limits = {"label": 20, "description": 40, "identifier": 20}
    for action in actions:
        assert set(action) == set(limits), action
    if len(actions) > 3 or any(len(a[k]) > n for a in actions for k, n in limits.items()):
        raise Refusal(422, "Invalid request.\n\nAn action is too long.")


@asynccontextmanager
async def fake_app() -> AsyncIterator[FakeApp]:
    """A running fake; `url` is where."""
    fake = FakeApp()
    async with running(fake):
        yield fake
