"""The parts of a body that the samples do not show: odd lines, later pushes, notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.body import delta_body, review_body
from bot.outputs.terminal import terminal_lines
from reviewers.core.finding import Ballot, Finding, Location, Side, Standing
from reviewers.core.history import Known
from tests.bot.outputs.endings import (
    FIXED,
    OPEN,
    coverage_of,
    paragraphs,
)
from tests.bot.outputs.samples import (
    FULL_REVIEW,
    RETRY,
    SETTING,
    SQL,
    UNKNOWN_ORDER,
    sample,
    second_push,
)
from tests.builders import BASE


@pytest.mark.parametrize(
    ("found", "line"),
    [
        pytest.param(
            replace(SQL, location=Location("api/orders.py", 42, 42, Side.LEFT)),
            "1. **Critical: Request data becomes SQL text (removed here).** "
            f"[`api/orders.py:42`](https://github.com/acme/shop/blob/{BASE}/api/orders.py#L42), "
            "2 of 3 votes, 1 disagrees.",
            id="a removed line is linked at the base",
        ),
        pytest.param(
            replace(SETTING, fix=""),
            "1. **Medium: The new setting is missing from the example file.** "
            "`deploy/example.env`, 2 of 3 votes, not on a changed line. `SHOP_PAGE_SIZE` has no "
            "default, so a server set up from the example file stops at start.",
            id="not placed, without a fix",
        ),
        pytest.param(
            replace(SETTING, body=""),
            "1. **Medium: The new setting is missing from the example file.** "
            "`deploy/example.env`, 2 of 3 votes, not on a changed line. **Fix:** add "
            "`SHOP_PAGE_SIZE=50` to the example file.",
            id="not placed, without a why",
        ),
        pytest.param(
            replace(SETTING, votes=(), sources=(), title="It ends.  ."),
            "1. **Medium: It ends.** `deploy/example.env`, not on a changed line. "
            "`SHOP_PAGE_SIZE` has no default, so a server set up from the example file stops at "
            "start. **Fix:** add `SHOP_PAGE_SIZE=50` to the example file.",
            id="known from an earlier review",
        ),
        pytest.param(
            replace(SETTING, title=" . ", body="x", fix="y…", votes=()),
            "1. **Medium: correctness/missing-value.** `deploy/example.env`, not on a changed "
            "line. x **Fix:** y…",
            id="without a title",
        ),
    ],
)
def test_a_line_of_the_list(found: Finding, line: str) -> None:
    assert paragraphs(sample(found))[1] == line


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        ((Ballot("security", (1,), 3, 3),), "1 of 3 votes"),
        ((Ballot("security", (1,), 1, 3),), "1 of 1 vote (3 planned)"),
        (
            (Ballot("security", (1, 2), 3, 3), Ballot("correctness", (1,), 3, 3)),
            "security 2 of 3 votes, correctness 1 of 3",
        ),
        (
            (Ballot("style", (1,), 1, 1), Ballot("correctness", (1,), 2, 3)),
            "style 1 of 1 vote, correctness 1 of 2 (3 planned)",
        ),
    ],
)
def test_votes_are_told_as_counts(votes: tuple[Ballot, ...], said: str) -> None:
    line = paragraphs(sample(replace(UNKNOWN_ORDER, votes=votes, suggestion=None)))[1]
    assert line.endswith(f"#L61), {said}.")


# --- the short review of a later push


@pytest.mark.parametrize(
    ("findings", "fixed", "text"),
    [
        pytest.param(
            (RETRY,),
            (),
            "**1 new finding: 1 high.** The retry loop never ends (`jobs/export.py:88`). Everything "
            "is in the [full review]({}).",
            id="nothing else",
        ),
        pytest.param(
            (RETRY, UNKNOWN_ORDER),
            FIXED,
            "**2 new findings: 2 high.** Worst: The retry loop never ends (`jobs/export.py:88`). "
            "1 earlier one is fixed: [full review]({}).",
            id="two, one fixed",
        ),
        pytest.param(
            (RETRY, OPEN, replace(SETTING, standing=Standing.OPEN)),
            (),
            "**1 new finding: 1 high.** The retry loop never ends (`jobs/export.py:88`). 2 are "
            "open: [full review]({}).",
            id="two open",
        ),
        pytest.param(
            (replace(RETRY, standing=Standing.BACK),),
            (),
            "**1 finding back: 1 high.** The retry loop never ends (`jobs/export.py:88`). "
            "Everything is in the [full review]({}).",
            id="back",
        ),
        pytest.param(
            (RETRY, replace(UNKNOWN_ORDER, standing=Standing.BACK)),
            (),
            "**2 findings, 1 of them back: 2 high.** Worst: The retry loop never ends "
            "(`jobs/export.py:88`). Everything is in the [full review]({}).",
            id="one back",
        ),
    ],
)
def test_the_short_review_counts_what_is_new(
    findings: tuple[Finding, ...], fixed: tuple[Known, ...], text: str
) -> None:
    report = second_push(*findings, fixed=fixed)
    assert delta_body(report, FULL_REVIEW).split("\n\n")[0] == text.format(FULL_REVIEW)


def test_the_short_review_tells_in_full_what_has_no_thread() -> None:
    body = delta_body(second_push(RETRY, SETTING), FULL_REVIEW)
    assert body.split("\n\n")[1].startswith(
        "- **Medium, new: The new setting is missing from the example file.** "
        "`deploy/example.env`, 2 of 3 votes, not on a changed line."
    )


# --- notes


def test_notes_stand_behind_who_read_what() -> None:
    report = replace(sample(SQL), notes=("The configuration is not used. `x` is no setting.",))
    note = "Note: The configuration is not used. `x` is no setting."
    assert paragraphs(report).index(note) == paragraphs(report).index(coverage_of(report)) + 1
    assert note.replace("`", "") in [line.text for line in terminal_lines(report)]


def test_nobody_is_told_how_to_answer_where_nobody_listens() -> None:
    """No server of ours hears a comment; and without a finding there is nothing to answer."""
    assert "how to answer" in review_body(sample(SQL))
    assert "/triptych" not in review_body(replace(sample(SQL), commands=False))
    assert "how to answer" not in review_body(sample())


def test_a_configuration_is_named_by_the_commit_it_was_read_at() -> None:
    report = sample(SQL)
    assert "Configuration `9f3ad2c1` from `main` at `c07d11e`." in review_body(report)
    bare = replace(report, subject=replace(report.subject, config=None))
    assert "Configuration `9f3ad2c1`, all defaults." in review_body(bare)
    odd = replace(report, subject=replace(report.subject, base_ref="a`@user"))
    assert "from ``a`@user`` at `c07d11e`." in review_body(odd)
