"""Golden files: whole texts, kept under tests/golden, that a product text must equal.

To write them anew after a change that is meant:

    TRIPTYCH_WRITE_GOLDEN=1 python -m pytest tests/bot/outputs

and read the difference (`git diff tests/golden`) before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden"
WRITE = "TRIPTYCH_WRITE_GOLDEN"


def assert_golden(name: str, text: str) -> None:
    """That the golden file of that name holds `text` (and one line end behind it)."""
    file = GOLDEN / name
    text = text.rstrip("\n") + "\n"
    if os.environ.get(WRITE):
        file.write_text(text, encoding="utf-8")
    assert file.is_file(), f"there is no tests/golden/{name}; write it with {WRITE}=1"
    assert text == file.read_text(encoding="utf-8")


def golden(name: str) -> str:
    """What a golden file holds, without its last line end."""
    return (GOLDEN / name).read_text(encoding="utf-8").removesuffix("\n")
