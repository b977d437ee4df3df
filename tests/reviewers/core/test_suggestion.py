"""Case S62: what may be committed with one click, and what must never be."""

from __future__ import annotations

from typing import Any

import pytest

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.change import Change
from reviewers.core.finding import Side
from tests.builders import change, claim

CODE = "def f(x):\n    y = g(x)\n    return y\n" + "pad = 0\n" * 12 + "far = 1\n"
LINE = "    y = g(x)"


def offered(
    suggestion: str | None,
    *,
    path: str = "x.py",
    quote: str = LINE,
    line: int = 2,
    of: Change | None = None,
    **more: Any,
) -> str | None:
    """What is offered of a suggestion for the second line of a new file."""
    of = of or change({path: (None, CODE)})
    said = claim(path, line, quote, suggestion=suggestion, **more)
    (found,) = anchor([said], of).findings
    return found.suggestion


@pytest.mark.parametrize(
    ("suggestion", "text"),
    [
        ("    y = h(x)", "    y = h(x)"),
        ("    y = h(x)\n", "    y = h(x)"),
        ("    if x:\n        y = h(x)", "    if x:\n        y = h(x)"),
        ("y = h(x)", "    y = h(x)"),
        ("if x:\n    y = h(x)\n\nelse:", "    if x:\n        y = h(x)\n\n    else:"),
        ("\ty = h(x)", "\ty = h(x)"),
        ("\n".join(["    y = h(x)"] * 10), "\n".join(["    y = h(x)"] * 10)),
    ],
    ids=["one line", "line end", "two lines", "indented by us", "all indented", "tab", "ten lines"],
)
def test_s62_what_replaces_exactly_the_checked_lines_is_offered(suggestion: str, text: str) -> None:
    assert offered(suggestion) == text


@pytest.mark.parametrize(
    "suggestion",
    [
        None,
        LINE,
        "y = g(x)",
        "    y = h(x)\u202e",
        "    y\u200b = h(x)",
        "    y = h(x)\x1b[0m",
        "    y = h(x)\r\n    z = 1",
        '    y = "gh' + 'p_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8"',
        "\n".join(["    y = h(x)"] * 11),
    ],
    ids=[
        *("none", "no change", "no change but indentation", "bidirectional", "zero width"),
        *("control", "CRLF", "secret", "eleven lines"),
    ],
)
def test_s62_what_is_not_offered(suggestion: str | None) -> None:
    assert offered(suggestion) is None


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".github/actions/build/action.yml",
        "action.yml",
        "action.yaml",
        "tools/action.yml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "docs/CODEOWNERS",
        "package-lock.json",
        "web/yarn.lock",
        "go.sum",
    ],
)
def test_s62_files_that_decide_who_may_do_what_take_no_suggestion(path: str) -> None:
    assert offered("    y = h(x)", path=path) is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"end_line": 3}, "the claim replaces more than it quotes"),
        ({"line": 3}, "the claim is on another line than its quote"),
        ({"quote": "pad = 0", "line": 99}, "the place is not known"),
        ({"quote": LINE + "\n    return y", "line": 2, "end_line": 2}, "it quotes more"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_s62_only_lines_whose_code_was_checked_are_replaced(more: dict[str, Any], why: str) -> None:
    assert offered("    y = h(x)", **more) is None, why


def test_s62_several_lines_of_one_hunk_are_replaced_together() -> None:
    both = LINE + "\n    return y"
    assert offered("    return g(x)", quote=both, line=2, end_line=3) == "    return g(x)"


def test_s62_no_line_outside_of_the_hunks_is_replaced() -> None:
    of = change({"x.py": (CODE, CODE.replace("g(x)", "h(x)"))})
    assert offered("far = 2", of=of, quote="far = 1", line=16) is None


def test_s62_no_removed_line_is_replaced() -> None:
    of = change({"x.py": (CODE, CODE.replace(LINE + "\n", ""))})
    assert offered("    y = h(x)", of=of, side=Side.LEFT) is None


def test_s62_no_file_with_crlf_is_touched() -> None:
    """GitHub would commit the lines with other ends than their neighbours have."""
    of = change({"x.py": (None, CODE.replace("\n", "\r\n"))})
    assert offered("    y = h(x)", of=of) is None
