"""What stands in the cassettes: where they come from, and nothing that is nobody's business."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reviewers.core.secrets import find_secrets
from tests.cassettes.record import HERE, KEPT_HEADERS, PARTS

CASSETTES = sorted(HERE.glob("*.yaml"))
each = pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.name)


def test_every_part_has_its_cassette_and_none_is_left_over() -> None:
    assert [path.name for path in CASSETTES] == sorted(part.file for part in PARTS.values())


@each
def test_the_first_line_says_against_what_it_was_recorded(path: Path) -> None:
    first = path.read_text("utf-8").split("\n")[0]
    assert first.startswith("# Recorded against ")
    assert "the real service" in first


@each
def test_it_holds_no_secret(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [span.kind for span in find_secrets(text)] == []
    assert not re.search(r"(?i)bearer\s+\S|\bsk-|set-cookie|x-api-key|organization-id", text)
    assert not re.search(r'token"?: *"(?!taken-out)', text)


@each
def test_only_harmless_headers_are_kept(path: Path) -> None:
    """A header is a name at the fourth column of the file, below `headers:`."""
    names: set[str] = set()
    inside = False
    for row in path.read_text("utf-8").split("\n"):
        if name := re.fullmatch(r"      ([\w-]+):", row):
            names |= {name[1].lower()} if inside else set()
        else:
            inside = row == "    headers:" or (inside and row.startswith("      "))
    assert names
    assert names <= KEPT_HEADERS
