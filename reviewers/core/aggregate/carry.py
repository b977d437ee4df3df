"""What became of the known findings that nobody reported this time: fixed, still open, or back.

Silence of a model is no proof of a fix. A finding counts as fixed when its code is gone, when an
analyser that found it read the code again, or when the verifier cites what fixed it. Nor does it keep
what was fixed closed when its code has come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reviewers.core.aggregate.copies import Copies
from reviewers.core.aggregate.identify import there_again
from reviewers.core.call import Reading
from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.coverage import Coverage
from reviewers.core.finding import (
    Finding,
    Location,
    Ruling,
    Severity,
    Side,
    Standing,
    Verification,
)
from reviewers.core.history import History, Known, State
from reviewers.core.quotes import quote_keys


@dataclass(frozen=True)
class Carried:
    """Known findings that were not reported again, by what became of them."""

    open: tuple[Finding, ...]
    fixed: tuple[Known, ...]


def carry(
    history: History,
    matched: Mapping[str, Known],
    change: Change,
    coverage: Coverage,
    ruled: Mapping[str, Verification],
) -> Carried:
    """Judge each known finding that no new one matched, against the change as it is now: the open ones,
    and the fixed ones whose code has come back.
    """
    quotes = Copies(change, history)
    still: list[Finding] = []
    fixed: list[Known] = []
    for known in _unmatched(history, matched, quotes):
        old = known.finding
        if (
            _is_refuted(old, ruled.get(old.id))
            or _is_gone(known, change, quotes)
            or _read_again(known, quotes, coverage)
        ):
            if known.state is not State.FIXED:
                fixed.append(replace(known, state=State.FIXED, fixed_in=change.head))
        else:
            ruling = ruled.get(old.id)
            told = ruling if ruling and ruling.ruling is not Ruling.REFUTED else None
            still.append(replace(_moved(known, quotes), verification=told))
    return Carried(tuple(still), tuple(fixed))


def _unmatched(history: History, matched: Mapping[str, Known], quotes: Copies) -> Iterable[Known]:
    for known in history.known:
        is_open = known.state in (State.OPEN, State.LATE)
        is_back = known.state is State.FIXED and quotes.is_back(known.finding)
        if (is_open or is_back) and known.finding.id not in matched:
            yield known


def _is_refuted(old: Finding, ruling: Verification | None) -> bool:
    """As in the verifying step: a critical, or what an analyser saw, no model removes alone."""
    if ruling is None or ruling.ruling is not Ruling.REFUTED:
        return False
    return old.severity is not Severity.CRITICAL and not old.analysers


def _file(known: Known, quotes: Copies) -> FileDiff | None:
    """The file it is about: its own, or the only one that its code has moved to. None where it has moved
    to several: then no one of them tells what became of it.
    """
    file = quotes.file_of(known.finding.path)
    if not quote_keys(known.finding.quote) or quotes.stays(known.finding):
        return file
    holders = quotes.moved(known)
    if not holders:
        return file
    return holders[0] if len(holders) == 1 else None


def _is_gone(known: Known, change: Change, quotes: Copies) -> bool:
    """Whether the code it quotes stands nowhere in its file any more, nor is written into another one by
    this change, as far as can be seen: moved code is not fixed.

    A removed line is gone when it is back, that is, when the change no longer removes it.
    """
    old = known.finding
    file = _file(known, quotes)
    if file is None:
        return not (change.undelivered or quotes.moved(known))
    keys = quote_keys(old.quote)
    if not keys or file.missing:
        return False
    removed = bool(quotes.in_hunks(file, Side.LEFT, keys))
    if old.location and old.location.side is Side.LEFT:
        return not removed
    unplaced = old.location is None and old.seen_at == 0
    if file.status is FileStatus.REMOVED:
        return not (unplaced and removed)
    is_own = file is quotes.file_of(old.path)
    if file.text is None or (quotes.stays(old) if is_own else quotes.in_text(file, keys)):
        return False
    return not (unplaced and removed)


def _read_again(known: Known, quotes: Copies, coverage: Coverage) -> bool:
    """Whether every source was an analyser's and they read its code again without finding it. Of a file
    whose text is known they read all, and are heard of every line that the change adds: what is wrong in
    one hunk may be mended in another. Of any other they see, and are heard of, what is read again.
    """
    old = known.finding
    file = _file(known, quotes)
    if file is None or not _is_analysers(old):
        return False
    cells = [
        c
        for c in coverage.cells
        if c.hunk.path == file.path and c.engine == "static" and c.reviewer in old.reviewers
    ]
    again = {c.hunk.index for c in cells}
    is_whole = all(c.reading is Reading.READ for c in cells)
    all_of_it = file.text is not None or again >= _hunks_of(old, file, quotes)
    return bool(cells) and is_whole and all_of_it


def _is_analysers(old: Finding) -> bool:
    """Whether analysers alone have told it. Where it is graver than they call it a model has told it,
    too, although none has repeated that in the last review.
    """
    sources = old.sources
    if not sources or any(s.is_vote for s in sources):
        return False
    return old.severity <= max(s.severity for s in sources)


def _hunks_of(old: Finding, file: FileDiff, quotes: Copies) -> frozenset[int]:
    """The hunks in which its code stands; those of the whole file where it stands in none."""
    places = quotes.in_hunks(file, old.side, quote_keys(old.quote))
    found = frozenset(i for p in places if (i := file.hunk_at(old.side, p[0])) is not None)
    return found or frozenset(range(len(file.hunks)))


def _moved(known: Known, quotes: Copies) -> Finding:
    """The finding as it stands now: its line may have moved, its file may have a new name."""
    old = known.finding
    standing = Standing.LATE if known.state is State.LATE else Standing.OPEN
    if known.state is State.FIXED:
        old, standing = replace(old, note=there_again(known)), Standing.BACK
    file = _file(known, quotes) or next(iter(quotes.moved(known)), None)
    keys = quote_keys(old.quote)
    if file is None or not keys or old.location is None:
        return replace(old, standing=standing, suggestion=None)
    side, shown = old.location.side, quotes.in_hunks(file, old.location.side, keys)
    own = quotes.own_places(old) if file is quotes.file_of(old.path) else ()
    places = sorted(set(shown).intersection(own)) if own else shown
    near = next((p for p in places if p[0] == old.location.line), None)
    found = near or (places[0] if len(places) == 1 else None)
    location = Location(file.path, *found, side) if found else None
    seen_at = (
        0 if location else next((a for a, _ in own or quotes.in_file(file, Side.RIGHT, keys)), 0)
    )
    return replace(
        old,
        path=file.path,
        location=location,
        seen_at=seen_at,
        standing=standing,
        suggestion=None,
        around=(quotes.passage(file, side, *found) if found else ()) or old.around,
    )
