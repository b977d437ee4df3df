"""Removed lines stand where the change puts something in their place."""

from __future__ import annotations

import pytest

from reviewers.core.aggregate.places import NO_CHANGE, Places
from reviewers.core.finding import Finding, Location, Side
from tests.builders import change, finding

OLD = "one\ntwo\nthree\nfour\nfive\nsix\n"
NEW = "one\n2\nTwo\nfour\nsix\n"
PLACES = Places(change({"x.py": (OLD, NEW), "gone.py": (OLD, None)}))
L, R = Side.LEFT, Side.RIGHT


def at(line: int, side: Side = R, end: int = 0, path: str = "x.py") -> Finding:
    return finding(path, location=Location(path, line, end or line, side))


@pytest.mark.parametrize(
    ("a", "b", "lines"),
    [
        (at(2, L), at(2), 0),
        (at(3, L), at(2), 0),
        (at(3, L), at(3), 0),
        (at(2, L, 3), at(4), 1),
        (at(2, L, 5), at(5), 0),
        (at(5, L), at(4), 0),
        (at(5, L), at(5), 0),
        (at(5, L), at(2), 2),
        (at(2), at(5), 3),
        (finding("x.py", None, seen_at=9), at(5), 4),
        (finding("x.py", None), at(5), None),
        (at(2), at(2, path="gone.py", side=L), None),
        (at(77, L), at(2), None),
    ],
    ids=[
        *("in its place", "its run's first", "its run's last", "a run and the next line"),
        "from one run to another",
        *("taken out, before", "taken out, behind", "further off", "one side", "outside"),
        *("nobody knows where", "another file", "no line of the change"),
    ],
)
def test_lines_between_two_findings(a: Finding, b: Finding, lines: int | None) -> None:
    assert PLACES.apart(a, b) == lines
    assert PLACES.apart(b, a) == lines


def test_one_hunk_and_what_is_near_it() -> None:
    near, far = (finding("x.py", None, seen_at=line) for line in (8, 9))
    assert PLACES.share_hunk(at(5), near, 3)
    assert not PLACES.share_hunk(at(5), far, 3)
    assert PLACES.share_hunk(at(1, L, path="gone.py"), at(6, L, path="gone.py"), 0)
    assert not Places(NO_CHANGE).share_hunk(at(5), at(5), 3)
