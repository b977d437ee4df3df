"""The comments that stand on lines of the change, one finding each (review-comment.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outputs import titles, words
from bot.outputs.inert import TITLE_CHARS, block, code, inert, shortened
from bot.outputs.markdown import Pen, fold
from bot.outputs.marker import finding_marker
from bot.report import Report
from reviewers.core.finding import Finding, Location
from reviewers.core.history import Known
from reviewers.core.masked import masked_lines
from reviewers.core.secrets import Redaction

ROW_CHARS = 500
"""So much of a replaced line is shown; a line may be a whole minified file."""


@dataclass(frozen=True, slots=True)
class InlineComment:
    """A comment on a checked place, and the finding it is about."""

    finding: Finding
    location: Location
    body: str


def inline_comments(report: Report, redact: Redaction = Redaction()) -> list[InlineComment]:
    """The inline comments of a review, in the order of its list."""
    pen = Pen(report, redact)
    return [
        InlineComment(f, f.location, inline_body(pen, f))
        for f in report.verdict.shown.inline
        if f.location
    ]


def inline_body(pen: Pen, finding: Finding) -> str:
    """One comment with its marker: evidence, why, fix, dissent, suggestion."""
    return f"{inline_text(pen, finding)}\n\n{finding_marker(finding.id, finding.rule)}"


def inline_text(pen: Pen, finding: Finding, *, as_diff: bool = False) -> str:
    """The same without its marker; `as_diff` shows a suggestion where it cannot be committed."""
    proof = words.evidence(finding, pen.report.verdict.policy)
    head = f"**{words.capital(finding.severity.word)}: {pen.title(finding)}.** {proof}."
    fix = pen.bold_fix(finding)
    suggestion = pen.suggestion(finding)
    if suggestion is not None and not as_diff:
        fix = f"{fix} {_replaces(finding)}".strip()
    parts = [head, _why(pen, finding), fix, _minority(pen, finding)]
    if suggestion is not None:
        diff = as_diff and _diff(pen, finding, suggestion)
        parts.append(diff or block(suggestion, "suggestion"))
    return "\n\n".join(part for part in parts if part)


def fixed_comment(known: Known, head: str, redact: Redaction = Redaction()) -> str:
    """What an inline comment becomes when its finding is gone."""
    return _closed(f"**Fixed in `{head[:7]}`.** {_what(known, redact)}.", known)


def dismissed_comment(known: Known, redact: Redaction = Redaction()) -> str:
    """What an inline comment becomes when a person has dismissed its finding."""
    assert known.dismissal is not None, "only dismissed findings have a dismissal to tell"
    reason = words.sentence(inert(known.dismissal.reason, redact, 200))
    line = known.finding.line
    where = f"line {line} changes" if line else "its code changes"
    text = f'**Dismissed by {code(known.dismissal.by)} on {known.dismissal.on}:** "{reason}"'
    return _closed(f"{text} {_what(known, redact)}. Holds until {where}.", known)


def _what(known: Known, redact: Redaction) -> str:
    title = inert(titles.bare(known.finding, redact), redact, TITLE_CHARS)
    return f"{words.capital(known.finding.severity.word)}: {title}"


def _closed(text: str, known: Known) -> str:
    return f"{text}\n\n{finding_marker(known.finding.id, known.finding.rule)}"


def _why(pen: Pen, finding: Finding) -> str:
    return f"{pen.why(finding)} {pen.text(finding.note)}".strip()


def _replaces(finding: Finding) -> str:
    assert finding.location is not None, "a suggestion has checked lines"
    first, last = finding.location.line, finding.location.end_line
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    return f"The suggestion replaces {lines}."


def _minority(pen: Pen, finding: Finding) -> str:
    """Who speaks against it, with the reason and what is held against that."""
    told = [d for d in finding.dissent if d.reason]
    if not told:
        return ""
    votes = [d for d in told if d.vote]
    if len(votes) == len(told) and len(finding.votes) == 1:
        number = len(votes)
        verb = "disagrees" if number == 1 else "disagree"
        summary = f"Minority report: {number} of {words.plural(finding.votes[0].of, 'vote')} {verb}"
    else:
        summary = f"Minority report: {words.plural(len(told), 'voice')} against it"
    several = len(finding.votes) > 1
    lines = []
    for d in told:
        who = f"{words.capital(d.reviewer)} vote {d.vote}" if several else f"Vote {d.vote}"
        text = f"{who if d.vote else words.capital(d.reviewer)}: {pen.text(d.reason, 240)}"
        lines.append(f"{text} Against it: {pen.text(d.against, 240)}" if d.against else text)
    return fold(summary, "\n\n".join(lines))


def _diff(pen: Pen, finding: Finding, suggestion: str) -> str:
    """The suggestion against the lines that it replaces, for where nobody can commit it."""
    file = pen.report.verdict.change.file(finding.path)
    assert finding.location is not None, "a suggestion has checked lines"
    assert file is not None, "a checked line is one of the change"
    numbers = range(finding.location.line, finding.location.end_line + 1)
    old = masked_lines(file, finding.location.side, pen.redact)
    rows = [f"-{shortened(old[n], ROW_CHARS)}" for n in numbers]
    rows += [f"+{row}" for row in suggestion.split("\n")]
    return block("\n".join(rows), "diff")
