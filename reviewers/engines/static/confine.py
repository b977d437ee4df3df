"""Run one command with as little power as this machine can take away. Run as a script, alone.

    python -I -S confine.py SPEC_JSON LEVEL_FD COMMAND [ARG ...]

It imports nothing of ours, closes what it inherited, takes away what the kernel lets it take away,
writes the level that it reached to LEVEL_FD, and becomes COMMAND. Levels (reliability.md,
section d): `limits` (clean environment and resource limits), `landlock` (no file but the named
ones; by seccomp no sockets, and no child that outlives its process group), `namespaces` (there is
no network, either).
"""

import ctypes
import json
import os
import resource
import sys
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_NO_NEW_PRIVS = 38
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR, EXECUTE = 1 << 2, 1 << 3, 1 << 0
WRITE_FILE = 1 << 1
ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
"""Access rights of files that each Landlock ABI knows (include/uapi/linux/landlock.h)."""
IOCTL_DEV = 1 << 15
NET_BIND_AND_CONNECT = 3
SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD, EQUALS, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001
"""SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with EPERM (include/uapi/linux/seccomp.h)."""
OTHER_ABI = 0x40000000
"""From here on are the numbers of x32, a second way to each call of x86-64."""
FORBIDDEN = {
    "x86_64": (0xC000003E, (41, 109, 112, 425)),
    "aarch64": (0xC00000B7, (198, 154, 157, 425)),
}
"""By machine its AUDIT_ARCH, and the numbers of socket, setpgid, setsid and io_uring_setup."""


class RulesetAttr(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class PathBeneathAttr(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class Instruction(ctypes.Structure):
    """struct sock_filter."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(Instruction)))


def limit(spec: dict[str, Any]) -> None:
    """Resource limits: address space, CPU seconds, file size, open files, no core."""
    for name, value in spec["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))


def without_network(libc: ctypes.CDLL) -> bool:
    """A new user and network namespace; False where the machine does not let us."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as f:
                f.write(text)
    except OSError:
        # The namespaces are there; without the maps we are nobody in them, which is fine.
        pass
    return True


def landlocked(libc: ctypes.CDLL, readable: list[str], writable: list[str]) -> bool:
    """Only the named paths can be opened from here on; False where the kernel has no Landlock."""
    abi = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    if abi < 1:
        return False
    rights = ALL_BY_ABI.get(abi, ALL_BY_ABI[4] | IOCTL_DEV)
    attr = RulesetAttr(rights)
    size = 8
    if abi >= 4:
        attr.handled_access_net, size = NET_BIND_AND_CONNECT, 16
    if abi >= 6:
        attr.scoped, size = SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS, 24
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(attr), size, 0)
    if ruleset < 0:
        return False
    for paths, access in (
        (readable, READ_FILE | READ_DIR | EXECUTE),
        (writable, READ_FILE | WRITE_FILE),
    ):
        for path in paths:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = access if os.path.isdir(path) else access & ~READ_DIR
            rule = PathBeneathAttr(allowed, fd)
            libc.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
            os.close(fd)
    done: bool = libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return done


def filtered(libc: ctypes.CDLL) -> bool:
    """No socket, and no way out of the process group; False where there is no seccomp for us."""
    if os.uname().machine not in FORBIDDEN:
        return False
    arch, calls = FORBIDDEN[os.uname().machine]
    tests = [(AT_LEAST, OTHER_ABI), *((EQUALS, call) for call in calls)]
    rows = [
        (LOAD, 0, 0, 4),
        (EQUALS, 0, len(tests) + 2, arch),
        (LOAD, 0, 0, 0),
        *((code, len(tests) - i, 0, value) for i, (code, value) in enumerate(tests)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    program = Program(len(rows), (Instruction * len(rows))(*(Instruction(*row) for row in rows)))
    done: bool = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    return done


def main() -> None:
    """Confine this process, say how far that went, become the command."""
    spec, level_fd, command = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    level = "limits"
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        alone = "namespaces" in spec["rungs"] and without_network(libc)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        locked = "landlock" in spec["rungs"] and landlocked(libc, spec["readable"], ["/dev/null"])
        if filtered(libc) and locked:
            level = "namespaces" if alone else "landlock"
    os.write(level_fd, level.encode())
    os.close(level_fd)
    limit(spec)
    os.execve(command[0], command, spec["env"])  # noqa: S606 - this is what it is for


if __name__ == "__main__":
    main()
