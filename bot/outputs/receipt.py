"""The coverage receipt in words: what was read by whom, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.outputs import left_out
from bot.outputs.inert import code
from bot.outputs.words import (
    capital,
    listing,
    money,
    passed_over_by_verifier,
    plural,
    seconds,
    unverified_ones,
)
from bot.report import Report
from bot.subject import only_hunks, tells_hunks
from reviewers.core.allowance import amount
from reviewers.core.call import AnalyserRun, Reading, Task
from reviewers.core.change import FileStatus, HunkRef
from reviewers.core.coverage import Cell, Coverage
from reviewers.core.policy import STATIC
from reviewers.core.reviewer import Reviewer
from reviewers.core.verdict import Outcome

SAID = {
    Reading.REFUSED: "the model refused to answer",
    Reading.CUT_OFF: "the answer was cut off",
    Reading.TIMED_OUT: "no answer came in time",
    Reading.STOPPED: "the call was stopped",
    Reading.FAILED: "the call failed",
    Reading.BUDGET: "not started",
}
"""Why a call did not read what it should have read."""


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
    report = report.reading
    verdict = report.verdict
    if verdict.static_only:
        read = _nothing(report)
        if verdict.coverage.hunks or verdict.coverage.analysed_only:
            rest = left_out.sentence(report) or left_out.lineless(report)
            read = _static_reading(report) + rest
        return f"{_no_model(report)} {read} {bill(report)}"
    if not verdict.coverage.hunks:
        return f"{_nothing(report)}{_unverified(report)} {bill(report)}"
    whole, some = _whole_and_some(report)
    if not verdict.coverage.complete:
        text = _partly(report)
    elif not whole:
        text = _by_some(report, some)
    else:
        verb = "was" if len(verdict.coverage.hunks) == 1 else "were"
        also = (f", {len(r.mine)} of them also by {_with_votes(r, first=False)}" for r in some)
        text = f"{capital(_all_hunks(report))} {verb} read by {_listed(whole)}{''.join(also)}"
    rest = f"{left_out.sentence(report)}{_unverified(report)}"
    return f"{text}; {_ran(report)}.{rest} {bill(report)}"


def reading_sentence(report: Report) -> str:
    """The same with the readers first, for a review that found nothing."""
    report = report.reading
    if not report.verdict.coverage.hunks:
        return f"{_nothing(report)} {bill(report)}"
    whole, some = _whole_and_some(report)
    if not whole:
        return f"{_by_some(report, some)}; {_ran(report)}. {bill(report)}"
    also = "".join(f", {_with_votes(r, first=False)} {len(r.mine)} of them" for r in some)
    text = f"{capital(_listed(whole))} read {_all_hunks(report)}{also}"
    return f"{text}; {_ran(report)}. {bill(report)}"


CENT = 0.005
"""USD; what is less is not to be seen in a sum."""


def bill(report: Report) -> str:
    """`7 calls (3 refused), 52 s, 0.33 USD.`, with the sum for the pull request on later ones, and where
    one was overtaken or interrupted before.
    """
    verdict = report.verdict
    started = [k for k in verdict.model_looks if k.reading is not Reading.BUDGET]
    refused = f" ({verdict.refused} refused)" if verdict.refused else ""
    text = f"{plural(len(started), 'call')}{refused}, {seconds(verdict.seconds)}, "
    text += money(verdict.cost)
    if report.spent is None:
        return f"{text}."
    if verdict.reached and verdict.reached.what == "this pull request":
        text += f"; {amount(report.spent)} of {money(verdict.reached.limit)} for this pull request"
    elif not verdict.history.is_first or report.spent - (verdict.cost or 0.0) >= CENT:
        text += f"; {money(report.spent)} for this pull request"
    return f"{text}."


def _whole_and_some(report: Report) -> tuple[list[Reader], list[Reader]]:
    """Those who read every hunk, and those whose paths have only some of them."""
    total = len(report.verdict.coverage.hunks)
    who = readers(report)
    return [r for r in who if len(r.mine) == total], [r for r in who if len(r.mine) < total]


def _all_hunks(report: Report) -> str:
    verdict = report.verdict
    number = len(verdict.coverage.hunks)
    later = not verdict.history.is_first
    many = only_hunk(report) if number == 1 else f"all {plural(number, 'hunk')}"
    if where := left_out.in_files(report):
        many = f"{many} {where}"
    if not report.head:
        return many
    return f"{many} changed up to `{report.head}`" if later else f"{many} of `{report.head}`"


def only_hunk(report: Report) -> str:
    """What the only hunk to read is called: not so where there are others that nobody reads."""
    return "1 hunk" if left_out.reasons(report) else "the only hunk"


def _listed(who: Sequence[Reader]) -> str:
    """`security (3 votes), style (1) and correctness (3)`."""
    return listing([_with_votes(r, first=i == 0) for i, r in enumerate(who)])


def _with_votes(reader: Reader, *, first: bool) -> str:
    """`security (3 votes)`, then `style (1)`; what of its votes succeeded, `(1 of 3)`."""
    planned, whole = len(reader.votes), len(reader.whole_votes)
    if whole < planned:
        return f"{reader.reviewer.id} ({whole} of {planned})"
    return f"{reader.reviewer.id} ({plural(planned, 'vote') if first else planned})"


def _by_some(report: Report, some: Sequence[Reader]) -> str:
    """What was read where no reviewer looks at every file."""
    total = plural(len(report.verdict.coverage.hunks), "hunk")
    if where := left_out.in_files(report):
        total = f"{total} {where}"
    of = f" of `{report.head}`" if report.head else ""
    parts = [f"{_with_votes(r, first=i == 0)} read {len(r.mine)}" for i, r in enumerate(some)]
    looked_at = frozenset[HunkRef]().union(*(r.mine for r in some))
    left = len(report.verdict.coverage.hunks) - len(looked_at)
    if left:
        parts.append(f"no reviewer is set for {left}")
    return f"Of {total}{of}, {listing(parts)}" if some else f"No reviewer is set for {total}{of}"


def _partly(report: Report) -> str:
    """`Style and correctness read 32 of 34 hunks of X, security 0`."""
    total = len(report.verdict.coverage.hunks)
    whole, some = _whole_and_some(report)
    groups: dict[int, list[Reader]] = {}
    for reader in whole:
        if reader.was_asked:
            groups.setdefault(len(reader.read), []).append(reader)
    of = f" of `{report.head}`" if report.head else ""
    parts: list[str] = []
    for number, group in sorted(groups.items(), reverse=True):
        if number == total:
            parts.append(f"{_listed(group)} read {_all_hunks(report)}")
        elif not parts:
            who = listing([r.reviewer.id for r in group])
            none = f"read none of {total} hunks"
            none = none if total > 1 else f"did not read {only_hunk(report)}"
            parts.append(f"{who} {f'read {number} of {total} hunks' if number else none}{of}")
        else:
            parts.append(f"{listing([r.reviewer.id for r in group])} {number}")
    for reader in some:
        if reader.was_asked:
            read = "" if parts else "read "
            parts.append(f"{reader.reviewer.id} {read}{len(reader.read)} of its {len(reader.mine)}")
    if parts:
        return capital(", ".join(parts))
    return f"No model was asked to read {_all_hunks(report).replace('all', 'any of the', 1)}"


def _nothing(report: Report) -> str:
    """Why no hunk was to be read: all were read before, or the files are left out."""
    verdict = report.verdict
    head = f" of `{report.head}`" if report.head else ""
    carried = len(verdict.coverage.carried)
    rest = left_out.sentence(report)
    if carried == 1:
        one = capital(only_hunk(report))
        return f"{one}{head} was read before and has not changed since.{rest}"
    if carried:
        every = f"All {plural(carried, 'hunk')}{head}"
        return f"{every} were read before and have not changed since.{rest}"
    if verdict.coverage.gaps:
        return f"No hunk{head} was read.{rest}"
    where = f"in `{report.head}`" if report.head else "here"
    files = verdict.change.files
    if not files:
        return f"There is nothing to read {where}: no file has changed."
    only = len(files) == 1
    out = left_out.reasons(report)
    if not out:
        its = "its only file" if only else f"its {len(files)} files"
        return f"There is nothing to read {where}: no line of {its} has changed."
    reasons = listing(list(dict.fromkeys(out.get(f.path, "no changed line") for f in files)))
    they = f"The only file{head} is" if only else f"All {len(files)} files{head} are"
    return f"{they} left out ({reasons}){left_out.seen_by_analysers(report)}."


def _unverified(report: Report) -> str:
    """That the round which verifies did not work; a doubt that no fold may hide."""
    verdict = report.verdict
    tried = [k for k in verdict.looks if k.call.task is Task.VERIFY]
    lost = [k for k in tried if k.reading.is_gap]
    if not verdict.findings:
        return ""
    if not lost:
        asked = {c.id for k in tried for c in k.call.candidates}
        ruled = {o.finding for k in tried for o in k.opinions}
        passed_over = any(f.id in asked - ruled for f in verdict.findings)
        return f" {passed_over_by_verifier(len(verdict.findings))}" if passed_over else ""
    why = lost[0].allowance or SAID.get(lost[0].reading, lost[0].reading.value)
    who = unverified_ones(len(verdict.findings), every=len(lost) == len(tried))
    return f" {who} not verified: {why}."


def _ran_on_something(report: Report) -> list[AnalyserRun]:
    """Those that did not fail; one that has no rules for any of the files has not run."""
    return [run for run in report.verdict.analysers if run.files and not run.reading.is_gap]


def _ran(report: Report) -> str:
    """`5 analysers ran`."""
    ran = _ran_on_something(report)
    return f"{plural(len(ran), 'analyser')} ran" if ran else "no analyser ran"


def _no_model(report: Report) -> str:
    """Why no model read it; short where the headline has said already that none did."""
    if report.verdict.findings or report.verdict.outcome is not Outcome.CLEAN:
        return f"No model read this change: {report.no_model}."
    return f"{capital(report.no_model)}."


def _static_reading(report: Report) -> str:
    """What the analysers looked at; without a finding also how many rules that was."""
    verdict = report.verdict
    runs = _ran_on_something(report)
    if not runs:
        return "No analyser ran."
    paths = {h.path for h in verdict.coverage.hunks}
    asked = paths & {c.hunk.path for c in verdict.coverage.cells if c.engine == STATIC}
    nobody = paths - asked
    rest = f"; no reviewer is set for {plural(len(nobody), 'file')}" if nobody else ""
    total = len(asked | verdict.coverage.analysed_only)
    reach = max(run.files for run in runs)
    if reach < total and (gone := _deleted(report, asked)):
        rest += f"; {gone} {'is' if gone == 1 else 'are'} deleted"
    of = f" of `{report.head}`" if report.head else ""
    if not verdict.findings:
        # An analyser that could read no file has looked at nothing, so its rules say nothing.
        rules = plural(sum(run.rules for run in runs if run.files), "rule")
        have = "has" if reach == 1 else "have"
        every = f"{rules}, {reach} of {plural(total, 'file')}{of} {have} rules"
        return f"No rule matched: {every}{rest}.{_hunks_only(report)}"
    every = f"all {plural(total, 'file')}" if reach >= total else f"{reach} of {total} files"
    if total < len(verdict.change.files) and left_out.reasons(report):
        every = f"{min(reach, total)} of {len(verdict.change.files)} files"
    elif total == 1:
        every = "the only file" if reach else "0 of 1 file"
    return f"{plural(len(runs), 'analyser')} read {every}{of}{_in_part(report, total)}{rest}."


def _deleted(report: Report, paths: Iterable[str]) -> int:
    """How many of these files are no more: analysers read what stands there afterwards."""
    known = report.verdict.change.by_path
    return sum(p in known and known[p].status is FileStatus.REMOVED for p in paths)


def _without_text(report: Report) -> list[str]:
    """The files that were not read by all analysers that have rules for them: some need a whole text."""
    cells = report.verdict.coverage.cells
    unread = (c.hunk.path for c in cells if c.engine == STATIC and c.reading is Reading.NOT_ASKED)
    return list(dict.fromkeys(unread))


def _in_part(report: Report, total: int) -> str:
    """`, a.py only in its hunks`: of which files the analysers have not read the whole."""
    paths = _without_text(report)
    if not paths:
        return ""
    its = "its" if len(paths) == 1 else "their"
    if len(paths) >= total:
        return f", only in {its} hunks"
    few = len(paths) <= left_out.FILES_NAMED
    which = listing([code(p) for p in paths]) if few else f"{len(paths)} of them"
    return f", {which} only in {its} hunks"


def _hunks_only(report: Report) -> str:
    """The same where nothing was found, which means the less for it; "" where the host says so."""
    paths = _without_text(report)
    if not paths or tells_hunks(report.subject):
        return ""
    few = len(paths) <= left_out.FILES_NAMED
    return f" {only_hunks(listing([code(p) for p in paths]) if few else f'{len(paths)} files')}"
