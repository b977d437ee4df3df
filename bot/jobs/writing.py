"""What is decided for a wish, as it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job of its own does what is wished for: its `row`, to be begun after `delay` seconds. What lives
    of its pull request is superseded with it, and gets that note ("" to leave it alone).
    """

    row: Mapping[str, Any]
    supersedes: str = ""
    delay: float = 0.0

    @property
    def id(self) -> str:
        """By which it is known."""
        return str(self.row["id"])


@dataclass(frozen=True, slots=True)
class OldJob:
    """One that is there already does, "" for none: nothing is to be done. It has now `seen` that (None:
    what it had seen).
    """

    id: str = ""
    seen: float | None = None


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A job that ends as one that is not wanted, and why."""

    job: str
    why: str


@dataclass(frozen=True, slots=True)
class Writing:
    """Which job does what is wished for, and which one ends in the moment in which that is written."""

    job: NewJob | OldJob = OldJob()
    ends: Unwanted | None = None
