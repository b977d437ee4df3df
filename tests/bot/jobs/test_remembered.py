"""What a review's texts do not tell to the next one, or tell no more, the database does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobRow, Trigger
from bot.outputs.marker import IDS_KEPT
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, until, world
from tests.fakes.anthropic import Reply

GATE = 'engine = "static"\ngate = "high"\n'
SHELL = "import os\n\n\ndef run(request):\n    os.system(request.args['x'])\n"
ONLY = "Static analysis only: "


def silent(_body: dict[str, Any], _number: int) -> Reply:
    """Models that see nothing."""
    return Reply()


async def pushed(w: World, files: Mapping[str, str], config: str = GATE) -> JobRow:
    """A push, and its review."""
    number = len(w.github.checks)
    w.github.push(128, f"9d02f7e{number}", {CONFIG: config, **files})
    return await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number)


def review(w: World) -> dict[str, Any]:
    """The first review, which is edited in every run."""
    return w.github.pulls[128].reviews[0]


def texts(w: World) -> list[dict[str, Any]]:
    """All that anybody who may write to the repository can edit."""
    return [review(w), *w.github.pulls[128].comments]


async def test_of_more_findings_than_a_marker_names_none_is_forgotten(tmp_path: Path) -> None:
    many = {f"app/f{n:03}.py": SHELL for n in range(IDS_KEPT + 20)}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, **many})
        assert (await w.reviewed()).findings == len(many)
        await pushed(w, {**many, "read.me": "x\n"})
        assert w.checks()[-1] == ("failure", f"{ONLY}{len(many)} high")
        few = dict(list(many.items())[:3])
        await pushed(w, {path: few.get(path, "x = 1\n") for path in many})
        assert w.checks()[-1] == ("failure", f"{ONLY}3 high")


@pytest.mark.parametrize("limit", [20, 0], ids=["in a thread", "without a thread"])
async def test_what_was_dismissed_stays_so_where_no_thread_says_it(
    tmp_path: Path, limit: int
) -> None:
    config = f'inline_limit = {limit}\ngate = "high"\n{SMALL}'
    files = {"api/orders.py": SHELL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, **files})
        (found,) = json.loads((await w.reviewed()).document)["findings"]
        why = Dismissal("alice", "2026-11-29", "no")
        await w.service._store.decisions.dismiss(w.github.place(128), found["id"], 7, why)
        await w.reviewed(trigger=Trigger.DISMISSAL, head="", base="", once="dismissal 1", seen=0.0)
        for number in range(2):
            await pushed(w, {**files, "read.me": f"{number}\n"}, config)
            assert w.checks()[-1][0] == "success"
            assert w.checks()[-1][1].endswith("; 1 dismissed")
        await w.reviewed(trigger=Trigger.RERUN, once="again", seen=9.0)
        assert w.checks()[-1][1].endswith("; 1 dismissed")
        await pushed(w, {"api/orders.py": SHELL.replace("args['x']", "args['y']")}, config)
        assert w.checks()[-1][0] == "failure", "its code has changed"


async def test_a_branch_set_back_to_a_reviewed_commit_is_not_called_older(tmp_path: Path) -> None:
    """Nothing is reviewed of a draft, so nobody else would take the words back."""
    hangs = False

    def script(_body: dict[str, Any], _number: int) -> Reply:
        return Reply(latency=3600 if hangs else 0)

    config = f'gate = "high"\n{SMALL}'
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, "a.py": SHELL})
        await w.reviewed()
        before, head = review(w)["body"], w.github.pulls[128].head
        hangs = True
        w.github.push(128, "9d02f7e", {CONFIG: config, "a.py": SHELL + "x = 1\n"})
        await w.accept(w.wish(trigger=Trigger.PUSHED, seen=10.0))
        await until(lambda: review(w)["body"].startswith("**For `4ead128`, an older commit.** "))
        w.github.pulls[128].head, w.github.pulls[128].draft = head, True
        await w.reviewed(trigger=Trigger.PUSHED, seen=20.0)
        assert review(w)["body"] == before


@pytest.mark.parametrize("what", ["severity", "text", "signature"])
async def test_s69_what_anybody_may_edit_opens_no_gate(tmp_path: Path, what: str) -> None:
    """Nor does a marker whose signature is gone: what the database knows is ours."""
    files = {"api/orders.py": SHELL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, **files})
        await w.reviewed()
        for text in texts(w):
            match what:
                case "severity":
                    text["body"] = text["body"].replace("**High", "**Low")
                case "text":
                    text["body"] = f"Nothing.\n\n{text['body'].rpartition(chr(10))[2]}"
                case "signature":
                    text["body"] = text["body"].partition(" sig=")[0] + " -->"
        await pushed(w, {**files, "read.me": "x\n"})
        assert w.checks()[-1] == ("failure", f"{ONLY}1 high")


async def test_s78_the_newest_review_is_known_for_that_where_the_clock_was_ahead_before(
    tmp_path: Path,
) -> None:
    """What the second one told is mended by another hunk, which only its document can tell."""
    pad = "\n".join(f"x{n} = {n}" for n in range(40))
    calls = f"import sys\n{pad}\n\n\ndef run():\n    return os.getcwd()\n"
    files = {"a.py": calls.replace("os.getcwd()", "1"), "b.py": SHELL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        base = {CONFIG: GATE, "a.py": files["a.py"]}
        w.github.pull(128, base, {**base, **files})
        first = await w.reviewed()
        ahead = {name: getattr(first, name) + 3600 for name in ("created", "started", "ended")}
        await w.service._store.note(first.id, **ahead)
        await pushed(w, {**files, "a.py": calls})
        assert w.checks()[-1] == ("failure", f"{ONLY}2 high")
        await pushed(w, {"a.py": f"import os\n{calls}", "b.py": "x = 1\n"})
        assert w.checks()[-1] == ("success", f"{ONLY}no open findings; 2 fixed")
