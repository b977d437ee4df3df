"""Looks are kept whatever the database does; what it could not do is no failure of a reviewer."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.app_settings import AppSettings
from bot.jobs.durable import FaultError, Start, keep, reserved
from bot.jobs.keeping import Keeper
from bot.jobs.limits import Limits
from bot.pipeline import KeepingError
from reviewers.core.call import Call, Look, Reading
from reviewers.core.fanout import Done, fan_out
from reviewers.core.policy import CLAUDE
from tests.bot.jobs.running import run_ended, until
from tests.bot.jobs.test_durable import engine

CALL = Call("security", CLAUDE, 1)
AWAY = OperationalError("update", None, sqlite3.OperationalError("connection lost"))


async def seen(call: Call) -> Look:
    """What a model says."""
    return Look(call, Reading.READ, cost=0.25)


async def asked(home: Path, *, paid: Exception | None = None, kept: Exception | None = None) -> str:
    """What comes of one call where its price, or that it is safe, cannot be written down."""
    told: list[str] = []

    async def pay(_look: Look) -> None:
        if paid:
            raise paid

    async def safe() -> None:
        if kept:
            raise kept

    async def work(_job: str) -> str:
        keeper = Keeper(Limits(AppSettings(home, ""), None), pay, safe)
        run = await keeper.round([CALL], seen)
        try:
            told.append((await run(CALL)).reading.value)
        except KeepingError as e:
            told.append(f"not kept: {type(e.cause).__name__}")
        return ""

    async with engine(f"sqlite:///{home}/t.db", home, work=work) as made:
        await made.start("work", "job", "job", Start(here=True))
        await run_ended("job")
    return told[0]


async def test_a_look_that_is_kept(tmp_path: Path) -> None:
    assert await asked(tmp_path) == "read"


@pytest.mark.parametrize("where", ["paid", "kept"])
async def test_a_database_that_is_away_interrupts_the_review(tmp_path: Path, where: str) -> None:
    """It was told as "an internal error" of every reviewer, posted, and never done again."""
    assert await asked(tmp_path, **{where: AWAY}) == "not kept: OperationalError"


async def test_trap_1_after_a_restart_each_call_gets_its_own_answer(tmp_path: Path) -> None:
    """More calls than are made at once, in another order in each life, the first one ended in their
    midst: an answer that came to another call would be told as a finding of the wrong reviewer.
    """
    calls = [Call("security", CLAUDE, number) for number in range(1, 25)]
    made: list[int] = []
    told: dict[int, float | None] = {}
    lives = 0
    draw = random.Random(1)

    async def seen(call: Call) -> Look:
        made.append(call.vote)
        if lives == 1 and call.vote % 3 == 0:
            await asyncio.sleep(3600)
        await asyncio.sleep(draw.uniform(0.0, 0.03))
        return Look(call, Reading.READ, cost=float(call.vote))

    async def nothing(*_: Any) -> None:
        pass

    async def work(_job: str) -> str:
        keeper = Keeper(Limits(AppSettings(tmp_path, ""), None), nothing, nothing)
        run = await keeper.round(calls, seen)

        async def late(call: Call) -> Look:
            await asyncio.sleep(draw.uniform(0.0, 0.05))
            look = await run(call)
            told[call.vote] = look.cost
            return look

        done = await fan_out(calls, late, limit=len(calls), deadline=3600)
        return str(sum(isinstance(d, Done) for d in done))

    lives = 1
    url = f"sqlite:///{tmp_path}/t.db"
    async with engine(url, tmp_path, work=work) as first:
        await first.start("work", "job", "job", Start(here=True))
        await until(lambda: len(told) == 16)
    assert len(made) == len(calls)
    told.clear()
    lives = 2
    async with engine(url, tmp_path, work=work):
        assert await run_ended("job") == "SUCCESS"
    assert told == {call.vote: float(call.vote) for call in calls}
    assert len(made) == len(calls) + 8, "what was kept is not asked again"


async def test_a_fault_keeps_its_name(tmp_path: Path) -> None:
    """It cannot be stored as it is; that must not hide what it was, now or in a later life."""
    faults: list[str] = []

    async def step() -> Mapping[str, Any]:
        raise ZeroDivisionError("by zero")

    async def work(_job: str) -> str:
        (place,) = reserved(1)
        try:
            await keep(place, "step", step)
        except (ZeroDivisionError, FaultError) as e:
            faults.append(f"{type(e).__name__}: {e}")
        if len(faults) == 1:
            await asyncio.sleep(3600)
        return ""

    for life in (1, 2):
        async with engine(f"sqlite:///{tmp_path}/t.db", tmp_path, work=work) as made:
            await made.start("work", "job", "job", Start(here=True))
            await until(lambda: len(faults) == life)  # noqa: B023
    assert faults == ["ZeroDivisionError: by zero", "FaultError: ZeroDivisionError: by zero"]
