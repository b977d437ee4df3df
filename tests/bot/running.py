"""How the tests of this folder run the command: in this process, or as people do, as one of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sysconfig
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

from bot.cli import main
from tests.fakes.github import TOKEN

PROGRAM = Path(sysconfig.get_path("scripts")) / "triptych"
DEADLINE = 60.0
CLEAN = {
    **{"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"},
    **{"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"},
}
"""Nobody's keys, tokens, proxies or git configuration."""
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


def run(*arguments: str, folder: Path | None = None, env: Mapping[str, str] | None = None) -> Ended:
    """The command in this process, which is quicker, with this environment and no other."""
    return captured(lambda: main(arguments), folder=folder, env=env)


def captured(
    act: Callable[[], None], *, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """What `act` writes, and the code with which it ends the program; 0 where it returns."""
    out, err, code = BytesIO(), BytesIO(), 0
    with (
        chdir(folder or Path.cwd()),
        _environment(env or {}),
        redirect_stdout(TextIOWrapper(out, "utf-8", write_through=True)) as stdout,
        redirect_stderr(TextIOWrapper(err, "utf-8", write_through=True)) as stderr,
    ):
        try:
            act()
        except SystemExit as end:
            code = int(end.code or 0)
    ended = Ended(code, out.getvalue().decode(), err.getvalue().decode())
    stdout.detach()
    stderr.detach()
    return ended


async def called(
    *arguments: str, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """The same beside servers of this event loop."""
    return await asyncio.to_thread(run, *arguments, folder=folder, env=env)


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(CLEAN | dict(env))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def start(
    *arguments: str,
    folder: Path,
    env: Mapping[str, str] | None = None,
    stdin: int = PIPE,
    stdout: int = PIPE,
    stderr: int = PIPE,
) -> Process:
    """The installed command as a process, with this environment and no other."""
    return await asyncio.create_subprocess_exec(
        *(str(PROGRAM), *arguments),
        cwd=folder,
        env={**CLEAN, **(env or {})},
        stdin=stdin,
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
        out, err = await process.communicate(stdin if process.stdin else None)
    assert process.returncode is not None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


def access(github: str = "", model: str = "") -> dict[str, str]:
    """The environment that leads to servers at these addresses, with what they ask for."""
    return {
        **({"GITHUB_API_URL": github, "GITHUB_TOKEN": TOKEN} if github else {}),
        **({"ANTHROPIC_BASE_URL": model, "ANTHROPIC_API_KEY": KEY} if model else {}),
    }


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def interrupt(process: Process) -> None:
    """Ctrl-C."""
    process.send_signal(signal.SIGINT)


def git(folder: Path, *arguments: str) -> str:
    """One git command, far from the configuration of whoever runs the tests."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=CLEAN, capture_output=True, check=True
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
