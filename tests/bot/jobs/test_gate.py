"""What ends without a review passes no gate: a required check that is neutral or skipped would pass."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import CLOSED, CancelWish, JobState, Trigger
from tests.bot.jobs.running import CONFIG, SMALL, World, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply
from tests.fakes.github import Entry, Fault

GATE = f'gate = "high"\n{SMALL}'
GATED = pytest.mark.parametrize("config", [SMALL, GATE], ids=["no gate", "a gate"])


def hang(_body: dict[str, Any], _number: int) -> Reply:
    return Reply(latency=3600)


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
