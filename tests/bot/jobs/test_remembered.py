"""What a review's texts do not tell to the next one, or tell no more, the database does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobRow, JobState, Trigger
from bot.outputs.marker import HOLDING_KEPT, IDS_KEPT
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, uncertain, until, world
from tests.fakes.anthropic import Reply, is_about, reported
from tests.fakes.github import Fault

GATE = 'engine = "static"\ngate = "high"\n'
SHELL = "import os\n\n\ndef run(request):\n    os.system(request.args['x'])\n"
EVAL = "def calc(request):\n    return eval(request.args['y'])\n"
ONLY = "Static analysis only: "
START = reported("api/orders.py", 2, "    request.start(request.args['x'])")


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


@pytest.mark.parametrize("below", ["", "\n\nI mend the first one today. Bob"])
async def test_a_branch_set_back_to_a_reviewed_commit_is_not_called_older(
    tmp_path: Path, below: str
) -> None:
    """Nothing is reviewed of a draft, so nobody else would take the words back. What a person has
    written below stays.
    """
    hangs = False

    def script(_body: dict[str, Any], _number: int) -> Reply:
        return Reply(latency=3600 if hangs else 0)

    config = f'gate = "high"\n{SMALL}'
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, "a.py": SHELL})
        await w.reviewed()
        review(w)["body"] += below
        before, head = review(w)["body"], w.github.pulls[128].head
        hangs = True
        w.github.push(128, "9d02f7e", {CONFIG: config, "a.py": SHELL + "x = 1\n"})
        await w.accept(w.wish(trigger=Trigger.PUSHED, seen=10.0))
        await until(lambda: review(w)["body"].startswith("**For `4ead128`, an older commit.** "))
        w.github.pulls[128].head, w.github.pulls[128].draft = head, True
        await w.reviewed(trigger=Trigger.PUSHED, seen=20.0)
        assert review(w)["body"] == before


EDITS = ["severity", "text", "signature", "place", "swapped", "below", "emptied"]


def edit(w: World, what: str) -> None:
    """As anybody who may write to the repository can."""
    comments = w.github.pulls[128].comments
    tails = [c["body"].rpartition("\n")[2] for c in comments]
    for text in texts(w):
        match what:
            case "severity":
                text["body"] = text["body"].replace("**High", "**Low")
            case "text":
                text["body"] = f"Nothing.\n\n{text['body'].rpartition(chr(10))[2]}"
            case "signature":
                text["body"] = text["body"].partition(" sig=")[0] + " -->"
            case "place":
                text["body"] = re.sub(r"api/\w+\.py#L\d+", "read.me#L1", text["body"])
            case "below":
                text["body"] += "\n\nI mend the first one today. Bob"
            case "emptied":
                text["body"] = "Outdated."
    if what == "swapped":
        for comment, tail in zip(comments, reversed(tails), strict=True):
            comment["body"] = f"{comment['body'].rpartition(chr(10))[0]}\n{tail}"


@pytest.mark.parametrize("limit", [20, 0], ids=["in threads", "without threads"])
@pytest.mark.parametrize("what", EDITS)
async def test_s69_what_anybody_may_edit_opens_no_gate(
    tmp_path: Path, what: str, limit: int
) -> None:
    """Nor does a marker whose signature is gone: what the database knows is ours."""
    config = f"inline_limit = {limit}\n{GATE}"
    files = {"api/orders.py": SHELL, "api/users.py": EVAL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, **files})
        before = json.loads((await w.reviewed()).document)["findings"]
        edit(w, what)
        row = await pushed(w, {**files, "read.me": "x\n"}, config)
        assert w.checks()[-1] == ("failure", f"{ONLY}2 high")
        after = json.loads(row.document)["findings"]
        for name in ("id", "path", "line", "side", "quote", "severity", "sources"):
            assert [f[name] for f in after] == [f[name] for f in before]
        assert w.github.posts() == (2 if what == "emptied" else 1)


@pytest.mark.parametrize("forgotten", [True, False])
async def test_what_reached_the_gate_is_as_grave_as_that_also_where_it_is_forgotten(
    tmp_path: Path, forgotten: bool
) -> None:
    files = {"api/orders.py": SHELL}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, **files})
        await w.reviewed()
        if forgotten:
            assert await w.service._store.forgetting.aged(time.time() + 1)
        edit(w, "severity")
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


async def test_of_more_than_a_marker_names_all_is_read_again_where_they_are_forgotten(
    tmp_path: Path,
) -> None:
    many = {f"app/f{n:03}.py": SHELL for n in range(HOLDING_KEPT + 1)}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, **many})
        await w.reviewed()
        assert await w.service._store.forgetting.aged(time.time() + 1)
        edit(w, "severity")
        row = await pushed(w, {**many, "read.me": "x\n"})
        assert w.checks()[-1] == ("failure", f"{ONLY}{len(many)} high")
        assert json.loads(row.document)["coverage"]["carried"] == 0


@pytest.mark.parametrize("title", ["It is unchecked", "The check is gone (removed here)"])
async def test_what_is_mended_is_fixed_where_the_commit_before_is_lost(
    tmp_path: Path, title: str
) -> None:
    """After a force push GitHub may not have the commit any more on which it was found."""
    line = "return order[0]"
    says = True

    def script(body: dict[str, Any], _number: int) -> Reply:
        claim = reported("app.py", 2, line, rule="security/other", severity="high", title=title)
        return Reply([claim] if says and is_about(body, "security") else [])

    config = f'gate = "high"\n{SMALL}'
    text = f"def total(order):\n    {line}\n"
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, "app.py": text})
        await w.reviewed()
        says = False
        w.github.push(
            128, "9d02f7e0", {CONFIG: config, "app.py": f"# Of a row.\n{text}"}, force=True
        )
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        (found,) = json.loads(row.document)["findings"]
        assert (found["line"], found["side"], found["quote"]) == (3, "RIGHT", line)
        w.github.push(128, "9d02f7e1", {CONFIG: config, "app.py": "x = 1\n"}, force=True)
        await w.reviewed(trigger=Trigger.PUSHED, seen=4.0)
        assert w.checks()[-1] == ("success", "No open findings; 1 fixed")


@pytest.mark.parametrize("why", ["a person has hidden its comment", "it could not be edited"])
async def test_what_was_fixed_stays_so_where_its_comment_does_not_say_it(
    tmp_path: Path, why: str
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, "a.py": SHELL})
        await w.reviewed()
        (comment,) = w.github.pulls[128].comments
        if "hidden" in why:
            w.github.hidden[comment["node_id"]] = "RESOLVED"
        else:
            w.github.faults.append(Fault("PATCH", r"/pulls/comments/", 403, times=1))
        await pushed(w, {"a.py": "x = 1\n"})
        assert w.checks()[-1] == ("success", f"{ONLY}no open findings; 1 fixed")
        assert comment["body"].startswith("**Fixed in `9d02f7e`.**") == ("hidden" in why)
        await pushed(w, {"a.py": "x = 1\n", "read.me": "x\n"})
        assert w.checks()[-1] == ("success", f"{ONLY}no findings")
        assert comment["body"].startswith("**Fixed in `9d02f7e`.**")
        await pushed(w, {"a.py": "x = 1\n", "read.me": "y\n"})
        assert w.checks()[-1] == ("success", f"{ONLY}no findings")


async def test_a_job_that_finds_its_review_edited_edits_the_comments_too(tmp_path: Path) -> None:
    """Its process had died between the two."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE}, {CONFIG: GATE, "a.py": SHELL})
        await w.reviewed()
        died: list[str] = []

        def dies(when: str, what: str) -> bool:
            is_due = when == "before" and re.match(r"PATCH .*/pulls/comments/", what)
            died.extend([what] if is_due and not died else [])
            return bool(died)

        w.github.watch = dies
        w.github.push(128, "9d02f7e1", {CONFIG: GATE, "a.py": "x = 1\n"})
        job = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=3.0))
        await until(lambda: died)
        stopping = asyncio.create_task(w.service.stop())
        await asyncio.sleep(0.3)
        w.github.watch = lambda *_: False
        await stopping
        await w.start()
        assert (await w.ended(job)).note == "the review that stands there is adopted"
        (comment,) = w.github.pulls[128].comments
        assert comment["body"].startswith("**Fixed in `9d02f7e`.**")
        assert w.github.hidden == {comment["node_id"]: "RESOLVED"}
        assert w.checks()[-1] == ("success", f"{ONLY}no open findings; 1 fixed")


PAD = "".join(f"x{n} = {n}\n" for n in range(40))
NO_IMPORT = f"import sys\n{PAD}\n\ndef run():\n    return os.getcwd()\n"


@pytest.mark.parametrize("why", ["forgotten", "overtaken"])
async def test_what_is_mended_in_another_hunk_is_fixed(tmp_path: Path, why: str) -> None:
    """The analyser that alone has seen it is known where its job is forgotten, by the marker; and where
    a push came while it was posted.
    """
    old = NO_IMPORT.replace("os.getcwd()", "1")
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: GATE, "a.py": old}, {CONFIG: GATE, "a.py": NO_IMPORT})
        if why == "overtaken":
            go = w.github.held[r"POST .*/reviews$"] = asyncio.Event()
            first = await w.accept(w.wish())
            await until(
                lambda: any(p.endswith("/reviews") for m, p in w.github.calls if m == "POST")
            )
            w.github.push(128, "9d02f7e1", {CONFIG: GATE, "a.py": NO_IMPORT, "x.txt": "1\n"})
            second = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0))
            await w.ended(first)
            go.set()
            assert (await w.ended(second)).outcome == "findings"
            row = await w.row(first)
            assert row.state is JobState.SUPERSEDED
            assert row.review_url
            assert json.loads(row.document)["written"]["created"]
        else:
            await w.reviewed()
            assert await w.service._store.forgetting.aged(time.time() + 1)
        await pushed(w, {"a.py": f"import os\n{NO_IMPORT}"})
        assert w.checks()[-1] == ("success", f"{ONLY}no open findings; 1 fixed")
        assert w.github.posts() == 1


async def test_how_the_votes_fell_is_told_as_long_as_a_finding_is_open(tmp_path: Path) -> None:
    """What has not changed is not read again: neither the body nor the next document forgets how sure
    its reviewers were, also where somebody has rewritten the texts.
    """
    asked = 0

    def two_of_three(body: dict[str, Any], number: int) -> Reply:
        nonlocal asked
        if not is_about(body, "security"):
            return uncertain(body, number) if is_about(body, "verifier") else Reply()
        asked += 1
        return Reply([START] if asked < 3 else [])

    config = SMALL.replace("votes = 1", "votes = 3", 1)
    files = {"api/orders.py": "def run(request):\n    request.start(request.args['x'])\n"}
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, two_of_three) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, **files})
        (found,) = json.loads((await w.reviewed()).document)["findings"]
        assert len(found["votes"][0]["seen"]) == 2
        for number in range(2):
            for text in texts(w):
                text["body"] = text["body"].replace("2 of 3", "3 of 3")
            row = await pushed(w, {**files, "read.me": f"{number}\n"}, config)
            (later,) = json.loads(row.document)["findings"]
            assert (later["votes"], later["votes_before"]) == ([], found["votes"])
            assert later["evidence"] == "2 of 3 security votes in an earlier review"
            assert ", still open: " in review(w)["body"]
            assert re.search(r"L2\), 2 of 3 votes\.$", review(w)["body"], re.MULTILINE)


ROWS = "".join(f"def row_{n}(rows):\n    return rows[{n}]\n\n\n" for n in range(12))
TOTAL = "    return request.start(request.args['total'])"
TWICE = (
    ("Text from the request is started", "Whoever calls this runs code of theirs on the server."),
    ("Remote expression injection", "Attacker-supplied input reaches an interpreter unchecked."),
)


@pytest.mark.parametrize("dismissed", [False, True])
@pytest.mark.parametrize("base", [{}, {"a.py": ROWS}], ids=["added", "of the base"])
async def test_a_finding_goes_with_its_file_though_a_model_puts_it_otherwise(
    tmp_path: Path, base: dict[str, str], dismissed: bool
) -> None:
    """Renamed once more by a push that changes the lines round it, so that they are read again."""
    at, line, number = "b.py", ROWS.count("\n") + 2, 0

    def script(body: dict[str, Any], _number: int) -> Reply:
        if is_about(body, "verifier"):
            return uncertain(body, _number)
        if not is_about(body, "security"):
            return Reply()
        title, text = TWICE[number]
        more = {"rule": "security/sql-injection", "severity": "high"}
        return Reply([reported(at, line, TOTAL, title=title, body=text, **more)])

    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, script) as w:
        text = f"{ROWS}def total(request):\n{TOTAL}\n"
        w.github.pull(128, {CONFIG: SMALL, **base}, {CONFIG: SMALL, at: text})
        w.github.pulls[128].renames = {at: "a.py"} if base else {}
        (found,) = json.loads((await w.reviewed()).document)["findings"]
        if dismissed:
            why = Dismissal("alice", "2026-11-29", "no")
            await w.service._store.decisions.dismiss(w.github.place(128), found["id"], 7, why)
            await w.reviewed(trigger=Trigger.DISMISSAL, head="", base="", once="d 1", seen=0.0)
        at, line, number = "c.py", line + 1, 1
        text = text.replace(TOTAL, f"    # all of them\n{TOTAL}")
        w.github.push(128, "9d02f7e0", {CONFIG: SMALL, at: text})
        w.github.pulls[128].renames = {at: "a.py"} if base else {}
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=5.0)
        told = [(f["id"], f["path"]) for f in json.loads(row.document)["findings"]]
        assert told == ([] if dismissed else [(found["id"], "c.py")])
        title = w.checks()[-1][1]
        assert title.endswith("; 1 dismissed") if dismissed else title == "1 open: 1 high"
        assert w.github.posts() == 1
