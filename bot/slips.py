"""A name that is none of the known ones: which of them it may be a slip of the pen for."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 100
"""Characters of a name that may be a slip; ours have 40 at the most. To compare takes time (case S33)."""


def meant(name: str, known: Iterable[str], alike: float) -> str:
    """The known name that a wrong one is most like, "" for none. `alike` is how much they must be, from
    0.0 to 1.0 as difflib counts: two of 8 letters that differ in one are 0.875 alike.
    """
    if len(name) > LONGEST:
        return ""
    return next(iter(get_close_matches(name, list(known), 1, alike)), "")
