"""What an engine and an analyser must offer. How one is added says `reviewers/registry.py`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Look, Reading
from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import Severity, Side
from reviewers.core.plan import Plan
from reviewers.core.policy import Policy
from reviewers.engines.claude.prices import Price


class Moment(enum.StrEnum):
    """What a call is doing right now, for whoever watches."""

    WAITING = "waiting"
    ASKING = "asking"
    ANSWERING = "answering"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Whether nothing more comes of the call."""
        return self in (Moment.DONE, Moment.FAILED)


Watch = Callable[[Call, Moment], None]
"""Told of every call's moments, in the event loop; must return at once."""


def unwatched(_call: Call, _moment: Moment) -> None:
    """The Watch of a run that nobody looks at."""


Cut = Callable[[Look], None]
"""Told, in the event loop, what a call had used when it was cancelled; then the cancellation goes on."""


def uncounted(_look: Look) -> None:
    """The Cut of a run whose cancelled calls nobody books."""


Charged = Callable[[Call, float | None], None]
"""Told, in the event loop, what the question of a call has cost in USD when its answer begins (None: its
price is not known); once more where it is asked again. It is part of what the call costs in the end.
"""


def unforeseen(_call: Call, _cost: float | None) -> None:
    """The Charged of a run that books calls when they are over."""


class Engine(Protocol):
    """How to look. One instance serves one review, from one event loop."""

    name: str

    async def run(self, call: Call) -> Look:
        """Do one call. What goes wrong in a foreseeable way is a Look, not an exception. One that is
        cancelled when it has cost something already tells the brief's `cut` of it.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds open, when the review is done."""
        ...


@dataclass(frozen=True, slots=True)
class AnalyserRule:
    """What one of an analyser's rules means to us: our rule id, how grave, and the words for it.

    `title`, `body` and `fix` follow review-comment.md section 7. `{}` stands in a title, in
    backticks and behind a noun, for the name in the analyser's message, and in a body for the
    message; an empty title takes the message.
    """

    rule: str
    severity: Severity
    title: str = ""
    body: str = ""
    fix: str = ""

    @property
    def reviewer(self) -> str:
        """The reviewer to whom it belongs."""
        return self.rule.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Copy:
    """A file under analysis: where its copy lies under a harmless name, and which file it is."""

    at: Path
    file: FileDiff


@dataclass(frozen=True, slots=True)
class Hit:
    """One report of an analyser, on lines of the head (1-based), on the left side on those of the base.

    `severity` is given where it depends on more than the rule. `silence` is the comment in the file
    that asked for it not to be made, with its place.
    """

    path: str
    line: int
    end_line: int
    code: str
    message: str
    severity: Severity | None = None
    silence: str = ""
    side: Side = Side.RIGHT


@dataclass(frozen=True)
class Report:
    """What an analyser run gave: hits, and per path why it could not be read.

    `failure` is set when the run as a whole cannot be trusted (crash, canary missing).
    """

    hits: tuple[Hit, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    reading: Reading = Reading.READ
    sandbox: str = ""


class Analyser(Protocol):
    """A deterministic reader of files. It never sees a file's real name nor its neighbours.

    One that `follows_names` is about what becomes of the files it handles: it is given them also where
    they are removed, moved away or moved there, though no line of them be shown.
    """

    name: str
    version: str
    rules: Mapping[str, AnalyserRule]
    needs_text: bool
    follows_names: bool

    def handles(self, path: str) -> bool:
        """Whether it has rules for a file of that name."""
        ...

    async def run(self, copies: Sequence[Copy], codes: Sequence[str]) -> Report:
        """Look for `codes` in the copies. Where a run that finds nothing may be one that did not work, it
        looks for known faults (a canary) beside them, and fails when they are not found.
        """
        ...


@dataclass(frozen=True)
class ModelAccess:
    """How models are reached and paid for. Only the operator's environment fills this in.

    `seconds` is the deadline of one call, `first_seconds` that of its first sign of life. `nonce`
    fences the material of one review; `effort` is how long models think.
    """

    key: str = field(repr=False)
    url: str
    platform: str
    default_model: str
    nonce: str
    ca_bundle: str = ""
    effort: str = "medium"
    context: str = "enclosing"
    instructions: str = ""
    prices: Mapping[str, Price] = field(default_factory=dict)
    allowances: tuple[Allowance, ...] = ()
    seconds: float = 180.0
    first_seconds: float = 30.0


@dataclass(frozen=True)
class Brief:
    """What an engine is given for one review."""

    change: Change
    plan: Plan
    policy: Policy
    analysers: Sequence[Analyser] = ()
    watch: Watch = unwatched
    model: ModelAccess | None = None
    cut: Cut = uncounted
    charged: Charged = unforeseen
