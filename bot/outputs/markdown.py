"""Pieces of Markdown that several outputs are made of: links, lines, folds."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass

from bot.outputs import titles, words
from bot.outputs.inert import BODY_CHARS, FIX_CHARS, TITLE_CHARS, code, inert
from bot.report import Report
from reviewers.core.finding import Finding, Side, Standing
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible

SUGGESTION_CHARS = 2_000

_COMMAND = re.compile(r"(?m)^\s*/[a-z][\w-]*(?:\s|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Pen:
    """Writes the parts of one report's texts; holds what must never be written."""

    report: Report
    redact: Redaction = Redaction()

    def title(self, finding: Finding) -> str:
        """The title, harmless, without its last dot; on a removed line it says so."""
        text = inert(titles.bare(finding, self.redact), self.redact, TITLE_CHARS)
        return f"{text}{titles.at_its_end(finding)}"

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

    def path(self, path: str) -> str:
        """A path as code."""
        return code(words.short_path(path, self.redact))

    def bare_place(self, finding: Finding) -> str:
        """The place as code."""
        return code(words.place(finding, self.redact))

    def place(self, finding: Finding) -> str:
        """The place as a link to the reviewed commit where there is one, else as code."""
        shown = self.bare_place(finding)
        if not finding.location:
            return shown
        url = self.blob(finding.path, finding.location.line, finding.location.side)
        return f"[{shown}]({url})" if url else shown

    def suggestion(self, finding: Finding) -> str | None:
        """The suggestion, None where it may not be shown as it is (see `offered`)."""
        return offered(finding.suggestion, self.redact)

    def blob(self, path: str, line: int, side: Side = Side.RIGHT) -> str:
        """The address of a line at the commit that has it; "" for what is on no site.

        A path that holds a secret has none: the address would show it.
        """
        subject = self.report.subject
        if subject.pull is None or self.redact(path) != path:
            return ""
        change = self.report.verdict.change
        if side is Side.LEFT:
            file = change.file(path)
            path = (file.old_path if file else None) or path
        commit = change.base if side is Side.LEFT else change.head
        quoted = urllib.parse.quote(path, safe="/", errors="replace")
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
        if self.suggestion(finding) is not None and finding in self.report.verdict.shown.inline:
            parts.append("fix ready to commit")
        if not finding.location:
            parts.append("not on a changed line")
        head = f"**{self.severity(finding)}: {self.title(finding)}.** {self.place(finding)}"
        text = f"{head}, {', '.join(parts)}." if parts else f"{head}."
        if not finding.location:
            text += f" {self.why(finding)}".rstrip() + self.bold_fix(finding, blank=True)
        if finding.standing is Standing.BACK and finding.note:
            text += f" {self.text(finding.note)}"
        return text

    def title_line(self, finding: Finding) -> str:
        """The shortest form of a finding: severity, title, place without a link."""
        return f"**{self.severity(finding)}: {self.title(finding)}.** {self.bare_place(finding)}"

    def bold_fix(self, finding: Finding, *, blank: bool = False) -> str:
        """`**Fix:** ...`, "" where there is none."""
        fix = self.fix(finding)
        return f"{' ' if blank else ''}**Fix:** {fix}" if fix else ""


def offered(suggestion: str | None, redact: Redaction) -> str | None:
    """A suggestion that may be shown as it is, else None.

    Not one that holds a secret or hidden characters, that other bots would take for a command, or
    that is longer than a comment should be.
    """
    if suggestion is None or len(suggestion) > SUGGESTION_CHARS or _COMMAND.search(suggestion):
        return None
    return suggestion if visible(redact(suggestion)) == suggestion else None


def fold(summary: str, content: str) -> str:
    """A folded part; the blank line lets Markdown work inside."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n</details>"
