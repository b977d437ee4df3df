"""How jobs end where GitHub does not take it: what is told late, once, and what never."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.findings import last_findings, open_findings
from bot.jobs.protocol import JobRow, JobState, Trigger
from bot.jobs.spending import DAY
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.bot.jobs.test_gate import GATE, GATED, QUIET
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply
from tests.fakes.github import Fault
from tests.test_walkthrough import model

SOON = 100.0
"""Seconds after which a check run that did not end with its job is ended."""


def silent(_body: dict[str, Any], _number: int) -> Reply:
    return Reply()


async def closed(w: World, after: float = SOON) -> None:
    """As the crew does it every two minutes."""
    await w.there(w.crew.endings.close_checks(time.time() + after))


async def given_up(w: World) -> JobRow:
    """GitHub answers nothing for longer than a job waits, and then it is back."""
    away = [Fault(m, r"^/(?!app/)", 422, times=99) for m in ("GET", "POST", "PATCH")]
    w.github.faults += away
    row = await w.ended(await w.accept(w.wish()), 400)
    assert row.state is JobState.DEAD
    assert w.checks() == []
    w.github.faults.clear()
    return row


FAILED = "Failed: not reviewed, GitHub could not read acme/shop#128: Server Error"


@GATED
async def test_what_was_given_up_while_github_was_away_is_told_when_it_is_back(
    tmp_path: Path, config: str
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=config)
        await given_up(w)
        for _ in range(2):  # And once.
            await closed(w)
            assert w.checks() == [("failure" if config == GATE else "neutral", FAILED)]


async def test_it_is_not_told_days_later(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=GATE)
        await given_up(w)
        await closed(w, DAY + SOON)
        assert w.checks() == []


async def test_it_is_not_told_over_a_review_of_the_same_commit(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=GATE)
        await given_up(w)
        await w.reviewed(trigger=Trigger.REOPENED, seen=9.0)
        told = w.checks()
        assert told == [("neutral", "1 finding: 1 medium")]
        await closed(w)
        assert w.checks() == told


@pytest.mark.parametrize("pushed", [False, True], ids=["the same commit", "another one"])
async def test_what_is_reviewed_since_needs_nobody_s_look_once_it_owes_nothing(
    tmp_path: Path, *, pushed: bool
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=GATE)
        given = await given_up(w)
        if pushed:
            w.push(128, "9d02f7e", f"{ORDERS}\n")
        done = await w.reviewed(trigger=Trigger.PUSHED, seen=9.0, once="" if pushed else "again")
        assert (await w.service.figures()).dead == 1, "its check run may still be told"
        await closed(w)
        row = await w.row(given.id)
        assert (row.state, row.note) == (JobState.SUPERSEDED, f"reviewed since, as {done.id}")
        assert (await w.service.figures()).dead == 0


@pytest.mark.parametrize(
    ("config", "script", "text", "told"),
    [
        (GATE, model, ORDERS, ("failure", "2 findings: 2 high")),
        (SMALL, model, ORDERS, ("neutral", "2 findings: 2 high")),
        (GATE, silent, QUIET, ("success", "No findings: 2 reviewers read the only hunk")),
    ],
)
async def test_a_review_whose_check_run_cannot_be_ended_is_done(
    tmp_path: Path, config: str, script: Any, text: str, told: tuple[str, str]
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, "api/orders.py": text})
        place = w.github.place(128)
        w.github.faults.append(Fault("PATCH", "check-runs", 422, times=2))
        row = await w.reviewed()
        assert (row.state, row.title) == (JobState.DONE, told[1])
        assert row.note.startswith("its check run could not be ended: ")
        found = json.loads(row.document)["findings"]
        for finding in found:
            assert await last_findings(w.service._store, place, finding["id"][:6]) == [finding]
        assert len(await open_findings(w.service._store, place)) == len(found)
        w.github.faults.clear()
        for _ in range(2):
            await closed(w)
            assert w.checks() == [told]


async def test_what_is_told_can_be_dismissed_while_its_check_run_waits(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, model) as w:
        place = w.pull(config=GATE)
        w.github.faults.append(Fault("PATCH", "check-runs", "secondary", retry_after="100"))
        job = await w.accept(w.wish())
        while (await w.row(job)).state is not JobState.PARKED:
            await w.there(closing())
        assert len(await open_findings(w.service._store, place)) == 2


async def closing() -> None:
    """A moment of the crew's loop."""
