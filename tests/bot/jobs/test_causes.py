"""Why calls did not read what they should have: for the operator's log."""

from __future__ import annotations

import json

import pytest

from bot.jobs.findings import CAUSE_CHARS, CAUSES, causes_in
from bot.outputs.document import document
from tests.bot.outputs import samples


def of(*calls: tuple[str, str]) -> str:
    return json.dumps({"calls": [{"reading": r, "detail": d} for r, d in calls]})


def test_each_cause_is_told_once_and_only_of_gaps() -> None:
    key = "the API key was refused (401)"
    said = of(
        ("failed", key), ("failed", key), ("read", "x"), ("timed out", "late"), ("failed", "")
    )
    assert causes_in(said) == [key, "late"]
    assert causes_in(of(*(("failed", str(n) * 999) for n in range(1, 9)))) == [
        str(n) * CAUSE_CHARS for n in range(1, CAUSES + 1)
    ]


@pytest.mark.parametrize("stored", ["", "{", "[]", "null", '{"calls": [1]}', '{"calls": 1}', "{}"])
def test_what_cannot_be_read_has_none(stored: str) -> None:
    assert causes_in(stored) == []


def test_of_a_real_review() -> None:
    assert causes_in(document(samples.b())) == []
