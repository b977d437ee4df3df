"""What was not read is named, with what a person can do about it (case S63)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.outputs.body import review_body
from bot.outputs.terminal import terminal_lines
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import Reading
from tests.bot.outputs.endings import (
    EVERY_VOTE,
    ONE,
    all_failed,
    broken,
    coverage_of,
    incomplete,
    over,
    paragraphs,
    undelivered,
    verified,
    with_docs,
    without_ruff,
)
from tests.bot.outputs.samples import (
    SQL,
)


def missing(report: Report) -> list[str]:
    """The lines of the list "Not reviewed", and the one that says what to do."""
    body = review_body(report)
    _, _, behind = body.partition("**Not reviewed**\n")
    listed, _, rest = behind.partition("\n\n**Do:** ")
    return [*listed.split("\n"), rest.split("\n")[0]]


TRY_AGAIN = "review these parts by hand, or comment `/triptych review` to try again."

GAPS: dict[str, tuple[Callable[[], Report], list[str]]] = {
    "a vote": (
        lambda: broken({("*", "security", 2): (Reading.CUT_OFF, "")}),
        [
            "- Security, vote 2, all 34 hunks: the answer was cut off. Votes 1 and 3 read "
            "everything.",
            TRY_AGAIN,
        ],
    ),
    "a part, in few files": (
        lambda: broken(
            {("api/auth.py", "security", v): (Reading.REFUSED, "bio") for v in (1, 2, 3)}
        ),
        [
            "- Security, 3 of 34 hunks, in `api/auth.py`: the model refused to answer (3 of 3 "
            "votes). The security analysers ran.",
            TRY_AGAIN,
        ],
    ),
    "a part, in many files": (
        lambda: broken(
            {
                (path, "style", 1): (Reading.TIMED_OUT, "")
                for path in ("api/auth.py", "api/orders.py", "api/cart.py", "README.md")
            }
        ),
        [
            "- Style, 13 of 34 hunks, in 4 files: no answer came in time. The style analysers ran.",
            TRY_AGAIN,
        ],
    ),
    "the only hunk": (
        lambda: all_failed(Reading.FAILED, "the answer broke off", of=ONE),
        [
            "- Security, the only hunk: the answer broke off. The security analysers ran.",
            "- Correctness, the only hunk: the answer broke off. The correctness analysers ran.",
            "- Style, the only hunk: the answer broke off. The style analysers ran.",
            TRY_AGAIN,
        ],
    ),
    "an analyser": (
        without_ruff,
        ["- `api/orders.py`, not analysed: ruff: it crashed.", TRY_AGAIN],
    ),
    "a file that was not delivered": (
        lambda: undelivered(Reading.FAILED, "not delivered by GitHub"),
        ["- `data.sql`, not delivered by GitHub.", TRY_AGAIN],
    ),
    "a file without a reason": (
        lambda: undelivered(Reading.TOO_LARGE, ""),
        ["- `data.sql`, skipped: size.", TRY_AGAIN],
    ),
    "a reviewer of some paths": (
        lambda: incomplete(with_docs(2, 34, docs=Reading.TIMED_OUT)),
        ["- Docs, all 2 hunks of its paths: no answer came in time.", TRY_AGAIN],
    ),
    "a budget of the configuration": (
        lambda: over(2.0, "this review", "budget.review"),
        [
            "- Security, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "- Correctness, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "review these parts by hand, or raise `budget.review` in `.github/triptych.toml` on "
            "`main` and comment `/triptych review`.",
        ],
    ),
    "a budget of the operator": (
        lambda: over(2.0, "this pull request", "TRIPTYCH_MAX_COST_PULL_REQUEST", 1.5),
        [
            "- Security, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "- Correctness, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "review these parts by hand, or raise `TRIPTYCH_MAX_COST_PULL_REQUEST` and comment "
            "`/triptych review`.",
        ],
    ),
    "a budget of the command line": (
        lambda: replace(
            over(0.5, "this run", "--max-cost"), again="run `triptych review` again", commands=False
        ),
        [
            "- Security, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "- Correctness, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "review these parts by hand, or raise `--max-cost` and run `triptych review` again.",
        ],
    ),
}


@pytest.mark.parametrize(("make", "lines"), GAPS.values(), ids=list(GAPS))
def test_s63_what_was_not_read_is_named(make: Callable[[], Report], lines: list[str]) -> None:
    report = make()
    assert missing(report) == lines
    shown = " ".join(" ".join(line.text for line in terminal_lines(report)).split())
    for line in lines[:-1]:
        assert line.replace("`", "") in shown


def test_s63_too_large_for_every_reviewer_and_refused_elsewhere() -> None:
    """As the planner really fills the ledger: nobody was asked about the large file."""
    size = (Reading.TOO_LARGE, "above the limit of 120 kB")
    gaps = {("*", "security", v): (Reading.REFUSED, "") for v in (1, 2, 3)}
    gaps |= {("README.md", who, vote): size for who, vote in EVERY_VOTE}
    report = broken(gaps)
    assert missing(report)[:2] == [
        "- Security, 32 of 34 hunks, in 11 files: the model refused to answer (3 of 3 votes). The "
        "security analysers ran.",
        "- `README.md`, 2 hunks (lines 1 to 45): above the limit of 120 kB, so no model was asked.",
    ]
    rows = [row for row in review_body(report).split("\n") if row.startswith("| ")]
    assert rows[1:] == [
        "| `README.md` | 2 | read | skipped: size | skipped: size | skipped: size |",
        "| 11 other files | 32 | read | refused | read | read, 3 of 3 |",
    ]


def test_a_budget_that_only_stopped_the_verifying_is_not_the_headline() -> None:
    """Something else went unread; the money is named where the verifying is told."""
    limit = Allowance(0.5, "this run", "--max-cost")
    late = verified(Reading.BUDGET, allowance=limit).verdict.looks
    refused = {("*", "style", 1): (Reading.REFUSED, "")}
    report = broken(refused, SQL, looks=late)
    assert paragraphs(report)[0].startswith("**Incomplete: style reviewed nothing.**")
    assert "not verified: the budget of 0.50 USD for this run is reached." in coverage_of(report)
    assert TRY_AGAIN in missing(report)
