"""The folded parts of a body, and what of them goes when it is too long."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.outputs import words
from bot.outputs.inert import BODY_CHARS, FIX_CHARS, TITLE_CHARS, block, cell, code, shortened
from bot.outputs.markdown import Pen, fold
from bot.outputs.table import table
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.finding import Dropped, Finding, Reason
from reviewers.core.policy import CLAUDE
from reviewers.core.verdict import Outcome
from reviewers.core.visible import one_line

PLAIN_TEXT_LIMIT = 20
REFUTATIONS_NAMED = 5
IDS_NAMED = 50
MIXED = "findings"
"""What findings of several severities are called together."""


@dataclass(frozen=True)
class Room:
    """Which parts may be written; `rows` of the table and `most` lines of a list (None: all)."""

    plain_text: bool = True
    removed: bool = True
    rows: int | None = None
    quiet: bool = True
    dismissed: bool = True
    late: bool = True
    fixed: bool = True
    more: bool = True
    titles_only: bool = False
    most: int | None = None


FULL = Room()
_NO_TEXT = {"plain_text": False}
_NO_REMOVED = {**_NO_TEXT, "removed": False}
_NO_QUIET = {**_NO_REMOVED, "quiet": False}
_NO_DISMISSED = {**_NO_QUIET, "dismissed": False}
_NO_LATE = {**_NO_DISMISSED, "late": False}
_NO_FIXED = {**_NO_LATE, "fixed": False}
_NO_MORE = {**_NO_FIXED, "more": False}
CUTS: tuple[Room, ...] = (
    FULL,
    Room(**_NO_TEXT),
    Room(**_NO_REMOVED),
    Room(**_NO_REMOVED, rows=20),
    Room(**_NO_REMOVED, rows=0),
    Room(**_NO_QUIET, rows=0),
    Room(**_NO_DISMISSED, rows=0),
    Room(**_NO_LATE, rows=0),
    Room(**_NO_FIXED, rows=0),
    Room(**_NO_MORE, rows=0),
    Room(**_NO_MORE, rows=0, titles_only=True),
    *(Room(**_NO_MORE, rows=0, titles_only=True, most=n) for n in (200, 100, 50, 25, 12)),
)
"""What goes first, as review-comment.md section 8 orders it: plain text, removed list, coverage
rows, low ones, dismissed, late, fixed, folded medium; then the texts; and where titles alone are too long,
the ends of the lists. The last of them always fits."""


def fitted(write: Callable[[Room], str], limit: int) -> str:
    """The fullest text of at most `limit` characters."""
    text = write(FULL)
    if len(text) <= limit:
        return text
    cut = bisect_left(CUTS, 1, 1, len(CUTS) - 1, key=lambda room: len(write(room)) <= limit)
    return write(CUTS[cut])


def all_folds(pen: Pen, room: Room, visible: Sequence[Finding]) -> list[str]:
    """The folds in their order; a cut one is a sentence that says how much is missing."""
    verdict = pen.report.verdict
    more = verdict.shown.listed[len(visible) :]
    return [
        part
        for part in (
            _or_count(room.fixed, _fixed(pen), len(verdict.fixed), "fixed", pen),
            _or_count(room.late, _late(pen), len(verdict.shown.late), "late", pen),
            _or_count(room.dismissed, _dismissed(pen), len(verdict.dismissed), "dismissed", pen),
            _or_count(room.more, _more(pen, more), len(more), "", pen),
            _or_count(room.quiet, _quiet(pen), len(quiet_ones(pen.report)), "low", pen),
            _plain_text(pen) if room.plain_text else "",
            _coverage(pen, room),
        )
        if part
    ]


def _or_count(wanted: bool, text: str, number: int, what: str, pen: Pen) -> str:  # noqa: FBT001
    if wanted or not number:
        return text
    return f"{left_out(number, pen, what)}"


def left_out(number: int, pen: Pen, what: str = "") -> str:
    """What stands in the place of a part that was cut."""
    where = f" in the {pen.report.elsewhere}" if pen.report.elsewhere else ", left out for length"
    return f"{number:,} more {what}".rstrip() + f"{where}."


def _fixed(pen: Pen) -> str:
    known = pen.report.verdict.fixed
    lines = [
        f"- **{words.capital(k.finding.severity.word)}: {pen.title(k.finding)}.** "
        f"{pen.path(k.finding.path)}, fixed in `{k.fixed_in[:7]}`."
        for k in known
    ]
    return fold(f"{len(known)} fixed", "\n".join(lines)) if known else ""


def _late(pen: Pen) -> str:
    late = pen.report.verdict.shown.late
    lines = []
    for f in late:
        head = f"- **{words.capital(f.severity.word)}: {pen.title(f)}.** {pen.place(f)}"
        said = f"{', '.join((head, *words.short_evidence(f)))}. {pen.why(f)}".rstrip()
        lines.append(said + pen.bold_fix(f, blank=True))
    summary = f"{len(late)} late: in code that this push did not change"
    return fold(summary, "\n".join(lines)) if late else ""


def _dismissed(pen: Pen) -> str:
    known = pen.report.verdict.dismissed
    lines = []
    for k in known:
        f = k.finding
        line = f"- **{words.capital(f.severity.word)}: {pen.title(f)}.** {pen.bare_place(f)}."
        if k.dismissal:
            reason = words.sentence(pen.text(k.dismissal.reason, 200))
            line += f' {code(k.dismissal.by)}, {k.dismissal.on}: "{reason}"'
        where = f"line {f.line} changes" if f.location else "its code changes"
        lines.append(f"{line} Holds until {where}.")
    who = "a person" if len(known) == 1 else "people"
    return fold(f"{len(known)} dismissed by {who}", "\n".join(lines)) if known else ""


def _more(pen: Pen, more: Sequence[Finding]) -> str:
    """Medium findings behind line 12: titles, a line a file."""
    if not more:
        return ""
    inline = sum(f in pen.report.verdict.shown.inline for f in more)
    here = len(more) - inline
    parts = [f"{inline} inline"] * bool(inline) + [f"{here} only here"] * bool(here)
    summary = f"{len(more)} more {listed_word(more)}: {', '.join(parts)}"
    return fold(summary, _titles(pen, more))


def quiet_ones(report: Report) -> Sequence[Finding]:
    """The findings below the least severity that the body lists; their fold orders them (`in_titles`)."""
    return report.verdict.shown.quiet if report.tells_quiet else ()


def _quiet(pen: Pen) -> str:
    quiet = quiet_ones(pen.report)
    if not quiet:
        return ""
    least = pen.report.verdict.policy.min_severity.word
    summary = f"{len(quiet)} {listed_word(quiet)} below {least}: only here"
    return fold(summary, _titles(pen, quiet))


def in_titles(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Findings in the order in which a list of titles has them, by which it is read back: those on a
    line file by file, then the others.
    """
    order = {path: n for n, path in enumerate(dict.fromkeys(f.path for f in findings))}
    return sorted(findings, key=lambda f: (f.location is None, order[f.path]))


def _titles(pen: Pen, findings: Sequence[Finding]) -> str:
    """Titles, a line a file; one that is on no line, or on one without an address, has its own."""
    mixed = listed_word(findings) == MIXED
    lines: list[str] = []
    last = ""
    for f in in_titles(findings):
        title = f"{words.capital(f.severity.word)}: {pen.title(f)}" if mixed else pen.title(f)
        url = pen.blob(f.path, f.location.line, f.location.side) if f.location else ""
        if not url:
            lines.append(f"- {pen.bare_place(f)}: {title}")
        elif f.path == last:
            lines[-1] += f"; [{f.line}]({url}) {title}"
        else:
            lines.append(f"- {pen.path(f.path)}: [{f.line}]({url}) {title}")
        last = f.path if url else ""
    return "\n".join(f"{line}." for line in lines)


def listed_word(findings: Iterable[Finding]) -> str:
    """The severity they share, else `findings`."""
    shared = {f.severity.word for f in findings}
    return shared.pop() if len(shared) == 1 else MIXED


def _plain_text(pen: Pen) -> str:
    """For an editor or a coding agent; only where there is a list worth copying."""
    verdict = pen.report.verdict
    listed = verdict.shown.listed
    wanted = (
        verdict.outcome is Outcome.FINDINGS
        and not verdict.static_only
        and verdict.history.is_first
        and 1 < len(listed) <= PLAIN_TEXT_LIMIT
    )
    if not wanted:
        return ""
    rows = ["Check each claim against the code before changing anything."]
    for number, f in enumerate(listed, 1):
        title = shortened(one_line(pen.redact(f.title)).rstrip("."), TITLE_CHARS)
        fix = shortened(one_line(pen.redact(f.fix)), FIX_CHARS)
        row = f"{number}. {f.severity.word} {one_line(words.place(f, pen.redact))} {title}."
        rows.append(f"{row} Fix: {fix}" if fix else row)
    summary = f"The {len(listed)} findings as plain text, for an editor or a coding agent"
    return fold(summary, block("\n".join(rows), "text"))


def _coverage(pen: Pen, room: Room) -> str:
    report = pen.report
    removed = len(report.reading.verdict.removed)
    parts = ["Coverage"]
    if removed:
        parts.append(words.plural(removed, "removed finding"))
    content = [_table(pen, room), _facts(pen, room)]
    if report.commands and report.verdict.shown.listed:
        parts.append("how to answer")
        content.append(_answers(pen))
    return fold(", ".join(parts), "\n\n".join(part for part in content if part))


def _table(pen: Pen, room: Room) -> str:
    header, rows = table(pen.report)
    if not rows:
        return ""
    kept = rows if room.rows is None else rows[: room.rows]
    out = [f"| {' | '.join(header)} |", f"|---|--:|{'---|' * (len(header) - 2)}"]
    for row in kept:
        label = cell(words.short_path(row.path, pen.redact)) if row.path else row.label
        out.append(f"| {label} | {' | '.join(row.cells)} |")
    text = "\n".join(out)
    cut = len(rows) - len(kept)
    return f"{text}\n\n{left_out(cut, pen, 'rows')}" if cut else text


def _facts(pen: Pen, room: Room) -> str:
    """What was removed, by which models, under which configuration."""
    report = pen.report.reading
    verdict = report.verdict
    out = []
    if verdict.removed:
        said = removed_words(verdict.removed, pen)
        out.append(f"Removed before posting: {said}." if room.removed else "")
        if report.elsewhere:
            out.append(f"Texts: {report.elsewhere}.")
    models = Counter(
        k.model for k in verdict.model_looks if k.model and k.reading is not Reading.BUDGET
    )
    if models:
        listed = "; ".join(f"{code(m)}, {words.plural(n, 'call')}" for m, n in models.items())
        out.append(f"Models: {listed}.")
    sandbox = {a.sandbox for a in verdict.analysers if a.sandbox not in ("", "in process")}
    if sandbox and verdict.static_only:
        out.append(f"Sandbox: {', '.join(sorted(sandbox))}.")
    out.append(_configuration(report))
    return " ".join(part for part in out if part)


def _configuration(report: Report) -> str:
    subject = report.subject
    if subject.config is None:
        return f"Configuration `{report.config}`, all defaults."
    branch = f"{code(subject.base_ref)} at " if subject.base_ref else ""
    return f"Configuration `{report.config}` from {branch}`{subject.change.base[:7]}`."


def removed_words(dropped: Sequence[Dropped], pen: Pen) -> str:
    """`2 duplicates, 1 whose quoted code is not in the change, 1 refuted by ...`."""
    count = Counter(d.reason for d in dropped)
    parts = []
    for reason in sorted(Reason, key=lambda r: r is not Reason.DUPLICATE):
        number = count[reason]
        if not number:
            continue
        if reason is Reason.REFUTED and number <= REFUTATIONS_NAMED:
            refuted = [d for d in dropped if d.reason is reason]
            parts += [f"1 refuted {pen.text(d.detail, BODY_CHARS)}" for d in refuted]
        elif reason is Reason.DUPLICATE:
            parts.append(words.plural(number, "duplicate"))
        else:
            parts.append(f"{number} {reason.value}")
    return ", ".join(parts)


def _answers(pen: Pen) -> str:
    """How people answer; only a server of ours hears them."""
    listed = pen.report.verdict.shown.listed
    bare = [(n, f) for n, f in enumerate(listed, 1) if f not in pen.report.verdict.shown.inline]
    text = "To dismiss a finding, reply `/triptych dismiss` and a reason in its thread."
    if CLAUDE in pen.report.verdict.policy.engines:  # Nobody else could look again.
        text = (
            "To dispute a finding, reply in its thread; to dismiss it, reply `/triptych dismiss` and a "
            "reason."
        )
    if bare:
        named = ", ".join(f"{n} is `{f.id[:6]}`" for n, f in bare[:IDS_NAMED])
        text += f" A finding without a thread needs its id: {named}."
    return text
