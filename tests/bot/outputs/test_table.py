"""The coverage table: who read which file, a word a cell, no cell empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from bot.outputs.body import review_body
from bot.outputs.table import ledger, table
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import Change, Content, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from tests.bot.outputs import samples
from tests.bot.outputs.samples import READERS, sample
from tests.builders import BASE, HEAD, coverage, hunk

Gaps = Mapping[tuple[str, str, int], tuple[Reading, str]]
LOGO = FileDiff("logo.png", FileStatus.ADDED, content=Content.BINARY)


def three_files(gaps: Gaps | None = None, *cells: Cell, files: tuple[FileDiff, ...] = ()) -> Report:
    """`a.py`, `b.py` and `c.py`, 1, 2 and 3 hunks."""
    numbers = {"a.py": 1, "b.py": 2, "c.py": 3}
    diffs = tuple(
        FileDiff(path, FileStatus.MODIFIED, tuple(hunk(9 * i + 1, 9 * i + 2) for i in range(n)))
        for path, n in numbers.items()
    )
    known = coverage(numbers, READERS, gaps)
    return sample(
        change=Change((*diffs, *files), head=HEAD, base=BASE),
        coverage=replace(known, cells=(*known.cells, *cells)),
    )


def rows(report: Report) -> list[str]:
    """Label and cells of each row, in words."""
    return [" | ".join((row.label, *row.cells)) for row in table(report)[1]]


def whole(path: str, reading: Reading, detail: str = "") -> Cell:
    """A cell about a file as a whole."""
    return Cell(HunkRef(path, WHOLE_FILE), "", "", 0, reading, detail)


def static(path: str, index: int, reading: Reading) -> Cell:
    """A cell of the security analysers."""
    return Cell(HunkRef(path, index), "security", STATIC, 0, reading)


REFUSED = {("*", "security", v): (Reading.REFUSED, "") for v in (1, 2, 3)}
ALL_FINE = "read | read, 3 of 3 | read | read, 3 of 3"

CASES: dict[str, tuple[Callable[[], Report], list[str]]] = {
    "all is well": (three_files, [f"3 files | 6 | {ALL_FINE}"]),
    "a file with a gap has its own row": (
        lambda: three_files({("b.py", "style", 1): (Reading.TIMED_OUT, "")}),
        [
            "b.py | 2 | read | read, 3 of 3 | timed out | read, 3 of 3",
            f"2 other files | 4 | {ALL_FINE}",
        ],
    ),
    "a lost vote is a gap": (
        lambda: three_files({("a.py", "security", 2): (Reading.CUT_OFF, "")}),
        [
            "a.py | 1 | read | read, 2 of 3 | read | read, 3 of 3",
            f"2 other files | 5 | {ALL_FINE}",
        ],
    ),
    "a gap that all files share": (
        lambda: three_files(REFUSED),
        ["3 files | 6 | read | refused | read | read, 3 of 3"],
    ),
    "where no file is fine, the commonest share a row": (
        lambda: three_files({**REFUSED, ("c.py", "style", 1): (Reading.TOO_LARGE, "")}),
        [
            "c.py | 3 | read | refused | skipped: size | read, 3 of 3",
            "2 other files | 3 | read | refused | read | read, 3 of 3",
        ],
    ),
    "a file that nobody needs to read": (
        lambda: three_files(None, whole("logo.png", Reading.BINARY, "binary"), files=(LOGO,)),
        [
            "logo.png | 0 | binary | binary | binary | binary",
            f"3 other files | 6 | {ALL_FINE}",
        ],
    ),
    "a file that analysers alone have read": (
        lambda: three_files(
            None,
            whole("x_pb2.py", Reading.GENERATED, "generated"),
            static("x_pb2.py", WHOLE_FILE, Reading.READ),
            files=(FileDiff("x_pb2.py", FileStatus.ADDED),),
        ),
        [
            "x_pb2.py | 0 | read | generated | generated | generated",
            f"3 other files | 6 | {ALL_FINE}",
        ],
    ),
    "a file that the configuration excludes": (
        lambda: three_files(None, whole("x.svg", Reading.NOT_ASKED, "excluded")),
        [
            "x.svg | 0 | not asked | not asked | not asked | not asked",
            f"3 other files | 6 | {ALL_FINE}",
        ],
    ),
    "a file that could not be had": (
        lambda: three_files(None, whole("data.sql", Reading.FAILED)),
        [
            "data.sql | 0 | failed | failed | failed | failed",
            f"3 other files | 6 | {ALL_FINE}",
        ],
    ),
    "an analyser that ran out of time": (
        lambda: three_files(None, static("a.py", 0, Reading.TIMED_OUT)),
        [
            "a.py | 1 | timed out | read, 3 of 3 | read | read, 3 of 3",
            f"2 other files | 5 | {ALL_FINE}",
        ],
    ),
    "a file without a changed line has no row": (
        lambda: three_files(files=(FileDiff("d.py", FileStatus.RENAMED, old_path="e.py"),)),
        [f"3 files | 6 | {ALL_FINE}"],
    ),
}


@pytest.mark.parametrize(("make", "expected"), CASES.values(), ids=list(CASES))
def test_the_rows(make: Callable[[], Report], expected: list[str]) -> None:
    assert rows(make()) == expected


def test_hunks_that_were_read_before_are_not_counted_again() -> None:
    report = three_files()
    known = report.verdict.coverage
    old = HunkRef("c.py", 0)
    left = Coverage(
        tuple(c for c in known.cells if c.hunk != old),
        tuple(h for h in known.hunks if h != old),
        (old,),
    )
    later = replace(report, verdict=replace(report.verdict, coverage=left))
    assert rows(later) == [f"3 files | 5 | {ALL_FINE}"]


@pytest.mark.parametrize("name", ["a", "c", "e", "f", "i"])
def test_the_header_fits_every_row_and_no_cell_is_empty(name: str) -> None:
    header, found = table(getattr(samples, name)())
    assert header[:3] == ("File", "Hunks", "Analysers")
    for row in found:
        assert len(row.cells) + 1 == len(header)
        assert all((row.label, *row.cells))


WORDS = {
    *("read", "refused", "cut off", "timed out", "failed", "skipped: size", "generated"),
    *("binary", "budget", "not asked"),
}


TOLD = [reading for reading in Reading if reading is not Reading.STOPPED]
"""A call that was stopped is in the books alone: its review is over."""


@pytest.mark.parametrize("reading", TOLD)
def test_cells_say_only_what_was_agreed(reading: Reading) -> None:
    report = three_files({("b.py", "style", 1): (reading, "")}, static("a.py", 0, reading))
    said = {word for row in table(report)[1] for word in row.cells[1:]}
    assert {word for word in said if not word.startswith("read, ")} <= WORDS


def test_the_ledger_has_a_row_for_every_hunk() -> None:
    text = ledger(three_files({("b.py", "style", 1): (Reading.TIMED_OUT, "")}), Redaction())
    assert text == [
        "| Hunk | Analysers | Security | Style | Correctness |",
        "|---|---|---|---|---|",
        "| `a.py:1-2` | read | read, 3 of 3 | read | read, 3 of 3 |",
        "| `b.py:1-2` | read | read, 3 of 3 | timed out | read, 3 of 3 |",
        "| `b.py:10-11` | read | read, 3 of 3 | timed out | read, 3 of 3 |",
        "| `c.py:1-2` | read | read, 3 of 3 | read | read, 3 of 3 |",
        "| `c.py:10-11` | read | read, 3 of 3 | read | read, 3 of 3 |",
        "| `c.py:19-20` | read | read, 3 of 3 | read | read, 3 of 3 |",
    ]


def test_the_ledger_of_analysers_alone_has_two_columns() -> None:
    assert ledger(samples.f(), Redaction())[:3] == [
        "| Hunk | Analysers |",
        "|---|---|",
        "| `api/orders.py:1-6` | read |",
    ]


def test_where_nothing_was_planned_there_is_no_ledger() -> None:
    assert ledger(samples.d(), Redaction()) == []


def test_a_table_of_thousands_of_hunks_is_quick() -> None:
    """Each cell is looked at once a column, not once a row: else this would take minutes."""
    many = tuple(hunk(9 * i + 1, 9 * i + 2) for i in range(3000))
    files = (FileDiff("a.py", FileStatus.MODIFIED, many),)
    report = sample(
        change=Change(files, head=HEAD, base=BASE), coverage=coverage({"a.py": 3000}, READERS)
    )
    assert len(ledger(report, Redaction())) == 3002
    assert "| 1 file | 3000 |" in review_body(report)
