"""Whom the death of a server is blamed on (case S76)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.jobs.blame import MOST_ATTEMPTS, SUSPECT, given_up, is_suspect, wait_of
from bot.jobs.protocol import JobState
from tests.bot.jobs.running import hang, until, world


def test_s76_others_go_first_for_longer_each_time() -> None:
    lives = range(MOST_ATTEMPTS + 2)
    assert [wait_of(n, 5.0) for n in lives] == [0, 0, 0, 5, 10, 15, 15]
    assert [n for n in lives if is_suspect(n)] == [n for n in lives if n >= SUSPECT]


def test_s76_three_lives_alone_are_the_end() -> None:
    assert [bool(given_up(n)) for n in range(MOST_ATTEMPTS + 2)] == [False] * 6 + [True]
    assert given_up(MOST_ATTEMPTS + 1) == "it broke this server 3 times"


async def test_s76_a_server_that_dies_young_gives_nobody_up(tmp_path: Path) -> None:
    """Killed from outside again and again, it ends before it has tried who may have broken it."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        w.pull()
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2)
        await w.service._store.note(job, attempts=MOST_ATTEMPTS)
        for _ in range(4):
            await w.service.stop()
            await w.start(blame=60.0)
            await until(lambda: w.crew.worker._running)
            await asyncio.sleep(0.1)
            assert (await w.row(job)).attempts == MOST_ATTEMPTS
        await w.service.stop()
        await w.start()
        assert (await w.ended(job)).state is JobState.DEAD
