"""The body of the one consolidated review (review-comment.md, sections 3, 4 and 8).

Order: headline, not reviewed, findings, coverage sentence, folds, marker. Empty parts are left out.
When it gets too long, whole items go, in a fixed order, and the text says how many.
"""

from __future__ import annotations

from bot.outputs import folds, receipt, words
from bot.outputs.folds import FULL, Room
from bot.outputs.gaps import gap_headline, gaps
from bot.outputs.headline import count, since, whereabouts
from bot.outputs.inert import code
from bot.outputs.markdown import Pen
from bot.outputs.marker import Marker, ids, write_marker
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.finding import Finding, Severity, Standing
from reviewers.core.plan import hunk_key
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome

MAX_CHARS = 60_000
VISIBLE_LINES = 12
"""Lines of the list of findings; every critical and high is visible whatever their number."""


def review_body(report: Report, redact: Redaction = Redaction(), prefix: str = "") -> str:
    """The whole body with its marker, at most 60,000 characters.

    `prefix` stands before the headline, as on a review of an older commit.
    """
    marker = write_marker(marker_of(report))
    pen = Pen(report, redact)
    text = ""
    for room in folds.CUTS:
        text = prefix + _text(pen, room)
        if len(text) + len(marker) + 2 <= MAX_CHARS:
            break
    # Only titles are left by now; a hundred thousand of them would still be cut at a line.
    if len(text) + len(marker) + 2 > MAX_CHARS:
        text = text[: MAX_CHARS - len(marker) - 2].rsplit("\n", 1)[0]
    return f"{text}\n\n{marker}"


def summary_text(report: Report, redact: Redaction = Redaction()) -> str:
    """The body without its marker, for a check run or a job summary."""
    return _text(Pen(report, redact), FULL)


def delta_body(report: Report, full_review: str, redact: Redaction = Redaction()) -> str:
    """The short review that notifies of new findings; the first review holds everything.

    `full_review` is the address of the first one.
    """
    pen = Pen(report, redact)
    shown = report.verdict.shown
    new = [f for f in shown.listed if f.standing in (Standing.NEW, Standing.BACK)]
    others = len(shown.listed) - len(new)
    first = f"{pen.title(new[0])} ({code(words.place(new[0]))})."
    worst = first if len(new) == 1 else f"Worst: {first}"
    headline = f"**{words.plural(len(new), 'new finding')}: {words.counts(new)}.** {worst}"
    rest = []
    if report.verdict.fixed:
        number = len(report.verdict.fixed)
        rest.append(f"{number} earlier one{'s are' if number > 1 else ' is'} fixed")
    if others:
        rest.append(f"{others} {'are' if others > 1 else 'is'} open")
    link = f"[full review]({full_review})"
    headline += f" {', '.join(rest)}: {link}." if rest else f" Here is the {link}."
    without_thread = [f"- {pen.line(f)}" for f in new if f not in shown.inline]
    parts = [headline, "\n".join(without_thread)]
    return "\n\n".join((*(p for p in parts if p), write_marker(marker_of(report))))


def marker_of(report: Report) -> Marker:
    """What this review tells its successors."""
    verdict = report.verdict
    shown = verdict.shown
    unread = [
        hunk_key(ref.path, verdict.change.hunk(ref).digest())
        for ref in dict.fromkeys(c.hunk for c in verdict.coverage.gaps if c.hunk.index >= 0)
    ]
    return Marker(
        run=report.run,
        head=verdict.change.head,
        config=report.config,
        outcome=verdict.outcome.value,
        open=ids(f.id for f in shown.listed),
        fixed=ids(k.finding.id for k in verdict.fixed),
        late=ids(f.id for f in shown.late),
        dismissed=ids(k.finding.id for k in verdict.dismissed),
        unread=tuple(key.rsplit(":", 1)[1] for key in unread),
        cost=report.spent or 0.0,
    )


def _text(pen: Pen, room: Room) -> str:
    report = pen.report
    verdict = report.verdict
    if verdict.outcome is Outcome.FAILED:
        return "\n\n".join(part for part in (_failed(pen), *_notes(pen)) if part)
    clean = verdict.outcome is Outcome.CLEAN and not verdict.static_only and not verdict.fixed
    missing = _not_reviewed(pen) if verdict.outcome is Outcome.INCOMPLETE else ""
    found = _list(pen, room)
    parts = (
        headline(pen),
        missing,
        f"**Findings**\n{found}" if missing and found else found,
        "" if clean and not verdict.findings else receipt.coverage_sentence(report),
        *_notes(pen),
        *folds.all_folds(pen, room, _visible(pen)),
    )
    return "\n\n".join(part for part in parts if part)


def _notes(pen: Pen) -> list[str]:
    return [f"Note: {pen.text(note)}" for note in (*pen.report.notes, *pen.report.subject.notes)]


# --- headline


def headline(pen: Pen) -> str:
    """The first paragraph: outcome and counts, the worst place, what became of earlier ones."""
    verdict = pen.report.verdict
    counted = count(pen.report)
    if verdict.outcome is Outcome.INCOMPLETE:
        rest = f"In the rest, {counted[:1].lower()}{counted[1:]}."
        return f"**Incomplete: {gap_headline(pen.report)}.** {rest}{since(pen.report)}"
    if verdict.static_only:
        text = f"**Static analysis only, {counted[:1].lower()}{counted[1:]}.**"
        if not verdict.findings:
            return f"{text} No model read this change.{since(pen.report)}"
    elif not verdict.findings and not verdict.fixed:
        sentence = receipt.reading_sentence(pen.report)
        return f"**No findings.** {sentence}{since(pen.report)}"
    else:
        text = f"**{counted}.**"
    return f"{text}{_worst(pen)}{whereabouts(pen.report)}{since(pen.report)}"


def _worst(pen: Pen) -> str:
    listed = pen.report.verdict.shown.listed
    if not listed:
        return ""
    return f" Worst: {pen.title(listed[0])} ({code(words.place(listed[0]))})."


# --- what is missing, what failed


def _not_reviewed(pen: Pen) -> str:
    report = pen.report
    lines = [
        f"- {code(gap.path)}, {pen.text(gap.text)}" if gap.path else f"- {pen.text(gap.text)}"
        for gap in gaps(report)
    ]
    again = report.try_again
    if report.verdict.reached and report.verdict.reached.key:
        where = ""
        if report.verdict.reached.key.startswith("budget."):
            branch = f" on `{report.subject.base_ref}`" if report.subject.base_ref else ""
            where = f" in `.github/triptych.toml`{branch}"
        again = f"raise `{report.verdict.reached.key}`{where} and {report.again}"
    return (
        "**Not reviewed**\n"
        + "\n".join(lines)
        + f"\n\n**Do:** review these parts by hand, or {again}."
    )


def _failed(pen: Pen) -> str:
    report = pen.report
    verdict = report.verdict
    text = "**Failed: this change was not reviewed.**"
    missing = ""
    if verdict.problem:
        text += f" {verdict.problem}"
    else:
        text += f" {words.capital(gap_headline(report))}."
        lines = (
            f"- {code(g.path)}, {pen.text(g.text)}" if g.path else f"- {pen.text(g.text)}"
            for g in gaps(report)
        )
        missing = "**Not reviewed**\n" + "\n".join(lines) + "\n\n"
    doctor = " If it fails again, the operator runs `triptych doctor`." if report.commands else ""
    push = ", or push again" if report.commands else ""
    started = sum(look.reading is not Reading.BUDGET for look in verdict.model_looks)
    bill = f"{words.plural(started, 'call')}, {words.money(verdict.cost)}."
    return f"{text}\n\n{missing}**Do:** {report.again}{push}.{doctor} {bill} Run `{report.run}`."


# --- the list


def _visible(pen: Pen) -> tuple[Finding, ...]:
    """The findings that have a line of their own: at least 12, and every critical and high."""
    listed = pen.report.verdict.shown.listed
    grave = sum(f.severity >= Severity.HIGH for f in listed)
    return listed[: max(VISIBLE_LINES, grave)]


def _list(pen: Pen, room: Room) -> str:
    lines = []
    for number, finding in enumerate(_visible(pen), 1):
        line = pen.line(finding)
        if room.titles_only:
            line = f"**{pen.severity(finding)}: {pen.title(finding)}.** {pen.place(finding)}"
        lines.append(f"{number}. {line}")
    return "\n".join(lines)
