"""Pieces of Markdown that several outputs are made of: links, lines, folds."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from bot.outputs import words
from bot.outputs.inert import BODY_CHARS, FIX_CHARS, TITLE_CHARS, code, inert
from bot.report import Report
from reviewers.core.finding import Finding, Side, Standing
from reviewers.core.secrets import Redaction


@dataclass(frozen=True)
class Pen:
    """Writes the parts of one report's texts; holds what must never be written."""

    report: Report
    redact: Redaction = Redaction()

    def title(self, finding: Finding) -> str:
        """The title, harmless, without its last dot; on a removed line it says so."""
        text = inert(finding.title.rstrip(". "), self.redact, TITLE_CHARS)
        left = finding.location is not None and finding.location.side is Side.LEFT
        return f"{text} (removed here)" if left else text

    def why(self, finding: Finding) -> str:
        """Why it matters."""
        return inert(finding.body, self.redact, BODY_CHARS)

    def fix(self, finding: Finding) -> str:
        """What to do, as a sentence; "" where nothing is said."""
        text = inert(finding.fix, self.redact, FIX_CHARS)
        return text if not text or text.endswith((".", "…")) else f"{text}."

    def text(self, anything: str, limit: int | None = None) -> str:
        """Any other text of strangers or models, harmless."""
        return inert(anything, self.redact, limit)

    def place(self, finding: Finding) -> str:
        """The place as a link to the reviewed commit where there is one, else as code."""
        shown = code(words.place(finding))
        if not finding.location:
            return shown
        url = self.blob(finding.path, finding.location.line, finding.location.side)
        return f"[{shown}]({url})" if url else shown

    def blob(self, path: str, line: int, side: Side = Side.RIGHT) -> str:
        """The address of a line at the commit that has it; "" for what is on no site."""
        subject = self.report.subject
        if subject.pull is None:
            return ""
        change = self.report.verdict.change
        if side is Side.LEFT:
            file = change.file(path)
            path = (file.old_path if file else None) or path
        commit = change.base if side is Side.LEFT else change.head
        quoted = urllib.parse.quote(path, safe="/")
        return f"{subject.web}/{subject.pull.repository}/blob/{commit}/{quoted}#L{line}"

    def severity(self, finding: Finding) -> str:
        """`Critical`, on later reviews with where it stands: `High, new`."""
        word = words.capital(finding.severity.word)
        if self.report.verdict.history.is_first:
            return word
        return f"{word}, {finding.standing.value}"

    def line(self, finding: Finding) -> str:
        """A finding in a list: severity, title, place, evidence; in full when it has no thread."""
        parts = words.short_evidence(finding)
        if finding.suggestion:
            parts.append("fix ready to commit")
        if not finding.location:
            parts.append("not on a changed line")
        head = f"**{self.severity(finding)}: {self.title(finding)}.** {self.place(finding)}"
        text = f"{head}, {', '.join(parts)}." if parts else f"{head}."
        if not finding.location:
            text += f" {self.why(finding)}{self.bold_fix(finding, blank=True)}"
        if finding.standing is Standing.BACK and finding.note:
            text += f" {finding.note}"
        return text

    def bold_fix(self, finding: Finding, *, blank: bool = False) -> str:
        """`**Fix:** ...`, "" where there is none."""
        fix = self.fix(finding)
        return f"{' ' if blank else ''}**Fix:** {fix}" if fix else ""


def fold(summary: str, content: str) -> str:
    """A folded part; the blank line lets Markdown work inside."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n</details>"
