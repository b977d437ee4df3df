"""The coverage receipt in words: what was read by whom, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bot.outputs.words import capital, listing, money, plural, seconds
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import HunkRef
from reviewers.core.coverage import Cell, Coverage
from reviewers.core.policy import STATIC
from reviewers.core.reviewer import Reviewer


@dataclass(frozen=True)
class Reader:
    """One reviewer's model votes before the hunks that are its own."""

    reviewer: Reviewer
    coverage: Coverage

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells, by a model, of hunks."""
        return tuple(
            c
            for c in self.coverage.cells
            if c.reviewer == self.reviewer.id and c.engine != STATIC and c.vote > 0
        )

    @cached_property
    def votes(self) -> tuple[int, ...]:
        """The numbers of its planned votes."""
        return tuple(sorted({c.vote for c in self.cells}))

    @cached_property
    def mine(self) -> frozenset[HunkRef]:
        """The hunks that it was to read."""
        return frozenset(c.hunk for c in self.cells)

    @cached_property
    def read(self) -> frozenset[HunkRef]:
        """The hunks that at least one of its votes read."""
        return frozenset(c.hunk for c in self.cells if c.reading is Reading.READ)

    @cached_property
    def whole_votes(self) -> tuple[int, ...]:
        """The votes that read every one of its hunks."""
        return tuple(
            v for v in self.votes if not any(c.reading.is_gap for c in self.cells if c.vote == v)
        )

    @property
    def was_asked(self) -> bool:
        """Whether any of its calls was started."""
        return any(c.reading not in (Reading.BUDGET, Reading.TOO_LARGE) for c in self.cells)


def readers(report: Report) -> list[Reader]:
    """The reviewers of the policy that a model was to read for, in order."""
    verdict = report.verdict
    found = (Reader(r, verdict.coverage) for r in verdict.policy.reviewers)
    return [reader for reader in found if reader.cells]


def coverage_sentence(report: Report) -> str:
    """Who read how much of what, how many calls, how long, what it cost."""
    verdict = report.verdict
    if verdict.static_only:
        return f"{_no_model(report)} {_static_reading(report)} {bill(report)}"
    if verdict.coverage.complete:
        who = listing([_with_votes(r, first=i == 0) for i, r in enumerate(readers(report))])
        verb = "was" if len(verdict.coverage.hunks) == 1 else "were"
        return f"{capital(_all_hunks(report))} {verb} read by {who}; {_ran(report)}. {bill(report)}"
    return f"{_partly(report)}; {_ran(report)}. {bill(report)}"


def reading_sentence(report: Report) -> str:
    """The same with the readers first, for a review that found nothing."""
    who = listing([_with_votes(r, first=i == 0) for i, r in enumerate(readers(report))])
    return f"{capital(who)} read {_all_hunks(report)}; {_ran(report)}. {bill(report)}"


def bill(report: Report) -> str:
    """`7 calls (3 refused), 52 s, 0.33 USD.`, with the sum for the pull request on later ones."""
    verdict = report.verdict
    started = [k for k in verdict.model_looks if k.reading is not Reading.BUDGET]
    refused = f" ({verdict.refused} refused)" if verdict.refused else ""
    text = f"{plural(len(started), 'call')}{refused}, {seconds(verdict.seconds)}, "
    text += money(verdict.cost)
    if report.verdict.reached and report.verdict.reached.key == "budget.pull_request":
        text += f"; {report.spent or 0:.2f} of {report.verdict.reached.limit:.2f} USD for this pull request"
    elif not verdict.history.is_first:
        text += f"; {money(report.spent)} for this pull request"
    return f"{text}."


def _all_hunks(report: Report) -> str:
    verdict = report.verdict
    number = len(verdict.coverage.hunks)
    many = "the only hunk" if number == 1 else f"all {plural(number, 'hunk')}"
    if not report.head:
        return many
    if verdict.history.is_first:
        return f"{many} of `{report.head}`"
    return f"{many} changed up to `{report.head}`"


def _with_votes(reader: Reader, *, first: bool) -> str:
    """`security (3 votes)`, then `style (1)`; what of its votes succeeded, `(1 of 3)`."""
    planned, whole = len(reader.votes), len(reader.whole_votes)
    if whole < planned:
        return f"{reader.reviewer.id} ({whole} of {planned})"
    return f"{reader.reviewer.id} ({plural(planned, 'vote') if first else planned})"


def _partly(report: Report) -> str:
    """`Style and correctness read 32 of 34 hunks of X, security 0`."""
    total = len(report.verdict.coverage.hunks)
    groups: dict[int, list[Reader]] = {}
    for reader in readers(report):
        if reader.was_asked:
            groups.setdefault(len(reader.read), []).append(reader)
    of = f" of `{report.head}`" if report.head else ""
    parts: list[str] = []
    for number, group in sorted(groups.items(), reverse=True):
        if number == total:
            who = listing([_with_votes(r, first=i == 0) for i, r in enumerate(group)])
            parts.append(f"{who} read {_all_hunks(report)}")
        elif not parts:
            who = listing([r.reviewer.id for r in group])
            parts.append(f"{who} read {number} of {plural(total, 'hunk')}{of}")
        else:
            parts.append(f"{listing([r.reviewer.id for r in group])} {number}")
    return capital(", ".join(parts)) if parts else f"No model read any of {plural(total, 'hunk')}"


def _ran(report: Report) -> str:
    """`5 analysers ran`."""
    ran = [a for a in report.verdict.analysers if not a.reading.is_gap]
    return f"{plural(len(ran), 'analyser')} ran" if ran else "no analyser ran"


def _no_model(report: Report) -> str:
    return f"No model read this change: {report.no_model}."


def _static_reading(report: Report) -> str:
    """What the analysers looked at; without a finding also how many rules that was."""
    verdict = report.verdict
    runs = [run for run in verdict.analysers if not run.reading.is_gap]
    total = len({h.path for h in verdict.coverage.hunks})
    reach = max((run.files for run in runs), default=0)
    of = f" of `{report.head}`" if report.head else ""
    if verdict.findings or not runs:
        every = (
            f"all {plural(total, 'file')}"
            if reach >= total > 1
            else f"{reach} of {plural(total, 'file')}"
        )
        if total == 1 == reach:
            every = "the only file"
        return f"{plural(len(runs), 'analyser')} read {every}{of}."
    rules = sum(run.rules for run in runs)
    return (
        f"No rule matched: {plural(rules, 'rule')}, {reach} of {plural(total, 'file')}{of} "
        f"{'has' if reach == 1 else 'have'} rules."
    )
