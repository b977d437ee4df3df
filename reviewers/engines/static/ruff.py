"""ruff: Python, in milliseconds, without running it.

Flags as tried in facts/reliability.md section d: nothing in the repository, no configuration and no
`noqa`, can silence it. Results are read as JSON only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from reviewers.core.coverage import UNPARSED
from reviewers.core.finding import Severity
from reviewers.engines.static import ruff_rules
from reviewers.engines.static.ruff_refused import SYNTAX
from reviewers.engines.static.ruff_security import SECURITY
from reviewers.engines.static.ruff_usual import is_test, is_usual
from reviewers.engines.static.sandbox import WALL_SECONDS, Ending, Ran, run_confined
from reviewers.engines.static.text import Text
from reviewers.protocols import AnalyserRule, Copy, Hit, Report

FLAGS = (
    *("check", "--isolated", "--no-cache", "--ignore-noqa", "--no-fix", "--quiet"),
    *("--output-format=json", "--target-version=py314"),
)
CANARY = "canary.py"
CANARY_TEXT = "print(undefined_on_purpose)\neval(input())\nprint(input() == None)\n"
CANARY_CODES = {"F821", "S307", "E711"}
"""A file with known faults goes along with every run: when they are not reported, ruff did not
work, whatever its exit code says (case S82)."""
UNREADABLE = "E902"
"""What ruff says of a file that it could not read, if it is asked to."""
SEEMS_SAFE = "seems safe"
"""ruff's words where a shell gets constant text only; such a hit is of low severity."""
SHELLS = {"S602", "S604", "S605"}
"""The codes that say so. Messages of others repeat text of the file."""
ALONE = 4
"""How many copies are tried at once when one of many has made ruff crash."""


class Ruff:
    """The analyser of Python files. `find` gives the program, `wall` limits each run, in seconds."""

    name = "ruff"
    needs_text = True
    follows_names = False
    rules: Mapping[str, AnalyserRule] = ruff_rules.RULES

    def __init__(self, find: Callable[[], str] = find_ruff_bin, wall: float = WALL_SECONDS) -> None:
        self.version = version("ruff")
        self._find = find
        self._wall = wall

    def handles(self, path: str) -> bool:
        """Python source and stubs."""
        return path.endswith((".py", ".pyi"))

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """All copies in one process; each alone when that one crashed, to name the culprit."""
        folder = copies[0].at.parent
        (folder / CANARY).write_text(CANARY_TEXT, encoding="utf-8")
        whole = await self._run(folder, copies, codes)
        if not whole.failure or len(copies) == 1:
            return _named(whole, copies)
        slots = asyncio.Semaphore(ALONE)

        async def alone(copy: Copy) -> Report:
            async with slots:
                return _named(await self._run(folder, [copy], codes), [copy])

        parts = await asyncio.gather(*(alone(copy) for copy in copies))
        return Report(
            tuple(hit for part in parts for hit in part.hits),
            {path: why for part in parts for path, why in part.unread.items()},
            failure=whole.failure if all(part.failure for part in parts) else "",
            sandbox=whole.sandbox,
        )

    async def _run(self, folder: Path, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        try:
            program = self._find()
        except FileNotFoundError:
            return Report(failure="ruff is not installed")
        select = sorted({*codes, *CANARY_CODES, UNREADABLE} - {SYNTAX})
        names = [copy.at.name for copy in copies]
        command = [program, *FLAGS, f"--select={','.join(select)}", "--", CANARY, *names]
        ran = await run_confined(command, folder, wall=self._wall)
        try:
            return _read(ran, copies, set(codes))
        except (ValueError, KeyError, TypeError):
            return Report(failure="ruff printed no readable report", sandbox=ran.level.value)


def _named(report: Report, copies: Sequence[Copy]) -> Report:
    """A failure of the run is a failure of each file in it."""
    if not report.failure:
        return report
    unread = {copy.file.path: report.failure for copy in copies}
    return Report((), unread, report.failure, sandbox=report.sandbox)


def _read(ran: Ran, copies: Sequence[Copy], codes: set[str]) -> Report:
    """What ruff said; ValueError, KeyError or TypeError when it is not what ruff prints."""
    level = ran.level.value
    if ran.ending is not Ending.EXITED:
        return Report(failure=f"ruff {ran.ending}", sandbox=level)
    if ran.code not in (0, 1):
        return Report(failure=f"ruff ended with code {ran.code}", sandbox=level)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(ran.stdout):
        rows.setdefault(Path(row["filename"]).name, []).append(row)
    if not {row["code"] for row in rows.get(CANARY, ())} >= CANARY_CODES:
        return Report(failure="ruff did not find the faults of its canary", sandbox=level)
    hits: list[Hit] = []
    unread: dict[str, str] = {}
    for copy in copies:
        mine = rows.get(copy.at.name, [])
        said = {row["code"] or SYNTAX for row in mine}
        if UNREADABLE in said:
            unread[copy.file.path] = "it could not be read"
        elif SYNTAX in said:
            # ruff's rules need the whole syntax tree: their silence means nothing here.
            unread[copy.file.path] = UNPARSED
        text = Text(copy.file.text or "")
        hits += (
            hit
            for row in mine
            if (row["code"] or SYNTAX) in codes and (hit := _hit(row, copy.file.path, text))
        )
    return Report(tuple(hits), unread, sandbox=level)


def _hit(row: Mapping[str, Any], path: str, text: Text) -> Hit | None:
    """One report of ruff; None where a reader would wave it away."""
    code, message = row["code"] or SYNTAX, str(row["message"])
    first = text.line(row["location"]["row"])
    last = max(first, text.line(row["end_location"]["row"]))
    if is_usual(code, path, text.rows, first, row["location"]["column"]):
        return None
    mild = (code in SHELLS and SEEMS_SAFE in message) or (code in SECURITY and is_test(path))
    return Hit(
        path,
        first,
        last,
        code,
        message,
        severity=Severity.LOW if mild else None,
        silence=text.silence(first, last),
    )
