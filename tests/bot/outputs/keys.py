"""A review whose suggestion replaces rows of a private key."""

from __future__ import annotations

from dataclasses import replace

from bot.report import Report
from reviewers.core.change import Change
from reviewers.core.finding import Location
from tests.builders import coverage, file_diff, finding, report, verdict

LETTERS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2"
KEY_ROWS = [LETTERS, LETTERS[::-1], LETTERS[7:] + LETTERS[:7]]
BEGIN, END = "-----BEGIN EC PRIVATE" + " KEY-----", "-----END EC PRIVATE" + " KEY-----"


def replaces_a_key(first: int, last: int, *, is_whole: bool) -> Report:
    """Lines `first` to `last` of a file that is a key of three rows, of five lines, and of which no
    more than its hunk may be known.
    """
    file = file_diff("key.py", "\n", "\n".join((BEGIN, *KEY_ROWS, END, "")))
    file = file if is_whole else replace(file, text=None)
    found = finding(
        "key.py", first, location=Location("key.py", first, last), suggestion="KEY = load()"
    )
    read = coverage({"key.py": 1}, (("security", 1),))
    return report(verdict(found, change=Change((file,)), coverage=read))
