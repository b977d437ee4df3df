"""What the database still knows of who read a commit, for a review that tells it anew.

A dismissal asks nobody: what it tells was read by a review before it, whose receipt must not be lost
with the body that it replaces. Only the stored document counts: a posted text may have been edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from bot.jobs.findings import paths_as_told, published_rows, read_finding
from bot.jobs.protocol import Place
from bot.jobs.store import Store
from bot.outputs.shapes import CallShape, Document, DroppedShape
from bot.outputs.unread import was_asked_about
from bot.report import Report
from reviewers.core.call import AnalyserRun, Call, Look, Opinion, Reading, Task, Usage
from reviewers.core.change import HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.finding import (
    Claim,
    Dropped,
    Finding,
    Reason,
    Ruling,
    Severity,
    Side,
    Source,
)
from reviewers.core.history import History
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome, Verdict


async def read_before(
    store: Store, place: Place, report: Report, redact: Redaction = Redaction()
) -> Verdict | None:
    """As far as a receipt goes, the verdict of the newest review told here that read what `report` had
    no need to read: of the very commit, base and configuration. None where there is none, or where
    this one has read something itself.
    """
    verdict = report.verdict
    if verdict.coverage.hunks or verdict.model_looks or not verdict.coverage.carried:
        return None
    async for row in published_rows(store, place):
        doc = _document(row.document)
        if doc is None or not _is_of_the_same(doc, report):
            return None
        if doc.coverage.hunks:
            return _Reader(doc, report, redact).verdict()
    return None


def _document(text: str) -> Document | None:
    try:
        return Document.model_validate_json(text)
    except ValidationError:
        return None


def _is_of_the_same(doc: Document, report: Report) -> bool:
    change = report.verdict.change
    return (doc.head, doc.base, doc.config) == (change.head, change.base, report.config)


class _Reader:
    """Turns the shapes of a document back into core values."""

    def __init__(self, doc: Document, report: Report, redact: Redaction) -> None:
        self._doc = doc
        self._report = report
        self._change = report.verdict.change
        self._paths = paths_as_told(self._change, redact)

    def verdict(self) -> Verdict | None:
        """None where the document does not fit the change."""
        try:
            coverage = self._coverage()
            findings = tuple(f for f in map(read_finding, self._doc.findings) if f)
            looks = tuple(self._looks(findings))
            dropped = tuple(map(_dropped, self._doc.dropped))
        except (KeyError, ValueError):
            return None
        if coverage is None:
            return None
        later = bool(coverage.carried)
        return Verdict(
            Outcome(self._doc.outcome),
            self._change,
            self._report.verdict.policy,
            findings=findings,
            dropped=dropped,
            coverage=coverage,
            looks=looks,
            history=History(head=self._doc.head) if later else History(),
        )

    def _coverage(self) -> Coverage | None:
        cells = tuple(self._cells())
        left = {c.hunk for c in cells if not c.reviewer}
        read = {c.hunk for c in cells if c.reviewer}
        mine = [ref for ref in self._change.refs() if ref not in left]
        told = self._doc.coverage
        hunks = [ref for ref in mine if ref in read] if told.carried else mine
        carried = [ref for ref in mine if ref not in hunks]
        if (len(hunks), len(carried)) != (told.hunks, told.carried):
            return None
        return Coverage(cells, tuple(hunks), tuple(carried))

    def _cells(self) -> Iterator[Cell]:
        for c in self._doc.coverage.cells:
            if c.hunk is None:
                ref = HunkRef(self._paths.get(c.path, c.path), WHOLE_FILE)
            else:
                ref = HunkRef(self._paths[c.path], c.hunk)
            yield Cell(ref, c.reviewer, c.engine, c.vote or 0, Reading(c.reading), c.detail)

    def _looks(self, findings: Sequence[Finding]) -> Iterator[Look]:
        """The analysers' runs stand together with the first call of theirs, and what was verified with the
        first call that was asked for it and answered.
        """
        analysers = tuple(
            AnalyserRun(
                a.name, a.version, a.rules, a.files, Reading(a.reading), a.detail, a.sandbox
            )
            for a in self._doc.analysers
        )
        asked = {f.id for f in self._doc.findings if was_asked_about(f)}
        candidates = tuple(f for f in findings if f.id in asked)
        for shape in self._doc.calls:
            is_static = shape.engine == STATIC
            verifies = shape.task == Task.VERIFY and shape.reading == Reading.READ
            yield Look(
                _call(shape, candidates if verifies else ()),
                Reading(shape.reading),
                opinions=tuple(self._opinions()) if verifies else (),
                detail=shape.detail,
                model=shape.model,
                usage=Usage(**shape.usage.model_dump()),
                cost=shape.cost_usd,
                start=shape.start,
                waited=shape.waited,
                seconds=shape.seconds,
                analysers=analysers if is_static else (),
            )
            analysers = () if is_static else analysers
            candidates = () if verifies else candidates

    def _opinions(self) -> Iterator[Opinion]:
        for f in self._doc.findings:
            if v := f.verification:
                yield Opinion(f.id, Ruling(v.ruling), v.reason, v.path, v.quote)


def _call(shape: CallShape, candidates: tuple[Finding, ...]) -> Call:
    return Call(
        shape.reviewer,
        shape.engine,
        shape.vote or 0,
        shape.chunk,
        round=shape.round,
        task=Task(shape.task),
        candidates=candidates,
    )


def _dropped(shape: DroppedShape) -> Dropped:
    """As a claim, which is all that a list of them shows."""
    severity = Severity.parse(shape.severity)
    first = next(iter(shape.sources), None)
    source = Source("", "", 0, "", "", severity)
    if first:
        mine = Severity.parse(first.severity)
        source = Source(first.reviewer, first.engine, first.vote or 0, first.name, first.rule, mine)
    line = shape.line or 0
    return Dropped(
        Claim(
            *(source, shape.path, line, line, Side.RIGHT, ""),
            *(shape.rule, severity, shape.title, shape.body),
        ),
        Reason(shape.reason),
        shape.detail,
    )
