"""The image as it is written: there is no engine here that would build it.

Of S91 and S93 what can be read; of S90 only that a digest of the base, where there is one, is whole: none
is demanded, for none could be looked up (see the Dockerfile).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bot.running import closed_port

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = [
    row.replace("\\\n", " ")
    for row in re.split(r"\n(?=[A-Z]+ )", "\n" + re.sub(r"(?m)^#.*\n", "", TEXT))
    if row.strip()
]
FINAL = STEPS[max(i for i, row in enumerate(STEPS) if row.startswith("FROM")) :]


def values(word: str, steps: list[str] = STEPS) -> list[str]:
    return [row.partition(" ")[2].strip() for row in steps if row.startswith(f"{word} ")]


def test_the_base_has_an_sqlite_that_its_python_can_use() -> None:
    """Trap 5 of facts/durable.md: Python >= 3.12 needs SQLite >= 3.42; Debian 12 has 3.40."""
    base, *stages = values("FROM")
    assert re.fullmatch(r"python:3\.1[2-4]-slim-trixie(@sha256:[0-9a-f]{64})? AS base", base)
    assert stages == ["base AS build", "base"]


def test_only_what_the_locks_name_is_installed() -> None:
    installs = [row for step in values("RUN") for row in step.split("&&") if "pip install" in row]
    assert len(installs) == 3
    for row in installs:
        if "-r requirements" in row:
            assert "--require-hashes --only-binary :all:" in row
        else:
            assert "--no-index --no-deps" in row


def test_the_final_stage_runs_as_nobody_and_has_no_tools() -> None:
    assert values("USER", FINAL) == ["65532:65532"]
    assert values("STOPSIGNAL", FINAL) == ["SIGTERM"]
    assert values("VOLUME", FINAL) == ["/data"]
    assert not re.search(r"\b(apt|apt-get|apk|curl|wget|git|gcc|pip)\b", "\n".join(FINAL))
    assert json.loads(values("ENTRYPOINT", FINAL)[0]) == ["/opt/triptych/bin/triptych"]
    (environment,) = values("ENV", FINAL)
    assert "TRIPTYCH_HOME=/data" in environment
    assert "HOME=/data" in environment


def test_the_version_comes_from_outside_for_no_git_does_come_along() -> None:
    assert values("ARG") == ["VERSION=0.1.0.dev0"]
    assert "SETUPTOOLS_SCM_PRETEND_VERSION=${VERSION}" in values("ENV")
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert "build-args: VERSION=${{ github.ref_name }}" in release


def test_no_label_calls_all_that_is_in_it_ours() -> None:
    """Packages of the LGPL and the MPL are in it: README, "Licence"."""
    assert not re.search(r"(?i)licen[cs]es", "\n".join(values("LABEL")))


def test_no_secret_is_built_in() -> None:
    assert not re.search(r"(?i)(key|secret|token|password)\s*=", "\n".join(STEPS))


@pytest.mark.source
def test_what_is_copied_passes_the_ignore_file_and_nothing_else_does() -> None:
    allowed = {
        row[1:]
        for row in (ROOT / ".dockerignore").read_text("utf-8").split("\n")
        if row.startswith("!")
    }
    copied = {
        source
        for row in values("COPY")
        if not row.startswith("--from")
        for source in row.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_the_health_check_asks_the_door(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    async with TestServer(app) as server:
        assert await _health(server.port or 0) == code


async def test_a_health_check_of_nothing_fails() -> None:
    assert await _health(closed_port()) != 0


async def _health(port: int) -> int:
    command = json.loads(values("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[:2] == ["/opt/triptych/bin/python", "-I"]
    code = command[-1].replace("8080", str(port))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", code),
        stderr=asyncio.subprocess.DEVNULL,
        # A proxy in the container's environment must not stand between.
        env={"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
    )
    return await process.wait()
