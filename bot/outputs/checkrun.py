"""The check run and the job summary (review-comment.md section 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bot.outputs import left_out, words
from bot.outputs.body import summary_text
from bot.outputs.gaps import gap_headline, reached
from bot.outputs.headline import count, none_found, nothing_found
from bot.outputs.holding import reaching
from bot.outputs.inert import shortened
from bot.outputs.inline import inline_text
from bot.outputs.markdown import Pen
from bot.outputs.marker import Marker
from bot.outputs.receipt import readers
from bot.outputs.table import ledger
from bot.outputs.why_red import why_red
from bot.report import Report
from reviewers.core.allowance import amount
from reviewers.core.change import HunkRef
from reviewers.core.finding import Finding, Severity, Standing
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome
from reviewers.core.visible import one_line

NAME = "Triptych"
TITLE_CHARS = 80
TEXT_CHARS = 65_000
"""GitHub takes 65,535 characters each for a check run's summary and text."""
SUMMARY_BYTES = 1_000_000
"""GitHub takes 1 MiB for the summary of a job's step."""
BUTTON = "Review again"
NOT_REVIEWED = "Failed: not reviewed"
"""How the title begins where a gate is red although nothing was found."""
STATIC_ONLY = "Static analysis only"
"""How the title begins of a review that no model has read."""
UNSEALED = (
    "Another account has posted this review, and nothing shows whether it was changed since. With this "
    f"repository's gate it does not count: `{BUTTON}` makes one that does."
)
SUMMARY = "job summary"
"""The job summary's name, as the place where the rest of a review is."""


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
    told = conclusion(report, gate)
    todo = ""
    if told == "neutral" and gate is not None and (files := left_out.hidden_by(report)):
        todo = left_out.to_be_done(Pen(report, redact), files)
    if told == "failure" and gate is not None:
        todo = why_red(report, gate)
    summary = summary_text(report, redact, TEXT_CHARS - len(todo) - 4)
    first, _, others = summary.partition("\n\n")
    summary = "\n\n".join(part for part in (first, todo, others) if part)
    return CheckRun(told, check_title(report), summary, _text(report, redact))


def running_title(hunks: int, reviewers: int) -> str:
    """What stands in the list of checks while reviewers read."""
    return f"Reading {words.plural(hunks, 'hunk')} with {words.plural(reviewers, 'reviewer')}"


def skipped(why: str, more: str = "") -> CheckRun:
    """The check run where nothing is reviewed; `why` as in `draft pull request`, `more` in whole
    sentences.
    """
    title = shortened(f"Skipped: {why}", TITLE_CHARS)
    return CheckRun("skipped", title, f"{title}. {more}".strip(), "")


def refused(why: str, gate: Severity | None, more: str = "") -> CheckRun:
    """The check run where a review that was due is not made. GitHub lets a required check pass that is
    skipped, so a gate fails: nobody has read what it guards.
    """
    if gate is None:
        return skipped(why, more)
    title = shortened(f"{NOT_REVIEWED}, {_plain(why)}", TITLE_CHARS)
    return CheckRun("failure", title, f"{title}. {more}".strip(), "")


def cut_off(cost: float, *, again: bool) -> str:
    """What is said of a review that was begun and ended by somebody: what it has cost, in USD, and with
    `again` how it is asked for anew.
    """
    spent = f"It has cost {words.money(cost)}." if cost else ""
    anew = f"`{BUTTON}` or a comment `/triptych review` begins it anew." if again else ""
    return f"{spent} {anew}".strip()


def is_verdict(check: CheckRun) -> bool:
    """Whether a check run that is over tells what a review made of its commit."""
    return check.conclusion not in ("", "skipped") and not check.title.startswith(NOT_REVIEWED)


STANDS = "What was said of this commit before stands."


def standing(verdict: CheckRun, skip: CheckRun) -> CheckRun:
    """An earlier verdict on the same commit, told again where the commit is not reviewed once more: a
    skipped check run would be the newest, and a required check passes by it.
    """
    _, stood, before = verdict.summary.partition(f"{STANDS}\n\n")
    summary = f"{skip.title}. {STANDS}\n\n{before if stood else verdict.summary}"
    return CheckRun(verdict.conclusion, verdict.title, summary, verdict.text)


HELD_BACK = "Held back by #"


def held_back(check: CheckRun, number: int) -> CheckRun:
    """A check run that would pass, where another pull request of the same commit is held back by its
    gate: GitHub shows both in one list.
    """
    title = f"{HELD_BACK}{number}, which has the same commit: {check.title}"
    why = (
        f"The gate of #{number} holds this commit back, and GitHub counts check runs by commit. When it "
        f"is settled there, or #{number} is closed, ask for a review again here; or push another commit."
    )
    summary = f"{why}\n\n{check.summary}"
    return CheckRun("failure", shortened(title, TITLE_CHARS), summary, check.text)


def is_held_back(title: str) -> bool:
    """Whether a check run with that title is red because of another pull request."""
    return title.startswith(HELD_BACK)


def adopted_check(
    body: str,
    marker: Marker,
    worst: Severity | None,
    gate: Severity | None,
    *,
    sealed: bool,
    title: str = "",
    hidden: bool = False,
) -> CheckRun:
    """The check run of a review that stood there already, told by that review's own words.

    `worst` is the gravest severity that it may have found: what was proven then cannot be told any
    more, so with a gate that counts as if it were. What is not `sealed` turns no check green, and
    passes no gate: GitHub lets a required check pass that is neutral. `title` is what its own check
    run said, "" where nobody knows: the body may have been edited since. `hidden`: the change brings
    files that nobody reads (see `conclusion`).
    """
    text = body.rpartition("<!--")[0].strip()
    bold = re.match(r"\*\*(.+?)\*\*", text)
    title = title or _plain(bold[1] if bold else marker.outcome)
    match marker.outcome:
        case Outcome.CLEAN if sealed and gate is not None and hidden:
            told, text = "neutral", f"{text}\n\n{left_out.HIDDEN}"
        case Outcome.CLEAN:
            told = "success" if sealed else "neutral"
        case Outcome.FINDINGS:
            reached = gate is not None and worst is not None and worst >= gate
            told = "failure" if reached else "neutral"
        case _:
            told = "neutral" if gate is None else "failure"
    if gate is not None and not sealed:
        told, title, text = "failure", f"Not confirmed: {title}", f"{UNSEALED}\n\n{text}"
    return CheckRun(told, shortened(title, TITLE_CHARS), text[:TEXT_CHARS], "")


def conclusion(report: Report, gate: Severity | None) -> str:
    """success, neutral, or failure; only a proven finding (static or verified) reaches a gate, or one
    whose proof was asked for and did not come.

    With a gate nothing is a success that brings files which nobody reads. It is no failure either:
    every picture is such a file, and the change itself can do nothing about it.
    """
    verdict = report.verdict
    match verdict.outcome:
        case Outcome.CLEAN:
            is_whole = gate is None or not left_out.hidden_by(report)
            return "success" if is_whole else "neutral"
        case Outcome.FINDINGS:
            if gate is None:
                return "neutral"
            return "failure" if reaching(report, gate) else "neutral"
        case Outcome.INCOMPLETE | Outcome.FAILED:
            return "neutral" if gate is None else "failure"


def check_title(report: Report) -> str:
    """The line that stands in GitHub's list of checks, with the counts: at most 80 characters."""
    text, rest = _title(report)
    return shortened(text, TITLE_CHARS - len(rest)) + rest


def whole_title(report: Report) -> str:
    """The same line where there is room for all of it."""
    return "".join(_title(report))


def _title(report: Report) -> tuple[str, str]:
    """What may be shortened, and what stands behind it in any case."""
    verdict = report.verdict
    shown = verdict.shown
    everything = (*shown.listed, *shown.quiet)
    counted = words.counts(everything)
    if verdict.outcome is Outcome.FAILED:
        why = report.verdict.problem or gap_headline(report)
        return f"{NOT_REVIEWED}, {_plain(why)}", ""
    if verdict.outcome is Outcome.INCOMPLETE:
        return f"Incomplete: {_gap(report)}", f"; {counted}" if counted else ""
    if not (everything or shown.late or verdict.fixed or verdict.static_only):
        gone = f"; {len(verdict.dismissed)} dismissed" if verdict.dismissed else ""
        return _clean(report), gone
    return _counted(report), left_out.brief(report)


def _counted(report: Report) -> str:
    """The title where something was found or fixed, or no model was asked."""
    verdict = report.verdict
    everything = (*verdict.shown.listed, *verdict.shown.quiet)
    counted = words.counts(everything)
    if verdict.static_only:
        return f"{STATIC_ONLY}: {counted or words.small(_none_listed(report))}"
    if not verdict.shown.listed:
        return _none_listed(report)
    if verdict.history.is_first:
        return f"{words.plural(len(everything), 'finding')}: {counted}"
    fixed = f"; {len(verdict.fixed)} fixed" if verdict.fixed else ""
    return f"{len(everything)} open: {words.counts(everything, mark_new=True)}{fixed}"


def _none_listed(report: Report) -> str:
    """What was found where nothing is listed: only quiet ones, only late ones, or nothing."""
    verdict = report.verdict
    shown = verdict.shown
    told = count(report)
    floor = verdict.policy.min_severity
    told += f"; {words.quiet_counts(shown.quiet, floor)}" if shown.quiet else ""
    told += f"; {len(shown.late)} late" if shown.late else ""
    return told + (f"; {len(verdict.fixed)} fixed" if verdict.fixed else "")


def job_summary(report: Report, redact: Redaction = Redaction(), notice: str = "") -> str:
    """The summary of an Actions job; `notice` is a second line, as when nothing could be posted.

    Where the review says that the rest is here, late and quiet findings are here, too.
    """
    pen = Pen(report, redact)
    head = (f"### Triptych: {pen.text(check_title(report))}", notice, summary_text(report, redact))
    text = "\n\n".join(part for part in head if part)
    findings = (
        f"#### {number}. {pen.bare_place(f)}\n\n{inline_text(pen, f, as_diff=True)}"
        for number, f in enumerate(_summarised(report), 1)
    )
    room = SUMMARY_BYTES - len(text.encode())
    full = _filled(findings, "\n\n", room, "findings", lambda part: len(part.encode()))
    return "\n\n".join(part for part in (text, full) if part) + "\n"


def _summarised(report: Report) -> tuple[Finding, ...]:
    shown = report.verdict.shown
    if report.elsewhere != SUMMARY:
        return tuple(shown.listed)
    return (*shown.listed, *shown.late, *shown.quiet)


def _clean(report: Report) -> str:
    """The title of a review without a finding: who read what, or what nobody read. Told anew, it was
    read before anybody dismissed anything.
    """
    now, report = report.verdict, report.reading
    report = replace(report, verdict=replace(report.verdict, dismissed=now.dismissed))
    total = len(report.verdict.coverage.hunks)
    if why := left_out.reasons(report):
        found = nothing_found(report)
        read = total or report.verdict.coverage.carried
        told = found if read else f"{found}: {left_out.parts(why, 'file')}"
        return (
            told if len(told) <= TITLE_CHARS else found.partition(":")[0] + left_out.brief(report)
        )
    if not total:
        carried = report.verdict.coverage.carried
        return f"{none_found(report)}: {'no hunk has changed' if carried else 'nothing to read'}"
    who = readers(report)
    whole = [r for r in who if len(r.mine) == total] or who
    seen = len(frozenset[HunkRef]().union(*(r.mine for r in who)))
    hunks = f"all {words.plural(total, 'hunk')}" if seen == total else f"{seen} of {total} hunks"
    hunks = "the only hunk" if seen == total == 1 else hunks
    return f"{none_found(report)}: {words.plural(len(whole), 'reviewer')} read {hunks}"


def _gap(report: Report) -> str:
    """`security read 0 of 34 hunks`, `budget of 2.00 USD reached`."""
    if limit := reached(report):
        budget = f"budget of {amount(limit.limit)} USD"
        return f"{budget} is too small for one call" if limit.needed else f"{budget} reached"
    who = readers(report)
    nothing = [r for r in who if r.mine and not r.read]
    if not nothing or len(nothing) == len(who):
        return gap_headline(report)
    names = words.listing([r.reviewer.id for r in nothing])
    most = max(len(r.mine) for r in nothing)
    return f"{names} read 0 of {words.plural(most, 'hunk')}"


def _plain(sentence: str) -> str:
    """A sentence as the end of a title: no Markdown, no detail in brackets, no last dot."""
    bare, *_ = re.split(r" \(| of `", sentence, maxsplit=1)
    return one_line(bare.replace("`", "")).rstrip(".")


def _text(report: Report, redact: Redaction) -> str:
    """Every finding in full, low ones and removed ones too, then the whole ledger."""
    pen = Pen(report, redact)
    text = _filled(_findings(pen), "\n\n", TEXT_CHARS, "findings")
    for title, rows, what in (
        ("Fixed, dismissed", list(_known(pen)), "of them"),
        ("Removed before posting", list(_removed(pen)), "of them"),
        ("Coverage, hunk by hunk", ledger(report, redact), "rows"),
    ):
        room = TEXT_CHARS - len(text) - len(title) - 100
        if rows and room > 0:
            text += f"\n\n#### {title}\n\n{_filled(rows, chr(10), room, what)}"
    return text.strip()


def _findings(pen: Pen) -> Iterator[str]:
    shown = pen.report.verdict.shown
    for number, finding in enumerate((*shown.listed, *shown.late, *shown.quiet), 1):
        late = " (late)" if finding.standing is Standing.LATE else ""
        place = f"#### {number}. {pen.place(finding)}{late}"
        yield f"{place}\n\n{inline_text(pen, finding, as_diff=True)}"


def _known(pen: Pen) -> Iterator[str]:
    for known in (*pen.report.verdict.fixed, *pen.report.verdict.dismissed):
        f = known.finding
        what = f"**{words.capital(f.severity.word)}: {pen.title(f)}.**"
        yield f"- {what} {pen.bare_place(f)}, {known.state.value}."


def _removed(pen: Pen) -> Iterator[str]:
    for d in pen.report.reading.verdict.removed:
        why = pen.text(words.why_removed(d), 240)
        yield f"- {pen.path(d.item.path)}: {pen.text(d.item.title, 120)} ({why})"


def _filled(
    parts: Iterable[str],
    between: str,
    room: int,
    what: str,
    weigh: Callable[[str], int] = len,
) -> str:
    """As many whole parts as fit into `room`, and how many did not."""
    everything = list(parts)
    taken: list[str] = []
    left = room - 100
    for part in everything:
        left -= weigh(part) + len(between)
        if left < 0:
            break
        taken.append(part)
    if cut := len(everything) - len(taken):
        taken.append(f"{cut} more {what}, left out for length.")
        return f"{between.join(taken[:-1])}\n\n{taken[-1]}".strip()
    return between.join(taken)
