"""When a suggested replacement may be offered to be committed with one click (case S62)."""

from __future__ import annotations

from reviewers.core.change import FileDiff
from reviewers.core.exclude import LOCK_FILES, matches
from reviewers.core.finding import Claim, Location, Side
from reviewers.core.secrets import find_secrets
from reviewers.core.visible import visible

MAX_LINES = 10
"""Lines a suggestion may replace or have (review-comment.md section 5)."""

NEVER_FOR = (
    ".github/workflows/*",
    ".github/actions/*",
    "action.yml",
    "action.yaml",
    "CODEOWNERS",
    *LOCK_FILES,
)
"""Files in which one click must not change anything: what they say decides who may do what."""


def checked_suggestion(claim: Claim, location: Location, file: FileDiff) -> str | None:
    """The claim's suggestion if it replaces exactly the lines whose code was checked, else None.

    Not offered: on removed lines, over 10 lines, with hidden characters or secrets, in workflows,
    CODEOWNERS and lock files, in files with CRLF, and when it changes nothing.
    """
    text = claim.suggestion
    if text is None or location.side is not Side.RIGHT:
        return None
    if (claim.line, max(claim.line, claim.end_line)) != (location.line, location.end_line):
        return None
    replaced = [file.rows[Side.RIGHT, n].text for n in range(location.line, location.end_line + 1)]
    text = _indented(text.removesuffix("\n"), replaced[0])
    rows = text.split("\n")
    fine = (
        max(len(rows), len(replaced)) <= MAX_LINES
        and text == visible(text)
        and not any(find_secrets(text))
        and not any(old.endswith("\r") for old in replaced)
        and not matches(file.path, NEVER_FOR)
        and rows != replaced
    )
    return text if fine else None


def _indented(text: str, replaced: str) -> str:
    """Models often leave the indentation out: shift the whole text to that of the replaced line."""
    indent = replaced[: len(replaced) - len(replaced.lstrip())]
    first = text.split("\n", 1)[0]
    if not indent or not first.strip() or first[:1] in (" ", "\t"):
        return text
    return "\n".join(indent + row if row.strip() else row for row in text.split("\n"))
