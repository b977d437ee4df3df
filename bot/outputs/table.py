"""The coverage receipt as a table: files against readers, each cell a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.outputs.inert import cell
from bot.outputs.receipt import Reader, readers
from bot.outputs.words import plural
from bot.report import Report
from reviewers.core.call import Reading
from reviewers.core.change import HunkRef
from reviewers.core.coverage import WHOLE_FILE, Coverage
from reviewers.core.policy import STATIC


@dataclass(frozen=True)
class Row:
    """A row of the coverage table; `path` is "" for the row that many files share."""

    path: str
    label: str
    cells: tuple[str, ...]


def table(report: Report) -> tuple[tuple[str, ...], list[Row]]:
    """Header and rows. A file with a gap or an exclusion has its own row, the others share one."""
    verdict = report.verdict
    who = readers(report)
    header = ["File", "Hunks", "Analysers"]
    header += [f"{r.reviewer.title}, {plural(len(r.votes), 'vote')}" for r in who]
    rows: list[Row] = []
    plain: list[str] = []
    plain_hunks = 0
    shared: tuple[str, ...] = ()
    for file in verdict.change.files:
        refs = [HunkRef(file.path, i) for i in range(len(file.hunks))] or [
            HunkRef(file.path, WHOLE_FILE)
        ]
        if all(ref in verdict.coverage.carried for ref in refs):
            continue
        cells = (
            _static_cell(refs, verdict.coverage),
            *(_vote_cell(refs, r, verdict.coverage) for r in who),
        )
        number = len(file.hunks)
        odd = any(word not in _GOOD and not word.startswith("read, ") for word in cells)
        odd = odd or any(w.startswith("read, ") and not _all_of(w) for w in cells)
        if odd:
            rows.append(Row(file.path, file.path, (str(number), *cells)))
        elif number:
            plain.append(file.path)
            plain_hunks += number
            shared = _merged(shared, cells)
    if plain:
        other = "other " if rows else ""
        label = plural(len(plain), f"{other}file")
        rows.append(Row("", label, (str(plain_hunks), *shared)))
    return tuple(header), rows


_GOOD = ("read", Reading.NOT_ASKED.value)


def _all_of(word: str) -> bool:
    seen, _, planned = word.removeprefix("read, ").partition(" of ")
    return seen == planned


def _merged(shared: tuple[str, ...], cells: tuple[str, ...]) -> tuple[str, ...]:
    """Of files that share a row, a column says `read` when any of them was read by it."""
    if not shared:
        return cells
    return tuple(
        a if a != Reading.NOT_ASKED.value else b for a, b in zip(shared, cells, strict=True)
    )


def _static_cell(refs: Sequence[HunkRef], coverage: Coverage) -> str:
    found = [c.reading for c in coverage.cells if c.hunk in refs and c.engine in ("", STATIC)]
    for reading in (Reading.FAILED, Reading.TOO_LARGE, Reading.GENERATED, Reading.BINARY):
        if reading in found:
            return reading.value
    return Reading.READ.value if Reading.READ in found else Reading.NOT_ASKED.value


def _vote_cell(refs: Sequence[HunkRef], reader: Reader, coverage: Coverage) -> str:
    everyone = [c.reading for c in coverage.cells if c.hunk in refs and not c.reviewer]
    if everyone:
        return everyone[0].value
    cells = [c for c in reader.cells if c.hunk in refs]
    if not cells:
        return Reading.NOT_ASKED.value
    gaps_of = {c.vote: c.reading for c in cells if c.reading.is_gap}
    votes = sorted({c.vote for c in cells})
    read = [v for v in votes if v not in gaps_of]
    if not read:
        return next(iter(gaps_of.values())).value
    if len(votes) == 1:
        return Reading.READ.value
    return f"read, {len(read)} of {len(votes)}"


def ledger(report: Report) -> str:
    """The whole ledger, a row per hunk, for where there is room: the check run's text."""
    who = readers(report)
    out = [
        f"| Hunk | Analysers | {' | '.join(r.reviewer.title for r in who)}{' |' if who else ''}",
        f"|---|---|{'---|' * len(who)}",
    ]
    coverage = report.verdict.coverage
    for file in report.verdict.change.files:
        for index, hunk in enumerate(file.hunks):
            ref = [HunkRef(file.path, index)]
            cells = [_static_cell(ref, coverage), *(_vote_cell(ref, r, coverage) for r in who)]
            if ref[0] in coverage.carried:
                cells = ["read before" for _ in cells]
            where = cell(f"{file.path}:{hunk.first}-{hunk.last}")
            out.append(f"| {where} | {' | '.join(cells)} |")
    return "\n".join(out)
