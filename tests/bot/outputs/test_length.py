"""Whole texts fit whatever is found, and say what they leave out (case S60)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.outputs.body import MAX_CHARS, delta_body, review_body
from bot.outputs.checkrun import TEXT_CHARS, check_run, job_summary
from bot.outputs.inline import inline_comments
from bot.outputs.marker import read_marker
from bot.report import Report
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Finding, Location, Severity, Standing
from reviewers.core.history import Known, State
from tests.bot.outputs import samples
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import FULL_REVIEW, sample, second_push
from tests.builders import finding


def many(
    *numbers: tuple[Severity, int],
    title: str = "名前が空の注文は状態500で終わる 🎉",
    **more: object,
) -> list[Finding]:
    """So many findings of each severity, all worded with wide characters."""
    found = []
    for severity, number in numbers:
        for n in range(number):
            path = f"src/模块/檔案{n:03}.py"
            f = finding(
                path,
                None,
                severity=severity,
                title=f"{title} {n}",
                body="注文番号が見つからないとき、この行は空の値を読みます。🎉🎉🎉" * 8,
                fix="行がないときは404を返す。" * 12,
                id=f"{severity:x}{n:011x}",
            )
            found.append(replace(f, location=Location(path, n + 1, n + 1), **more))  # type: ignore[arg-type]
    return found


FOUR_HUNDRED = (
    (Severity.CRITICAL, 20),
    (Severity.HIGH, 60),
    (Severity.MEDIUM, 200),
    (Severity.LOW, 120),
)


def counted(body: str) -> int:
    """Lines of the numbered list."""
    return len(re.findall(r"(?m)^\d+\. \*\*", body))


def test_s60_four_hundred_findings_fit() -> None:
    body = review_body(sample(*many(*FOUR_HUNDRED)))
    assert len(body) <= MAX_CHARS
    assert body.startswith("**400 findings: 20 critical, 60 high, 200 medium, 120 low.**")
    assert "the 120 low ones are only in the check run" in body
    assert len(re.findall(r"(?m)^\d+\. \*\*Critical: ", body)) == 20
    assert len(re.findall(r"(?m)^\d+\. \*\*High: ", body)) == 60
    [more] = re.findall(r"(?m)^(?:<details><summary>)?(\d+) more", body)
    assert counted(body) + int(more) == 280
    assert read_marker(body) is not None


def test_s60_four_hundred_grave_findings_are_all_listed() -> None:
    body = review_body(sample(*many((Severity.CRITICAL, 150), (Severity.HIGH, 250))))
    assert len(body) <= MAX_CHARS
    assert counted(body) == 400


@pytest.mark.parametrize("title", ["&" * 60, "<@x>" * 15, "*" * 60, "@a `b` " * 8])
def test_s60_lengths_are_counted_after_escaping(title: str) -> None:
    report = sample(*many((Severity.HIGH, 400), title=title))
    body = review_body(report)
    assert len(body) <= MAX_CHARS
    if counted(body) < 400:
        assert f"\n\n{400 - counted(body)} more in the check run.\n" in body
    assert read_marker(body) is not None


def test_s60_names_of_4096_bytes_fit() -> None:
    findings = many((Severity.CRITICAL, 200))
    report = rewritten(sample(*findings), path=lambda path: "漢" * 1300 + path)
    body = review_body(report)
    assert len(body) <= MAX_CHARS
    assert read_marker(body) is not None
    assert counted(body) + int(re.findall(r"(\d+) more in the check run", body)[0]) == 200


def test_s60_the_other_texts_fit() -> None:
    report = second_push(*many(*FOUR_HUNDRED))
    assert len(delta_body(report, FULL_REVIEW)) <= MAX_CHARS
    run = check_run(report)
    assert len(run.summary) <= TEXT_CHARS
    assert len(run.text) <= TEXT_CHARS
    told = len(re.findall(r"(?m)^#### \d+\. ", run.text))
    [more] = re.findall(r"(\d+) more findings, left out for length\.", run.text)
    assert told + int(more) == 400
    assert len(job_summary(report).encode()) <= 1_048_576
    for comment in inline_comments(report):
        assert len(comment.body) <= MAX_CHARS


def test_s60_a_job_summary_of_too_many_findings_says_how_many_are_missing() -> None:
    text = job_summary(sample(*many((Severity.HIGH, 1500))))
    assert len(text.encode()) <= 1_048_576
    told = len(re.findall(r"(?m)^#### \d+\. ", text))
    [more] = re.findall(r"(?m)^(\d+) more findings, left out for length\.", text)
    assert told + int(more) == 1500


def test_s60_thousands_of_gaps_fit() -> None:
    """A change of which the site withheld 3000 files still tells what was found."""
    withheld = tuple(f"src/模块/{n:04}/" + "x" * 60 for n in range(3000))
    report = samples.c()
    verdict = report.verdict
    cells = tuple(samples.undelivered(name) for name in withheld)
    whole = Coverage((*verdict.coverage.cells, *cells), verdict.coverage.hunks)
    body = review_body(replace(report, verdict=replace(verdict, coverage=whole)))
    assert len(body) <= MAX_CHARS
    assert "3,000 files could not be had" in body.split("\n")[0]
    assert "1. **High: An unknown order ends in status 500.**" in body
    listed = len(re.findall(r"(?m)^- `src/", body))
    assert listed >= 12
    assert f"\n- {3000 - listed:,} more in the check run.\n" in body


PARTS = {
    "plain text": "plain text, for an editor",
    "removed list": "Removed before posting",
    "coverage rows": "| `src/",
    "dismissed": "dismissed by people</summary>",
    "late": "in code that this push did not change</summary>",
    "fixed": " fixed</summary>",
    "folded medium": " only here</summary>",
}
"""What goes first when a body is too long, in this order, by a word of each part."""


def test_what_goes_first_is_what_is_needed_least() -> None:
    """The texts grow: whenever a part is there, all that go later are there too."""
    seen: set[tuple[bool, ...]] = set()
    for size in (50, 110, 124, 135, 160, 270, 330):
        body = review_body(grown(size))
        assert len(body) <= MAX_CHARS
        there = tuple(word in body for word in list(PARTS.values())[1:])
        first = there.index(True) if True in there else len(there)
        assert all(there[first:]), (size, there)
        seen.add(there)
        assert "1. **Critical, new: " in body
        assert read_marker(body) is not None
    assert len(seen) == len(PARTS)


@pytest.mark.parametrize(
    ("size", "left"),
    [(135, "more dismissed"), (160, "more late"), (270, "more fixed"), (330, "more")],
)
def test_a_part_that_is_cut_leaves_its_number(size: int, left: str) -> None:
    body = review_body(grown(size))
    assert re.search(rf"(?m)^\d+ {left} in the check run\.$", body)


def grown(size: int) -> Report:
    """A later review in which every part has a share of `size`."""
    listed = [*many((Severity.CRITICAL, 1), (Severity.MEDIUM, 13 + size), title="Listed")]
    late = many((Severity.MEDIUM, 1 + size // 4), title="Late", standing=Standing.LATE)
    known = many((Severity.HIGH, 2 + size // 2), title="Known")
    return second_push(
        *listed,
        *late,
        fixed=tuple(Known(f, State.FIXED, fixed_in=samples.PUSHED) for f in known),
        dismissed=tuple(Known(f, State.DISMISSED, samples.DISMISSED.dismissal) for f in known),
        dropped=samples.a().verdict.dropped,
        coverage=samples.left_out(2 * size + 1),
    )


@pytest.mark.parametrize("number", [20, 21])
def test_plain_text_is_for_short_lists(number: int) -> None:
    body = review_body(sample(*many((Severity.MEDIUM, number))))
    assert (PARTS["plain text"] in body) is (number <= 20)
