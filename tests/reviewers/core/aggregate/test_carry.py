"""What nobody reported again is fixed only by proof; a model's silence is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reviewers.core.aggregate.carry import Carried, carry
from reviewers.core.call import Reading
from reviewers.core.change import Change, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import Cell, Coverage
from reviewers.core.finding import (
    Finding,
    Location,
    Ruling,
    Severity,
    Side,
    Source,
    Standing,
    Verification,
)
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.policy import CLAUDE, STATIC
from tests.builders import HEAD, ORDERS, change, file_diff, finding, orders_change, static_source

LINE = '    rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
FIXED = ORDERS.replace(" + order_by)", ' + "id")')
NOBODY = Coverage((), ())


def known(state: State = State.OPEN, **more: Any) -> Known:
    dismissal = Dismissal("mlee", "2026-11-20", "why") if state is State.DISMISSED else None
    return Known(finding(**{"quote": LINE, **more}), state, dismissal)


def judged(
    before: Known, now: Change, seen: Coverage = NOBODY, ruling: Ruling | None = None
) -> Carried:
    history = History(head="4be91c0", known=(before,), previous=orders_change())
    ruled = {before.finding.id: Verification(ruling, "why")} if ruling else {}
    return carry(history, {}, now, seen, ruled)


def open_after(before: Known, now: Change) -> Finding | None:
    """The finding that stays open, None when it is fixed. It is always one of the two."""
    carried = judged(before, now)
    assert len(carried.open) + len(carried.fixed) == 1
    return carried.open[0] if carried.open else None


def test_silence_is_no_proof() -> None:
    still = open_after(known(), orders_change())
    assert still is not None
    assert (still.standing, still.id, still.line) == (Standing.OPEN, finding().id, 6)


def test_what_is_fixed_says_in_which_commit() -> None:
    carried = judged(known(), change({"api/orders.py": (None, FIXED)}))
    (fixed,) = carried.fixed
    assert (fixed.state, fixed.fixed_in, fixed.finding.id) == (State.FIXED, HEAD, finding().id)


def removed_line(**more: Any) -> Known:
    location = Location("x.py", 1, 1, Side.LEFT)
    return known(**{"path": "x.py", "quote": "check(user)", "location": location, **more})


UNCHECKED = change({"x.py": ("check(user)\nrun(user)\n", "run(user)\n")})
CHECKED = change({"x.py": ("check(user)\nrun(user)\n", "check(user)\nrun(user, 1)\n")})
GONE = change({"x.py": ("check(user)\nrun(user)\n", None)})


@pytest.mark.parametrize(
    ("before", "now", "is_open"),
    [
        (known(), change({"api/orders.py": (None, FIXED)}), False),
        (known(), change({"api/orders.py": (None, "new()\n" * 9 + ORDERS)}), True),
        (known(), change({"api/orders.py": (ORDERS, ORDERS + "more()\n")}), True),
        (known(), change({"api/orders.py": (ORDERS, None)}), False),
        (known(), change({"other.py": (None, "x\n")}), False),
        (known(), replace(change({"other.py": (None, "x\n")}), undelivered=("9 more",)), True),
        (known(), Change((FileDiff("api/orders.py", FileStatus.MODIFIED, missing="large"),)), True),
        (known(quote=""), change({"api/orders.py": (None, FIXED)}), True),
        (known(quote=""), change({"other.py": (None, "x\n")}), False),
        (known(), change({"shop/orders.py": (None, ORDERS)}), True),
        (known(quote="}"), change({"shop/orders.py": (None, "x = {\n}\n")}), False),
        (removed_line(), UNCHECKED, True),
        (removed_line(), CHECKED, False),
        (removed_line(), GONE, True),
        (removed_line(), change({"y.py": (None, "check(user)\n")}), False),
        (removed_line(location=None), UNCHECKED, True),
        (removed_line(location=None), GONE, True),
        (removed_line(location=None, seen_at=1), UNCHECKED, False),
        (removed_line(location=None, seen_at=1), GONE, False),
    ],
    ids=[
        *("changed", "moved", "out of the hunks", "file removed", "file out of the change"),
        *("file perhaps not delivered", "file not shown", "old code not known"),
        *("old code not known, file gone", "new file renamed", "too little code to know it by"),
        *("removed line", "removed line is back", "its file is removed"),
        *("removed line, now elsewhere", "removed, no line", "removed, no line, file removed"),
        *("unplaced line is removed now", "unplaced line's file is removed now"),
    ],
)
def test_fixed_is_what_is_gone(before: Known, now: Change, is_open: bool) -> None:
    assert (open_after(before, now) is not None) is is_open


# --- Where it stands now


def test_an_open_one_moves_with_its_code() -> None:
    still = open_after(known(), change({"api/orders.py": (None, "new()\n" * 9 + ORDERS)}))
    assert still is not None
    assert still.location == Location("api/orders.py", 15, 15)
    assert still.seen_at == 0


def test_an_open_one_moves_with_its_file() -> None:
    moved = replace(
        file_diff("shop/orders.py", None, ORDERS),
        old_path="api/orders.py",
        status=FileStatus.RENAMED,
    )
    for now in (Change((moved,)), change({"shop/orders.py": (None, ORDERS)})):
        still = open_after(known(), now)
        assert still is not None
        assert (still.path, still.location) == (
            "shop/orders.py",
            Location("shop/orders.py", 6, 6),
        )


RIGHT_THERE = f"""\
def sorted_by(number):
    order_by = ("id", "day")[number]
{LINE}
    return list(rows)
"""
"""The same line among others, where it does no harm."""
PAD = "".join(f"x{i} = {i}\n" for i in range(40))


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        ({"a.py": (None, ORDERS), "b.py": (None, ORDERS)}, ("a.py", 6)),
        ({"api/orders.py": (PAD + ORDERS, None), "a.py": (None, ORDERS)}, ("a.py", 6)),
        ({"api/orders.py": (None, PAD), "a.py": (None, ORDERS)}, ("a.py", 6)),
        ({"a.py": (PAD, PAD + ORDERS)}, ("a.py", 46)),
        ({"api/orders.py": (PAD, PAD + "q = 1\n"), "a.py": (PAD, PAD + ORDERS)}, ("a.py", 46)),
    ],
    ids=[
        "two files",
        "the old one is removed",
        "a new one",
        "one of the base",
        "the old one stays",
    ],
)
def test_moved_code_is_not_fixed(
    now: dict[str, tuple[str | None, str | None]], stands: tuple[str, int]
) -> None:
    still = open_after(known(), change(now))
    assert still is not None
    assert (still.path, still.location and still.location.line) == stands
    # Nor is it with the next push, that leaves it where it is.
    again = open_after(Known(still, State.OPEN), change({**now, "c.py": (None, "c = 1\n")}))
    assert again is not None
    assert again.path == still.path


def test_code_that_stood_elsewhere_before_has_not_moved_there() -> None:
    now = change({"a.py": (ORDERS, "x = 1\n" + ORDERS), "api/orders.py": (None, FIXED)})
    assert open_after(known(), now) is None


def test_code_that_stood_elsewhere_at_the_last_review_has_not_moved_there_since() -> None:
    """The same line may be right there: a finding must not jump to it when its own code is mended."""
    both = {"api/orders.py": (None, ORDERS), "b.py": (None, RIGHT_THERE)}
    mended = change({**both, "api/orders.py": (None, FIXED)})
    history = History(head="4be91c0", known=(known(),), previous=change(both))
    assert carry(history, {}, mended, NOBODY, {}).fixed
    lost = replace(history, previous=None)
    assert carry(lost, {}, mended, NOBODY, {}).open, "the last commit is lost: nobody can tell"
    more = change({**both, "api/orders.py": (None, FIXED), "c.py": (None, ORDERS)})
    assert carry(history, {}, more, NOBODY, {}).open


def test_of_one_fault_in_many_files_each_is_fixed_by_itself() -> None:
    """What other known findings stand for is no code that has moved there."""
    names = [f"{n}.py" for n in range(4)]
    before = [replace(known().finding, path=name, id=f"{n:012x}") for n, name in enumerate(names)]
    history = History(head="4be91c0", known=tuple(Known(f, State.OPEN) for f in before))
    now = {name: (None, ORDERS if n < 2 else FIXED) for n, name in enumerate(names)}
    carried = carry(history, {}, change(now), NOBODY, {})
    assert [f.path for f in carried.open] == names[:2]
    assert [k.finding.path for k in carried.fixed] == names[2:]
    # One copy more than there are findings may be the code of either that is gone.
    carried = carry(history, {}, change({**now, "new.py": (None, ORDERS)}), NOBODY, {})
    assert len(carried.open) == 4


def test_outside_of_the_hunks_it_is_told_with_its_line_and_placed_on_none() -> None:
    still = open_after(known(), change({"api/orders.py": (ORDERS, ORDERS + "more()\n")}))
    assert still is not None
    assert (still.location, still.seen_at) == (None, 6)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("same()\nsame()\n", (1, 1)),
        ("x = 1\nsame()\nsame()\n", (2, 2)),
        ("a\nb\nc\nsame()\nsame()\n", None),
    ],
    ids=["on its line", "not on its line", "on neither"],
)
def test_of_equal_lines_only_the_one_at_its_place_is_it(
    text: str, place: tuple[int, int] | None
) -> None:
    line = place[0] if place else 1
    before = known(path="x.py", quote="same()", location=Location("x.py", line, line))
    still = open_after(before, change({"x.py": (None, text)}))
    assert still is not None
    assert still.location == (Location("x.py", *place) if place else None)


def test_a_removed_line_without_a_place_is_seen_on_no_line() -> None:
    still = open_after(removed_line(location=None), UNCHECKED)
    assert still is not None
    assert (still.location, still.line) == (None, 0)


def test_an_old_suggestion_is_not_offered_for_code_that_may_have_changed() -> None:
    still = open_after(known(suggestion="    rows = ()"), orders_change())
    assert still is not None
    assert still.suggestion is None


def test_a_late_one_stays_late() -> None:
    still = open_after(known(State.LATE), orders_change())
    assert still is not None
    assert still.standing is Standing.LATE


# --- Who is judged


@pytest.mark.parametrize("state", [State.FIXED, State.DISMISSED])
def test_what_is_closed_is_not_judged_again(state: State) -> None:
    carried = judged(known(state), orders_change())
    assert (carried.open, carried.fixed) == ((), ())


def test_what_was_found_again_is_not_carried() -> None:
    before = known()
    history = History(head="4be91c0", known=(before,))
    carried = carry(history, {before.finding.id: before}, orders_change(), NOBODY, {})
    assert (carried.open, carried.fixed) == ((), ())


# --- What was fixed and is there again


def fixed(**more: Any) -> Known:
    return replace(known(State.FIXED, **more), fixed_in="9d02f7e" + "0" * 33)


def cells(*readings: Reading, engine: str = STATIC, path: str = "api/orders.py") -> Coverage:
    hunks = [HunkRef(path, i) for i in range(len(readings))]
    rows = zip(hunks, readings, strict=True)
    return Coverage(tuple(Cell(h, "security", engine, 0, r) for h, r in rows), tuple(hunks))


RUFF = (static_source(),)
ELSEWHERE = change({"y.md": (None, "a\n")})
SHORT = {"path": "x.py", "quote": "exit()", "location": Location("x.py", 2, 2)}


def back(before: Known, then: Change | None, now: Change, seen: Coverage = NOBODY) -> list[Finding]:
    """What silence makes of a fixed finding when a change becomes another one."""
    carried = carry(History(head="9d02f7e", known=(before,), previous=then), {}, now, seen, {})
    assert carried.fixed == (), "it was told"
    return list(carried.open)


@pytest.mark.parametrize(
    ("before", "then", "now", "line"),
    [
        (fixed(), ELSEWHERE, orders_change(), 6),
        (fixed(), change({"api/orders.py": (None, FIXED)}), orders_change(), 6),
        (fixed(), None, orders_change(), 6),
        (fixed(), ELSEWHERE, change({"api/orders.py": (None, f"new()\n{ORDERS}")}), 7),
        (fixed(), ELSEWHERE, change({"api/orders.py": (None, FIXED)}), None),
        (fixed(), orders_change(), change({"api/orders.py": (None, f"new()\n{ORDERS}")}), None),
        (fixed(quote=""), ELSEWHERE, orders_change(), None),
        (fixed(), ELSEWHERE, change({"b.py": (None, RIGHT_THERE)}), None),
        (fixed(**SHORT), ELSEWHERE, change({"x.py": (None, "a\nexit()\n")}), 2),
        (fixed(**SHORT), ELSEWHERE, change({"x.py": (None, "a\nb\nexit()\n")}), None),
        (replace(removed_line(), state=State.FIXED), CHECKED, UNCHECKED, 1),
        (replace(removed_line(), state=State.FIXED), UNCHECKED, GONE, None),
        (replace(removed_line(), state=State.FIXED), UNCHECKED, CHECKED, None),
    ],
    ids=[
        *("its file is there again", "its line is there again", "the last commit is lost"),
        *("there again, further down", "not there", "it had stayed, mended by what is round it"),
        *("nobody knows its code", "its line elsewhere", "a short line where it was"),
        *("a short line elsewhere", "removed once more", "still removed", "not removed"),
    ],
)
def test_silence_is_no_proof_that_what_was_taken_back_is_fixed(
    before: Known, then: Change | None, now: Change, line: int | None
) -> None:
    found = back(before, then, now)
    assert [f.line for f in found] == ([line] if line else [])
    assert all(f.standing is Standing.BACK and f.id == before.finding.id for f in found)


def test_what_is_back_says_since_when_and_is_as_proven_as_it_was() -> None:
    (found,) = back(fixed(proven_before=True), ELSEWHERE, orders_change())
    assert found.note == "Marked as fixed in `9d02f7e`; it is there again."
    assert found.is_proven


def test_what_an_analyser_reads_again_without_finding_it_is_not_back() -> None:
    assert not back(fixed(sources=RUFF), ELSEWHERE, orders_change(), cells(Reading.READ))
    assert back(fixed(sources=RUFF), ELSEWHERE, orders_change(), cells(Reading.FAILED))


def test_what_the_verifier_refutes_is_not_back() -> None:
    history = History(head="9d02f7e", known=(fixed(),), previous=ELSEWHERE)
    ruled = {finding().id: Verification(Ruling.REFUTED, "why")}
    assert carry(history, {}, orders_change(), NOBODY, ruled) == Carried((), ())


# --- Other proofs: an analyser read it again, or the verifier cites what fixed it


@pytest.mark.parametrize(
    ("ruling", "is_open"),
    [(Ruling.REFUTED, False), (Ruling.CONFIRMED, True), (Ruling.UNCERTAIN, True), (None, True)],
)
def test_the_verifier_may_cite_what_fixed_it(ruling: Ruling | None, is_open: bool) -> None:
    carried = judged(known(), orders_change(), ruling=ruling)
    assert bool(carried.open) is is_open
    assert bool(carried.fixed) is not is_open


@pytest.mark.parametrize(
    "more",
    [{"severity": Severity.CRITICAL}, {"sources": (static_source(),)}],
    ids=["critical", "an analyser saw it"],
)
def test_s43_what_no_model_may_remove_alone_stays_open(more: dict[str, Any]) -> None:
    """A verifier that obeys the change could cite any line of it."""
    assert judged(known(**more), orders_change(), ruling=Ruling.REFUTED).open


@pytest.mark.parametrize(
    ("sources", "seen", "is_open"),
    [
        (RUFF, cells(Reading.READ), False),
        (RUFF, cells(Reading.READ, Reading.READ), False),
        (RUFF, cells(Reading.READ, Reading.FAILED), True),
        (RUFF, cells(Reading.NOT_APPLICABLE), True),
        (RUFF, cells(), True),
        (RUFF, cells(Reading.READ, engine=CLAUDE), True),
        (RUFF, cells(Reading.READ, path="other.py"), True),
        ((static_source(reviewer="style"),), cells(Reading.READ), True),
        ((*RUFF, finding().sources[0]), cells(Reading.READ), True),
        ((), cells(Reading.READ), True),
        ((replace(static_source(), severity=Severity.MEDIUM),), cells(Reading.READ), True),
    ],
    ids=[
        *("read again", "all hunks", "one hunk failed", "no rule for it", "not read"),
        *("a model read it", "another file", "another reviewer", "a model saw it, too"),
        *("nobody is known to have seen it", "graver than the analyser calls it"),
    ],
)
def test_an_analyser_that_reads_again_and_is_silent_is_proof(
    sources: Sequence[Source], seen: Coverage, is_open: bool
) -> None:
    carried = judged(known(sources=tuple(sources)), orders_change(), seen)
    assert bool(carried.open) is is_open


OTHER_HUNK = Coverage((Cell(HunkRef("api/orders.py", 1), "security", STATIC, 0, Reading.READ),), ())


def test_what_is_wrong_in_one_hunk_may_be_mended_in_another() -> None:
    """An import at the top, say. Analysers read all of a file whose text is known."""
    assert judged(known(sources=RUFF), orders_change(), OTHER_HUNK).fixed


def test_where_only_hunks_are_known_an_analyser_that_read_others_proves_nothing() -> None:
    whole = orders_change()
    parts = replace(whole, files=tuple(replace(f, text=None) for f in whole.files))
    assert judged(known(sources=RUFF), parts, OTHER_HUNK).open
    assert judged(known(sources=RUFF), parts, cells(Reading.READ)).fixed


def test_two_reviewers_whose_analyser_read_it_again_are_as_good_as_one() -> None:
    both = (static_source(), static_source(reviewer="correctness"))
    hunk = HunkRef("api/orders.py", 0)
    seen = tuple(Cell(hunk, r, STATIC, 0, Reading.READ) for r in ("security", "correctness"))
    assert judged(known(sources=both), orders_change(), Coverage(seen, (hunk,))).fixed
