"""A pull request is made a draft while it is reviewed: the base branch says whether that goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jobs.access import AppAccess
from bot.jobs.drafts import Drafts, read_drafting
from bot.jobs.orders import read_order
from bot.jobs.protocol import DRAFTED, CancelWish, JobState, Place
from tests.bot.jobs.running import SMALL, World, run_ended, until, world
from tests.fakes.github import Fault
from tests.test_walkthrough import model

STOPPED = [("skipped", f"Skipped: {DRAFTED}")]


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        made.anthropic.script = lambda body, number: replace(model(body, number), latency=1.0)
        yield made


async def drafted(w: World, config: str, seen: float = 2.0) -> tuple[str, str]:
    """A review that runs when its pull request is made a draft, and how the run ended that looked."""
    w.pull(config=f"{SMALL}{config}")
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2 and w.github.checks)
    w.github.pulls[128].draft = True
    run = await w.accept(CancelWish(w.github.place(128), DRAFTED, seen))
    return job, await run_ended(run)


async def test_where_drafts_are_reviewed_the_review_goes_on(w: World) -> None:
    job, _ = await drafted(w, "[triggers]\ndrafts = true\n")
    assert (await w.ended(job)).state is JobState.DONE
    assert w.github.posts() == 1


@pytest.mark.parametrize("config", ["", "[triggers]\ndrafts = false\n", "[triggers]\ndrafts = 3\n"])
async def test_elsewhere_it_is_stopped(w: World, config: str) -> None:
    job, _ = await drafted(w, config)
    assert (await w.ended(job)).state is JobState.CANCELLED
    await until(lambda: w.checks() == STOPPED and not w.anthropic.running)
    assert w.github.posts() == 0


async def test_what_came_after_it_goes_on(w: World) -> None:
    job, _ = await drafted(w, "", seen=0.5)
    assert (await w.ended(job)).state is JobState.DONE


async def test_where_github_does_not_tell_it_is_stopped(w: World) -> None:
    """Nothing is paid for that may not be wanted; a review that is can be asked for."""
    w.github.faults.append(Fault("GET", "/pulls/128$", 404, times=0))
    w.pull(config=f"{SMALL}[triggers]\ndrafts = true\n")
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    w.github.faults[0].times = 1
    await run_ended(await w.accept(CancelWish(w.github.place(128), DRAFTED, 2.0)))
    assert (await w.row(job)).state is JobState.CANCELLED


async def test_a_database_that_is_away_for_a_moment_is_waited_for(w: World) -> None:
    w.pull()
    away = sa.exc.OperationalError("select", {}, Exception("away"))
    ends: list[Exception | None] = [away, None]

    async def stop(_wish: CancelWish) -> None:
        if error := ends.pop(0):
            raise error

    async def others(_text: str) -> str:
        raise AssertionError("it is no order")

    access = AppAccess(w.settings, w.app, lambda: w.app)
    wish = CancelWish(w.github.place(128), DRAFTED, 2.0)
    assert await Drafts(access, stop, others, (0.0,)).run(json.dumps(asdict(wish))) == "stopped"
    assert ends == []
    await access.close()


def test_it_is_read_back_from_a_row_and_is_no_order() -> None:
    wish = CancelWish(Place(77, "a", 5000, "a/b", 1), DRAFTED, 2.0)
    text = json.dumps(asdict(wish))
    assert read_drafting(text) == wish
    assert read_order(text) is None
    for other in ("", "[]", json.dumps({**asdict(wish), "why": "stopped by bob"})):
        assert read_drafting(other) is None
