"""A finding's title as people see it. Only here it says that its line is gone, for what we have posted
is read back: a title that says so by itself would take its finding over to the other side.
"""

from __future__ import annotations

from reviewers.core.finding import Finding, Side
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line

REMOVED = " (removed here)"


def bare(finding: Finding, redact: Redaction) -> str:
    """The title on one line, without its last dots and without what only we say; the rule where nothing
    is left.
    """
    said = one_line(redact(finding.title))
    while (title := said.rstrip(". ")).endswith(REMOVED.strip()):
        said = title.removesuffix(REMOVED.strip())
    return title or finding.rule


def at_its_end(finding: Finding) -> str:
    """What stands behind the title of a finding on a removed line."""
    is_gone = finding.location is not None and finding.location.side is Side.LEFT
    return REMOVED if is_gone else ""
