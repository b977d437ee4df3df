"""What is decided for a wish, as it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Writing:
    """`job` is the one that does what is wished for, "" for none. It is a new one where there is a
    `row`, to be begun after `delay` seconds: what lives of its pull request is superseded with it, and
    gets that note ("" to leave it alone). One that is there already has now `seen` that (None: what it
    had seen).

    `skipped` and `why` are a job that ends with it, as one that is not wanted.
    """

    job: str = ""
    row: Mapping[str, Any] | None = None
    supersedes: str = ""
    seen: float | None = None
    delay: float = 0.0
    skipped: str = ""
    why: str = ""
