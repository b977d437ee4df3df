"""Why a gate is red, and how it turns green: the second paragraph of its check run."""

from __future__ import annotations

from collections.abc import Sequence

from bot.outputs.holding import reaching, unruled
from bot.outputs.inert import code
from bot.outputs.words import listing
from bot.report import Report
from reviewers.core.finding import Severity
from reviewers.core.verdict import Outcome

NUMBERS = 20
"""So many findings are named by their number in the list."""


def why_red(report: Report, gate: Severity) -> str:
    """A paragraph in Markdown on a check run that has failed; users must not have to guess."""
    branch = f" on {code(report.subject.base_ref)}" if report.subject.base_ref else ""
    where = f'Gate: `gate = "{gate.word}"` in `.github/triptych.toml`{branch}.'
    if report.verdict.outcome is not Outcome.FINDINGS:
        return f"{where} It holds because not all of the change was read."
    red = {f.id for f in reaching(report, gate)}
    there = [(n, f) for n, f in enumerate(report.verdict.shown.listed, 1) if f.id in red]
    numbers, waiting = [n for n, _ in there], unruled(report)
    who = _named(numbers, "holds", "hold")
    them = "their code is mended or somebody with write access dismisses them"
    if len(numbers) == 1:
        them = "its code is mended or somebody with write access dismisses it"
    text = f"{where} {who} it until {them}."
    return text + _waiting(numbers, [n for n, f in there if f.id in waiting])


def _waiting(numbers: Sequence[int], waiting: Sequence[int]) -> str:
    """That some of the findings hold only for want of a ruling, and are asked about again."""
    if not waiting:
        return ""
    is_one = len(waiting) == 1
    who = _named(waiting, "was", "were")
    if waiting == numbers:
        who = "It was" if is_one else "They were"
    them = "it" if is_one else "them"
    return f" {who} not verified: the next review asks for that again and may let {them} go."


def _named(numbers: Sequence[int], one: str, many: str) -> str:
    """`Finding 1 holds`, `Findings 1, 2 and 4 hold`; the verb is given for one and for many."""
    if len(numbers) == 1:
        return f"Finding {numbers[0]} {one}"
    if 0 < len(numbers) <= NUMBERS:
        return f"Findings {listing([str(n) for n in numbers])} {many}"
    return f"{len(numbers) or 'Some'} findings {many}"
