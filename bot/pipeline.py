"""One review, from what is to be reviewed to the finished report. Reads like the line it is."""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic

from bot.config import Unusable
from bot.explain import explain
from bot.narrowing import Held, held
from bot.outputs.seal import Seal
from bot.outputs.words import listing
from bot.report import Report
from bot.settings import Settings
from bot.subject import Subject
from bot.terms import Options, Paid, Terms, agree
from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Look, Reading
from reviewers.core.change import Change
from reviewers.core.fanout import Done, Failed, fan_out
from reviewers.core.finding import Severity
from reviewers.core.history import EVERYTHING, History
from reviewers.core.plan import Plan, hunk_key, plan
from reviewers.core.policy import STATIC
from reviewers.core.settle import MoreCalls, settle
from reviewers.core.verdict import Outcome, Verdict
from reviewers.engines.claude.context import weigh
from reviewers.protocols import (
    Brief,
    Charged,
    Engine,
    ModelAccess,
    Watch,
    unforeseen,
    unwatched,
)
from reviewers.registry import analysers, build_engine

AT_ONCE = 16
"""Calls of one review that run at the same time."""
GRACE_SECONDS = 30.0
"""So much longer than an engine's own deadline the fan-out waits, in case the engine fails."""

UNTOLD = "what may be sent to one cannot be told from the configuration"
"""Why no model is asked where the configuration is not in order."""
_NARROWING = ("budget", "engine", "exclude", "ignore", "limits", "reviewers", "triggers")
"""The keys and tables of which something may hold in a file that is not in order, beside the gate."""

log = logging.getLogger(__name__)

_RUN_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads like another."""

Turn = Callable[[], Awaitable[None]]
Announce = Callable[[Brief], Awaitable[None]]
Book = Callable[[Look], Awaitable[None]]
Allot = Callable[[float], Awaitable[tuple[Allowance, ...]]]
"""Told what a review may spend from now on by its own limits; gives the limits beside those."""
Build = Callable[[str, Brief], Awaitable[Engine]]
Run = Callable[[Call], Awaitable[Look]]
Ask = Callable[[Sequence[Call]], Awaitable[list[Look]]]
Keep = Callable[[Sequence[Call], Run], Awaitable[Run]]
"""Told of the calls of each round and of what runs them; gives what is to run them instead. The
durable jobs keep looks in this way, and nothing else of a review knows of it."""


def new_run() -> str:
    """A name for a run, 8 characters."""
    return "".join(secrets.choice(_RUN_ALPHABET) for _ in range(8))


def new_nonce() -> str:
    """A fence for the material of one review: 96 bits, 24 hex digits."""
    return secrets.token_hex(12)


class KeepingError(Exception):
    """What keeps looks could not do so, and why: the review does not go on without them."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause


async def _silent(_brief: Brief) -> None:
    """Announces nothing."""


async def _unshared(_most: float) -> tuple[Allowance, ...]:
    """Whose money nobody else spends."""
    return ()


async def _unbooked(_look: Look) -> None:
    """Keeps no books."""


async def _at_once() -> None:
    """Waits for nobody."""


async def _unkept(_calls: Sequence[Call], run: Run) -> Run:
    """Keeps nothing: what is interrupted begins anew."""
    return run


@dataclass(frozen=True)
class Circumstances:
    """What a door gives to a review beside the change: environment, wishes, and who watches.

    `turn` is awaited before the plan, where several reviews share a processor. `strict` turns a
    wrong configuration into an error; else what narrows holds (bot/narrowing.py) and a note says so.
    `again`, `elsewhere` and `commands` are told to people (see Report), `notes` beside those of the
    terms. `engine` makes the engines; another one is given where another job has looked already.
    `paid` is what this very review has cost before it was interrupted, `before` what the pull request
    has cost as far as the door knows, both in USD; `allot` sets money aside where others spend of the
    same. `cut` books what a call had used that was cancelled, and must not take long; `charged` is told
    what a call has cost when its answer begins. `patience` is how many seconds a call may wait for its
    turn beyond an engine's deadline. `seal` signs what is posted, and tells what was.
    """

    settings: Settings
    options: Options = Options()
    watch: Watch = unwatched
    turn: Turn = _at_once
    announce: Announce = _silent
    keep: Keep = _unkept
    cut: Book = _unbooked
    charged: Charged = unforeseen
    paid: float = 0.0
    before: float = 0.0
    allot: Allot = _unshared
    patience: float = GRACE_SECONDS
    seal: Seal | None = None
    strict: bool = False
    again: str = "run `triptych review` again"
    elsewhere: str = ""
    commands: bool = False
    notes: tuple[str, ...] = ()
    engine: Build = build_engine
    run: str = field(default_factory=new_run)
    nonce: Callable[[], str] = new_nonce


def terms_of(subject: Subject, around: Circumstances, spent: float = 0.0) -> Terms:
    """The terms that the base branch's configuration, the environment and the options make."""
    path = subject.config_path
    found = held(subject.config, path)
    if found.problem and around.strict:
        raise found.problem
    options = around.options
    if found.is_doubtful:
        options = replace(options, engine=STATIC)
    paid = Paid(max(spent, around.before), around.paid)
    terms = agree(found.config, around.settings, options, around.nonce, paid)
    origin = f"{path} on {subject.base_ref}" if subject.base_ref else path
    told = tuple(explain(found.config, origin, around.settings.ceilings))
    return replace(
        terms,
        digest=_towards(terms.digest, subject),
        no_model=UNTOLD if found.is_doubtful else terms.no_model,
        withheld=found.is_doubtful,
        notes=(*terms.notes, *_not_used(found), *around.notes),
        settings=told,
    )


def _not_used(found: Held) -> Iterator[str]:
    """That a configuration is not in order, and what of it holds all the same."""
    if found.problem is None:
        return
    config = found.config
    parts = [f'gate "{config.gate}"'] if config.gate else []
    parts += (name for name in _NARROWING if name in config.model_fields_set)
    but = f", but for its {listing(parts)}" if parts and not found.is_doubtful else ""
    yield f"The configuration is not used{but}. {found.problem.what}"


def gate_of(config: bytes | Unusable | None) -> Severity | None:
    """The gate that the terms would have with this configuration of the base branch."""
    gate = held(config).config.gate
    return Severity.parse(gate) if gate else None


def _towards(digest: str, subject: Subject) -> str:
    """The configuration's digest for a pull request into this branch.

    What was read is a change against a branch: against another one the same head may bring what
    nobody has read. So a review stands for its own branch alone, however far that moves on, and
    towards another one it counts as little as under another configuration.
    """
    if subject.pull is None:
        return digest
    return hashlib.sha256(f"{digest} {subject.base_ref}".encode()).hexdigest()[:8]


async def review(
    subject: Subject, terms: Terms, around: Circumstances, history: History = History()
) -> Report:
    """Plan, fan out, settle, until there is a verdict."""
    await around.turn()
    already = _already(subject.change, history, terms.digest)
    planned = planned_for(subject.change, terms, already)
    access = await funded(terms.access, around.allot)
    watching = analysers(subject.config_path)
    brief = Brief(subject.change, planned, terms.policy, watching, around.watch, access)
    await around.announce(brief)
    async with asking(brief, around) as ask:
        verdict = await _rounds(brief, ask, history)
    if terms.withheld and verdict.outcome is not Outcome.FAILED:
        verdict = replace(verdict, outcome=Outcome.INCOMPLETE)
    return Report(
        verdict,
        subject,
        around.run,
        terms.digest,
        again=around.again,
        elsewhere=around.elsewhere,
        commands=around.commands,
        no_model=terms.no_model,
        withheld=terms.withheld,
        notes=terms.notes,
        settings=terms.settings,
    )


async def funded(access: ModelAccess | None, allot: Allot) -> ModelAccess | None:
    """With the money that is set aside for it, which is only asked for where models are."""
    if access is None:
        return None
    most = min((a.left for a in access.allowances), default=math.inf)
    return replace(access, allowances=(*access.allowances, *await allot(most)))


def planned_for(change: Change, terms: Terms, already: frozenset[str]) -> Plan:
    """The plan for all hunks but those that are read `already` (see reviewers/core/plan.py)."""
    context = terms.access.context if terms.access else "enclosing"
    return plan(change, terms.policy, partial(weigh, mode=context), already)


async def _rounds(brief: Brief, ask: Ask, history: History) -> Verdict:
    calls: tuple[Call, ...] = brief.plan.calls
    looks: list[Look] = []
    while True:
        looks += await ask(calls)
        match settle(brief.change, brief.plan, looks, brief.policy, history):
            case MoreCalls(more):
                calls = more
            case Verdict() as verdict:
                return verdict


@asynccontextmanager
async def asking(brief: Brief, around: Circumstances) -> AsyncIterator[Ask]:
    """What makes calls, all at once, and brings a look for each of them, in their order.

    Its engines are closed at the end; what a cancelled call has used is booked.
    """
    cut: dict[Call, Look] = {}
    brief = replace(brief, cut=lambda look: cut.update({look.call: look}), charged=around.charged)
    engines: dict[str, Engine] = {}
    deadline = (brief.model.seconds if brief.model else 60.0) + around.patience

    async def asked(call: Call) -> Look:
        is_over = False
        try:
            look = await engines[call.engine].run(call)
            is_over = True
        finally:
            if not is_over and (used := cut.get(call)):
                await around.cut(used)
        return look

    async def ask(calls: Sequence[Call]) -> list[Look]:
        run = await around.keep(calls, asked)
        outcomes = await fan_out(calls, run, limit=AT_ONCE, deadline=deadline)
        return [_look(outcome, cut.get(outcome.call)) for outcome in outcomes]

    try:
        for name in brief.policy.engines:
            engines[name] = await around.engine(name, brief)
        yield ask
    finally:
        for engine in engines.values():
            await engine.close()


def _look(outcome: Done[Call, Look] | Failed[Call], used: Look | None) -> Look:
    """An engine that raised is a look too: one that failed, and costs what was `used` until then."""
    match outcome:
        case Done(_, look, _):
            return look
        case Failed(_, KeepingError() as error, _):
            raise error
        case Failed(call, TimeoutError(), seconds):
            failed = Look(call, Reading.TIMED_OUT, detail="no answer in time", seconds=seconds)
        case Failed(call, error, seconds):
            log.error("A fault of ours in the call %s", call.name, exc_info=error)
            detail = f"an internal error ({type(error).__name__})"
            failed = Look(call, Reading.FAILED, detail=detail, seconds=seconds)
    failed = replace(failed, start=max(0.0, monotonic() - failed.seconds))
    if used is None:
        return failed
    return replace(failed, model=used.model, usage=used.usage, cost=used.cost)


def _already(change: Change, history: History, config: str) -> frozenset[str]:
    """Keys of the hunks that the last review read and that have not changed since.

    Under another configuration others read them, or in another way: then nothing counts as read. Nor
    where a finding is lost that stands in one of them: carried, it would be forgotten. Nor any of equal
    hunks where there are more of them now, for nobody can tell which is the new one.
    """
    if history.previous is None or history.config != config:
        return frozenset()
    if history.lost or EVERYTHING in history.unread:
        return frozenset()
    old, now = _hunks(history.previous), _hunks(change)
    return frozenset(
        key
        for key, number in now.items()
        if number <= old[key] and key.rsplit(":", 1)[1] not in history.unread
    )


def _hunks(change: Change) -> Counter[str]:
    return Counter(hunk_key(ref.path, change.hunk(ref).digest()) for ref in change.refs())
