"""The review as JSON, for machines: one versioned shape, described by a JSON schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.outputs.checkrun import whole_title
from bot.outputs.gaps import advice
from bot.outputs.holding import holding
from bot.outputs.shapes import (
    VERSION,
    AnalyserShape,
    AttemptShape,
    BallotShape,
    CallShape,
    CellShape,
    CoverageShape,
    DissentShape,
    Document,
    DroppedShape,
    EarlierShape,
    FindingShape,
    RowShape,
    SettingShape,
    SourceShape,
    TableShape,
    UsageShape,
    VerificationShape,
    WrittenShape,
)
from bot.outputs.table import table
from bot.outputs.words import evidence
from bot.report import Report, Setting
from reviewers.core.call import Attempt, Look, Usage
from reviewers.core.coverage import WHOLE_FILE
from reviewers.core.finding import Ballot, Dropped, Finding, Ruling, Severity, Source
from reviewers.core.history import Known
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible


def document(
    report: Report, redact: Redaction = Redaction(), written: WrittenShape | None = None
) -> str:
    """The review as JSON text, indented, one line end behind it; the order of keys is fixed.

    `written` says what was posted, where a door knows it. Every text is cleared of secrets and hidden
    characters by itself: a cut through the finished JSON could break it.
    """
    shape = _Writer(report, redact).document(written)
    return shape.model_dump_json(by_alias=True, indent=2) + "\n"


def worst_proven(text: str) -> Severity | None:
    """The gravest finding of a written review that may turn a check red; None: none, or unreadable.

    See `holding`; documents of before told only the sources and the ruling.
    """
    try:
        shape = Document.model_validate_json(text)
    except ValueError:
        return None
    proven = (
        f.severity
        for f in shape.findings
        if f.proven
        or any(not s.vote for s in f.sources)
        or (f.verification is not None and f.verification.ruling == Ruling.CONFIRMED)
    )
    return max(map(Severity.parse, proven), default=None)


class _Writer:
    """Turns core values into shapes."""

    def __init__(self, report: Report, redact: Redaction) -> None:
        self._report = report
        self._redact = redact
        self._shown: dict[str, str] = {}
        self._held = holding(report)
        self._began = min((look.start for look in report.verdict.looks), default=0.0)

    def document(self, written: WrittenShape | None) -> Document:
        report, verdict = self._report, self._report.verdict
        return Document(
            schema=VERSION,
            outcome=verdict.outcome.value,
            title=self._text(whole_title(report)),
            subject=self._text(report.subject.label),
            head=verdict.change.head,
            base=verdict.change.base,
            run=report.run,
            config=report.config,
            problem=self._text(verdict.problem),
            findings=[self._finding(f) for f in verdict.findings],
            fixed=[self._earlier(k) for k in verdict.fixed],
            dismissed=[self._earlier(k) for k in verdict.dismissed],
            reported=sum(len(look.claims) + len(look.dropped) for look in verdict.looks),
            dropped=[self._dropped(d) for d in verdict.dropped],
            coverage=self._coverage(),
            analysers=[
                AnalyserShape(
                    name=a.name,
                    version=a.version,
                    rules=a.rules,
                    files=a.files,
                    reading=a.reading.value,
                    detail=self._text(a.detail),
                    sandbox=a.sandbox,
                )
                for a in verdict.analysers
            ],
            calls=[self._call(look) for look in verdict.looks],
            usage=_usage(verdict.usage),
            cost_usd=verdict.cost,
            seconds=round(verdict.seconds, 3),
            notes=[self._text(n) for n in (*report.notes, *report.subject.notes)],
            settings=[self._setting(s) for s in report.settings],
            written=written,
            withheld=report.withheld,
            to_do=self._text(advice(report)),
        )

    def _text(self, text: str) -> str:
        """As it may be shown; paths and details stand there once for each hunk and reviewer."""
        if text not in self._shown:
            self._shown[text] = visible(self._redact(text))
        return self._shown[text]

    def _finding(self, f: Finding) -> FindingShape:
        v = f.verification
        return FindingShape(
            id=f.id,
            rule=f.rule,
            severity=f.severity.word,
            title=self._text(f.title),
            body=self._text(f.body),
            fix=self._text(f.fix),
            path=self._text(f.path),
            line=f.location.line if f.location else None,
            end_line=f.location.end_line if f.location else None,
            side=f.location.side.value if f.location else None,
            quote=self._text(f.quote),
            suggestion=self._text(f.suggestion) if f.suggestion is not None else None,
            votes=_ballots(f.votes),
            dissent=[
                DissentShape(
                    reviewer=d.reviewer,
                    vote=d.vote,
                    reason=self._text(d.reason),
                    against=self._text(d.against),
                )
                for d in f.dissent
            ],
            sources=[self._source(s) for s in f.sources],
            verification=VerificationShape(
                ruling=v.ruling.value,
                reason=self._text(v.reason),
                path=self._text(v.path),
                line=v.line or None,
                quote=self._text(v.quote),
                model=self._text(v.model),
            )
            if v
            else None,
            standing=f.standing.value,
            note=self._text(f.note),
            evidence=self._text(evidence(f, self._report.verdict.policy)),
            shown=self._where(f),
            proven=f.id in self._held,
            votes_before=[] if f.votes else _ballots(f.votes_before),
            around=sorted(f.around),
        )

    def _setting(self, s: Setting) -> SettingShape:
        return SettingShape(
            path=self._text(s.path),
            value=self._text(s.shown),
            origin=self._text(s.origin),
            bound=self._text(s.bound),
        )

    def _where(self, f: Finding) -> Literal["inline", "body", "late", "quiet"]:
        shown = self._report.verdict.shown
        if f in shown.inline:
            return "inline"
        if f in shown.listed:
            return "body"
        return "late" if f in shown.late else "quiet"

    def _dropped(self, d: Dropped) -> DroppedShape:
        item = d.item
        sources = item.sources if isinstance(item, Finding) else (item.source,)
        return DroppedShape(
            reason=d.reason.value,
            detail=self._text(d.detail),
            rule=item.rule,
            severity=item.severity.word,
            title=self._text(item.title),
            body=self._text(item.body),
            path=self._text(item.path),
            line=item.line or None,
            sources=[self._source(s) for s in sources],
        )

    def _earlier(self, k: Known) -> EarlierShape:
        return EarlierShape(
            id=k.finding.id,
            rule=k.finding.rule,
            severity=k.finding.severity.word,
            title=self._text(k.finding.title),
            path=self._text(k.finding.path),
            line=k.finding.line or None,
            fixed_in=k.fixed_in,
            dismissed_by=self._text(k.dismissal.by) if k.dismissal else "",
            dismissed_on=k.dismissal.on if k.dismissal else "",
            reason=self._text(k.dismissal.reason) if k.dismissal else "",
        )

    def _source(self, s: Source) -> SourceShape:
        return SourceShape(
            reviewer=s.reviewer,
            engine=s.engine,
            vote=s.vote or None,
            name=self._text(s.name),
            rule=self._text(s.rule),
            severity=s.severity.word,
        )

    def _call(self, look: Look) -> CallShape:
        call = look.call
        return CallShape(
            name=call.name,
            reviewer=call.reviewer,
            engine=call.engine,
            vote=call.vote or None,
            chunk=call.chunk,
            round=call.round,
            task=call.task.value,
            model=self._text(look.model),
            reading=look.reading.value,
            detail=self._text(look.detail),
            start=round(look.start - self._began, 3),
            waited=round(look.waited, 3),
            seconds=round(look.seconds, 3),
            usage=_usage(look.usage),
            cost_usd=look.cost,
            attempts=[self._attempt(a) for a in look.attempts],
        )

    def _attempt(self, a: Attempt) -> AttemptShape:
        return AttemptShape(
            start=round(a.start, 3),
            seconds=round(a.seconds, 3),
            result=self._text(a.result),
            usage=_usage(a.usage),
        )

    def _coverage(self) -> CoverageShape:
        verdict = self._report.verdict
        cells = []
        for c in verdict.coverage.cells:
            whole = c.hunk.index == WHOLE_FILE
            hunk = None if whole else verdict.change.hunk(c.hunk)
            cells.append(
                CellShape(
                    path=self._text(c.hunk.path),
                    hunk=None if whole else c.hunk.index,
                    lines=[hunk.first, hunk.last] if hunk else None,
                    reviewer=c.reviewer,
                    engine=c.engine,
                    vote=c.vote or None,
                    reading=c.reading.value,
                    detail=self._text(c.detail),
                )
            )
        return CoverageShape(
            complete=verdict.coverage.complete,
            hunks=len(verdict.coverage.hunks),
            carried=len(verdict.coverage.carried),
            cells=cells,
            table=self._table(),
        )

    def _table(self) -> TableShape:
        header, rows = table(self._report)
        return TableShape(
            header=list(header),
            rows=[
                RowShape(
                    path=self._text(row.path), label=self._text(row.label), words=list(row.cells)
                )
                for row in rows
            ],
        )


def _ballots(votes: Sequence[Ballot]) -> list[BallotShape]:
    return [
        BallotShape(reviewer=b.reviewer, seen=list(b.seen), of=b.of, planned=b.planned)
        for b in votes
    ]


def _usage(u: Usage) -> UsageShape:
    return UsageShape(uncached=u.uncached, written=u.written, read=u.read, out=u.out)
