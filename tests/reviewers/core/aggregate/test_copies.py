"""Moved code is not fixed, however many pushes the move takes, and whatever else they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from reviewers.core.aggregate.carry import Carried, carry
from reviewers.core.change import Change, FileStatus
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Finding, Location, Severity, Side
from reviewers.core.history import Dismissal, History, Known, State
from tests.builders import ORDERS, change, finding, static_source
from tests.reviewers.core.aggregate.test_carry import FIXED, LINE, RIGHT_THERE

HERE = "api/orders.py"
Files = Mapping[str, str]


def at(files: Files) -> Change:
    """A change that adds them."""
    return change({path: (None, text) for path, text in files.items()})


def known(path: str = HERE, state: State = State.OPEN, **more: Any) -> Known:
    dismissal = Dismissal("mlee", "2026-11-20", "why") if state is State.DISMISSED else None
    return Known(finding(path, **{"quote": LINE, **more}), state, dismissal)


def pushed(files: Files, before: Files, *findings: Known) -> Carried:
    """What silence makes of some findings when one change becomes another."""
    history = History(head="4be91c0", known=findings, previous=at(before))
    return carry(history, {}, at(files), Coverage((), ()), {})


def story(*pushes: Files) -> Finding | None:
    """The finding on the first push's `HERE` after all the others; None where it is fixed."""
    now = known()
    for before, files in pairwise(pushes):
        carried = pushed(files, before, now)
        if carried.fixed:
            return None
        now = Known(carried.open[0], State.OPEN)
    return now.finding


COPY = "lib/old.py"
BOTH = {HERE: ORDERS, COPY: ORDERS}
INDENTED = "class Shop:\n" + "".join(f"    {row}\n" for row in ORDERS.split("\n"))
DISGUISED = f"# one\n{ORDERS.replace(LINE, f'    # two{chr(10)}{LINE}{chr(10)}    # three')}"
BESIDE = ORDERS.replace("    order_by =", "    by = order_by =").replace("return rows", "return 1")


@pytest.mark.parametrize(
    ("pushes", "stands"),
    [
        ([BOTH, {COPY: ORDERS}], COPY),
        ([BOTH, {**BOTH, HERE: FIXED}], COPY),
        ([{**BOTH, "z.py": "z = 1\n"}, {**BOTH, "z.py": "z = 2\n"}, {COPY: ORDERS}], COPY),
        ([{COPY: ORDERS}, {COPY: ORDERS, "c.py": ORDERS}, {"c.py": ORDERS}], "c.py"),
        ([{COPY: ORDERS}, {HERE: ORDERS}], HERE),
        ([{COPY: INDENTED}], COPY),
        ([{HERE: ORDERS, COPY: INDENTED}, {COPY: INDENTED}], COPY),
        ([{HERE: ORDERS, COPY: DISGUISED}, {COPY: DISGUISED}], COPY),
        ([{HERE: ORDERS, COPY: BESIDE}, {COPY: BESIDE}], COPY),
        ([BOTH, {COPY: FIXED}], None),
        ([{HERE: ORDERS, COPY: RIGHT_THERE}, {COPY: RIGHT_THERE}], None),
        ([{HERE: ORDERS, COPY: RIGHT_THERE}, {COPY: RIGHT_THERE + ORDERS}], COPY),
        ([{HERE: ORDERS, "b.py": RIGHT_THERE}, {COPY: ORDERS}], COPY),
        ([{HERE: ORDERS, COPY: f"{LINE}\n"}, {COPY: f"{LINE}\n"}], None),
    ],
    ids=[
        *("copied, then deleted", "copied, then mended in the first place only"),
        *("copied, and deleted two pushes later", "copied twice", "moved, and moved back"),
        *("indented", "copied and indented, then deleted", "copied with comments, then deleted"),
        "copied with other lines beside it, then deleted",
        *("both mended", "the same line elsewhere", "moved into a file that has the same line"),
        *("moved while the same line elsewhere goes", "its line alone elsewhere"),
    ],
)
def test_moved_code_is_not_fixed(pushes: list[Files], stands: str | None) -> None:
    found = story({HERE: ORDERS}, *pushes)
    assert (found.path if found else None) == stands


BASE = ORDERS + "more()\n" * 9


def renamed(path: str, tail: str = "") -> Change:
    """A file of the base branch under another name; the code in question is as old as the file."""
    (file,) = change({HERE: (BASE, BASE + tail)}).files
    return Change((replace(file, path=path, old_path=HERE, status=FileStatus.RENAMED),))


@pytest.mark.parametrize("now", [renamed("c.py"), renamed("b.py"), renamed(HERE)])
def test_a_file_of_the_base_that_is_renamed_once_more_is_the_same_one(now: Change) -> None:
    before = known("b.py")
    history = History(head="4be91c0", known=(before,), previous=renamed("b.py", "last()\n"))
    carried = carry(history, {}, now, Coverage((), ()), {})
    assert [f.path for f in carried.open] == [now.files[0].path]


def test_what_is_not_shown_any_more_has_not_moved() -> None:
    """Its file is too large now, and has the code for all that anybody knows."""
    here, there = at(BOTH).files
    now = Change((replace(here, hunks=(), text=None, missing="it is too large"), there))
    history = History(head="4be91c0", known=(known(),), previous=at({HERE: ORDERS}))
    (still,) = carry(history, {}, now, Coverage((), ()), {}).open
    assert still.path == HERE


def test_a_removed_line_that_another_file_adds_has_not_moved_there() -> None:
    """It is about the line that goes: where the change takes it out no more, it is fixed."""
    place = Location(HERE, 6, 6, Side.LEFT)
    history = History(head="4be91c0", known=(known(location=place),))
    assert carry(history, {}, at({COPY: ORDERS, "c.py": ORDERS}), Coverage((), ()), {}).fixed


SHORT = "def first(rows):\n    x = rows\n    return x\n"


@pytest.mark.parametrize(
    ("files", "stands"),
    [
        ({"b.py": SHORT}, "b.py"),
        ({"b.py": f"# moved\n{SHORT}"}, "b.py"),
        ({"b.py": SHORT.replace("first", "second")}, "b.py"),
        ({"b.py": "def other(x):\n    log(x)\n    send(x)\n    return x\n"}, None),
        ({HERE: "def first(rows):\n    x = rows\n", "b.py": SHORT}, None),
    ],
    ids=[
        *("renamed", "renamed and more", "renamed and changed", "another file"),
        "its file is there still",
    ],
)
def test_less_than_code_is_known_by_is_known_in_a_file_that_moves_as_a_whole(
    files: Files, stands: str | None
) -> None:
    carried = pushed(files, {HERE: SHORT}, known(quote="return x"))
    assert [f.path for f in carried.open] == ([stands] if stands else [])


@pytest.mark.parametrize(
    ("there", "is_open"),
    [
        ({}, False),
        ({"severity": Severity.CRITICAL}, False),
        ({"severity": Severity.MEDIUM}, True),
        ({"rule": "security/other", "title": "Nobody may log in", "body": "None."}, True),
        ({"rule": "security/other"}, False),
        ({"state": State.LATE}, True),
        ({"state": State.DISMISSED}, False),
        ({"state": State.DISMISSED, "severity": Severity.LOW}, True),
        ({"state": State.FIXED}, True),
        ({"proven_before": False}, True),
        ({"proven_before": False, "sources": (static_source(),)}, False),
        ({"proven_before": False, "held_before": True}, False),
    ],
    ids=[
        *("the same", "a graver one", "one that is less grave", "another fault on that line"),
        *("the same under another rule", "a late one", "dismissed", "dismissed as less"),
        *("fixed, too", "not proven", "an analyser's", "its proof is due"),
    ],
)
def test_another_finding_stands_for_a_copy_where_it_says_as_much(
    there: dict[str, Any], is_open: bool
) -> None:
    """Else the graver one would go, and a gate with it, while its code is there."""
    copy = known(COPY, **{"id": "c" * 12, "proven_before": True, **there})
    carried = pushed({COPY: ORDERS}, BOTH, known(proven_before=True), copy)
    assert ([k.finding.path for k in carried.fixed] != [HERE]) is is_open


def test_two_copies_that_become_one_in_a_third_file_are_not_fixed() -> None:
    both = known(), known(COPY, id="c" * 12)
    carried = pushed({"one.py": ORDERS}, BOTH, *both)
    assert {f.path for f in carried.open} == {"one.py"}
    assert carried.fixed == ()
    assert len(pushed({HERE: ORDERS}, BOTH, *both).fixed) == 1, "that of the copy"


def test_what_stands_in_a_file_that_is_renamed_has_not_moved_there() -> None:
    before = at({HERE: ORDERS, "b.py": RIGHT_THERE})
    now = replace(at({HERE: FIXED, "c.py": RIGHT_THERE}).files[1], old_path="b.py")
    after = Change((at({HERE: FIXED}).files[0], now))
    history = History(head="4be91c0", known=(known(),), previous=before)
    assert carry(history, {}, after, Coverage((), ()), {}).fixed
