"""The review for a terminal: the same words in the same order, without markup.

80 columns, colour on the severity word only and only on a terminal; control characters are shown,
never sent (review-comment.md section 9).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.outputs import receipt, words
from bot.outputs.gaps import gap_headline, gaps
from bot.outputs.headline import count, since
from bot.outputs.table import table
from bot.report import Report
from reviewers.core.finding import Finding, Severity, Side, Standing
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome
from reviewers.core.visible import one_line, visible

WIDTH = 80
INDENT = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the terminal; the first `marked` characters have the colour of `severity`."""

    text: str
    severity: Severity | None = None
    marked: int = 0


def terminal_lines(
    report: Report, redact: Redaction = Redaction(), *, everything: bool = False
) -> list[Line]:
    """The lines of a review; `everything` shows what the review folds away, too."""
    return list(_Writer(report, redact, everything).lines())


@dataclass(frozen=True)
class _Writer:
    report: Report
    redact: Redaction
    everything: bool

    def lines(self) -> Iterator[Line]:
        """All parts, with a blank line between them."""
        verdict = self.report.verdict
        yield from _wrapped(self._headline())
        if verdict.outcome in (Outcome.INCOMPLETE, Outcome.FAILED):
            yield from self._not_reviewed()
        shown = verdict.shown
        for finding in shown.listed:
            yield Line("")
            yield from self._finding(finding)
        yield from self._quieter(shown.late, "late: in code that this push did not change")
        yield from self._quieter(shown.quiet, "of low severity")
        if verdict.outcome is not Outcome.FAILED:
            yield Line("")
            yield from _wrapped(_unmarked(self._coverage()))
        for note in (*self.report.notes, *self.report.subject.notes):
            yield from _wrapped(f"Note: {self._text(note)}")
        if self.everything:
            yield from self._removed()
            yield from self._table()
        elif verdict.dropped:
            removed = words.plural(len(verdict.dropped), "removed finding")
            yield Line(f"{removed}: --all shows them, and the coverage table.")

    def _headline(self) -> str:
        verdict = self.report.verdict
        counted = count(self.report)
        small = counted[:1].lower() + counted[1:]
        later = _unmarked(since(self.report))
        match verdict.outcome:
            case Outcome.FAILED:
                why = verdict.problem or f"{words.capital(gap_headline(self.report))}."
                return _unmarked(f"Failed: this change was not reviewed. {why}")
            case Outcome.INCOMPLETE:
                why = _unmarked(gap_headline(self.report))
                return f"Incomplete: {why}. In the rest, {small}.{later}"
            case Outcome.CLEAN | Outcome.FINDINGS:
                if verdict.static_only:
                    return f"Static analysis only, {small}{later}"
                return f"{counted}{later}"

    def _coverage(self) -> str:
        verdict = self.report.verdict
        if verdict.outcome is Outcome.CLEAN and not verdict.static_only:
            return receipt.reading_sentence(self.report)
        return receipt.coverage_sentence(self.report)

    def _not_reviewed(self) -> Iterator[Line]:
        yield Line("")
        yield Line("Not reviewed")
        for gap in gaps(self.report):
            where = f"{self._text(gap.path)}, " if gap.path else ""
            yield from _wrapped(f"- {where}{self._text(_unmarked(gap.text))}", hanging=2)
        yield from _wrapped(
            f"Do: review these parts by hand, or {_unmarked(self.report.try_again)}."
        )

    def _finding(self, finding: Finding) -> Iterator[Line]:
        word = finding.severity.word.upper()
        stand = "" if finding.standing is Standing.NEW else f" ({finding.standing.value})"
        left = finding.location is not None and finding.location.side is Side.LEFT
        removed = " (removed here)" if left else ""
        title = f"{self._text(finding.title).rstrip('.')}{removed}{stand}"
        place = self._text(words.place(finding))
        for number, text in enumerate(_folded(f"{word:<{INDENT}}{place}  {title}", INDENT)):
            yield Line(text, finding.severity, len(word)) if number == 0 else Line(text)
        proof = words.evidence(finding, self.report.verdict.policy)
        if not finding.location:
            proof += "; not on a changed line"
        yield from _wrapped(proof, INDENT)
        yield from _wrapped(self._text(finding.body), INDENT)
        if finding.note:
            yield from _wrapped(_unmarked(finding.note), INDENT)
        if finding.fix:
            yield from _wrapped(f"Fix: {self._text(finding.fix)}", INDENT)
        for d in finding.dissent:
            if d.reason:
                who = f"{d.reviewer} vote {d.vote}" if d.vote else d.reviewer
                against = f" Against it: {self._text(d.against)}" if d.against else ""
                said = f"Against: {who}: {self._text(_unmarked(d.reason))}{against}"
                yield from _wrapped(said, INDENT)
        yield from self._diff(finding)

    def _diff(self, finding: Finding) -> Iterator[Line]:
        file = self.report.verdict.change.file(finding.path)
        if finding.suggestion is None or finding.location is None or file is None:
            return
        pad = " " * INDENT
        for number in range(finding.location.line, finding.location.end_line + 1):
            text = file.rows[finding.location.side, number].text
            yield Line(f"{pad}- {visible(self.redact(text))}")
        for text in finding.suggestion.split("\n"):
            yield Line(f"{pad}+ {visible(self.redact(text))}")

    def _quieter(self, findings: Sequence[Finding], what: str) -> Iterator[Line]:
        if not findings:
            return
        yield Line("")
        if not self.everything:
            yield Line(f"{len(findings)} more {what}: --all shows them.")
            return
        for finding in findings:
            yield from self._finding(finding)
            yield Line("")

    def _removed(self) -> Iterator[Line]:
        if not self.report.verdict.dropped:
            return
        yield Line("")
        yield Line("Removed")
        for d in self.report.verdict.dropped:
            said = f"{d.reason.value} {_unmarked(d.detail)}".strip()
            yield from _wrapped(
                f"- {self._text(d.item.path)}: {self._text(d.item.title)} ({self._text(said)})",
                hanging=2,
            )

    def _table(self) -> Iterator[Line]:
        header, rows = table(self.report)
        if not rows:
            return
        body = [(self._text(row.label), *row.cells) for row in rows]
        widths = [max(len(r[i]) for r in (header, *body)) for i in range(len(header))]
        yield Line("")
        for row in (header, *body):
            yield Line("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())

    def _text(self, text: str) -> str:
        return one_line(self.redact(text))


def _unmarked(text: str) -> str:
    return text.replace("**", "").replace("`", "")


def _wrapped(text: str, indent: int = 0, hanging: int = 0) -> Iterator[Line]:
    pad = " " * indent
    for row in textwrap.wrap(
        text,
        WIDTH,
        initial_indent=pad,
        subsequent_indent=pad + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield Line(row)


def _folded(text: str, indent: int) -> list[str]:
    """The first line of a finding keeps its columns; what does not fit goes below."""
    if len(text) <= WIDTH:
        return [text]
    cut = text.rfind("  ", indent, WIDTH + 1)
    if cut <= indent:
        cut = text.rfind(" ", indent, WIDTH + 1)
    if cut <= indent:
        return [text]
    rest = textwrap.wrap(
        text[cut:].strip(),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [text[:cut].rstrip(), *rest]


_COLOURS = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "cyan",
}


def print_coloured(lines: Iterable[Line]) -> None:
    """Print on a terminal; the severity word has a colour unless `NO_COLOR` is set."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        text = Text(line.text)
        if line.severity is not None:
            text.stylize(_COLOURS[line.severity], 0, line.marked)
        console.print(text)
