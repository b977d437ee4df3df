"""The thread in which reviews are made: work gets in, its ends get out, and it ends in good order."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from structlog.testing import capture_logs

from bot.jobs.workshop import workshop
from tests.bot.jobs.running import until

DOOR = threading.main_thread()


async def test_work_is_done_there_and_its_end_is_told_here() -> None:
    async def where(fails: bool) -> threading.Thread:
        await asyncio.sleep(0)
        if fails:
            raise KeyError("of ours")
        return threading.current_thread()

    async with workshop() as shop:
        there = await shop.run(where(fails=False))
        assert there is not DOOR
        assert await shop.run(where(fails=False)) is there
        with pytest.raises(KeyError, match="of ours"):
            await shop.run(where(fails=True))
    assert not there.is_alive()


async def test_who_waits_and_is_cancelled_cancels_the_work() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def long() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with workshop() as shop:
        task = asyncio.create_task(shop.run(long()))
        await until(begun.is_set)
        task.cancel()
        await until(ended.is_set)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_nobody_waits_for_is_done_and_its_failure_is_logged() -> None:
    done = threading.Event()

    async def good() -> None:
        done.set()

    async def bad() -> None:
        raise OSError("disk")

    async with workshop() as shop:
        with capture_logs() as logs:
            shop.begin(bad())
            shop.begin(good())
            await until(lambda: done.is_set() and logs)
    assert [(line["event"], line["why"]) for line in logs] == [("beside.failed", "OSError")]


async def test_what_still_runs_at_the_end_is_cancelled() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def long() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with workshop() as shop:
        shop.begin(long())
        await until(begun.is_set)
    assert ended.is_set()


async def test_the_door_goes_on_while_the_workshop_is_busy() -> None:
    """A loop that is kept by one piece of work answers nobody; the other one does."""
    stop = threading.Event()

    async def busy() -> None:
        while not stop.is_set():
            time.sleep(0.001)

    async with workshop() as shop:
        shop.begin(busy())
        async with asyncio.timeout(10):
            for _ in range(100):
                await asyncio.sleep(0)
        stop.set()
