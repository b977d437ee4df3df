"""What a review costs is what its requests cost; a budget stops it before the next call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Look, Reading, Usage
from reviewers.core.policy import CLAUDE
from reviewers.core.verdict import Outcome
from reviewers.engines.claude.engine import HELD_UP, build
from reviewers.engines.claude.prices import PRICES, Price, cost
from reviewers.protocols import Moment
from tests.builders import MODEL, ORDERS, SQL_LINE, change, orders_change, planned
from tests.fakes.anthropic import Reply, fake_anthropic, reported
from tests.reviewers.engines.claude.asking import (
    ask,
    ask_once,
    brief,
    engine,
    only_models,
    review,
)

SQL = reported(
    "api/orders.py", SQL_LINE, 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
)
SEVEN = planned(orders_change(), only_models()).calls
DEAR = Reply(thinking="x" * 4 * 4_000)
"""An answer of 4,000 tokens, as many as a call may give under a tight budget: 0.04 USD."""
TIGHT = Allowance(0.10, "this review", "budget.review")
FIRM = Allowance(100.0, "this run", "--max-cost", firm=True)


def priced(look: Look, model: str = MODEL) -> float:
    """What the attempts of a look cost, one by one."""
    costs = [cost(a.usage, model, {}) for a in look.attempts]
    return sum(c for c in costs if c is not None)


async def test_s55_a_look_costs_what_the_api_counted() -> None:
    async with fake_anthropic(lambda _b, _n: Reply([SQL])) as fake:
        look = await ask_once(fake.url)
        (body,) = fake.requests
    prefix, last = (len(block["text"]) for block in body["messages"][0]["content"])
    size = (len(body["system"][0]["text"]) + prefix) // 4
    assert look.usage == Usage(last // 4, size, 0, len(Reply([SQL]).answer()) // 4 + 1)
    price = PRICES[MODEL]
    usd = (
        look.usage.uncached * price.input + size * price.write + look.usage.out * price.output
    ) / 1e6
    assert look.cost == pytest.approx(usd)


@pytest.mark.parametrize("cut", ["drop", "error"])
async def test_s55_a_look_costs_the_sum_of_its_attempts(cut: str) -> None:
    async with fake_anthropic(lambda _b, n: Reply([SQL], cut=cut if n == 1 else "")) as fake:
        look = await ask_once(fake.url)
    first, second = look.attempts
    assert first.usage.written > 0
    assert second.usage.read == first.usage.written
    assert look.usage == first.usage + second.usage
    assert look.cost == pytest.approx(priced(look))
    assert priced(look) > (cost(second.usage, MODEL, {}) or 0)


async def test_s55_two_short_prompts_do_not_make_a_long_one() -> None:
    """Haiku's price above 100K tokens is for a request that long, not for two of 60K."""
    of = change({"a.txt": (None, "words and words\n" * 13_000)})
    under = only_models(chunk_chars=10**6, max_file_chars=10**6)
    async with fake_anthropic(lambda _b, n: Reply(cut="drop" if n == 1 else "")) as fake:
        haiku = "claude-haiku-5-5"
        look = await ask_once(fake.url, of=of, under=under, default_model=haiku)
    assert all(60_000 < a.usage.prompt < 100_000 for a in look.attempts)
    assert look.usage.prompt > 100_000
    assert look.cost == pytest.approx(priced(look, haiku))
    assert priced(look, haiku) < 0.02  # At the price of a long one: 0.05.


async def test_s55_a_review_costs_the_sum_of_its_looks_verification_included() -> None:
    def script(_body: dict[str, Any], number: int) -> Reply:
        return Reply([SQL], status=500 if number == 2 else 0, retry_after=0.01)

    async with fake_anthropic(script) as fake:
        verdict = await review(fake.url, under=only_models(rounds=2))
        assert len(verdict.looks) == 8
        assert len(fake.requests) == 9
    assert verdict.cost == pytest.approx(sum(priced(look) for look in verdict.looks))
    total = sum((look.usage for look in verdict.looks), Usage())
    assert verdict.usage == total
    assert total.written > 0
    assert total.read > 0


async def test_s55_under_a_tiny_budget_some_calls_start_and_the_others_say_why_not() -> None:
    async with fake_anthropic(lambda _b, _n: DEAR) as fake:
        verdict = await review(fake.url, allowances=(FIRM, TIGHT))
        asked = len(fake.requests)
    assert 1 <= asked <= 2
    assert verdict.outcome is Outcome.INCOMPLETE
    started = [look for look in verdict.looks if look.reading is Reading.READ]
    held = [look for look in verdict.looks if look.reading is Reading.BUDGET]
    assert (len(started), len(held)) == (asked, 7 - asked)
    assert {look.allowance for look in held} == {TIGHT}
    assert {look.detail for look in held} == {"the budget of 0.10 USD for this review is reached"}
    assert verdict.reached is TIGHT
    assert verdict.cost is not None
    assert verdict.cost <= TIGHT.limit


async def test_what_running_calls_give_back_lets_the_others_start() -> None:
    """Two calls at the most fit at once; cheap answers leave enough for all seven."""
    async with fake_anthropic(lambda _b, _n: Reply(latency=0.05)) as fake:
        looks = await ask(fake.url, SEVEN, allowances=(TIGHT,))
        assert fake.peak <= 2
    assert [look.reading for look in looks] == [Reading.READ] * 7


async def test_nothing_is_asked_when_one_call_alone_could_exceed_the_budget() -> None:
    async with fake_anthropic() as fake:
        looks = await ask(fake.url, SEVEN, allowances=(Allowance(0.01, "this review"),))
        assert fake.requests == []
    assert [look.reading for look in looks] == [Reading.BUDGET] * 7
    assert [look.cost for look in looks] == [0.0] * 7
    assert (
        looks[0].detail
        == "one call can cost 0.05 USD, more than the budget of 0.01 USD for this review"
    )


async def test_a_firm_limit_holds_where_the_price_is_not_known() -> None:
    async with fake_anthropic() as fake:
        firm = await ask_once(fake.url, default_model="claude-next", allowances=(TIGHT, FIRM))
        assert (firm.reading, firm.allowance) == (Reading.BUDGET, FIRM)
        assert fake.requests == []
        soft = await ask_once(fake.url, default_model="claude-next", allowances=(TIGHT,))
        assert (soft.reading, soft.cost) == (Reading.READ, None)
        own = {"claude-next": Price(2, 2.5, 0.1, 10)}
        told = await ask_once(fake.url, default_model="claude-next", allowances=(FIRM,), prices=own)
        assert told.reading is Reading.READ
        assert told.cost


async def test_a_lost_call_gives_its_money_back() -> None:
    allowances = (Allowance(0.06, "this review"),)
    async with (
        fake_anthropic(lambda _b, n: Reply(status=400) if n == 1 else Reply()) as fake,
        engine(fake.url, allowances=allowances) as made,
    ):
        looks = [await made.run(call) for call in SEVEN[:2]]
    assert [look.reading for look in looks] == [Reading.FAILED, Reading.READ]


async def test_s54_a_call_that_waited_for_money_is_not_made_where_another_has_failed_for_good() -> (
    None
):
    """Two chunks, so that nobody waits for the cache, and money for one call at a time."""
    of = change({f"api/part{i}.py": (None, ORDERS) for i in range(2)})
    under = only_models(chunk_chars=500)
    calls = (Call("security", CLAUDE, 1, chunk=0), Call("security", CLAUDE, 1, chunk=1))
    allowances = (Allowance(0.06, "this review"),)
    async with fake_anthropic(lambda _b, _n: Reply(status=401)) as fake:
        looks = await ask(fake.url, calls, of=of, under=under, allowances=allowances)
        assert len(fake.requests) == 1
    assert {look.detail for look in looks} == {"the API key was refused (401)"}


async def test_a_broken_stream_is_asked_for_again_where_the_budget_grants_it_anew() -> None:
    """A call can cost 0.0439 USD at the most; each broken answer here costs 0.026."""
    broken = Reply(text="x" * 4 * 4_000, cut="drop")
    for limit, streams, detail in (
        (0.05, 1, "the answer broke off, and the budget is too small to ask again"),
        (0.08, 2, "the answer broke off"),
    ):
        firm = Allowance(limit, "this review", firm=True)
        async with fake_anthropic(lambda _b, _n: broken) as fake:
            look = await ask_once(fake.url, allowances=(firm,))
            assert len(fake.requests) == len(look.attempts) == streams
        assert (look.reading, look.detail) == (Reading.FAILED, detail)
        assert look.cost is not None
        assert 0.02 * streams < look.cost <= limit


async def test_what_a_cancelled_call_has_used_is_told_and_counts() -> None:
    """The prompt is billed when the answer begins, whoever hears it out."""
    told: list[Look] = []
    begun = asyncio.Event()

    def watch(_call: Call, moment: Moment) -> None:
        if moment is Moment.ANSWERING:
            begun.set()

    slow = Reply(latency=30)
    async with fake_anthropic(lambda _b, n: slow if n == 1 else Reply()) as fake:
        under = brief(url=fake.url, allowances=(Allowance(0.0439, "this review"),))
        made = build(replace(under, watch=watch, cut=told.append))
        asking = asyncio.create_task(made.run(SEVEN[0]))
        await asyncio.wait_for(begun.wait(), 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        (used,) = told
        assert used.call == SEVEN[0]
        assert used.usage.written > 0
        assert used.cost == pytest.approx(cost(used.usage, MODEL, {}))
        after = await made.run(SEVEN[1])
        assert after.reading is Reading.BUDGET, "the rest is too little"
        await made.close()


async def test_what_a_call_has_used_that_a_fault_of_ours_ends_is_told() -> None:
    told: list[Look] = []

    def watch(_call: Call, moment: Moment) -> None:
        if moment is Moment.ANSWERING:
            raise TypeError("a screen that broke")

    async with fake_anthropic(lambda _b, _n: Reply()) as fake:
        made = build(replace(brief(url=fake.url), watch=watch, cut=told.append))
        with pytest.raises(TypeError, match="a screen"):
            await made.run(SEVEN[0])
        await made.close()
    (used,) = told
    assert used.usage.written > 0
    assert used.cost


async def test_a_call_that_is_cancelled_before_it_cost_anything_tells_nothing() -> None:
    told: list[Look] = []
    async with fake_anthropic(lambda _b, _n: Reply(hang=True)) as fake:
        made = build(replace(brief(url=fake.url), cut=told.append))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.run(SEVEN[0]), 0.3)
        await made.close()
    assert told == []


async def test_waiting_for_money_ends_with_the_deadline() -> None:
    async with fake_anthropic(lambda _b, _n: Reply(latency=30)) as fake:
        allowances = (Allowance(0.06, "this review"),)
        looks = await ask(fake.url, SEVEN[:3], seconds=0.6, allowances=allowances)
        assert len(fake.requests) == 1
    assert [look.reading for look in looks] == [Reading.TIMED_OUT] * 3
    assert looks[0].cost
    assert [look.cost for look in looks[1:]] == [0.0] * 2
    assert max(look.seconds for look in looks) < 5


async def test_money_that_comes_too_late_starts_nothing() -> None:
    """The first ends, and its money is free, when the others have next to no time left."""

    def almost_too_slow(_body: dict[str, Any], number: int) -> Reply:
        return Reply(first=0.1, latency=1.75) if number == 1 else Reply()

    async with fake_anthropic(almost_too_slow) as fake:
        allowances = (Allowance(0.06, "this review"),)
        first, *others = await ask(fake.url, SEVEN[:3], seconds=2.0, allowances=allowances)
        assert len(fake.requests) == 1
    assert first.reading in (Reading.READ, Reading.TIMED_OUT), "on a busy machine"
    assert [(look.reading, look.detail) for look in others] == [(Reading.TIMED_OUT, HELD_UP)] * 2


@pytest.mark.parametrize(("caches", "at_once"), [(True, 2), (False, 1)], ids=["warm", "cold"])
async def test_what_a_prompt_did_not_cost_is_given_back_when_the_answer_begins(
    caches: bool, at_once: int
) -> None:
    """25,000 tokens of prompt: 0.06 USD to write, 0.003 to read; 4,000 of answer: 0.04."""
    of = change({"a.txt": (None, "words and words\n" * 4_300)})
    allowances = (Allowance(0.22, "this review"),)
    async with fake_anthropic(lambda _b, _n: Reply(latency=0.3)) as fake:
        fake.least_cached = 512 if caches else 10**9
        async with engine(fake.url, of=of, allowances=allowances) as made:
            first = await made.run(SEVEN[0])
            assert (first.usage.written > 0) is caches
            await asyncio.gather(*(made.run(call) for call in SEVEN[1:4]))
        assert fake.peak == at_once
        assert len(fake.requests) >= 2


async def test_s55_a_cache_that_is_cold_again_does_not_break_the_budget() -> None:
    """Every call writes it anew: an entry lives for 5 minutes, and may be crowded out before."""
    of = change({"a.txt": (None, "words and words\n" * 4_300)})
    full = Reply(thinking="x" * 4 * 3_900)
    async with fake_anthropic() as fake:

        def forgets(_body: dict[str, Any], _number: int) -> Reply:
            fake.forget()
            return full

        fake.script = forgets
        allowance = Allowance(0.25, "this review", firm=True)
        verdict = await review(fake.url, of=of, allowances=(allowance,))
        assert all(look.usage.read == 0 for look in verdict.looks)
    assert verdict.cost is not None
    assert 0.2 < verdict.cost <= allowance.limit
    assert verdict.outcome is Outcome.INCOMPLETE


async def test_s55_a_text_of_many_tokens_does_not_break_the_budget() -> None:
    """A Chinese character may be three, where of code three and a half characters are one."""
    of = change({"a.txt": (None, "\u4e2d\u6587" * 8_000 + "\n")})
    allowance = Allowance(0.10, "this review", firm=True)
    async with fake_anthropic() as fake:
        fake.dense = True
        verdict = await review(fake.url, of=of, allowances=(allowance,))
        assert fake.requests == []
        assert verdict.reached is not None
        assert verdict.reached.needed > allowance.limit
        assert replace(verdict.reached, needed=0.0) == allowance
        enough = Allowance(0.30, "this review", firm=True)
        verdict = await review(fake.url, of=of, allowances=(enough,))
    assert verdict.cost is not None
    assert 0.12 < verdict.cost <= enough.limit


async def test_a_usual_change_of_a_thousand_lines_fits_the_usual_budget() -> None:
    """The default of the command line; nine calls, each with a usual answer, side by side."""
    row = "    total = total + price_of(item) * rate\n"
    of = change({"a.py": (None, "def total():\n" + row * 1_000)})
    under = only_models(votes={"security": 3, "style": 3, "correctness": 3})
    usual = Reply(thinking="x" * 4 * 1_500, latency=0.5)
    async with fake_anthropic(lambda _b, _n: usual) as fake:
        verdict = await review(
            fake.url, of=of, under=under, allowances=(Allowance(0.50, "this run"),)
        )
        assert fake.peak >= 6
    assert [look.reading for look in verdict.looks] == [Reading.READ] * 9
