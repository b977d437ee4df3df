"""Which two trees of a repository are compared: the ends of a range, or what is meant without one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.errors import UsageProblem
from bot.hosts.git import Git, GitError

NO_DEFAULT = (
    "No default branch is known here (no `origin`, no `main`, `master` or `trunk`), so only the last "
    "commit was reviewed. Name a range for more."
)
NO_BASE = (
    "HEAD and {} share no commit, so only the last commit was reviewed. Name a range for more."
)
APART = "Both ends have no commit in common, so everything in which they differ was reviewed."

_STEPS = re.compile(r"(?:\^\d*|~\d*)+\Z", re.ASCII)
"""What leads from a revision to one before it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two trees to compare; `base_commit` is where the configuration is read."""

    base: str
    head: str
    base_commit: str
    label: str
    base_ref: str = ""
    committed: bool = True
    note: str = ""


def ends(spec: str) -> tuple[str, str]:
    """What stands before and behind the dots of a range; UsageProblem where there are none."""
    left, dots, right = spec.partition("...") if "..." in spec else spec.partition("..")
    if not dots:
        raise UsageProblem(
            f"{spec!r} is neither a range nor a pull request.",
            "Give A..B (a commit C alone: C^..C), OWNER/REPO#NUMBER, or a pull request's address.",
        )
    return left, right


def named_range(git: Git, spec: str, left: str, right: str) -> Pair:
    """From where both ends part to the right one. UsageProblem for an end that is not known, and where
    a shallow clone lacks the commit at which they part: without it another change would be read.
    """
    base, head = (_known(git, side or "HEAD") for side in (left, right))
    start = _merge_base(git, base, head)
    if not start:
        _check_whole(git, left or "HEAD", right or "HEAD")
        return Pair(base, head, base, spec, left or "HEAD", note=APART)
    return Pair(start, head, start, spec, left or "HEAD")


def _check_whole(git: Git, left: str, right: str) -> None:
    if git.is_shallow:
        raise UsageProblem(
            f"This clone is shallow and lacks the commit at which {left} and {right} part.",
            "Run `git fetch --unshallow`, or name a range of commits that are here.",
        )


def _known(git: Git, revision: str) -> str:
    commit = git.commit(revision)
    if commit is None:
        _check_ancestor(git, revision)
        raise UsageProblem(
            f"The revision {revision!r} is not known in {git.folder}.",
            "Fetch it first, or name another one.",
        )
    return commit


def _check_ancestor(git: Git, revision: str) -> None:
    """UsageProblem where a revision is an ancestor that a commit does not have: nobody can fetch it."""
    start = _STEPS.sub("", revision)
    if start == revision or git.commit(start) is None:
        return
    if git.is_shallow:
        raise UsageProblem(
            f"This clone is shallow and lacks {revision!r}.",
            "Run `git fetch --unshallow`, or name a range of commits that are here.",
        )
    if revision.removeprefix(start) in ("^", "~", "^1", "~1"):
        what = f"{start} has no parent, so there is no {revision!r}."
    else:
        what = f"There is no {revision!r} in the history of {start}."
    raise UsageProblem(what, "Name another range.")


def _merge_base(git: Git, base: str, head: str) -> str:
    try:
        return git.text("merge-base", base, head)
    except GitError:
        return ""


def default_range(git: Git) -> Pair:
    """What this branch has beyond the default one; there, or where none is known, the last commit.

    UsageProblem as of `named_range`, and where there is no commit at all.
    """
    head = git.commit("HEAD")
    if head is None:
        raise UsageProblem("This repository has no commit yet.", "Commit, or use --staged.")
    default = _default_branch(git)
    start = _merge_base(git, default[1], head) if default else ""
    if default and start and start != head:
        return Pair(start, head, start, f"{default[0]}..HEAD", default[0])
    if default and not start:
        _check_whole(git, default[0], "HEAD")
    parent = git.commit("HEAD^")
    short = head[:7]
    if parent is None:
        # Nothing stands before it, so nothing steers the review either (case S31).
        nothing = git.empty_tree()
        if git.is_shallow:
            note = f"This clone is shallow and lacks what came before {short}: every file is new."
            return Pair(nothing, head, nothing, f"{short} (all files)", note=note)
        return Pair(nothing, head, nothing, f"{short} (first commit)")
    note = NO_DEFAULT if default is None else "" if start else NO_BASE.format(default[0])
    return Pair(parent, head, parent, f"{parent[:7]}..{short} (the last commit)", note=note)


def _default_branch(git: Git) -> tuple[str, str] | None:
    """Name and commit of the branch that pull requests go to, as far as it can be known here."""
    try:
        remote = git.text("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    except GitError:
        remote = ""
    for name in (remote, "origin/main", "origin/master", "main", "master", "trunk"):
        commit = git.commit(f"refs/remotes/{name}") or git.commit(f"refs/heads/{name}")
        if name and commit:
            return name, commit
    return None
