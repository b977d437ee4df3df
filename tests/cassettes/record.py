r"""Records the cassettes of this folder: what our clients said to a service, and what it answered.

    ANTHROPIC_BASE_URL=http://127.0.0.1:4390 ANTHROPIC_API_KEY=any python -m tests.cassettes.record claude
    GITHUB_API_URL=http://127.0.0.1:4290 GITHUB_TOKEN=any python -m tests.cassettes.record github
    GITHUB_API_URL=http://127.0.0.1:4200 TRIPTYCH_APP_PRIVATE_KEY="$(cat app.pem)" \
        python -m tests.cassettes.record operator

A cassette is replayed by a test that makes the same requests again; where a prompt or a client has
changed since, the request is not found and the cassette must be recorded again. The first line of
each says against what it was recorded. A stand-in of the Anthropic API answers by the rules in
`claude_review.rules.json`: each has substrings of a request (`when`) and the answer (`json`). GitHub
must hold the pull request of `tests/cassettes/shop.py`; CASSETTE_PULL names it (acme/shop#1).

To add a cassette: a coroutine that makes the requests against an address and with a key, and a line
in `PARTS`. Its test replays the same coroutine inside of `replayed(name)`.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import vcr  # type: ignore[import-untyped]

from bot.errors import AccessProblem
from bot.hosts.github import GitHub
from bot.hosts.http import GitHubAPI, make_session
from bot.hosts.protocol import Pull
from bot.outputs.inline import inline_comments
from bot.posted import Standing, standing
from bot.publish import Published, publish
from bot.report import Report
from bot.settings import Settings
from bot.subject import PullRequest
from reviewers.core.finding import Location
from reviewers.core.history import History, Known, State
from reviewers.core.verdict import Outcome, Verdict
from tests.builders import finding, policy, verdict
from tests.cassettes.operator import operators_visit
from tests.cassettes.shop import SQL
from tests.reviewers.engines.claude.asking import only_models, review

HERE = Path(__file__).parent
KEPT_HEADERS = frozenset({"content-type", "anthropic-version", "anthropic-beta", "accept"})
"""All others say who asks, from where, with which key (facts/libraries.md, section 4)."""
MATCH_ON = ("method", "path", "query", "body")
"""The host is left out, so that what a stand-in said is replayed for the real address."""
_TOKENS = re.compile(rb'("[\w-]*token": *")[^"]+|\b(?:gh[oprsu]_|github_pat_)[\w.-]+')
"""Tokens that stand in answers: of a clone of a private repository, of an installation."""


@dataclass(frozen=True)
class Part:
    """One cassette: its file, where its service is by default, and what is asked of it.

    `url` and `key` name the variables of the environment that say where and with which key.
    """

    file: str
    service: str
    url: str
    key: str
    ask: Callable[[str, str], Awaitable[Any]]


async def claude_review(url: str, key: str) -> Verdict:
    """A review of the usual small change: seven looks, then the verifying call."""
    return await review(url, under=only_models(rounds=2), key=key)


@dataclass(frozen=True)
class Conversation:
    """What was said with GitHub about one pull request, from its first look to its last."""

    refused: AccessProblem
    pull: Pull
    bad_place_taken: bool
    posted: Published
    first: Standing
    edited: Published
    last: Standing


async def github_review(url: str, key: str) -> Conversation:
    """The conversation about the pull request that CASSETTE_PULL names."""
    name = os.environ.get("CASSETTE_PULL", "acme/shop#1")
    return await conversation(url, key, pull_of(name.replace("#", "/pulls/")))


def pull_of(address: str) -> PullRequest:
    """The pull request in an address of the API."""
    match = re.search(r"([\w.-]+)/([\w.-]+)/pulls/(\d+)", address)
    assert match is not None, address
    return PullRequest(match[1], match[2], int(match[3]))


async def conversation(url: str, key: str, pull: PullRequest) -> Conversation:
    """Read with a bad token and a good one, try a bad place, post, look, mark as fixed, look."""
    settings = Settings(github_token=key, github_api=url)
    async with make_session(settings) as session:
        stranger = GitHub(GitHubAPI(session, settings, "ghp_nobody"), pull, settings)
        try:
            await stranger.stand()
        except AccessProblem as e:
            refused = e
        forge = GitHub(GitHubAPI(session, settings, key), pull, settings)
        loaded = await forge.load()
        first, then = _reports(loaded)
        (comment,) = inline_comments(first)
        astray = replace(comment, location=Location(comment.location.path, 999, 999))
        taken = await forge.accepts([astray], loaded.subject.change.head)
        posted = await publish(forge, first, standing(loaded.reviews), (), quiet_when_clean=False)
        stands = standing(await forge.reviews())
        edited = await publish(forge, then, stands, (), quiet_when_clean=False)
        last = standing(await forge.reviews())
    return Conversation(refused, loaded, taken, posted, stands, edited, last)


def _reports(pull: Pull) -> tuple[Report, Report]:
    """A review that found the SQL, and the next one, in which it is gone."""
    change = pull.subject.change
    found = finding(quote=SQL)
    one = verdict(found, change=change, policy=policy())
    two = replace(
        one,
        outcome=Outcome.CLEAN,
        findings=(),
        fixed=(Known(found, State.FIXED, fixed_in=change.head),),
        history=History(change.head, change),
    )
    return (
        Report(one, pull.subject, "01JD8Q7M", "9f3ad2c1"),
        Report(two, pull.subject, "01JD8Q7N", "9f3ad2c1"),
    )


PARTS: Mapping[str, Part] = {
    "claude": Part(
        "claude_review.yaml",
        "https://api.anthropic.com",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        claude_review,
    ),
    "github": Part(
        "github_review.yaml",
        "https://api.github.com",
        "GITHUB_API_URL",
        "GITHUB_TOKEN",
        github_review,
    ),
    "operator": Part(
        "operator.yaml",
        "https://api.github.com",
        "GITHUB_API_URL",
        "TRIPTYCH_APP_PRIVATE_KEY",
        operators_visit,
    ),
}


def replayed(name: str) -> AbstractContextManager[Any]:
    """The cassette of that part, to be replayed: whatever is not in it fails, nothing is sent."""
    tape: AbstractContextManager[Any] = _tape("none").use_cassette(str(HERE / PARTS[name].file))
    return tape


async def record(name: str) -> None:
    """Make the requests of that part again and write its cassette anew."""
    part = PARTS[name]
    url = os.environ.get(part.url, part.service)
    path = HERE / part.file
    path.unlink(missing_ok=True)
    with _tape("once").use_cassette(str(path)):
        await part.ask(url, os.environ[part.key])
    path.write_text(f"# {_origin(part, url)}\n{path.read_text('utf-8')}", "utf-8")


def _origin(part: Part, url: str) -> str:
    if url == part.service:
        return "Recorded against the real service."
    return (
        "Recorded against the maintainers' strict stand-in of the API, "
        "not against the real service."
    )


def _tape(mode: str) -> vcr.VCR:
    return vcr.VCR(
        record_mode=mode,
        match_on=MATCH_ON,
        before_record_request=_scrubbed_request,
        before_record_response=_scrubbed_response,
        decode_compressed_response=True,
    )


def _scrubbed_request(request: Any) -> Any:
    request.headers = {k: v for k, v in request.headers.items() if k.lower() in KEPT_HEADERS}
    return request


def _scrubbed_response(response: dict[str, Any]) -> dict[str, Any]:
    headers = {k: v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS}
    body = _TOKENS.sub(rb"\1taken-out", response["body"]["string"])
    return {**response, "headers": headers, "body": {"string": body}}


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PARTS:
        asyncio.run(record(wanted))
