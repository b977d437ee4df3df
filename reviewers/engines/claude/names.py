"""The names under which models see the files of a change, and by which they answer."""

from __future__ import annotations

from collections import Counter

from reviewers.core.change import Change
from reviewers.engines.claude.prompt import shown_path


def shown_names(change: Change, nonce: str) -> dict[str, str]:
    """By path the name of a file as models see it. No two are alike: each leads back to one path.

    Odd blanks, hidden characters and secrets are not shown as they are, so that two paths may come
    out the same, and what was said of one would be looked up in the other. A file that has this
    very name keeps it; the others bear a number.
    """
    plain = {f.path: shown_path(f.path, nonce) for f in change.files}
    names = {path: shown for path, shown in plain.items() if path == shown}
    taken = set(names.values())
    numbers: Counter[str] = Counter()
    for path, shown in plain.items():
        if path in names:
            continue
        name = shown
        while name in taken:
            numbers[shown] += 1
            name = f"{shown}‹file {numbers[shown] + 1}›"
        taken.add(name)
        names[path] = name
    return {path: names[path] for path in plain}
