"""Calls on a chunk share every byte they can, and wait just long enough to read the cache."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reviewers.core.call import Reading
from reviewers.core.verdict import Outcome
from tests.builders import ORDERS, SQL_LINE, change, orders_change, planned
from tests.fakes.anthropic import Reply, fake_anthropic, is_about, reported
from tests.reviewers.engines.claude.asking import ask, only_models, review

SQL = reported(
    "api/orders.py", SQL_LINE, 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
)
SEVEN = planned(orders_change(), only_models()).calls
LONG = ORDERS * 60
"""Enough for the largest least prefix of a cache, 4096 tokens."""


def shared(body: dict[str, Any]) -> str:
    """The part of a request that keys the cache, in the order in which it was sent."""
    prefix = {key: value for key, value in body.items() if key != "messages"}
    return json.dumps([prefix, body["messages"][0]["content"][0]])


def own(body: dict[str, Any]) -> str:
    """The part that only this call has."""
    (message,) = body["messages"]
    _, last = message["content"]
    assert "cache_control" not in last
    return str(last["text"])


async def test_all_calls_and_the_verifying_one_differ_in_the_last_block_only() -> None:
    async with fake_anthropic(lambda _body, _number: Reply([SQL])) as fake:
        verdict = await review(fake.url, under=only_models(rounds=2))
        assert verdict.outcome is Outcome.FINDINGS
        assert len(fake.requests) == len(SEVEN) + 1
        assert any(is_about(body, "verifier") for body in fake.requests)
        assert len({shared(body) for body in fake.requests}) == 1
        assert len({own(body) for body in fake.requests}) == len(SEVEN) + 1
        body = fake.requests[0]
        marked = body["messages"][0]["content"][0]["cache_control"]
        assert marked == {"type": "ephemeral"}
        assert "cache_control" not in json.dumps([body["system"], own(body)])


async def test_two_reviews_of_one_change_differ_by_their_nonces() -> None:
    async with fake_anthropic() as fake:
        await ask(fake.url, SEVEN[:1], nonce="a" * 24)
        await ask(fake.url, SEVEN[:1], nonce="b" * 24)
        assert len({shared(body) for body in fake.requests}) == 2


async def test_chunks_share_nothing_but_each_is_shared_by_its_calls() -> None:
    of = change({f"api/part{i}.py": (None, ORDERS) for i in range(2)})
    under = only_models(chunk_chars=500)
    async with fake_anthropic() as fake:
        calls = planned(of, under).calls
        await ask(fake.url, calls, of=of, under=under)
        assert {call.chunk for call in calls} == {0, 1}
        assert len(fake.requests) == 2 * len(SEVEN)
        assert len({shared(body) for body in fake.requests}) == 2


async def test_siblings_start_when_the_first_answer_begins_and_read_the_cache() -> None:
    """0.5 s to the first sign, 1 s of answer: 1.6 s in all, not 3 and not 1."""

    def slow(_body: dict[str, Any], number: int) -> Reply:
        return Reply(first=0.5 if number == 1 else 0.0, latency=1.0)

    async with fake_anthropic(slow) as fake:
        looks = await ask(fake.url, SEVEN)
        sign = fake.begun[1]
        assert all(fake.arrived[number] >= sign for number in range(2, 8))
        assert all(fake.arrived[number] < fake.ended[1] for number in range(2, 8))
        assert 1.5 <= max(fake.ended.values()) - fake.arrived[1] < 2.9
        assert fake.peak == 7
        written = [look.usage.written for look in looks]
        read = [look.usage.read for look in looks]
        assert written[0] > 500
        assert written[1:] == [0] * 6
        assert read == [0, *([written[0]] * 6)]
        assert looks[0].waited < 0.3
        assert all(0.4 < look.waited < 2 for look in looks[1:])


@pytest.mark.parametrize(
    "reply",
    [Reply(status=400), Reply(refusal="cyber"), Reply(hang=True), Reply(status=-1)],
    ids=["refused", "refusal", "silence", "lost"],
)
async def test_siblings_start_at_once_when_the_first_fails(reply: Reply) -> None:
    async with fake_anthropic(lambda _b, n: reply if n == 1 else Reply([SQL])) as fake:
        _first, *others = await ask(fake.url, SEVEN, first_seconds=1.0)
        assert [look.reading for look in others] == [Reading.READ] * 6
        assert max(look.waited for look in others) < 3


@pytest.mark.parametrize(("text", "waits"), [(ORDERS, False), (LONG, True)], ids=["small", "large"])
async def test_a_prefix_too_small_for_the_models_cache_is_not_waited_for(
    text: str, waits: bool
) -> None:
    """Haiku 4.5 caches 4096 tokens at least."""

    def slow(_body: dict[str, Any], number: int) -> Reply:
        return Reply(first=0.4 if number == 1 else 0.0)

    of = change({"api/orders.py": (None, text)})
    async with fake_anthropic(slow) as fake:
        looks = await ask(fake.url, SEVEN, of=of, default_model="claude-haiku-4-5")
        others = [fake.arrived[number] for number in range(2, 8)]
        assert [at >= fake.begun[1] for at in others] == [waits] * 6
        assert [look.waited > 0.2 for look in looks[1:]] == [waits] * 6


async def test_each_model_has_a_cache_and_a_leader_of_its_own() -> None:
    under = only_models(models=("claude-sonnet-5-5", "claude-opus-5-5"))
    calls = planned(orders_change(), under).calls
    async with fake_anthropic() as fake:
        looks = await ask(fake.url, calls, under=under)
        leaders = [look for look in looks if look.usage.written]
        assert {look.model for look in leaders} == {"claude-sonnet-5-5", "claude-opus-5-5"}
        assert len(leaders) == 2
        assert sum(look.usage.read > 0 for look in looks) == 5


async def test_the_verifying_call_reads_what_the_looks_wrote() -> None:
    async with fake_anthropic(lambda _body, _number: Reply([SQL])) as fake:
        verdict = await review(fake.url, under=only_models(rounds=2))
        assert len([look for look in verdict.looks if look.usage.written]) == 1
        assert verdict.looks[-1].usage.read > 0
