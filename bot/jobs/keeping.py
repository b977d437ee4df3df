"""Keeping what models said: each call of a review is a checkpoint, and is paid for once.

The steps of a round get their numbers before any begins, in the order of the plan, and the first of
them writes down what is asked. After a crash the answers are only used when the same is asked again;
else the pull request has moved on, and so must the job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from bot.errors import MovedProblem
from bot.jobs.durable import StepReservation, keep, reserved
from bot.jobs.limits import Limits
from bot.jobs.transactions import AWAY
from bot.jobs.wire import read_look, write_look
from bot.pipeline import KeepingError, Run
from reviewers.core.call import Call, Look
from reviewers.core.policy import STATIC, Policy

Paid = Callable[[Look], Awaitable[None]]
Kept = Callable[[], Awaitable[None]]


class Keeper:
    """The looks of one job. `subject` names what is reviewed (head, base, configuration).

    `paid` is told of each call that was really made, `kept` once a round when an answer is safe. A
    second life in the same process, after a pause, finds them in memory.
    """

    def __init__(self, limits: Limits, paid: Paid, kept: Kept) -> None:
        self._limits = limits
        self._paid = paid
        self._kept = kept
        self._looks: dict[str, Look] = {}
        self.policy: Policy | None = None
        self.subject = ""

    async def round(self, calls: Sequence[Call], run: Run) -> Run:
        """What is to run these calls: those of models are kept, analysers are quick to run again.

        MovedProblem when another life of this job has asked something else.
        """
        asked = [call for call in calls if call.engine != STATIC]
        names = {call: self._name(call) for call in asked}
        if all(name in self._looks for name in names.values()):
            return lambda call: self._known(names.get(call), run, call)
        ledger, *places = reserved(1 + len(asked))
        words = {"asked": _digest([self.subject, *names.values()])}

        async def asking() -> Mapping[str, Any]:
            return words

        before = await keep(ledger, "round", asking)
        if dict(before) != words:
            raise MovedProblem(
                "The pull request has changed since this review began.", "It is begun anew."
            )
        place_of = dict(zip(asked, places, strict=True))
        got_further = False

        async def kept(call: Call) -> Look:
            nonlocal got_further
            if call.engine == STATIC:
                return await run(call)
            name = names[call]
            if known := self._looks.get(name):
                return known  # Paid for in an earlier try, whose round was not finished.
            try:
                look, is_fresh = await self._answered(call, name, place_of[call], run)
                self._looks[name] = look
                if is_fresh and not got_further:
                    got_further = True
                    await self._kept()
            except AWAY as e:
                raise KeepingError(e) from e
            return look

        return kept

    async def _answered(
        self, call: Call, name: str, place: StepReservation, run: Run
    ) -> tuple[Look, bool]:
        """The look, and whether it was asked for now, and not by an earlier life."""
        fresh: list[Look] = []

        async def step() -> Mapping[str, Any]:
            async with self._limits.call():
                fresh.append(await run(call))
                # In memory first: what cannot be written down now must not be asked for again.
                self._looks[name] = fresh[0]
                await self._paid(fresh[0])
            return write_look(fresh[0])

        data = await keep(place, name, step)
        return (fresh[0], True) if fresh else (self._recalled(data, call), False)

    async def _known(self, name: str | None, run: Run, call: Call) -> Look:
        return self._looks[name] if name else await run(call)

    def _recalled(self, data: Mapping[str, Any], call: Call) -> Look:
        """A look of an earlier life, its time counted back from now: clocks differ between lives."""
        reviewer = self.policy.reviewer(call.reviewer) if self.policy else None
        look = read_look(data, call, reviewer)
        return replace(look, start=max(0.0, monotonic() - look.seconds))

    def _name(self, call: Call) -> str:
        """`security 2 4f5a...`: for people, and telling calls apart that ask about other findings."""
        return f"{call.name} {_digest([self.subject, repr(call)])[:12]}"


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
