"""The lines of a change as they may be shown, on both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewers.core.finding import Side
from reviewers.core.masked import masked_lines
from reviewers.core.secrets import Redaction
from tests.builders import change


@pytest.mark.parametrize(
    ("before", "after", "left", "right"),
    [
        (None, "x = 1\n", {}, {1: "x = 1"}),
        (None, "x = 1", {}, {1: "x = 1"}),
        ("x = 1", None, {1: "x = 1"}, {}),
        ("x = 1\n", "", {1: "x = 1"}, {}),
        ("x = 1\ny = 2", "x = 1\ny = 3", {2: "y = 2"}, {1: "x = 1", 2: "y = 3"}),
    ],
)
def test_a_side_has_the_lines_that_stand_there_and_no_others(
    before: str | None, after: str | None, left: dict[int, str], right: dict[int, str]
) -> None:
    """A file whose last line has no end had a side of one line too many, and no prompt."""
    (file,) = change({"a.py": (before, after)}).files
    assert dict(masked_lines(file, Side.LEFT, Redaction())) == left
    assert dict(masked_lines(file, Side.RIGHT, Redaction())) == right


@pytest.mark.parametrize("text", ["x = 9\ny = 2\n", "x = 1", ""], ids=["other", "shorter", "none"])
def test_where_a_text_is_not_that_of_the_hunks_these_are_shown(text: str) -> None:
    """Their lines are what was reviewed, and what a finding quotes."""
    (file,) = change({"a.py": (None, "x = 1\ny = 2\n")}).files
    shown = masked_lines(replace(file, text=text), Side.RIGHT, Redaction())
    assert dict(shown) == {1: "x = 1", 2: "y = 2"}
