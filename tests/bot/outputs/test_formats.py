"""Several formats at once, each to where it was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.outputs.formats import written
from bot.outputs.targets import Format
from reviewers.core.secrets import Redaction
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import a
from tests.bot.running import run


def test_the_command_writes_them_all(tmp_path: Path) -> None:
    done = run(
        *("review", "--example", "--engine", "static"),
        *("--format", "terminal", "--format", "sarif=a.sarif", "--format", "json=a.json"),
        *("--format", "markdown=a.md"),
        folder=tmp_path,
    )
    assert done.code == 0
    assert done.out.startswith("Static analysis only")
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == "triptych-review/1"
    assert (tmp_path / "a.md").read_text().startswith("### Triptych: Static analysis only")


def test_a_file_that_cannot_be_written_is_told_before_anything_is_paid_for(tmp_path: Path) -> None:
    done = run("review", "--example", "--format", "sarif=no/x", folder=tmp_path)
    assert done.code == 2
    assert "no/x cannot be written" in done.err


@pytest.mark.parametrize("form", list(Format))
def test_every_format_ends_with_one_line_end(form: Format) -> None:
    text = written(a(), form, Redaction())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("name", ["##[error]z.py", "###[group]z.py", "::error::z.py"])
def test_s88_no_form_gives_a_build_s_runner_a_command(form: Format, name: str) -> None:
    """A file's name stands in all of them, and any of them may go to a build's log."""
    loud = rewritten(a(), lambda _: f"{name}\n{name}", lambda old: f"{name}/{old}")
    text = written(loud, form, Redaction(), everything=True)
    assert "##[" not in text
    assert not [row for row in text.split("\n") if row.lstrip().startswith("::")]
    if form is Format.JSON:
        assert json.loads(text)["findings"][0]["path"].startswith(name)
