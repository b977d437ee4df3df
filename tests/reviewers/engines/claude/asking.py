"""How the tests of this folder ask a model: an engine on a fake, with short deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from reviewers.core.call import Call, Look
from reviewers.core.change import Change
from reviewers.core.history import History
from reviewers.core.policy import CLAUDE, Policy
from reviewers.core.settle import settle
from reviewers.core.verdict import Verdict
from reviewers.engines.claude.briefing import Briefing
from reviewers.engines.claude.engine import ClaudeEngine, build
from reviewers.protocols import Brief, ModelAccess
from tests.builders import MODEL, orders_change, planned, policy

NONCE = "5eed0fc0ffee5eed0fc0ffee"
KEY = "sk-test-0123456789abcdef"
SECURITY = Call("security", CLAUDE, 1)
STYLE = Call("style", CLAUDE, 1)
FIRST_VOTES = (SECURITY, STYLE, Call("correctness", CLAUDE, 1))


def access(url: str = "http://127.0.0.1:9", **more: Any) -> ModelAccess:
    """Access to the model at `url`; deadlines are those of a test."""
    values: dict[str, Any] = {
        "key": KEY,
        "platform": "anthropic",
        "default_model": MODEL,
        "nonce": NONCE,
        "seconds": 20.0,
        "first_seconds": 10.0,
        **more,
    }
    return ModelAccess(url=url, **values)


def only_models(**more: Any) -> Policy:
    """A policy without analysers; seven looks by default."""
    return policy(**{"engines": (CLAUDE,), **more})


def brief(of: Change | None = None, under: Policy | None = None, **more: Any) -> Brief:
    """What an engine is told; `more` is for the access to the model."""
    of, under = of or orders_change(), under or only_models()
    return Brief(of, planned(of, under), under, model=access(**more))


def briefing(of: Change | None = None, under: Policy | None = None, **more: Any) -> Briefing:
    """The prompts of a review."""
    told = brief(of, under, **more)
    assert told.model is not None
    return Briefing(told, told.model)


@asynccontextmanager
async def engine(
    url: str, of: Change | None = None, under: Policy | None = None, **more: Any
) -> AsyncIterator[ClaudeEngine]:
    """An engine on the model at `url`, closed at the end."""
    made = build(brief(of, under, url=url, **more))
    try:
        yield made
    finally:
        await made.close()


async def ask(url: str, calls: Iterable[Call] = (SECURITY,), **more: Any) -> list[Look]:
    """What comes back from these calls, made at the same time; `more` is as for `engine`."""
    async with engine(url, **more) as made:
        return await asyncio.gather(*(made.run(call) for call in calls))


async def ask_once(url: str, **more: Any) -> Look:
    """What comes back from the first vote of security."""
    (look,) = await ask(url, **more)
    return look


async def review(url: str, **more: Any) -> Verdict:
    """A whole review by models alone: round after round until it is settled."""
    told = brief(url=url, **more)
    made = build(told)
    calls, looks = told.plan.calls, list[Look]()
    try:
        while True:
            looks += await asyncio.gather(*(made.run(call) for call in calls))
            settled = settle(told.change, told.plan, looks, told.policy, History())
            if isinstance(settled, Verdict):
                return settled
            calls = settled.calls
    finally:
        await made.close()
