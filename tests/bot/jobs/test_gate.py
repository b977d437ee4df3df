"""What ends without a review passes no gate: a required check that is neutral or skipped would pass."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import CLOSED, CancelWish, JobState, Trigger
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, hang, uncertain, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, Script, is_about
from tests.fakes.github import Entry, Fault
from tests.test_walkthrough import NONE, model

GATE = f'gate = "high"\n{SMALL}'
GATED = pytest.mark.parametrize("config", [SMALL, GATE], ids=["no gate", "a gate"])


def push(w: World, config: str, number: int = 1) -> None:
    text = f"{ORDERS}# {number}\n"
    w.github.push(128, f"bad{number}", {CONFIG: config, "api/orders.py": text})


@GATED
async def test_a_failed_review(tmp_path: Path, config: str) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=config)
        w.github.faults.append(Fault("GET", r"/pulls/128/files", 422, times=9))
        row = await w.reviewed()
        assert row.state is JobState.DEAD
        ((conclusion, title),) = w.checks()
        assert conclusion == ("failure" if config == GATE else "neutral")
        assert title == row.title
        assert title.startswith("Failed: not reviewed")


async def test_where_github_does_not_tell_there_might_be_one(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull()
        w.github.faults.append(Fault("GET", r"/pulls/128$", 422, times=9))
        await w.reviewed()
        assert w.checks()[0][0] == "failure"


@GATED
async def test_the_limit_of_an_hour(tmp_path: Path, config: str) -> None:
    """S28."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, reviews_per_hour=1) as w:
        w.pull(config=config)
        await w.reviewed()
        paid = w.paid
        push(w, config)
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        said = "the limit of 1 reviews an hour is reached"
        assert (row.state, row.note, w.paid) == (JobState.SKIPPED, said, paid)
        told = ("failure", f"Failed: not reviewed, {said}") if config == GATE else None
        assert w.checks()[1] == (told or ("skipped", f"Skipped: {said}"))


@pytest.mark.parametrize("more", ["", "post_clean = true\n"], ids=["quiet", "posted"])
async def test_s28_at_the_limit_a_reviewed_commit_keeps_what_was_said_of_it(
    tmp_path: Path, more: str
) -> None:
    """Closed and opened again, and `Review again`: neither may write over a green commit; and neither
    gets back a green that another base has taken away.
    """
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent, reviews_per_hour=1) as w:
        w.pull(text="x = 1\n", config=f"{more}{GATE}")
        await w.reviewed()
        paid = w.paid
        back = await w.reviewed(trigger=Trigger.REOPENED, seen=5.0)
        green = w.checks()[-1]
        assert (back.state, green[0], w.paid) == (JobState.DONE, "success", paid)
        asked = await w.reviewed(trigger=Trigger.RERUN, once="check-run 7", seen=0.0)
        assert (asked.state, w.checks()[-1]) == (JobState.SKIPPED, green)
        said = "Skipped: the limit of 1 reviews an hour is reached. What was said of this commit"
        assert w.github.checks[-1]["output"]["summary"].startswith(said)
        pull = w.github.pulls[128]
        pull.base, pull.base_ref = w.github.commit("ba5e9a7e", {CONFIG: GATE}), "release"
        await w.reviewed(trigger=Trigger.REBASED, base=pull.base, seen=9.0)
        red = w.checks()[-1]
        assert red[0] == "failure"
        await w.reviewed(trigger=Trigger.RERUN, once="check-run 8", seen=0.0)
        assert w.checks()[-1] == red


@pytest.mark.parametrize(
    ("config", "why", "concluded"),
    [
        (SMALL, "stopped by alice", "skipped"),
        (GATE, "stopped by alice", "failure"),
        (GATE, CLOSED, "skipped"),
    ],
)
async def test_a_stopped_review(tmp_path: Path, config: str, why: str, concluded: str) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        place = w.pull(config=config)
        job = await w.accept(w.wish())
        await until(lambda: w.github.checks and w.anthropic.running == 2)
        await w.accept(CancelWish(place, why))
        await w.ended(job)
        await until(lambda: w.github.checks[0]["conclusion"])
        assert w.checks()[0][0] == concluded
        assert w.checks()[0][1].endswith(why)


@GATED
async def test_a_job_that_breaks_the_server(tmp_path: Path, config: str) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        w.pull(config=config)
        job = await w.accept(w.wish())
        await until(lambda: w.github.checks and w.anthropic.running == 2)
        await w.service._store.note(job, attempts=99)
        await w.service.stop()
        await w.start()
        row = await w.ended(job)
        assert row.state is JobState.DEAD
        assert w.checks()[0][0] == ("failure" if config == GATE else "skipped")


SHELL = "import os\n\n\ndef run(request):\n    os.system(request.args['x'])\n"
QUIET = "def run(request):\n    return request.args['x']\n"
OUT = "No findings in 1 of 2 files: 1 left out as "


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("app/util.generated.py", SHELL, ("failure", "1 finding: 1 high; 1 file left out")),
        ("app/util.generated.py", QUIET, ("neutral", f"{OUT}generated")),
        ("vendor/u.py", QUIET, ("neutral", f"{OUT}vendored")),
        ("run.ps1", "Invoke-Expression $x".encode("utf-16"), ("neutral", f"{OUT}binary")),
        ("app.py", Entry("/etc/passwd", "120000"), ("neutral", f"{OUT}a symbolic link")),
        ("go.sum", "x 1\n", ("success", f"{OUT}a lock file")),
    ],
    ids=["a shell", "by name", "vendored", "UTF-16", "a link", "a lock file"],
)
async def test_a_file_is_not_hidden_by_its_name_or_its_kind(
    tmp_path: Path, path: str, content: str | bytes | Entry, told: tuple[str, str]
) -> None:
    def silent(_body: dict[str, Any], _number: int) -> Reply:
        return Reply()

    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        base = {CONFIG: GATE, "README.md": "old\n"}
        w.github.pull(128, base, {**base, "README.md": "new\n", path: content})
        await w.reviewed()
        assert w.checks() == [told]
        if told[0] == "neutral":
            said = w.check()["output"]["summary"]
            assert f"review `{path}` by hand, or list it under `exclude`" in said
        listed = {CONFIG: f'exclude = ["{path}"]\n{GATE}', "README.md": "old\n"}
        w.github.pull(129, listed, {**listed, "README.md": "new\n", path: content})
        await w.reviewed(129)
        title = "No findings in 1 of 2 files: 1 left out by the configuration"
        assert w.checks()[-1] == ("success", title)


async def test_an_adopted_review_is_no_success_either(tmp_path: Path) -> None:
    """GitHub is down as the check run ends; afterwards the review that stands there is adopted."""

    def silent(_body: dict[str, Any], _number: int) -> Reply:
        return Reply()

    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        base = {CONFIG: f"post_clean = true\n{GATE}", "README.md": "old\n"}
        w.github.pull(128, base, {**base, "README.md": "new\n", "vendor/u.py": QUIET})
        w.github.faults.append(Fault("PATCH", "check-runs", "secondary", retry_after="100"))
        job = await w.accept(w.wish())
        async with asyncio.timeout(20):
            while (await w.row(job)).state is not JobState.PARKED:
                await asyncio.sleep(0.02)
        await w.service.stop()
        await w.start()
        row = await w.ended(job)
        assert row.note == "the review that stands there is adopted"
        assert w.checks() == [("neutral", f"{OUT}vendored")]


async def test_a_draft_uses_up_nothing_of_the_hour(tmp_path: Path) -> None:
    """Pushed to until the limit, and then ready: it is reviewed."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, reviews_per_hour=2, debounce=0.0) as w:
        w.pull(config=GATE)
        w.github.pulls[128].draft = True
        for number in range(3):
            push(w, GATE, number)
            row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number)
            assert row.note == "draft pull request"
        w.github.pulls[128].draft = False
        row = await w.reviewed(trigger=Trigger.READY, seen=9.0)
        assert (row.state, row.note) == (JobState.DONE, "")


SHELL = "import os\n\n\ndef run(request):\n    os.system(request.args['x'])\n"


def silent(_body: dict[str, Any], _number: int) -> Reply:
    return Reply()


@pytest.mark.parametrize("by", ["an analyser", "a second look"])
async def test_what_was_proven_holds_the_gate_until_its_code_changes(
    tmp_path: Path, by: str
) -> None:
    """What has not changed is not read again: a push of something else must not let it pass."""
    text, script = (SHELL, silent) if by == "an analyser" else (ORDERS, model)
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.pull(config=GATE, text=text)
        first = await w.reviewed()
        assert w.checks()[-1][0] == "failure"
        for number in range(1, 4):
            files = {CONFIG: GATE, "api/orders.py": text, "README.md": "x\n" * number}
            w.github.push(128, f"9d02f7e{number}", files)
            row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number)
            assert row.id != first.id
            assert w.checks()[-1][0] == "failure", number
            proven = [f["proven"] for f in json.loads(row.document)["findings"]]
            assert any(proven)
        w.anthropic.script = silent
        files = {CONFIG: GATE, "api/orders.py": "def run():\n    return 1\n", "README.md": "x\n"}
        w.github.push(128, "9d02f7e9", files)
        await w.reviewed(trigger=Trigger.PUSHED, seen=9.0)
        assert w.checks()[-1][0] != "failure", "its code is gone"


async def test_it_holds_where_the_job_that_found_it_is_forgotten(tmp_path: Path) -> None:
    """By what stands on the pull request alone, as in an Action."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=GATE, text=SHELL)
        await w.reviewed()
        gone = await w.service._store.forgetting.aged(time.time() + 1)
        assert gone
        w.github.push(128, "9d02f7e", {CONFIG: GATE, "api/orders.py": SHELL, "README.md": "x\n"})
        await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        assert w.checks()[-1][0] == "failure"


async def test_dismissing_one_lets_another_hold_the_gate(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, uncertain) as w:
        w.pull(config=GATE)
        row = await w.reviewed()
        rows = sorted(json.loads(row.document)["findings"], key=lambda f: f["proven"])
        assert [f["proven"] for f in rows] == [False, True]
        for number, identity in enumerate(f["id"] for f in rows):
            why = Dismissal("alice", "2026-11-29", "no")
            await w.service._store.decisions.dismiss(w.github.place(128), identity, 7, why)
            once = f"dismissal {number}"
            await w.reviewed(trigger=Trigger.DISMISSAL, head="", base="", once=once, seen=0.0)
            assert (w.checks()[-1][0] == "failure") is (number == 0)


async def test_what_reaches_a_low_gate_is_told_and_known_again(tmp_path: Path) -> None:
    """Below `min_severity` it would stand in no review, and the next one would know nothing of it."""
    text = "import os\n\n\ndef total(rows):\n    return rows\n"
    config = 'gate = "low"\n' + SMALL.replace("enabled = false", "votes = 1")
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.pull(config=config, text=text)
        row = await w.reviewed()
        assert {f["severity"] for f in json.loads(row.document)["findings"]} == {"low"}
        assert w.checks()[-1][0] == "failure"
        w.github.push(128, "9d02f7e", {CONFIG: config, "api/orders.py": text, "README.md": "x\n"})
        await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        assert w.checks()[-1][0] == "failure"


CRASH = """\
def total(orders, order_id):
    order = orders.get(order_id)
    return order["total"]
"""
"""What only a model sees."""


NOT_THERE, NOTHING = Reply(stop="refusal", refusal="cyber"), Reply()


def crash(*, sees: bool = True, says: Script | Reply = NOTHING, **more: Any) -> Script:
    """A model that sees the crash, or not, and what it answers on a second look."""

    def script(body: dict[str, Any], number: int) -> Reply:
        if is_about(body, "verifier"):
            return says if isinstance(says, Reply) else says(body, number)
        found = {**NONE, "line": 3, "quote": 'return order["total"]', **more}
        return Reply([found] if sees and is_about(body, "correctness") else [])

    return script


def ruled(kind: str) -> Script:
    """A second look that rules so on all that it is asked about."""

    def script(body: dict[str, Any], number: int) -> Reply:
        asked = re.findall(r"\nid: ([0-9a-f]{12})", body["messages"][0]["content"][-1]["text"])
        said = {"ruling": kind, "reason": "So it is.", "quote": 'return order["total"]'}
        where = {"path": "api/orders.py"}
        return Reply(opinions=[{"finding": identity, **said, **where} for identity in asked])

    return script


async def push_readme(w: World, number: int, config: str = GATE) -> str:
    """A push of something else; what the newest check run concludes then."""
    files = {CONFIG: config, "api/orders.py": CRASH, "README.md": "x\n" * number}
    w.github.push(128, f"9d02f7e{number}", files)
    await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number)
    return w.checks()[-1][0]


@pytest.mark.parametrize("says", [NOT_THERE, Reply()], ids=["refused", "passed over"])
async def test_a_verifier_that_fails_opens_no_gate(tmp_path: Path, says: Reply) -> None:
    """It is asked again with the next push, and its ruling counts."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, crash(says=says)) as w:
        w.pull(config=GATE, text=CRASH)
        row = await w.reviewed()
        assert row.outcome == "findings"
        assert w.checks()[-1][0] == "failure"
        assert "not verified" in w.github.bodies_of(128)[0]
        w.anthropic.script = crash(says=uncertain)
        assert await push_readme(w, 1) == "neutral", "it was asked, and cannot tell"
        assert "not verified" not in w.github.bodies_of(128)[0]


@pytest.mark.parametrize(
    ("says", "then"),
    [(NOT_THERE, "failure"), (ruled("confirmed"), "failure"), (uncertain, "neutral")],
    ids=["it fails again", "it confirms", "it cannot tell"],
)
async def test_a_model_that_is_silent_once_opens_no_gate(
    tmp_path: Path, says: Script | Reply, then: str
) -> None:
    """The finding is not reported again, and stays open: a ruling is still due."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, crash(says=NOT_THERE)) as w:
        w.pull(config=GATE, text=CRASH)
        await w.reviewed()
        assert w.checks()[-1][0] == "failure"
        w.anthropic.script = crash(sees=False, says=says)
        assert await push_readme(w, 1) == then
        assert await push_readme(w, 2) == then


@pytest.mark.parametrize("pushes", [0, 1])
async def test_a_gate_that_is_set_later_holds_for_what_was_proven_before(
    tmp_path: Path, pushes: int
) -> None:
    """No marker names it where there is no gate; each document tells it, also after a push of something
    else, of which the second look is not asked.
    """
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, crash(says=ruled("confirmed"))) as w:
        w.pull(text=CRASH)
        await w.reviewed()
        for number in range(pushes):
            assert await push_readme(w, number, SMALL) == "neutral"
        w.anthropic.script = silent
        w.github.pulls[128].base = w.github.commit("ba5e2", {CONFIG: GATE})
        assert await push_readme(w, 9) == "failure"


async def test_what_is_below_the_gate_is_not_read_again_for_it(tmp_path: Path) -> None:
    script = crash(severity="medium")
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.pull(config=GATE, text=CRASH)
        await w.reviewed()
        assert w.checks()[-1][0] == "neutral"
        paid = w.paid
        await push_readme(w, 1)
        texts = [str(r["messages"]) for r in w.anthropic.requests[paid:]]
        assert not any(
            'return order["total"]' in t and "You are the correctness" in t for t in texts
        )


async def test_what_stands_on_no_line_of_the_change_is_asked_about_again_too(
    tmp_path: Path,
) -> None:
    rest = "".join(f"x{i} = {i}\n" for i in range(60))
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, crash(says=NOT_THERE)) as w:
        base = {CONFIG: GATE, "api/orders.py": CRASH + rest}
        after = {**base, "api/orders.py": f"{CRASH}{rest}y = 1\n"}
        w.github.pull(128, base, after)
        row = await w.reviewed()
        assert [f["line"] for f in json.loads(row.document)["findings"]] == [None]
        assert w.checks()[-1][0] == "failure"
        w.github.push(128, "9d02f7e", {**after, "README.md": "x\n"})
        await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        assert w.checks()[-1][0] == "failure"


@pytest.mark.parametrize("found", [False, True], ids=["not reviewed", "found"])
async def test_a_label_that_skips_lets_pass_what_was_never_reviewed(
    tmp_path: Path, *, found: bool
) -> None:
    """As where GitHub is away and somebody must merge; what was found is dismissed instead."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=f'{GATE}[triggers]\nskip_labels = ["hotfix"]\n')
        if not found:
            w.github.faults.append(Fault("GET", r"/pulls/128/files", 422, times=1))
        await w.reviewed()
        assert w.checks()[-1][0] == "failure"
        row = await w.ended(await w.accept(w.label("hotfix", seen=5.0)))
        if not found:
            assert row.state is JobState.SKIPPED
        assert w.checks()[-1][0] == ("failure" if found else "skipped")
