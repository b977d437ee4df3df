"""The counts of a headline, shared by every output that has one."""

from __future__ import annotations

from bot.outputs import left_out, words
from bot.outputs.receipt import readers
from bot.report import Report
from reviewers.core.finding import Standing
from reviewers.core.verdict import Outcome


def count(report: Report) -> str:
    """`3 findings: 1 critical, 2 high`; later `2 open findings: 1 high (new), 1 medium`."""
    verdict = report.verdict
    listed, quiet = verdict.shown.listed, verdict.shown.quiet
    later = not verdict.history.is_first
    if not listed:
        is_left = verdict.fixed or verdict.shown.late or verdict.dismissed
        noun = "open findings" if is_left else "findings"
        return words.none_listed(verdict.policy.min_severity, noun) if quiet else f"No {noun}"
    everything = (*listed, *quiet)
    noun = "open finding" if later else "finding"
    number = words.plural(len(everything), noun)
    return f"{number}: {words.counts(everything, mark_new=later)}"


def tells_who_read(report: Report) -> bool:
    """Whether the headline itself says who read the change: where nothing else is to be told."""
    verdict = report.verdict
    nothing = verdict.outcome is Outcome.CLEAN and not (verdict.findings or verdict.fixed)
    return nothing and not verdict.static_only


def none_found(report: Report) -> str:
    """`No findings`; where people have dismissed some, there are none that are open."""
    return "No open findings" if report.verdict.dismissed else "No findings"


def nothing_found(report: Report) -> str:
    """The headline of a review without a finding: in how many files, where some are left out."""
    coverage = report.verdict.coverage
    why = left_out.reasons(report)
    if not why:
        return none_found(report)
    if coverage.hunks or coverage.carried:
        return f"{none_found(report)} {left_out.in_files(report)}: {left_out.parts(why)}"
    if coverage.analysed_only:
        return "Only analysers read this change, no findings"
    return "Nothing was read"


def rest(report: Report) -> str:
    """What an incomplete review found all the same, as in `In the rest, 1 finding: 1 high`."""
    counted = count(report)
    who = readers(report)
    where = "In the rest"
    if report.withheld or (who and not any(reader.read for reader in who)):
        where = "From the analysers" if report.verdict.history.is_first else "Known so far"
    return f"{where}, {words.small(counted)}."


def whereabouts(report: Report) -> str:
    """How many are inline when not all are, and where the low ones are; "" mostly."""
    shown = report.verdict.shown
    elsewhere = report.elsewhere
    number = len(shown.quiet)
    ones = words.quiet_ones(shown.quiet, report.verdict.policy.min_severity)
    be = "is" if number == 1 else "are"
    where = f"in the {elsewhere}" if elsewhere else "not listed"
    only = f"only {where}" if elsewhere else where
    if report.tells_quiet:
        where = only = f"{where} and folded below" if elsewhere else "folded below"
    if number and not shown.listed:
        return f" {ones} {be} {where}."
    parts = []
    placed = sum(1 for f in shown.listed if f.location)
    inline = len(shown.inline)
    if placed > inline:
        parts.append(f"{inline or 'none'} {'are' if inline > 1 else 'is'} inline")
    if number:
        ones = ones.removeprefix("1 ") if number == 1 else ones
        parts.append(f"the {ones} {be} {only}")
    return f" {words.capital('; '.join(parts))}." if parts else ""


def since(report: Report) -> str:
    """What became of earlier findings, as in ` Since X: 2 fixed, 1 late.`; "" where there are none."""
    verdict = report.verdict
    text = ""
    parts = []
    if verdict.fixed:
        parts.append(f"{len(verdict.fixed)} fixed")
    if verdict.shown.late:
        parts.append(f"{len(verdict.shown.late)} late")
    if parts:
        text = f" Since `{verdict.history.head[:7]}`: {', '.join(parts)}."
    return text


def dismissed(report: Report) -> str:
    """What people have decided not to see, ` Dismissed by people: 1 critical.`; "" where nothing."""
    gone = report.verdict.dismissed
    return f" Dismissed by people: {words.counts(k.finding for k in gone)}." if gone else ""


def new_ones(report: Report) -> str:
    """`1 new finding: 1 high`; what was fixed or dismissed once is not new, it is back."""
    found = [f for f in report.verdict.shown.listed if f.standing in (Standing.NEW, Standing.BACK)]
    back = sum(f.standing is Standing.BACK for f in found)
    number = words.plural(len(found), "new finding" if not back else "finding")
    if back == len(found):
        number += " back"
    elif back:
        number += f", {back} of them back"
    return f"{number}: {words.counts(found)}"
