"""The forms in which a report is written: a line for each `Format`."""

from __future__ import annotations

from bot.outputs.checkrun import job_summary
from bot.outputs.document import document
from bot.outputs.sarif import sarif
from bot.outputs.targets import Format
from bot.outputs.terminal import terminal_lines
from bot.outputs.workflow import plain
from bot.report import Report
from reviewers.core.secrets import Redaction


def written(report: Report, form: Format, redact: Redaction, *, everything: bool = False) -> str:
    """The report in that form; `everything` is for people at a terminal.

    It may go to the log of a build, whose runner would obey what a file is called (case S88).
    """
    match form:
        case Format.TERMINAL:
            lines = terminal_lines(report, redact, everything=everything)
            return "".join(f"{line.text}\n" for line in lines)
        case Format.JSON:
            return _escaped(document(report, redact))
        case Format.MARKDOWN:
            return "".join(
                f"{plain(line)}\n" for line in job_summary(report, redact).split("\n")[:-1]
            )
        case Format.SARIF:
            return _escaped(sarif(report, redact))


def _escaped(document: str) -> str:
    """The same JSON without a command; what opens one stands in strings only."""
    return document.replace("##[", "\\u0023#[")
