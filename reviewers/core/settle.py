"""Is the review done, and what did it come to? Pure: everything it needs, it is given.

At most three rounds: the reviewers; extra votes where a decision is open; verification of what
would be posted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.aggregate.cap import cap_claims
from reviewers.core.aggregate.carry import carry
from reviewers.core.aggregate.identify import Identified, identify
from reviewers.core.aggregate.merge import merge
from reviewers.core.aggregate.rank import rank
from reviewers.core.aggregate.rules import concatenate
from reviewers.core.aggregate.suppress import suppress
from reviewers.core.aggregate.verify import apply, rulings
from reviewers.core.aggregate.vote import hunks_of, is_open, vote
from reviewers.core.call import Call, Look, Partial, Reading, Task
from reviewers.core.change import Change
from reviewers.core.coverage import Coverage, cells_of_look
from reviewers.core.finding import Claim, Dropped, Finding, Reason
from reviewers.core.history import History, Known, State
from reviewers.core.plan import Plan
from reviewers.core.policy import CLAUDE, STATIC, Policy
from reviewers.core.verdict import Outcome, Verdict

VERIFIER = "verifier"
"""The name under which verifying calls run; no reviewer may have it."""

EXTRA_VOTES, VERIFICATION = 2, 3
"""Numbers of the rounds behind the first (`Call.round`)."""
TOO_MANY = "more findings than one call may have"


@dataclass(frozen=True)
class MoreCalls:
    """The review is not done: these calls first."""

    calls: tuple[Call, ...]


@dataclass(frozen=True)
class _State:
    """The findings as the looks so far make them; `undecided` are those one vote could turn."""

    coverage: Coverage
    findings: tuple[Finding, ...]
    dropped: tuple[Dropped, ...]
    fixed: tuple[Known, ...]
    undecided: tuple[Finding, ...]


def settle(
    change: Change, plan: Plan, looks: Sequence[Look], policy: Policy, history: History
) -> Verdict | MoreCalls:
    """The verdict, or the calls of the next round when policy and findings ask for one."""
    state = _aggregate(change, plan, looks, policy, history)
    done = {look.call.round for look in looks}
    if policy.rounds >= 3 and not done & {EXTRA_VOTES, VERIFICATION}:
        if extra := _extra_votes(state, change, plan, policy):
            return MoreCalls(extra)
    if policy.rounds >= 2 and VERIFICATION not in done:
        if verifying := _verifying_calls(state, change, plan, looks, policy):
            return MoreCalls(verifying)
    return Verdict(
        outcome=_outcome(state, looks),
        change=change,
        policy=policy,
        findings=rank(state.findings),
        dropped=state.dropped,
        coverage=state.coverage,
        looks=tuple(looks),
        fixed=state.fixed,
        dismissed=_dismissed(history, state),
        history=history,
    )


def _aggregate(
    change: Change, plan: Plan, looks: Sequence[Look], policy: Policy, history: History
) -> _State:
    """The chain: anchor, merge, identify, suppress, vote; then what was verified and carried."""
    heard = [_heard(look, policy) for look in looks]
    coverage = _coverage(plan, [_cut_short(look, over, change) for look, _, over in heard], policy)
    anchored = anchor(concatenate(kept for _, kept, _ in heard), change)
    merged = merge(anchored.findings, policy.ignore_rules, change)
    known, unshown = _as_shown(identify(merged.findings, history, change), change, plan)
    suppressed = suppress(known.findings, policy, known.matched, change)
    voted = vote(suppressed.findings, change, coverage, policy, looks)
    ruled = rulings(looks, change)
    outvoted = [d.item for d in voted.dropped if isinstance(d.item, Finding)]
    # What was told before, and now by too few, is judged as if nobody had reported it.
    few = {f.id for f in outvoted}
    reported = {i: k for i, k in known.matched.items() if i not in few}
    carried = carry(history, reported, change, coverage, ruled)
    verified = apply(voted.findings, ruled)
    dropped = (
        *concatenate(look.dropped for look in looks),
        *concatenate(over for _, _, over in heard),
        *anchored.dropped,
        *merged.dropped,
        *unshown,
        *suppressed.dropped,
        *voted.dropped,
        *verified.dropped,
    )
    undecided = tuple(f for f in (*voted.findings, *outvoted) if is_open(f, policy))
    return _State(coverage, (*verified.findings, *carried.open), dropped, carried.fixed, undecided)


def _as_shown(
    known: Identified, change: Change, plan: Plan
) -> tuple[Identified, tuple[Dropped, ...]]:
    """Without what models say of an open finding whose code is carried, so that they were not shown it:
    that stands as it was told, as grave, and as proven. What an analyser says it has read.
    """
    carried = frozenset(plan.carried)

    def is_unshown(finding: Finding) -> bool:
        was = known.matched.get(finding.id)
        is_open = was is not None and was.state in (State.OPEN, State.LATE)
        refs = hunks_of(finding, change) if is_open and not finding.analysers else []
        return bool(refs) and carried.issuperset(refs)

    unshown = tuple(filter(is_unshown, known.findings))
    gone = {f.id for f in unshown}
    shown = tuple(f for f in known.findings if f.id not in gone)
    matched = {i: was for i, was in known.matched.items() if i not in gone}
    dropped = (Dropped(f, Reason.DUPLICATE, f"of {f.id}") for f in unshown)
    return Identified(shown, matched), tuple(dropped)


def _heard(look: Look, policy: Policy) -> tuple[Look, tuple[Claim, ...], tuple[Dropped, ...]]:
    """The look with those of its claims that count, and those beyond the limit. It is for voices: an
    analyser has a limit of its own, and what it proves displaces nobody (cases S46, S83).
    """
    if look.call.engine == STATIC:
        return look, look.claims, ()
    return look, *cap_claims(look.claims, policy.claims_per_call)


def _cut_short(look: Look, over: Iterable[Dropped], change: Change) -> Look:
    """What a model said beyond its limit is not told, so where it said it the look counts as cut off:
    nothing is called clean for it, and the next review reads it again.
    """
    claims = [d.item for d in over if isinstance(d.item, Claim)]
    unheard = (ref for f in anchor(claims, change).findings for ref in hunks_of(f, change))
    cut = (Partial(ref, Reading.CUT_OFF, TOO_MANY) for ref in dict.fromkeys(unheard))
    return replace(look, partial=(*cut, *look.partial))


def _coverage(plan: Plan, looks: Sequence[Look], policy: Policy) -> Coverage:
    seen = concatenate(
        cells_of_look(look, plan.hunks_of(look.call, policy.reviewers))
        for look in looks
        if look.call.task is Task.LOOK
    )
    # Where an analyser failed on what is aside, it is left out, as the plan's cell says: no gap.
    aside = frozenset(plan.aside)
    kept = (c for c in seen if not (c.reading.is_gap and c.hunk in aside))
    return Coverage((*plan.cells, *kept), plan.hunks, plan.carried)


def chunk_of(finding: Finding, change: Change, plan: Plan) -> int | None:
    """The chunk in which the finding's code was shown to the models, None if in none."""
    file = change.file(finding.path)
    if file is None:
        return None
    at = file.hunk_at(finding.location.side, finding.location.line) if finding.location else None
    return next(
        (
            i
            for i, chunk in enumerate(plan.chunks)
            for hunk in chunk.hunks
            if hunk.path == file.path and at in (None, hunk.index)
        ),
        None,
    )


def _extra_votes(state: _State, change: Change, plan: Plan, policy: Policy) -> tuple[Call, ...]:
    """One more vote of each reviewer, on each chunk, whose decision one vote could turn."""
    wanted: dict[tuple[str, int], Call] = {}
    for finding in state.undecided:
        chunk = chunk_of(finding, change, plan)
        if chunk is None:
            continue
        ballot = finding.votes[0]
        number = ballot.planned + 1
        model = policy.model_of(number)
        wanted[ballot.reviewer, chunk] = Call(
            ballot.reviewer, CLAUDE, number, chunk, model, round=EXTRA_VOTES
        )
    return tuple(wanted.values())


def _verifying_calls(
    state: _State, change: Change, plan: Plan, looks: Sequence[Look], policy: Policy
) -> tuple[Call, ...]:
    """One call a chunk with everything that would be posted from it.

    Only chunks that a model has read: where it refused or failed, asking again would too.
    """
    answered = {
        look.call.chunk
        for look in looks
        if look.call.engine == CLAUDE and look.reading is Reading.READ
    }
    candidates: dict[int, list[Finding]] = {}
    for finding in rank(state.findings):
        chunk = chunk_of(finding, change, plan)
        if chunk in answered and finding.severity >= policy.min_severity:
            candidates.setdefault(chunk, []).append(finding)
    return tuple(
        Call(
            VERIFIER, CLAUDE, 1, chunk, policy.verify_model, VERIFICATION, Task.VERIFY, tuple(found)
        )
        for chunk, found in sorted(candidates.items())
    )


def _outcome(state: _State, looks: Sequence[Look]) -> Outcome:
    read = any(c.reading is Reading.READ for c in state.coverage.cells)
    # A cell is a gap where one analyser could not read it; what the others read was read all the same.
    read = read or any(run.files for look in looks for run in look.analysers)
    if state.coverage.gaps and not (read or state.findings):
        return Outcome.FAILED
    if not state.coverage.complete:
        return Outcome.INCOMPLETE
    return Outcome.FINDINGS if state.findings else Outcome.CLEAN


def _dismissed(history: History, state: _State) -> tuple[Known, ...]:
    """The dismissals that still hold: of what a person dismissed, all that has not come back."""
    back = {f.id for f in state.findings}
    return tuple(
        k for k in history.known if k.state is State.DISMISSED and k.finding.id not in back
    )
