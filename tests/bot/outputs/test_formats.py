"""Several formats at once, each to where it was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import UsageProblem
from bot.outputs.formats import Format, Target, read_targets, written
from reviewers.core.secrets import Redaction
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.samples import a
from tests.bot.running import run

FILE, OTHER = Path("review.sarif"), Path("review.md")


@pytest.mark.parametrize(
    ("given", "output", "wanted"),
    [
        ((), None, [Target(Format.TERMINAL)]),
        ((), FILE, [Target(Format.TERMINAL, FILE)]),
        (("json",), None, [Target(Format.JSON)]),
        (("json",), FILE, [Target(Format.JSON, FILE)]),
        (("sarif=review.sarif",), None, [Target(Format.SARIF, FILE)]),
        (
            ("terminal", "sarif=review.sarif"),
            None,
            [Target(Format.TERMINAL), Target(Format.SARIF, FILE)],
        ),
        (
            ("markdown", "sarif=review.sarif"),
            OTHER,
            [Target(Format.MARKDOWN, OTHER), Target(Format.SARIF, FILE)],
        ),
        (("json=a=b",), None, [Target(Format.JSON, Path("a=b"))]),
    ],
)
def test_what_is_written_where(
    given: tuple[str, ...], output: Path | None, wanted: list[Target]
) -> None:
    assert list(read_targets(given, output)) == wanted


@pytest.mark.parametrize(
    ("given", "output", "what"),
    [
        (("xml",), None, "'xml' is no format"),
        (("",), None, "'' is no format"),
        (("sarif=",), None, "names no file"),
        (("json", "sarif"), None, "Only one format"),
        (("json", "json"), None, "Only one format"),
        (("json=x",), FILE, "--output has no format"),
        (("json=x", "sarif=./x"), None, "name the same file"),
    ],
)
def test_what_cannot_be_is_refused(given: tuple[str, ...], output: Path | None, what: str) -> None:
    with pytest.raises(UsageProblem, match=what):
        read_targets(given, output)


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
