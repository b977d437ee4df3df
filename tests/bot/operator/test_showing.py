"""The same facts on a terminal, in a pipe, and while something is going on."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from bot.operator.doctor.check import note, ok, todo, unknown, well
from bot.operator.showing import Steps, Told, moment, show_checks, show_table

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CHECKS = [
    ok("SQLite", "3.46.1 with Python 3.13."),
    note("Account acme", "Not needed: issues: write.", "Take it away."),
    todo("Webhook", "No secret is set.", "Set one [red]there[/red] " + "and here " * 12 + "now."),
    unknown("Clock", "Not told."),
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name, value in (("TERM", "xterm"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_what_is_wrong_or_unseen_is_not_well() -> None:
    assert [well([check]) for check in CHECKS] == [True, True, False, False]
    assert well(CHECKS) is False
    assert well([]) is True


def test_in_a_pipe_a_check_is_one_line_of_three_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_checks(CHECKS)
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert rows[0] == "ok       SQLite                   3.46.1 with Python 3.13."
    assert rows[2].startswith(
        "to do    Webhook                  No secret is set. Set one [red]there"
    )


def test_on_a_terminal_it_fits_and_the_state_has_a_colour(terminal: Terminal) -> None:
    with contextlib.redirect_stdout(terminal):
        show_checks(CHECKS)
    text = terminal.getvalue()
    plain = ANSI.sub("", text)
    assert all(len(row) <= 80 for row in plain.splitlines())
    assert "[red]there[/red]" in plain.replace("\n", " ")
    assert re.search(r"\x1b\[1;31mto do", text)
    assert len(re.findall("and here", re.sub(r"\s+", " ", plain))) == 12


def test_no_colour_where_none_is_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with contextlib.redirect_stdout(terminal):
        show_checks(CHECKS)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.getvalue())


def test_a_table_on_a_terminal_loses_nothing(terminal: Terminal) -> None:
    with contextlib.redirect_stdout(terminal):
        show_table(("ID", "NOTE"), [("1", "x" * 100), ("2", "[b]y[/b]")])
    plain = ANSI.sub("", terminal.getvalue())
    assert plain.count("x") == 100
    assert "[b]y[/b]" in plain
    assert all(len(row) <= 80 for row in plain.splitlines())


ID, GUID = (
    "review.186853002.128.4be91c0d8a11.0123456789abcdef.2",
    "5feb9b5e-2c61-414a-a36b-835edffe1701",
)
HEADER = ("ID", "STATE", "PULL REQUEST", "HEAD", "WHY", "CREATED", "OUTCOME", "COST", "GUID")
CELLS = (ID, "dead (3 attempts)", "acme/warehouse#128", "4be91c0", "ready for review")
MORE = ("2026-11-18 11:06:40Z", "GitHub could not post the review (status 502).", "0.04 USD", GUID)


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_names_are_never_broken_and_no_word_is_while_there_is_room(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with contextlib.redirect_stdout(terminal):
        show_table(HEADER, [(*CELLS, *MORE), (*CELLS, *MORE)])
    rows = ANSI.sub("", terminal.getvalue()).splitlines()
    named = f"{ID}  {GUID}"
    assert [row.rstrip() for row in rows if ID in row] == [named, named]
    assert all(len(row) <= int(columns) for row in rows if ID not in row)
    if columns != "40":
        words = " ".join(rows).split()
        for cell in (*CELLS, *MORE):
            assert not {*cell.split()} - {*words}


def test_a_table_that_fits_has_a_line_a_row(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    with contextlib.redirect_stdout(terminal):
        show_table(HEADER, [(*CELLS, *MORE)])
    head, row = ANSI.sub("", terminal.getvalue()).splitlines()
    assert head.split()[0] == "ID"
    assert row.startswith(f"{ID}  dead (3 attempts)  acme/warehouse#128  4be91c0")


def test_a_bar_on_a_terminal_lines_elsewhere(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.redirect_stderr(terminal), Steps(Told(), "Asking again", 2) as steps:
        steps.step("one")
        steps.step("two")
    assert "Asking again" in ANSI.sub("", terminal.getvalue())
    with Steps(Told(frozenset({"s3cret-s3cret-s3cret"})), "Asking", 1) as steps:
        steps.step("s3cret-s3cret-s3cret\x1b[2J")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "1 of 1: s3cr…‹U+001B›[2J\n")


def test_moments() -> None:
    assert moment(0.0) == ""
    assert moment(1_795_000_000.0) == "2026-11-18 11:06:40Z"
