"""The counts of a headline, shared by every output that has one."""

from __future__ import annotations

from bot.outputs import words
from bot.report import Report


def count(report: Report) -> str:
    """`3 findings: 1 critical, 2 high`; later `2 open findings: 1 high (new), 1 medium`."""
    verdict = report.verdict
    listed, quiet = verdict.shown.listed, verdict.shown.quiet
    later = not verdict.history.is_first
    if not listed and not quiet:
        return "No open findings" if verdict.fixed or verdict.shown.late else "No findings"
    if not listed:
        return f"No findings of {verdict.policy.min_severity.word} or higher"
    everything = (*listed, *quiet)
    noun = "open finding" if later else "finding"
    number = words.plural(len(everything), noun)
    return f"{number}: {words.counts(everything, mark_new=later)}"


def whereabouts(report: Report) -> str:
    """How many are inline when not all are, and where the low ones are; "" mostly."""
    shown = report.verdict.shown
    elsewhere = report.elsewhere
    if shown.quiet and not shown.listed:
        where = f"are in the {elsewhere}" if elsewhere else "are not listed"
        return f" {len(shown.quiet)} low {'ones' if len(shown.quiet) > 1 else 'one'} {where}."
    parts = []
    placed = sum(1 for f in shown.listed if f.location)
    if placed > len(shown.inline):
        parts.append(f"{len(shown.inline)} are inline")
    if shown.quiet:
        only = f"only in the {elsewhere}" if elsewhere else "not listed"
        be = "ones are" if len(shown.quiet) > 1 else "one is"
        parts.append(f"the {len(shown.quiet)} low {be} {only}")
    return f" {words.capital('; '.join(parts))}." if parts else ""


def since(report: Report) -> str:
    """What became of earlier findings: ` Since X: 2 fixed, 1 late.`, and what people dismissed."""
    verdict = report.verdict
    text = ""
    parts = []
    if verdict.fixed:
        parts.append(f"{len(verdict.fixed)} fixed")
    if verdict.shown.late:
        parts.append(f"{len(verdict.shown.late)} late")
    if parts:
        text = f" Since `{verdict.history.head[:7]}`: {', '.join(parts)}."
    if verdict.dismissed:
        text += f" Dismissed by people: {words.counts(k.finding for k in verdict.dismissed)}."
    return text
