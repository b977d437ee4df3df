"""git, asked in a way that no repository and no change can bend.

No pager, no external diff, no text conversion, no file system monitor, no prompt; names quoted
always the same way; objects read by id, so that nothing is followed or checked out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bot.errors import UsageProblem

SAFE = (
    *("-c", "core.quotePath=true", "-c", "core.fsmonitor=false", "-c", "core.pager=cat"),
    *(
        "-c",
        "diff.noprefix=false",
        "-c",
        "diff.mnemonicPrefix=false",
        "-c",
        "diff.orderFile=/dev/null",
    ),
    *("-c", "diff.interHunkContext=0", "-c", "diff.suppressBlankEmpty=false"),
    *(
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "user.name=triptych",
        "-c",
        "user.email=triptych@localhost",
    ),
)
DIFF = (
    *("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", "--unified=3"),
    *(
        "--find-renames=50%",
        "--submodule=short",
        "--ignore-submodules=none",
        "--diff-algorithm=myers",
    ),
    *("--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "--no-indent-heuristic"),
)
TIMEOUT = 120.0


class GitError(Exception):
    """git ended with an error; the text is its own."""


class Git:
    """One repository's git, in its top folder."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("git") is None:
            raise UsageProblem("git is not installed.", "Install it, or give a patch with --diff.")
        self._folder = folder
        try:
            top = self.text("rev-parse", "--show-toplevel")
        except GitError:
            raise UsageProblem(
                f"{folder} is not in a git repository.",
                "Run this inside one, or give a patch with --diff FILE.",
            ) from None
        self._folder = Path(top)

    @property
    def folder(self) -> Path:
        """The top folder of the working tree."""
        return self._folder

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """The output of one git command; GitError with its message when it fails."""
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
            **{k: v for k, v in os.environ.items() if k in ("GIT_DIR", "GIT_WORK_TREE")},
            **{"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            **{"GIT_LITERAL_PATHSPECS": "1"},
        }
        done = subprocess.run(  # noqa: S603 - a fixed program with checked arguments
            ["git", *SAFE, *arguments],  # noqa: S607 - the user's own git
            cwd=self._folder,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=env,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def text(self, *arguments: str) -> str:
        """The output as text, without the last line end."""
        return self.run(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

    def commit(self, revision: str) -> str | None:
        """The id of the commit that a revision names, None where it names none."""
        try:
            return self.text(
                "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
            )
        except GitError:
            return None

    def empty_tree(self) -> str:
        """The id of the tree that holds nothing, in this repository's kind of hash."""
        return self.text("hash-object", "-t", "tree", "--stdin")

    def diff(self, base: str, head: str) -> bytes:
        """The diff between two trees or commits."""
        return self.run(*DIFF, base, head, "--")

    def diff_as_text(self, base: str, head: str, paths: Sequence[str]) -> bytes:
        """The same for some files, whatever their attributes say they are."""
        return self.run(*DIFF, "--text", base, head, "--", *paths)

    def blobs(self, names: Sequence[str], limit: int) -> dict[str, bytes]:
        """The contents of objects named `TREE:PATH`, those of more than `limit` bytes left out."""
        usable = [n for n in names if "\n" not in n]
        asked = b"".join(n.encode("utf-8", "surrogateescape") + b"\n" for n in usable)
        rows = self.run("cat-file", "--batch-check", stdin=asked).split(b"\n")
        wanted = [
            name
            for name, row in zip(usable, rows, strict=False)
            if row.split(b" ")[-2:-1] == [b"blob"] and int(row.rsplit(b" ", 1)[1]) <= limit
        ]
        asked = b"".join(n.encode("utf-8", "surrogateescape") + b"\n" for n in wanted)
        return _split_batch(self.run("cat-file", "--batch", stdin=asked), wanted)


def _split_batch(data: bytes, names: Sequence[str]) -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = data.index(b"\n", at)
        size = int(data[at:end].rsplit(b" ", 1)[1])
        out[name] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return out
