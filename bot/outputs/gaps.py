"""What was not read, in words: the headline of an incomplete review, and its list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.outputs.inert import code
from bot.outputs.receipt import SAID, Reader, only_hunk, readers
from bot.outputs.words import capital, listing, plural
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import Reading
from reviewers.core.change import Change, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage, is_unparsed
from reviewers.core.policy import STATIC
from reviewers.core.verdict import UNREAD, Outcome

DAYS_MONEY = "TRIPTYCH_MAX_COST_DAY"
"""How the variables begin that are the operator's, and end with the day."""
FILES_NAMED = 3
"""So many files with a gap are named in a line; all are in the coverage table."""


def gap_headline(report: Report) -> str:
    """Why a review is incomplete, as the second half of its headline."""
    if report.withheld:
        return "the configuration is not in order, so only analysers looked"
    if limit := reached(report):
        return f"{limit}, so no model was asked" if limit.needed else str(limit)
    coverage = report.verdict.coverage
    total = len(coverage.hunks)
    who = readers(report)
    parts: list[str] = []
    nothing = [r for r in who if r.mine and not r.read]
    if nothing and len(nothing) < len(who):
        parts.append(f"{listing([r.reviewer.id for r in nothing])} reviewed nothing")
    unread = _unread_by_all(who)
    if unread:
        every = len(unread) == total
        parts.append(
            "no model read anything" if every else f"no model read {len(unread)} of {total} hunks"
        )
    for reader in who:
        if reader.read and (left := len(reader.mine - reader.read - unread)):
            parts.append(f"{reader.reviewer.id} did not read {left} of {_its_hunks(reader, total)}")
    parts += _lost_votes([r for r in who if r.read], unread)
    if files := {c.hunk.path for c in coverage.gaps if c.hunk.index == WHOLE_FILE}:
        parts.append(f"{plural(len(files), 'file')} could not be had")
    if failed := [a.name for a in report.verdict.analysers if a.reading.is_gap]:
        parts.append(f"{listing(failed)} failed")
    elif broken := {c.hunk.path for c in coverage.gaps if c.engine == STATIC}:
        parts.append(f"the analysers could not read {plural(len(broken), 'file')}")
    return _and(parts)


def reached(report: Report) -> Allowance | None:
    """The budget that left code unread; not one that only kept findings from being verified."""
    unread = any(c.reading is Reading.BUDGET for c in report.verdict.coverage.gaps)
    return report.verdict.reached if unread else None


def advice(report: Report) -> str:
    """What a person can do about an incomplete or failed review, a sentence in Markdown; "" for others."""
    outcome = report.verdict.outcome
    if outcome is Outcome.FAILED and not (is_never_shown(report) or _stays_unread(report)):
        return f"{capital(report.again)}."
    return what_to_do(report) if outcome in UNREAD else ""


def what_to_do(report: Report) -> str:
    """What a person can do about the gaps, a sentence in Markdown."""
    limit = reached(report)
    branch = f" on {code(report.subject.base_ref)}" if report.subject.base_ref else ""
    if report.withheld:
        return f"Correct {code(report.subject.config_path)}{branch} and {report.again}."
    if is_never_shown(report):
        return "Review these parts by hand."
    if why := _stays_unread(report):
        stay, mend = why
        return (
            f"Review these parts by hand: they stay {stay}, however often they are tried. {mend}, or "
            f"leave them out by `exclude` in {code(report.subject.config_path)}{branch}."
        )
    if limit is None and _lasts(report):
        return (
            "Review these parts by hand. Another try helps once whoever runs Triptych has mended that: "
            "`triptych doctor` says how."
        )
    if limit and limit.key.startswith(DAYS_MONEY):
        return (
            "Review these parts by hand. There is money again at 00:00 UTC, or when whoever runs Triptych "
            f"raises `{limit.key}`; then {report.again}."
        )
    if limit is None or not limit.key:
        return f"Review these parts by hand, or {report.try_again}."
    where = (
        f" in {code(report.subject.config_path)}{branch}" if limit.key.startswith("budget.") else ""
    )
    return f"Review these parts by hand, or raise `{limit.key}`{where} and {report.again}."


def is_never_shown(report: Report) -> bool:
    """Whether all gaps are files of which no line is shown: what has no diff today has none tomorrow."""
    gaps = report.verdict.coverage.gaps
    known = report.verdict.change.by_path
    return bool(gaps) and all(c.hunk.index == WHOLE_FILE and c.hunk.path in known for c in gaps)


def _stays_unread(report: Report) -> tuple[str, str] | None:
    """Where all that was not read will not be the next time, either: what it stays, and what mends that.
    It is too large for who should have read it, or its syntax is wrong; None where another try may help.
    """
    gaps = report.verdict.coverage.gaps
    large = [c for c in gaps if c.reading is Reading.TOO_LARGE]
    broken = [c for c in gaps if c.engine == STATIC and is_unparsed(c.detail)]
    if not gaps or len(large) + len(broken) < len(gaps):
        return None
    if not broken:
        return "too large", "Split them"
    mend = "Correct their syntax"
    return "unread", f"{mend}, split what is too large" if large else mend


def _lasts(report: Report) -> bool:
    """Whether all that failed fails again until the set-up is mended, which no developer can do."""
    failed = [look for look in report.verdict.model_looks if look.reading.is_gap]
    return bool(failed) and all(look.lasts for look in failed)


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _unread_by_all(who: Sequence[Reader]) -> frozenset[HunkRef]:
    """Hunks that a model was to read and none did."""
    nobody = frozenset[HunkRef]()
    return nobody.union(*(r.mine for r in who)) - nobody.union(*(r.read for r in who))


def _lost_votes(who: Iterable[Reader], unread: frozenset[HunkRef]) -> Iterator[str]:
    """Votes that are missing where others of the same reviewer read the code."""
    for reader in who:
        lost = {c.vote for c in reader.cells if c.reading.is_gap and c.hunk not in unread}
        if lost and not reader.mine - reader.read - unread:
            be = "is" if len(lost) == 1 else "are"
            yield f"{len(lost)} of {len(reader.votes)} {reader.reviewer.id} votes {be} missing"


@dataclass(frozen=True)
class Gap:
    """One line of the list "Not reviewed"; `path` is set where it is about one file."""

    text: str
    path: str = ""


def gaps(report: Report) -> list[Gap]:
    """Everything that was not read, a line each, with the reason; of reviewers the worst first."""
    verdict = report.verdict
    total = len(verdict.coverage.hunks)
    out: list[tuple[int, Gap]] = []
    for reader in readers(report):
        out += _reader_gaps(reader, total, report)
    out.sort(key=lambda found: -found[0])
    withheld = [Gap("The whole change by a model: none was asked.")] if report.withheld else []
    return [
        *withheld,
        *(gap for _, gap in out),
        *_file_gaps(verdict.change, verdict.coverage),
        *_analyser_gaps(verdict.coverage),
    ]


def _reader_gaps(reader: Reader, total: int, report: Report) -> Iterator[tuple[int, Gap]]:
    """The lines about one reviewer, each with the number of looks that are missing."""
    groups: dict[tuple[Reading, str], list[Cell]] = {}
    for cell in reader.cells:
        if cell.reading.is_gap and cell.reading is not Reading.TOO_LARGE:
            said = cell.detail if cell.reading is Reading.FAILED else ""
            groups.setdefault((cell.reading, said), []).append(cell)
    for (reading, detail), group in groups.items():
        votes = sorted({c.vote for c in group})
        number = len({c.hunk for c in group})
        its = _its_hunks(reader, total)
        hunks = f"all {its}"
        if number < len(reader.mine):
            hunks = f"{number} of {its}{_in_files(group)}"
        if total == 1:
            hunks = only_hunk(report)
        every = len(votes) == len(reader.votes)
        who = reader.reviewer.title
        if not every:
            who += f", vote{'s' if len(votes) > 1 else ''} {listing([str(v) for v in votes])}"
        said = detail or SAID.get(reading, reading.value)
        if reading is Reading.REFUSED:
            said += f" ({len(votes)} of {plural(len(reader.votes), 'vote')})"
        text = f"{who}, {hunks}: {said}.{_consolation(reader, report, every=every)}"
        yield len(group), Gap(text)


def _in_files(cells: Iterable[Cell]) -> str:
    """Which files a part of the hunks is in, so that a person can look there."""
    paths = list(dict.fromkeys(c.hunk.path for c in cells))
    if len(paths) > FILES_NAMED:
        return f", in {len(paths)} files"
    return f", in {listing([code(path) for path in paths])}"


def _its_hunks(reader: Reader, total: int) -> str:
    """`34 hunks`; `2 hunks of its paths` for a reviewer that does not read every file."""
    mine = len(reader.mine)
    return plural(mine, "hunk") if mine == total else f"{plural(mine, 'hunk')} of its paths"


def _consolation(reader: Reader, report: Report, *, every: bool) -> str:
    """What did look at it all the same."""
    if not every:
        whole = reader.whole_votes
        if not whole:
            return ""
        some = f"Vote{'s' if len(whole) > 1 else ''} {listing([str(v) for v in whole])}"
        return f" {some} read everything."
    ran = any(
        c.engine == STATIC and c.reviewer == reader.reviewer.id and c.reading is Reading.READ
        for c in report.verdict.coverage.cells
    )
    return f" The {reader.reviewer.id} analysers ran." if ran and reader.was_asked else ""


def _file_gaps(change: Change, coverage: Coverage) -> Iterator[Gap]:
    """Files that were too large for a model, or that the host did not hand over."""
    found: dict[tuple[str, str], set[HunkRef]] = {}
    for cell in coverage.gaps:
        whole = cell.hunk.index == WHOLE_FILE
        if whole or (cell.reading is Reading.TOO_LARGE and cell.engine != STATIC):
            why = cell.detail or cell.reading.value
            found.setdefault((cell.hunk.path, why), set()).add(cell.hunk)
    for (path, why), refs in found.items():
        if any(ref.index == WHOLE_FILE for ref in refs):
            yield Gap(f"{why}.", path)
            continue
        shown = [change.hunk(ref) for ref in refs]
        first, last = min(h.first for h in shown), max(h.last for h in shown)
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        yield Gap(f"{plural(len(refs), 'hunk')} ({lines}): {why}, so no model was asked.", path)


def _analyser_gaps(coverage: Coverage) -> Iterator[Gap]:
    broken: dict[str, set[str]] = {}
    for cell in coverage.gaps:
        if cell.engine == STATIC:
            broken.setdefault(cell.detail or cell.reading.value, set()).add(cell.hunk.path)
    for why, paths in broken.items():
        only = next(iter(paths)) if len(paths) == 1 else ""
        where = "not analysed" if only else f"{plural(len(paths), 'file')} not analysed"
        yield Gap(f"{where}: {why}.", only)
