"""The thread in which reviews are made: work gets in, its ends get out, and it ends in good order."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest
from structlog.testing import capture_logs

from bot.jobs.protocol import JobsProblem
from bot.jobs.workshop import workshop
from tests.bot.jobs.running import until

DOOR = threading.main_thread()


class Long:
    """Work that ends only when it is cancelled."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    async def work(self) -> None:
        self.begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            self.ended.set()


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
    long = Long()
    async with workshop() as shop:
        task = asyncio.create_task(shop.run(long.work()))
        await until(long.begun.is_set)
        task.cancel()
        await until(long.ended.is_set)
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
            shop.begin(bad(), "5000#1")
            shop.begin(good(), "5000#2")
            await until(lambda: done.is_set() and logs)
    (line,) = logs
    assert (line["event"], line["job"], line["why"]) == ("beside.failed", "5000#1", "OSError")


async def test_what_still_runs_at_the_end_is_cancelled() -> None:
    long = Long()
    async with workshop() as shop:
        shop.begin(long.work(), "")
        await until(long.begun.is_set)
    assert long.ended.is_set()


async def test_the_door_goes_on_while_the_workshop_is_busy() -> None:
    """A loop that is kept by one piece of work answers nobody; the other one does."""
    stop = threading.Event()

    async def busy() -> None:
        stop.wait()

    async with workshop() as shop:
        shop.begin(busy(), "")
        there = asyncio.create_task(shop.run(asyncio.sleep(0)))
        await asyncio.sleep(0.2)
        assert not there.done()
        stop.set()
        await there


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_ends_unasked_ends_the_process_in_good_order() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    heard: list[int] = []

    async def die() -> None:
        raise SystemExit(3)

    async with workshop() as shop:
        shop.begin(die(), "")
        await asyncio.wait_for(told.wait(), 10)
        with pytest.raises(JobsProblem, match="have ended"):
            await shop.run(asyncio.sleep(0))
        with pytest.raises(JobsProblem, match="have ended"):
            shop.begin(asyncio.sleep(0), "")
        shop.tell(lambda: heard.append(1))
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    assert heard == []
