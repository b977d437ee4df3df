"""Whether the last review could have seen a line: what decides between new and late."""

from __future__ import annotations

import pytest

from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.history import EVERYTHING, History
from tests.builders import change, finding

OLD = "one = 1\n" + "pad = 0\n" * 9 + "two = find(1)\n"
BEFORE = change({"x.py": (OLD, OLD.replace("one = 1", "one = load(1)"))})


def had(quote: str, previous: Change | None = BEFORE, path: str = "x.py") -> bool:
    return History("4be91c0", previous).had_line(finding(path, quote=quote))


def test_an_empty_history_is_that_of_a_first_review() -> None:
    assert History().is_first
    assert not History("4be91c0").is_first


def test_a_line_was_there_in_the_hunks_or_in_the_file() -> None:
    assert had("one = load(1)")
    assert had("two = find(1)")
    assert not had("three = find(1)")
    assert not had("one = 1"), "it was removed: nobody can see it in the new file"


def test_without_the_file_s_text_only_its_hunks_tell() -> None:
    (file,) = BEFORE.files
    bare = Change((FileDiff("x.py", FileStatus.MODIFIED, file.hunks),))
    assert had("one = load(1)", bare)
    assert not had("two = find(1)", bare)


def test_what_cannot_be_known_was_not_there() -> None:
    assert not had("one = load(1)", None)
    assert not had("one = load(1)", path="y.py")
    assert not had("")


TWO = change({"x.py": (OLD, OLD.replace("one = 1", "one = load(1)").replace("two", "2nd"))})


@pytest.mark.parametrize(
    ("unread", "first", "second", "context"),
    [
        ((), True, True, True),
        ((0,), False, True, False),
        ((1,), True, False, True),
        ((0, 1), False, False, False),
        (None, False, False, False),
    ],
    ids=["all read", "first unread", "second unread", "both unread", "more than fit"],
)
def test_what_was_announced_as_unread_is_not_late_when_it_is_read(
    unread: tuple[int, ...] | None, first: bool, second: bool, context: bool
) -> None:
    """Else a reviewer that failed at first could not tell anybody what it finds the second time."""
    (file,) = TWO.files
    names = {EVERYTHING} if unread is None else {file.hunks[i].digest() for i in unread}
    history = History("4be91c0", TWO, unread=frozenset(names))
    had = [
        history.had_line(finding("x.py", quote=q))
        for q in ("one = load(1)", "2nd = find(1)", "one = load(1)\npad = 0")
    ]
    assert had == [first, second, context]


def test_old_code_outside_of_the_hunks_is_late_whatever_went_unread() -> None:
    history = History("4be91c0", BEFORE, unread=frozenset({EVERYTHING}))
    assert history.had_line(finding("x.py", quote="two = find(1)"))
    assert not history.had_line(finding("x.py", quote="one = load(1)"))
