"""Why a gate is red, and how it turns green: the second paragraph of its check run."""

from __future__ import annotations

from bot.outputs.holding import reaching
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
    listed = enumerate(report.verdict.shown.listed, 1)
    numbers = [str(number) for number, f in listed if f.id in red]
    who = _named(numbers)
    them = "their code is mended or somebody with write access dismisses them"
    if len(numbers) == 1:
        them = "its code is mended or somebody with write access dismisses it"
    return f"{where} {who} it until {them}."


def _named(numbers: list[str]) -> str:
    """`Finding 1 holds`, `Findings 1, 2 and 4 hold`."""
    if len(numbers) == 1:
        return f"Finding {numbers[0]} holds"
    if 0 < len(numbers) <= NUMBERS:
        return f"Findings {listing(numbers)} hold"
    return f"{len(numbers) or 'Some'} findings hold"
