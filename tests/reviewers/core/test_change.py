"""What a change knows of itself: the lines that take comments, hunks by name, digests."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest

from reviewers.core.change import Change, FileDiff, FileStatus, HunkRef
from reviewers.core.diff import parse_hunks
from reviewers.core.finding import Side
from tests.builders import change, file_diff

PATCH = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -10,2 +10,3 @@ def f():\n x\n+y\n z"


def of(patch: str, **more: object) -> FileDiff:
    return replace(FileDiff("f.py", FileStatus.MODIFIED, parse_hunks(patch)), **more)  # type: ignore[arg-type]


def test_the_rows_are_the_lines_on_which_github_takes_a_comment() -> None:
    assert {(side.value, n): x.text for (side, n), x in of(PATCH).rows.items()} == {
        ("RIGHT", 1): "a",
        ("LEFT", 2): "b",
        ("RIGHT", 2): "B",
        ("RIGHT", 3): "c",
        ("RIGHT", 10): "x",
        ("RIGHT", 11): "y",
        ("RIGHT", 12): "z",
    }


@pytest.mark.parametrize(
    ("side", "line", "index"),
    [
        (Side.RIGHT, 1, 0),
        (Side.LEFT, 2, 0),
        (Side.LEFT, 1, None),
        (Side.RIGHT, 4, None),
        (Side.RIGHT, 12, 1),
        (Side.LEFT, 11, None),
    ],
)
def test_which_hunk_shows_a_line(side: Side, line: int, index: int | None) -> None:
    assert of(PATCH).hunk_at(side, line) == index


def test_s37_which_hunks_show_thousands_of_lines_takes_a_moment() -> None:
    """Asked for every claim while a body is written: 10,000 tokens held a server up for 31 s."""
    large = file_diff("a.txt", None, "token\n" * 10_000)
    start = process_time()
    assert {large.hunk_at(Side.RIGHT, n) for n in range(1, 10_001)} == {0}
    assert process_time() - start < 1.0


def test_hunks_know_their_span_and_what_they_change() -> None:
    first, second = of(PATCH).hunks
    assert [(h.first, h.last, h.changed) for h in (first, second)] == [(1, 3, 2), (10, 12, 1)]
    assert of(PATCH).changed == 3
    (gone,) = parse_hunks("@@ -5,2 +0,0 @@\n-a\n-b")
    assert (gone.first, gone.last) == (5, 6)


def test_a_digest_is_blind_to_numbers_and_sees_every_change() -> None:
    def digest(patch: str) -> str:
        return parse_hunks(patch)[0].digest()

    same = digest("@@ -1,2 +1,2 @@\n-b\n+B\n c")
    assert digest("@@ -90,2 +77,2 @@\n-b\n+B\n c") == same
    assert digest("@@ -1,2 +1,2 @@\n-b\n+B \n c") != same
    assert digest("@@ -1,2 +1,2 @@\n-B\n+b\n c") != same
    assert digest("@@ -1 +1,2 @@\n-b\n+B\n+\n") != same


def test_a_digest_sees_where_the_change_stands() -> None:
    """The same line in another function, or behind another line, is another change."""
    place = "@@ -3,2 +3,3 @@ def helper():\n a\n+return True\n b"
    others = (place.replace("helper", "may_delete"), place.replace(" b", " c"))
    (here,) = parse_hunks(place)
    assert here.digest() not in [parse_hunks(p)[0].digest() for p in others]


def test_a_digest_takes_any_text() -> None:
    assert parse_hunks("@@ -0,0 +1 @@\n+caf\udce9\u202e")[0].digest()


def test_files_are_known_by_both_names_of_a_rename() -> None:
    moved = of(PATCH, path="new.py", old_path="old.py", status=FileStatus.RENAMED)
    whole = Change((moved, file_diff("x.py", None, "x\n")))
    assert whole.file("new.py") is whole.file("old.py") is moved
    assert whole.file("none.py") is None


def test_a_new_file_in_the_place_of_a_renamed_one_is_itself() -> None:
    moved = of(PATCH, path="new.py", old_path="old.py", status=FileStatus.RENAMED)
    fresh = file_diff("old.py", None, "x\n")
    assert Change((moved, fresh)).file("old.py") is fresh


def test_every_hunk_has_a_name() -> None:
    whole = Change((of(PATCH), file_diff("x.py", None, "x\n")))
    assert list(whole.refs()) == [HunkRef("f.py", 0), HunkRef("f.py", 1), HunkRef("x.py", 0)]
    assert whole.hunk(HunkRef("f.py", 1)).section == "def f():"


def test_files_of_which_only_hunks_are_known_are_named() -> None:
    bare = of(PATCH)
    assert Change((bare,)).without_text == ("f.py",)
    assert change({"x.py": ("a\n", "b\n"), "gone.py": ("a\n", None)}).without_text == ()


def test_no_file_stands_in_a_change_twice() -> None:
    """The later one would hide the earlier one's hunks from every reviewer."""
    with pytest.raises(ValueError, match="more than once"):
        Change((of(PATCH), of(PATCH)))
