"""The Claude engine: one call in, one look out, whatever the network and the model do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import anthropic
import httpx2

from reviewers.core.call import Attempt, Call, Look, Reading, Task, Usage
from reviewers.core.finding import Severity, Source
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.answer import UnreadableError, read_answer
from reviewers.engines.claude.briefing import Briefing
from reviewers.engines.claude.budget import Budget
from reviewers.engines.claude.client import (
    LostError,
    PatienceError,
    SpendLimitError,
    attempts,
    make_client,
)
from reviewers.engines.claude.gate import Gate
from reviewers.engines.claude.prices import cost, tokens
from reviewers.protocols import Brief, ModelAccess, Moment

STREAMS = 2
"""Streams that one call may open: a broken one is tried once more, and both are paid for."""

_KNOWN = (
    SpendLimitError,
    PatienceError,
    LostError,
    anthropic.APIError,
    httpx2.HTTPError,
)
_BROKE_OFF = "the answer broke off"


def build(brief: Brief) -> ClaudeEngine:
    """The engine for one review; `brief.model` says how models are reached."""
    assert brief.model is not None, "the Claude engine needs access to a model"
    return ClaudeEngine(brief, brief.model, make_client(brief.model))


@dataclass(frozen=True)
class _Result:
    """What one call came to, before it is a Look."""

    reading: Reading
    text: str = ""
    detail: str = ""
    usage: Usage = Usage()


class _CutError(Exception):
    """The stream broke, or the connection under it; asking once more may help."""


@dataclass
class _Listener:
    """Holds on to the open stream of a call, so that what it used is known however it ends."""

    stream: Any = None

    def usage(self) -> Usage:
        """What the stream has used: its input is known, its output is counted by its text."""
        if self.stream is None:
            return Usage()
        try:
            message = self.stream.current_message_snapshot
        except AssertionError:  # Nothing has arrived yet; the SDK says so in this way.
            return Usage()
        text = "".join(b.text for b in message.content if b.type == "text")
        usage = _usage(message.usage)
        return replace(usage, out=max(usage.out, tokens(len(text))))


class ClaudeEngine:
    """Asks models. All calls of a review go through one instance, so that they share its cache."""

    name = CLAUDE

    def __init__(self, brief: Brief, access: ModelAccess, client: Any) -> None:
        self._brief = brief
        self._access = access
        self._client = client
        self._briefing = Briefing(brief, access)
        self._budget = Budget(access.allowances)
        self._gates: dict[tuple[str, int], Gate] = {}
        self._closed: dict[str, str] = {}

    async def run(self, call: Call) -> Look:
        """One call: wait for the cache, ask for money, ask the model, check the answer."""
        start = monotonic()
        model = self._briefing.model_of(call)
        gate = self._gates.setdefault((model, call.chunk), Gate())
        leads = gate.lead()
        if not leads and self._briefing.is_cacheable(call.chunk):
            self._brief.watch(call, Moment.WAITING)
            await gate.wait()
        waited = monotonic() - start
        try:
            look = await self._paid(call, model, gate)
        finally:
            if leads:
                gate.open(warm=False)
            self._brief.watch(call, Moment.DONE)
        relative = tuple(replace(a, start=a.start - start) for a in look.attempts)
        return replace(
            look, start=start, waited=waited, seconds=monotonic() - start, attempts=relative
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _paid(self, call: Call, model: str, gate: Gate) -> Look:
        if model in self._closed:
            return Look(call, Reading.FAILED, detail=self._closed[model], model=model)
        most = self._briefing.most(call, warm=gate.warm)
        if not await self._budget.reserve(most):
            allowance = self._budget.reached
            return Look(call, Reading.BUDGET, detail=str(allowance), allowance=allowance)
        spent: float | None = None
        try:
            look = await self._asked(call, model, gate)
            spent = look.cost
        finally:
            await asyncio.shield(self._budget.pay(most, spent))
        return look

    async def _asked(self, call: Call, model: str, gate: Gate) -> Look:
        """Up to two streams under one deadline; everything that was used is added up."""
        book: list[Attempt] = []
        token = attempts.set(book)
        self._brief.watch(call, Moment.ASKING)
        lost = Usage()
        listener = _Listener()
        result = _Result(Reading.TIMED_OUT)
        try:
            async with asyncio.timeout(self._access.seconds):
                for _ in range(STREAMS):
                    listener = _Listener()
                    try:
                        result = await self._stream(call, gate, listener)
                        break
                    except _CutError as e:
                        lost += listener.usage()
                        result = _Result(Reading.FAILED, detail=str(e))
        except TimeoutError:
            late = f"no answer within {self._access.seconds:.0f} s"
            result = _Result(Reading.TIMED_OUT, detail=late, usage=listener.usage())
        finally:
            attempts.reset(token)
        if book:
            last = book[-1]
            book[-1] = replace(last, seconds=monotonic() - last.start, usage=result.usage)
        return self._look(call, model, replace(result, usage=result.usage + lost), tuple(book))

    async def _stream(self, call: Call, gate: Gate, listener: _Listener) -> _Result:
        """One stream from request to last event. Known failures are results, a break is raised."""
        model = self._briefing.model_of(call)
        try:
            async with self._client.messages.stream(**self._briefing.request(call)) as stream:
                listener.stream = stream
                async for event in stream:
                    if event.type == "message_start":
                        gate.open(warm=True)
                        self._brief.watch(call, Moment.ANSWERING)
                return _judged(await stream.get_final_message())
        except _KNOWN as e:
            result = self._told(e, model)
            if result is None:
                raise _CutError(_BROKE_OFF) from e
            return result

    def _told(self, error: Exception, model: str) -> _Result | None:
        """What a failure means; None when the stream broke and asking once more may help."""
        match error:
            case SpendLimitError():
                return self._shut(model, "the account has reached its spending limit")
            case PatienceError():
                return self._shut(model, str(error))
            case LostError(silent=True):
                return _Result(Reading.TIMED_OUT, detail=str(error))
            case LostError() | httpx2.HTTPError():
                return None
            case anthropic.APIStatusError(status_code=200):
                return None
            case anthropic.APIStatusError(status_code=401 | 403 | 404):
                return self._shut(model, _refused_key(error, model))
            case anthropic.APIStatusError():
                return self._failed(error, model)
            case _:
                return self._shut(model, f"{_host(self._access.url)} could not be reached")

    def _failed(self, error: anthropic.APIStatusError, model: str) -> _Result:
        """What an error of the API means, in a sentence."""
        code = error.status_code
        if code == 402:
            return self._shut(model, "the account has no credit left (402)")
        if code == 413 or "prompt is too long" in str(error):
            return _Result(Reading.FAILED, detail="the prompt is longer than the model takes")
        if code in (429, 529) or code >= 500:
            return _Result(Reading.FAILED, detail=f"the model is overloaded or down ({code})")
        return _Result(Reading.FAILED, detail=f"the API refused the request ({code})")

    def _shut(self, model: str, why: str) -> _Result:
        """No further call to this model: it would fail in the same way and cost time (case S54)."""
        self._closed[model] = why
        return _Result(Reading.FAILED, detail=why)

    def _look(self, call: Call, model: str, result: _Result, book: tuple[Attempt, ...]) -> Look:
        look = Look(
            call,
            result.reading,
            detail=result.detail,
            model=model,
            usage=result.usage,
            cost=cost(result.usage, model, self._access.prices),
            attempts=book,
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
            claims=answer.claims,
            cleared=answer.cleared,
            opinions=answer.opinions if reviewer is None else (),
            dropped=answer.dropped,
        )


def _judged(message: Any) -> _Result:
    """The stop reason first: a refusal or a cut-off is not parsed, however it looks."""
    usage = _usage(message.usage)
    match message.stop_reason:
        case "refusal":
            details = message.stop_details
            category = getattr(details, "category", None) or "no category"
            return _Result(Reading.REFUSED, detail=str(category), usage=usage)
        case "max_tokens" | "model_context_window_exceeded":
            return _Result(Reading.CUT_OFF, detail=str(message.stop_reason), usage=usage)
        case _:
            text = "".join(b.text for b in message.content if b.type == "text")
            return _Result(Reading.READ, text=text, usage=usage)


def _usage(usage: Any) -> Usage:
    return Usage(
        uncached=usage.input_tokens or 0,
        written=usage.cache_creation_input_tokens or 0,
        read=usage.cache_read_input_tokens or 0,
        out=usage.output_tokens or 0,
    )


def _refused_key(error: anthropic.APIStatusError, model: str) -> str:
    match error.status_code:
        case 401:
            return "the API key was refused (401)"
        case 403:
            return f"the API key may not use {model} (403)"
        case _:
            return f"the API does not know the model {model} (404)"


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
