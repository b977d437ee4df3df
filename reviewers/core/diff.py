"""From the text of a diff to files, hunks and numbered lines.

Small and our own because both hosts need it in a form that libraries do not give: GitHub's `patch`
fragments have no file headers, and git's quoted names, odd modes and hunk-less changes must come
out right. Property-tested against unidiff and against `git diff --numstat`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reviewers.core.change import Content, FileDiff, FileStatus, Hunk, Line, Mark
from reviewers.core.diff_between import MERGE, lost, named
from reviewers.core.diff_header import (
    HALF_HEADER,
    Header,
    ends_in_header,
    has_index,
    is_no_move,
    is_plain_header,
)

SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"
BINARY_PROBE = 8000
"""git takes a file for binary when a NUL stands in its first 8000 bytes (xdiff-interface.c)."""

_HUNK = re.compile(
    r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)", re.DOTALL | re.ASCII
)
_BINARY_ROW = re.compile(rb"|(?:literal|delta) \d+|[A-Za-z][!-~]+")
"""Of a `GIT binary patch`: the size, base 85 behind the letter for its length, or nothing."""
NOT_SHOWN = (
    "no line of it is shown though it has changed, as in a diff cut off or made with -w or -D"
)
_LFS_ROWS = re.compile(
    r"version https://git-lfs\.github\.com/spec/v\d+\n"
    r"(?:(?:ext-\d-[\w.-]+ |oid )sha256:[0-9a-f]{64}\n|size \d+\n)+",
    re.ASCII,
)


class DiffError(ValueError):
    """The text is no diff that can be reviewed. Says on which line, and what is wrong with it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line} of the diff: {problem}")
        self.line = line
        self.problem = problem


def parse_hunks(patch: str) -> tuple[Hunk, ...]:
    """The hunks of one file's diff, as in the `patch` field of GitHub's list of files.

    `patch` begins with `@@` (or is empty) and has no file headers. DiffError where a hunk is cut
    off or holds a foreign line.
    """
    lines = patch.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return tuple(_hunks(lines, 1))


def _hunks(lines: list[str], first_line: int) -> Iterator[Hunk]:
    at = 0
    while at < len(lines):
        header = _HUNK.fullmatch(lines[at])
        if header is None:
            raise DiffError(first_line + at, f"expected a hunk header, found {lines[at][:60]!r}")
        counter = _Counter(header)
        at += 1
        while not counter.is_full:
            if at >= len(lines):
                raise DiffError(first_line + at, "the diff ends in the middle of a hunk")
            if not counter.take(lines[at]):
                raise DiffError(first_line + at, f"no diff line: {lines[at][:60]!r}")
            at += 1
        while at < len(lines) and lines[at].startswith("\\"):
            at += 1
        yield Hunk(int(header[1]), int(header[3]), tuple(counter.rows), header[5])


class _Counter:
    """Numbers the lines of one hunk until its header's counts are used up."""

    def __init__(self, header: re.Match[str]) -> None:
        self.rows: list[Line] = []
        self._old, self._new = int(header[1]), int(header[3])
        self._left, self._right = counts(header)

    @property
    def is_full(self) -> bool:
        return self._left <= 0 and self._right <= 0

    def take(self, text: str) -> bool:
        """Add a line; False when it is none of a hunk, or more than the header says."""
        # A context line that is empty may have lost its leading blank on the way (mail).
        mark, body = (text[0], text[1:]) if text else (" ", "")
        if mark == "\\":
            return True
        old = self._old if mark in "- " else None
        new = self._new if mark in "+ " else None
        self._left -= old is not None
        self._right -= new is not None
        if (old is None and new is None) or self._left < 0 or self._right < 0:
            return False
        self.rows.append(Line(Mark(mark), body, old, new))
        self._old += old is not None
        self._new += new is not None
        return True


def counts(header: re.Match[str]) -> tuple[int, int]:
    """The numbers of lines that a hunk's header announces; one where it gives none."""
    left, right = (int(header[i]) if header[i] is not None else 1 for i in (2, 4))
    return left, right


def parse_diff(data: bytes) -> tuple[FileDiff, ...]:
    """The files of a whole diff, as `git diff` or `diff -u` print it.

    Names come out as they are on disk (quoted names unquoted; bytes that are not UTF-8 as
    surrogates); lines that are not UTF-8 have U+FFFD in place of the broken bytes. Text between files,
    as in a mail or `git show`, is passed over; a file that it only names as changed has no hunks.
    DiffError for a merge's combined diff, for a hunk that is cut off or behind no header, for a header
    that names no file or is cut off, and where no file is found at all.
    """
    rows = data.split(b"\n")
    if rows and rows[-1] == b"":
        rows.pop()
    by_git = any(row.startswith(b"diff --git ") for row in rows)
    by_index = by_git and has_index(rows)
    files: list[FileDiff] = []
    only_named: dict[str, FileDiff] = {}
    at = 0
    while at < len(rows):
        if rows[at].startswith((b"diff --cc ", b"diff --combined ")):
            raise DiffError(at + 1, MERGE)
        if rows[at].startswith(b"diff --git ") or is_plain_header(rows, at):
            end, parsed = _file(rows, at, by_index=by_index)
            if not parsed.path:
                raise DiffError(at + 1, "this header names no file")
            _append(files, parsed)
            at = end
            continue
        if problem := lost(rows[at]) or (HALF_HEADER if ends_in_header(rows, at) else ""):
            raise DiffError(at + 1, problem)
        file = named(rows, at, by_git=by_git)
        if file and file.path not in only_named:
            only_named[file.path] = file
            files.append(file)
        at += 1
    shown = {f.path for f in files if only_named.get(f.path) is not f}
    files = [f for f in files if only_named.get(f.path) is not f or f.path not in shown]
    if not files and data.strip():
        raise DiffError(1, "no file header (`diff --git` or `---`/`+++`) was found")
    return tuple(files)


def _append(files: list[FileDiff], parsed: FileDiff) -> None:
    """Add a file; the two halves in which git writes a change of type become one CHANGED file."""
    last = files[-1] if files else None
    halves = (FileStatus.REMOVED, FileStatus.ADDED)
    if last and last.path == parsed.path and (last.status, parsed.status) == halves:
        files[-1] = replace(
            parsed,
            status=FileStatus.CHANGED,
            hunks=last.hunks + parsed.hunks,
            old_mode=last.old_mode,
        )
    else:
        files.append(parsed)


def _file(rows: list[bytes], at: int, *, by_index: bool) -> tuple[int, FileDiff]:
    """The file whose header begins at `at`, and where it ends; `by_index` says that others have an
    `index` row.
    """
    header = Header()
    if rows[at].startswith(b"diff --git "):
        header.read_first(rows[at][len(b"diff --git ") :])
        at += 1
    while at < len(rows) and not rows[at].startswith((b"@@ ", b"diff --git ")):
        if rows[at].startswith(b"GIT binary patch"):
            header.binary = True
            at = _binary_end(rows, at + 1)
        elif is_no_move(rows[at]):
            raise DiffError(at + 1, "this row of a header names no file")
        elif header.read(rows[at]):
            at += 1
        else:
            break
        if header.binary:
            return at, _judge(header, ())
    end = _hunks_end(rows, at)
    if end > at and _goes_on(rows, end):
        raise DiffError(end + 1, "the hunk is longer than its header says")
    body = [row.decode("utf-8", "replace") for row in rows[at:end]]
    if by_index and not header.indexed and header.status in (FileStatus.ADDED, FileStatus.REMOVED):
        header.differs = True  # Also an empty one has that row, so it was cut off before it.
    return end, _judge(header, tuple(_hunks(body, at + 1)))


def _binary_end(rows: list[bytes], at: int) -> int:
    while at < len(rows) and _BINARY_ROW.fullmatch(rows[at]):
        at += 1
    return at


def _hunks_end(rows: list[bytes], at: int) -> int:
    """Where the hunks that begin at `at` end, by the counts in their headers."""
    while at < len(rows) and rows[at].startswith(b"@@ "):
        header = _HUNK.fullmatch(rows[at].decode("utf-8", "replace"))
        if header is None:
            raise DiffError(at + 1, "the hunk header is not readable")
        left, right = counts(header)
        at += 1
        while at < len(rows) and (left > 0 or right > 0):
            first = rows[at][:1]
            if first not in (b"+", b"-", b" ", b"\\", b""):
                raise DiffError(at + 1, "the hunk ends before its header says")
            left -= first in (b"-", b" ", b"")
            right -= first in (b"+", b" ", b"")
            at += 1
        if left > 0 or right > 0:
            raise DiffError(at, "the diff ends in the middle of a hunk")
        while at < len(rows) and rows[at].startswith(b"\\"):
            at += 1
    return at


def _goes_on(rows: list[bytes], at: int) -> bool:
    """Whether a diff line stands where the hunk should have ended (and no mail's `-- ` does)."""
    return (
        at < len(rows)
        and rows[at][:1] in (b"+", b"-", b" ")
        and rows[at].rstrip() != b"--"
        and not is_plain_header(rows, at)
    )


def _judge(header: Header, hunks: tuple[Hunk, ...]) -> FileDiff:
    path = header.new if header.status is not FileStatus.REMOVED else header.old
    path = path or header.old or header.new or ""
    old_path = header.old if header.renamed else None
    status = header.status
    if status is FileStatus.MODIFIED and not hunks and header.old_mode != header.new_mode:
        status = FileStatus.CHANGED
    content = content_of(header.new_mode or header.old_mode, hunks, binary=header.binary)
    missing = "binary" if header.binary else ""
    if content is Content.TEXT and not hunks and (header.differs or status is FileStatus.MODIFIED):
        missing = NOT_SHOWN
    file = FileDiff(
        path=path,
        status=status,
        hunks=hunks if content is Content.TEXT else (),
        old_path=old_path,
        content=content,
        old_mode=header.old_mode,
        new_mode=header.new_mode,
        missing=missing,
    )
    return file.turned() if content is Content.LFS and was_text(hunks) else file


def was_text(hunks: tuple[Hunk, ...]) -> bool:
    """Whether a file whose hunks make it a Git LFS pointer held something else before."""
    before = "\n".join(x.text for hunk in hunks for x in hunk.lines if x.old is not None)
    return bool(before) and "\0" not in before[:BINARY_PROBE] and not is_lfs_pointer(before)


def content_of(mode: str, hunks: tuple[Hunk, ...], *, binary: bool = False) -> Content:
    """What a file of that git mode (six octal digits, "" unknown) with those hunks holds."""
    if mode == SYMLINK_MODE:
        return Content.SYMLINK
    if mode == SUBMODULE_MODE:
        return Content.SUBMODULE
    if binary:
        return Content.BINARY
    if _is_lfs(hunks):
        return Content.LFS
    if len(hunks) == 1 and _is_submodule(hunks[0]):
        return Content.SUBMODULE
    return Content.TEXT


def is_lfs_pointer(text: str) -> bool:
    """Whether a whole file is a Git LFS pointer and nothing else.

    All of it has to fit: its first line alone would let a change hide its own code.
    """
    return _LFS_ROWS.fullmatch(text if text.endswith("\n") else text + "\n") is not None


def _is_lfs(hunks: tuple[Hunk, ...]) -> bool:
    """Whether what the hunks leave of the file (or, of a removed one, what was there) is one."""
    rows = [x for hunk in hunks for x in hunk.lines]
    left = [x for x in rows if x.new is not None] or rows
    return bool(left) and left[0].number == 1 and is_lfs_pointer("\n".join(x.text for x in left))


def _is_submodule(hunk: Hunk) -> bool:
    rows = (re.fullmatch(r"Subproject commit [0-9a-f]{40,64}(-dirty)?", x.text) for x in hunk.lines)
    return bool(hunk.lines) and all(rows)
