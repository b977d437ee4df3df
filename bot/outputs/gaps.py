"""What was not read, in words: the headline of an incomplete review, and its list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.outputs.receipt import Reader, readers
from bot.outputs.words import listing, plural
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import Change, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.policy import STATIC

_SAID = {
    Reading.REFUSED: "the model refused to answer",
    Reading.CUT_OFF: "the answer was cut off",
    Reading.TIMED_OUT: "no answer came in time",
    Reading.FAILED: "the call failed",
    Reading.BUDGET: "not started",
}


def gap_headline(report: Report) -> str:
    """Why a review is incomplete, as the second half of its headline."""
    if report.verdict.reached:
        return str(report.verdict.reached)
    coverage = report.verdict.coverage
    total = len(coverage.hunks)
    who = readers(report)
    parts: list[str] = []
    nothing = [r for r in who if r.mine and not r.read]
    if nothing and len(nothing) < len(who):
        parts.append(f"{listing([r.reviewer.id for r in nothing])} reviewed nothing")
    unread = _unread_by_all(coverage, who)
    if unread:
        every = len(unread) == total
        parts.append(
            "no model read anything"
            if every
            else f"no model read {len(unread)} of {plural(total, 'hunk')}"
        )
    for reader in who:
        if reader.read and (left := len(reader.mine - reader.read - unread)):
            parts.append(f"{reader.reviewer.id} did not read {left} of {plural(total, 'hunk')}")
    parts += _lost_votes([r for r in who if r.read], unread)
    if files := {c.hunk.path for c in coverage.gaps if c.hunk.index == WHOLE_FILE}:
        parts.append(f"{plural(len(files), 'file')} could not be had")
    if failed := [a.name for a in report.verdict.analysers if a.reading.is_gap]:
        parts.append(f"{listing(failed)} failed")
    elif broken := {c.hunk.path for c in coverage.gaps if c.engine == STATIC}:
        parts.append(f"the analysers could not read {plural(len(broken), 'file')}")
    return _and(parts)


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _unread_by_all(coverage: Coverage, who: Sequence[Reader]) -> frozenset[HunkRef]:
    if not who:
        return frozenset()
    read = frozenset().union(*(r.read for r in who))
    return frozenset(h for h in coverage.hunks if h not in read)


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
    """Everything that was not read, a line each, with the reason."""
    verdict = report.verdict
    total = len(verdict.coverage.hunks)
    out: list[Gap] = []
    for reader in readers(report):
        out += _reader_gaps(reader, total, report)
    out += _file_gaps(verdict.change, verdict.coverage)
    out += _analyser_gaps(verdict.coverage)
    return out


def _reader_gaps(reader: Reader, total: int, report: Report) -> Iterator[Gap]:
    cells = [c for c in reader.cells if c.reading.is_gap and c.reading is not Reading.TOO_LARGE]
    groups: dict[tuple[Reading, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.reading, cell.detail), []).append(cell)
    for (reading, detail), group in groups.items():
        votes = sorted({c.vote for c in group})
        number = len({c.hunk for c in group})
        hunks = (
            f"all {plural(total, 'hunk')}"
            if number == total
            else f"{number} of {plural(total, 'hunk')}"
        )
        if total == 1:
            hunks = "the only hunk"
        every = len(votes) == len(reader.votes)
        who = reader.reviewer.title
        if not every:
            who += f", vote{'s' if len(votes) > 1 else ''} {listing([str(v) for v in votes])}"
        said = _SAID.get(reading, reading.value)
        if reading is Reading.FAILED and detail:
            said = detail
        if reading is Reading.REFUSED:
            said += f" ({len(votes)} of {plural(len(reader.votes), 'vote')})"
        yield Gap(f"{who}, {hunks}: {said}.{_consolation(reader, report, every=every)}")


def _consolation(reader: Reader, report: Report, *, every: bool) -> str:
    """What did look at it all the same."""
    if not every:
        whole = reader.whole_votes
        if not whole:
            return ""
        return f" Vote{'s' if len(whole) > 1 else ''} {listing([str(v) for v in whole])} read everything."
    ran = any(
        c.engine == STATIC and c.reviewer == reader.reviewer.id and c.reading is Reading.READ
        for c in report.verdict.coverage.cells
    )
    asked = reader.was_asked
    return f" The {reader.reviewer.id} analysers ran." if ran and asked else ""


def _file_gaps(change: Change, coverage: Coverage) -> Iterator[Gap]:
    """Files that were too large, or that the host did not hand over."""
    too_large: dict[tuple[str, str], set[HunkRef]] = {}
    for cell in coverage.gaps:
        if cell.reading is Reading.TOO_LARGE or cell.hunk.index == WHOLE_FILE:
            too_large.setdefault((cell.hunk.path, cell.detail), set()).add(cell.hunk)
    for (path, detail), refs in too_large.items():
        if any(ref.index == WHOLE_FILE for ref in refs):
            yield Gap(f"{detail}.", path)
            continue
        shown = [change.hunk(ref) for ref in refs]
        first, last = min(h.first for h in shown), max(h.last for h in shown)
        where = f"{plural(len(refs), 'hunk')} (lines {first} to {last})"
        yield Gap(f"{where}: {detail}, so no model was asked.", path)


def _analyser_gaps(coverage: Coverage) -> Iterator[Gap]:
    broken: dict[str, set[str]] = {}
    for cell in coverage.gaps:
        if cell.engine == STATIC:
            broken.setdefault(cell.detail, set()).add(cell.hunk.path)
    for detail, paths in broken.items():
        only = next(iter(paths)) if len(paths) == 1 else ""
        where = "not analysed" if only else f"{plural(len(paths), 'file')} not analysed"
        yield Gap(f"{where}: {detail}.", only)
