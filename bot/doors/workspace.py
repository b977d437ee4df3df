"""The folder of a job: whether a stranger's commit lies in it, and files that we write into it.

With `pull_request_target` a job holds secrets. Triptych itself never reads the workspace, but a
workflow that checks the change out runs the stranger's code one step later; so it refuses to be part
of that (case S87).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.errors import UsageProblem
from bot.hosts.git import SAFE

DEPTH = 3
"""So deep repositories are looked for; `actions/checkout` takes a `path`."""
MOST_FOLDERS = 20_000


def checked_out(workspace: Path, commits: Iterable[str], number: int) -> Path | None:
    """The repository below `workspace` that holds one of the commits, or a merge of one; else None.

    A ref under `pull/NUMBER/` counts as well: it is how the change is usually fetched.
    """
    wanted = {c for c in commits if c}
    for folder in _repositories(workspace):
        at = _git(folder, "rev-list", "--parents", "--max-count=1", "HEAD").split()
        refs = _git(folder, "for-each-ref", "--format=%(objectname) %(refname)")
        if wanted & set(at) or any(_is_of(row, wanted, number) for row in refs.splitlines()):
            return folder
    return None


def _is_of(row: str, wanted: set[str], number: int) -> bool:
    commit, _, name = row.partition(" ")
    return commit in wanted or f"pull/{number}/" in name


def _repositories(top: Path) -> Iterator[Path]:
    for seen, (folder, names, files) in enumerate(os.walk(top, followlinks=False)):
        here = Path(folder)
        if ".git" in names or ".git" in files:
            yield here
        deep = len(here.relative_to(top).parts) >= DEPTH or seen > MOST_FOLDERS
        names[:] = [] if deep else [n for n in names if n != ".git"]


def _git(folder: Path, *arguments: str) -> str:
    """What git says; "" where it fails, as in a repository without a commit."""
    env = {"PATH": os.environ.get("PATH", ""), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    program = shutil.which("git")
    if program is None:
        raise UsageProblem(
            "There is no git, so it is not known what is checked out.", "Install git on the runner."
        )
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        [program, *SAFE, "-c", "safe.directory=*", *arguments],
        cwd=folder,
        env={**env, "HOME": os.devnull, "GIT_NO_LAZY_FETCH": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def inside(name: str, workspace: Path, *others: Path) -> Path:
    """The file that a workflow names, relative ones in the workspace.

    The workspace may hold a stranger's links: UsageProblem for what leads through one, or outside of
    the given folders.
    """
    path = workspace / name
    roots = [root.resolve() for root in (workspace, *others)]
    folder = path.parent.resolve()
    if not any(folder.is_relative_to(root) for root in roots):
        raise UsageProblem(
            f"{name} lies outside of the job's folders.", "Name a file in the workspace."
        )
    if not folder.is_dir() or (folder / path.name).is_symlink() or (folder / path.name).is_dir():
        raise UsageProblem(
            f"{name} cannot be written: it is a link or a folder, or its folder is not there.",
            "Name another file.",
        )
    return folder / path.name


def write_through_no_link(path: Path, text: str) -> None:
    """Write a file that is no link; UsageProblem where it has become one, or the disk is full."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as e:
        raise UsageProblem(
            f"{path.name} cannot be written: {e.strerror}.", "Name another file."
        ) from None
