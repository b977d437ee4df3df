"""Which known name a wrong one may be a slip of the pen for."""

from __future__ import annotations

import pytest

from bot.slips import LONGEST, meant

KNOWN = ("exclude", "engine", "gate")


@pytest.mark.parametrize(
    ("name", "alike", "near"),
    [
        ("exlude", 0.8, "exclude"),
        ("exlude", 0.95, ""),
        ("gates", 0.8, "gate"),
        ("engin", 0.8, "engine"),
        ("Engine", 0.9, ""),  # Who takes capitals for a slip says so.
        ("colour", 0.8, ""),
        ("", 0.8, ""),
    ],
)
def test_a_slip_is_told_by_the_likeness_that_is_asked_for(
    name: str, alike: float, near: str
) -> None:
    assert meant(name, KNOWN, alike) == near


def test_s33_what_is_too_long_is_no_slip_and_takes_no_time() -> None:
    name = "x" * (LONGEST + 1)
    assert meant(name, [name[:-1]], 0.8) == ""
    assert meant(name[:-1], [name], 0.8) == name
