"""Reviews of ours that somebody has edited: they prevent nothing, and pass no gate (design, section 7)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobState, Trigger
from tests.bot.jobs.running import CONFIG, SMALL, World, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply

GATE = f'gate = "low"\n{SMALL}'
TRUSTING = '[publish]\naccounts = ["github-actions"]\n'
NEXT = "bad".ljust(40, "0")
EVIL = ORDERS + "\nimport os\nos.system(input())\n"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        yield made


def edit(review: dict[str, Any], **fields: str) -> None:
    """As whoever may write to the repository can: other words in the marker, and no signature."""
    for name, value in fields.items():
        review["body"] = re.sub(rf"{name}=[0-9A-Za-z.]+", f"{name}={value}", review["body"])
    review["body"] = re.sub(r" sig=[0-9a-f]+", "", review["body"])


def push(w: World, config: str) -> None:
    w.github.push(128, NEXT, {CONFIG: config, "api/orders.py": EVIL})


async def test_a_marker_that_names_the_next_head_keeps_nobody_from_reading_it(w: World) -> None:
    w.pull(config=GATE)
    await w.reviewed()
    edit(w.github.pulls[128].reviews[0], head=NEXT, outcome="clean")
    push(w, GATE)
    before = w.paid
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
    assert (row.state, row.note, row.outcome) == (JobState.DONE, "", "findings")
    assert any("os.system(input())" in str(r) for r in w.anthropic.requests[before:])
    assert w.checks()[-1][0] == "failure"
    first, news = w.github.bodies_of(128)
    assert news.startswith("**1 new finding"), "what was told is not told twice"
    assert " sig=" in first, "and the marker is made good"


async def test_a_marker_that_names_the_run_keeps_nobody_from_posting(w: World) -> None:
    """A check run tells everybody the name of the run that makes it."""
    w.pull(config=GATE)
    await w.reviewed()
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    push(w, GATE)
    job = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0))
    await until(lambda: len(w.github.checks) == 2)
    run = w.github.checks[1]["external_id"].split(":")[0]
    await w.service.stop()
    edit(w.github.pulls[128].reviews[0], head=NEXT, outcome="clean", run=run)
    w.anthropic.script = lambda _body, _number: Reply()
    await w.start()
    row = await w.ended(job)
    assert row.note == ""
    assert row.document
    assert row.outcome == "findings"
    assert w.checks()[-1][0] != "success"


@pytest.mark.parametrize(
    ("config", "concluded", "titled"),
    [(SMALL, "neutral", "No findings"), (GATE, "failure", "Not confirmed: No findings")],
    ids=["without a gate", "with a gate"],
)
async def test_another_accounts_review_prevents_a_duplicate_and_passes_no_gate(
    w: World, config: str, concluded: str, titled: str
) -> None:
    """The Action has no key to sign with, and whoever may write can edit what it says."""
    w.pull(config=config + TRUSTING)
    await w.reviewed()
    review = w.github.pulls[128].reviews[0]
    review["user"] = {"login": "github-actions[bot]", "type": "Bot"}
    edit(review, head=NEXT, outcome="clean")
    review["body"] = f"**No findings.** Read.\n\n{review['body'].rpartition(chr(10))[2]}"
    push(w, config + TRUSTING)
    before = w.paid
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
    assert row.note == "the review that stands there is adopted"
    assert w.paid == before
    assert w.checks()[-1] == (concluded, titled)
    said = w.github.checks[-1]["output"]["summary"]
    assert ("`Review again` makes one that does." in said) == (config == GATE)
    await w.reviewed(trigger=Trigger.RERUN, once="again", seen=3.0)
    assert w.paid > before


async def test_of_two_at_once_ours_does_not_step_back_behind_an_edited_one(w: World) -> None:
    """One of ours without its marker is nobody's; it gets one while the next review is posted."""
    w.pull()
    await w.reviewed()
    (old,) = w.github.pulls[128].reviews
    marked = {**old}
    old["body"] = "nothing"
    w.github.pulls[128].comments.clear()

    def posted(when: str, what: str) -> bool:
        if when == "before" and re.search(r"POST .*/reviews$", what):
            old["body"] = marked["body"]
            edit(old, head=NEXT)
        return False

    w.github.watch = posted
    push(w, SMALL)
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
    assert row.note == ""
    assert not w.github.bodies_of(128)[1].startswith("Reviewed twice")


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_body_that_was_edited_round_its_marker_turns_no_gate(
    w: World, remembered: bool
) -> None:
    """The seal holds for the marker alone; what was proven stands in our database."""
    w.pull(config=GATE)
    first = await w.reviewed()
    assert w.checks() == [("failure", first.title)]
    (review,) = w.github.pulls[128].reviews
    review["body"] = f"**No findings.** All good.\n\n{review['body'].rpartition(chr(10))[2]}"
    for comment in w.github.pulls[128].comments:
        comment["body"] = "ok"
    if not remembered:
        await w.service._store.note(first.id, document="")
    before = w.paid
    row = await w.reviewed(trigger=Trigger.REOPENED, seen=2.0, base="other")
    assert row.note == "the review that stands there is adopted"
    assert w.paid == before
    title = first.title if remembered else "Not confirmed: No findings"
    assert w.checks()[-1] == ("failure", title)
