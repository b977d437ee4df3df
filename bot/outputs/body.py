"""The body of the one consolidated review (review-comment.md, sections 3, 4 and 8).

Order: headline, not reviewed, findings, coverage sentence, folds, marker. Empty parts are left out.
When it gets too long, whole items go, in a fixed order, and the text says how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.outputs import folds, receipt, words
from bot.outputs.folds import Room, fitted, left_out
from bot.outputs.gaps import gap_headline, gaps, what_to_do
from bot.outputs.headline import (
    count,
    dismissed,
    new_ones,
    nothing_found,
    rest,
    since,
    tells_who_read,
    whereabouts,
)
from bot.outputs.holding import unruled
from bot.outputs.markdown import Pen
from bot.outputs.marker import Marker, ids, write_marker
from bot.report import Report
from reviewers.core.aggregate.vote import hunks_of
from reviewers.core.call import Reading
from reviewers.core.change import Change, HunkRef
from reviewers.core.finding import Claim, Finding, Reason, Severity, Standing
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome

MAX_CHARS = 60_000
VISIBLE_LINES = 12
"""Lines of the list of findings; every critical and high is visible whatever their number."""
GAP_CHARS = 300
NOTE_CHARS = 500


def review_body(report: Report, redact: Redaction = Redaction()) -> str:
    """The whole body with its marker, at most 60,000 characters."""
    marker = write_marker(marker_of(report))
    pen = Pen(report, redact)
    room = MAX_CHARS - len(marker) - 2
    return f"{fitted(lambda cut: _text(pen, cut), room)}\n\n{marker}"


def summary_text(report: Report, redact: Redaction = Redaction(), limit: int = MAX_CHARS) -> str:
    """The body without its marker, for a check run or a job summary."""
    pen = Pen(report, redact)
    return fitted(lambda cut: _text(pen, cut), limit)


def delta_body(report: Report, full_review: str, redact: Redaction = Redaction()) -> str:
    """The short review that notifies of new findings; the first review holds everything.

    `full_review` is the address of the first one.
    """
    pen = Pen(report, redact)
    shown = report.verdict.shown
    new = [f for f in shown.listed if f.standing in (Standing.NEW, Standing.BACK)]
    others = len(shown.listed) - len(new)
    first = f"{pen.title(new[0])} ({pen.bare_place(new[0])})."
    worst = first if len(new) == 1 else f"Worst: {first}"
    headline = f"**{new_ones(report)}.** {worst}"
    rest = []
    if report.verdict.fixed:
        number = len(report.verdict.fixed)
        rest.append(f"{number} earlier one{'s are' if number > 1 else ' is'} fixed")
    if others:
        rest.append(f"{others} {'are' if others > 1 else 'is'} open")
    link = f"[full review]({full_review})"
    headline += f" {', '.join(rest)}: {link}." if rest else f" Everything is in the {link}."
    bare = [f for f in new if f not in shown.inline]
    visible = _visible(bare)
    marker = write_marker(marker_of(report))

    def text(room: Room) -> str:
        lines = _lines(pen, visible, room)
        more = len(bare) - len(visible)
        parts = (headline, lines, f"{more} more in the full review." if more else "")
        return "\n\n".join(part for part in parts if part)

    return f"{fitted(text, MAX_CHARS - len(marker) - 2)}\n\n{marker}"


def marker_of(report: Report) -> Marker:
    """What this review tells its successors."""
    verdict = report.verdict
    shown = verdict.shown
    held = unruled(report)
    told = _gated(report)
    visible = _visible(shown.listed)
    return Marker(
        run=report.run,
        head=verdict.change.head,
        config=report.config,
        outcome=verdict.outcome.value,
        open=ids(f.id for f in (*visible, *folds.in_titles(shown.listed[len(visible) :]))),
        fixed=ids(k.finding.id for k in verdict.all_fixed),
        late=ids(f.id for f in shown.late),
        dismissed=ids(k.finding.id for k in verdict.dismissed),
        quiet=ids(f.id for f in folds.in_titles(shown.quiet)),
        unread=ids(verdict.change.hunk(ref).digest() for ref in _to_read_again(report)),
        proven=ids(f.id for f in told if f.is_proven),
        held=ids(f.id for f in told if f.id in held),
        cost=report.spent or 0.0,
        by=tuple(_seen_by(f) for f in (*shown.listed, *shown.late, *shown.quiet) if _is_static(f)),
    )


def _is_static(finding: Finding) -> bool:
    """Whether one analyser saw it and no model: none has called it graver before, either."""
    is_one = len(finding.sources) == 1 and bool(finding.analysers)
    return is_one and finding.severity <= finding.sources[0].severity


def _seen_by(finding: Finding) -> str:
    (source,) = finding.sources
    return f"{finding.id}:{source.name}:{source.rule}".replace("-", ".")


def _gated(report: Report) -> list[Finding]:
    shown = report.verdict.shown
    return [f for f in (*shown.listed, *shown.late) if report.gate and f.severity >= report.gate]


def _to_read_again(report: Report) -> Iterable[HunkRef]:
    """The hunks that do not count as read: those with a gap; those in which a finding holds a gate, so
    that the second look is asked again what it did not tell; and those in which an analyser found more
    than it may tell.
    """
    verdict = report.verdict
    held = unruled(report)
    unread = [c.hunk for c in verdict.coverage.gaps]
    unread += (ref for f in _gated(report) if f.id in held for ref in hunks_of(f, verdict.change))
    for dropped in verdict.dropped:
        claim, over = dropped.item, dropped.reason is Reason.OVER_LIMIT
        if over and isinstance(claim, Claim) and claim.source.engine == STATIC:
            unread += _hunks_at(claim, verdict.change)
    return dict.fromkeys(ref for ref in unread if ref.index >= 0)


def _hunks_at(claim: Claim, change: Change) -> Iterable[HunkRef]:
    """The hunk that shows the line of a claim, else every one of its file."""
    file = change.file(claim.path)
    if file is None:
        return []
    at = file.hunk_at(claim.side, claim.line)
    return [HunkRef(file.path, i) for i in range(len(file.hunks)) if at in (None, i)]


def _text(pen: Pen, room: Room) -> str:
    report = pen.report
    verdict = report.verdict
    if verdict.outcome is Outcome.FAILED:
        return "\n\n".join(part for part in (_failed(pen, room), *_notes(pen)) if part)
    told = tells_who_read(report)
    missing = _not_reviewed(pen, room) if verdict.outcome is Outcome.INCOMPLETE else ""
    visible = _visible(verdict.shown.listed)
    found = _lines(pen, visible, room, numbered=True)
    parts = (
        headline(pen),
        missing,
        f"**Findings**\n{found}" if missing and found else found,
        "" if told else receipt.coverage_sentence(report),
        *_notes(pen),
        *folds.all_folds(pen, room, visible),
    )
    return "\n\n".join(part for part in parts if part)


def _notes(pen: Pen) -> list[str]:
    notes = (*pen.report.notes, *pen.report.subject.notes)
    return [f"Note: {pen.text(note, NOTE_CHARS)}" for note in notes]


# --- headline


def headline(pen: Pen) -> str:
    """The first paragraph: outcome and counts, the worst place, what became of earlier ones."""
    report = pen.report
    verdict = report.verdict
    counted = count(report)
    if verdict.outcome is Outcome.INCOMPLETE:
        text = f"**Incomplete: {gap_headline(report)}.** {rest(report)}"
        return f"{text}{whereabouts(report)}{since(report)}{dismissed(report)}"
    if tells_who_read(report):
        read = f"{receipt.reading_sentence(report)}{since(report)}"
        return f"**{nothing_found(report)}.**{dismissed(report)} {read}"
    text = f"**{counted}.**"
    if verdict.static_only:
        text = f"**Static analysis only, {words.small(counted)}.**"
        if not verdict.findings:
            text += " No model read this change."
    return f"{text}{_worst(pen)}{whereabouts(report)}{since(report)}{dismissed(report)}"


def _worst(pen: Pen) -> str:
    listed = pen.report.verdict.shown.listed
    if not listed:
        return ""
    return f" Worst: {pen.title(listed[0])} ({pen.bare_place(listed[0])})."


# --- what is missing, what failed


def _not_reviewed(pen: Pen, room: Room) -> str:
    return f"{_gap_list(pen, room)}\n\n**Do:** {words.small(what_to_do(pen.report))}"


def _gap_list(pen: Pen, room: Room) -> str:
    missing = gaps(pen.report)
    lines = []
    for gap in missing[: room.most]:
        text = pen.text(gap.text, GAP_CHARS)
        lines.append(f"- {pen.path(gap.path)}, {text}" if gap.path else f"- {text}")
    if cut := len(missing) - len(lines):
        lines.append(f"- {left_out(cut, pen)}")
    return "\n".join(("**Not reviewed**", *lines))


def _failed(pen: Pen, room: Room) -> str:
    report = pen.report
    verdict = report.verdict
    why = verdict.problem or f"{words.capital(gap_headline(report))}."
    text = f"**Failed: this change was not reviewed.** {pen.text(why)}"
    missing = "" if verdict.problem else f"{_gap_list(pen, room)}\n\n"
    doctor = " If it fails again, the operator runs `triptych doctor`." if report.commands else ""
    push = ", or push again" if report.commands else ""
    started = sum(look.reading is not Reading.BUDGET for look in verdict.model_looks)
    bill = f"{words.plural(started, 'call')}, {words.money(verdict.cost)}."
    return f"{text}\n\n{missing}**Do:** {report.again}{push}.{doctor} {bill} Run `{report.run}`."


# --- the list


def _visible(listed: Sequence[Finding]) -> Sequence[Finding]:
    """The findings that have a line of their own: at least 12, and every critical and high."""
    grave = sum(f.severity >= Severity.HIGH for f in listed)
    return listed[: max(VISIBLE_LINES, grave)]


def _lines(pen: Pen, findings: Sequence[Finding], room: Room, *, numbered: bool = False) -> str:
    """A line for each finding; where the list is cut, how many are missing."""
    lines = []
    for number, finding in enumerate(findings[: room.most], 1):
        line = pen.title_line(finding) if room.titles_only else pen.line(finding)
        lines.append(f"{f'{number}.' if numbered else '-'} {line}")
    text = "\n".join(lines)
    cut = len(findings) - len(lines)
    return f"{text}\n\n{left_out(cut, pen)}" if cut else text
