"""The text of a file under analysis: how GitHub counts its lines, where it asks for silence."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property

_CODES = r"[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*"
_LINE_END = re.compile(r"\r\n?|\n")
_SILENCE = re.compile(
    r"#\s*(?:(?P<wide>(?:ruff|flake8)\s*:\s*(?:noqa|ignore|file-ignore|disable))|noqa|nosec)\b"
    rf"(?:\s*:\s*{_CODES}|\[\s*{_CODES}\s*\])?",
    re.IGNORECASE,
)
_LONGEST = 60
"""Characters of such a comment that are shown: its codes may fill a line."""


class Text:
    """One file's text. What is asked of it is worked out once, when it is asked first."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, row: int) -> int:
        r"""GitHub's number of an analyser's row, both 1-based.

        Analysers of Python end a line at a lone carriage return, too, as Python does; GitHub ends
        it at `\n` only (case S40).
        """
        if "\r" not in self._text:
            return row
        return self._lines[min(row, len(self._lines)) - 1]

    def silence(self, first: int, last: int) -> str:
        """The comment that asks analysers to be silent about these lines, and its line; or "".

        A comment on one of the lines comes before one for the file, a range or the next line, which
        stands on a line of its own. It is told because it is not obeyed (case S80).
        """
        lines, comments, wide = self._comments
        at = bisect_left(lines, first)
        if at < len(lines) and lines[at] <= last:
            return f"`{comments[at]}` in line {lines[at]}"
        return wide

    @cached_property
    def rows(self) -> list[str]:
        """The lines as GitHub counts them; the first one has index 0."""
        return self._text.split("\n")

    @cached_property
    def _lines(self) -> list[int]:
        numbers = [1]
        for end in _LINE_END.finditer(self._text):
            numbers.append(numbers[-1] + end[0].endswith("\n"))
        return numbers

    @cached_property
    def _comments(self) -> tuple[list[int], list[str], str]:
        """The lines with such comments, the comments, and the first one for other lines."""
        lines: list[int] = []
        comments: list[str] = []
        wide = ""
        for number, row in enumerate(self.rows, 1):
            if "#" in row and (match := _SILENCE.search(row)):
                lines.append(number)
                comments.append(" ".join(match[0].split())[:_LONGEST])
                if not wide and match["wide"] and row.lstrip().startswith("#"):
                    wide = f"`{comments[-1]}` in line {number}"
        return lines, comments, wide
