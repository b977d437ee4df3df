"""Our own detector of changes to how changes are reviewed (case S31).

The configuration of the base branch steers this review, so what a change writes into it, or takes
away from it, has no effect yet. It has with the next review, so a person must see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reviewers.core.change import FileDiff, FileStatus, Mark
from reviewers.core.finding import Severity, Side
from reviewers.protocols import AnalyserRule, Copy, Hit, Report

STEERS = ".github/triptych.toml"
"""Guidelines (AGENTS.md and its like) are not among them: they are there to be worked on."""


class Steering:
    """Names the first line that a change writes into the configuration, or takes out of it."""

    name = "steering"
    version = "1"
    needs_text = False
    follows_names = True
    rules: Mapping[str, AnalyserRule] = {
        "configuration": AnalyserRule(
            "security/changed-review",
            Severity.MEDIUM,
            "Later changes are reviewed by other rules",
            "Once merged, this configuration decides who reviews, what is left out and what is shown. "
            "It has no effect on this review.",
            "Keep it only if that is what you want.",
        ),
        "unconfigured": AnalyserRule(
            "security/changed-review",
            Severity.MEDIUM,
            "Later changes are reviewed without a configuration",
            "Once merged, the defaults decide: no gate, no limit and no exclusion of this file holds any "
            "more. It has no effect on this review.",
            "Keep it only if that is what you want.",
        ),
    }

    def __init__(self, steers: str = STEERS) -> None:
        self._steers = steers

    def handles(self, path: str) -> bool:
        """Only that one file."""
        return path == self._steers

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """One hit a file. There is nothing that could fail, so no canary."""
        hits = (hit for copy in copies if (hit := self._hit(copy.file)))
        return Report(tuple(h for h in hits if h.code in codes), sandbox="in process")

    def _hit(self, file: FileDiff) -> Hit | None:
        """On the first line that is added, else on the first that is removed; of a file that was moved as
        it is, on its first line.
        """
        is_gone = file.status is FileStatus.REMOVED or file.path != self._steers
        code = "unconfigured" if is_gone else "configuration"
        marks = (Mark.ADDED, Mark.REMOVED)
        rows = [x for hunk in file.hunks for x in hunk.lines if x.mark in marks and x.text.strip()]
        rows.sort(key=lambda x: x.side is Side.LEFT)
        if rows:
            return Hit(file.path, rows[0].number, rows[0].number, code, "", side=rows[0].side)
        lines = () if file.hunks else enumerate((file.text or "").split("\n"), 1)
        first = next((number for number, text in lines if text.strip()), 0)
        return Hit(file.path, first, first, code, "") if first else None
