"""What nobody was to read, in words. A file that was left out is said, never counted as read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.outputs.inert import code
from bot.outputs.markdown import Pen
from bot.outputs.words import listing, plural
from bot.report import Report
from reviewers.core.change import FileDiff, FileStatus
from reviewers.core.exclude import BY_NAME, CONFIGURED, hidden

FILES_NAMED = 3
"""So many files are named in a sentence; all are in the coverage table."""

HIDDEN = (
    "This change brings files that are left out, so this check is no success. **Do:** review them by hand, "
    "or list them under `exclude` in `.github/triptych.toml` of the base branch."
)
"""Of a review that stood there already: it names them, as far as it does."""

_KINDS = (*BY_NAME, "binary")
"""What a file is called; of the other reasons a file is one: `a lock file`."""


def reasons(report: Report) -> dict[str, str]:
    """Why, by path, for the files of the change that nobody was to read."""
    known = report.verdict.change.by_path
    return {p: why for p, why in report.verdict.coverage.left_out.items() if p in known}


def parts(why: Mapping[str, str], noun: str = "") -> str:
    """`2 left out as lock files`; with a noun and two kinds, `3 files left out (1 as ..., 2 as ...)`."""
    total = plural(len(why), noun) if noun else f"{len(why):,}"
    kinds = Counter(why.values()).items()
    if len(kinds) == 1:
        return "".join(f"{total} left out {_as(reason, number)}" for reason, number in kinds)
    said = ", ".join(f"{number:,} {_as(reason, number)}" for reason, number in kinds)
    return f"{total} left out ({said})"


def _as(reason: str, number: int) -> str:
    if reason == CONFIGURED:
        return "by the configuration"
    if reason in _KINDS:
        return f"as {reason}"
    return f"as a {reason}" if number == 1 else f"as {reason}s"


def in_files(report: Report) -> str:
    """`in 1 of 2 files`: where what was read is; "" where nothing is left out."""
    if not reasons(report):
        return ""
    read = {h.path for h in (*report.verdict.coverage.hunks, *report.verdict.coverage.carried)}
    return f"in {len(read):,} of {plural(len(report.verdict.change.files), 'file')}"


def sentence(report: Report) -> str:
    """` 1 file left out as generated; analysers alone read it.`; "" where nothing is."""
    why = reasons(report)
    return f" {parts(why, 'file')}{seen_by_analysers(report)}.{lineless(report)}" if why else ""


def lineless(report: Report) -> str:
    """` 1 file has no changed line.`, as an empty or a renamed one; "" where all have."""
    coverage = report.verdict.coverage
    told = {*coverage.left_out, *(c.hunk.path for c in coverage.cells)}
    number = sum(not f.hunks and f.path not in told for f in report.verdict.change.files)
    has = "has" if number == 1 else "have"
    return f" {plural(number, 'file')} {has} no changed line." if number else ""


def seen_by_analysers(report: Report) -> str:
    """`; analysers alone read it`, of files that are left out; "" where they did not."""
    total = len(reasons(report))
    seen = len(report.verdict.coverage.analysed_only)
    it = "it" if total == 1 else "them" if seen == total else f"{seen:,} of them"
    return f"; analysers alone read {it}" if seen else ""


def brief(report: Report) -> str:
    """`; 1 file left out`, as the end of a title."""
    number = len(reasons(report))
    return f"; {plural(number, 'file')} left out" if number else ""


def hidden_by(report: Report) -> tuple[FileDiff, ...]:
    """New files that are left out for a reason of their own: with them no gate is passed."""
    return hidden(report.verdict.change.files, report.verdict.policy.exclude)


def to_be_done(pen: Pen, files: Sequence[FileDiff]) -> str:
    """What a person can do about new files that are left out, in Markdown."""
    names = [pen.path(f.path) for f in files[:FILES_NAMED]]
    if more := len(files) - len(names):
        names.append(plural(more, "more file"))
    base = pen.report.subject.base_ref
    branch = f" on {code(base)}" if base else ""
    them, they_are = ("it", "It is") if len(files) == 1 else ("them", "They are")
    new = " new and" * all(f.status is not FileStatus.MODIFIED for f in files)
    return (
        f"**Do:** review {listing(names)} by hand, or list {them} under `exclude` in "
        f"`.github/triptych.toml`{branch}. {they_are}{new} left out, so this check is no success."
    )
