"""What a person sees while calls run."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from bot.outputs.live import Progress
from reviewers.core.call import Call
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.protocols import Moment

FIRST = Call("security", CLAUDE, 1)
SECOND = Call("style", CLAUDE, 1, chunk=1)
THIRD = Call("correctness", CLAUDE, 1)
ANALYSERS = Call("security", STATIC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def test_elsewhere_a_finished_call_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for moment in (Moment.WAITING, Moment.ASKING, Moment.ANSWERING):
            progress.watch(FIRST, moment)
            assert capsys.readouterr().err == ""
        progress.watch(FIRST, Moment.DONE)
        progress.watch(SECOND, Moment.WAITING)
        progress.watch(SECOND, Moment.DONE)  # No money was left for it.
        for moment in (Moment.ASKING, Moment.FAILED):
            progress.watch(THIRD, moment)
    out, err = capsys.readouterr()
    assert out == ""
    first, second, last = err.splitlines()
    assert re.fullmatch(r"security 1: done after \d+ s", first)
    assert re.fullmatch(r"correctness 1: failed after \d+ s", second)
    assert last == "Not asked: style 1 (part 2)."


def test_many_calls_that_nobody_was_asked_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for chunk in range(4):
            progress.watch(Call("style", CLAUDE, 1, chunk=chunk), Moment.DONE)
    assert capsys.readouterr().err == "Not asked: 4 calls.\n"


def test_analysers_are_too_quick_to_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.watch(ANALYSERS, Moment.ASKING)
        progress.watch(ANALYSERS, Moment.DONE)
    assert capsys.readouterr().err == ""


def test_what_is_said_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.say("Sends 2 files to api.anthropic.com")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Sends 2 files to api.anthropic.com\n")


def test_a_terminal_shows_a_table_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with contextlib.redirect_stderr(terminal), Progress() as progress:
        progress.watch(FIRST, Moment.ASKING)
        progress.watch(SECOND, Moment.WAITING)
        progress.watch(FIRST, Moment.DONE)
    text = terminal.getvalue()
    assert "security 1" in text
    assert "style 1 (part 2)" in text
    assert "done after" not in text
    assert "\x1b[2K" in text, "the table is wiped away when all is done"
