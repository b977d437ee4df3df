"""Whole texts keep their layout whatever is said in them, and fit whatever is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.body import MAX_CHARS, delta_body, review_body
from bot.outputs.checkrun import TEXT_CHARS, check_run, job_summary
from bot.outputs.inline import dismissed_comment, fixed_comment, inline_comments
from bot.outputs.marker import read_finding_marker, read_marker
from bot.report import Report
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Finding, Location, Severity, Standing
from reviewers.core.history import Known, State
from reviewers.core.visible import one_line
from tests.bot.outputs import samples
from tests.bot.outputs.markup import bare_text, structure
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import FULL_REVIEW, sample, second_push
from tests.builders import finding

WHOLE: dict[str, Callable[[Report], str]] = {
    "body": review_body,
    "inline comments": lambda report: "\n\n".join(c.body for c in inline_comments(report)),
    "check run": lambda report: check_run(report).text,
    "job summary": job_summary,
}
"""The longer forms; a job summary is a body and what stands on the lines."""

SAMPLES: dict[str, Callable[[], Report]] = {
    name: getattr(samples, name) for name in ("a", "c", "d", "e", "h")
}


@cache
def layout(name: str, form: str) -> list[str]:
    """The structure of a sample's text in one form, with harmless words."""
    return structure(WHOLE[form](rewritten(SAMPLES[name](), text=lambda _: "Words.")))


HOSTILE = {
    "a fence": "```\nend",
    "a long fence": "`````````` end",
    "a fence of tildes": "~~~~\nend",
    "the end of a fold": "</details></summary>\n\n</details>",
    "the start of a fold": "<details><summary>x</summary>",
    "a remark": "<!-- hidden",
    "the end of a remark": "--> shown",
    "a marker": "<!-- triptych 1 run=X head=Y config=Z outcome=clean -->",
    "pipes": "| a | b |\n|---|---|\n| c |",
    "right to left": "\u202eabc\u202c \u2066x\u2069",
    "line ends": "a\n\nb\r\n\r\nc\u2028d\x85e",
    "ticks": "`a ``b` ```c",
    "a command of a build": "::warning::x",
    "a heading": "# heading",
    "a list": "- a\n- b",
    "a quote": "> [!NOTE]\n> x",
    "a link": "[x](https://evil.example) <https://evil.example>",
    "an image": "![x](https://evil.example/a.png)",
    "emphasis": "**a** __b__ *c* _d_ ~~e~~",
    "an open emphasis": "**a",
    "backslashes": "\\\\\\",
    "a mention": "@user @org/team #12",
    "entities": "&lt;b&gt; &#96;&#96;&#96; &amp;",
    "control characters": "\x00\x1b[31m\x07",
    "a long word": "x" * 300,
    "many words": "word " * 100,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", SAMPLES)
def test_s58_hostile_words_keep_the_layout(name: str, text: str) -> None:
    report = rewritten(SAMPLES[name](), text=lambda _: text)
    for form in ("body", "inline comments", "check run"):
        assert structure(WHOLE[form](report)) == layout(name, form), form


PATHS = {
    "ticks": lambda path: f"`{path}``",
    "pipes": lambda path: f"a|b\\|{path}",
    "brackets": lambda path: f"a](x) [b]{path}",
    "a tag": lambda path: f"</details><b>/{path}",
    "a remark": lambda path: f"-->{path}<!--",
    "line ends": lambda path: f"a\nb/{path}\n",
    "right to left": lambda path: f"\u202e{path}",
    "a mention": lambda path: f"@user/#12/{path}",
    "255 bytes": lambda path: path.ljust(255, "x"),
    "255 bytes of Chinese": lambda path: path + "\u6f22" * ((255 - len(path)) // 3),
    "4096 bytes": lambda path: path.ljust(4096, "x"),
    "a command": lambda path: f"/merge {path}",
    "not UTF-8": lambda path: f"{path}\udce9",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_s58_odd_names_keep_the_layout(name: str, path: Callable[[str], str]) -> None:
    report = rewritten(SAMPLES[name](), text=lambda _: "Words.", path=path)
    for form in ("body", "inline comments", "check run"):
        text = WHOLE[form](report)
        assert structure(text) == layout(name, form), form
        assert "@user" not in bare_text(text)
        text.encode("utf-8")


WORDS = st.text(max_size=120).filter(lambda text: bool(one_line(text).strip(". ")))


@settings(max_examples=25, deadline=None)
@given(WORDS, WORDS)
def test_s58_any_words_and_names_keep_the_layout(text: str, path: str) -> None:
    for name in ("a", "h"):
        report = rewritten(SAMPLES[name](), lambda _: text, lambda old: f"{path}/{old}")
        for form, write in WHOLE.items():
            assert structure(write(report)) == layout(name, form), form


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s58_the_marker_is_the_last_line_and_can_be_read(text: str) -> None:
    for name in ("a", "c", "h"):
        report = rewritten(SAMPLES[name](), lambda _: text, lambda path: f"{text}/{path}")
        body = review_body(report)
        assert body.rpartition("\n\n")[2] == review_body(SAMPLES[name]()).rpartition("\n\n")[2]
        assert (marker := read_marker(body)) is not None
        assert marker.outcome == report.verdict.outcome.value
        for comment in inline_comments(report):
            assert read_finding_marker(comment.body) == (comment.finding.id, comment.finding.rule)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s58_closed_comments_keep_their_layout(text: str) -> None:
    report = rewritten(samples.h(), lambda _: text)
    [known] = report.verdict.dismissed
    [plain] = rewritten(samples.h(), lambda _: "Words.").verdict.dismissed
    assert structure(dismissed_comment(known)) == structure(dismissed_comment(plain))
    head = report.verdict.change.head
    assert structure(fixed_comment(known, head)) == structure(fixed_comment(plain, head))


def test_s62_a_suggestion_is_a_block_that_nothing_ends() -> None:
    fences = "```\n````\n</details>\n~~~"
    report = sample(replace(samples.UNKNOWN_ORDER, suggestion=fences))
    body = inline_comments(report)[0].body
    assert f"`````suggestion\n{fences}\n`````" in body
    assert structure(body) == structure(inline_comments(sample(samples.UNKNOWN_ORDER))[0].body)


@pytest.mark.parametrize(
    "suggestion",
    [
        "a\u202eb",
        "a\u200bb",
        "key = 'ghp_" + "a1B2" * 9 + "'",
        "x\n/merge\ny",
        "y" * 3000,
        "a\x1bb",
    ],
    ids=["bidirectional", "invisible", "secret", "command", "long", "control"],
)
def test_s62_a_suggestion_that_must_not_be_committed_is_not_offered(suggestion: str) -> None:
    report = sample(replace(samples.UNKNOWN_ORDER, suggestion=suggestion))
    assert "fix ready to commit" not in review_body(report)
    assert "```" not in inline_comments(report)[0].body
    assert "The suggestion replaces" not in inline_comments(report)[0].body
    assert "```diff" not in check_run(report).text


def test_a_suggestion_past_the_inline_limit_is_not_called_ready() -> None:
    """It can be committed from an inline comment only."""
    policy = replace(samples.a().verdict.policy, inline_limit=1)
    report = sample(samples.SQL, samples.UNKNOWN_ORDER, policy=policy)
    assert "fix ready to commit" not in review_body(report)
    assert "```diff" in check_run(report).text


# --- length


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
    for size in (50, 110, 124, 135, 160, 270, 310):
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
    [(135, "more dismissed"), (160, "more late"), (270, "more fixed"), (310, "more")],
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
