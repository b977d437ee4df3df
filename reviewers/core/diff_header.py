"""What the header of one file in a diff says, row by row, before it is judged as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reviewers.core.change import FileStatus
from reviewers.core.diff_between import BINARY
from reviewers.core.diff_names import read_both_names, read_name, unquote

HALF_HEADER = "the diff ends in the middle of a header"

_MOVE = re.compile(rb"(rename|copy) (from|to) (.+)")
_INDEX = re.compile(r"index ([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?", re.ASCII)
_NOTHING_IN_IT = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
"""git's names for an empty file, by SHA-1 and by SHA-256."""
_HALF = re.compile(
    rb"diff (?:-\S+ )+\S.*(?:\n--- .+(?:\n\+\+\+.*(?:\n@@)?)?)?"
    rb"|--- .+\n\+\+\+.*(?:\n@@)?"
    rb"|--- .+\t.+"
)
"""The row of `diff -r`, then the names of both sides, then a hunk. One `---` alone may be prose, so it
counts with the time, or the revision, that stands behind a name."""
_ROWS = 4


def is_plain_header(rows: Sequence[bytes], at: int) -> bool:
    """Whether a file begins there without a row of git's."""
    return (
        rows[at].startswith(b"--- ")
        and at + 2 < len(rows)
        and rows[at + 1].startswith(b"+++ ")
        and rows[at + 2].startswith(b"@@ ")
    )


def ends_in_header(rows: Sequence[bytes], at: int) -> bool:
    """Whether the diff is cut off in a header, not git's, that begins there.

    None of these programs writes one without a hunk, so it names a file that has changed.
    """
    return len(rows) - at <= _ROWS and bool(_HALF.fullmatch(b"\n".join(rows[at:])))


def has_index(rows: Sequence[bytes]) -> bool:
    """Whether the diff has git's `index` rows, and so one for each file that is made or deleted."""
    return any(
        row.startswith(b"index ") and _INDEX.fullmatch(row.decode("ascii", "replace"))
        for row in rows
    )


def is_no_move(row: bytes) -> bool:
    """Whether a row begins like a rename or a copy and names no file."""
    return row.startswith((b"rename ", b"copy ")) and not _MOVE.fullmatch(row)


@dataclass
class Header:
    """`old` and `new` are names as on disk, modes six octal digits, "" unknown.

    `differs` says that the content is another one, `indexed` that a row names both contents,
    `prefixes` what stands before the names of each side.
    """

    old: str | None = None
    new: str | None = None
    status: FileStatus = FileStatus.MODIFIED
    old_mode: str = ""
    new_mode: str = ""
    binary: bool = False
    renamed: bool = False
    differs: bool = False
    indexed: bool = False
    prefixes: tuple[str, str] = ("a/", "b/")

    def read_first(self, both: bytes) -> None:
        """Take in the two names of git's first row."""
        self.old, self.new, self.prefixes = read_both_names(both)

    def read(self, row: bytes) -> bool:
        """Take in one row; False when it is none of a header."""
        text = row.decode("ascii", "replace")
        if row.startswith((b"--- ", b"+++ ")):
            self._read_name(row)
        elif move := _MOVE.fullmatch(row):
            self._read_move(move)
        elif row.startswith(BINARY):
            self.binary = True
        elif text.startswith(("similarity index ", "dissimilarity index ")):
            self.differs = self.differs or text != "similarity index 100%"
        elif index := _INDEX.fullmatch(text):
            self._read_index(index)
        else:
            return self._read_mode(text)
        return True

    def _read_name(self, row: bytes) -> None:
        side = row.startswith(b"+++ ")
        name = read_name(row[4:], self.prefixes[side])
        if name is None:
            self.status = FileStatus.REMOVED if side else FileStatus.ADDED
        if self.renamed:
            return  # `rename from` and `rename to` have said it without prefixes.
        if side:
            self.new = name
        else:
            self.old = name

    def _read_move(self, move: re.Match[bytes]) -> None:
        self.status = FileStatus.RENAMED if move[1] == b"rename" else FileStatus.COPIED
        self.renamed = True
        if move[2] == b"from":
            self.old = unquote(move[3])
        else:
            self.new = unquote(move[3])

    def _read_index(self, index: re.Match[str]) -> None:
        """Whether the content is another one, and the mode where it stays."""
        self.indexed = True
        self.differs = index[1] != index[2] and not (_is_empty(index[1]) and _is_empty(index[2]))
        if index[3]:
            self.old_mode = self.new_mode = index[3]

    def _read_mode(self, text: str) -> bool:
        what, _, value = text.rpartition(" ")
        match what:
            case "old mode":
                self.old_mode = value
            case "new mode":
                self.new_mode = value
            case "new file mode":
                self.status, self.new_mode = FileStatus.ADDED, value
            case "deleted file mode":
                self.status, self.old_mode = FileStatus.REMOVED, value
            case _:
                return False
        return True


def _is_empty(blob: str) -> bool:
    """Whether git's short name of a content is that of nothing, or of no file."""
    return not blob.strip("0") or any(whole.startswith(blob) for whole in _NOTHING_IN_IT)
