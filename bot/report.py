"""A finished review with everything that a text about it needs beside the Verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from bot.subject import Subject
from reviewers.core.finding import Severity
from reviewers.core.verdict import Verdict
from reviewers.core.visible import visible


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that holds, and where it came from; `bound` says what the environment allows, if less."""

    path: str
    value: object
    origin: str
    about: str
    bound: str = ""

    @property
    def shown(self) -> str:
        """The value as people read it."""
        return "not set" if self.value is None else json.dumps(self.value, ensure_ascii=False)

    def __str__(self) -> str:
        bound = f"; {self.bound}" if self.bound else ""
        return visible(f"{self.path} = {self.shown}  [{self.origin}{bound}]")


CHECK_RUN = "check run"
"""`Report.elsewhere` where texts stand in a check run."""


@dataclass(frozen=True)
class Report:
    """The Verdict and its circumstances; every output is a pure function of one of these.

    `run` names this run (8 characters), `config` is the configuration's digest. `elsewhere` is
    where texts stand that the body leaves out ("check run"), "" for nowhere; `again` is how a
    person tries again ("comment `/triptych review`"). `commands` tells whether a server of ours
    answers comments, `no_model` says why no model was asked, `withheld` that the review is incomplete
    for it (see Terms), `settings` are all that held. `before` is the review of this very commit that
    read what this one only tells anew, as far as its receipt goes; None where this one has read.
    """

    verdict: Verdict
    subject: Subject
    run: str
    config: str
    again: str = "run `triptych review` again"
    elsewhere: str = ""
    commands: bool = False
    no_model: str = "no API key is set"
    withheld: bool = False
    notes: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    paid: float = 0.0
    before: Verdict | None = None

    @property
    def reading(self) -> Report:
        """The report whose receipt is told: who read what, and what that cost."""
        if self.before is None:
            return self
        return replace(self, verdict=self.before, before=None, paid=self.spent or self.paid)

    @property
    def head(self) -> str:
        """The commit that was reviewed, as people write it; "" for what is not committed."""
        return self.verdict.change.head[:7]

    @property
    def gate(self) -> Severity | None:
        """From which severity on a finding may turn the check of this change red; None: none does."""
        found = next((s.value for s in self.settings if s.path == "gate"), None)
        return Severity.parse(found) if isinstance(found, str) and found else None

    @property
    def tells_quiet(self) -> bool:
        """Whether the posted body itself lists what is below the least severity, for no check run does:
        what is told nowhere that lasts would be forgotten by the next review.
        """
        return self.subject.pull is not None and self.elsewhere != CHECK_RUN

    @property
    def try_again(self) -> str:
        """How a person tries again, as the end of a sentence."""
        return self.again if self.again.endswith("again") else f"{self.again} to try again"

    @property
    def spent(self) -> float | None:
        """USD for all reviews of this pull request, this one included; None: price unknown.

        What is posted tells only of reviews that were posted; `paid` is what the door knows, of those
        that were overtaken or interrupted, too.
        """
        cost = self.verdict.cost
        return None if cost is None else max(cost + self.verdict.history.spent, self.paid)
