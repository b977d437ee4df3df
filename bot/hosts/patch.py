"""A patch as it comes from a file or a pipe, and the files that it holds."""

from __future__ import annotations

import codecs
from collections import Counter

from bot.errors import UsageProblem
from reviewers.core.change import FileDiff
from reviewers.core.diff import DiffError, parse_diff


def files_of(data: bytes, name: str) -> tuple[FileDiff, ...]:
    """The files of the patch called `name`, each once; none of an empty one.

    What a pipe of Windows does to it is undone. UsageProblem for what is no diff, and for a series of
    patches: each of them counts its lines at another commit, so that what it says of one file twice
    is no change of that file.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageProblem(
            f"{name} is text in UTF-16, as `>` writes it in PowerShell.",
            "Make it with `git diff --output=FILE`.",
        )
    try:
        files = parse_diff(_with_line_feeds(data.removeprefix(codecs.BOM_UTF8)))
    except DiffError as e:
        raise UsageProblem(
            f"{name} is no diff that can be read: {e}.", "Make it with `git diff` or `diff -ruN`."
        ) from None
    path, times = next(iter(Counter(f.path for f in files).most_common(1)), ("", 0))
    if times > 1:
        raise UsageProblem(
            f"{name} tells of {path} {times} times, as a series of patches does.",
            "Give the diff of its two ends: `git diff main...HEAD | triptych review --diff -`.",
        )
    return files


def _with_line_feeds(data: bytes) -> bytes:
    """Without the carriage return that a pipe has put behind every line.

    The first header tells: git's own lines never end in one. A patch of a file that has them has them
    behind the lines of its hunks alone.
    """
    rows = data.split(b"\n")
    header = next((row for row in rows if row.startswith((b"diff --git ", b"+++ "))), b"")
    if not header.endswith(b"\r"):
        return data
    return b"\n".join(row.removesuffix(b"\r") for row in rows)
