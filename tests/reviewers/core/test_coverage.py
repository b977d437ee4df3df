"""The ledger: what was read, by whom, and what was not. Silence is evidence only without a gap."""

from __future__ import annotations

import pytest

from reviewers.core.call import Call, Partial, Reading, Task
from reviewers.core.change import HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage, cells_of_look
from reviewers.core.policy import CLAUDE, STATIC
from tests.builders import coverage, look

FIRST, SECOND = HunkRef("x.py", 0), HunkRef("x.py", 1)

GAPS = {
    *(Reading.REFUSED, Reading.CUT_OFF, Reading.TIMED_OUT, Reading.FAILED, Reading.TOO_LARGE),
    *(Reading.STOPPED, Reading.BUDGET),
}


@pytest.mark.parametrize("reading", list(Reading))
def test_which_cells_are_gaps(reading: Reading) -> None:
    """What nobody was to read is none; what somebody should have read and did not is one."""
    assert reading.is_gap is (reading in GAPS)
    ledger = Coverage((Cell(FIRST, "security", CLAUDE, 1, reading),), (FIRST,))
    assert ledger.complete is (reading not in GAPS)
    assert len(ledger.gaps) == (reading in GAPS)


def test_an_empty_ledger_is_complete() -> None:
    assert Coverage((), ()).complete


def test_one_gap_among_many_cells_is_enough() -> None:
    gaps = {("x.py", "security", 2): (Reading.REFUSED, "declined")}
    ledger = coverage({"x.py": 2, "y.py": 1}, (("security", 3), ("style", 1)), gaps)
    assert not ledger.complete
    assert [(c.hunk, c.vote, c.detail) for c in ledger.gaps] == [
        (FIRST, 2, "declined"),
        (SECOND, 2, "declined"),
    ]


def test_a_look_fills_a_cell_for_each_of_its_hunks() -> None:
    read = look(Call("security", CLAUDE, 2), detail="")
    assert cells_of_look(read, (FIRST, SECOND)) == (
        Cell(FIRST, "security", CLAUDE, 2, Reading.READ),
        Cell(SECOND, "security", CLAUDE, 2, Reading.READ),
    )
    failed = look(Call("style", STATIC), reading=Reading.FAILED, detail="crashed")
    assert cells_of_look(failed, (FIRST,)) == (
        Cell(FIRST, "style", STATIC, 0, Reading.FAILED, "crashed"),
    )


def test_a_hunk_may_fare_otherwise_than_its_look() -> None:
    mixed = look(
        Call("security", STATIC), partial=(Partial(SECOND, Reading.NOT_APPLICABLE, "no rule"),)
    )
    assert [(c.reading, c.detail) for c in cells_of_look(mixed, (FIRST, SECOND))] == [
        (Reading.READ, ""),
        (Reading.NOT_APPLICABLE, "no rule"),
    ]


def test_verifying_reads_no_hunk() -> None:
    asked = Call("verifier", CLAUDE, 1, task=Task.VERIFY)
    assert cells_of_look(look(asked, reading=Reading.FAILED), (FIRST,)) == ()


def test_the_readers_stand_in_the_order_of_the_plan() -> None:
    ledger = coverage({"x.py": 1}, (("security", 2), ("style", 1)))
    assert ledger.readers == (
        ("security", STATIC, 0),
        ("style", STATIC, 0),
        ("security", CLAUDE, 1),
        ("security", CLAUDE, 2),
        ("style", CLAUDE, 1),
    )


@pytest.mark.parametrize(
    ("hunks", "votes"),
    [
        ((FIRST,), ((1, 3), 3)),
        ((SECOND,), ((1, 2, 3), 3)),
        ((FIRST, SECOND), ((1, 2, 3), 3)),
        ((HunkRef("y.py", 0),), ((), 0)),
        ((), ((), 0)),
    ],
    ids=["vote 2 failed here", "all read here", "any of both", "another file", "no hunk"],
)
def test_which_votes_read_a_place(
    hunks: tuple[HunkRef, ...], votes: tuple[tuple[int, ...], int]
) -> None:
    full = coverage({"x.py": 2}, (("security", 3), ("style", 1)))
    cells = tuple(
        Cell(c.hunk, c.reviewer, c.engine, c.vote, Reading.FAILED)
        if (c.hunk, c.reviewer, c.vote) == (FIRST, "security", 2)
        else c
        for c in full.cells
    )
    assert Coverage(cells, full.hunks).votes("security", hunks) == votes


def test_what_nobody_was_to_read_is_told_apart_from_what_nobody_read() -> None:
    lock, made, logo, lost = (HunkRef(p, WHOLE_FILE) for p in ("go.sum", "x_pb2.py", "a.png", "b"))
    ledger = Coverage(
        (
            Cell(FIRST, "style", CLAUDE, 1, Reading.READ),
            Cell(lock, "", "", 0, Reading.GENERATED, "lock file"),
            Cell(made, "", "", 0, Reading.GENERATED, "generated"),
            Cell(made, "security", STATIC, 0, Reading.READ),
            Cell(logo, "", "", 0, Reading.BINARY),
            Cell(lost, "", "", 0, Reading.FAILED, "not delivered by GitHub"),
        ),
        (FIRST,),
    )
    assert ledger.left_out == {"go.sum": "lock file", "x_pb2.py": "generated", "a.png": "binary"}
    assert ledger.analysed_only == {"x_pb2.py"}
