"""The sandbox keeps what the level that it reports promises, on whatever machine this runs.

Each rung of the ladder is climbed in turn: a machine with all of them shows what one without sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from reviewers.engines.static.sandbox import (
    LIMITS,
    MAX_OUTPUT,
    Ending,
    Level,
    Ran,
    run_confined,
)

SHUT = {Level.LANDLOCK, Level.NAMESPACES, Level.BUBBLEWRAP}
"""The levels that promise: no file but the named ones, no network, nobody leaves the group."""

every_rung = pytest.mark.parametrize("most", list(Level))
with_and_without_bubblewrap = pytest.mark.parametrize("most", [Level.NAMESPACES, Level.BUBBLEWRAP])


async def run_python(code: str, inputs: Path, *arguments: str, **more: object) -> Ran:
    """A few lines of Python in the sandbox."""
    command = [sys.executable, "-I", "-S", "-c", code, *arguments]
    return await run_confined(command, inputs, **more)  # type: ignore[arg-type]


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """The folder that a run may read, beside others that it may not."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "f0001.py").write_text("print(undefined)\n")
    (tmp_path / "secret.txt").write_text("outside")
    return folder


@pytest.fixture
def mark() -> Iterator[str]:
    """An argument by which a test knows the processes that it started; none outlives the test."""
    name = f"mark-{uuid.uuid4().hex}"
    yield name
    for pid in marked(name):
        os.kill(pid, signal.SIGKILL)


def marked(name: str) -> list[int]:
    """The processes that carry the mark, or one that begins with it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"\0" + name.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def open_files() -> list[str]:
    """The file descriptors of this process."""
    return sorted(p.name for p in Path("/proc/self/fd").iterdir())


async def gone(name: str) -> bool:
    """Whether no process carries the mark any more; the kernel may take a moment."""
    for _ in range(100):
        if not marked(name):
            return True
        await asyncio.sleep(0.02)
    return False


# --- What a run is given


@every_rung
async def test_a_run_gets_its_input_folder_its_arguments_and_nothing_else(
    most: Level, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_SECRET", "of the parent")
    code = (
        "import json, os, sys; print(json.dumps({'env': dict(os.environ), 'in': sys.stdin.read(),"
        "'cwd': os.getcwd(), 'files': os.listdir('.'), 'text': open('f0001.py').read(),"
        "'arguments': sys.argv[1:]}))"
    )
    ran = await run_python(code, inputs, "--", "-x", "a b", "ü\n", most=most)
    assert (ran.ending, ran.code, ran.stderr) == (Ending.EXITED, 0, b"")
    said = json.loads(ran.stdout)
    assert said["env"] == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "RAYON_NUM_THREADS": "2",
    }
    assert said["in"] == ""
    assert said["cwd"] == str(inputs.resolve())
    assert (said["files"], said["text"]) == (["f0001.py"], "print(undefined)\n")
    assert said["arguments"] == ["--", "-x", "a b", "ü\n"]


@every_rung
async def test_no_level_above_the_asked_one_is_reported(most: Level, inputs: Path) -> None:
    ran = await run_python("", inputs, most=most)
    rungs = list(Level)
    assert rungs.index(ran.level) <= rungs.index(most)


@every_rung
async def test_ruff_works_on_every_rung(most: Level, inputs: Path) -> None:
    """With bubblewrap only where it is installed; else this is the rung below."""
    command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--", "f0001.py"]
    ran = await run_confined(command, inputs, most=most)
    assert (ran.ending, ran.code) == (Ending.EXITED, 1)
    assert b"F821" in ran.stdout


# --- S84: nothing to steal, nowhere to send it


THIEF = r"""
import os, re, sys
parent = os.getppid()
found = []
def look(data):
    found.extend(re.findall(b'TRIPTYCH_SECRET=([0-9a-f]+)', data))
look(repr(dict(os.environ)).encode())
pids = [parent, 'self']
try:
    pids += os.listdir('/proc')
except OSError:
    pass
for pid in pids:
    try:
        look(open(f'/proc/{pid}/environ', 'rb').read())
    except OSError:
        pass
try:
    memory = open(f'/proc/{parent}/mem', 'rb', 0)
    for row in open(f'/proc/{parent}/maps'):
        if '[heap]' in row or '[stack]' in row:
            first, last = (int(n, 16) for n in re.match('(.*?)-(.*?) ', row).groups())
            memory.seek(first)
            look(memory.read(min(last - first, 1 << 22)))
except OSError:
    pass
print('tried', *sorted(set(found)))
"""
MASTER = """
import asyncio, json, subprocess, sys
from pathlib import Path
from reviewers.engines.static.sandbox import Level, run_confined

thief, folder = sys.argv[1:]
command = [sys.executable, '-I', '-S', '-c', thief]
open_run = subprocess.run(command, env={}, capture_output=True)
print(json.dumps(['open', open_run.stdout.decode('utf-8', 'replace')]))
for most in Level:
    ran = asyncio.run(run_confined(command, Path(folder), most=most))
    print(json.dumps([ran.level, ran.stdout.decode('utf-8', 'replace')]))
"""


def test_s84_the_environment_of_the_parent_is_out_of_reach(inputs: Path) -> None:
    """A process of its own, since `/proc` shows the environment that a process was started with.

    On the lowest rung it is the kernel that hides it, and from root it does not.
    """
    secret = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-c", MASTER, THIEF, str(inputs)],
        env={**os.environ, "TRIPTYCH_SECRET": secret},
        capture_output=True,
        check=True,
        timeout=60,
    )
    (unconfined, loot), *runs = [json.loads(row) for row in done.stdout.splitlines()]
    assert unconfined == "open"
    assert secret in loot, "the thief knows how to steal"
    assert len(runs) == len(Level)
    for level, said in runs:
        assert "tried" in said
        if level in SHUT or os.geteuid() != 0:
            assert secret not in said, level


@every_rung
async def test_s84_other_files_cannot_be_read(most: Level, inputs: Path) -> None:
    paths = [str(inputs.parent / "secret.txt"), "/etc/passwd", __file__]
    code = (
        "import sys\nfor path in sys.argv[1:]:\n"
        "  try: print('READ', path, open(path).read(20))\n"
        "  except OSError as e: print('refused', path)\nprint('done')"
    )
    ran = await run_python(code, inputs, *paths, most=most)
    assert b"done" in ran.stdout
    if ran.level in SHUT:
        assert b"READ" not in ran.stdout


@every_rung
async def test_s84_nothing_can_be_written(most: Level, inputs: Path) -> None:
    """Seen from outside: bubblewrap gives a /tmp of its own, in which writing does no harm."""
    name = f"triptych-{uuid.uuid4().hex}"
    targets = [str(folder / name) for folder in (inputs, inputs.parent, Path("/tmp"))]
    own = str(inputs / "f0001.py")
    code = (
        "import os, sys\nown, *targets = sys.argv[1:]\n"
        "for do in (*(lambda t=t: open(t, 'w').write('x') for t in targets),\n"
        "           *(lambda t=t: os.mkdir(t + '.d') for t in targets),\n"
        "           lambda: open(own, 'a').write('x'), lambda: os.truncate(own, 0),\n"
        "           lambda: os.rename(own, own + '2'), lambda: os.unlink(own)):\n"
        "  try: do()\n"
        "  except OSError: pass\n"
        "open('/dev/null', 'w').write('x')\nprint('done')"
    )
    ran = await run_python(code, inputs, own, *targets, most=most)
    assert ran.stdout == b"done\n"
    if ran.level in SHUT:
        assert [t for t in targets if Path(t).exists() or Path(t + ".d").exists()] == []
        assert Path(own).read_text() == "print(undefined)\n"
    for target in targets:
        Path(target).unlink(missing_ok=True)
        if Path(target + ".d").exists():
            Path(target + ".d").rmdir()


CALLER = """
import socket, sys
tcp, udp = (int(a) for a in sys.argv[1:])
for call in (lambda: socket.create_connection(('127.0.0.1', tcp), 1).sendall(b'x'),
             lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', udp))):
    try:
        call()
    except OSError:
        pass
print('tried')
"""


async def heard(tcp: socket.socket, udp: socket.socket) -> tuple[bool, bool]:
    """Whether somebody has called since the last time: by TCP, by UDP."""
    await asyncio.sleep(0.05)
    got = []
    for listening in (tcp, udp):
        try:
            listening.accept()[0].close() if listening is tcp else listening.recv(9)
            got.append(True)
        except BlockingIOError:
            got.append(False)
    return got[0], got[1]


async def test_s84_no_call_gets_out(inputs: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        tcp.setblocking(False)
        udp.setblocking(False)
        ports = [str(s.getsockname()[1]) for s in (tcp, udp)]

        subprocess.run([sys.executable, "-I", "-c", CALLER, *ports], check=True)
        assert await heard(tcp, udp) == (True, True), "the caller knows how to call"

        for most in Level:
            ran = await run_python(CALLER, inputs, *ports, most=most)
            assert ran.stdout == b"tried\n"
            calls = await heard(tcp, udp)
            if ran.level in SHUT:
                assert calls == (False, False), ran.level


# --- S83: nothing runs on, nothing grows


BROOD = """
import subprocess, sys, time
me, how, mark = sys.argv
sleeper = [sys.executable, '-I', '-S', '-c', 'import time; time.sleep(60)', mark]
nowhere = {n: subprocess.DEVNULL for n in ('stdin', 'stdout', 'stderr')}
subprocess.Popen(sleeper)
subprocess.Popen(sleeper, **nowhere)
subprocess.Popen([sys.executable, '-I', '-S', '-c', 'while True: pass', mark], **nowhere)
print('up', file=sys.stderr, flush=True)
if how == 'spin':
    while True: pass
if how == 'sleep':
    time.sleep(60)
"""


async def on_every_rung(code: str, inputs: Path, how: str, mark: str) -> list[Ran]:
    """The same run with each rung as the highest, side by side, with little time.

    No child is left of any; of one that breaks out, on all levels that promise it.
    """
    start = monotonic()
    marks = [f"{mark}-{most}." for most in Level]
    runs = (
        run_python(code, inputs, how, name, wall=1.5, most=most)
        for name, most in zip(marks, Level, strict=True)
    )
    ended = await asyncio.gather(*runs)
    assert monotonic() - start < 6
    for ran, name in zip(ended, marks, strict=True):
        assert b"up" in ran.stderr
        if how != "break out" or ran.level in SHUT:
            assert await gone(name), ran.level
    return ended


@pytest.mark.parametrize("how", ["spin", "sleep"])
async def test_s83_a_run_out_of_time_is_killed_with_its_children(
    how: str, inputs: Path, mark: str
) -> None:
    for ran in await on_every_rung(BROOD, inputs, how, mark):
        assert (ran.ending, ran.stdout) == (Ending.TIMED_OUT, b"")


async def test_s83_a_child_that_holds_the_output_open_is_killed(inputs: Path, mark: str) -> None:
    """Its parent is gone; with bubblewrap it goes along, else it is out of time."""
    for ran in await on_every_rung(BROOD, inputs, "leave", mark):
        assert ran.ending in (Ending.TIMED_OUT, Ending.EXITED)


async def test_s83_what_a_finished_run_left_behind_is_killed(inputs: Path, mark: str) -> None:
    code = BROOD.replace("subprocess.Popen(sleeper)\n", "")
    ran = await run_python(code, inputs, "leave", mark)
    assert (ran.ending, ran.code) == (Ending.EXITED, 0)
    assert await gone(mark)


RUNAWAY = """
import os, sys, time
for leave in (os.setsid, lambda: os.setpgid(0, 0)):
    if os.fork() == 0:
        try:
            leave()
        except OSError:
            pass
        os.execv(sys.executable, [sys.executable, '-I', '-S', '-c', 'import time; time.sleep(60)',
                                  sys.argv[2]])
print('up', file=sys.stderr, flush=True)
"""


async def test_s83_a_child_that_leaves_the_group_neither_holds_us_up_nor_lives_on(
    inputs: Path, mark: str
) -> None:
    await on_every_rung(RUNAWAY, inputs, "break out", mark)


@with_and_without_bubblewrap
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_s83_too_much_output_ends_the_run(most: Level, stream: str, inputs: Path) -> None:
    code = f"import sys\nwhile True: sys.{stream}.write('x' * 65536)"
    start = monotonic()
    ran = await run_python(code, inputs, most=most)
    assert (ran.ending, ran.stdout, ran.stderr) == (Ending.TOO_MUCH, b"", b"")
    assert monotonic() - start < 5


async def test_s83_as_much_output_as_allowed_arrives_whole(inputs: Path) -> None:
    ran = await run_python(f"import sys; sys.stdout.write('x' * {MAX_OUTPUT})", inputs)
    assert ran.ending is Ending.EXITED
    assert ran.stdout == b"x" * MAX_OUTPUT


@every_rung
async def test_s83_memory_time_files_and_dumps_are_limited(most: Level, inputs: Path) -> None:
    code = (
        "import json, resource\n"
        "print(json.dumps({n: resource.getrlimit(getattr(resource, n)) for n in dir(resource)"
        " if n.startswith('RLIMIT_')}))\n"
        "bytearray(2 ** 30)"
    )
    ran = await run_python(code, inputs, most=most)
    assert (ran.ending, ran.code) == (Ending.EXITED, 1)
    assert b"MemoryError" in ran.stderr
    limits = json.loads(ran.stdout)
    assert {name: limits[name] for name in LIMITS} == {n: [v, v] for n, v in LIMITS.items()}


@with_and_without_bubblewrap
@pytest.mark.parametrize("name", ["SIGKILL", "SIGABRT"])
async def test_a_run_that_a_signal_ended_has_crashed(most: Level, name: str, inputs: Path) -> None:
    number = int(getattr(signal, name))
    ran = await run_python(f"import os; os.kill(os.getpid(), {number})", inputs, most=most)
    assert (ran.ending, ran.code) == (Ending.CRASHED, -number)


@with_and_without_bubblewrap
@pytest.mark.parametrize("code", [0, 77])
async def test_exit_codes_arrive(most: Level, code: int, inputs: Path) -> None:
    ran = await run_python(f"raise SystemExit({code})", inputs, most=most)
    assert (ran.ending, ran.code) == (Ending.EXITED, code)


async def test_a_program_that_is_not_there_has_not_succeeded(inputs: Path) -> None:
    ran = await run_confined([str(inputs / "no-such-program")], inputs)
    assert ran.code != 0
    assert ran.stdout == b""


async def test_a_cancelled_run_leaves_nobody_behind(inputs: Path, mark: str) -> None:
    task = asyncio.create_task(run_python(BROOD, inputs, "sleep", mark))
    async with asyncio.timeout(10):
        while not marked(mark):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(mark)


async def test_runs_leave_no_open_files_and_no_zombies(inputs: Path) -> None:
    await run_python("", inputs)
    before = open_files()
    await asyncio.gather(*(run_python("print(1)", inputs) for _ in range(5)))
    await run_python("import time; time.sleep(9)", inputs, wall=0.2)
    await asyncio.sleep(0.05)
    assert open_files() == before
    try:
        dead, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:  # No child at all; other tests may have some that live.
        dead = 0
    assert dead == 0


# --- Bubblewrap


def install(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `bwrap` of our own, first on the path."""
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


RUN_THE_REST = 'while [ "$1" != "--" ]; do shift; done; shift; exec "$@"'


async def test_bubblewrap_is_told_to_share_nothing(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line that is run, whether or not bubblewrap is installed here."""
    record = tmp_path / "record"
    install(tmp_path / "bin", f"printf '%s\\n' \"$@\" > {record}\n{RUN_THE_REST}", monkeypatch)
    ran = await run_python("print('ran')", inputs)
    assert (ran.level, ran.stdout) == (Level.BUBBLEWRAP, b"ran\n")

    line = record.read_text().split("\n")
    options = line[: line.index("--")]
    assert {"--unshare-all", "--die-with-parent", "--new-session", "--clearenv"} <= set(options)
    assert options[options.index("--cap-drop") + 1] == "ALL"
    assert options[options.index("--chdir") + 1] == str(inputs)
    assert not {"--bind", "--dev-bind", "--share-net", "--setenv"} & set(options)
    seen = {Path(options[i + 1]) for i, o in enumerate(options) if o == "--ro-bind"}
    assert inputs in seen
    assert not [p for p in seen if p in (Path("/"), Path("/etc"), Path.home(), inputs.parent)]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
        f"case \"$*\" in *--proc*) echo 'cannot mount proc' >&2; exit 1;; esac; {RUN_THE_REST}",
    ],
    ids=["refused by the machine", "refuses a /proc"],
)
async def test_a_bubblewrap_that_does_not_work_is_left_out_in_silence(
    script: str,
    inputs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    install(tmp_path / "bin", script, monkeypatch)
    ran = await run_python("print('ran')", inputs)
    assert ran.level is not Level.BUBBLEWRAP
    assert ran.stdout == b"ran\n"
    assert capfd.readouterr() == ("", "")


async def test_bubblewrap_is_used_where_it_is_installed_and_works(inputs: Path) -> None:
    """Asked here by another command than the sandbox asks."""
    found = shutil.which("bwrap")
    probe = [found or "", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "true"]
    works = bool(found) and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    ran = await run_python("import os; print(os.getpid())", inputs)
    assert (ran.level is Level.BUBBLEWRAP) == works
    if works:
        assert int(ran.stdout) < 10, "it has a world of process numbers of its own"
