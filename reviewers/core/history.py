"""What earlier reviews of the same pull request said, as far as it can be read back."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import Finding, Side
from reviewers.core.quotes import Quotes, quote_keys

EVERYTHING = "all"
"""What `unread` holds where more hunks went unread than fit: then none counts as read."""


class State(enum.StrEnum):
    """What became of a finding that was posted."""

    OPEN = "open"
    LATE = "late"
    FIXED = "fixed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A person's decision, bound to the code as it was: `on` is an ISO date."""

    by: str
    on: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """A finding of an earlier review. `finding.quote` is "" where the old code could not be had.

    `fixed_in` is the head at which it was gone (FIXED only).
    """

    finding: Finding
    state: State
    dismissal: Dismissal | None = None
    fixed_in: str = ""


@dataclass(frozen=True)
class History:
    """The last review of this pull request: its head, the change as it was, what is known.

    `unread` names the hunks that it could not read by their digests, or is EVERYTHING; `config`
    names who read the others, and how. `lost` are the open findings, by id, that it told and that
    cannot be read back; EVERYTHING stands for those that are not even named. What is lost is found
    again only where its code is read again. An empty history is that of a first review.
    """

    head: str = ""
    previous: Change | None = None
    known: tuple[Known, ...] = ()
    unread: frozenset[str] = frozenset()
    spent: float = 0.0
    complete: bool = False
    config: str = ""
    lost: Mapping[str, State] = field(default_factory=dict)

    @property
    def is_first(self) -> bool:
        """Whether there is no earlier review to go by."""
        return not self.head

    def had_line(self, finding: Finding, old_path: str | None = None) -> bool:
        """Whether the quoted code stood in the earlier head's change (or file) as it stands now.

        Then this push did not write it, and a finding on it comes late; unless the earlier review
        said that it had not read that hunk: what was announced as unread is new when it is read.
        `old_path` is the file's name before the change renamed it.
        """
        if self.previous is None:
            return False
        file = self.previous.file(finding.path) or self.previous.file(old_path or "")
        if file is None:
            return False
        keys = quote_keys(finding.quote)
        side = finding.side
        if not keys:
            return False
        shown = {file.hunk_at(side, first) for first, _ in self._quotes.in_hunks(file, side, keys)}
        if shown:
            return not shown <= self._unread_of(file)
        return side is Side.RIGHT and bool(self._quotes.in_text(file, keys))

    @cached_property
    def _quotes(self) -> Quotes:
        """Asked for each finding: the lines of a file are prepared once."""
        assert self.previous is not None, "only an earlier change is asked for its code"
        return Quotes(self.previous)

    def _unread_of(self, file: FileDiff) -> set[int | None]:
        """The hunks of a file of the earlier change that its review had not read."""
        told = self.unread
        return {i for i, h in enumerate(file.hunks) if EVERYTHING in told or h.digest() in told}
