"""A fix that is taken back, while the models say nothing this time: silence is no proof then either."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import Trigger
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, Script
from tests.test_walkthrough import model

GATE = f'gate = "high"\n{SMALL}'
SQL = "\n".join(ORDERS.split("\n")[:7])
"""Its half that a model calls high, and an analyser medium."""


def talking(first: Script = model) -> tuple[Script, list[bool]]:
    """Models that speak as in the story until the list is filled."""
    silent: list[bool] = []

    def script(body: dict[str, Any], number: int) -> Reply:
        return Reply() if silent else first(body, number)

    return script, silent


async def pushed(w: World, files: Mapping[str, str], config: str = GATE) -> tuple[str, str]:
    """A push of these files, and what its check run tells then."""
    number = len(w.github.checks)
    w.github.push(128, f"9d02f7e{number}", {CONFIG: config, **files})
    await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number)
    return w.checks()[-1]


def opened(w: World, text: str = ORDERS, config: str = GATE) -> None:
    w.github.pull(128, {CONFIG: config}, {CONFIG: config, "api/orders.py": text})


@pytest.mark.parametrize("limit", [20, 0], ids=["in threads", "without a thread"])
@pytest.mark.parametrize("between", [0, 2])
async def test_a_fix_that_is_taken_back_closes_the_gate_again(
    tmp_path: Path, between: int, limit: int
) -> None:
    script, silent = talking()
    config = f"inline_limit = {limit}\n{GATE}"
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w, config=config)
        await w.reviewed()
        assert w.checks()[-1] == ("failure", "2 findings: 2 high")
        assert (await pushed(w, {"y.md": "a\n"}, config))[1] == "No open findings; 2 fixed"
        silent.append(True)
        for number in range(between):
            assert (await pushed(w, {"y.md": f"{number}\n"}, config))[0] == "success"
        red = ("failure", "2 open: 2 high")
        assert await pushed(w, {"api/orders.py": ORDERS}, config) == red
        body = w.github.bodies_of(128)[0]
        assert "**High, back: An unknown order ends in status 500.**" in body
        still = await pushed(w, {"api/orders.py": ORDERS, "z.md": "z\n"}, config)
        assert still == ("failure", "2 open: 2 high")
        assert (await pushed(w, {"y.md": "a\n"}, config))[1] == "No open findings; 2 fixed"
        assert (await pushed(w, {"api/orders.py": ORDERS}, config)) == red


async def test_a_branch_that_is_set_back_to_a_red_commit_is_red_again(tmp_path: Path) -> None:
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w)
        await w.reviewed()
        head = w.github.pulls[128].head
        await pushed(w, {"y.md": "a\n"})
        silent.append(True)
        w.github.pulls[128].head = head
        await w.reviewed(trigger=Trigger.PUSHED, seen=9.0)
        assert w.checks()[-1] == ("failure", "2 open: 2 high")
        first, second, *again = (str(c["body"]) for c in w.github.pulls[128].comments)
        assert first.startswith("**Fixed in `9d02f7e`.**")
        assert second.startswith("**Fixed in `9d02f7e`.**")
        assert len(again) == 2
        assert all("Marked as fixed in `9d02f7e`; it is there again." in body for body in again)


async def test_what_an_analyser_says_less_of_is_no_less_grave_for_it(tmp_path: Path) -> None:
    """Asked for again, pushed beside, taken back: only its code can mend what models are silent of."""
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w, SQL)
        await w.reviewed()
        assert w.checks()[-1] == ("failure", "1 finding: 1 high")
        silent.append(True)
        await w.reviewed(trigger=Trigger.RERUN, once="again", seen=2.0)
        assert w.checks()[-1] == ("failure", "1 open: 1 high")
        assert (await pushed(w, {"api/orders.py": f"{SQL}\n# more\n"}))[0] == "failure"
        assert (await pushed(w, {"y.md": "a\n"}))[1] == "No open findings; 1 fixed"
        assert await pushed(w, {"api/orders.py": SQL}) == ("failure", "1 open: 1 high")


async def test_what_is_copied_and_then_deleted_holds_the_gate_where_it_stands(
    tmp_path: Path,
) -> None:
    """The analyser's lesser finding on the copy does not stand for what the model told."""
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w)
        await w.reviewed()
        silent.append(True)
        both = {"api/orders.py": ORDERS, "lib/old.py": ORDERS}
        assert await pushed(w, both) == ("failure", "3 open: 2 high, 1 medium (new)")
        assert await pushed(w, {"lib/old.py": ORDERS}) == ("failure", "3 open: 2 high, 1 medium")
        body = w.github.bodies_of(128)[0]
        assert "status 500.** [`lib/old.py:12`]" in body


async def test_without_the_database_it_is_told_again_all_the_same(tmp_path: Path) -> None:
    """By its thread: the code under the id is found in the change. What proved it, nobody knows."""
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w)
        await w.reviewed()
        await pushed(w, {"y.md": "a\n"})
        silent.append(True)
        await w.service._store.forgetting.aged(time.time() + 1)
        assert (await pushed(w, {"api/orders.py": ORDERS}))[1] == "2 open: 2 high"


async def test_what_was_dismissed_before_its_code_went_and_came_stays_dismissed(
    tmp_path: Path,
) -> None:
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w, SQL)
        (found,) = json.loads((await w.reviewed()).document)["findings"]
        why = Dismissal("alice", "2026-11-29", "no")
        await w.service._store.decisions.dismiss(w.github.place(128), found["id"], 7, why)
        await w.reviewed(trigger=Trigger.DISMISSAL, head="", base="", once="dismissal 1", seen=0.0)
        silent.append(True)
        for files in ({"y.md": "a\n"}, {"api/orders.py": SQL}):
            conclusion, title = await pushed(w, files)
            assert (conclusion, title.endswith("; 1 dismissed")) == ("success", True)


SMELLS = "import os\nimport hashlib\n\n\ndef run(x):\n    return hashlib.md5(x)\n"


@pytest.mark.parametrize(
    ("config", "text", "told"),
    [
        ('engine = "static"\ngate = "critical"\n', SMELLS, "low"),
        (f'inline_limit = 0\ngate = "critical"\n{SMALL}', ORDERS, "2 high"),
    ],
    ids=["analysers", "models"],
)
async def test_what_comes_back_is_as_grave_as_it_was(
    tmp_path: Path, config: str, text: str, told: str
) -> None:
    """Nor graver: one without a thread was raised to the gate, as one that the database has forgotten."""
    script, silent = talking()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        opened(w, text, config)
        await w.reviewed()
        conclusion, first = w.checks()[-1]
        assert conclusion == "neutral"
        assert told in first
        assert (await pushed(w, {"y.md": "a\n"}, config))[0] == "success"
        silent.append(True)
        conclusion, title = await pushed(w, {"api/orders.py": text}, config)
        assert conclusion == "neutral"
        assert told in title
        assert "critical" not in title
