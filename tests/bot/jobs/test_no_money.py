"""A review for which no money is left takes the place of none that told more of the same commit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobRow, JobState, Trigger, Verb
from bot.outputs.replies import dismissed_later
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.bot.jobs.test_orders import finding, obey, order
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, is_about
from tests.test_walkthrough import model

WHY = "the budget of 0.0001 USD for this pull request is reached"
STANDS = f"Skipped: {WHY}. What was said of this commit before stands."
ASKED: dict[str, Any] = {"trigger": Trigger.RERUN, "once": "check-run 7 completed", "seen": 9.0}
BACKFILL: dict[str, Any] = {
    "trigger": Trigger.BACKFILL,
    "once": "not wholly read by x",
    "seen": 0.0,
}


async def penniless(w: World) -> None:
    """The same server, with nothing left to spend on a pull request."""
    await w.service.stop()
    ceilings = replace(w.settings.ceilings, pull_request_cost=0.0001)
    w.settings = replace(w.settings, ceilings=ceilings)
    await w.start()


async def asked_again(w: World, how: dict[str, Any]) -> tuple[JobRow, str]:
    """The job of another try, and what its check run says."""
    row = await w.reviewed(**how)
    assert (row.state, row.note) == (JobState.SKIPPED, WHY)
    return row, w.github.checks[-1]["output"]["summary"]


@pytest.mark.parametrize("gate", ["", 'gate = "high"\n'], ids=["no gate", "gate"])
async def test_a_whole_review_stands(tmp_path: Path, gate: str) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=f"{gate}{SMALL}")
        await w.reviewed()
        before, (verdict,) = w.github.bodies_of(128), w.checks()
        paid = w.paid
        await penniless(w)
        _, said = await asked_again(w, ASKED)
        assert (w.github.bodies_of(128), w.paid, w.github.posts()) == (before, paid, 1)
        assert w.checks()[-1] == verdict
        assert said.startswith(f"{STANDS}\n\n**2 findings: 2 high.**")


async def test_what_an_incomplete_review_has_read_is_not_lost(tmp_path: Path) -> None:
    def half(body: dict[str, Any], number: int) -> Reply:
        return Reply(status=400) if is_about(body, "security") else model(body, number)

    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, half) as w:
        w.pull()
        assert (await w.reviewed()).outcome == "incomplete"
        before = w.github.bodies_of(128)
        await penniless(w)
        w.anthropic.script = model
        _, said = await asked_again(w, BACKFILL)
        assert w.github.bodies_of(128) == before
        assert said.startswith(f"{STANDS}\n\n**Incomplete: security")
        again = await w.reviewed(**{**BACKFILL, "once": "not wholly read by y"})
        assert again.state is JobState.SKIPPED
        assert w.github.checks[-1]["output"]["summary"] == said, "once, whatever comes after it"


async def test_a_clean_review_that_only_a_check_run_tells_stands(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, lambda *_: Reply()) as w:
        w.pull(text="def total() -> int:\n    return 1\n")
        await w.reviewed()
        (verdict,) = w.checks()
        await penniless(w)
        await asked_again(w, ASKED)
        assert (w.checks()[-1], w.github.posts()) == (verdict, 0)
        w.push(128, "9d02f7e", ORDERS)
        assert (await w.reviewed(trigger=Trigger.PUSHED, seen=20.0)).state is JobState.DONE


async def test_under_another_configuration_nobody_has_read_it(tmp_path: Path) -> None:
    """What was said then is no verdict of today, and a gate must not pass by it."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        await w.reviewed()
        config = {CONFIG: f'gate = "high"\n{SMALL}'}
        w.github.pulls[128].base = w.github.commit("c07d11e", config)
        await penniless(w)
        row = await w.reviewed(**ASKED)
        assert (row.state, row.outcome) == (JobState.DONE, "incomplete")
        assert w.checks()[-1][0] == "failure"


async def test_who_asks_in_a_comment_gets_a_puzzled_face(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        await w.reviewed()
        await penniless(w)
        assert await obey(w, order(w, Verb.REVIEW)) == (["eyes", "confused"], [])


async def test_a_dismissal_for_which_more_is_to_be_read_is_shown_later(tmp_path: Path) -> None:
    """What was not verified holds a gate, and is read again with every review."""

    def unverified(body: dict[str, Any], number: int) -> Reply:
        return Reply(status=400) if is_about(body, "verifier") else model(body, number)

    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, unverified) as w:
        w.pull(config=f'gate = "high"\n{SMALL}')
        await w.reviewed()
        before = w.github.bodies_of(128)
        await penniless(w)
        faces, said = await obey(w, order(w, Verb.DISMISS, finding=finding(w), reason="so"))
        assert (faces, said) == (["eyes", "rocket"], [dismissed_later()])
        assert w.github.bodies_of(128) == before
        assert w.checks()[-1][0] == "failure"
