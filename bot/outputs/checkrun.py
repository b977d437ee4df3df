"""The check run and the job summary (review-comment.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outputs import words
from bot.outputs.body import summary_text
from bot.outputs.gaps import gap_headline
from bot.outputs.inert import code, shortened
from bot.outputs.inline import inline_text
from bot.outputs.markdown import Pen
from bot.outputs.receipt import readers
from bot.outputs.table import ledger
from bot.report import Report
from reviewers.core.finding import Severity, Standing
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome

NAME = "Triptych"
TITLE_CHARS = 80
TEXT_CHARS = 65_000
"""GitHub takes 65,535 characters each for a check run's summary and text."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A finished check run: its conclusion in GitHub's words, and its three texts."""

    conclusion: str
    title: str
    summary: str
    text: str


def check_run(
    report: Report, gate: Severity | None = None, redact: Redaction = Redaction()
) -> CheckRun:
    """The check run of a review. It is red only where the repository asked for a gate."""
    return CheckRun(
        conclusion(report, gate),
        check_title(report),
        _cut(summary_text(report, redact)),
        _cut(_text(report, redact)),
    )


def conclusion(report: Report, gate: Severity | None) -> str:
    """success, neutral, or failure; only a proven finding (static or verified) reaches a gate."""
    verdict = report.verdict
    match verdict.outcome:
        case Outcome.CLEAN:
            return "success"
        case Outcome.FINDINGS:
            if gate is None:
                return "neutral"
            reached = (f.is_proven and f.severity >= gate for f in verdict.shown.listed)
            return "failure" if any(reached) else "neutral"
        case Outcome.INCOMPLETE | Outcome.FAILED:
            return "neutral" if gate is None else "failure"


def check_title(report: Report) -> str:
    """The line that stands in GitHub's list of checks, with the counts: at most 80 characters."""
    verdict = report.verdict
    shown = verdict.shown
    everything = (*shown.listed, *shown.quiet)
    counted = words.counts(everything)
    if verdict.outcome is Outcome.FAILED:
        why = report.verdict.problem or gap_headline(report)
        return shortened(f"Failed: not reviewed, {_plain(why)}", TITLE_CHARS)
    if verdict.outcome is Outcome.INCOMPLETE:
        rest = f"; {counted}" if counted else ""
        return shortened(f"Incomplete: {_gap(report)}", TITLE_CHARS - len(rest)) + rest
    if verdict.static_only:
        return shortened(f"Static analysis only: {counted or 'no findings'}", TITLE_CHARS)
    if not everything:
        return shortened(_clean(report), TITLE_CHARS)
    if not shown.listed:
        floor = verdict.policy.min_severity.word
        return f"No findings of {floor} or higher; {counted}"
    if verdict.history.is_first:
        number = words.plural(len(everything), "finding")
        return shortened(f"{number}: {counted}", TITLE_CHARS)
    fixed = f"; {len(verdict.fixed)} fixed" if verdict.fixed else ""
    marked = words.counts(everything, mark_new=True)
    return shortened(f"{len(everything)} open: {marked}{fixed}", TITLE_CHARS)


def job_summary(report: Report, redact: Redaction = Redaction(), notice: str = "") -> str:
    """The summary of an Actions job; `notice` is a second line, as when nothing could be posted."""
    pen = Pen(report, redact)
    parts = [f"### Triptych: {check_title(report)}", notice, summary_text(report, redact)]
    for number, finding in enumerate(report.verdict.shown.listed, 1):
        place = f"#### {number}. {code(words.place(finding))}"
        parts += [place, inline_text(pen, finding, as_diff=True)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _clean(report: Report) -> str:
    verdict = report.verdict
    number = len(verdict.coverage.hunks)
    who = words.plural(len(readers(report)), "reviewer")
    hunks = "the only hunk" if number == 1 else f"all {words.plural(number, 'hunk')}"
    return f"No findings: {who} read {hunks}"


def _gap(report: Report) -> str:
    """`security read 0 of 34 hunks`, `budget of 2.00 USD reached`."""
    if report.verdict.reached:
        return f"budget of {report.verdict.reached.limit:.2f} USD reached"
    total = len(report.verdict.coverage.hunks)
    nothing = [r for r in readers(report) if r.mine and not r.read]
    if nothing:
        who = words.listing([r.reviewer.id for r in nothing])
        return f"{who} read 0 of {words.plural(total, 'hunk')}"
    return gap_headline(report)


def _plain(sentence: str) -> str:
    """A sentence as the end of a title: no Markdown, no detail in brackets, no last dot."""
    return sentence.replace("`", "").split(" (")[0].split(" of ")[0].rstrip(".")


def _text(report: Report, redact: Redaction) -> str:
    """Every finding in full, low ones and removed ones too, then the whole ledger."""
    pen = Pen(report, redact)
    shown = report.verdict.shown
    parts: list[str] = []
    for number, finding in enumerate((*shown.listed, *shown.late, *shown.quiet), 1):
        late = " (late)" if finding.standing is Standing.LATE else ""
        parts.append(f"#### {number}. {pen.place(finding)}{late}")
        parts.append(inline_text(pen, finding, as_diff=True))
    if report.verdict.dropped:
        parts.append("#### Removed before posting")
        parts.append(
            "\n".join(
                f"- {code(d.item.path)}: {pen.text(d.item.title, 120)} "
                f"({pen.text(f'{d.reason.value} {d.detail}'.strip(), 240)})"
                for d in report.verdict.dropped
            )
        )
    parts.append("#### Coverage, hunk by hunk")
    parts.append(ledger(report))
    return "\n\n".join(parts)


def _cut(text: str) -> str:
    """GitHub refuses longer texts; the cut is marked, at a line's end."""
    if len(text) <= TEXT_CHARS:
        return text
    return text[:TEXT_CHARS].rsplit("\n", 1)[0] + "\n\nThe rest is left out: it is too long here."
