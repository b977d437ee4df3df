"""What `--format` and `--output` ask for, and what the help says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import UsageProblem
from bot.outputs.targets import Format, Target, read_targets
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


def test_the_help_names_every_format() -> None:
    assert Format.named() == "terminal (the default), json, markdown or sarif"
    assert Format.named() in " ".join(run("review", "--help").out.split())
