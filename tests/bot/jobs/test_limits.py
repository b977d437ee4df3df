"""How much goes on at once: one review a pull request, seats, places for model calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app_settings import AppSettings
from bot.jobs.limits import Limits, Turns, number_of
from bot.jobs.takeover import PostgresLocks
from tests.bot.jobs.running import until
from tests.postgres import Cluster


def limits(locks: PostgresLocks | None = None, **more: Any) -> Limits:
    return Limits(AppSettings(Path("/nonexistent"), "sqlite:///x", **more), locks)


class Crowd:
    """Counts who is in at the same time."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.peak = 0
        self.order: list[str] = []
        self.go = asyncio.Event()

    async def enter(self, place: Any, name: str) -> None:
        """Go in, stay until everybody may leave, and one look of the event loop longer."""
        async with place:
            self.inside.append(name)
            self.order.append(name)
            self.peak = max(self.peak, len(self.inside))
            await self.go.wait()
            await asyncio.sleep(0)
            self.inside.remove(name)


async def test_one_review_of_a_pull_request_at_a_time() -> None:
    at, crowd = limits(), Crowd()
    tasks = [
        asyncio.create_task(crowd.enter(at.review("a job", "5000#1"), str(n))) for n in range(4)
    ]
    tasks.append(asyncio.create_task(crowd.enter(at.review("a job", "5000#2"), "other")))
    await until(lambda: len(crowd.inside) == 2)
    crowd.go.set()
    await asyncio.gather(*tasks)
    assert crowd.peak == 2
    assert [n for n in crowd.order if n != "other"] == ["0", "1", "2", "3"], "in turn"


async def test_who_comes_as_another_leaves_does_not_pass_who_waits() -> None:
    """A lock that is free and awaited was thrown away, and two reviews of a pull request ran."""
    turns, inside, most = Turns(), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with turns.turn("a"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    first = [asyncio.create_task(one()) for _ in range(2)]
    await first[0]
    await asyncio.gather(*first, *(asyncio.create_task(one()) for _ in range(5)))
    assert most == 1
    assert turns._locks == {}


async def test_no_turn_is_kept_by_who_fails_or_is_cancelled() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="x"):
        async with turns.turn("a"):
            raise ValueError("x")
    async with turns.turn("a"):
        waiting = asyncio.create_task(Crowd().enter(turns.turn("a"), "w"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert turns._locks == {}


async def test_so_many_seats_and_no_more() -> None:
    at, crowd = limits(reviews_at_once=3), Crowd()
    tasks = [
        asyncio.create_task(crowd.enter(at.review("a job", f"1#{n}"), str(n))) for n in range(9)
    ]
    await until(lambda: at.seats.full)
    crowd.go.set()
    await asyncio.gather(*tasks)
    assert crowd.peak == 3
    assert not at.seats.full


async def test_those_who_may_have_broken_the_server_are_alone_with_their_likes() -> None:
    at, crowd = limits(), Crowd()
    suspects = [
        asyncio.create_task(crowd.enter(at.review("a job", f"1#{n}", alone=True), f"s{n}"))
        for n in range(3)
    ]
    others = [
        asyncio.create_task(crowd.enter(at.review("a job", f"2#{n}"), str(n))) for n in range(3)
    ]
    await until(lambda: len(crowd.inside) == 4)
    assert sum(name.startswith("s") for name in crowd.inside) == 1
    crowd.go.set()
    await asyncio.gather(*suspects, *others)


async def test_one_review_prepares_at_a_time_in_the_order_of_coming() -> None:
    at = limits()
    first, second, third = (at.preparation() for _ in range(3))
    await first.begin()
    waiting = [asyncio.create_task(p.begin()) for p in (second, third)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert not waiting[1].done()
    second.end()  # It was never its turn: nothing is given away.
    await asyncio.sleep(0)
    assert not waiting[1].done()
    first.end()
    first.end()
    await asyncio.wait_for(waiting[1], 5)


async def test_so_many_model_calls_in_a_process() -> None:
    at, crowd = limits(calls_at_once=4), Crowd()
    tasks = [asyncio.create_task(crowd.enter(at.call(), str(n))) for n in range(9)]
    await until(lambda: len(crowd.inside) == 4)
    crowd.go.set()
    await asyncio.gather(*tasks)
    assert crowd.peak == 4


@pytest.mark.parametrize("name", ["", "5000#1", "worker-\ud7ff", "x" * 1000])
def test_a_name_is_a_number_that_postgres_takes(name: str) -> None:
    assert -(2**31) <= number_of(name) < 2**31


# --- across machines


@asynccontextmanager
async def two(cluster: Cluster) -> AsyncIterator[tuple[PostgresLocks, PostgresLocks]]:
    """Two workers on one Postgres."""
    url = cluster.database()
    async with AsyncExitStack() as opened:
        made = [PostgresLocks(url, name) for name in ("one", "two")]
        for locks in made:
            assert await locks.open()
            opened.push_async_callback(locks.close)
        yield made[0], made[1]


async def test_so_many_model_calls_everywhere(cluster: Cluster) -> None:
    async with two(cluster) as (one, other):
        both = [limits(locks, calls_everywhere=5, calls_at_once=4) for locks in (one, other)]
        crowd = Crowd()
        tasks = [asyncio.create_task(crowd.enter(at.call(), "")) for at in both for _ in range(8)]
        await until(lambda: len(crowd.inside) == 5)
        crowd.go.set()
        await asyncio.gather(*tasks)
        assert crowd.peak == 5
        assert [at._slots for at in both] == [set(), set()]


async def test_one_review_of_a_pull_request_everywhere(cluster: Cluster) -> None:
    async with two(cluster) as (one, other):
        crowd = Crowd()
        tasks = [
            asyncio.create_task(crowd.enter(limits(locks).review("a job", "5000#1"), ""))
            for locks in (one, other)
        ]
        await until(lambda: crowd.inside)
        crowd.go.set()
        await asyncio.gather(*tasks)
        assert crowd.peak == 1


async def test_who_is_cancelled_while_it_asks_holds_nothing(cluster: Cluster) -> None:
    """A superseded job's call: its slot was taken at the server, and nobody knew of it."""
    async with two(cluster) as (one, other):
        at = limits(one, calls_everywhere=1)
        for ticks in range(8):
            task = asyncio.create_task(Crowd().enter(at.call(), ""))
            for _ in range(ticks):
                await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait([task])
        assert at._slots == set()
        crowd = Crowd()
        crowd.go.set()
        async with asyncio.timeout(10):
            await crowd.enter(limits(other, calls_everywhere=1).call(), "")


async def test_what_a_dead_process_held_is_free(cluster: Cluster) -> None:
    url = cluster.database()
    dead, heir = PostgresLocks(url, "dead"), PostgresLocks(url, "heir")
    assert await dead.open()
    assert await dead.take(1, 2)
    assert await heir.open()
    assert not await heir.take(1, 2)
    await dead.close()
    async with asyncio.timeout(10):
        while not await heir.take(1, 2):
            await asyncio.sleep(0.01)
    await heir.close()
