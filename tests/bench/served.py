"""A whole server in a process of its own, between the two fakes, for benchmarks."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bot.doors.deliveries import pull_request
from tests.bot.doors.test_serve import environment
from tests.fakes.anthropic import FakeAnthropic
from tests.fakes.app import FakeApp
from tests.fakes.github import REPOSITORY_ID

TOP = Path(__file__).parents[2]
SETTLED = 3.0
"""Seconds after its start in which a server still loads what it will need."""


@dataclass
class Served:
    """The server; `log` are its lines so far."""

    process: asyncio.subprocess.Process
    url: str
    log: list[dict[str, Any]] = field(default_factory=list)


@asynccontextmanager
async def served(
    github: FakeApp, anthropic: FakeAnthropic, home: Path, **more: str
) -> AsyncIterator[Served]:
    """Started, settled, and stopped at the end; `more` are further variables of its environment."""
    known = github.app_settings(home)
    env = environment(
        home,
        TRIPTYCH_APP_PRIVATE_KEY=known.private_key.replace("\n", "\\n"),
        GITHUB_API_URL=github.url,
        ANTHROPIC_BASE_URL=anthropic.url,
        **more,
    )
    command = (sys.executable, "-m", "bot", "serve", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=PIPE, env=env, cwd=TOP
    )
    assert process.stderr
    try:
        while (line := _read(await process.stderr.readline())).get("event") != "listening":
            pass
        made = Served(process, f"http://127.0.0.1:{line['port']}")
        logged = asyncio.create_task(_logged(process.stderr, made.log))
        await asyncio.sleep(SETTLED)
        yield made
    finally:
        process.terminate()
        await process.wait()
    await logged


def opened(github: FakeApp, number: int, action: str = "opened", body: str = "") -> dict[str, Any]:
    """The event of a pull request of the fake."""
    made = pull_request(action)
    made["repository"]["id"] = REPOSITORY_ID
    made["number"] = number
    made["pull_request"].update(number=number, body=body)
    made["pull_request"]["head"]["sha"] = github.pulls[number].head
    made["pull_request"]["base"]["repo"]["id"] = REPOSITORY_ID
    return made


async def _logged(said: asyncio.StreamReader, lines: list[dict[str, Any]]) -> None:
    while line := await said.readline():
        lines.append(_read(line))


def _read(line: bytes) -> dict[str, Any]:
    if not line:
        raise SystemExit("The server has ended.")
    data: dict[str, Any] = json.loads(line)
    return data
