"""What is said of analysers: how many ran, and what they have read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.page import Pages
from bot.outputs.receipt import coverage_sentence
from bot.outputs.review_page import review_page
from bot.outputs.terminal import terminal_lines
from reviewers.core.call import Reading
from reviewers.core.policy import STATIC
from tests.bot.outputs.endings import static
from tests.bot.outputs.samples import SQL
from tests.bot.outputs.stored import job
from tests.bot.outputs.test_table import three_files


@pytest.mark.parametrize(
    ("idle", "summary", "receipt"),
    [(0, "5 analysers ran", "5 analysers read"), (1, "4 of 5 analysers ran", "4 analysers read")],
)
def test_analysers_are_counted_as_in_the_receipt(idle: int, summary: str, receipt: str) -> None:
    """One that has rules for none of the files is listed, and has not run."""
    report = static(SQL)
    looks = tuple(
        replace(
            look,
            analysers=tuple(
                replace(run, files=0) if i < idle else run for i, run in enumerate(look.analysers)
            ),
        )
        for look in report.verdict.looks
    )
    report = replace(report, verdict=replace(report.verdict, looks=looks))
    page = review_page(
        Pages(), job(report), (), "https://github.com", 0.0, root="", form_key="", user=""
    )
    assert f"<summary>{summary}</summary>" in page
    assert page.count(": no file for it, ") == idle
    said = " ".join(" ".join(line.text for line in terminal_lines(report)).split())
    assert receipt in said


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "all 3 files of `4be91c0`."),
        (("a.py",), "all 3 files of `4be91c0`, `a.py` only in its hunks."),
        (
            ("a.py", "b.py"),
            "all 3 files of `4be91c0`, `a.py` and `b.py` only in their hunks.",
        ),
        (("a.py", "b.py", "c.py"), "all 3 files of `4be91c0`, only in their hunks."),
    ],
    ids=len,
)
def test_what_is_known_only_in_part_is_not_said_to_be_read(
    paths: tuple[str, ...], said: str
) -> None:
    """An analyser that needs a whole file has not read it."""
    change = three_files().verdict.change
    report = static(SQL, of=change, files=3)
    ledger = report.verdict.coverage
    cells = tuple(
        replace(c, reading=Reading.NOT_ASKED)
        if c.hunk.path in paths and (c.reviewer, c.engine) == ("style", STATIC)
        else c
        for c in ledger.cells
    )
    verdict = replace(report.verdict, coverage=replace(ledger, cells=cells))
    sentence = coverage_sentence(replace(report, verdict=verdict))
    assert f"5 analysers read {said} 0 calls" in sentence
    assert "Only the hunks" not in sentence
