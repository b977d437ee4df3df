"""A change on this machine: a range of commits, what is staged or uncommitted, or a patch."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.config import PATH as CONFIG_PATH
from bot.config import Unusable
from bot.errors import UsageProblem
from bot.hosts.git import MAX_DIFFED, Git, GitError, Stored
from bot.hosts.guidelines import candidates, nearest, shortened
from bot.hosts.patch import files_of
from bot.hosts.ranges import Pair, default_range, ends, named_range
from bot.outputs.words import plural
from bot.subject import Subject, only_hunks
from reviewers.core.change import Change, Content, FileDiff, FileStatus, Guideline
from reviewers.core.diff import BINARY_PROBE, DiffError, is_lfs_pointer, parse_diff

UNTRACKED = "Not reviewed: {}, which git does not track. `git add -N` counts a file in."
PATHS_AT_ONCE = 500
MAX_POINTER = 1024
"""Bytes that a Git LFS pointer has at most (git-lfs, docs/spec.md)."""
MAX_TEXT = 2**20
"""Bytes of a file that are read as its whole text; of a larger one only the hunks are known."""


class Uncommitted(enum.Enum):
    """What of the work that is not committed is meant."""

    STAGED = "staged changes"
    TREE = "uncommitted changes"


def from_range(folder: Path, spec: str | None) -> Subject:
    """`A..B` (or `A...B`): what B has that A has not, from their merge base on.

    Without a spec: this branch against the default branch, or there the last commit. UsageProblem
    for a folder without git, an unknown revision, or when nothing differs.
    """
    if spec is None:
        git = Git(folder)
        return _subject(git, default_range(git))
    left, right = ends(spec)
    git = Git(folder)
    return _subject(git, named_range(git, spec, left, right))


def from_uncommitted(folder: Path, what: Uncommitted) -> Subject:
    """What is staged, or all changes of tracked files, against the last commit.

    Files that are not tracked are counted in a note: they may hold anything, secrets too.
    """
    git = Git(folder)
    head = git.commit("HEAD")
    base = head or git.empty_tree()
    if what is Uncommitted.STAGED:
        tree, untracked = git.staged_tree(), 0
    else:
        tree, untracked = git.working_tree(), git.untracked()
    note = UNTRACKED.format(plural(untracked, "file")) if untracked else ""
    return _subject(git, Pair(base, tree, base, what.value, committed=False, note=note))


def from_patch(data: bytes, name: str, folder: Path | None = None) -> Subject:
    """A diff in a file or from standard input.

    Whole texts are known of new files, and of those that stand so in the repository round `folder`.
    """
    files = files_of(data, name)
    if not files:
        raise _nothing(name)
    git = _git_near(folder)
    whole = tuple(_whole_if_new(f) for f in files)
    change = Change(_with_texts_near(git, whole) if git else whole, title=name)
    lacking = ", ".join(change.without_text[:5])
    rest = len(change.without_text) - 5
    more = f" and {rest} more" if rest > 0 else ""
    notes = (only_hunks(f"{lacking}{more}"),) if lacking else ()
    steering = _steering_near(git)
    return Subject(name, change, config=steering.config, notes=notes)


def _whole_if_new(file: FileDiff) -> FileDiff:
    """The one hunk of a new file is the whole file."""
    if file.status is not FileStatus.ADDED or [h.new_start for h in file.hunks] != [1]:
        return file
    return replace(file, text="".join(f"{line.text}\n" for line in file.hunks[0].lines))


def _git_near(folder: Path | None) -> Git | None:
    """The repository in which a patch is read, None where there is none."""
    try:
        return Git(folder) if folder else None
    except UsageProblem:
        return None


def _with_texts_near(git: Git, files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """Whole texts from the files on the disk, the index or the last commit, where the hunks fit."""
    trees: tuple[Callable[[], str | None], ...] = (
        *(git.working_tree, git.staged_tree),
        lambda: git.commit("HEAD"),
    )
    for tree in trees:
        lacking = {f.path: f for f in files if _lacks_text(f)}
        try:
            texts = _texts_near(git, tree() if lacking else None, list(lacking))
        except GitError:
            # No commit yet, a merge in the middle, a path that points out of the repository.
            continue
        fitting = {path: text for path, text in texts.items() if _fits(lacking[path], text)}
        files = tuple(replace(f, text=fitting.get(f.path, f.text)) for f in files)
    return files


def _texts_near(git: Git, tree: str | None, paths: Sequence[str]) -> dict[str, str]:
    """What a tree holds at these paths as plain files that go through no filter."""
    if not tree:
        return {}
    hidden = git.filtered(paths)
    stored = git.files(tree, paths)
    return _texts(git, {p: s for p, s in stored.items() if s.is_regular and p not in hidden})


def _lacks_text(file: FileDiff) -> bool:
    return file.text is None and bool(file.hunks) and file.status is not FileStatus.REMOVED


def _fits(file: FileDiff, text: str) -> bool:
    """Whether the hunks stand in the text as they are, so that it is the file behind the patch."""
    rows = text.split("\n")
    return all(
        line.new <= len(rows) and rows[line.new - 1] == line.text
        for hunk in file.hunks
        for line in hunk.lines
        if line.new is not None
    )


def _texts(git: Git, stored: Mapping[str, Stored]) -> dict[str, str]:
    """The texts of stored files; large and binary ones are left out."""
    wanted = {path: s.object for path, s in stored.items() if s.size <= MAX_TEXT}
    data = git.contents(list(wanted.values()))
    return {
        path: data[name].decode("utf-8", "replace")
        for path, name in wanted.items()
        if b"\0" not in data[name][:BINARY_PROBE]
    }


def _steering_near(git: Git | None) -> _Steering:
    """A patch has no base; the last commit of the repository it is read in stands in for it."""
    head = git.commit("HEAD") if git else None
    return _steering(git, head, []) if git and head else _Steering()


def _subject(git: Git, pair: Pair) -> Subject:
    try:
        files = parse_diff(git.diff(pair.base, pair.head))
    except DiffError as e:
        raise UsageProblem(f"git's diff cannot be read: {e}.", "Report this as a bug.") from None
    if not files:
        raise _nothing(pair.label, "" if pair.committed else pair.note)
    files = _with_texts(git, pair, files)
    title, description = _message(git, pair)
    steering = _steering(git, pair.base_commit, [f.path for f in files])
    commit = pair.head if pair.committed else ""  # Git's object for it is nothing a person knows.
    change = Change(
        files, title, description, commit, pair.base_commit, guidelines=steering.guidelines
    )
    return Subject(
        pair.label,
        change,
        base_ref=pair.base_ref,
        config=steering.config,
        notes=(pair.note,) if pair.note else (),
    )


def _nothing(label: str, hint: str = "") -> UsageProblem:
    return UsageProblem(
        f"There is nothing to review in {label}: no file differs.",
        hint or "Name another range or patch.",
    )


def _with_texts(git: Git, pair: Pair, files: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
    """The files with their whole texts at the head, whatever the change's own attributes say."""
    gone = {f.path for f in files if f.status is FileStatus.REMOVED}
    stored = git.files(pair.head, [f.path for f in files if f.path not in gone])
    stored |= git.files(pair.base, sorted(gone))
    shown = _turned(git, pair, _unhidden(git, pair, files, stored))
    here = (f for f in shown if f.content is Content.TEXT and f.status is not FileStatus.REMOVED)
    texts = _texts(git, {f.path: stored[f.path] for f in here if f.path in stored})
    large = {path for path, s in stored.items() if s.size > MAX_TEXT}
    whole = tuple(_with_text(f, texts.get(f.path), is_large=f.path in large) for f in shown)
    return whole if pair.committed else _unfiltered(git, whole)


def _with_text(file: FileDiff, text: str | None, *, is_large: bool) -> FileDiff:
    if text is None and _lacks_text(file):
        why = f"it is larger than {MAX_TEXT // 2**20} MB" if is_large else "it is no text"
        return replace(file, lacks=why, is_large=is_large)
    return file if text is None else replace(file, text=text)


def _unhidden(
    git: Git, pair: Pair, files: Sequence[FileDiff], stored: Mapping[str, Stored]
) -> tuple[FileDiff, ...]:
    """Text that the change's own .gitattributes calls binary is text all the same."""
    binary = [f for f in files if f.content is Content.BINARY and f.path in stored]
    texts = [f for f in binary if not git.is_binary(stored[f.path].object)]
    large = {f.path for f in texts if stored[f.path].size > MAX_DIFFED}
    small = [f for f in texts if f.path not in large]
    found: dict[str, FileDiff] = {}
    for i in range(0, len(small), PATHS_AT_ONCE):
        part = small[i : i + PATHS_AT_ONCE]
        names = [name for f in part for name in dict.fromkeys((f.old_path or f.path, f.path))]
        diff = git.diff_as_text(pair.base, pair.head, names)
        found |= {f.path: f for f in parse_diff(diff)}
    limit = f"larger than {MAX_DIFFED // 2**20} MB"
    return tuple(
        replace(f, content=Content.TEXT, missing=limit, is_large=True)
        if f.path in large
        else found.get(f.path, f)
        for f in files
    )


def _turned(git: Git, pair: Pair, files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """What is binary and was text before is a gap; an empty file was none."""
    now = [f for f in files if f.content is Content.BINARY and f.status is not FileStatus.REMOVED]
    stored = git.files(pair.base, [f.old_path or f.path for f in now])
    before = {f.path: s for f in now if (s := stored.get(f.old_path or f.path)) and s.is_regular}
    empty = {path for path, s in before.items() if not s.size}
    turned = {path for path, s in before.items() if path not in empty and _is_text(git, s)}
    return tuple(
        f.turned() if f.path in turned else replace(f, was_empty=f.path in empty) for f in files
    )


def _is_text(git: Git, stored: Stored) -> bool:
    """Whether an object is text; a Git LFS pointer stands for something else."""
    if git.is_binary(stored.object):
        return False
    small = stored.size <= MAX_POINTER and git.contents([stored.object])[stored.object]
    return not small or not is_lfs_pointer(small.decode("utf-8", "replace"))


def _unfiltered(git: Git, files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """What goes through a filter (an encryption, Git LFS) is not shown as it lies on the disk."""
    hidden = git.filtered([f.path for f in files])
    why = "it goes through a filter of git's configuration"
    return tuple(
        replace(f, hunks=(), text=None, missing=why)
        if f.path in hidden and f.content is Content.TEXT
        else f
        for f in files
    )


def _message(git: Git, pair: Pair) -> tuple[str, str]:
    """What the author says the change is: one commit's message, or the subjects of several."""
    if not pair.committed:
        return pair.label, ""
    subjects = _log(git, pair, "%s")
    if len(subjects) > 1:
        return pair.label, "\n".join(f"- {s}" for s in subjects)
    body = "\n".join(_log(git, pair, "%B"))
    title, _, rest = body.partition("\n")
    return title or pair.label, rest.strip()


def _log(git: Git, pair: Pair, form: str) -> list[str]:
    ends = [pair.head] if git.commit(pair.base) is None else [f"{pair.base}..{pair.head}"]
    limit = "--max-count=50"
    try:
        return git.text("log", limit, "--reverse", f"--format={form}", *ends, "--").split("\n")
    except GitError:
        return []


@dataclass(frozen=True, slots=True)
class _Steering:
    """What the base says about how to review."""

    config: bytes | Unusable | None = None
    guidelines: tuple[Guideline, ...] = ()


def _steering(git: Git, base: str, paths: Sequence[str]) -> _Steering:
    """Regular files of the base only: a link is not followed, a folder or submodule not read."""
    stored = git.files(base, [CONFIG_PATH, *candidates(paths)])
    good = {p: s.object for p, s in stored.items() if s.is_regular and s.size <= MAX_TEXT}
    data = git.contents(list(good.values()))
    present = {path: data[name] for path, name in good.items()}
    guidelines = tuple(
        Guideline(path, shortened(present[path].decode("utf-8", "replace")))
        for path in nearest(paths, present)
    )
    nothing = Unusable.FILE if CONFIG_PATH in stored else None
    return _Steering(present.get(CONFIG_PATH, nothing), guidelines)
