"""Which of equal lines is which, from push to push."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from reviewers.core.aggregate.carry import carry
from reviewers.core.aggregate.identify import identify
from reviewers.core.aggregate.passages import MOST_PLACES, Passages
from reviewers.core.change import Change, FileDiff
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Finding, Severity, Side, Standing
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.quotes import Quotes, quote_keys
from tests.builders import change, file_diff, finding

PATH, LINE = "a.py", "    return None"
LOAD = """\
def load(path):
    first = open(path).readline()
    if not first:
    return None
    return int(first)
"""
CHARGE = """\
def charge(card, amount):
    answer = card.charge(amount)
    if answer.status == 500:
    return None
    return answer.receipt
"""
RENAMED = LOAD.replace("path", "name").replace("first", "row")
OTHER = "def other(things):\n    return sorted(things, key=len)\n" * 5


def added(text: str) -> Change:
    return change({PATH: (None, text)})


def at(of: Change, nth: int = 1, **more: Any) -> Finding:
    """A finding on the nth such line, from 1, as it is first anchored."""
    quotes, file = Quotes(of), of.files[0]
    first, last = quotes.in_file(file, Side.RIGHT, quote_keys(LINE))[nth - 1]
    told = finding(PATH, first, quote=LINE, **more)
    return replace(told, around=quotes.passage(file, Side.RIGHT, first, last))


def own(old: Finding, then: Change, now: Change) -> list[int]:
    """The lines that may be its own after a push."""
    return [first for first, _ in Passages(now, Passages(then)).own_places(old)]


@pytest.mark.parametrize(
    ("then", "nth", "now", "lines"),
    [
        (LOAD, 1, LOAD + CHARGE, [4]),
        (LOAD, 1, CHARGE + LOAD, [9]),
        (LOAD + CHARGE, 2, CHARGE + LOAD, [4]),
        (LOAD, 1, RENAMED, [4]),
        (LOAD + CHARGE, 1, RENAMED + CHARGE, [4]),
        (LOAD + CHARGE, 2, RENAMED + CHARGE, [9]),
        (LOAD + CHARGE, 1, OTHER + CHARGE, []),
        (LOAD + CHARGE, 1, CHARGE, []),
        (LOAD + OTHER + LOAD, 1, LOAD + OTHER + LOAD, [4]),
        (LOAD, 1, LOAD + OTHER + LOAD, [4, 19]),
        (LOAD, 1, OTHER + RENAMED + RENAMED, [14, 19]),
    ],
    ids=[
        *("another below", "another above", "they change places", "all round it has changed"),
        *("round it, beside another", "round another", "mended and replaced", "mended"),
        *("written twice, in order", "pasted: nobody can tell", "two that nobody knows"),
    ],
)
def test_where_it_stands_after_a_push(then: str, nth: int, now: str, lines: list[int]) -> None:
    assert own(at(added(then), nth), added(then), added(now)) == lines


def test_what_is_in_no_hunk_stood_there_before() -> None:
    """GitHub shows the hunks of the earlier head alone: an equal line far from them is not new."""
    base = CHARGE + OTHER
    then = change({PATH: (base, base + LOAD)})
    hunks_only = replace(then, files=tuple(replace(f, text=None) for f in then.files))
    mended = change({PATH: (base, base + LOAD.replace("None", "0"))})
    assert own(at(then, 2), hunks_only, mended) == []
    assert own(at(then, 2), hunks_only, then) == [19]


def test_without_the_earlier_change_it_stands_where_most_of_its_neighbours_do() -> None:
    old, now = at(added(LOAD)), Passages(added(CHARGE + LOAD))
    assert now.own_places(old) == ((9, 9),)
    assert now.own_places(replace(old, around=frozenset())) == ((4, 4), (9, 9))


def test_of_very_many_nobody_can_tell() -> None:
    text = "".join(f"def name_{n}():\n{LINE}\n" for n in range(MOST_PLACES + 1))
    old = at(added(text), 7)
    assert Passages(added(text)).known_places(old) is None
    assert len(own(old, added(text), added(text))) == MOST_PLACES + 1


@pytest.mark.parametrize(
    ("then", "now", "nth", "standing"),
    [
        (LOAD, LOAD + CHARGE, 2, Standing.NEW),
        (LOAD, LOAD + CHARGE, 1, Standing.LATE),
        (LOAD, RENAMED, 1, Standing.NEW),
        (LOAD, CHARGE, 1, Standing.NEW),
        (LOAD, RENAMED.replace("row)", "row) or 0").replace("name", "path"), 1, Standing.LATE),
        (LOAD + CHARGE, LOAD + CHARGE + OTHER, 2, Standing.LATE),
    ],
    ids=[
        *("written now", "there before", "all round it is new", "replaced"),
        *("not all round it is new", "two as before"),
    ],
)
def test_what_this_push_wrote_is_new(then: str, now: str, nth: int, standing: Standing) -> None:
    history = History(head="4be91c0", previous=added(then))
    (told,) = identify([at(added(now), nth)], history, added(now)).findings
    assert told.standing is standing


def test_where_several_places_may_be_meant_it_stays_as_grave() -> None:
    old = at(added(LOAD), severity=Severity.HIGH, id="0123456789ab")
    twice = added(LOAD + OTHER + LOAD)
    history = History(head="4be91c0", previous=added(LOAD), known=(Known(old, State.OPEN),))
    news = [at(twice, nth, severity=Severity.LOW, id="f" * 12) for nth in (1, 2)]
    for new in news:
        (told,) = identify([new], history, twice).findings
        assert (told.id, told.severity) == (old.id, Severity.HIGH)


def block(r: random.Random) -> list[str]:
    name = r.randrange(1000)
    rows = [
        f"def f{name}(path):",
        f"    handle = open_{r.randrange(30)}(path)",
        "    if not handle:",
    ]
    return [
        *rows,
        LINE,
        *r.choice(([f"    return read_{name}(handle)"], ["    return handle"])),
        "",
    ]


def pushed(r: random.Random, rows: list[str], mark: str) -> list[str]:
    """Rows after a push that leaves one line, which `mark` ends, as it is."""
    rows = list(rows)
    ends = [i + 1 for i, row in enumerate(rows) if not row]
    match r.randrange(4):
        case 0:
            place = r.choice([0, *ends])
            rows[place:place] = block(r)
        case 1:
            a, b = r.sample(("path", "where", "source"), 2)
            rows = [row.replace(a, b) for row in rows]
        case 2:
            start, end = r.choice(list(zip([0, *ends], ends, strict=False)))
            if not any(row.endswith(mark) for row in rows[start:end]):
                del rows[start:end]
        case _:
            place = r.randrange(len(rows))
            if rows[place] and LINE not in rows[place]:
                rows[place] += f"  # {r.randrange(99)}"
    return rows


@pytest.mark.parametrize("seed", range(60))
def test_what_stands_there_still_is_not_called_fixed(seed: int) -> None:
    """Whatever is written, renamed, deleted round it, push after push, without a word of a model."""
    r, mark = random.Random(seed), " #"
    rows = [row for _ in range(r.randint(1, 4)) for row in block(r)]
    which = r.choice([i for i, row in enumerate(rows) if row == LINE])
    rows[which] += mark

    def shown() -> FileDiff:
        return file_diff(PATH, None, "\n".join(row.removesuffix(mark) for row in rows) + "\n")

    def line() -> int:
        return next(i for i, row in enumerate(rows, 1) if row.endswith(mark))

    then = Change((shown(),), head="0" * 40)
    nth = sum(row.startswith(LINE) for row in rows[: line()])
    known = at(then, nth)
    for push in range(4):
        for _ in range(r.randint(1, 2)):
            rows = pushed(r, rows, mark)
        now = Change((shown(),), head=f"{push + 1}" * 40)
        carried = carry(
            History(head=then.head, previous=then, known=(Known(known, State.OPEN),)),
            {},
            now,
            Coverage((), ()),
            {},
        )
        (known,) = carried.open
        if known.line != line():  # GitHub's comment knows its line.
            known = at(now, sum(row.startswith(LINE) for row in rows[: line()]))
        then = now


def test_a_dismissal_holds_while_its_neighbours_change() -> None:
    dismissal = Dismissal("mlee", "2026-11-20", "why")
    texts = [LOAD, LOAD.replace("first", "row"), RENAMED, f"import os\n\n{RENAMED}"]
    old = at(added(LOAD), id="0123456789ab")
    for then, now in pairwise(texts):
        known = Known(old, State.DISMISSED, dismissal)
        history = History(head="4be91c0", previous=added(then), known=(known,))
        (told,) = identify([at(added(now), id="f" * 12)], history, added(now)).findings
        assert told.id == old.id
