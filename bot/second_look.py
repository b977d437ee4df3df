"""A second look at findings that people dispute: one call for each, with their words as material.

It decides nothing: what it is told, somebody weighs who knows what may remove a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.pipeline import Circumstances, asking, funded, planned_for
from bot.subject import Subject
from bot.terms import Terms
from reviewers.core.aggregate.verify import rulings
from reviewers.core.call import Call, Look, Reading, Task
from reviewers.core.change import Change
from reviewers.core.finding import Finding, Verification
from reviewers.core.plan import Plan, hunk_key
from reviewers.core.policy import CLAUDE
from reviewers.core.settle import VERIFICATION, VERIFIER, chunk_of
from reviewers.protocols import Brief


@dataclass(frozen=True, slots=True)
class Disputed:
    """A finding, and what a person has answered to it."""

    finding: Finding
    rebuttal: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a second look: a ruling by finding id, and of the others why there is none.

    A finding that is in neither was asked about, and its answer is no dispute.
    """

    rulings: Mapping[str, Verification]
    unanswered: Mapping[str, str]


async def second_look(
    subject: Subject, terms: Terms, around: Circumstances, disputed: Sequence[Disputed]
) -> Answered:
    """Show the verifier each finding's file, the finding, and the answer. `terms` must have a model."""
    change = subject.change
    paths = {d.finding.path for d in disputed}
    others = (ref for ref in change.refs() if ref.path not in paths)
    already = frozenset(hunk_key(ref.path, change.hunk(ref).digest()) for ref in others)
    planned = planned_for(change, terms, already)
    calls = tuple(_calls(disputed, change, planned, terms))
    shown = {call.candidates[0].id for call in calls}
    unseen = {d.finding.id: UNSEEN for d in disputed if d.finding.id not in shown}
    if not calls:
        return Answered({}, unseen)
    policy = replace(terms.policy, engines=(CLAUDE,))
    access = await funded(terms.access, around.allot)
    brief = Brief(change, replace(planned, calls=calls), policy, (), around.watch, access)
    await around.announce(brief)
    async with asking(brief, around) as ask:
        looks = await ask(calls)
    failed = {k.call.candidates[0].id: _why(k) for k in looks if k.reading is not Reading.READ}
    return Answered(rulings(looks, change), {**unseen, **failed})


UNSEEN = "its code is not among what a model is shown of this change"


def _calls(
    disputed: Sequence[Disputed], change: Change, plan: Plan, terms: Terms
) -> Iterator[Call]:
    """One for each: what is answered to one finding must not bear on another."""
    model = terms.policy.verify_model
    for number, d in enumerate(disputed, 1):
        chunk = chunk_of(d.finding, change, plan)
        if chunk is not None:
            yield Call(
                *(VERIFIER, CLAUDE, number, chunk, model, VERIFICATION, Task.VERIFY),
                candidates=(d.finding,),
                rebuttal=d.rebuttal,
            )


def _why(look: Look) -> str:
    return f"{look.reading.value}: {look.detail}" if look.detail else look.reading.value
