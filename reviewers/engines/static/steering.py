"""Our own detector of changes to how changes are reviewed (case S31).

The configuration of the base branch steers this review, so what a change writes into it has no
effect yet. It has with the next review, so a person must see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reviewers.core.finding import Severity
from reviewers.engines.static.credentials import added
from reviewers.protocols import AnalyserRule, Copy, Hit, Report

STEERS = ".github/triptych.toml"
"""Guidelines (AGENTS.md and its like) are not among them: they are there to be worked on."""


class Steering:
    """Names the first line that a change writes into the configuration."""

    name = "steering"
    version = "1"
    needs_text = False
    rules: Mapping[str, AnalyserRule] = {
        "configuration": AnalyserRule(
            "security/changed-review",
            Severity.MEDIUM,
            "Later changes are reviewed by other rules",
            "Once merged, this configuration decides who reviews, what is left out and what is shown. "
            "It has no effect on this review.",
            "Keep it only if that is what you want.",
        )
    }

    def handles(self, path: str) -> bool:
        """Only that one file."""
        return path == STEERS

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """A hit where something is added. There is nothing that could fail, so no canary."""
        first = (
            (copy.file.path, number)
            for copy in copies
            for number, text in added(copy.file)
            if text.strip()
        )
        place = next(first, None)
        hits = (Hit(place[0], place[1], place[1], "configuration", ""),) if place else ()
        return Report(hits if "configuration" in codes else (), sandbox="in process")
