"""The static engine: every analyser that has rules for a reviewer, on copies of the files."""

from __future__ import annotations

import asyncio
import re
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from reviewers.core.call import AnalyserRun, Call, Look, Partial, Reading
from reviewers.core.change import Content, FileDiff, FileStatus, HunkRef, Mark
from reviewers.core.exclude import matches
from reviewers.core.finding import Claim, Dropped, Reason, Side, Source
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.engines.static.ruff_refused import SYNTAX
from reviewers.protocols import Analyser, AnalyserRule, Brief, Copy, Hit, Moment, Report

MAX_FILE_BYTES = 2**20
MAX_LINES = 20_000
MAX_FILES = 400
MAX_HITS_PER_FILE = 200
MAX_HITS = 1000
"""Caps under which every analyser stayed quick (reliability.md, section d and case S83)."""

MAX_TITLE = 60
"""Characters of a title (review-comment.md, section 7)."""
MAX_QUOTE = 500
"""Characters of a line that are quoted: enough to find it again, in a minified file too."""

_NAMED = re.compile(r"`([^`\n]+)`")
_HIDE = Redaction()
"""Analysers repeat names and literals of the file; none of them is ever a credential in full."""


@dataclass(frozen=True)
class _Session:
    """One call at work: its analysers with their codes, the files, and what came of them.

    `moved` are files that only those are given who follow names.
    """

    call: Call
    reports: Mapping[str, Report]
    analysers: Mapping[str, Analyser]
    files: Mapping[str, FileDiff]
    moved: Sequence[FileDiff]

    def files_of(self, analyser: Analyser) -> list[FileDiff]:
        """The files that it has rules for."""
        given = (*self.files.values(), *(self.moved if analyser.follows_names else ()))
        return [f for f in given if _applies(analyser, f)]


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
        by_path = {h.path: self._brief.change.by_path[h.path] for h in hunks}
        chosen = {a.name: a for a in self._brief.analysers if _codes(a, call.reviewer)}
        known = by_path.keys() | {h.path for h in self._brief.plan.carried}
        rest = (f for f in self._brief.change.files if f.path not in known)
        moved = [f for f in rest if not matches(f.path, self._brief.policy.exclude)]
        asked = _Session(call, {}, chosen, by_path, moved)
        with tempfile.TemporaryDirectory(prefix="triptych-") as folder:
            reports = await asyncio.gather(
                *(
                    _report(a, call.reviewer, asked.files_of(a), Path(folder) / a.name)
                    for a in chosen.values()
                )
            )
        session = replace(asked, reports=dict(zip(chosen, reports, strict=True)))
        claims, dropped = await asyncio.to_thread(_claims, session)
        self._brief.watch(call, Moment.DONE)
        return Look(
            call,
            Reading.READ,
            claims=tuple(claims),
            dropped=tuple(dropped),
            partial=tuple(_partial(session, hunks)),
            start=start,
            seconds=monotonic() - start,
            analysers=tuple(_runs(session)),
        )


def _codes(analyser: Analyser, reviewer: str) -> list[str]:
    return [code for code, rule in analyser.rules.items() if rule.reviewer == reviewer]


def _applies(analyser: Analyser, file: FileDiff) -> bool:
    if file.status is FileStatus.REMOVED and not analyser.follows_names:
        return False
    is_followed = analyser.follows_names and file.status is FileStatus.RENAMED
    names = (file.path, file.old_path or "") if is_followed else (file.path,)
    return file.content is Content.TEXT and any(map(analyser.handles, names))


def _why_not(analyser: Analyser, file: FileDiff) -> str:
    """Why an analyser that has rules for this file cannot read it; "" when it can."""
    if not analyser.needs_text or file.status is FileStatus.REMOVED:
        return ""
    if file.text is None:
        return file.lacks or "its whole text is not known"
    return "larger than 1 MB or 20,000 lines" if _is_large(file) else ""


def reads_whole(analyser: Analyser, file: FileDiff) -> bool:
    """Whether an analyser reads the whole text of a file, not only what changes in it."""
    return analyser.needs_text and _applies(analyser, file) and not _why_not(analyser, file)


def _is_large(file: FileDiff) -> bool:
    """Whether it is for its size that an analyser of whole texts cannot read a file."""
    if file.text is None:
        return file.is_large
    return _bytes(file.text) > MAX_FILE_BYTES or file.text.count("\n") > MAX_LINES


def _bytes(text: str) -> int:
    """The size of a text as a file; for a long one at least more than MAX_FILE_BYTES."""
    return len(text) if len(text) > MAX_FILE_BYTES else len(_encoded(text))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


async def _report(
    analyser: Analyser, reviewer: str, files: Sequence[FileDiff], folder: Path
) -> Report:
    """One analyser on all files that it can read, under names that tell nothing."""
    unread = {f.path: why for f in files if (why := _why_not(analyser, f))}
    readable = [f for f in files if f.path not in unread]
    unread |= {f.path: f"above the limit of {MAX_FILES} files" for f in readable[MAX_FILES:]}
    if not readable:
        return Report((), unread, reading=Reading.NOT_ASKED if unread else Reading.READ)
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
            at.write_bytes(_encoded(file.text))
        copies.append(Copy(at, file))
    return copies


def _claims(session: _Session) -> tuple[list[Claim], list[Dropped]]:
    """The hits on lines that the change adds or (left) removes, in a fixed order; above the caps the
    gravest stay.

    Hits on other lines are older faults: the change is not asked about them (case S85).
    """
    said: list[Claim] = []
    echoes: list[Dropped] = []
    broken: set[str] = set()
    files = {f.path: f for f in (*session.files.values(), *session.moved)}
    lines = {(path, side): _changed(f, side) for path, f in files.items() for side in Side}
    for name, report in sorted(session.reports.items()):
        for hit in sorted(report.hits, key=lambda h: (h.path, h.line, h.code, h.end_line)):
            file = files[hit.path]
            # What is moved as it is has no line that changes, so it is told on one that does not.
            number = _touched(lines[hit.path, hit.side], hit) if file.hunks else hit.line
            if number is None:
                continue
            claim = _claim(session, name, hit, number, _text(file, hit.side, number))
            if hit.code != SYNTAX or hit.path not in broken:
                said.append(claim)
            else:
                echoes.append(Dropped(claim, Reason.DUPLICATE, "of the file's first error"))
            if hit.code == SYNTAX:
                broken.add(hit.path)
    kept, over = _capped(said)
    return kept, [*echoes, *over]


def _capped(said: Sequence[Claim]) -> tuple[list[Claim], list[Dropped]]:
    """At most MAX_HITS_PER_FILE and MAX_HITS, so that cheap faults do not cover a grave one."""
    of_file: dict[str, int] = {}
    keep: set[int] = set()
    for i in sorted(range(len(said)), key=lambda i: (-said[i].severity, i)):
        number = of_file[said[i].path] = of_file.get(said[i].path, 0) + 1
        if number <= MAX_HITS_PER_FILE and len(keep) < MAX_HITS:
            keep.add(i)
    return (
        [claim for i, claim in enumerate(said) if i in keep],
        [Dropped(c, Reason.OVER_LIMIT) for i, c in enumerate(said) if i not in keep],
    )


def _changed(file: FileDiff, side: Side) -> list[int]:
    """The numbers of the lines that it adds (left: removes), in rising order, blank ones left out."""
    mark = Mark.REMOVED if side is Side.LEFT else Mark.ADDED
    return sorted(
        number for (_, number), row in file.rows.items() if row.mark is mark and row.text.strip()
    )


def _text(file: FileDiff, side: Side, number: int) -> str:
    if file.hunks:
        return file.rows[side, number].text
    return (file.text or "").split("\n")[number - 1]


def _touched(changed: Sequence[int], hit: Hit) -> int | None:
    """The first line of the hit that the change touches; None: an older fault."""
    at = bisect_left(changed, hit.line)
    return changed[at] if at < len(changed) and changed[at] <= hit.end_line else None


def _claim(session: _Session, name: str, hit: Hit, number: int, text: str) -> Claim:
    rule = session.analysers[name].rules[hit.code]
    severity = rule.severity if hit.severity is None else hit.severity
    body = (rule.body or "{}").replace("{}", hit.message.rstrip("."))
    if hit.silence:
        body = f"{body} {hit.silence} was not obeyed."
    return Claim(
        source=Source(session.call.reviewer, STATIC, 0, name, hit.code, severity),
        path=hit.path,
        line=number,
        end_line=number,
        side=hit.side,
        quote=_HIDE(text)[:MAX_QUOTE],
        rule=rule.rule,
        severity=severity,
        title=_HIDE(_title(rule, hit.message)),
        body=_HIDE(body),
        fix=rule.fix,
    )


def _title(rule: AnalyserRule, message: str) -> str:
    """The rule's title with the name that the message is about, where there is room for it."""
    if not rule.title:
        return message.partition(";")[0].rstrip(".")
    name = _NAMED.search(message)
    title = rule.title.replace("{}", name[1]) if name else ""
    return title if 0 < len(title) <= MAX_TITLE else rule.title.replace(" `{}`", "")


def _partial(session: _Session, hunks: Sequence[HunkRef]) -> Iterable[Partial]:
    """The hunks that were not read by every analyser that has rules for them, and why."""
    for hunk in hunks:
        file = session.files[hunk.path]
        mine = [a for a in session.analysers.values() if _applies(a, file)]
        if not mine:
            is_gone = file.status is FileStatus.REMOVED
            why = "nothing of it is left to analyse" if is_gone else "no rule for this kind of file"
            yield Partial(hunk, Reading.NOT_APPLICABLE, why)
            continue
        failed = [f"{a.name}: {why}" for a in mine if (why := _failure(session, a, hunk.path))]
        if file.text is None and not file.lacks:
            if len(failed) == len(mine):
                yield Partial(hunk, Reading.NOT_ASKED, "its whole text is not known")
        elif failed:
            fits = [a for a in mine if _failure(session, a, hunk.path) and not _why_not(a, file)]
            is_large = _is_large(file) and not fits
            reading = Reading.TOO_LARGE if is_large else Reading.FAILED
            yield Partial(hunk, reading, "; ".join(failed))


def _failure(session: _Session, analyser: Analyser, path: str) -> str:
    report = session.reports[analyser.name]
    return report.failure or report.unread.get(path, "")


def _left_out(unread: Mapping[str, str]) -> str:
    """`1 file not read: larger than 1 MB or 20,000 lines`; "" where all were read."""
    if not unread:
        return ""
    files = "1 file" if len(unread) == 1 else f"{len(unread)} files"
    return f"{files} not read: {'; '.join(dict.fromkeys(unread.values()))}"


def _runs(session: _Session) -> Iterable[AnalyserRun]:
    for name, report in session.reports.items():
        analyser = session.analysers[name]
        mine = session.files_of(analyser)
        yield AnalyserRun(
            name,
            analyser.version,
            len(_codes(analyser, session.call.reviewer)),
            sum(f.path not in report.unread for f in mine) if not report.failure else 0,
            Reading.FAILED if report.failure else report.reading,
            report.failure or _left_out(report.unread),
            report.sandbox,
        )
