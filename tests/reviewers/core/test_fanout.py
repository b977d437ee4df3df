"""What a fan-out promises to any job: all of it at once, every answer in its place, none lost."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from reviewers.core.fanout import Done, Failed, fan_out


async def doubled(number: int) -> int:
    """A job that takes the longer the smaller its number is."""
    await asyncio.sleep(0.03 / (number + 1))
    return number * 2


async def test_answers_stand_in_the_order_of_the_calls() -> None:
    """Whoever is done first."""
    outcomes = await fan_out(range(6), doubled, limit=6, deadline=5)
    assert [o.call for o in outcomes] == list(range(6))
    assert [o.value for o in outcomes if isinstance(o, Done)] == [0, 2, 4, 6, 8, 10]


async def test_nothing_to_do_is_done_at_once() -> None:
    assert await fan_out([], doubled, limit=1, deadline=5) == ()


async def test_equal_calls_are_calls_of_their_own() -> None:
    """Voting is the same call again; two equal ones are never one."""
    outcomes = await fan_out([3, 3, 3], doubled, limit=3, deadline=5)
    assert [o.value for o in outcomes if isinstance(o, Done)] == [6, 6, 6]


async def test_a_failing_call_cancels_no_neighbour() -> None:
    async def run(number: int) -> int:
        if number == 1:
            raise ValueError("one is odd")
        await asyncio.sleep(0.05)
        return number

    outcomes = await fan_out(range(4), run, limit=4, deadline=5)

    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert str(failed.error) == "one is odd"
    assert [o.call for o in outcomes if isinstance(o, Done)] == [0, 2, 3]


async def test_a_hanging_call_is_out_of_time_and_cancels_no_neighbour() -> None:
    async def run(number: int) -> int:
        if number == 0:
            await asyncio.Event().wait()
        return number

    start = monotonic()
    outcomes = await fan_out(range(3), run, limit=3, deadline=0.1)

    hung = outcomes[0]
    assert isinstance(hung, Failed)
    assert isinstance(hung.error, TimeoutError)
    assert 0.09 <= hung.seconds < 1.0
    assert [o.call for o in outcomes if isinstance(o, Done)] == [1, 2]
    assert monotonic() - start < 1.0


async def test_the_deadline_is_each_call_s_own_and_begins_when_it_runs() -> None:
    """Waiting for a slot costs a call none of its time."""

    async def run(number: int) -> int:
        await asyncio.sleep(0.1)
        return number

    outcomes = await fan_out(range(4), run, limit=1, deadline=0.25)
    assert all(isinstance(o, Done) for o in outcomes)


async def test_a_call_that_cancels_itself_is_a_failure_like_any_other() -> None:
    """A library that cancels its own task must not take the neighbours' results with it."""

    async def run(number: int) -> int:
        if number == 1:
            raise asyncio.CancelledError
        await asyncio.sleep(0.02)
        return number

    outcomes = await fan_out(range(3), run, limit=3, deadline=5)

    assert [type(o) for o in outcomes] == [Done, Failed, Done]


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_no_more_than_the_limit_run_at_a_time(limit: int) -> None:
    running = 0
    most = 0

    async def run(_number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1

    outcomes = await fan_out(range(9), run, limit=limit, deadline=5)

    assert most == min(limit, 9)
    assert len(outcomes) == 9


async def test_a_failure_gives_its_slot_back() -> None:
    async def run(number: int) -> int:
        raise ValueError(number)

    outcomes = await fan_out(range(5), run, limit=1, deadline=5)
    assert all(isinstance(o, Failed) for o in outcomes)


async def test_seconds_are_those_of_the_call() -> None:
    async def run(number: float) -> None:
        await asyncio.sleep(number)

    short, long = await fan_out([0.0, 0.1], run, limit=1, deadline=5)
    assert short.seconds < 0.05
    assert 0.09 <= long.seconds < 0.5


async def test_cancelling_the_fan_out_cancels_every_call() -> None:
    started = asyncio.Semaphore(0)
    cancelled = []

    async def run(number: int) -> None:
        started.release()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    task = asyncio.create_task(fan_out(range(3), run, limit=3, deadline=60))
    for _ in range(3):
        await started.acquire()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [0, 1, 2]
