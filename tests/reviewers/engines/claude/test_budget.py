"""Money is asked for before each call; what is out together with what is spent fits the limit."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewers.core.allowance import Allowance
from reviewers.engines.claude.budget import Budget

SOFT = Allowance(1.0, "this review", "budget.review")
SPENT = Allowance(5.0, "this pull request", "budget.pull_request", spent=4.5)
FIRM = Allowance(9.0, "this run", "--max-cost", firm=True)


@pytest.mark.parametrize(
    ("allowances", "left"),
    [((), None), ((SOFT,), 1.0), ((SOFT, SPENT, FIRM), 0.5), ((FIRM,), 9.0)],
    ids=["none", "one", "tightest", "firm"],
)
def test_the_tightest_allowance_counts(allowances: tuple[Allowance, ...], left: float) -> None:
    assert Budget(allowances).left == left


def test_what_is_overspent_already_leaves_nothing() -> None:
    assert Budget((Allowance(1.0, "this pull request", spent=3.0),)).left == 0


@pytest.mark.parametrize(
    ("allowances", "amount", "granted", "reached"),
    [
        pytest.param((), 1000.0, True, None, id="no-limit"),
        pytest.param((), None, True, None, id="no-limit-no-price"),
        pytest.param((SOFT,), 1.0, True, None, id="fits-exactly"),
        pytest.param((SOFT,), 1.01, False, replace(SOFT, needed=1.01), id="above"),
        pytest.param((SOFT, SPENT), 0.7, False, SPENT, id="above-the-tightest"),
        pytest.param((SOFT,), None, True, None, id="no-price-soft"),
        pytest.param((SOFT, FIRM), None, False, FIRM, id="no-price-firm"),
    ],
)
async def test_what_is_granted(
    allowances: tuple[Allowance, ...], amount: float | None, granted: bool, reached: Allowance
) -> None:
    budget = Budget(allowances)
    assert await asyncio.wait_for(budget.reserve(amount), 1) is granted
    assert budget.reached == reached


async def test_a_call_waits_for_what_a_running_one_gives_back() -> None:
    budget = Budget((SOFT,))
    assert await budget.reserve(0.8)
    second = asyncio.create_task(budget.reserve(0.8))
    await asyncio.sleep(0.01)
    assert not second.done()
    await budget.pay(0.8, 0.1)
    assert await asyncio.wait_for(second, 1)
    assert budget.left == pytest.approx(0.1)


async def test_a_call_waits_no_longer_than_until_it_is_known_what_a_running_one_needs() -> None:
    budget = Budget((SOFT,))
    assert await budget.reserve(0.8)
    second = asyncio.create_task(budget.reserve(0.8))
    await asyncio.sleep(0.01)
    await budget.correct(0.8, 0.2)
    assert await asyncio.wait_for(second, 1)
    await budget.correct(0.8, 0.9)
    assert budget.left == pytest.approx(-0.1), "it was no bound, and nobody else starts"
    assert not await asyncio.wait_for(budget.reserve(2.0), 1)


async def test_a_call_that_can_never_fit_does_not_wait() -> None:
    budget = Budget((SOFT,))
    assert await budget.reserve(0.5)
    await budget.pay(0.5, 0.5)
    assert await budget.reserve(0.1)
    assert not await asyncio.wait_for(budget.reserve(0.6), 1)
    assert budget.reached is SOFT


async def test_one_that_waits_learns_that_nothing_is_left() -> None:
    budget = Budget((SOFT,))
    assert await budget.reserve(0.8)
    second = asyncio.create_task(budget.reserve(0.8))
    await asyncio.sleep(0.01)
    await budget.pay(0.8, 0.8)
    assert not await asyncio.wait_for(second, 1)


async def test_one_that_stops_waiting_holds_nothing() -> None:
    budget = Budget((SOFT,))
    assert await budget.reserve(0.8)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await budget.reserve(0.8)
    await budget.pay(0.8, 0.0)
    assert budget.left == 1.0


Job = tuple[float, float]
"""The most that a call can cost, and the share of it that it costs in the end."""


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.0, 1.0)), max_size=12),
    st.floats(0.0, 3.0),
)
def test_the_limit_is_never_exceeded_and_every_call_gets_an_answer(
    jobs: list[Job], limit: float
) -> None:
    budget = Budget((Allowance(limit, "this review"),))
    spent: list[float] = []

    async def one(most: float, share: float) -> None:
        if await budget.reserve(most):
            assert budget.left is not None
            assert budget.left >= -1e-9
            await asyncio.sleep(0)
            spent.append(most * share)
            await budget.pay(most, most * share)
        else:
            assert most > limit - sum(spent) - 1e-9

    async def all_of_them() -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*(one(*job) for job in jobs))

    asyncio.run(all_of_them())
    assert sum(spent) <= limit + 1e-9
