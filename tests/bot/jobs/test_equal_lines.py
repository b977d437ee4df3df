"""Of equal lines in one file each has faults of its own: none takes another's place, decision or fix."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import Trigger, Verb
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.bot.jobs.test_orders import finding, obey, order
from tests.fakes.anthropic import Reply, is_about, reported

PATH, RULE = "api/orders.py", "correctness/missing-value"
LOAD = """\
def load(path):
    first = open(path).readline()
    if not first:
        return None
    return int(first)
"""
MENDED = LOAD.replace("return None", "raise ValueError(path)")
FAR = "".join(f"NAME_{n} = {n}\n" for n in range(40))
CHARGE = """

def charge(card, amount):
    answer = card.charge(amount)
    if answer.status == 500:
        return None
    return answer.receipt
"""
FIND = """

def find(items, name):
    for item in items:
        if item.name == name:
            return item
    return None
"""


def said(text: str, nth: int, title: str, severity: str) -> dict[str, Any]:
    """What the model reports on the nth `return None` of a text, from 1."""
    line = [n for n, row in enumerate(text.split("\n"), 1) if "return None" in row][nth - 1]
    body = WHY[title]
    return reported(PATH, line, "return None", rule=RULE, title=title, body=body, severity=severity)


EMPTY, UNPAID = "An empty file is told as no value", "A failed payment ships the order"
WHY = {
    EMPTY: "A caller cannot tell an empty file from a missing one.",
    UNPAID: "`checkout` takes the missing receipt for a paid one, so goods leave unpaid.",
}


def empty(text: str, nth: int = 1) -> dict[str, Any]:
    return said(text, nth, EMPTY, "high")


def unpaid(text: str, nth: int, severity: str = "medium") -> dict[str, Any]:
    return said(text, nth, UNPAID, severity)


class Story:
    """Pushes of one file, and what the model says of each; the verifier confirms all of it."""

    def __init__(self, w: World, gate: str) -> None:
        self.w = w
        self._config = f'gate = "{gate}"\n{SMALL}'
        self._says: list[dict[str, Any]] = []
        self._pushes = 0
        w.anthropic.script = self._model

    def _model(self, body: dict[str, Any], _number: int) -> Reply:
        if is_about(body, "verifier"):
            text = body["messages"][0]["content"][-1]["text"]
            ids = re.findall(r"\nid: ([0-9a-f]{12})", text)
            sure = {"ruling": "confirmed", "reason": "It does.", "quote": "", "path": ""}
            return Reply(opinions=[{"finding": i, **sure} for i in ids])
        return Reply(self._says) if is_about(body, "correctness") else Reply()

    async def push(self, text: str, *says: dict[str, Any]) -> list[tuple[str, str, int | None]]:
        """What is open after a push: standing, severity and line of each."""
        self._says = list(says)
        files = {CONFIG: self._config, PATH: text}
        if self._pushes:
            self.w.github.push(128, f"9d02f7e{self._pushes}", files)
        else:
            self.w.github.pull(128, {CONFIG: self._config}, files)
        self._pushes += 1
        trigger = Trigger.PUSHED if self._pushes > 1 else Trigger.OPENED
        row = await self.w.reviewed(trigger=trigger, seen=float(self._pushes))
        found = json.loads(row.document)["findings"]
        return sorted((f["standing"], f["severity"], f["line"]) for f in found)

    @property
    def check(self) -> str:
        """The conclusion of the newest check run."""
        return self.w.checks()[-1][0]


@pytest.mark.parametrize("nth", [1, 2], ids=["above", "below"])
@pytest.mark.parametrize("between", ["", FAR], ids=["in its hunk", "in another one"])
async def test_a_lesser_fault_on_an_equal_line_takes_no_place(
    tmp_path: Path, nth: int, between: str
) -> None:
    """Else a gate would open: the graver one would be neither open nor fixed."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD + between, empty(LOAD))
        assert story.check == "failure"
        both = LOAD + between + CHARGE if nth == 2 else CHARGE + between + LOAD
        found = await story.push(both, unpaid(both, nth))
        assert [(standing, grave) for standing, grave, _ in found] == [
            ("new", "medium"),
            ("still open", "high"),
        ]
        assert story.check == "failure"


async def test_a_dismissal_hides_no_fault_on_an_equal_line(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD, empty(LOAD))
        dismissal = order(w, Verb.DISMISS, finding=finding(w), reason="internal tool")
        assert (await obey(w, dismissal))[0] == ["eyes", "rocket"]
        assert story.check == "success"
        both = "import gateway\n\n\n" + LOAD + CHARGE
        found = await story.push(both, empty(both), unpaid(both, 2, "high"))
        assert found == [("new", "high", 14)]
        assert story.check == "failure"


@pytest.mark.parametrize("left", ["", MENDED], ids=["deleted", "mended"])
async def test_a_dismissal_hides_no_fault_where_its_own_line_is_gone(
    tmp_path: Path, left: str
) -> None:
    """Whoever writes the change could have it so: as many equal lines as before."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD, empty(LOAD))
        dismissal = order(w, Verb.DISMISS, finding=finding(w), reason="internal tool")
        assert (await obey(w, dismissal))[0] == ["eyes", "rocket"]
        text = left + CHARGE
        assert [f[:2] for f in await story.push(text, unpaid(text, 1, "high"))] == [("new", "high")]
        assert story.check == "failure"


async def test_an_equal_line_in_new_code_is_new(tmp_path: Path) -> None:
    """It does not come late for a line that has stood elsewhere in the file since the first push."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "medium")
        assert await story.push(LOAD) == []
        both = LOAD + CHARGE
        assert await story.push(both, unpaid(both, 2)) == [("new", "medium", 11)]
        assert story.check == "failure"


async def test_what_is_mended_stays_on_no_equal_line(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD + CHARGE, empty(LOAD))
        assert await story.push(MENDED + CHARGE) == []
        assert story.check == "success"


async def test_what_is_mended_is_not_back_for_an_equal_line(tmp_path: Path) -> None:
    """But it is where its own comes back."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD, empty(LOAD))
        assert await story.push(MENDED) == []
        assert await story.push(MENDED + FIND) == []
        assert story.check == "success"
        assert await story.push("import os\n\n\n" + LOAD + FIND) == [("back", "high", 7)]
        assert story.check == "failure"


async def test_moved_code_is_open_beside_an_equal_line_of_before(tmp_path: Path) -> None:
    """A line that stood there all the time is no proof that it is mended, nor where it has gone."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        story = Story(w, "high")
        await story.push(LOAD + CHARGE, empty(LOAD))
        assert await story.push(CHARGE + FAR + LOAD) == [("still open", "high", 51)]
        assert story.check == "failure"
