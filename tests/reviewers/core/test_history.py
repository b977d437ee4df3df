"""Whether the last review could have seen a line: what decides between new and late."""

from __future__ import annotations

from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.history import History
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
