"""What earlier jobs of a pull request tell the next one, although nothing of it is posted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobState, Trigger
from reviewers.core.allowance import Allowance
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.fakes.anthropic import Reply, is_about, reported

CLEAN = 'VALUE = 1\n\n\ndef total(rows: list[int]) -> int:\n    """All of them."""\n    return sum(rows)\n'


def looks(here: World) -> int:
    return len(here.anthropic.requests)


async def test_a_clean_review_is_remembered_though_nothing_is_posted(tmp_path: Path) -> None:
    """On the next push only what has changed is read; nothing has, so nothing is paid."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, lambda *_: Reply()) as here:
        here.pull(text=CLEAN)
        first = await here.reviewed()
        assert (first.outcome, here.github.bodies_of(128)) == ("clean", [])
        paid = looks(here)
        here.push(128, "9d02f7e", CLEAN)  # A rebase: another commit with the same change.
        second = await here.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        assert (second.state, second.outcome) == (JobState.DONE, "clean")
        assert looks(here) == paid


async def test_a_review_of_quiet_findings_is_remembered_though_nothing_is_posted(
    tmp_path: Path,
) -> None:
    """What nobody says again is still there, and what has not changed is not paid for again."""
    says = True

    def script(body: dict[str, Any], _number: int) -> Reply:
        claim = reported("api/orders.py", 1, "VALUE = 1", rule="security/other", severity="low")
        return Reply([claim] if says and is_about(body, "security") else [])

    config = f'min_severity = "high"\n{SMALL}'
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as here:
        here.pull(text=CLEAN, config=config)
        first = await here.reviewed()
        assert (first.findings, here.github.bodies_of(128)) == (1, [])
        says, paid = False, looks(here)
        files = {CONFIG: config, "api/orders.py": CLEAN}
        here.github.push(128, "9d02f7e", files)
        second = await here.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        assert (looks(here), here.github.bodies_of(128)) == (paid, [])
        (before,), (after,) = (json.loads(r.document)["findings"] for r in (first, second))
        assert (after["id"], after["standing"]) == (before["id"], "still open")
        here.github.push(128, "9d02f7f", {**files, "api/orders.py": "x = 1\n"})
        third = await here.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        assert (third.outcome, third.findings) == ("clean", 0)


async def test_what_clean_and_overtaken_reviews_cost_counts(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, lambda *_: Reply()) as here:
        place = here.pull(text=CLEAN)
        first = await here.reviewed()
        assert first.cost
        limit = Allowance(first.cost, "this pull request", "TRIPTYCH_MAX_COST_PULL_REQUEST")
        ceilings = replace(here.settings.ceilings, pull_request_cost=limit.limit)
        await here.service.stop()
        here.settings = replace(here.settings, ceilings=ceilings)
        await here.start()
        paid = looks(here)
        here.push(128, "9d02f7e", CLEAN + "\n\nMORE = 2\n")
        second = await here.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        assert (second.outcome, looks(here)) == ("incomplete", paid)
        assert await here.service._store.past.spent_on(place, beside=second.id) == first.cost


@pytest.mark.parametrize(
    "text", [CLEAN, CLEAN + "\n\nMORE = 2\n"], ids=["as it was", "with a push"]
)
async def test_for_another_base_branch_nothing_counts_as_read(tmp_path: Path, text: str) -> None:
    """A stacked pull request was clean for its own branch; into main it brings that branch as well."""
    bad = {"bad.py": "import os\n\n\ndef run(x: str) -> None:\n    os.system(x)\n"}
    base = {CONFIG: SMALL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, lambda *_: Reply()) as here:
        stack = {**base, **bad}
        here.github.pull(128, stack, {**stack, "total.py": CLEAN}, base_ref="stack")
        first = await here.reviewed(base="stack")
        assert (first.outcome, here.github.bodies_of(128)) == ("clean", [])
        pull = here.github.pulls[128]
        pull.base, pull.base_ref = here.github.commit("ba5eff", base), "main"
        if text != CLEAN:
            here.github.push(128, "9d02f7e", {**stack, "total.py": text})
        before = looks(here)
        await here.reviewed(trigger=Trigger.REBASED, base="main", seen=2.0)
        asked = [json.dumps(r) for r in here.anthropic.requests[before:]]
        assert asked
        assert all("os.system(x)" in request for request in asked)
