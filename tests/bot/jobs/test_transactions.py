"""A webhook that waits for its answer does not stand behind all that reviews write down, which SQLite
takes one by one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from bot.app_settings import AppSettings
from bot.jobs.transactions import Transactions, open_database


@pytest.fixture
async def transactions(tmp_path: Path) -> AsyncIterator[Transactions]:
    made = open_database(AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db"))
    yield made
    await made.close()


async def test_an_awaited_write_goes_before_those_that_nobody_awaits(
    transactions: Transactions,
) -> None:
    done: list[str] = []
    going, go_on = threading.Event(), threading.Event()

    def held(_: Connection) -> None:
        going.set()
        assert go_on.wait(30)

    def write(name: str) -> asyncio.Task[None]:
        awaited = name == "awaited"
        return asyncio.create_task(transactions.do(lambda _: done.append(name), awaited=awaited))

    holder = asyncio.create_task(transactions.do(held))
    assert await asyncio.to_thread(going.wait, 30)
    others = [write(str(n)) for n in range(40)]
    last = write("awaited")
    await asyncio.sleep(0.2)  # Its thread is at the door now, or comes while the others write.
    go_on.set()
    await asyncio.gather(holder, *others, last)
    assert done.index("awaited") < 20, done
    assert len(done) == 41
