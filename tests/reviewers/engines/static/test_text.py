"""Lines are told as GitHub counts them, and no comment that asks for silence is obeyed unseen."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.engines.static.text import Text

pieces = st.lists(st.sampled_from(["x", "\n", "\r", "\r\n", "\x0c", "\u2028", "\x85", "é"]))


@given(pieces.map("".join))
def test_s40_a_row_of_python_is_on_the_line_of_github_that_holds_it(text: str) -> None:
    """Python's rows are what universal line ends make of a text; GitHub's lines end in `\\n`."""
    rows = io.StringIO(text, newline=None).read().split("\n")
    with_ends = io.StringIO(text, newline="").readlines()
    begun = 1
    for number in range(1, len(rows) + 1):
        assert Text(text).line(number) == begun
        if number <= len(with_ends):
            begun += with_ends[number - 1].endswith("\n")


def test_s40_a_row_behind_the_end_is_on_the_last_line() -> None:
    assert Text("a\rb\nc").line(99) == 2


COMMENTS = {
    "x = 1  # noqa": "`# noqa` in line 1",
    "x = 1  # NoQA:S602": "`# NoQA:S602` in line 1",
    "x = 1  #noqa : S602, E501 because": "`#noqa : S602, E501` in line 1",
    "x = 1  # nosec": "`# nosec` in line 1",
    "x = 1  # nosec B602": "`# nosec` in line 1",
    "x = 1  # ruff: noqa": "`# ruff: noqa` in line 1",
    "x = 1  # ruff: ignore[S602]": "`# ruff: ignore[S602]` in line 1",
    "x = 1  # type: ignore  # noqa": "`# noqa` in line 1",
    "x = 1  # noqa: `S602` <b>": "`# noqa` in line 1",
    "x = 1  # noqa: S1" + ",S1" * 99: f"`# noqa: S1{',S1' * 16},S` in line 1",
    "x = 1": "",
    "x = 1  # see noqa.md": "",
    "x = 1  # noqable": "",
    "x = 1  # type: ignore": "",
}


@pytest.mark.parametrize(("row", "told"), COMMENTS.items(), ids=[c[:40] for c in COMMENTS])
def test_s80_a_comment_on_the_line_is_told(row: str, told: str) -> None:
    assert Text(row).silence(1, 1) == told
    assert Text("y = 2\n" + row).silence(1, 1) == "", "on another line it is for that one"


WIDE = {
    "# ruff: noqa": True,
    "# ruff: noqa: S602": True,
    "# RUFF: NOQA": True,
    "# flake8: noqa": True,
    "  # ruff: disable[S602]": True,
    "# ruff: file-ignore[S602]": True,
    "# ruff: ignore[S602]": True,
    "# noqa": False,
    "# nosec": False,
    "x = 1  # ruff: noqa": False,
    "# isort: skip_file": False,
}


@pytest.mark.parametrize(("row", "is_wide"), WIDE.items(), ids=list(WIDE))
def test_s80_a_comment_for_other_lines_is_told(row: str, is_wide: bool) -> None:
    told = Text(f"import os\n{row}\n\nx = 1\n").silence(4, 4)
    assert told == (f"`{row.strip()}` in line 2" if is_wide else "")


def test_s80_the_comment_on_the_line_comes_before_the_one_for_the_file() -> None:
    text = Text("# ruff: noqa\nx = (\n  1)  # noqa: S602\n")
    assert text.silence(2, 3) == "`# noqa: S602` in line 3"
    assert text.silence(2, 2) == "`# ruff: noqa` in line 1"
