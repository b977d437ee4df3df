"""The review on a terminal: plain words in 80 columns, colour on one word, nothing acts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot.outputs.terminal import WIDTH, Line, columns, print_coloured, terminal_lines
from bot.report import Report
from reviewers.core.finding import Finding, Location, Severity, Side, Standing
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line
from tests.bot.outputs import samples
from tests.bot.outputs.endings import LOW, static
from tests.bot.outputs.keys import KEY_ROWS, replaces_a_key
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import RETRY, ROUNDING, SETTING, SQL, UNKNOWN_ORDER, sample

SAMPLES: dict[str, Callable[[], Report]] = {n: getattr(samples, n) for n in "abcdefghi"}


def shown(report: Report, *, everything: bool = False) -> list[str]:
    """The lines, without colours."""
    return [line.text for line in terminal_lines(report, everything=everything)]


def test_the_block_that_was_designed() -> None:
    """Headline, then place, evidence and fix of each finding, in this order."""
    rows = iter(shown(samples.a()))
    for row in (
        "3 findings: 1 critical, 1 high, 1 medium",
        "",
        "CRITICAL  api/orders.py:42  Request data becomes SQL text",
        "          2 of 3 security votes and ruff S608; 1 vote disagrees",
        "          Fix: take the column from a fixed list and refuse any other value.",
    ):
        assert row in rows


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_eighty_columns_hold_it(name: str, everything: bool) -> None:
    """But for code: a suggestion's lines are as they are."""
    rows = shown(SAMPLES[name](), everything=everything)
    assert max(len(row) for row in rows) <= WIDTH


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_narrow_terminal_breaks_no_line_again(name: str, everything: bool) -> None:
    """The words are the same."""
    report = SAMPLES[name]()
    rows = [row.text for row in terminal_lines(report, everything=everything, width=60)]
    assert max(len(row) for row in rows) <= 60
    assert " ".join(rows).split() == " ".join(shown(report, everything=everything)).split()


@pytest.mark.parametrize(("has", "used"), [("60", 60), ("200", WIDTH), ("10", 40)])
def test_the_columns_of_a_terminal(has: str, used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", has)
    assert columns() == used


@pytest.mark.parametrize("name", SAMPLES)
def test_no_markup_no_marker_no_fold(name: str) -> None:
    text = "\n".join(shown(SAMPLES[name](), everything=True))
    assert not re.search(r"\*\*|<!--|<details>|\]\(|https://", text)


def test_a_long_path_stays_whole_on_a_line_of_its_own() -> None:
    path = "src/" + "deep/" * 20 + "file.py"
    found = replace(SQL, path=path, location=Location(path, 7, 7))
    rows = shown(sample(found))
    at = rows.index(f"CRITICAL  {path}:7")
    assert rows[at + 1] == "          Request data becomes SQL text"


def test_a_path_with_blanks_is_not_torn() -> None:
    path = "a file/with many words in its name/that goes on and on/for a long time.py"
    found = replace(SQL, path=path, location=Location(path, 7, 7))
    assert f"CRITICAL  {path}:7" in shown(sample(found))


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (
            replace(RETRY, standing=Standing.OPEN),
            "HIGH      jobs/export.py:88  The retry loop never ends (still open)",
        ),
        (RETRY, "HIGH      jobs/export.py:88  The retry loop never ends"),
        (
            replace(RETRY, location=Location("jobs/export.py", 88, 88, Side.LEFT)),
            "HIGH      jobs/export.py:88  The retry loop never ends (removed here)",
        ),
        (
            replace(RETRY, title="The retry loop never ends (removed here)."),
            "HIGH      jobs/export.py:88  The retry loop never ends",
        ),
        (
            replace(SETTING, title="Short."),
            "MEDIUM    deploy/example.env  Short",
        ),
    ],
    ids=["still open", "new", "removed line", "says so itself", "not placed"],
)
def test_the_first_line_of_a_finding(found: Finding, row: str) -> None:
    assert row in shown(samples.second_push(found))


def test_a_dissent_says_who_disagrees_and_what_is_held_against_it() -> None:
    text = " ".join(" ".join(shown(samples.a())).split())
    assert (
        "Security vote 2 disagrees: `clean_sort()` in `api/params.py:17` limits the value. "
        "Against it: that function only strips spaces." in text
    )


def test_a_suggestion_is_a_diff() -> None:
    rows = shown(sample(UNKNOWN_ORDER))
    at = rows.index("          -     order = find_order(order_id)")
    assert rows[at + 1] == "          +     order = find_order(order_id)"
    assert rows[at + 3] == "          +         raise NotFound(order_id)"


@pytest.mark.parametrize("suggestion", ["a\u202eb", "a\x1b[31mb", "ghp_" + "a1B2" * 9])
def test_s62_a_suggestion_that_must_not_be_used_is_not_shown(suggestion: str) -> None:
    rows = shown(sample(replace(UNKNOWN_ORDER, suggestion=suggestion)))
    assert not any(row.startswith("          + ") for row in rows)


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole file", "hunks only"])
def test_s59_of_a_private_key_that_a_suggestion_replaces_no_row_is_shown(*, is_whole: bool) -> None:
    """Nor of a part of it, which shows neither its beginning nor its end."""
    for first, last in ((1, 5), (3, 3)):
        rows = shown(replaces_a_key(first, last, is_whole=is_whole))
        assert not any(part in row for row in rows for part in KEY_ROWS)
        assert sum(row.startswith("          - ") for row in rows) == last - first + 1


def test_what_is_folded_away_is_counted() -> None:
    report = samples.second_push(RETRY, ROUNDING, LOW, LOW, dropped=samples.a().verdict.dropped)
    rows = shown(report)
    assert "1 late, in code that this push did not change: --all shows it." in rows
    assert "2 low ones: --all shows them." in rows
    assert "4 removed findings: --all shows them, and the coverage." in rows
    text = "\n".join(rows)
    assert ROUNDING.title not in text
    assert "Removed" not in text
    assert "Coverage" not in text


def test_all_shows_everything() -> None:
    report = samples.second_push(
        RETRY, ROUNDING, LOW, dropped=samples.a().verdict.dropped, fixed=samples.e().verdict.fixed
    )
    text = "\n".join(shown(report, everything=True))
    assert "MEDIUM    api/cart.py:19  Rounding happens before the discount (late)" in text
    assert "LOW       api/orders.py:42  A word has two spellings" in text
    assert "Removed\n- api/orders.py: Request data becomes SQL text (duplicate of" in text
    assert "Fixed\n- Critical: Request data becomes SQL text, api/orders.py:42" in text
    assert "Coverage\n- 3 files, 9 hunks: analysers read; security read, 3 of 3;" in text
    assert "--all" not in text


def test_all_shows_what_people_dismissed() -> None:
    text = "\n".join(shown(samples.h(), everything=True))
    assert "Dismissed\n- Critical: Request data becomes SQL text, api/orders.py:42. mlee" in text
    assert '2026-11-20: "Only the nightly job calls this."' in " ".join(text.split())


def test_a_failed_review_says_what_to_do() -> None:
    assert shown(samples.d()) == [
        "Failed: this change was not reviewed. GitHub did not deliver the diff of 4be91c0",
        "(status 502, 5 attempts in 12 minutes).",
        "Do: comment /triptych review.",
    ]


def test_static_analysis_that_found_nothing_does_not_say_that_all_is_well() -> None:
    assert shown(static()) == [
        "Static analysis only, no findings. No model read this change.",
        "",
        "No API key is set. No rule matched: 600 rules, 1 of 1 file of 4be91c0 has rules.",
        "0 calls, 1.2 s, 0.00 USD.",
    ]


# --- colours


def painted(*, is_terminal: bool, lines: list[Line]) -> str:
    """What is sent to a terminal, or to a file."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, color_system="standard", width=WIDTH)
    print_coloured(lines, console if is_terminal else Console(file=file))
    return file.getvalue()


def test_only_the_severity_has_a_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = painted(is_terminal=True, lines=terminal_lines(samples.a()))
    coloured = re.findall(r"\x1b\[[\d;]*[1-9][\d;]*m(.*?)\x1b\[0m", text)
    assert coloured == ["CRITICAL", "HIGH", "MEDIUM"]


def test_every_severity_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = [Line(s.word, s, len(s.word)) for s in Severity]
    assert painted(is_terminal=True, lines=lines).count("\x1b[0m") == len(Severity)


def test_never_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = painted(is_terminal=True, lines=terminal_lines(samples.a()))
    assert not re.search(r"\x1b\[[\d;]*3\d", text)


def test_never_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = painted(is_terminal=False, lines=terminal_lines(samples.a()))
    assert "\x1b" not in text
    assert text == "".join(f"{row}\n" for row in shown(samples.a()))


def test_words_are_not_taken_for_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    rows = ["[bold]x[/bold] :smile: 'quoted' 12", "x" * 200]
    text = painted(is_terminal=True, lines=[Line(row) for row in rows])
    assert text == "".join(f"{row}\n" for row in rows)


# --- nothing acts

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028]")
HOSTILE = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["::error::", "##[command]", "::", " ", "\n", "\x1b[2J", "\r", "a", ":"]),
        max_size=12,
    ).map("".join),
).filter(lambda text: bool(one_line(text).strip(". ")))


def is_command(row: str) -> bool:
    """Whether GitHub's runner would take a line for a command (it looks behind blanks, too)."""
    return row.lstrip().startswith("::") or "##[" in row


@settings(max_examples=40)
@given(HOSTILE, HOSTILE)
def test_s42_control_characters_are_shown_not_sent(text: str, path: str) -> None:
    for report in (samples.a(), samples.c(), samples.h()):
        loud = rewritten(report, lambda _: text, lambda old: f"{path}/{old}")
        loud = replace(loud, notes=(text,))
        for row in shown(loud, everything=True):
            assert not CONTROL.search(row)
            assert not is_command(row)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("::error::x", ": :error::x"),
        ("##[error]x", "## [error]x"),
        ("\x1b[31mred", "‹U+001B›[31mred"),
        ("a\u202eb", "a‹U+202E›b"),
    ],
)
def test_s56_commands_of_a_build_are_broken_up(text: str, row: str) -> None:
    assert f"          {row}" in shown(sample(replace(SQL, body=text)))


def test_s59_secrets_are_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    loud = rewritten(samples.h(), lambda _: f"see {token}", lambda old: f"{token}/{old}")
    loud = replace(loud, notes=(token,))
    text = "\n".join(line.text for line in terminal_lines(loud, Redaction(), everything=True))
    assert "a1B2" not in text
    assert "ghp_…" in text
