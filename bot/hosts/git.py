"""git, asked in a way that no repository and no change can bend.

No pager, no external diff, no text conversion, no filter, no file system monitor, no hook, no
signature check, no fetch, no prompt; names quoted always the same way; objects read by id, so that
nothing is followed or checked out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import HostProblem, UsageProblem
from reviewers.core.diff import BINARY_PROBE

MAX_DIFFED = 20 * 2**20
"""Bytes of a file above which git is not asked for its lines; a larger text is named, not read."""

_SETTINGS = (
    *("core.quotePath=true", "core.fsmonitor=false", "core.pager=cat", "core.hooksPath=/dev/null"),
    *(f"core.bigFileThreshold={MAX_DIFFED}", "diff.orderFile=/dev/null", "diff.renameLimit=1000"),
    *("diff.noprefix=false", "diff.mnemonicPrefix=false"),
    *("diff.interHunkContext=0", "diff.suppressBlankEmpty=false"),
    *("log.showSignature=false", "i18n.logOutputEncoding=UTF-8"),
    *("user.name=triptych", "user.email=triptych@localhost"),
)
SAFE = tuple(part for setting in _SETTINGS for part in ("-c", setting))
DIFF = (
    *("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", "--unified=3"),
    *("--find-renames=50%", "--submodule=short", "--ignore-submodules=none"),
    *("--diff-algorithm=myers", "--indent-heuristic"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--no-relative"),
)
_KEPT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
"""Of the caller's GIT_ variables: where the repository is, and, in a hook, what is being committed."""
_ENVIRONMENT = {
    **{"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1"},
    # A clone without all objects would fetch them, by programs that its configuration names.
    **{"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"},
    **{"LC_ALL": "C"},
}
TIMEOUT = 120.0
PATHS_AT_ONCE = 1000

_STORED = re.compile(rb"(\d{6}) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)", re.DOTALL)


class GitError(HostProblem):
    """git ended with an error; `said` is its own text."""

    def __init__(self, said: str) -> None:
        lines = said.splitlines() or ["nothing"]
        super().__init__(
            f"git fails: {lines[-1]}.", "Look at `git status`, or give a patch with --diff FILE."
        )
        self.said = said


@dataclass(frozen=True, slots=True)
class Stored:
    """What a tree holds: its mode (six octal digits), its object's id, its bytes (of files)."""

    mode: str
    object: str
    size: int

    @property
    def is_regular(self) -> bool:
        """Whether it is a plain file: no link, no folder, no submodule."""
        return self.mode in ("100644", "100755")


class Git:
    """One repository's git, in its top folder."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("git") is None:
            raise UsageProblem("git is not installed.", "Install it, or give a patch with --diff.")
        self._folder = folder
        try:
            top = self.text("rev-parse", "--show-toplevel")
        except GitError as e:
            if "dubious ownership" in e.said:
                raise UsageProblem(
                    f"git does not trust {folder}: it belongs to somebody else.",
                    f"Run `git config --global --add safe.directory {folder}` if you do.",
                ) from None
            if "work tree" in e.said:
                raise UsageProblem(
                    f"{folder} is in a git repository without a working tree.",
                    "Run this in a clone that has one, or give a patch with --diff FILE.",
                ) from None
            raise UsageProblem(
                f"{folder} is not in a git repository.",
                "Run this inside one, or give a patch with --diff FILE.",
            ) from None
        self._folder = Path(top)

    @property
    def folder(self) -> Path:
        """The top folder of the working tree."""
        return self._folder

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        config: Mapping[str, str] | None = None,
        index: Path | None = None,
    ) -> bytes:
        """The output of one git command; GitError with its message when it fails.

        `config` holds settings for this command, whatever characters their names have; `index` is a
        file in place of the repository's own index.
        """
        with self._start(arguments, subprocess.PIPE, config or {}, index) as process:
            try:
                out, err = process.communicate(stdin or b"", timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise GitError(f"no answer within {TIMEOUT:.0f} s") from None
        if process.returncode != 0:
            raise GitError(err.decode("utf-8", "replace").strip())
        return out

    def _start(
        self,
        arguments: Sequence[str],
        stderr: int,
        config: Mapping[str, str],
        index: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        mine = os.environ.items()
        env = {k: v for k, v in mine if not k.startswith("GIT_") or k in _KEPT} | _ENVIRONMENT
        env |= {"GIT_INDEX_FILE": str(index)} if index else {}
        for i, (name, value) in enumerate(config.items()):
            env |= {f"GIT_CONFIG_KEY_{i}": name, f"GIT_CONFIG_VALUE_{i}": value}
        return subprocess.Popen(  # noqa: S603 - a fixed program with checked arguments
            ["git", *SAFE, *arguments],  # noqa: S607 - the user's own git
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**env, "GIT_CONFIG_COUNT": str(len(config))},
        )

    def text(self, *arguments: str, config: Mapping[str, str] | None = None) -> str:
        """The output as text, without the last line end."""
        out = self.run(*arguments, config=config)
        return out.decode("utf-8", "surrogateescape").rstrip("\n")

    def commit(self, revision: str) -> str | None:
        """The id of the commit that a revision names, None where it names none."""
        try:
            return self.text(
                "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"
            )
        except GitError:
            return None

    @property
    def is_shallow(self) -> bool:
        """Whether the clone lacks what came before some of its commits."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    def empty_tree(self) -> str:
        """The id of the tree that holds nothing, in this repository's kind of hash."""
        return self.text("hash-object", "-t", "tree", "--stdin")

    def staged_tree(self) -> str:
        """The tree that the index holds."""
        return self.text("write-tree", config=self._unfiltered())

    def working_tree(self) -> str:
        """The tree of all tracked files as they are now, with those that are only announced (`git add
        -N`); GitError in the middle of a merge.

        Nothing is written but objects: what is added is added to a copy of the index.
        """
        self.staged_tree()
        config = {**self._unfiltered(), "core.safecrlf": "false", "add.ignoreErrors": "false"}
        own = self._folder / self.text("rev-parse", "--git-path", "index")
        with tempfile.TemporaryDirectory(prefix="triptych-") as folder:
            index = Path(folder) / "index"
            if own.exists():
                shutil.copyfile(own, index)
            self.run("add", "--update", config=config, index=index)
            return self.run("write-tree", config=config, index=index).decode().strip()

    def untracked(self) -> int:
        """How many files git does not track and is not told to ignore."""
        return self.run("ls-files", "--others", "--exclude-standard", "-z").count(b"\0")

    def _unfiltered(self) -> dict[str, str]:
        """Settings under which no filter runs. git may start one whenever it looks at a file."""
        return {n: "false" if n.endswith(".required") else "" for n in self.filters()}

    def filters(self) -> list[str]:
        """The settings that name commands through which files would go on their way into git."""
        try:
            rows = self.run("config", "--name-only", "-z", "--get-regexp", r"^filter\.")
        except GitError:
            return []
        return [row.decode("utf-8", "surrogateescape") for row in rows.split(b"\0") if row]

    def filtered(self, paths: Sequence[str]) -> set[str]:
        """Those of the files that go through a filter of git's configuration."""
        drivers = {name.removeprefix("filter.").rpartition(".")[0] for name in self.filters()}
        if not drivers:
            return set()
        asked = b"".join(p.encode("utf-8", "surrogateescape") + b"\0" for p in paths)
        out = self.run("check-attr", "-z", "--stdin", "filter", stdin=asked)
        fields = [field.decode("utf-8", "surrogateescape") for field in out.split(b"\0")]
        return {p for p, d in zip(fields[::3], fields[2::3], strict=False) if d in drivers}

    def diff(self, base: str, head: str) -> bytes:
        """The diff between two trees or commits."""
        return self.run(*DIFF, base, head, "--")

    def diff_as_text(self, base: str, head: str, paths: Sequence[str]) -> bytes:
        """The same for some files, whatever their attributes say they are."""
        return self.run(*DIFF, "--text", base, head, "--", *paths)

    def files(self, tree: str, paths: Sequence[str]) -> dict[str, Stored]:
        """What a tree or commit holds at these paths; what is not there, or not in this clone, is
        left out.
        """
        found: dict[str, Stored] = {}
        for i in range(0, len(paths), PATHS_AT_ONCE):
            asked = paths[i : i + PATHS_AT_ONCE]
            for row in self.run("ls-tree", "-l", "-z", tree, "--", *asked).split(b"\0"):
                if m := _STORED.fullmatch(row):
                    path = m[4].decode("utf-8", "surrogateescape")
                    found[path] = Stored(
                        m[1].decode(), m[2].decode(), int(m[3].replace(b"-", b"0"))
                    )
        return found

    def contents(self, objects: Sequence[str]) -> dict[str, bytes]:
        """The bytes of files by their object ids."""
        wanted = list(dict.fromkeys(objects))
        asked = b"".join(o.encode() + b"\n" for o in wanted)
        return _split_batch(self.run("cat-file", "--batch", stdin=asked), wanted)

    def is_binary(self, name: str) -> bool:
        """Whether an object is binary as git sees it; only its beginning is read."""
        with self._start(("cat-file", "blob", name), subprocess.DEVNULL, {}) as process:
            assert process.stdout is not None
            start = process.stdout.read(BINARY_PROBE)
            process.kill()
        return b"\0" in start


def _split_batch(data: bytes, names: Sequence[str]) -> dict[str, bytes]:
    out: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = data.index(b"\n", at)
        size = int(data[at:end].rsplit(b" ", 1)[1])
        out[name] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return out
