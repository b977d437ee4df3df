"""How the tests of this folder run the command: in this process, or as people do, as one of its own."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sysconfig
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from bot.cli import main

PROGRAM = Path(sysconfig.get_path("scripts")) / "triptych"
DEADLINE = 60.0
KEY = "sk-test-0123456789"


@dataclass(frozen=True)
class Ended:
    """What came of a run."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> list[str]:
        """The lines for the person."""
        return self.err.splitlines()


def run(*arguments: str) -> Ended:
    """The command in this process, under its environment and in its folder."""
    out, err = BytesIO(), BytesIO()
    with (
        redirect_stdout(TextIOWrapper(out, "utf-8", write_through=True)) as stdout,
        redirect_stderr(TextIOWrapper(err, "utf-8", write_through=True)) as stderr,
        pytest.raises(SystemExit) as end,
    ):
        main(arguments)
    ended = Ended(int(end.value.code or 0), out.getvalue().decode(), err.getvalue().decode())
    stdout.detach()
    stderr.detach()
    return ended


async def start(
    *arguments: str,
    folder: Path,
    env: Mapping[str, str] | None = None,
    stdout: int = PIPE,
    stderr: int = PIPE,
) -> Process:
    """The installed command as a process, with this environment and no other."""
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    return await asyncio.create_subprocess_exec(
        *(str(PROGRAM), *arguments),
        cwd=folder,
        env={**clean, **(env or {})},
        stdin=PIPE,
        stdout=stdout,
        stderr=stderr,
    )


async def triptych(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None, stdin: bytes = b""
) -> Ended:
    """The installed command from its start to its end."""
    process = await start(*arguments, folder=folder, env=env)
    return await ended(process, stdin)


async def ended(process: Process, stdin: bytes = b"") -> Ended:
    """What a started process came to."""
    async with asyncio.timeout(DEADLINE):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


def interrupt(process: Process) -> None:
    """Ctrl-C."""
    process.send_signal(signal.SIGINT)


def git(folder: Path, *arguments: str) -> str:
    """One git command, far from the configuration of whoever runs the tests."""
    env = {
        **{"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)},
        **{"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"},
    }
    identity = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=env, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def repository(folder: Path, *commits: Mapping[str, str], branch: str = "main") -> Path:
    """A working tree with these commits on a branch, each adding or replacing files."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", f"--initial-branch={branch}")
    for number, files in enumerate(commits, 1):
        write(folder, files)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", f"--message=Commit {number}")
    return folder


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Put files there."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
