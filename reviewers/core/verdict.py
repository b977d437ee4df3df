"""The Verdict: the one object of which every output is a projection. No output decides anything."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from functools import cached_property

from reviewers.core.aggregate.cap import Shown, cap
from reviewers.core.allowance import Allowance
from reviewers.core.call import AnalyserRun, Look, Reading, Task, Usage
from reviewers.core.change import Change
from reviewers.core.coverage import Coverage
from reviewers.core.finding import Dropped, Finding, Reason
from reviewers.core.history import History, Known, State
from reviewers.core.policy import STATIC, Policy


class Outcome(enum.StrEnum):
    """The four ways in which a review ends."""

    CLEAN = "clean"
    FINDINGS = "findings"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


WHOLE = frozenset({Outcome.CLEAN, Outcome.FINDINGS})
"""Nothing went unread: such a review may stand in for another, and be told anew without a model."""
UNREAD = frozenset({Outcome.INCOMPLETE, Outcome.FAILED})
"""Something did: it is worth another try. What a marker calls otherwise, as a duplicate, is neither."""


@dataclass(frozen=True)
class Verdict:
    """What a review came to.

    `findings` are ranked and include the quiet ones; `fixed` and `dismissed` are known ones of
    earlier reviews; `problem` says in a sentence why nothing could be reviewed (FAILED only).
    """

    outcome: Outcome
    change: Change
    policy: Policy
    findings: tuple[Finding, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    coverage: Coverage = Coverage((), ())
    looks: tuple[Look, ...] = ()
    fixed: tuple[Known, ...] = ()
    dismissed: tuple[Known, ...] = ()
    history: History = History()
    problem: str = ""

    @cached_property
    def shown(self) -> Shown:
        """Where each finding is shown."""
        return cap(self.findings, self.policy.min_severity, self.policy.inline_limit)

    @cached_property
    def removed(self) -> tuple[Dropped, ...]:
        """What a reader will not find among the findings; a vote on one of them is there."""
        return tuple(d for d in self.dropped if d.reason is not Reason.MERGED)

    @property
    def all_fixed(self) -> tuple[Known, ...]:
        """What is fixed now, then what was fixed before and has not come back."""
        known = {f.id for f in self.findings} | {k.finding.id for k in self.fixed}
        before = (k for k in self.history.known if k.state is State.FIXED)
        return (*self.fixed, *(k for k in before if k.finding.id not in known))

    @property
    def static_only(self) -> bool:
        """Whether no model was asked at all."""
        return all(engine == STATIC for engine in self.policy.engines)

    @property
    def model_looks(self) -> tuple[Look, ...]:
        """The looks that may cost money, in the order of their calls."""
        return tuple(look for look in self.looks if look.call.engine != STATIC)

    @cached_property
    def analysers(self) -> tuple[AnalyserRun, ...]:
        """Each analyser once, its runs for several reviewers put together."""
        runs: dict[str, AnalyserRun] = {}
        for run in (run for look in self.looks for run in look.analysers):
            before = runs.get(run.name)
            runs[run.name] = _together(before, run) if before else run
        return tuple(runs.values())

    @property
    def usage(self) -> Usage:
        """All tokens of all attempts of all calls."""
        total = Usage()
        for look in self.looks:
            total += look.usage
        return total

    @property
    def cost(self) -> float | None:
        """USD of all calls, verification included; None where a price is not known."""
        costs = [look.cost for look in self.model_looks]
        # Exact, and so the same on every Python: sum() of 3.12 rounds otherwise than that of 3.11.
        return None if None in costs else math.fsum(c for c in costs if c is not None)

    @property
    def seconds(self) -> float:
        """From the first call's start to the last one's end."""
        starts = [look.start for look in self.looks]
        ends = [look.start + look.seconds for look in self.looks]
        return max(ends) - min(starts) if starts else 0.0

    @property
    def reached(self) -> Allowance | None:
        """The budget that kept calls from being started; too small for one only where none was made."""
        limits = [look.allowance for look in self.looks if look.allowance]
        limit = min(limits, key=lambda a: a.needed, default=None)
        if limit and any(look.reading is not Reading.BUDGET for look in self.model_looks):
            return replace(limit, needed=0.0) if limit.needed else limit
        return limit

    @property
    def refused(self) -> int:
        """How many reviewing calls the model refused."""
        return sum(
            look.reading is Reading.REFUSED and look.call.task is Task.LOOK for look in self.looks
        )


def _together(a: AnalyserRun, b: AnalyserRun) -> AnalyserRun:
    worse = b if b.reading.is_gap else a
    return AnalyserRun(
        a.name,
        a.version,
        a.rules + b.rules,
        max(a.files, b.files),
        worse.reading,
        worse.detail or b.detail,
        a.sandbox or b.sandbox,
    )
