"""Run an analyser as if its input were out to get us, which it may be.

A ladder (reliability.md, section d): a clean environment, resource limits and a process group of
its own are always there; Landlock, namespaces and bubblewrap come on top where the machine has
them. Every run reports the level that it reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import enum
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
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
PR_SET_DUMPABLE = 4


class Level(enum.StrEnum):
    """How far a run was shut in, from least to most; confine.py says what each one promises."""

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
    command: Sequence[str],
    inputs: Path,
    *,
    wall: float = WALL_SECONDS,
    most: Level = Level.BUBBLEWRAP,
) -> Ran:
    """Run `command` (absolute program first) in `inputs`, the only folder of ours that it may read.

    It gets no environment, no input, no network and nothing to write to. It and all its children
    are killed after `wall` seconds, 10 seconds of CPU, or 8 MiB of output. `most` is the highest
    rung of the ladder to be tried.
    """
    hide_ourselves()
    program = Path(command[0]).resolve()  # noqa: ASYNC240 - a look at one path
    bwrap = _find_bubblewrap() if most is Level.BUBBLEWRAP else ""
    outer = _bubblewrap(bwrap, program, inputs) if bwrap else []
    async with _pipe() as out, _pipe() as err, _pipe() as level:
        argv = [
            *outer,
            *(sys.executable, "-I", "-S", "-B", str(CONFINE)),
            *(json.dumps(_spec(program, inputs, most)), str(level.theirs)),
            *(str(program), *command[1:]),
        ]
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out.theirs,
                stderr=err.theirs,
                cwd=inputs,
                env={},
                pass_fds=(level.theirs,),
                start_new_session=True,
            )
        finally:
            for pipe in (out, err, level):
                os.close(pipe.theirs)
        try:
            ending, stdout, stderr = await _collect(process, out.reader, err.reader, wall)
        finally:
            _kill_group(process)
            await process.wait()
        said = (await level.reader.read()).decode()
    code = _exit_code(process, within=bool(outer))
    if ending is Ending.EXITED and code < 0:
        ending = Ending.CRASHED
    reached = Level.BUBBLEWRAP if outer and said else Level(said or Level.LIMITS)
    return Ran(ending, code, stdout, stderr, reached)


@dataclass(frozen=True, slots=True)
class _Pipe:
    """What a run writes to, and where we read it."""

    theirs: int
    reader: asyncio.StreamReader


@contextlib.asynccontextmanager
async def _pipe() -> AsyncIterator[_Pipe]:
    """A pipe whose end we can let go of. `theirs` is closed by whoever has handed it on.

    asyncio's own pipes make `process.wait()` wait for everybody who holds them, as a child that got
    out of the process group does: a run must end in its time even then.
    """
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    try:
        yield _Pipe(theirs, reader)
    finally:
        transport.close()


def _spec(program: Path, inputs: Path, most: Level) -> dict[str, object]:
    """What confine.py is told."""
    rungs = list(Level)
    return {
        "limits": LIMITS,
        "readable": [*SYSTEM_DIRS, *_ours(program, inputs)],
        "rungs": rungs[: rungs.index(most) + 1],
        "env": {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
        | {"RAYON_NUM_THREADS": "2"},
    }


def _ours(program: Path, inputs: Path) -> list[str]:
    """The folders beside the system's that a run may read."""
    return [str(program.parent), str(inputs), sys.base_prefix, sys.prefix]


@cache
def hide_ourselves() -> None:
    """Nobody of the same user, no child above all, reads our environment and memory in /proc.

    Root still can, where there is no Landlock (reliability.md, section 0, conclusion 10).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


async def _collect(
    process: asyncio.subprocess.Process,
    stdout: asyncio.StreamReader,
    stderr: asyncio.StreamReader,
    wall: float,
) -> tuple[Ending, bytes, bytes]:
    """Read both outputs until they end, time runs out, or there is too much of them."""
    out, err = bytearray(), bytearray()

    async def drain(stream: asyncio.StreamReader, into: bytearray) -> bool:
        while block := await stream.read(65536):
            into += block
            if len(out) + len(err) > MAX_OUTPUT:
                _kill_group(process)
                return False
        return True

    try:
        async with asyncio.timeout(wall):
            whole = await asyncio.gather(drain(stdout, out), drain(stderr, err))
            await process.wait()
    except TimeoutError:
        return Ending.TIMED_OUT, b"", bytes(err)
    return (Ending.EXITED, bytes(out), bytes(err)) if all(whole) else (Ending.TOO_MUCH, b"", b"")


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """Whatever is left of the run, children included: no orphans (case S83)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _exit_code(process: asyncio.subprocess.Process, *, within: bool) -> int:
    """The command's exit code, negative for a signal; bubblewrap says 128 and the signal."""
    code = process.returncode if process.returncode is not None else -1
    return 128 - code if within and code > 128 else code


def _bubblewrap(bwrap: str, program: Path, inputs: Path) -> list[str]:
    """The command line that puts what follows it into empty namespaces of every kind."""
    binds = [d for d in SYSTEM_DIRS if Path(d).exists()]
    ours = [*_ours(program, inputs), str(CONFINE.parent)]
    return [
        bwrap,
        *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
        *(part for d in binds for part in ("--ro-bind", d, d)),
        *("--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc"),  # noqa: S108 - a tmpfs inside
        *(part for d in ours for part in ("--ro-bind", d, d)),
        *("--chdir", str(inputs), "--"),
    ]


def _find_bubblewrap() -> str:
    """Where bubblewrap is, if it is installed and this machine lets it work; else ""."""
    found = shutil.which("bwrap") or ""
    return found if found and _works(found) else ""


@cache
def _works(bwrap: str) -> bool:
    """Whether it can make here what every run needs; some containers refuse a /proc, for one."""
    command = [*_bubblewrap(bwrap, Path("/bin/true"), Path("/usr")), "/bin/true"]
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawn(bwrap, command, {}, file_actions=quiet)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
