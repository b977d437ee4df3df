"""Which files of the base branch tell reviewers how a repository works, and which cannot.

For each changed file the nearest folder that has one wins, name by name, up to the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

NAMES = ("REVIEW.md", "AGENTS.md", "CLAUDE.md")
MAX_CHARS = 20_000
"""So much of one guideline is read; the rest is left out and marked."""
MAX_FOLDERS = 40
"""Folders that are looked into, the ones of most changed files first."""


def candidates(paths: Iterable[str]) -> list[str]:
    """Every path at which a guideline for these files may stand, in a fixed order."""
    count: dict[str, int] = {}
    for path in paths:
        for folder in _folders(path):
            count[folder] = count.get(folder, 0) + 1
    folders = sorted(count, key=lambda f: (-count[f], f))[:MAX_FOLDERS]
    return [f"{folder}{name}" for folder in folders for name in NAMES]


def nearest(paths: Iterable[str], present: Iterable[str]) -> list[str]:
    """Of the guidelines that are present, those that hold for any of these files."""
    there = set(present)
    used: dict[str, None] = {}
    for path in paths:
        for name in NAMES:
            found = next((f + name for f in _folders(path) if f + name in there), None)
            if found:
                used[found] = None
    return sorted(used, key=lambda p: (p.count("/"), p))


def shortened(text: str) -> str:
    """A guideline's text, cut where it is too long, and saying so."""
    if len(text) <= MAX_CHARS:
        return text
    return text[:MAX_CHARS] + "\n[The rest of this file is left out: it is too long.]"


def is_guideline(text: str) -> bool:
    """Not a link to another file, whose text is only that file's name."""
    return bool(text) and not ("\n" not in text and text.strip().endswith(".md"))


def _folders(path: str) -> Iterator[str]:
    """The folders of a file, nearest first, as prefixes of a path: `a/b/`, `a/`, ``."""
    for parent in PurePosixPath(path).parents:
        yield "" if str(parent) == "." else f"{parent}/"
