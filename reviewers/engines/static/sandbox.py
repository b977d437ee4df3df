"""Run an analyser as if its input were out to get us, which it may be.

A ladder (reliability.md, section d): a clean environment, resource limits and a process group of
its own are always there; Landlock, namespaces and bubblewrap come on top where the machine has
them. Every run reports the level that it reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CONFINE = Path(__file__).with_name("confine.py")
SYSTEM_DIRS = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")
MAX_OUTPUT = 8 * 2**20
"""Bytes of output after which a run is stopped (case S83)."""
WALL_SECONDS = 15.0
LIMITS = {
    "RLIMIT_CPU": 10,
    "RLIMIT_AS": 2**29,
    "RLIMIT_FSIZE": 2**25,
    "RLIMIT_NOFILE": 128,
    "RLIMIT_CORE": 0,
}
"""What every analyser survived on the seed files, with room (reliability.md, section d)."""


class Level(enum.StrEnum):
    """How far a run was shut in, from least to most."""

    LIMITS = "limits"
    LANDLOCK = "landlock"
    NAMESPACES = "namespaces"
    BUBBLEWRAP = "bubblewrap"


class Ending(enum.StrEnum):
    """How a run ended."""

    EXITED = "exited"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    TOO_MUCH = "wrote too much"


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: `code` is the exit code, negative for a signal."""

    ending: Ending
    code: int
    stdout: bytes
    stderr: bytes
    level: Level


async def run_confined(
    command: Sequence[str], inputs: Path, *, wall: float = WALL_SECONDS, bubblewrap: bool = True
) -> Ran:
    """Run `command` (absolute program first) in `inputs`, the only folder of ours that it may read.

    It gets no environment, no input, no network and nothing to write to. It and all its children
    are killed after `wall` seconds, 10 seconds of CPU, or 8 MiB of output.
    """
    program = Path(command[0]).resolve()  # noqa: ASYNC240 - a look at one path
    spec = {
        "limits": LIMITS,
        "readable": [*SYSTEM_DIRS, str(program.parent), str(inputs), sys.base_prefix, sys.prefix],
        "namespaces": True,
        "env": {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
        | {"RAYON_NUM_THREADS": "2"},
    }
    level_out, level_in = os.pipe()
    outer = _bubblewrap(program, inputs) if bubblewrap and _has_bubblewrap() else []
    argv = [
        *outer,
        *(sys.executable, "-I", "-S", "-B", str(CONFINE)),
        *(json.dumps(spec), str(level_in), str(program), *command[1:]),
    ]
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=inputs,
            env={},
            pass_fds=(level_in,),
            start_new_session=True,
        )
    finally:
        os.close(level_in)
    try:
        ending, out, err = await _collect(process, wall)
    finally:
        _kill_group(process.pid)
        await process.wait()
        said = os.read(level_out, 64).decode()
        os.close(level_out)
    level = Level.BUBBLEWRAP if outer and said else Level(said or Level.LIMITS)
    code = process.returncode if process.returncode is not None else -1
    if ending is Ending.EXITED and code < 0:
        ending = Ending.CRASHED
    return Ran(ending, code, out, err, level)


async def _collect(process: asyncio.subprocess.Process, wall: float) -> tuple[Ending, bytes, bytes]:
    """Read both outputs until they end, time runs out, or there is too much of them."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()

    async def drain(stream: asyncio.StreamReader, into: bytearray) -> bool:
        while block := await stream.read(65536):
            into += block
            if len(out) + len(err) > MAX_OUTPUT:
                _kill_group(process.pid)
                return False
        return True

    try:
        async with asyncio.timeout(wall):
            whole = await asyncio.gather(drain(process.stdout, out), drain(process.stderr, err))
            await process.wait()
    except TimeoutError:
        return Ending.TIMED_OUT, b"", bytes(err)
    return (Ending.EXITED, bytes(out), bytes(err)) if all(whole) else (Ending.TOO_MUCH, b"", b"")


def _kill_group(pid: int) -> None:
    """Whatever is left of the run, children included: no orphans (case S83)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _bubblewrap(program: Path, inputs: Path) -> list[str]:
    binds = [d for d in SYSTEM_DIRS if Path(d).exists()]
    ours = [str(program.parent), str(CONFINE.parent), sys.base_prefix, sys.prefix, str(inputs)]
    return [
        shutil.which("bwrap") or "bwrap",
        *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
        *(part for d in binds for part in ("--ro-bind", d, d)),
        *("--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc"),  # noqa: S108 - a tmpfs inside
        *(part for d in ours for part in ("--ro-bind", d, d)),
        *("--chdir", str(inputs), "--"),
    ]


@cache
def _has_bubblewrap() -> bool:
    """Whether bubblewrap is installed and this machine lets it work."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return False
    command = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--", "/bin/true"]
    pid = os.posix_spawn(bwrap, command, {})
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
