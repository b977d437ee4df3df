"""S75: where nothing can be written, nothing is acknowledged, nothing is lost, nothing is paid twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.protocol import JobsProblem
from tests.bot.jobs.lives import Life, Womb
from tests.bot.jobs.running import until
from tests.bot.jobs.test_service import CALLS, Crew, crew
from tests.test_walkthrough import model


@pytest.fixture
async def at(womb: Womb, tmp_path: Path) -> AsyncIterator[Crew]:
    async with crew(f"sqlite:///{tmp_path}/t.db", womb, tmp_path) as made:
        yield made


async def is_done(server: Life, job: str) -> bool:
    row = await server.show(job)
    return bool(row and row["state"] == "done")


async def test_s75_a_full_disk(at: Crew, tmp_path: Path) -> None:
    """Here no file may grow, the log neither. A full disk of 6 MB was tried by hand."""
    async with at.worker() as server:
        assert await server.ready() == ""
        at.anthropic.script = lambda body, number: replace(model(body, number), latency=2.0)
        wish = at.wish(1)
        running = await server.accept(wish)
        await until(lambda: at.anthropic.running == CALLS - 1)
        await server.room(0)  # Its models answer while a job is refused, which takes 3.5 s.
        with pytest.raises(JobsProblem, match="The database does not take jobs"):
            await server.accept(at.wish(2))
        assert await server.accept(wish) == running, "what is known needs no room"
        assert await server.ready() == "the database takes nothing in"
        assert len(at.anthropic.whole) == CALLS - 1
        assert at.github.posts() == 0
        await server.room(None)
        async with asyncio.timeout(30):
            while await server.ready():
                await asyncio.sleep(0.05)
            other = await server.accept(at.wish(2))
            while not (await is_done(server, running) and await is_done(server, other)):
                await asyncio.sleep(0.05)
    assert (len(at.github.bodies_of(1)), len(at.github.bodies_of(2))) == (1, 1)
    assert len(at.anthropic.requests) == 2 * CALLS
    with sqlite3.connect(tmp_path / "t.db") as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
