"""The coverage receipt as a table: files against readers, each cell a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.outputs.inert import cell
from bot.outputs.receipt import Reader, readers
from bot.outputs.words import plural, short_path
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction


@dataclass(frozen=True)
class Row:
    """A row of the coverage table; `path` is "" for the row that many files share."""

    path: str
    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class _File:
    """A file with its words; `gaps` tells those apart that fared differently, "" where all is well."""

    path: str
    hunks: int
    cells: tuple[str, ...]
    gaps: tuple[str, ...]
    excluded: bool


def table(report: Report) -> tuple[tuple[str, ...], list[Row]]:
    """Header and rows. A file with a gap or an exclusion has its own row, the others share one.

    Where no file is without a gap, those of the commonest kind share the row.
    """
    report = report.reading
    header = ["File", "Hunks", "Analysers"]
    header += [f"{r.reviewer.title}, {plural(len(r.votes), 'vote')}" for r in readers(report)]
    files = _files(report)
    kinds = Counter(f.gaps for f in files if f.hunks and not f.excluded)
    fine = ("",) * (len(header) - 2)
    shared = fine if fine in kinds else next((k for k, _ in kinds.most_common(1)), fine)
    alike = [f for f in files if f.hunks and not f.excluded and f.gaps == shared]
    rows = [Row(f.path, f.path, (str(f.hunks), *f.cells)) for f in files if f not in alike]
    if alike:
        label = plural(len(alike), "other file" if rows else "file")
        rows.append(Row("", label, (str(sum(f.hunks for f in alike)), *_merged(alike))))
    return tuple(header), rows


def ledger(report: Report, redact: Redaction) -> list[str]:
    """The whole ledger, a row per hunk, for where there is room; no rows where nothing was read."""
    report = report.reading
    words = _Words(report)
    titles = [r.reviewer.title for r in words.readers]
    out = [f"| {' | '.join(['Hunk', 'Analysers', *titles])} |", f"|{'---|' * (len(titles) + 2)}"]
    carried = frozenset(words.coverage.carried)
    for path, refs in _places(report):
        file = report.verdict.change.file(path)
        for ref in refs:
            where = short_path(path, redact)
            if file and ref.index != WHOLE_FILE:
                where = f"{where}:{file.hunks[ref.index].first}-{file.hunks[ref.index].last}"
            said = words.of([ref])
            if ref in carried:
                said = tuple("read before" for _ in said)
            out.append(f"| {cell(where)} | {' | '.join(said)} |")
    return out if len(out) > 2 else []


def _places(report: Report) -> Iterable[tuple[str, list[HunkRef]]]:
    """Every file with its hunks, or with its whole where it has none; the undelivered ones last."""
    verdict = report.verdict
    for file in verdict.change.files:
        refs = [HunkRef(file.path, i) for i in range(len(file.hunks))]
        yield file.path, refs or [HunkRef(file.path, WHOLE_FILE)]
    known = {file.path for file in verdict.change.files}
    for path in dict.fromkeys(c.hunk.path for c in verdict.coverage.cells):
        if path not in known:
            yield path, [HunkRef(path, WHOLE_FILE)]


def _files(report: Report) -> list[_File]:
    words = _Words(report)
    carried = frozenset(words.coverage.carried)
    out = []
    for path, refs in _places(report):
        left = [ref for ref in refs if ref not in carried]
        cells = words.all_of(left)
        if not cells:
            continue
        said = words.of(left)
        gaps = tuple("" if _is_fine(word) else word for word in said)
        excluded = any(not c.reviewer for c in cells)
        number = sum(ref.index != WHOLE_FILE for ref in left)
        out.append(_File(path, number, said, gaps, excluded))
    return out


def _is_fine(word: str) -> bool:
    if word in (Reading.READ.value, Reading.NOT_ASKED.value):
        return True
    seen, of, planned = word.removeprefix("read, ").partition(" of ")
    return bool(of) and seen == planned


def _merged(files: Sequence[_File]) -> tuple[str, ...]:
    """Of files that share a row, a column says `read` when any of them was read by it."""
    asked = (
        [word for word in column if word != Reading.NOT_ASKED.value]
        for column in zip(*(f.cells for f in files), strict=True)
    )
    return tuple(words[0] if words else Reading.NOT_ASKED.value for words in asked)


@dataclass(frozen=True)
class _Words:
    """What the cells of some hunks come to, in a word for the analysers and one a reviewer."""

    report: Report

    @cached_property
    def readers(self) -> list[Reader]:
        return readers(self.report)

    @property
    def coverage(self) -> Coverage:
        return self.report.verdict.coverage

    @cached_property
    def _by_hunk(self) -> dict[HunkRef, list[Cell]]:
        found: dict[HunkRef, list[Cell]] = {}
        for c in self.coverage.cells:
            found.setdefault(c.hunk, []).append(c)
        return found

    def all_of(self, refs: Sequence[HunkRef]) -> list[Cell]:
        return [c for ref in refs for c in self._by_hunk.get(ref, ())]

    def of(self, refs: Sequence[HunkRef]) -> tuple[str, ...]:
        cells = self.all_of(refs)
        everyone = next((c.reading.value for c in cells if not c.reviewer), "")
        if everyone:
            looked = any(c.engine == STATIC and c.reading is Reading.READ for c in cells)
            analysers = Reading.READ.value if looked else everyone
            return (analysers, *(everyone for _ in self.readers))
        return (_by_analysers(cells), *(_by_votes(cells, r) for r in self.readers))


def _by_analysers(cells: Sequence[Cell]) -> str:
    found = [c.reading for c in cells if c.engine == STATIC]
    if gap := next((r for r in found if r.is_gap), None):
        return gap.value
    return Reading.READ.value if Reading.READ in found else Reading.NOT_ASKED.value


def _by_votes(cells: Sequence[Cell], reader: Reader) -> str:
    mine = [c for c in cells if c.reviewer == reader.reviewer.id and c.vote > 0]
    gaps = {c.vote: c.reading for c in mine if c.reading.is_gap}
    read = {c.vote for c in mine if c.reading is Reading.READ} - gaps.keys()
    if not read:
        return next(iter(gaps.values()), Reading.NOT_ASKED).value
    votes = read | gaps.keys()
    return Reading.READ.value if len(votes) == 1 else f"read, {len(read)} of {len(votes)}"
