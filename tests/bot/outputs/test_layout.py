"""Whole texts keep their layout whatever is said in them (case S58)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.body import review_body
from bot.outputs.checkrun import check_run, job_summary
from bot.outputs.inline import dismissed_comment, fixed_comment, inline_comments
from bot.outputs.marker import read_finding_marker, read_marker
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.finding import Standing
from reviewers.core.history import Known, State
from reviewers.core.visible import one_line
from tests.bot.outputs import samples
from tests.bot.outputs.endings import FIXED, ONE, broken, one, without_ruff
from tests.bot.outputs.markup import bare_text, structure
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import SETTING, SINCE_THE_FIRST, SQL, UNKNOWN_ORDER, sample

WHOLE: dict[str, Callable[[Report], str]] = {
    "body": review_body,
    "inline comments": lambda report: "\n\n".join(c.body for c in inline_comments(report)),
    "check run": lambda report: check_run(report).text,
    "job summary": job_summary,
}
"""The longer forms; a job summary is a body and what stands on the lines."""

NOTE = "Reported as critical; refuted by `api/auth.py:9`."
REMOVED = samples.a().verdict.dropped


def first() -> Report:
    """A first review with all kinds of findings, and some removed."""
    return one(replace(SQL, note=NOTE), UNKNOWN_ORDER, SETTING, dropped=REMOVED)


def later() -> Report:
    """A later one: something is fixed, dismissed, late, back."""
    back = replace(UNKNOWN_ORDER, standing=Standing.BACK, note=NOTE)
    late = replace(SETTING, standing=Standing.LATE)
    known = Known(SQL, State.DISMISSED, samples.DISMISSED.dismissal)
    return one(back, late, history=SINCE_THE_FIRST, fixed=FIXED, dismissed=(known,))


def partly() -> Report:
    """An incomplete one: calls and an analyser failed, a file is missing."""
    gaps = {("*", "security", vote): (Reading.FAILED, "the call broke") for vote in (1, 2, 3)}
    report = broken(gaps, SQL, of=ONE)
    cells = (
        *report.verdict.coverage.cells,
        *without_ruff().verdict.coverage.cells,
        samples.undelivered("data.sql"),
    )
    whole = replace(report.verdict.coverage, cells=cells)
    return replace(report, verdict=replace(report.verdict, coverage=whole))


SAMPLES: dict[str, Callable[[], Report]] = {
    "first": first,
    "later": later,
    "partly": partly,
    "failed": samples.d,
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
    for form, write in WHOLE.items():
        assert structure(write(report)) == layout(name, form), form


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
    for form, write in WHOLE.items():
        text = write(report)
        assert structure(text) == layout(name, form), form
        assert "@user" not in bare_text(text)
        text.encode("utf-8")


WORDS = st.text(max_size=120).filter(lambda text: bool(one_line(text).strip(". ")))


@settings(max_examples=25)
@given(WORDS, WORDS)
def test_s58_any_words_and_names_keep_the_layout(text: str, path: str) -> None:
    for name in ("first", "later"):
        report = rewritten(SAMPLES[name](), lambda _: text, lambda old: f"{path}/{old}")
        for form, write in WHOLE.items():
            assert structure(write(report)) == layout(name, form), form


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s58_the_marker_is_the_last_line_and_can_be_read(text: str) -> None:
    for name in ("first", "later", "partly"):
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
