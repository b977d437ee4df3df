"""A change on this machine: a range of commits, what is staged or uncommitted, or a patch."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.config import PATH as CONFIG_PATH
from bot.errors import UsageProblem
from bot.hosts.git import Git, GitError
from bot.hosts.guidelines import candidates, nearest, shortened
from bot.subject import Subject
from reviewers.core.change import Change, Content, FileDiff, FileStatus, Guideline
from reviewers.core.diff import DiffError, parse_diff

MAX_TEXT = 2**20
"""Bytes of a file that are read as its whole text; of a larger one only the hunks are known."""

BINARY_PROBE = 8000
"""git itself takes a file for binary when a NUL stands in its first 8000 bytes (xdiff-interface.c)."""


class Uncommitted(enum.Enum):
    """What of the work that is not committed is meant."""

    STAGED = "staged changes"
    TREE = "uncommitted changes"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two trees to compare; `base_commit` is where the configuration is read."""

    base: str
    head: str
    base_commit: str
    label: str
    base_ref: str = ""
    committed: bool = True


def from_range(folder: Path, spec: str | None) -> Subject:
    """`A..B` (or `A...B`): what B has that A has not, from their merge base on.

    Without a spec: this branch against the default branch, or there the last commit. UsageProblem
    for a folder without git, an unknown revision, or when nothing differs.
    """
    git = Git(folder)
    return _subject(git, _range(git, spec) if spec else _default_range(git))


def from_uncommitted(folder: Path, what: Uncommitted) -> Subject:
    """What is staged, or all changes of tracked files, against the last commit."""
    git = Git(folder)
    head = git.commit("HEAD")
    base = head or git.empty_tree()
    if what is Uncommitted.STAGED:
        tree = git.text("write-tree")
    else:
        # `stash create` writes the working tree as a commit and touches nothing else.
        tree = git.text("stash", "create") or base
    return _subject(git, _Pair(base, tree, base, what.value, committed=False))


def from_patch(data: bytes, name: str, folder: Path | None = None) -> Subject:
    """A diff in a file or from standard input. Only hunks are known; the texts are missing."""
    try:
        files = parse_diff(data)
    except DiffError as e:
        raise UsageProblem(
            f"{name} is no diff that can be read: {e}.", "Make it with `git diff` or `diff -u`."
        ) from None
    if not files:
        raise _nothing(name)
    change = Change(tuple(_whole_if_new(f) for f in files), title=name)
    lacking = ", ".join(change.without_text[:5])
    rest = len(change.without_text) - 5
    more = f" and {rest} more" if rest > 0 else ""
    notes = (f"Only the hunks are known, not the whole files: {lacking}{more}.",) if lacking else ()
    config = _config_near(folder)
    return Subject(name, change, config=config, notes=notes)


def _whole_if_new(file: FileDiff) -> FileDiff:
    """The one hunk of a new file is the whole file."""
    if file.status is not FileStatus.ADDED or len(file.hunks) != 1:
        return file
    return replace(file, text="".join(f"{line.text}\n" for line in file.hunks[0].lines))


def _config_near(folder: Path | None) -> bytes | None:
    """A patch has no base; the last commit of the repository it is read in stands in for it."""
    try:
        git = Git(folder) if folder else None
    except UsageProblem:
        return None
    return _read(git, "HEAD", [CONFIG_PATH]).get(CONFIG_PATH) if git else None


def _range(git: Git, spec: str) -> _Pair:
    left, dots, right = spec.partition("...") if "..." in spec else spec.partition("..")
    if not dots:
        raise UsageProblem(
            f"{spec!r} is neither a range nor a pull request.",
            "Give A..B, OWNER/REPO#NUMBER, or the address of a pull request.",
        )
    base, head = (_known(git, side or "HEAD") for side in (left, right))
    start = _merge_base(git, base, head) or base
    return _Pair(start, head, start, spec, left or "HEAD")


def _known(git: Git, revision: str) -> str:
    commit = git.commit(revision)
    if commit is None:
        raise UsageProblem(
            f"The revision {revision!r} is not known in {git.folder}.",
            "Fetch it first, or name another one.",
        )
    return commit


def _merge_base(git: Git, base: str, head: str) -> str:
    try:
        return git.text("merge-base", base, head)
    except GitError:
        return ""


def _default_range(git: Git) -> _Pair:
    head = git.commit("HEAD")
    if head is None:
        raise UsageProblem("This repository has no commit yet.", "Commit, or use --staged.")
    default = _default_branch(git)
    start = _merge_base(git, default[1], head) if default else ""
    if default and start and start != head:
        return _Pair(start, head, start, f"{default[0]}..HEAD", default[0])
    parent = git.commit("HEAD^")
    short = head[:7]
    if parent is None:
        return _Pair(git.empty_tree(), head, head, f"{short} (first commit)")
    return _Pair(parent, head, parent, f"{parent[:7]}..{short} (the last commit)")


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


def _subject(git: Git, pair: _Pair) -> Subject:
    try:
        files = parse_diff(git.diff(pair.base, pair.head))
    except DiffError as e:
        raise UsageProblem(f"git's diff cannot be read: {e}.", "Report this as a bug.") from None
    if not files:
        raise _nothing(pair.label)
    files = _with_texts(git, pair, _unhidden(git, pair, files))
    title, description = _message(git, pair)
    base = pair.base_commit
    paths = [f.path for f in files]
    present = _read(git, base, [CONFIG_PATH, *candidates(paths)])
    guidelines = tuple(
        Guideline(path, shortened(present[path].decode("utf-8", "replace")))
        for path in nearest(paths, present)
    )
    change = Change(files, title, description, pair.head, base, guidelines)
    return Subject(pair.label, change, base_ref=pair.base_ref, config=present.get(CONFIG_PATH))


def _nothing(label: str) -> UsageProblem:
    return UsageProblem(
        f"There is nothing to review: {label} changes no file.", "Name another range."
    )


def _unhidden(git: Git, pair: _Pair, files: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    """Text that the change's own .gitattributes calls binary is text all the same."""
    names = {f.path: f"{_tree(pair, f)}:{f.path}" for f in files if f.content is Content.BINARY}
    blobs = git.blobs(list(names.values()), MAX_TEXT)
    texts = [p for p, n in names.items() if n in blobs and b"\0" not in blobs[n][:BINARY_PROBE]]
    if not texts:
        return tuple(files)
    shown = {f.path: f for f in parse_diff(git.diff_as_text(pair.base, pair.head, texts))}
    return tuple(shown.get(f.path, f) if f.path in texts else f for f in files)


def _tree(pair: _Pair, file: FileDiff) -> str:
    return pair.base if file.status is FileStatus.REMOVED else pair.head


def _with_texts(git: Git, pair: _Pair, files: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    wanted = {
        f.path: f"{pair.head}:{f.path}"
        for f in files
        if f.content is Content.TEXT and f.status is not FileStatus.REMOVED
    }
    blobs = git.blobs(list(wanted.values()), MAX_TEXT)
    return tuple(
        replace(f, text=blobs[wanted[f.path]].decode("utf-8", "replace"))
        if wanted.get(f.path) in blobs
        else f
        for f in files
    )


def _message(git: Git, pair: _Pair) -> tuple[str, str]:
    """What the author says the change is: one commit's message, or the subjects of several."""
    if not pair.committed:
        return pair.label, ""
    subjects = _log(git, pair, "%s")
    if len(subjects) > 1:
        return pair.label, "\n".join(f"- {s}" for s in subjects)
    body = "\n".join(_log(git, pair, "%B"))
    title, _, rest = body.partition("\n")
    return title or pair.label, rest.strip()


def _log(git: Git, pair: _Pair, form: str) -> list[str]:
    ends = [pair.head] if git.commit(pair.base) is None else [f"{pair.base}..{pair.head}"]
    limit = "--max-count=50"
    try:
        return git.text("log", limit, "--reverse", f"--format={form}", *ends, "--").split("\n")
    except GitError:
        return []


def _read(git: Git | None, base: str, paths: Sequence[str]) -> dict[str, bytes]:
    """Files of the base that are regular files: a link, a folder or a submodule is not read."""
    if git is None:
        return {}
    try:
        rows = git.run("ls-tree", "-z", base, "--", *paths).split(b"\0")
    except GitError:
        return {}
    regular = [
        row.split(b"\t", 1)[1].decode("utf-8", "surrogateescape")
        for row in rows
        if row.startswith((b"100644 ", b"100755 "))
    ]
    blobs = git.blobs([f"{base}:{path}" for path in regular], MAX_TEXT)
    return {p: blobs[f"{base}:{p}"] for p in regular if f"{base}:{p}" in blobs}
