"""What became of everything that was reported, step by step: nothing vanishes without a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.outputs import words
from bot.outputs.shapes import Document, DroppedShape
from bot.outputs.unread import unverified
from reviewers.core.finding import Reason

VERIFIED = "verified"
POSTED, TO_BE_POSTED, NOT_POSTED = "posted", "to be posted", "not posted"
"""How the chain ends: told already, to be told yet, or never."""
_STEPS: tuple[tuple[str, frozenset[Reason]], ...] = (
    (
        "placed",
        frozenset(
            {
                Reason.UNKNOWN_FILE,
                Reason.NO_QUOTE,
                Reason.QUOTE_NOT_FOUND,
                Reason.TOUCHES_NOTHING,
                Reason.MALFORMED,
                Reason.OVER_LIMIT,
                Reason.LEAKED,
            }
        ),
    ),
    ("merged", frozenset({Reason.DUPLICATE, Reason.MERGED})),
    (
        "not suppressed",
        frozenset({Reason.DISMISSED, Reason.IGNORED_RULE, Reason.BELOW_FLOOR}),
    ),
    ("by vote", frozenset({Reason.OUTVOTED})),
    (VERIFIED, frozenset({Reason.REFUTED})),
)
"""The chain in its order (reviewers/core/settle.py), and the reasons of each of its steps."""

MOST_SHOWN = 200
"""So many dropped ones of a step are listed; the document has all."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that did not pass a step."""

    severity: str
    title: str
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """So many are left after this step; `lost` are the ones it took out, at most MOST_SHOWN."""

    name: str
    left: int
    lost: tuple[Lost, ...] = ()
    number_lost: int = 0


@dataclass(frozen=True)
class Funnel:
    """The steps; `carried` open findings of earlier reviews came to what was left at the end."""

    steps: tuple[Step, ...]
    carried: int

    @property
    def line(self) -> str:
        """`14 reported > 13 placed > ...`."""
        return " > ".join(f"{s.left} {s.name}" for s in self.steps)


def funnel(doc: Document, last: str = POSTED) -> Funnel:
    """Every step with what it dropped. The last leaves what is told aloud: the body, the lines; its
    name says whether it has been.
    """
    left = doc.reported
    lines = {f.id: f.line or 0 for f in doc.findings}
    steps = [Step("reported", left)]
    for step, reasons in _STEPS:
        name = _second_look(doc) if step == VERIFIED else step
        dropped = [d for d in doc.dropped if d.reason in reasons]
        left -= len(dropped)
        shown = tuple(_lost(d, lines) for d in dropped[:MOST_SHOWN])
        steps.append(Step(name, left, shown, len(dropped)))
    quiet = [f for f in doc.findings if f.shown in ("quiet", "late")]
    carried = len(doc.findings) - left
    quieter = tuple(
        Lost(f.severity, f.title, _place(f.path, f.line), _QUIET[f.shown])
        for f in quiet[:MOST_SHOWN]
    )
    aloud = len(doc.findings) - len(quiet)
    steps.append(Step(last if aloud else POSTED, aloud, quieter, len(quiet)))
    return Funnel(tuple(steps), max(carried, 0))


def _second_look(doc: Document) -> str:
    """The step's name: where it was not asked for, it left no trace."""
    refuted = any(d.reason == Reason.REFUTED for d in doc.dropped)
    has_ruled = refuted or any(f.verification for f in doc.findings)
    if unverified(doc):
        return "partly verified" if has_ruled else "not verified"
    return VERIFIED if has_ruled or not doc.findings else "not refuted"


_QUIET: Mapping[str, str] = {
    "quiet": "below min_severity: in the check run only",
    "late": "late, in code that this push did not change: in a fold of the review",
}


def _lost(d: DroppedShape, lines: Mapping[str, int]) -> Lost:
    reason = Reason(d.reason)
    why = words.why(reason, words.of_which(reason, d.detail, lines))
    return Lost(d.severity, d.title, _place(d.path, d.line), why)


def _place(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path
