"""What was not read is named, with what a person can do about it (case S63)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.body import review_body
from bot.outputs.checkrun import check_title, conclusion
from bot.outputs.terminal import terminal_lines
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Opinion, Reading, Task
from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.finding import Ruling
from reviewers.core.policy import CLAUDE
from reviewers.core.verdict import Outcome
from tests.bot.outputs.endings import (
    EVERY_VOTE,
    ONE,
    all_failed,
    broken,
    coverage_of,
    incomplete,
    not_shown,
    over,
    paragraphs,
    undelivered,
    verified,
    with_docs,
    without_ruff,
)
from tests.bot.outputs.markup import plain_text
from tests.bot.outputs.samples import (
    READERS,
    SQL,
    looks,
    sample,
)
from tests.bot.outputs.test_headline import CASES
from tests.builders import BASE, HEAD, coverage, hunk, look


def missing(report: Report) -> list[str]:
    """The lines of the list "Not reviewed", and the one that says what to do."""
    body = review_body(report)
    _, _, behind = body.partition("**Not reviewed**\n")
    listed, _, rest = behind.partition("\n\n**Do:** ")
    return [*listed.split("\n"), rest.split("\n")[0]]


TOO_LARGE = (
    "review these parts by hand: they stay too large, however often they are tried. Split them, "
    "or leave them out by `exclude` in `.github/triptych.toml` on `main`."
)
MENDED = (
    "review these parts by hand. Another try helps once whoever runs Triptych has mended that: "
    "`triptych doctor` says how."
)
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
    "a file that is not shown": (
        not_shown,
        ["- `data.sql`, GitHub shows no diff of it.", "review these parts by hand."],
    ),
    "a file without a reason": (
        lambda: undelivered(Reading.TOO_LARGE, ""),
        ["- `data.sql`, skipped: size.", TOO_LARGE],
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
    "a budget of the day": (
        lambda: over(9.0, "all reviews of today", "TRIPTYCH_MAX_COST_DAY"),
        [
            "- Security, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "- Correctness, votes 2 and 3, all 34 hunks: not started. Vote 1 read everything.",
            "review these parts by hand. There is money again at 00:00 UTC, or when whoever runs "
            "Triptych raises `TRIPTYCH_MAX_COST_DAY`; then comment `/triptych review`.",
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


@pytest.mark.parametrize(("lasts", "todo"), [(True, MENDED), (False, TRY_AGAIN)])
def test_who_must_mend_what_fails_again_is_said(lasts: bool, todo: str) -> None:
    """A developer can do nothing about a key; telling them to try again is noise."""
    why = "the API key was refused (401)"
    report = all_failed(Reading.FAILED, why)
    verdict = report.verdict
    failed_looks = tuple(
        replace(look, reading=Reading.FAILED, detail=why, lasts=lasts)
        if look.call.engine == CLAUDE
        else look
        for look in verdict.looks
    )
    assert (
        missing(incomplete(replace(report, verdict=replace(verdict, looks=failed_looks))))[-1]
        == todo
    )


def test_what_is_only_too_large_is_not_to_be_tried_again() -> None:
    size = (Reading.TOO_LARGE, "above the limit of 120 kB")
    report = broken({("README.md", who, vote): size for who, vote in EVERY_VOTE})
    assert missing(report)[-1] == TOO_LARGE


def unparsed(*more: tuple[Reading, str]) -> Report:
    """Whose analysers could not read the only file for its syntax, and others for `more`."""
    report = without_ruff("it could not be parsed")
    ledger = report.verdict.coverage
    cell = ledger.cells[0]
    others = (replace(cell, reading=reading, detail=f"ruff: {why}") for reading, why in more)
    ledger = replace(ledger, cells=(*ledger.cells, *others))
    return replace(report, verdict=replace(report.verdict, coverage=ledger))


@pytest.mark.parametrize(
    ("more", "todo"),
    [
        ((), "Correct their syntax, or leave them out by `exclude` in"),
        (
            ((Reading.TOO_LARGE, "larger than 1 MB or 20,000 lines"),),
            "Correct their syntax, split what is too large, or leave them out by `exclude` in",
        ),
        (((Reading.FAILED, "it crashed"),), ""),
        (((Reading.FAILED, "it could not be parsed; other: it crashed"),), ""),
    ],
    ids=["syntax", "syntax and size", "syntax and a crash", "a crash beside it"],
)
def test_wrong_syntax_is_to_be_corrected_not_tried_again(
    more: tuple[tuple[Reading, str], ...], todo: str
) -> None:
    said = missing(unparsed(*more))[-1]
    stay = "review these parts by hand: they stay unread, however often they are tried. "
    assert said == (f"{stay}{todo} `.github/triptych.toml` on `main`." if todo else TRY_AGAIN)


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


# --- any gaps

FEW = {"a.py": 2, "b.py": 1, "docs/c.md": 3}
KINDS = [reading for reading in Reading if reading.is_gap]
GAPS_ANYWHERE = st.dictionaries(
    st.tuples(
        st.sampled_from([*FEW, "*"]), st.sampled_from(["security", "style", "correctness"])
    ).flatmap(lambda at: st.tuples(st.just(at[0]), st.just(at[1]), st.integers(1, 3))),
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["", "the answer broke off"])),
    max_size=8,
)
AWKWARD = re.compile(
    r"\b1 (?:hunks|votes|calls|findings|analysers|reviewers|rules|ones)\b"
    r"|(?<![\d,])0 hunks|\b[2-9] (?:hunk|vote|call|finding|analyser|reviewer)\b"
    r"|  |\.\.|,,| \.(?!\w)| ,|(?<!\w)\(\)|: \.|\b(\w+) \1\b"
)


def test_the_pattern_sees_what_is_awkward() -> None:
    for text in (
        "all 1 hunks",
        "0 hunks",
        "2 hunk",
        "read  it",
        "it.. is",
        "the the",
        "so .",
        "by ()",
    ):
        assert AWKWARD.search(text)


def unfolded(body: str) -> str:
    """What a reader sees before a fold is opened."""
    return plain_text(body.split("\n<details>", maxsplit=1)[0])


def random_gaps(gaps: dict[tuple[str, str, int], tuple[Reading, str]]) -> Report | None:
    """A review of a small change with these gaps; None where they fall on nobody's vote."""
    files = tuple(
        FileDiff(path, FileStatus.MODIFIED, tuple(hunk(9 * i + 1, 9 * i + 2) for i in range(n)))
        for path, n in FEW.items()
    )
    known = coverage(FEW, READERS, gaps)
    if not known.gaps:
        return None
    change = Change(files, head=HEAD, base=BASE)
    return sample(change=change, coverage=known, outcome=Outcome.INCOMPLETE)


@settings(max_examples=100)
@given(GAPS_ANYWHERE)
def test_s63_whatever_went_unread_is_told(
    gaps: dict[tuple[str, str, int], tuple[Reading, str]],
) -> None:
    report = random_gaps(gaps)
    if report is None:
        return
    body = review_body(report)
    headline = body.split("\n")[0]
    assert re.match(
        r"\*\*Incomplete: [^*]{8,}\.\*\* (?:In the rest|From the analysers), ", headline
    )
    listed = "\n".join(missing(report)[:-1])
    for cell in report.verdict.coverage.gaps:
        if cell.reading is Reading.TOO_LARGE:
            assert f"`{cell.hunk.path}`" in listed
        else:
            assert cell.reviewer.capitalize() in listed
    shown = [line.text for line in terminal_lines(report)]
    for text in (unfolded(body), check_title(report), " ".join(shown[0].split())):
        assert not AWKWARD.search(text), text
    assert check_title(report).startswith("Incomplete: ")
    assert conclusion(report, None) == "neutral"


@pytest.mark.parametrize("make", [case[0] for case in CASES.values()], ids=list(CASES))
def test_no_text_is_awkward(make: Callable[[], Report]) -> None:
    report = make()
    rows = terminal_lines(report, everything=True)
    shown = " ".join(" ".join(line.text for line in rows if " read; " not in line.text).split())
    for text in (unfolded(review_body(report)), check_title(report), shown):
        assert not AWKWARD.search(text), text


def test_an_answer_that_passes_a_finding_over_has_not_verified_it() -> None:
    """It was read, but holds no ruling: as one that answers in another shape."""
    unruled = replace(SQL, verification=None)
    call = Call("verifier", CLAUDE, 1, 0, round=3, task=Task.VERIFY, candidates=(unruled,))
    text = coverage_of(sample(unruled, looks=(*looks(), look(call, cost=0.0))))
    assert " The finding was not verified: the answer does not tell of it. " in text
    said = Opinion(unruled.id, Ruling.CONFIRMED, "So it is.")
    ruled = look(call, cost=0.0, opinions=(said,))
    # One that stands there since an earlier review bears no ruling of today.
    assert "not verified" not in coverage_of(sample(unruled, looks=(*looks(), ruled)))
