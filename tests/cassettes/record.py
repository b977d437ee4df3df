r"""Records the cassettes of this folder: what our clients said to a service, and what it answered.

    ANTHROPIC_BASE_URL=http://127.0.0.1:4390 ANTHROPIC_API_KEY=any python -m tests.cassettes.record claude
    GITHUB_API_URL=http://127.0.0.1:4200 TRIPTYCH_APP_PRIVATE_KEY="$(cat app.pem)" \
        python -m tests.cassettes.record operator

A cassette is replayed by a test that makes the same requests again; where a prompt or a client has
changed since, the request is not found and the cassette must be recorded again. The first line of
each says against what it was recorded. A stand-in of the Anthropic API answers by the rules in
`claude_review.rules.json`: each has substrings of a request (`when`) and the answer (`json`).

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vcr  # type: ignore[import-untyped]

from reviewers.core.verdict import Verdict
from tests.cassettes.operator import operators_visit
from tests.reviewers.engines.claude.asking import only_models, review

HERE = Path(__file__).parent
KEPT_HEADERS = frozenset({"content-type", "anthropic-version", "anthropic-beta", "accept"})
"""All others say who asks, from where, with which key (facts/libraries.md, section 4)."""
TOKEN = re.compile(rb"gh[a-z]_[A-Za-z0-9_.\-]+")
"""What GitHub hands out in an answer's body; it is replayed as `ghs_gone`."""
MATCH_ON = ("method", "path", "query", "body")
"""The host is left out, so that what a stand-in said is replayed for the real address."""


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


PARTS: Mapping[str, Part] = {
    "claude": Part(
        "claude_review.yaml",
        "https://api.anthropic.com",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        claude_review,
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
    body = response["body"]["string"]
    return {**response, "headers": headers, "body": {"string": TOKEN.sub(b"ghs_gone", body)}}


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PARTS:
        asyncio.run(record(wanted))
