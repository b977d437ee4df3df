"""A real git repository with a working tree, and the same repository as GitHub would show it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.github import Entry, FakeGitHub, FakePull

GIT = ("git", "-c", "core.fsync=none", "-c", "core.autocrlf=false", "-c", "commit.gpgSign=false")
NAME = ("-c", "user.name=Ann", "-c", "user.email=ann@localhost")


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Program:
    """An executable file."""

    data: bytes


@dataclass(frozen=True)
class Module:
    """A submodule at a commit."""

    commit: str


What = bytes | str | Link | Program | Module | None
"""What becomes of a file; None removes it."""


class Checkout:
    """A repository on branch `main` in an empty folder, far from the caller's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        """The output of one git command."""
        done = subprocess.run(
            [*GIT, *NAME, *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/"},
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, files: Mapping[str, What]) -> None:
        """Change the working tree and the index of submodules; nothing else is staged."""
        for name, what in files.items():
            path = self.folder / name
            if path.is_symlink() or path.is_file():
                path.unlink()
            if what is None or isinstance(what, Module):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(what, Link):
                path.symlink_to(what.target)
                continue
            data = what.data if isinstance(what, Program) else what
            path.write_bytes(data.encode() if isinstance(data, str) else data)
            if isinstance(what, Program):
                path.chmod(0o755)

    def stage(self, files: Mapping[str, What]) -> None:
        """Change the working tree and stage all of it."""
        self.write(files)
        self.git("add", "--all", "--force", ".")
        for name, what in files.items():
            if isinstance(what, Module):
                self.git("update-index", "--add", "--cacheinfo", f"160000,{what.commit},{name}")

    def commit(self, files: Mapping[str, What], message: str = "A change") -> str:
        """Change files and commit them; the id of the commit."""
        self.stage(files)
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")


def mirrored(checkout: Checkout, base: str, head: str, github: FakeGitHub) -> FakePull:
    """Pull request 1 of the fake, with the trees of two commits and the rows that GitHub makes.

    The rows come from git's own output and not from our parser.
    """
    for commit in (base, head):
        github.commits[commit] = dict(_tree(checkout, commit))
    pull = FakePull(base, head, rows=_rows(checkout, base, head), history={head})
    github.pulls[1] = pull
    return pull


def _tree(checkout: Checkout, commit: str) -> list[tuple[str, Entry]]:
    out = []
    for row in checkout.git("ls-tree", "-r", "-z", commit).split("\0"):
        if row:
            mode, kind, name, path = re.split(r"[ \t]", row, maxsplit=3)
            data = b"" if kind == "commit" else _blob(checkout, name)
            out.append((path, Entry(_text(data), mode)))
    return out


def _blob(checkout: Checkout, name: str) -> bytes:
    done = subprocess.run(
        ["git", "cat-file", "blob", name], cwd=checkout.folder, capture_output=True, check=True
    )
    return done.stdout


def _text(data: bytes) -> str | bytes:
    try:
        return data if b"\0" in data[:8000] else data.decode()
    except UnicodeDecodeError:
        return data


def _rows(checkout: Checkout, base: str, head: str) -> list[dict[str, Any]]:
    options = ("diff", "--no-color", "-M", "--full-index", "--no-abbrev", base, head)
    parts = re.split(r"(?m)^(?=diff --git )", checkout.git(*options) + "\n")[1:]
    fields = iter(checkout.git(*options, "--raw", "-z").split("\0")[:-1])
    rows = []
    for head_line, part in zip(fields, parts, strict=False):
        _, _, before, after, status = head_line.split(" ")
        old = next(fields)
        new = next(fields) if status[0] in "RC" else old
        row: dict[str, Any] = {"filename": new, "status": STATUS[status[0]]}
        row["sha"] = before if status[0] == "D" else after
        if new != old:
            row["previous_filename"] = old
        at = re.search(r"(?m)^@@ ", part)
        raw = part[at.start() :].removesuffix("\n") if at else ""
        patch = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        row["changes"] = sum(line[:1] in ("+", "-") for line in patch.split("\n"))
        rows.append(row | ({"patch": patch} if patch else {}))
    return rows


STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied"}
