"""ruff: Python, in milliseconds, without running it.

Flags as tried in facts/reliability.md section d: nothing in the repository, no configuration and no
`noqa`, can silence it. Results are read as JSON only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from reviewers.engines.static import ruff_rules
from reviewers.engines.static.sandbox import Ending, Ran, run_confined
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
SYNTAX = "invalid-syntax"
ALONE = 4
"""How many copies are tried at once when one of many has made ruff crash."""


class Ruff:
    """The analyser of Python files."""

    name = "ruff"
    needs_text = True
    rules: Mapping[str, AnalyserRule] = ruff_rules.RULES

    def __init__(self) -> None:
        self.version = version("ruff")

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
            failure="" if any(not p.unread for p in parts) else whole.failure,
            sandbox=whole.sandbox,
        )

    async def _run(self, folder: Path, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        select = sorted({*codes, *CANARY_CODES} - {SYNTAX})
        names = [copy.at.name for copy in copies]
        command = [find_ruff_bin(), *FLAGS, f"--select={','.join(select)}", "--", CANARY, *names]
        ran = await run_confined(command, folder)
        return _read(ran, {copy.at.name: copy.file.path for copy in copies}, set(codes))


def _named(report: Report, copies: Sequence[Copy]) -> Report:
    """A failure of the run is a failure of each file in it."""
    if not report.failure:
        return report
    unread = {copy.file.path: report.failure for copy in copies}
    return Report((), unread, report.failure, sandbox=report.sandbox)


def _read(ran: Ran, paths: Mapping[str, str], codes: set[str]) -> Report:
    level = ran.level.value
    if ran.ending is not Ending.EXITED:
        return Report(failure=f"ruff {ran.ending}", sandbox=level)
    if ran.code not in (0, 1):
        return Report(failure=f"ruff ended with code {ran.code}", sandbox=level)
    try:
        rows: list[dict[str, Any]] = json.loads(ran.stdout)
    except ValueError:
        return Report(failure="ruff printed no readable report", sandbox=level)
    seen = {row["code"] for row in rows if Path(row["filename"]).name == CANARY}
    if not seen >= CANARY_CODES:
        return Report(failure="ruff did not find the faults of its canary", sandbox=level)
    hits: list[Hit] = []
    unread: dict[str, str] = {}
    for row in rows:
        path = paths.get(Path(row["filename"]).name)
        code = row["code"] or SYNTAX
        if path is None:
            continue
        if code == "E902":
            unread[path] = "ruff could not read the file"
        elif code in codes:
            end = row["end_location"]["row"]
            start = row["location"]["row"]
            hits.append(Hit(path, start, max(start, end), code, str(row["message"])))
    return Report(tuple(hits), unread, sandbox=level)
