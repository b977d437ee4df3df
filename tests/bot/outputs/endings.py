"""Reports of every way in which a review can end, on the change of the samples or a small one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.outputs.body import review_body
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import AnalyserRun, Call, Reading, Task
from reviewers.core.change import Change, Content, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.exclude import excluded
from reviewers.core.finding import Finding, Severity, Standing
from reviewers.core.history import History, Known, State
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.reviewer import Reviewer
from reviewers.core.verdict import Outcome
from reviewers.registry import REVIEWERS
from tests.bot.outputs.samples import (
    READERS,
    SQL,
    ledger_of,
    looks,
    sample,
    static_looks,
)
from tests.builders import BASE, HEAD, coverage, hunk, look, policy

ONE = Change(
    (FileDiff("api/orders.py", FileStatus.MODIFIED, (hunk(40, 65),)),), head=HEAD, base=BASE
)
LOW = replace(SQL, severity=Severity.LOW, title="A word has two spellings")
STATIC_ONLY: dict[str, Any] = {"policy": policy(engines=(STATIC,), votes={})}
DOCS = Reviewer("docs", "Are the documents right?", paths=("*.md",))


def paragraphs(report: Report) -> list[str]:
    """The paragraphs of a body."""
    return review_body(report).split("\n\n")


def coverage_of(report: Report) -> str:
    """The paragraph that says who read what, "" where the headline says it."""
    bills = (p for p in paragraphs(report)[1:] if re.search(r"\d calls[ ,]", p))
    return next((p for p in bills if "**Do:**" not in p), "")


def one(*findings: Finding, **more: Any) -> Report:
    """A review of the only hunk of the only file."""
    values = {"change": ONE, "coverage": ledger_of(ONE), **more}
    return sample(*findings, **values)


def static(*findings: Finding, of: Change = ONE, files: int = 1, **more: Any) -> Report:
    """Analysers only."""
    ledger = coverage({f.path: len(f.hunks) for f in of.files}, [(n, 0) for n, _ in READERS])
    values = {"coverage": ledger, "looks": static_looks(1.2, files), **STATIC_ONLY, **more}
    return sample(*findings, change=of, **values)


def broken(
    gaps: Mapping[tuple[str, str, int], tuple[Reading, str]],
    *findings: Finding,
    of: Change | None = None,
    **more: Any,
) -> Report:
    """An incomplete review with these gaps; the looks tell the same."""
    of = of or sample().verdict.change
    answers = {(who, vote): {"reading": r} for (_, who, vote), (r, _) in gaps.items()}
    values = {"coverage": ledger_of(of, gaps), "looks": looks(answers=answers), **more}
    return sample(*findings, change=of, outcome=Outcome.INCOMPLETE, **values)


EVERY_VOTE = [(name, vote) for name, votes in READERS for vote in range(1, votes + 1)]


def all_failed(reading: Reading, detail: str = "", *findings: Finding, **more: Any) -> Report:
    """No call of a model brought anything."""
    return broken({("*", *seat): (reading, detail) for seat in EVERY_VOTE}, *findings, **more)


def stopped(limit: Allowance, **more: Any) -> Report:
    """A budget was reached before the second votes."""
    unpaid = (("security", 2), ("security", 3), ("correctness", 2), ("correctness", 3))
    late = {"reading": Reading.BUDGET, "allowance": limit, "cost": 0.0, "seconds": 0.0}
    gaps = {("*", *seat): (Reading.BUDGET, str(limit)) for seat in unpaid}
    of = sample().verdict.change
    return sample(
        change=of,
        outcome=Outcome.INCOMPLETE,
        coverage=ledger_of(of, gaps),
        looks=looks(0.24, 31.0, dict.fromkeys(unpaid, late)),
        **more,
    )


def verified(*readings: Reading, allowance: Allowance | None = None) -> Report:
    """A review whose findings were to be verified, a call a chunk."""
    tries = tuple(
        look(
            Call("verifier", CLAUDE, 1, chunk, round=3, task=Task.VERIFY),
            reading=reading,
            cost=0.0,
            allowance=allowance,
        )
        for chunk, reading in enumerate(readings)
    )
    return sample(SQL, looks=(*looks(), *tries))


def with_docs(hunks: int, of: int, *findings: Finding, **more: Any) -> Report:
    """A fourth reviewer whose paths have only some of the hunks."""
    ledger = coverage({"api/a.py": of - hunks, "README.md": hunks}, READERS)
    reading = more.pop("docs", Reading.READ)
    cells = [Cell(HunkRef("README.md", i), "docs", CLAUDE, 1, reading) for i in range(hunks)]
    files = tuple(
        FileDiff(path, FileStatus.MODIFIED, tuple(hunk(9 * i + 1, 9 * i + 2) for i in range(n)))
        for path, n in {"api/a.py": of - hunks, "README.md": hunks}.items()
    )
    return sample(
        *findings,
        change=Change(files, head=HEAD, base=BASE),
        coverage=Coverage((*ledger.cells, *cells), ledger.hunks),
        policy=policy(reviewers=(*REVIEWERS, DOCS)),
        **more,
    )


def only_docs(hunks: int, of: int) -> Report:
    """No reviewer looks at every file."""
    report = with_docs(hunks, of)
    cells = tuple(c for c in report.verdict.coverage.cells if c.reviewer == "docs")
    ledger = Coverage(cells, report.verdict.coverage.hunks)
    return replace(report, verdict=replace(report.verdict, coverage=ledger))


def nothing_to_read(*cells: Cell, files: tuple[FileDiff, ...] = (), **more: Any) -> Report:
    """A review of a change without a hunk for anybody."""
    return sample(
        change=Change(files, head=HEAD, base=BASE),
        coverage=Coverage(cells, (), more.pop("carried", ())),
        looks=(),
        **more,
    )


def not_shown() -> Report:
    """A file of the change of which no line is shown, today and tomorrow."""
    base = undelivered(Reading.FAILED, "GitHub shows no diff of it")
    change = base.verdict.change
    data = FileDiff("data.sql", FileStatus.MODIFIED, missing="GitHub shows no diff of it")
    whole = replace(change, files=(*change.files, data))
    return replace(base, verdict=replace(base.verdict, change=whole))


def of_nobody() -> Report:
    """Analysers only; beside what they read, a file on no reviewer's paths."""
    base = static()
    ledger = base.verdict.coverage
    more = replace(ledger, hunks=(*ledger.hunks, HunkRef("lib/a.py", 0)))
    return replace(base, verdict=replace(base.verdict, coverage=more))


def left_out(path: str, reading: Reading, detail: str) -> Cell:
    """A file that nobody needs to read."""
    return Cell(HunkRef(path, WHOLE_FILE), "", "", 0, reading, detail)


LOCK = FileDiff("poetry.lock", FileStatus.MODIFIED, (hunk(1, 9),))
LOGO = FileDiff("logo.png", FileStatus.ADDED, content=Content.BINARY)
GENERATED = FileDiff("app/util.generated.py", FileStatus.ADDED, (hunk(1, 9),))
LINKS = tuple(FileDiff(p, FileStatus.ADDED, content=Content.SYMLINK) for p in ("a", "b"))
VENDORED = tuple(
    FileDiff(f"vendor/{n:02}.go", FileStatus.MODIFIED, (hunk(1, 9),)) for n in range(26)
)
MOVED = FileDiff("b.py", FileStatus.RENAMED, old_path="a.py")


def cells_of(*files: FileDiff) -> tuple[Cell, ...]:
    """Cells of files that are left out; analysers have read the generated ones among them."""
    cells = []
    for file in files:
        why = excluded(file, ())
        assert why is not None, "it is left out"
        ref = HunkRef(file.path, 0 if file.hunks else WHOLE_FILE)
        cells.append(Cell(ref, "", "", 0, *why))
        if why[1] == "generated":
            cells.append(Cell(ref, "security", STATIC, 0, Reading.READ))
    return tuple(cells)


def beside(
    *out: FileDiff,
    findings: tuple[Finding, ...] = (),
    gaps: Mapping[tuple[str, str, int], tuple[Reading, str]] | None = None,
    files: int = 0,
    **more: Any,
) -> Report:
    """A review of the only hunk of one file, beside files that are left out.

    `files`: so many were read by each analyser, and no model was asked.
    """
    ledger = ledger_of(ONE, gaps)
    if files:
        ledger = coverage({"api/orders.py": 1}, [(name, 0) for name, _ in READERS])
        more["looks"] = static_looks(1.2, files)
    if gaps:
        more["outcome"] = Outcome.INCOMPLETE
    return sample(
        *findings,
        change=replace(ONE, files=(*ONE.files, *out)),
        coverage=Coverage((*ledger.cells, *cells_of(*out)), ledger.hunks),
        **more,
    )


CARRIED = Coverage((), (), tuple(HunkRef("api/orders.py", i) for i in range(34)))
FIXED = (Known(SQL, State.FIXED, fixed_in=HEAD),)
OPEN = replace(SQL, standing=Standing.OPEN)
INFO = replace(LOW, severity=Severity.INFO)


def too_small(limit: float, what: str, key: str, needed: float, *found: Finding) -> Report:
    """The budget is less than one call can cost, so that no model was asked."""
    allowance = Allowance(limit, what, key, needed=needed)
    held = {"reading": Reading.BUDGET, "allowance": allowance, "cost": 0.0, "seconds": 0.0}
    of = sample().verdict.change
    return sample(
        *found,
        change=of,
        outcome=Outcome.INCOMPLETE,
        coverage=ledger_of(
            of, {("*", *seat): (Reading.BUDGET, str(allowance)) for seat in EVERY_VOTE}
        ),
        looks=looks(0.0, 0.4, dict.fromkeys(EVERY_VOTE, held)),
    )


def over(limit: float, what: str, key: str, spent: float = 0.0) -> Report:
    """The budget is reached."""
    return stopped(Allowance(limit, what, key, spent), history=History(spent=spent))


def below(floor: Severity, *findings: Finding) -> Report:
    """Another severity is the least that is listed."""
    return sample(*findings, policy=policy(min_severity=floor))


def failed(report: Report) -> Report:
    """The same, where nothing useful ran."""
    return replace(report, verdict=replace(report.verdict, outcome=Outcome.FAILED))


def incomplete(report: Report) -> Report:
    """The same with a gap."""
    return replace(report, verdict=replace(report.verdict, outcome=Outcome.INCOMPLETE))


def without_ruff(why: str = "it crashed", **more: Any) -> Report:
    """One of the analysers failed on the only file."""
    cells = (
        Cell(HunkRef("api/orders.py", 0), name, STATIC, 0, Reading.FAILED, f"ruff: {why}")
        for name, _ in READERS
    )
    runs = (
        AnalyserRun("ruff", "1", 40, 0, Reading.FAILED, why),
        AnalyserRun("credentials", "1", 5, 1, Reading.READ),
    )
    ran = (look(Call("security", STATIC), analysers=runs, seconds=1.2),)
    ledger = Coverage(tuple(cells), (HunkRef("api/orders.py", 0),))
    return incomplete(static(coverage=ledger, looks=ran, **more))


def hunks_only() -> Report:
    """A bare patch: what needs whole texts had nothing to read."""
    runs = (
        AnalyserRun("ruff", "1", 40, 0, Reading.READ),
        AnalyserRun("credentials", "1", 5, 1, Reading.READ),
    )
    return static(looks=(look(Call("security", STATIC), analysers=runs, seconds=1.2),))


def undelivered(reading: Reading, why: str) -> Report:
    """A file that the host did not hand over, beside 34 hunks that were read."""
    base = sample()
    cell = Cell(HunkRef("data.sql", WHOLE_FILE), "", "", 0, reading, why)
    ledger = base.verdict.coverage
    whole = Coverage((*ledger.cells, cell), ledger.hunks)
    return incomplete(replace(base, verdict=replace(base.verdict, coverage=whole)))


def withheld() -> Report:
    """The base branch's configuration is not in order: analysers alone have looked."""
    note = "The configuration is not used. .github/triptych.toml: `exlude` is no setting."
    report = static(SQL, outcome=Outcome.INCOMPLETE)
    return replace(report, withheld=True, notes=(note,))
