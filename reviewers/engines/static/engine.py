"""The static engine: every analyser that has rules for a reviewer, on copies of the files."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from reviewers.core.call import AnalyserRun, Call, Look, Partial, Reading
from reviewers.core.change import Content, FileDiff, FileStatus, HunkRef, Mark
from reviewers.core.finding import Claim, Severity, Side, Source
from reviewers.core.policy import STATIC
from reviewers.engines.static.ruff_rules import SEEMS_SAFE
from reviewers.protocols import Analyser, AnalyserRule, Brief, Copy, Hit, Moment, Report

MAX_FILE_BYTES = 2**20
MAX_LINES = 20_000
MAX_FILES = 400
MAX_HITS_PER_FILE = 200
MAX_HITS = 1000
"""Caps under which every analyser stayed quick (reliability.md, section d and case S83)."""

_SUPPRESSION = re.compile(r"#\s*(?:ruff\s*:\s*noqa|flake8\s*:\s*noqa|noqa|nosec)\b[^#]*")
_PLACE = re.compile(r"`([^`\n]{1,40})`")


@dataclass(frozen=True)
class _Session:
    """One call at work: its analysers with their codes, the files, and what came of them."""

    call: Call
    reports: Mapping[str, Report]
    analysers: Mapping[str, Analyser]
    files: Sequence[FileDiff]


def build(brief: Brief) -> StaticEngine:
    """The engine for one review."""
    return StaticEngine(brief)


class StaticEngine:
    """Runs analysers on one change. Costs nothing and asks nobody."""

    name = STATIC

    def __init__(self, brief: Brief) -> None:
        self._brief = brief

    async def close(self) -> None:
        """Nothing is open between calls."""

    async def run(self, call: Call) -> Look:
        """All analysers with rules for the call's reviewer, side by side, on its files."""
        start = monotonic()
        self._brief.watch(call, Moment.ASKING)
        hunks = self._brief.plan.hunks_of(call, self._brief.policy.reviewers)
        files = [self._brief.change.by_path[p] for p in dict.fromkeys(h.path for h in hunks)]
        chosen = {a.name: a for a in self._brief.analysers if _codes(a, call.reviewer)}
        with tempfile.TemporaryDirectory(prefix="triptych-") as folder:
            reports = await asyncio.gather(
                *(_report(a, call.reviewer, files, Path(folder) / a.name) for a in chosen.values())
            )
        session = _Session(call, dict(zip(chosen, reports, strict=True)), chosen, files)
        self._brief.watch(call, Moment.DONE)
        return Look(
            call,
            Reading.READ,
            claims=tuple(_claims(session)),
            partial=tuple(_partial(session, hunks)),
            start=start,
            seconds=monotonic() - start,
            analysers=tuple(_runs(session)),
        )


def _codes(analyser: Analyser, reviewer: str) -> list[str]:
    return [code for code, rule in analyser.rules.items() if rule.reviewer == reviewer]


def _applies(analyser: Analyser, file: FileDiff) -> bool:
    return analyser.handles(file.path) and file.content is Content.TEXT


def _why_not(analyser: Analyser, file: FileDiff) -> str:
    """Why an analyser that has rules for this file cannot read it; "" when it can."""
    if not analyser.needs_text or file.status is FileStatus.REMOVED:
        return ""
    if file.text is None:
        return "its whole text is not known"
    if len(file.text) > MAX_FILE_BYTES or file.text.count("\n") > MAX_LINES:
        return "larger than 1 MB or 20,000 lines"
    return ""


async def _report(
    analyser: Analyser, reviewer: str, files: Sequence[FileDiff], folder: Path
) -> Report:
    """One analyser on all files that it can read, under names that tell nothing."""
    mine = [f for f in files if _applies(analyser, f) and f.status is not FileStatus.REMOVED]
    unread = {f.path: why for f in mine if (why := _why_not(analyser, f))}
    readable = [f for f in mine if f.path not in unread]
    unread |= {f.path: f"above the limit of {MAX_FILES} files" for f in readable[MAX_FILES:]}
    if not readable:
        return Report((), unread)
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
    copies = await asyncio.to_thread(_copy, analyser, readable[:MAX_FILES], folder)
    report = await analyser.run(copies, _codes(analyser, reviewer))
    return Report(
        report.hits,
        {**unread, **report.unread},
        report.failure,
        report.reading,
        report.sandbox,
    )


def _copy(analyser: Analyser, files: Sequence[FileDiff], folder: Path) -> list[Copy]:
    copies = []
    for number, file in enumerate(files, 1):
        ending = re.search(r"\.[a-z0-9]{1,5}$", file.path)
        at = folder / f"f{number:04d}{ending[0] if ending else ''}"
        if analyser.needs_text and file.text is not None:
            at.write_bytes(file.text.encode("utf-8", "replace"))
        copies.append(Copy(at, file))
    return copies


def _claims(session: _Session) -> Iterable[Claim]:
    """The hits on lines that the change adds, in a fixed order, capped."""
    count = 0
    for name, report in sorted(session.reports.items()):
        per_file: dict[str, int] = {}
        for hit in sorted(report.hits, key=lambda h: (h.path, h.line, h.code)):
            file = next((f for f in session.files if f.path == hit.path), None)
            text = _touched(file, hit) if file else None
            per_file[hit.path] = per_file.get(hit.path, 0) + 1
            if file is None or text is None or per_file[hit.path] > MAX_HITS_PER_FILE:
                continue
            count += 1
            if count <= MAX_HITS:
                yield _claim(session.call, name, session.analysers[name].rules[hit.code], hit, text)


def _touched(file: FileDiff, hit: Hit) -> tuple[int, str] | None:
    """The first line of the hit that the change adds, with its text; None: an older fault."""
    for number in range(hit.line, hit.end_line + 1):
        row = file.rows.get((Side.RIGHT, number))
        if row is not None and row.mark is Mark.ADDED and row.text.strip():
            return number, row.text
    return None


def _claim(call: Call, name: str, rule: AnalyserRule, hit: Hit, touched: tuple[int, str]) -> Claim:
    number, text = touched
    severity = Severity.LOW if SEEMS_SAFE in hit.message else rule.severity
    body = rule.body or hit.message
    if name == "unicode":
        body = f"{body} Here: {hit.message}."
    if suppression := _SUPPRESSION.search(text):
        body = f"{body} The line carries `{suppression[0].strip()}`, which was not obeyed."
    return Claim(
        source=Source(call.reviewer, STATIC, 0, name, hit.code, severity),
        path=hit.path,
        line=number,
        end_line=number,
        side=Side.RIGHT,
        quote=text,
        rule=rule.rule,
        severity=severity,
        title=rule.title or hit.message.split(";")[0].rstrip("."),
        body=body,
        fix=rule.fix,
    )


def _partial(session: _Session, hunks: Sequence[HunkRef]) -> Iterable[Partial]:
    """The hunks that were not read by every analyser that has rules for them, and why."""
    files = {f.path: f for f in session.files}
    for hunk in hunks:
        file = files[hunk.path]
        mine = [a for a in session.analysers.values() if _applies(a, file)]
        if not mine:
            yield Partial(hunk, Reading.NOT_APPLICABLE, "no rule for this kind of file")
            continue
        failed = [f"{a.name}: {why}" for a in mine if (why := _failure(session, a, hunk.path))]
        if file.text is None:
            if len(failed) == len(mine):
                yield Partial(hunk, Reading.NOT_ASKED, "its whole text is not known")
        elif failed:
            yield Partial(hunk, Reading.FAILED, "; ".join(failed))


def _failure(session: _Session, analyser: Analyser, path: str) -> str:
    report = session.reports[analyser.name]
    return report.failure or report.unread.get(path, "")


def _runs(session: _Session) -> Iterable[AnalyserRun]:
    for name, report in session.reports.items():
        analyser = session.analysers[name]
        mine = [f for f in session.files if _applies(analyser, f)]
        yield AnalyserRun(
            name,
            analyser.version,
            len(_codes(analyser, session.call.reviewer)),
            sum(f.path not in report.unread for f in mine) if not report.failure else 0,
            Reading.FAILED if report.failure else Reading.READ,
            report.failure,
            report.sandbox,
        )
