"""What stands between the files of a diff: prose, and rows that tell of a change and show none of it.

Prose is passed over, as in a mail. No row may be that shows code, or names a file that has changed, as
git, GNU diff, Mercurial and Subversion write it in English: else a review would say that it has read all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reviewers.core.change import Content, FileDiff, FileStatus
from reviewers.core.diff_names import read_name, split_alike, unquote

MERGE = "this is a merge's combined diff; give the diff of two commits"

HUNK_OF_NONE = "a hunk of no file: above it stands no header, or that of a file without lines"
BINARY = (b"Binary files ", b"Binary file ", b"Cannot display: file marked as a binary type.")
"""So begins what git, Mercurial and Subversion say below the header of a file that is no text."""

_LOST = (
    (re.compile(rb"@@@+ +-\d"), MERGE),
    (re.compile(rb"@@ +-\d"), HUNK_OF_NONE),
    (re.compile(rb"\*{3} \d+(,\d+)? \*{4}"), "this is a context diff; give a unified one"),
)
_ONLY_IN = re.compile(rb"Only in ([^:]+): (.+)")
_BINARY = re.compile(rb"Binary files (.{1,4096} and .{1,4096}) differ")  # A path has so many bytes.
_BINARY_OF_HG = re.compile(rb"Binary file (.+) has changed")
_OF_SVN = re.compile(rb"Index: (.+)")
_UNMERGED = re.compile(rb"\* Unmerged path (.+)")
_SUBMODULE = re.compile(
    rb"Submodule (.+) (?:([0-9a-f]{7,64})\.{2,3}([0-9a-f]{7,64})(?::| \(.+)"
    rb"|contains (?:untracked|modified) content)"
)


def lost(row: bytes) -> str:
    """What is wrong with a row that may not stand between files; "" where nothing is."""
    return next((problem for look, problem in _LOST if look.match(row)), "")


def named(rows: Sequence[bytes], at: int, *, by_git: bool) -> FileDiff | None:
    """The file that a row names as changed without showing it; None where it names none.

    `by_git` says that the diff is git's, whose messages may say `Only in` of anything.
    """
    row = rows[at]
    if found := _SUBMODULE.fullmatch(row):
        return FileDiff(unquote(found[1]), _status(found[2], found[3]), content=Content.SUBMODULE)
    if found := _UNMERGED.fullmatch(row):
        said = "it is in the middle of a merge, so no line of it is shown"
        return FileDiff(unquote(found[1]), FileStatus.MODIFIED, missing=said)
    if found := _BINARY.fullmatch(row):
        return _binary(*split_alike(found[1]))
    if by_git:
        return None
    found = _BINARY_OF_HG.fullmatch(row)
    if row.startswith(BINARY) and at > 1:
        found = found or _OF_SVN.fullmatch(rows[at - 2])
    if found:
        path, binary = unquote(found[1]), Content.BINARY
        return FileDiff(path, FileStatus.MODIFIED, content=binary, missing="binary")
    if found := _ONLY_IN.fullmatch(row):
        path = unquote(found[1] + b"/" + found[2]).removeprefix("a/").removeprefix("b/")
        said = "it is on one side only, and no line of it is shown without `diff -N`"
        return FileDiff(path, FileStatus.CHANGED, missing=said)
    return None


def _binary(before: bytes, after: bytes) -> FileDiff | None:
    """A file that is no text, by its names on both sides; None for none on either."""
    old, new = read_name(before, "a/"), read_name(after, "b/")
    status = FileStatus.MODIFIED if old and new else FileStatus.REMOVED if old else FileStatus.ADDED
    path = new or old
    return FileDiff(path, status, content=Content.BINARY, missing="binary") if path else None


def _status(old: bytes | None, new: bytes | None) -> FileStatus:
    """Of a submodule between two commits; one that is not there is all zeros."""
    if old and not old.strip(b"0"):
        return FileStatus.ADDED
    return FileStatus.REMOVED if new and not new.strip(b"0") else FileStatus.MODIFIED
