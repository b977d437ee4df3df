"""What a GitHub Actions runner reads in a job's log and files: commands, outputs, annotations.

The runner obeys any line that begins with `::`, and `##[` wherever it stands. So every line that we
write is either made by `annotation` or has gone through `plain` (case S88).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from reviewers.core.finding import Finding, Severity, Side
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line

MOST_ANNOTATIONS = 10
"""Of one level in one step; GitHub shows no more (errors, warnings and notices apart)."""

_COMMAND = re.compile(r"^\s*:(?=:)|##(?=\[)")
_BRACKETS = re.compile(r"##(?=\[)")


def plain(line: str) -> str:
    """A line of a log in which nothing is a command; a command is broken up by a blank."""
    return _COMMAND.sub(lambda m: f"{m[0]} ", line)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note on a line of a file, as the Actions page shows it; `level` in the runner's words."""

    level: str
    title: str
    message: str
    path: str = ""
    line: int = 0
    end_line: int = 0

    def __str__(self) -> str:
        """The one line that makes the runner show it; every text in it is escaped."""
        where = {"file": self.path} if self.path else {}
        if self.path and self.line:
            where |= {"line": str(self.line), "endLine": str(self.end_line)}
        rows = {**where, "title": self.title}
        said = ",".join(f"{key}={_property(value)}" for key, value in rows.items())
        return f"::{self.level} {said}::{_data(self.message)}"


def annotation(finding: Finding, redact: Redaction = Redaction()) -> Annotation:
    """A finding on its line; one that is about removed lines stands on its file."""
    at = finding.location if finding.location and finding.location.side is Side.RIGHT else None
    title = f"{finding.severity.word}: {finding.title}"
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return Annotation(
        _level(finding.severity),
        one_line(redact(title)),
        one_line(redact(f"{finding.body}{fix}")) or one_line(redact(finding.title)),
        redact(finding.path),
        at.line if at else 0,
        at.end_line if at else 0,
    )


def _level(severity: Severity) -> str:
    if severity >= Severity.HIGH:
        return "error"
    return "warning" if severity is Severity.MEDIUM else "notice"


def _data(text: str) -> str:
    """A command's text; what ends a line becomes visible before it is escaped."""
    return _BRACKETS.sub("## ", one_line(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def output(name: str, value: str) -> str:
    """An output for the file that GITHUB_OUTPUT names, between delimiters that nobody can guess."""
    delimiter = f"triptych_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
