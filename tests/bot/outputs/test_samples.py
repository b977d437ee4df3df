"""Every text of a review, whole: the samples that the wording was designed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.outputs.body import delta_body, review_body
from bot.outputs.checkrun import check_run, job_summary
from bot.outputs.inline import dismissed_comment, fixed_comment, inline_comments
from bot.outputs.terminal import terminal_lines
from bot.report import Report
from reviewers.core.history import Known, State
from tests.bot.outputs import samples
from tests.bot.outputs.golden import GOLDEN, assert_golden, golden
from tests.bot.outputs.markup import plain_text
from tests.bot.outputs.samples import DISMISSED, FULL_REVIEW, PUSHED, SQL

READ_ONLY = "Not posted to the pull request: this token may only read."


def inline(report: Report, index: int) -> str:
    """One of a report's inline comments."""
    return inline_comments(report)[index].body


def part(text: str, first: str, last: str) -> str:
    """The lines from the one that begins with `first` to the next that begins with `last`."""
    rows = text.split("\n")
    start = next(i for i, row in enumerate(rows) if row.startswith(first))
    end = next(i for i in range(start, len(rows)) if rows[i].startswith(last))
    return "\n".join(rows[start : end + 1])


def on_terminal(report: Report, *, everything: bool = False) -> str:
    """What a terminal shows, without colours."""
    return "\n".join(line.text for line in terminal_lines(report, everything=everything))


TEXTS: dict[str, Callable[[], str]] = {
    "a.body.md": lambda: review_body(samples.a()),
    "a.coverage.md": lambda: part(
        review_body(samples.a()), "<details><summary>Coverage", "</details>"
    ),
    "b.body.md": lambda: review_body(samples.b()),
    "c.body.md": lambda: review_body(samples.c()),
    "c.rows.md": lambda: part(review_body(samples.c()), "| `migrations/", "| 11 other files"),
    "d.body.md": lambda: review_body(samples.d()),
    "e.body.md": lambda: review_body(samples.e()),
    "e.delta.md": lambda: delta_body(samples.e(), FULL_REVIEW),
    "e.fixed.md": lambda: fixed_comment(Known(SQL, State.OPEN), PUSHED),
    "f.body.md": lambda: review_body(samples.f()),
    "g.body.md": lambda: review_body(samples.g()),
    "h.body.md": lambda: review_body(samples.h()),
    "i.body.md": lambda: review_body(samples.i()),
    "a.inline.1.md": lambda: inline(samples.a(), 0),
    "a.inline.2.md": lambda: inline(samples.a(), 1),
    "h.inline.md": lambda: dismissed_comment(DISMISSED),
    "a.check.md": lambda: check_run(samples.a()).text,
    "c.check.md": lambda: check_run(samples.c()).text,
    "a.job.md": lambda: job_summary(samples.a(), notice=READ_ONLY),
    "a.terminal.txt": lambda: on_terminal(samples.a()),
    "a.terminal.all.txt": lambda: on_terminal(samples.a(), everything=True),
    "c.terminal.txt": lambda: on_terminal(samples.c()),
    "e.terminal.all.txt": lambda: on_terminal(samples.e(), everything=True),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_that_of_the_golden_file(name: str) -> None:
    assert_golden(name, TEXTS[name]())


def test_no_golden_file_is_unused() -> None:
    """Each is named in a test module."""
    tests = Path(__file__).parents[2]
    code = "".join(p.read_text(encoding="utf-8") for p in tests.rglob("*.py"))
    unused = [p.name for p in GOLDEN.iterdir() if f'"{p.name}"' not in code]
    assert unused == []


FIRST_120 = {
    "a.body.md": "3 findings: 1 critical, 1 high, 1 medium. Worst: Request data becomes SQL text "
    "(api/orders.py:42). Critical: Request dat",
    "b.body.md": "No findings. Security (3 votes), style (1) and correctness (3) read all 34 hunks "
    "of 4be91c0; 5 analysers ran. 7 calls, 4",
    "c.body.md": "Incomplete: security reviewed nothing, and no model read 2 of 34 hunks. In the "
    "rest, 1 finding: 1 high. Not reviewed Sec",
    "d.body.md": "Failed: this change was not reviewed. GitHub did not deliver the diff of 4be91c0 "
    "(status 502, 5 attempts in 12 minutes).",
    "e.delta.md": "1 new finding: 1 high. The retry loop never ends (jobs/export.py:88). 2 earlier "
    "ones are fixed, 1 is open: full review.",
    "a.inline.1.md": "Critical: Request data becomes SQL text. 2 of 3 security votes and ruff "
    "S608; 1 vote disagrees. order_by goes from the q",
}
"""What mail and phone show after GitHub's own words."""


@pytest.mark.parametrize("name", FIRST_120)
def test_the_first_120_characters_say_it(name: str) -> None:
    assert plain_text(golden(name))[:120] == FIRST_120[name]
    assert len(FIRST_120[name]) <= 120


@pytest.mark.parametrize("name", [n for n in TEXTS if n.endswith(".md")])
def test_words_that_are_never_written(name: str) -> None:
    """No doubt in adverbs, no praise, nobody is thanked or spoken to, no figure of sureness."""
    words = set(plain_text(golden(name)).lower().replace(",", " ").replace(".", " ").split())
    banned = {"may", "could", "consider", "potential", "maybe", "please", "thanks", "great", "i"}
    quoted = {"may"}  # "Anyone who may call": a person's permission, no doubt
    assert not words & (banned - quoted)
    assert "!" not in plain_text(golden(name))
