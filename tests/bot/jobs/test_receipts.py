"""A dismissal tells a review anew: who read it, and what that cost, stays as it was told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobRow, Trigger
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, is_about, reported
from tests.test_walkthrough import model

LOCK = {"package-lock.json": "{}\n"}


async def dismissed(w: World, found: dict[str, Any], config: str = "") -> JobRow:
    """The review is told anew without this finding."""
    why = Dismissal("alice", "2026-11-29", "no")
    await w.service._store.decisions.dismiss(w.github.place(128), found["id"], 7, why)
    once = f"dismissal {found['id']}"
    return await w.reviewed(trigger=Trigger.DISMISSAL, head="", base="", once=once, seen=0.0)


def receipt(text: str) -> list[str]:
    """Of a body: the sentence on what was read, and the fold with the table."""
    parts = text.split("\n\n")
    sentence = next(
        re.sub(r"^\*\*No findings.*people: \d \w+\. ", "", p) for p in parts if "USD" in p
    )
    fold = text[text.index("| File |") :].partition("\n\nTo dis")[0].partition("\n</details>")[0]
    return [sentence, fold]


def sure(body: dict[str, Any], number: int) -> Reply:
    """Finds as in the story, once on no line of the change; who verifies tells of nothing."""
    reply = model(body, number)
    if not is_about(body, "security"):
        return reply
    nowhere = reported("api/orders.py", 1, "no such line = 1", title="Nowhere")
    return replace(reply, findings=[*reply.findings, nowhere])


async def test_it_stays_through_every_dismissal(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, sure) as w:
        base = {CONFIG: SMALL}
        w.github.pull(128, base, {**base, **LOCK, "api/orders.py": ORDERS})
        first = await w.reviewed()
        review = w.github.pulls[128].reviews[0]
        before = receipt(review["body"])
        assert "3 calls" in before[0]
        assert "Removed before posting: 1 whose quoted code" in before[1]
        one, two = json.loads(first.document)["findings"]
        told = await dismissed(w, one)
        assert receipt(review["body"]) == before
        assert "1 removed finding" in review["body"]
        assert (
            "| `api/orders.py:1-12` | read | read | read |" in w.github.checks[-1]["output"]["text"]
        )
        assert "Nowhere" in w.github.checks[-1]["output"]["text"]
        doc = json.loads(told.document)
        assert (doc["calls"], doc["cost_usd"], told.cost) == ([], 0.0, 0.0), "it asked nobody"
        await dismissed(w, two)
        assert review["body"].startswith(
            "**No open findings in 1 of 2 files: 1 left out as a lock file.**"
        )
        assert (
            "Dismissed by people: 2 high. Security (1 vote) and correctness (1) read "
            in review["body"]
        )
        assert receipt(review["body"])[1] == before[1]
        assert w.checks()[-1][1].endswith("; 2 dismissed")
        assert w.paid == 3


async def test_where_all_was_read_the_title_says_by_whom(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        for found in json.loads((await w.reviewed()).document)["findings"]:
            await dismissed(w, found)
        assert w.checks()[-1][1] == "No open findings: 2 reviewers read the only hunk; 2 dismissed"


async def test_of_a_static_review_it_stays_too(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        config = {CONFIG: 'engine = "static"\n'}
        shell = "import os\n\n\ndef run(request):\n    os.system(request.args['x'])\n"
        w.github.pull(128, config, {**config, "run.py": shell})
        (found,) = json.loads((await w.reviewed()).document)["findings"]
        before = receipt(w.github.pulls[128].reviews[0]["body"])
        await dismissed(w, found)
        after = receipt(w.github.pulls[128].reviews[0]["body"])
        assert after[1] == before[1]
        assert "analysers read the only file of `4ead128`." in before[0]
        assert "No model read this change." in w.github.pulls[128].reviews[0]["body"]
        assert "analysers read the only file of `4ead128`." in after[0]


async def test_of_a_push_it_stays_as_it_was_for_the_push(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        files = {
            CONFIG: SMALL,
            "api/orders.py": ORDERS,
            "api/other.py": "def other():\n    return 1\n",
        }
        w.github.pull(128, {CONFIG: SMALL}, files)
        await w.reviewed()
        w.github.push(128, "9d02f7e", {**files, "api/other.py": "def other():\n    return 2\n"})
        pushed = await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        before = receipt(w.github.pulls[128].reviews[0]["body"])
        assert before[0].startswith("The only hunk changed up to `9d02f7e` was read by security")
        assert before[0].endswith(" USD for this pull request.")
        await dismissed(w, json.loads(pushed.document)["findings"][0])
        assert receipt(w.github.pulls[128].reviews[0]["body"]) == before


@pytest.mark.parametrize("what", ["pushed", "another base"])
async def test_of_what_was_read_as_something_else_nothing_is_told(
    tmp_path: Path, what: str
) -> None:
    """Its lines, and its hunks, are others."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        (one, _) = json.loads((await w.reviewed()).document)["findings"]
        if what == "pushed":
            w.push(128, "9d02f7e", ORDERS)
        else:
            w.github.pulls[128].base = w.github.commit("c07d11e", {CONFIG: SMALL})
        await dismissed(w, one)
        body = w.github.pulls[128].reviews[0]["body"]
        assert "was read before and has not changed since. 0 calls" in body
