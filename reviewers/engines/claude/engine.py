"""The Claude engine: one call in, one look out, whatever the network and the model do."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, TypeVar

import anthropic
import httpx2
from anthropic import AsyncStream

from reviewers.core.allowance import Allowance
from reviewers.core.call import Attempt, Call, Cleared, Look, Opinion, Reading, Task, Usage
from reviewers.core.finding import Claim, Severity, Source
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.answer import UnreadableError, read_answer
from reviewers.engines.claude.arrival import Arrival
from reviewers.engines.claude.briefing import Briefing
from reviewers.engines.claude.budget import Budget
from reviewers.engines.claude.client import (
    LostError,
    PatienceError,
    SetupError,
    SpendLimitError,
    attempts,
    make_client,
    not_ready,
)
from reviewers.engines.claude.gate import Gate
from reviewers.engines.claude.prices import cost
from reviewers.protocols import Brief, ModelAccess, Moment

SaidT = TypeVar("SaidT", Claim, Cleared, Opinion)

LEAST_LEFT = 0.1
"""With less than this share of its time left no stream is opened: it would be paid and cut off."""
HELD_UP = "other calls held the budget for too long"

_KNOWN = (
    SpendLimitError,
    PatienceError,
    SetupError,
    LostError,
    ImportError,
    anthropic.APIError,
    httpx2.HTTPError,
)
_GARBLED = (ValueError, LookupError, RuntimeError)
"""What is raised where a stream is not the API's: by the SDK, which reads it, or by Arrival."""


def build(brief: Brief) -> ClaudeEngine:
    """The engine for one review; `brief.model` says how models are reached.

    Where they cannot be reached from this machine, every call of the engine will say why.
    """
    assert brief.model is not None, "the Claude engine needs access to a model"
    try:
        return ClaudeEngine(brief, brief.model, make_client(brief.model))
    except SetupError as e:
        return ClaudeEngine(brief, brief.model, None, str(e))


@dataclass(frozen=True)
class _Result:
    """What one stream came to. `again`: asking once more may help; `lasts` as in Look."""

    reading: Reading
    text: str = ""
    detail: str = ""
    again: bool = False
    allowance: Allowance | None = None
    lasts: bool = False


@dataclass
class _Held:
    """USD that are set aside for one stream; None: nobody knows its price."""

    amount: float | None


_BROKEN = _Result(Reading.FAILED, detail="the answer broke off", again=True)
_TOO_DEAR = _Result(
    Reading.FAILED, detail="the answer broke off, and the budget is too small to ask again"
)
_HELD_UP = _Result(Reading.TIMED_OUT, detail=HELD_UP)


class ClaudeEngine:
    """Asks models. All calls of a review go through one instance, so that they share its cache.

    `unready` says why there is no client; then every call fails with that word.
    """

    name = CLAUDE

    def __init__(self, brief: Brief, access: ModelAccess, client: Any, unready: str = "") -> None:
        self._brief = brief
        self._access = access
        self._client = client
        self._unready = unready
        self._briefing = Briefing(brief, access)
        self._budget = Budget(access.allowances)
        self._gates: dict[tuple[str, int], Gate] = {}
        self._closed: dict[str, _Result] = {}

    async def run(self, call: Call) -> Look:
        """One call: wait for the cache, ask for money, ask the model, check the answer.

        All of it within the deadline of a call, waiting included.
        """
        start = monotonic()
        until = asyncio.get_running_loop().time() + self._access.seconds
        model = self._briefing.model_of(call)
        gate = self._gates.setdefault((model, call.chunk), Gate())
        leads = gate.lead()
        if not leads and self._briefing.is_cacheable(model, call.chunk):
            self._brief.watch(call, Moment.WAITING)
            await gate.wait()
        waited = monotonic() - start
        end = Moment.FAILED
        try:
            look = await self._asked(call, model, gate, until)
            if look.reading in (Reading.READ, Reading.BUDGET):
                end = Moment.DONE
        finally:
            if leads:
                gate.open()
            self._brief.watch(call, end)
        relative = tuple(replace(a, start=a.start - start) for a in look.attempts)
        return replace(
            look, start=start, waited=waited, seconds=monotonic() - start, attempts=relative
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _asked(self, call: Call, model: str, gate: Gate, until: float) -> Look:
        """Up to two streams under one deadline; everything that was used is in the attempts."""
        book: list[Attempt] = []
        token = attempts.set(book)
        is_over = False
        try:
            result = await self._paid(call, model, gate, until, book)
            if result.again and self._has_time(until):
                second = await self._paid(call, model, gate, until, book)
                refused = second.reading is Reading.BUDGET
                result = _TOO_DEAR if refused else second
            is_over = True
        finally:
            attempts.reset(token)
            # Cancelled, or a fault of ours: what it has used is paid all the same.
            if not is_over and any(a.usage != Usage() for a in book):
                cut = _Result(Reading.STOPPED, detail="it was cut off")
                self._brief.cut(self._look(call, model, cut, tuple(book)))
        return self._look(call, model, result, tuple(book))

    async def _paid(
        self, call: Call, model: str, gate: Gate, until: float, book: list[Attempt]
    ) -> _Result:
        """One stream, if the budget grants the most that it can cost; paid is what it used."""
        held = _Held(self._briefing.most(call))
        try:
            async with asyncio.timeout_at(until):
                granted = await self._budget.reserve(held.amount)
        except TimeoutError:
            return _HELD_UP
        if not granted:
            allowance = self._budget.reached
            return _Result(Reading.BUDGET, detail=str(allowance), allowance=allowance)
        before = len(book)
        try:
            if not self._has_time(until):
                return _HELD_UP
            if self._unready:
                return _Result(Reading.FAILED, detail=self._unready, lasts=True)
            if closed := self._closed.get(model):
                return closed
            self._brief.watch(call, Moment.ASKING)
            async with asyncio.timeout_at(until):
                return await self._stream(call, gate, held, book)
        except TimeoutError:
            late = f"no answer within {self._access.seconds:.0f} s"
            return _Result(Reading.TIMED_OUT, detail=late)
        finally:
            await asyncio.shield(self._budget.pay(held.amount, self._cost(book[before:], model)))

    def _has_time(self, until: float) -> bool:
        left = until - asyncio.get_running_loop().time()
        return left >= LEAST_LEFT * self._access.seconds

    async def _stream(self, call: Call, gate: Gate, held: _Held, book: list[Attempt]) -> _Result:
        """One stream, from the request to the last event; what can be foreseen is a result."""
        request = self._briefing.request(call)
        arrival = Arrival()
        opened = False
        try:
            stream = await self._client.post(
                "/v1/messages",
                body={**request, "stream": True},
                cast_to=object,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            opened = True
            async with stream:
                async for event in stream:
                    if arrival.take(event) == "message_start":
                        await self._correct(call, arrival.usage, held)
                        gate.open()
                        self._brief.watch(call, Moment.ANSWERING)
            return _judged(arrival)
        except _KNOWN as e:
            return self._told(e, request["model"])
        except _GARBLED:
            return _BROKEN
        finally:
            if opened:  # How long the answer took and what it used, however it ended.
                last = book[-1]
                book[-1] = replace(last, seconds=monotonic() - last.start, usage=arrival.usage)

    async def _correct(self, call: Call, used: Usage, held: _Held) -> None:
        """Nobody waits any longer for what this prompt could have cost and, as is known now, did not."""
        self._briefing.count(call, used)
        model = self._briefing.model_of(call)
        self._brief.charged(call, cost(used, model, self._access.prices))
        exact = self._briefing.rest(call, used)
        if held.amount is not None and exact is not None:
            await self._budget.correct(held.amount, exact)
            held.amount = exact

    def _told(self, error: Exception, model: str) -> _Result:
        """What a failure means for this call, and for the further ones to this model."""
        match error:
            case SpendLimitError():
                return self._shut(model, "the account has reached its spending limit")
            case PatienceError():
                return self._shut(model, str(error), lasts=False)
            case SetupError():
                return self._shut(model, str(error))
            case ImportError():
                return self._shut(model, not_ready(self._access.platform, error))
            case LostError(silent=True):
                return _Result(Reading.TIMED_OUT, detail=str(error))
            case LostError() | httpx2.HTTPError() | anthropic.APIStatusError(status_code=200):
                return _BROKEN
            case anthropic.APIStatusError(status_code=401 | 403 | 404):
                return self._shut(model, _refused_key(error, model))
            case anthropic.APIStatusError():
                return self._failed(error, model)
            case _:
                why = f"{self._client.base_url.host} could not be reached"
                return self._shut(model, why, lasts=False)

    def _failed(self, error: anthropic.APIStatusError, model: str) -> _Result:
        """What an error of the API means, in a sentence."""
        code = error.status_code
        if code == 402 or "credit balance is too low" in str(error):
            return self._shut(model, f"the account has no credit left ({code})")
        if code == 413 or "prompt is too long" in str(error):
            return _Result(Reading.FAILED, detail="the prompt is longer than the model takes")
        if code in (429, 529) or code >= 500:
            return _Result(Reading.FAILED, detail=f"the model is overloaded or down ({code})")
        return _Result(Reading.FAILED, detail=f"the API refused the request ({code})")

    def _shut(self, model: str, why: str, *, lasts: bool = True) -> _Result:
        """No further call to this model: it would fail in the same way and cost time (case S54)."""
        return self._closed.setdefault(model, _Result(Reading.FAILED, detail=why, lasts=lasts))

    def _look(self, call: Call, model: str, result: _Result, book: tuple[Attempt, ...]) -> Look:
        look = Look(
            call,
            result.reading,
            detail=result.detail,
            model=model,
            usage=sum((a.usage for a in book), Usage()),
            cost=self._cost(book, model),
            attempts=book,
            allowance=result.allowance,
            lasts=result.lasts,
        )
        if result.reading is not Reading.READ:
            return look
        reviewer = self._brief.policy.reviewer(call.reviewer)
        if call.task is Task.VERIFY:
            reviewer = None
        source = Source(call.reviewer, CLAUDE, call.vote, model, "", Severity.INFO)
        try:
            answer = read_answer(result.text, reviewer, source, self._briefing.canary)
        except UnreadableError:
            return replace(look, reading=Reading.FAILED, detail="the answer could not be read")
        return replace(
            look,
            claims=tuple(map(self._placed, answer.claims)),
            cleared=tuple(map(self._placed, answer.cleared)),
            opinions=tuple(map(self._placed, answer.opinions)) if reviewer is None else (),
            dropped=answer.dropped,
        )

    def _cost(self, book: Sequence[Attempt], model: str) -> float | None:
        """USD for all attempts, None where the price is not known."""
        costs = [cost(a.usage, model, self._access.prices) for a in book]
        return None if None in costs else math.fsum(c for c in costs if c is not None)

    def _placed(self, said: SaidT) -> SaidT:
        return replace(said, path=self._briefing.path_of(said.path))


def _judged(arrival: Arrival) -> _Result:
    """The stop reason first: a refusal or a cut-off is not parsed, however it looks.

    Without one the stream has ended before the answer did.
    """
    match arrival.stop:
        case "":
            return _BROKEN
        case "refusal":
            return _Result(Reading.REFUSED, detail=arrival.category or "no category")
        case "max_tokens" | "model_context_window_exceeded":
            return _Result(Reading.CUT_OFF, detail=arrival.stop)
        case _:
            return _Result(Reading.READ, text=arrival.text)


def _refused_key(error: anthropic.APIStatusError, model: str) -> str:
    match error.status_code:
        case 401:
            return "the API key was refused (401)"
        case 403:
            return f"the API key may not use {model} (403)"
        case _:
            return f"the API does not know the model {model} (404)"
