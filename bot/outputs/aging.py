"""A posted review whose commit is not the newest any more says so before its headline (review-comment.md,
section 3), until the next review takes its place.
"""

from __future__ import annotations

import re

_AGED = re.compile(r"\A\*\*For `[0-9a-f]{1,7}`, an older commit\.\*\* ")


def aged(body: str, head: str) -> str:
    """The body of a review of `head`, a full hash, while a newer commit is being reviewed."""
    return f"**For `{head[:7]}`, an older commit.** {current(body)}"


def current(body: str) -> str:
    """The body as it was written: of the newest commit, or of the one that the branch was set back to."""
    return _AGED.sub("", body)
