"""The script that confines a process, run as it is run: alone, told everything by its arguments."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from reviewers.engines.static.confine import FORBIDDEN
from reviewers.engines.static.sandbox import CONFINE, LIMITS

HAS_SECCOMP = "\nSeccomp:" in Path("/proc/self/status").read_text()
FILTERS = HAS_SECCOMP and platform.machine() in FORBIDDEN
"""Whether this machine has seccomp, and we know the numbers of its calls."""


def confine(
    code: str, *rungs: str, readable: tuple[str, ...] = (), **limits: int
) -> tuple[str, subprocess.CompletedProcess[str]]:
    """The level that it reached, and what became of a few lines of Python."""
    spec = {
        "limits": {**LIMITS, **limits},
        "readable": [*readable, "/usr", "/lib", "/lib64", sys.base_prefix, sys.prefix],
        "rungs": rungs,
        "env": {"LANG": "C.UTF-8"},
    }
    level_out, level_in = os.pipe()
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-B", str(CONFINE), json.dumps(spec), str(level_in)),
            *(python, "-I", "-S", "-c", code, str(level_in)),
        ],
        pass_fds=(level_in,),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(level_in)
    level = os.read(level_out, 64).decode()
    os.close(level_out)
    return level, done


def test_without_rungs_there_are_limits() -> None:
    level, done = confine("import os; print(dict(os.environ))")
    assert level == "limits"
    assert done.stdout == "{'LANG': 'C.UTF-8'}\n"
    assert done.stderr == ""


def test_the_command_cannot_say_how_well_it_was_confined() -> None:
    """The level is written, and its file closed, before the command begins."""
    code = (
        "import os, sys\ntry: os.write(int(sys.argv[1]), b'x')\nexcept OSError as e: print(e.errno)"
    )
    level, done = confine(code)
    assert (level, done.stdout) == ("limits", "9\n")


def test_privileges_are_never_regained() -> None:
    _, done = confine("print(open('/proc/self/status').read())")
    assert "\nNoNewPrivs:\t1\n" in done.stdout


CALLS = {
    "socket": "socket.socket()",
    "datagram": "socket.socket(type=socket.SOCK_DGRAM)",
    "session": "os.setsid()",
    "group": "os.setpgid(0, 0)",
}


@pytest.mark.parametrize("call", CALLS)
def test_s84_calls_that_lead_out_are_refused(call: str) -> None:
    """In a child, which is no leader of a group: a leader could not leave anyway."""
    code = (
        "import os, socket\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        f"  try: {CALLS[call]}\n"
        "  except PermissionError: os._exit(3)\n"
        "  os._exit(4)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    _, done = confine(code)
    assert done.stdout == ("3\n" if FILTERS else "4\n")


def test_s84_the_second_way_to_each_call_is_refused() -> None:
    """x86-64 has the numbers of x32 as well, for the same calls."""
    if platform.machine() != "x86_64":
        return
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.syscall(0x40000000 + 41, 2, 2, 0), ctypes.get_errno())"
    )
    _, done = confine(code)
    assert done.stdout == ("-1 1\n" if FILTERS else "-1 38\n")


def test_what_analysers_need_still_works() -> None:
    """Threads, pairs of sockets and children of their own."""
    code = (
        "import os, socket, subprocess, sys, threading\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "a, b = socket.socketpair(); a.send(b'pair'); print(b.recv(9).decode())\n"
        "sys.stdout.flush()\n"
        "subprocess.run([sys.executable, '-I', '-S', '-c', 'print(\"child\")'], check=True)\n"
    )
    _, done = confine(code, "landlock", "namespaces")
    assert done.stdout == "thread\npair\nchild\n"


def test_a_folder_that_is_not_there_is_no_obstacle() -> None:
    level, done = confine("print(1)", "landlock", readable=("/no/such/folder",))
    assert done.stdout == "1\n"
    assert level in ("limits", "landlock")


def test_limits_are_set_as_told() -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    _, done = confine(code, RLIMIT_NOFILE=17)
    assert done.stdout == "(17, 17)\n"


def test_s83_a_run_that_burns_its_seconds_is_killed() -> None:
    _, done = confine("while True: pass", RLIMIT_CPU=1)
    assert done.returncode == -9
