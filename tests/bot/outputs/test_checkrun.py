"""The check run and the job summary: conclusions, titles, and the texts that have room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.body import review_body
from bot.outputs.checkrun import (
    BUTTON,
    NAME,
    TEXT_CHARS,
    TITLE_CHARS,
    UNSEALED,
    CheckRun,
    adopted_check,
    check_run,
    check_title,
    conclusion,
    job_summary,
    running_title,
    skipped,
    whole_title,
)
from bot.outputs.left_out import HIDDEN
from bot.outputs.marker import Marker, read_marker, write_marker
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import Content, FileDiff, FileStatus
from reviewers.core.finding import Ruling, Severity, Standing, Verification
from reviewers.core.verdict import Outcome
from tests.bot.outputs import samples
from tests.bot.outputs.endings import (
    GENERATED,
    LINKS,
    LOCK,
    LOW,
    VENDORED,
    beside,
    cells_of,
    nothing_to_read,
    static,
)
from tests.bot.outputs.keys import KEY_ROWS, replaces_a_key
from tests.bot.outputs.samples import RETRY, ROUNDING, SETTING, SHELL, SQL, UNKNOWN_ORDER, sample
from tests.builders import change, policy

CONFIRMED = Verification(Ruling.CONFIRMED, "it is so")
VERIFIED = replace(UNKNOWN_ORDER, verification=CONFIRMED)
DOUBTED = replace(UNKNOWN_ORDER, verification=Verification(Ruling.UNCERTAIN, "perhaps"))
LATE = replace(ROUNDING, verification=CONFIRMED)


@pytest.mark.parametrize(
    ("make", "title"),
    [
        (samples.a, "3 findings: 1 critical, 1 high, 1 medium"),
        (samples.b, "No findings: 3 reviewers read all 34 hunks"),
        (samples.c, "Incomplete: security read 0 of 34 hunks; 1 high"),
        (samples.d, "Failed: not reviewed, GitHub did not deliver the diff"),
        (samples.e, "2 open: 1 high (new), 1 medium; 2 fixed"),
        (samples.f, "Static analysis only: 1 high, 1 medium"),
        (samples.g, "60 findings: 2 critical, 9 high, 21 medium, 28 low"),
        (samples.h, "1 open: 1 high"),
        (samples.i, "Incomplete: budget of 2.00 USD reached; 1 high"),
        (lambda: sample(LOW, LOW, LOW, LOW), "No findings of medium or higher; 4 low"),
    ],
    ids=[*"abcdefghi", "only low"],
)
def test_the_title_holds_outcome_and_counts(make: Callable[[], Report], title: str) -> None:
    assert check_title(make()) == title


def test_while_it_runs_and_where_nothing_runs() -> None:
    assert NAME == "Triptych"
    assert len(BUTTON) <= 20
    assert running_title(34, 3) == "Reading 34 hunks with 3 reviewers"
    assert running_title(1, 1) == "Reading 1 hunk with 1 reviewer"
    draft = skipped("draft pull request")
    assert (draft.conclusion, draft.title) == ("skipped", "Skipped: draft pull request")
    overtaken = skipped("a newer commit is being reviewed")
    assert overtaken.title == "Skipped: a newer commit is being reviewed"


@pytest.mark.parametrize(
    "problem",
    [
        "GitHub did not deliver the diff of `4be91c0` (status 502, 5 attempts in 12 minutes).",
        "The pull request is gone (status 404).",
        "x" * 300,
        "A line\nand another. " * 20,
    ],
)
def test_a_title_is_one_short_plain_line(problem: str) -> None:
    report = samples.d()
    report = replace(report, verdict=replace(report.verdict, problem=problem))
    title = check_title(report)
    assert title.startswith("Failed: not reviewed, ")
    assert len(title) <= TITLE_CHARS
    assert "`" not in title
    assert "\n" not in title


def test_what_is_too_long_for_a_list_of_checks_is_whole_elsewhere() -> None:
    report = samples.d()
    why = "GitHub did not deliver the diff of one of the three hundred files that were changed here"
    report = replace(report, verdict=replace(report.verdict, problem=f"{why}."))
    assert whole_title(report) == f"Failed: not reviewed, {why}"
    assert check_title(report).endswith("…")
    assert whole_title(samples.a()) == check_title(samples.a())


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(Severity), max_size=40),
    st.sampled_from(Outcome),
    st.booleans(),
)
def test_no_title_is_too_long(severities: list[Severity], outcome: Outcome, is_later: bool) -> None:
    findings = [replace(SQL, severity=s) for s in sorted(severities, reverse=True)]
    make = samples.second_push if is_later else sample
    report = make(*findings, outcome=outcome)
    assert 0 < len(check_title(report)) <= TITLE_CHARS


CONCLUSIONS: dict[str, tuple[Report, str, str]] = {
    "clean": (samples.b(), "success", "success"),
    "a finding of a model alone": (sample(UNKNOWN_ORDER), "neutral", "neutral"),
    "a doubted finding": (sample(DOUBTED), "neutral", "neutral"),
    "a verified finding": (sample(VERIFIED), "neutral", "failure"),
    "an analyser's finding": (sample(SHELL), "neutral", "failure"),
    "a model's that an analyser saw too": (sample(SQL), "neutral", "failure"),
    "a verified one below the gate": (
        sample(replace(SETTING, verification=CONFIRMED)),
        "neutral",
        "neutral",
    ),
    "a late one": (samples.second_push(LATE), "neutral", "neutral"),
    "a late high one": (
        samples.second_push(replace(VERIFIED, standing=Standing.LATE)),
        "neutral",
        "failure",
    ),
    "only low": (sample(LOW), "neutral", "neutral"),
    "incomplete": (samples.c(), "neutral", "failure"),
    "failed": (samples.d(), "neutral", "failure"),
    "static, clean": (static(), "success", "success"),
    "static, finding": (samples.f(), "neutral", "failure"),
}


@pytest.mark.parametrize(
    ("report", "without", "gated"), CONCLUSIONS.values(), ids=list(CONCLUSIONS)
)
def test_it_is_red_only_where_a_gate_was_asked_for(
    report: Report, without: str, gated: str
) -> None:
    assert conclusion(report, None) == without
    assert conclusion(report, Severity.HIGH) == gated


SCRIPT = FileDiff("run.ps1", FileStatus.ADDED, content=Content.BINARY, missing="binary")
BUMPED = FileDiff("lib", FileStatus.MODIFIED, content=Content.SUBMODULE)
OLD = replace(GENERATED, status=FileStatus.MODIFIED)
LISTED = policy(exclude=("*.generated.py",))


@pytest.mark.parametrize(
    ("report", "without", "gated"),
    [
        (beside(GENERATED), "success", "neutral"),
        (beside(SCRIPT), "success", "neutral"),
        (beside(LINKS[0], LOCK), "success", "neutral"),
        (beside(BUMPED), "success", "neutral"),
        (nothing_to_read(*cells_of(GENERATED), files=(GENERATED,)), "success", "neutral"),
        (beside(GENERATED, findings=(VERIFIED,)), "neutral", "failure"),
        (beside(GENERATED, outcome=Outcome.INCOMPLETE), "neutral", "failure"),
        (beside(OLD, LOCK, *VENDORED), "success", "success"),
        (beside(GENERATED, policy=LISTED), "success", "success"),
    ],
    ids=[
        *("by name", "as binary", "a link", "a moved submodule", "nothing else"),
        *("beside a proven finding",),
        *("incomplete", "known to the base branch", "listed there"),
    ],
)
def test_with_a_gate_nothing_is_a_success_that_brings_what_nobody_reads(
    report: Report, without: str, gated: str
) -> None:
    """A pull request chooses the names of its files."""
    assert conclusion(report, None) == without
    assert conclusion(report, Severity.HIGH) == gated
    todo = "so this check is no success" in check_run(report, Severity.HIGH).summary
    assert todo is (gated == "neutral")
    assert "is no success" not in check_run(report, None).summary


def test_what_to_do_about_what_nobody_reads_comes_behind_the_headline() -> None:
    summary = check_run(beside(GENERATED), Severity.HIGH).summary.split("\n\n")
    assert summary[0].startswith("**No findings in 1 of 2 files: 1 left out as generated.**")
    assert summary[1] == (
        "**Do:** review `app/util.generated.py` by hand, or list it under `exclude` in "
        "`.github/triptych.toml` on `main`. It is new and left out, so this check is no success."
    )
    summary = check_run(beside(BUMPED), Severity.HIGH).summary.split("\n\n")
    assert summary[1].endswith("It is left out, so this check is no success.")
    many = [replace(f, status=FileStatus.ADDED) for f in VENDORED]
    summary = check_run(beside(*many), Severity.HIGH).summary.split("\n\n")
    assert summary[1] == (
        "**Do:** review `vendor/00.go`, `vendor/01.go`, `vendor/02.go` and 23 more files by hand, "
        "or list them under `exclude` in `.github/triptych.toml` on `main`. They are new and left "
        "out, so this check is no success."
    )


@pytest.mark.parametrize(
    ("gate", "hidden", "told"),
    [(None, True, "success"), (Severity.HIGH, False, "success"), (Severity.HIGH, True, "neutral")],
)
def test_an_adopted_review_passes_no_more_than_it_did(
    gate: Severity | None, hidden: bool, told: str
) -> None:
    body = review_body(beside(GENERATED))
    marker = read_marker(body)
    assert marker is not None
    run = adopted_check(body, marker, None, gate, sealed=True, hidden=hidden)
    assert (run.conclusion, run.title) == (
        told,
        "No findings in 1 of 2 files: 1 left out as generated",
    )
    assert run.text == ""
    assert ("so this check is no success" in run.summary) is (told == "neutral")


CLEAN, FINDINGS, INCOMPLETE, FAILED = Outcome
HIGH, CRITICAL = Severity.HIGH, Severity.CRITICAL


@pytest.mark.parametrize(
    ("outcome", "gate", "worst", "hidden", "sealed", "unsealed"),
    [
        (CLEAN, None, None, False, "success", "neutral"),
        (CLEAN, None, None, True, "success", "neutral"),
        (CLEAN, HIGH, None, False, "success", "failure"),
        (CLEAN, HIGH, None, True, "neutral", "failure"),
        (FINDINGS, None, CRITICAL, False, "neutral", "neutral"),
        (FINDINGS, HIGH, None, False, "neutral", "failure"),
        (FINDINGS, HIGH, Severity.MEDIUM, False, "neutral", "failure"),
        (FINDINGS, HIGH, HIGH, False, "failure", "failure"),
        (FINDINGS, HIGH, CRITICAL, True, "failure", "failure"),
        (INCOMPLETE, None, None, False, "neutral", "neutral"),
        (INCOMPLETE, HIGH, None, False, "failure", "failure"),
        (FAILED, None, None, False, "neutral", "neutral"),
        (FAILED, HIGH, None, True, "failure", "failure"),
    ],
)
def test_what_an_adopted_review_comes_to(
    outcome: Outcome,
    gate: Severity | None,
    worst: Severity | None,
    hidden: bool,
    sealed: str,
    unsealed: str,
) -> None:
    """Where nobody knows whether it was changed, it turns nothing green and passes no gate."""
    marker = Marker("01JD8Q7N", "4be91c0", "9f3ad2c1", outcome.value)
    said = "**2 findings: 1 high (`a.py`).** It is so."
    body = f"{said}\n\n{write_marker(marker)}"
    ours = adopted_check(body, marker, worst, gate, sealed=True, hidden=hidden)
    is_mended = outcome is CLEAN and hidden and gate is not None
    summary = f"{said}\n\n{HIDDEN}" if is_mended else said
    assert ours == CheckRun(sealed, "2 findings: 1 high", summary, "")
    other = adopted_check(body, marker, worst, gate, sealed=False, hidden=hidden)
    if gate is None:
        assert other == CheckRun(unsealed, "2 findings: 1 high", said, "")
    else:
        title = "Not confirmed: 2 findings: 1 high"
        assert other == CheckRun(unsealed, title, f"{UNSEALED}\n\n{said}", "")


@pytest.mark.parametrize(
    ("said", "known", "title"),
    [
        ("**1 finding: 1 low.** So.", "", "1 finding: 1 low"),
        ("**1 finding: 1 low.** So.", "2 open: 2 high", "2 open: 2 high"),
        ("Somebody has edited this.", "", "findings"),
        ("**" + "x" * 300 + "**", "", "x" * (TITLE_CHARS - 1) + "…"),
    ],
    ids=["its own words", "what its check run said", "no words", "too many"],
)
def test_how_an_adopted_review_is_called(said: str, known: str, title: str) -> None:
    marker = Marker("01JD8Q7N", "4be91c0", "9f3ad2c1", FINDINGS.value)
    body = f"{said}\n\n{write_marker(marker)}"
    assert adopted_check(body, marker, None, None, sealed=True, title=known).title == title


def test_an_adopted_review_that_somebody_has_made_long_is_cut() -> None:
    marker = Marker("01JD8Q7N", "4be91c0", "9f3ad2c1", FINDINGS.value)
    body = f"{'x' * 2 * TEXT_CHARS}\n\n{write_marker(marker)}"
    run = adopted_check(body, marker, None, HIGH, sealed=False)
    assert run.summary.startswith(UNSEALED)
    assert len(run.summary) == TEXT_CHARS


def test_of_two_reviewers_that_read_nothing_the_title_counts_the_hunks_of_the_one_with_more() -> (
    None
):
    report = samples.c()
    refused = (Reading.REFUSED, "")
    gaps = {
        ("*", name, vote): refused for name in ("security", "correctness") for vote in (1, 2, 3)
    }
    ledger = samples.ledger_of(report.verdict.change, gaps)
    few = {c.hunk for c in ledger.cells[:9]}
    cells = tuple(c for c in ledger.cells if c.reviewer != "security" or c.hunk in few)
    of = replace(report.verdict, findings=(), coverage=replace(ledger, cells=cells))
    assert check_title(replace(report, verdict=of)) == (
        "Incomplete: security and correctness read 0 of 34 hunks"
    )


def test_a_ledger_of_many_short_rows_fits_and_says_how_many_it_leaves_out() -> None:
    """What stands between the rows counts, too; GitHub refuses a text that is too long."""
    of = change({f"{n}.py": (None, "x = 1\n") for n in range(2000)})
    text = check_run(sample(change=of)).text
    assert TEXT_CHARS - 400 < len(text) <= TEXT_CHARS
    rows, _, left = text.partition("#### Coverage, hunk by hunk\n\n")[2].partition("\n\n")
    shown = rows.split("\n")[2:]
    assert all(row.startswith("| `") for row in shown)
    assert left == f"{2000 - len(shown)} more rows, left out for length."


def test_a_gate_below_what_is_listed_still_holds() -> None:
    """`gate = "low"` with `min_severity = "medium"`: a proven low finding turns it red."""
    proven = replace(LOW, verification=CONFIRMED)
    assert conclusion(sample(proven), Severity.LOW) == "failure"
    assert conclusion(sample(proven), Severity.MEDIUM) == "neutral"


def test_the_summary_is_the_body_without_its_marker() -> None:
    run = check_run(samples.a())
    assert run.summary.startswith("**3 findings: 1 critical, 1 high, 1 medium.**")
    assert "<!--" not in run.summary
    assert run.summary.endswith("</details>")


def test_the_text_has_every_finding_in_full() -> None:
    text = check_run(samples.second_push(RETRY, ROUNDING, LOW)).text
    assert "#### 1. [`jobs/export.py:88`]" in text
    assert "#### 2. [`api/cart.py:19`]" in text.replace(" (late)", "")
    assert "(late)\n" in text
    assert "**Low: A word has two spellings.**" in text
    assert "`attempt` is set to 0 inside the loop." in text


def test_the_text_tells_what_became_of_earlier_ones() -> None:
    text = check_run(samples.e()).text
    assert "- **Critical: Request data becomes SQL text.** `api/orders.py:42`, fixed." in text
    text = check_run(samples.h()).text
    assert "- **Critical: Request data becomes SQL text.** `api/orders.py:42`, dismissed." in text


def test_the_ledger_tells_what_was_read_before() -> None:
    text = check_run(samples.e()).text
    assert "| `api/auth.py:1-6` | read before | read before | read before | read before |" in text
    assert "| `jobs/export.py:85-90` | read | read, 3 of 3 | read | read, 3 of 3 |" in text


def test_the_ledger_has_files_that_could_not_be_had() -> None:
    report = samples.a()
    ledger = report.verdict.coverage
    whole = replace(ledger, cells=(*ledger.cells, samples.undelivered("data.sql")))
    text = check_run(replace(report, verdict=replace(report.verdict, coverage=whole))).text
    assert text.endswith("| `data.sql` | failed | failed | failed | failed |")


def test_a_finding_that_was_not_placed_says_so_here_too() -> None:
    text = check_run(sample(SETTING)).text
    assert "2 of 3 correctness votes; not on a changed line." in text


def test_the_job_summary_begins_with_the_title_and_says_what_was_not_posted() -> None:
    rows = job_summary(samples.a(), notice="Not posted.").split("\n\n")
    assert rows[0] == "### Triptych: 3 findings: 1 critical, 1 high, 1 medium"
    assert rows[1] == "Not posted."
    assert rows[2].startswith("**3 findings:")
    assert job_summary(samples.a()).split("\n\n")[1].startswith("**3 findings:")


def test_the_job_summary_has_each_listed_finding() -> None:
    text = job_summary(sample(SQL, UNKNOWN_ORDER, LOW))
    assert "#### 1. `api/orders.py:42`\n\n**Critical: " in text
    assert "#### 2. `api/orders.py:61`\n\n**High: " in text
    assert "#### 3." not in text
    assert "```suggestion" not in text


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole file", "hunks only"])
def test_s59_of_a_private_key_that_a_suggestion_replaces_no_row_is_shown(*, is_whole: bool) -> None:
    """Nor of a part of it, which shows neither its beginning nor its end."""
    for first, last in ((1, 5), (3, 3)):
        report = replaces_a_key(first, last, is_whole=is_whole)
        for text in (check_run(report).text, job_summary(report)):
            assert text.count("\n-") >= last - first + 1
            assert not any(part in text for part in KEY_ROWS)


def test_removed_findings_are_listed_with_their_reason() -> None:
    text = check_run(samples.a()).text
    _, _, removed = text.partition("#### Removed before posting\n\n")
    assert removed.split("\n\n")[0].split("\n") == [
        "- `api/orders.py`: Request data becomes SQL text (duplicate of `7c1e9a02b4d8`)",
        "- `api/orders.py`: An unknown order ends in status 500 (duplicate of `e40b77d1c9aa`)",
        "- `jobs/export.py`: The retry loop never ends (its quoted code is not in the change)",
        "- `api/auth.py`: Anybody may list orders (refuted by `api/auth.py:9` (login is required))",
    ]
