"""Nothing of a change is obeyed by a runner (case S88)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outputs.workflow import Annotation, annotation, output, plain
from reviewers.core.finding import Location, Severity, Side
from tests.builders import finding

COMMANDS = [
    "::set-output name=x::y",
    "  ::add-mask::x",
    "\t::stop-commands::t",
    "##[error]x",
    "text ##[group]x",
    "::error file=a::b",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_line_is_no_command(line: str) -> None:
    shown = plain(line)
    assert not shown.strip().startswith("::")
    assert "##[" not in shown
    assert shown.replace(" ", "").replace("\t", "") == line.replace(" ", "").replace("\t", "")


def test_an_annotation_is_one_line_with_everything_escaped() -> None:
    made = Annotation("error", "a,b:c%", "100% \n::add-mask::x\r\x1b[31m", "x\n::y,z.py", 3, 4)
    assert str(made) == (
        "::error file=x %3A%3Ay%2Cz.py,line=3,endLine=4,title=a%2Cb%3Ac%25"
        "::100%25 ::add-mask::x ‹U+001B›[31m"
    )


@given(st.text(), st.text(), st.text())
def test_any_annotation_is_one_line(title: str, message: str, path: str) -> None:
    line = str(Annotation("notice", title, message, path, 1, 1))
    assert len(line.splitlines()) == 1
    assert not any(ord(character) < 32 for character in line)


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.CRITICAL, "error"),
        (Severity.HIGH, "error"),
        (Severity.MEDIUM, "warning"),
        (Severity.LOW, "notice"),
    ],
)
def test_a_finding_is_annotated_by_its_severity(severity: Severity, level: str) -> None:
    assert annotation(finding(severity=severity)).level == level


def test_a_removed_line_is_not_a_line_of_the_head() -> None:
    made = annotation(finding(location=Location("a.py", 9, 9, Side.LEFT)))
    assert "line=" not in str(made)


def test_an_output_ends_only_where_we_say() -> None:
    first, second = output("outcome", "x\nEOF\nother=1"), output("outcome", "x")
    name, _, delimiter = first.split("\n")[0].partition("<<")
    assert name == "outcome"
    assert first.endswith(f"\n{delimiter}\n")
    assert len(delimiter) > 32
    assert delimiter not in second
