"""The review for a terminal: the same words in the same order, without markup.

80 columns, or fewer where the terminal has no more; colour on the severity word only and only on a
terminal; control characters are shown, never sent (review-comment.md section 9). A line that a build
server would take for a command of its own (`::name`, `##[name`) is broken up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from bot.outputs import receipt, titles, words
from bot.outputs.gaps import advice, gap_headline, gaps
from bot.outputs.headline import count, dismissed, nothing_found, rest, since, tells_who_read
from bot.outputs.markdown import offered
from bot.outputs.table import table
from bot.outputs.workflow import plain
from bot.report import Report
from reviewers.core.finding import Finding, Severity, Standing
from reviewers.core.history import Known
from reviewers.core.masked import masked_lines
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome
from reviewers.core.visible import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
LEAST_WIDTH = 40
"""On a narrower terminal rows break a second time: names and figures need some room."""
INDENT = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the terminal; the first `marked` characters have the colour of `severity`."""

    text: str
    severity: Severity | None = None
    marked: int = 0


def terminal_lines(
    report: Report,
    redact: Redaction = Redaction(),
    *,
    everything: bool = False,
    width: int = WIDTH,
) -> list[Line]:
    """The lines of a review, so many columns wide; `everything` shows what the review folds away, too."""
    lines = _Writer(report, redact, everything, width).lines()
    return [Line(plain(line.text), line.severity, line.marked) for line in lines]


@dataclass(frozen=True)
class _Writer:
    report: Report
    redact: Redaction
    everything: bool
    width: int

    def lines(self) -> Iterator[Line]:
        """All parts, with a blank line between them."""
        verdict = self.report.verdict
        yield from self._wrapped(self._headline())
        if verdict.outcome in (Outcome.INCOMPLETE, Outcome.FAILED):
            yield from self._not_reviewed()
        for finding in verdict.shown.listed:
            yield Line("")
            yield from self._finding(finding)
        yield from self._folded_away()
        if verdict.outcome is not Outcome.FAILED:
            yield Line("")
            yield from self._wrapped(_unmarked(self._coverage()))
        for note in (*self.report.notes, *self.report.subject.notes):
            yield from self._wrapped(f"Note: {self._text(_unmarked(note))}")
        if self.everything:
            yield from self._removed()
            yield from self._table()
        elif verdict.removed:
            removed = words.plural(len(verdict.removed), "removed finding")
            them = _them(verdict.removed)
            yield from self._wrapped(f"{removed}: --all shows {them}, and the coverage.")

    def _headline(self) -> str:
        verdict = self.report.verdict
        counted = count(self.report)
        later = _unmarked(f"{since(self.report)}{dismissed(self.report)}")
        match verdict.outcome:
            case Outcome.FAILED:
                why = verdict.problem or f"{words.capital(gap_headline(self.report))}."
                return self._text(_unmarked(f"Failed: this change was not reviewed. {why}"))
            case Outcome.INCOMPLETE:
                why = self._text(_unmarked(gap_headline(self.report)))
                return f"Incomplete: {why}. {rest(self.report)}{later}"
            case Outcome.CLEAN | Outcome.FINDINGS:
                if tells_who_read(self.report):
                    counted = nothing_found(self.report)
                if verdict.static_only:
                    counted = f"Static analysis only, {words.small(counted)}"
                    if not verdict.findings:
                        later = f" No model read this change.{later}"
                return f"{counted}.{later}" if later else counted

    def _coverage(self) -> str:
        if tells_who_read(self.report):
            return receipt.reading_sentence(self.report)
        return receipt.coverage_sentence(self.report)

    def _not_reviewed(self) -> Iterator[Line]:
        report = self.report
        if missing := gaps(report):
            yield Line("")
            yield Line("Not reviewed")
        for gap in missing:
            where = f"{self._path(gap.path)}, " if gap.path else ""
            yield from self._wrapped(f"- {where}{self._text(_unmarked(gap.text))}", hanging=2)
        yield from self._wrapped(f"Do: {_unmarked(words.small(advice(report)))}")

    def _finding(self, finding: Finding) -> Iterator[Line]:
        word = finding.severity.word.upper()
        stand = "" if finding.standing is Standing.NEW else f" ({finding.standing.value})"
        title = f"{titles.bare(finding, self.redact)}{titles.at_its_end(finding)}{stand}"
        place = one_line(words.place(finding, self.redact))
        head = f"{word:<{INDENT}}{place}"
        fits = len(head) + 2 + len(title) <= self.width
        yield Line(f"{head}  {title}" if fits else head, finding.severity, len(word))
        if not fits:
            yield from self._wrapped(title, INDENT)
        yield from self._wrapped(words.evidence(finding, self.report.verdict.policy), INDENT)
        yield from self._wrapped(self._text(finding.body), INDENT)
        yield from self._wrapped(self._text(_unmarked(finding.note)), INDENT)
        if finding.fix:
            yield from self._wrapped(f"Fix: {self._text(finding.fix)}", INDENT)
        for d in finding.dissent:
            if d.reason:
                who = words.capital(f"{d.reviewer} vote {d.vote}" if d.vote else d.reviewer)
                against = f" Against it: {d.against}" if d.against else ""
                yield from self._wrapped(
                    self._text(f"{who} disagrees: {d.reason}{against}"), INDENT
                )
        yield from self._diff(finding)

    def _diff(self, finding: Finding) -> Iterator[Line]:
        file = self.report.verdict.change.file(finding.path)
        suggestion = offered(finding.suggestion, self.redact)
        if suggestion is None or finding.location is None or file is None:
            return
        pad = " " * INDENT
        old = masked_lines(file, finding.location.side, self.redact)
        for number in range(finding.location.line, finding.location.end_line + 1):
            yield Line(f"{pad}- {visible(old[number])}")
        for text in suggestion.split("\n"):
            yield Line(f"{pad}+ {text}")

    def _folded_away(self) -> Iterator[Line]:
        """Late, quiet, fixed and dismissed ones: in full with `everything`, else their numbers."""
        verdict = self.report.verdict
        late, quiet = verdict.shown.late, verdict.shown.quiet
        ones = words.quiet_ones(quiet, verdict.policy.min_severity)
        yield from self._more(late, f"{len(late)} late, in code that this push did not change")
        yield from self._more(quiet, ones)
        if self.everything:
            yield from self._known("Fixed", verdict.fixed)
            yield from self._known("Dismissed", verdict.dismissed)

    def _more(self, findings: Sequence[Finding], what: str) -> Iterator[Line]:
        if not findings:
            return
        if not self.everything:
            yield Line("")
            yield from self._wrapped(f"{what}: --all shows {_them(findings)}.")
        else:
            for finding in findings:
                yield Line("")
                yield from self._finding(finding)

    def _known(self, what: str, known: Sequence[Known]) -> Iterator[Line]:
        if known:
            yield Line("")
            yield Line(what)
        for k in known:
            f = k.finding
            place = one_line(words.place(f, self.redact))
            said = (
                f"- {words.capital(f.severity.word)}: {self._text(f.title).rstrip('. ')}, {place}"
            )
            if k.dismissal:
                reason = self._text(k.dismissal.reason)
                said += f'. {self._text(k.dismissal.by)}, {k.dismissal.on}: "{reason}"'
            yield from self._wrapped(said, hanging=2)

    def _removed(self) -> Iterator[Line]:
        verdict = self.report.verdict
        if not verdict.removed:
            return
        yield Line("")
        yield Line("Removed")
        gone = (d.item for d in verdict.dropped if isinstance(d.item, Finding))
        lines = {f.id: f.line for f in (*gone, *verdict.findings)}
        for d in verdict.removed:
            said = _unmarked(words.why(d.reason, words.of_which(d.reason, d.detail, lines)))
            text = f"- {self._path(d.item.path)}: {self._text(d.item.title)} ({self._text(said)})"
            yield from self._wrapped(text, hanging=2)

    def _table(self) -> Iterator[Line]:
        """The coverage table as a list: a table of many columns is wider than a terminal."""
        header, rows = table(self.report)
        if not rows:
            return
        yield Line("")
        yield Line("Coverage")
        readers = [words.small(name.split(",")[0]) for name in header[2:]]
        for row in rows:
            hunks, *cells = row.cells
            said = "; ".join(f"{who} {cell}" for who, cell in zip(readers, cells, strict=True))
            size = f", {words.plural(int(hunks), 'hunk')}" if int(hunks) else ""
            label = self._path(row.path) if row.path else row.label
            yield from self._wrapped(f"- {label}{size}: {said}", hanging=2)

    def _path(self, path: str) -> str:
        return one_line(words.short_path(path, self.redact))

    def _text(self, text: str) -> str:
        return one_line(self.redact(text))

    def _wrapped(self, text: str, indent: int = 0, hanging: int = 0) -> Iterator[Line]:
        pad = " " * indent
        for row in textwrap.wrap(
            text,
            self.width,
            initial_indent=pad,
            subsequent_indent=pad + " " * hanging,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield Line(row)


def _them(things: Sequence[object]) -> str:
    return "it" if len(things) == 1 else "them"


def _unmarked(text: str) -> str:
    return text.replace("**", "").replace("`", "")


COLOURS = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "cyan",
}


def columns() -> int:
    """The columns for a person at this terminal (`COLUMNS` goes before its own width)."""
    return min(WIDTH, max(LEAST_WIDTH, get_terminal_size((WIDTH, 24)).columns))


def print_coloured(lines: Iterable[Line], console: Console | None = None) -> None:
    """Print on a terminal; the severity word has a colour unless `NO_COLOR` is set."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console(width=columns())
    for line in lines:
        text = Text(line.text)
        if line.severity is not None:
            text.stylize(COLOURS[line.severity], 0, line.marked)
        console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)
