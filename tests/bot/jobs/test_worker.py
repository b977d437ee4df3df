"""A review job whatever overtakes, breaks or limits it, seen from GitHub and from the model."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.jobs.means import Access, Reach
from bot.jobs.protocol import CLOSED, CancelWish, JobState, Place, PurgeWish, Trigger
from tests.bot.jobs.running import SMALL, World, hang, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply, is_about
from tests.fakes.app import FakeInstallation
from tests.fakes.github import Fault
from tests.test_walkthrough import model

NEWER = "Skipped: a newer commit is being reviewed"
CALLS = 3
CLEAN = "def total(a, b):\n    return a + b\n"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """A world on SQLite with short waits."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, debounce=0.3) as made:
        yield made


# --- the usual


async def test_a_wish_becomes_one_review_and_a_check_run(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path) as w:
        w.pull()
        row = await w.reviewed()
        assert (row.state, row.outcome, row.title) == (
            JobState.DONE,
            "findings",
            "2 findings: 2 high",
        )
        assert (row.findings, row.unread, row.attempts) == (2, 0, 1)
        assert row.review_url.endswith(str(w.github.pulls[128].reviews[0]["id"]))
        assert row.cost is not None
        assert row.cost > 0
        assert '"outcome": "findings"' in row.document
        assert w.checks() == [("neutral", "2 findings: 2 high")]
        assert w.paid == CALLS
        assert len(w.github.bodies_of(128)) == 1
        assert w.github.issued == {}, "the token is given back"


async def test_the_same_event_ten_times_at_once_is_one_job(database: str, tmp_path: Path) -> None:
    """S07. A lost start is made good by each of them, and none begins the job twice."""
    async with world(database, tmp_path) as w:
        w.pull()
        ids = await asyncio.gather(*(w.accept(w.wish()) for _ in range(10)))
        assert len(set(ids)) == 1
        await w.ended(ids[0])
        assert await w.accept(w.wish()) == ids[0], "and once more when it is over"
        assert w.paid == CALLS
        assert w.github.posts() == 1
        assert len(w.github.checks) == 1


async def test_a_clean_first_review_writes_only_the_check_run(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply()
    w.pull(text=CLEAN)
    row = await w.reviewed()
    assert row.outcome == "clean"
    assert w.github.posts() == 0
    assert w.checks() == [("success", "No findings: 2 reviewers read the only hunk")]


async def test_a_clean_review_that_somebody_asked_for_is_posted(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply()
    w.pull(text=CLEAN)
    await w.reviewed(trigger=Trigger.COMMAND, once="comment 9")
    assert w.github.posts() == 1


@pytest.mark.parametrize("clean", [False, True])
async def test_without_the_permission_for_checks_the_review_is_posted(
    w: World, *, clean: bool
) -> None:
    """S20: a clean one too, for nobody would hear of it otherwise."""
    if clean:
        w.anthropic.script = lambda _body, _number: Reply()
    del w.github.installations[77].permissions["checks"]
    w.pull(text=CLEAN if clean else ORDERS)
    row = await w.reviewed()
    assert row.state is JobState.DONE
    assert w.github.posts() == 1
    assert w.github.checks == []


async def test_a_draft_is_skipped_and_reviewed_when_it_is_ready(w: World) -> None:
    w.pull()
    w.github.pulls[128].draft = True
    row = await w.reviewed()
    assert (row.state, row.note) == (JobState.SKIPPED, "draft pull request")
    assert w.checks() == [("skipped", "Skipped: draft pull request")]
    assert w.paid == 0
    w.github.pulls[128].draft = False
    assert (await w.reviewed(trigger=Trigger.READY, seen=2.0)).state is JobState.DONE
    assert w.github.posts() == 1


async def test_the_limit_of_an_hour_is_told(tmp_path: Path) -> None:
    """S28."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, reviews_per_hour=1) as w:
        w.pull()
        await w.reviewed()
        w.push(128, "9d02f7e", CLEAN)
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        assert (row.state, row.note) == (
            JobState.SKIPPED,
            "the limit of 1 reviews an hour is reached",
        )
        assert w.checks()[1] == ("skipped", f"Skipped: {row.note}")
        assert w.paid == CALLS


# --- overtaken


async def test_a_push_stops_what_runs_within_a_second(database: str, tmp_path: Path) -> None:
    async with world(database, tmp_path, hang) as w:
        w.pull()
        first = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2)
        await until(lambda: w.github.checks)
        w.anthropic.script = model
        w.push(128, "9d02f7e", ORDERS + "\n")
        began = monotonic()
        second = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0))
        await until(lambda: w.anthropic.dropped == 2)
        assert monotonic() - began < 1.0
        assert (await w.ended(second)).state is JobState.DONE
        await until(lambda: w.checks()[0][0] != "None")
        assert w.checks() == [("skipped", NEWER), ("neutral", "2 findings: 2 high")]
        assert (await w.row(first)).state is JobState.SUPERSEDED
        assert w.paid == 2 + CALLS, "nothing more was paid for the old head"
        assert len(w.github.bodies_of(128)) == 1


async def test_s26_a_review_of_what_was_closed_meanwhile_ends_as_if_that_had_been_heard(
    w: World,
) -> None:
    """Its event is lost, or does not count: by our clock, which is ahead, the button came after it."""
    w.pull()

    def closing(body: dict[str, Any], number: int) -> Reply:
        w.github.pulls[128].state = "closed"
        return model(body, number)

    w.anthropic.script = closing
    row = await w.reviewed(trigger=Trigger.RERUN, once="check-run 7", seen=0.0)
    assert (row.state, row.note) == (JobState.CANCELLED, CLOSED)
    await until(lambda: w.checks() == [("skipped", "Skipped: pull request closed")])
    assert w.github.bodies_of(128) == []


async def test_s70_a_post_that_is_under_way_is_there_for_the_next_review(w: World) -> None:
    """A request cannot be called back: else both would post the same findings."""
    w.pull()
    go = w.github.held[r"POST .*/reviews$"] = asyncio.Event()
    # GitHub knows who asks when the request arrives: a token that is revoked since does not undo it.
    w.github.faults.append(Fault("DELETE", "/installation/token", 404, times=9))
    first = await w.accept(w.wish())
    await until(lambda: w.github.posts() == 1)
    w.push(128, "9d02f7e", ORDERS + "\n")
    second = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0))
    await asyncio.sleep(1.0)  # Time enough to read what stands there.
    go.set()
    assert (await w.ended(second)).state is JobState.DONE
    assert (await w.row(first)).state is JobState.SUPERSEDED
    assert len(w.github.bodies_of(128)) == 1
    assert len(w.github.pulls[128].comments) == 2


async def test_three_pushes_in_a_row_are_one_review_of_the_newest_head(w: World) -> None:
    w.pull()
    w.anthropic.script = hang
    ids = []
    for number, sha in enumerate(("a1", "b2", "c3")):
        w.push(128, sha, ORDERS + "\n" * number)
        ids.append(await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0 + number)))
    w.anthropic.script = model
    last = await w.ended(ids[2])
    assert last.head.startswith("c3")
    assert [(await w.row(i)).state for i in ids[:2]] == [JobState.SUPERSEDED] * 2
    assert len(w.github.bodies_of(128)) == 1
    assert w.github.pulls[128].reviews[0]["commit_id"].startswith("c3")


async def test_a_push_before_its_event_comes(w: World) -> None:
    """S26, S70: what was read is not what stands there when it is to be posted."""
    w.pull()

    def pushing(body: dict[str, Any], number: int) -> Reply:
        if number == 1:
            w.push(128, "9d02f7e", ORDERS + "\n")
        return model(body, number)

    w.anthropic.script = pushing
    job = await w.reviewed()
    assert (job.state, job.note) == (JobState.SUPERSEDED, "a newer commit is being reviewed")
    newer = (await w.service.list())[0]
    assert (await w.ended(newer.id)).state is JobState.DONE
    assert [r["commit_id"][:7] for r in w.github.pulls[128].reviews] == ["9d02f7e"]
    await until(lambda: all(c["conclusion"] for c in w.github.checks))
    assert w.checks() == [("skipped", NEWER), ("neutral", "2 findings: 2 high")]


async def test_s73_a_push_while_it_is_down_makes_the_review_new(w: World) -> None:
    """Answers that were kept are about what was asked: the new commit is read, and not passed over."""
    w.pull()
    w.anthropic.script = lambda body, number: (
        Reply(latency=3600) if number == CALLS else model(body, number)
    )
    first = await w.accept(w.wish())
    await until(lambda: w.paid == CALLS and len(w.anthropic.whole) == 2)
    await w.service.stop()
    w.anthropic.script = model
    w.push(128, "9d02f7e", ORDERS + "\nimport os\nos.system(input())\n")
    await w.start()
    row = await w.ended(first)
    assert (row.state, row.note) == (JobState.SUPERSEDED, "a newer commit is being reviewed")
    newer = (await w.service.list())[0]
    assert newer.id != first
    done = await w.ended(newer.id)
    assert (done.state, done.head[:7], done.unread) == (JobState.DONE, "9d02f7e", 0)
    fresh = [str(r) for r in w.anthropic.requests[CALLS:]]
    assert len(fresh) == CALLS
    assert all("os.system(input())" in said for said in fresh)
    assert [r["commit_id"][:7] for r in w.github.pulls[128].reviews] == ["9d02f7e"]


@pytest.mark.parametrize("why", ["pull request closed", "converted to draft"])
async def test_what_is_not_wanted_any_more_is_cancelled(w: World, why: str) -> None:
    """S71: before the next model call and before the post."""
    w.anthropic.script = hang
    w.pull()
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2 and w.github.checks)
    await w.accept(CancelWish(w.github.place(128), why, seen=2.0))
    await until(lambda: w.anthropic.dropped == 2)
    row = await w.row(job)
    assert (row.state, row.note) == (JobState.CANCELLED, why)
    await until(lambda: w.checks() == [("skipped", f"Skipped: {why}")])
    assert w.github.posts() == 0
    assert not await w.service.cancel(job)


async def test_cancelled_by_hand_while_it_waits_for_another(w: World) -> None:
    w.anthropic.script = hang
    w.pull()
    first = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    assert await w.service.cancel(first)
    await until(lambda: w.anthropic.running == 0)
    w.anthropic.script = model
    again = (await w.service.retry(first)).id
    assert (await w.ended(again)).state is JobState.DONE
    with pytest.raises(KeyError):
        await w.service.retry("none")


async def test_an_uninstalled_app_forgets_and_asks_nothing_more(
    database: str, tmp_path: Path
) -> None:
    """S19: rows of the engine, too, which hold what models said."""
    async with world(database, tmp_path, hang) as w:
        w.pull()
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2 and w.github.checks)
        del w.github.installations[77]
        w.github.calls.clear()
        await w.accept(PurgeWish(77, "acme", why="uninstalled"))
        await until(lambda: w.anthropic.dropped == 2)
        assert await w.service.show(job) is None
        await w.rested()
        assert await DBOS.list_workflows_async() == []
        assert [c for c in w.github.calls if "installation/token" not in c[1]] == []


@pytest.mark.parametrize("gone", ["removed", "suspended", "repository removed", "replaced"])
async def test_where_the_app_has_no_business_any_more(w: World, gone: str) -> None:
    w.pull()
    wish = w.wish()
    match gone:
        case "removed":
            del w.github.installations[77]
        case "suspended":
            w.github.installations[77].suspended = True
        case "repository removed":
            w.github.installations[77].repositories = {1}
        case "replaced":
            w.github.repository_id = 5001
    row = await w.ended(await w.accept(wish))
    assert row.state is JobState.CANCELLED, row.note
    assert w.paid == 0


async def test_suspended_while_it_is_reviewed(w: World) -> None:
    w.pull()

    def suspending(body: dict[str, Any], number: int) -> Reply:
        w.github.installations[77].suspended = True
        return model(body, number)

    w.anthropic.script = suspending
    row = await w.reviewed()
    assert (row.state, row.note) == (
        JobState.CANCELLED,
        "acme/shop#128: the installation is suspended.",
    )
    assert w.github.posts() == 0


async def test_a_renamed_repository_is_followed(w: World) -> None:
    """S22."""
    w.pull()
    w.github.old_names.add("acme/old")
    place = w.github.place(128, "acme/old")
    row = (
        await w.reviewed(place=place)
        if False
        else await w.ended(
            await w.accept(
                w.wish().__class__(place, Trigger.OPENED, w.github.pulls[128].head, "main")
            )
        )
    )
    assert row.state is JobState.DONE
    assert w.checks() == [("neutral", "2 findings: 2 high")]


# --- GitHub at fault


@pytest.mark.parametrize("do", ["html", "cut"])
async def test_github_does_not_answer_when_work_begins(w: World, do: str) -> None:
    """Parked, and tried again."""
    w.pull()
    w.github.faults.append(Fault("POST", "access_tokens", do, times=2))
    with capture_logs() as logs:
        row = await w.reviewed()
    assert [e["event"] for e in logs].count("job.parked") == 2
    assert (row.state, row.attempts) == (JobState.DONE, 1)
    assert w.github.posts() == 1
    assert len(w.github.checks) == 1


async def test_github_does_not_answer_when_the_review_is_done(w: World) -> None:
    """What was paid for is kept, and the check run that was begun is the one that ends."""
    w.pull()

    def breaking(body: dict[str, Any], number: int) -> Reply:
        if number == CALLS:
            w.github.faults.append(Fault("GET", "/pulls/128$", "cut"))
        return model(body, number)

    w.anthropic.script = breaking
    with capture_logs() as logs:
        row = await w.reviewed()
    assert row.state is JobState.DONE, row.note
    assert "job.parked" in [e["event"] for e in logs]
    assert len(w.github.bodies_of(128)) == 1
    assert w.checks() == [("neutral", "2 findings: 2 high")]
    assert w.paid == CALLS


async def test_a_limit_that_lasts_too_long(w: World) -> None:
    w.pull()
    w.github.faults.append(
        Fault("POST", "access_tokens", "secondary", retry_after="9000", times=99)
    )
    row = await w.reviewed()
    assert (row.state, row.note) == (JobState.DEAD, "GitHub's rate limit is reached.")
    w.github.faults.clear()
    assert (await w.reviewed()).state is JobState.DONE, "GitHub delivers it again"


async def test_a_job_that_was_given_up_and_is_done_again_is_nobodys_sorrow(w: World) -> None:
    w.pull()
    down = Fault("POST", "access_tokens", "secondary", retry_after="9000")
    w.github.faults.append(down)
    dead = await w.reviewed()
    assert (await w.service.figures()).dead == 1
    w.github.faults.clear()
    again = (await w.service.retry(dead.id)).id
    assert (await w.ended(again)).state is JobState.DONE
    row = await w.row(dead.id)
    assert (row.state, row.note) == (JobState.SUPERSEDED, f"done again as {again}")
    assert (await w.service.figures()).dead == 0


async def test_ended_while_it_is_parked(w: World) -> None:
    """It was parked over its end, and reviewed once more."""
    w.pull()
    w.github.faults.append(Fault("POST", "access_tokens", "primary", retry_after="90"))
    job = await w.accept(w.wish())
    while (await w.row(job)).state is not JobState.PARKED:
        await asyncio.sleep(0.02)
    await w.accept(CancelWish(w.github.place(128), "pull request closed"))
    await w.rested()
    assert (await w.row(job)).state is JobState.CANCELLED
    assert w.paid == 0


async def test_github_is_down_as_the_check_run_ends(w: World) -> None:
    """The review stands there: it is adopted, and only the check run is written again."""
    w.pull()
    w.github.faults.append(Fault("PATCH", "check-runs", "secondary", retry_after="100"))
    done = asyncio.create_task(w.reviewed())
    await until(lambda: w.github.posts() == 1)
    job = (await w.service.list())[0].id
    while (await w.row(job)).state is not JobState.PARKED:
        await asyncio.sleep(0.02)
    done.cancel()
    await w.service.stop()
    await w.start()
    row = await w.ended(job)
    assert (row.state, row.outcome, row.findings) == (JobState.DONE, "findings", 2)
    assert row.document
    assert w.checks() == [("neutral", "2 findings: 2 high")]
    assert w.github.posts() == 1
    assert w.paid == CALLS


async def test_a_check_run_that_could_not_end_with_its_job_ends_later(w: World) -> None:
    """Else it would seem to run for ever."""
    w.anthropic.script = hang
    w.pull()
    job = await w.accept(w.wish())
    await until(lambda: w.github.checks and w.anthropic.running == 2)
    down = Fault("PATCH", "check-runs", "primary", retry_after="9000", times=2)
    w.github.faults.append(down)
    await w.accept(CancelWish(w.github.place(128), "pull request closed"))
    await until(lambda: down.times == 1)
    ended = (await w.row(job)).ended
    await w.there(w.crew.endings.close_checks(ended))
    assert down.times == 1, "its own end may be under way"
    for _ in range(2):
        await w.there(w.crew.endings.close_checks(ended + 61))
    assert w.checks() == [("skipped", "Skipped: pull request closed")]


async def test_a_review_that_asks_nothing_keeps_no_other_waiting(w: World) -> None:
    """Its push changes no hunk; what it writes is throttled for long."""
    for number in (1, 2):
        w.pull(number)
    await w.reviewed(1)
    w.push(1, "9d02f7e", ORDERS)
    down = Fault("PUT", "/pulls/1/reviews", "secondary", retry_after="5")
    w.github.faults.append(down)
    await w.accept(w.wish(1, trigger=Trigger.PUSHED, seen=2.0))
    await until(lambda: down.times == 0)
    began = monotonic()
    assert (await w.reviewed(2)).state is JobState.DONE
    assert monotonic() - began < 4.0


async def test_a_late_closing_does_not_end_what_somebody_asked_for_since(w: World) -> None:
    """The pull request was reopened meanwhile; when the button was pressed, GitHub does not say."""
    w.pull()
    await w.reviewed()
    await w.reviewed(trigger=Trigger.REOPENED, seen=1001.0)
    w.anthropic.script = hang
    asked = await w.accept(w.wish(trigger=Trigger.RERUN, seen=0.0, once="check-run 7"))
    await until(lambda: w.anthropic.running)
    await w.accept(CancelWish(w.github.place(128), "pull request closed", 1000.0))
    assert (await w.row(asked)).state is JobState.RUNNING
    await w.accept(CancelWish(w.github.place(128), "pull request closed", time.time() + 1.0))
    assert (await w.row(asked)).state is JobState.CANCELLED


@pytest.mark.parametrize("do", ["lost", "late", "drop"])
async def test_trap_8_a_post_whose_answer_was_lost_is_not_made_twice(w: World, do: str) -> None:
    w.pull()
    w.github.faults.append(Fault("POST", "/reviews$", do))
    row = await w.reviewed()
    assert row.state is JobState.DONE
    assert len(w.github.bodies_of(128)) == 1
    assert w.paid == CALLS


async def test_a_secondary_limit_is_waited_for(w: World) -> None:
    """S64."""
    w.pull()
    w.github.faults.append(Fault("POST", "/reviews$", "secondary", retry_after="0"))
    assert (await w.reviewed()).state is JobState.DONE
    assert len(w.github.bodies_of(128)) == 1


async def test_a_line_that_github_refuses_moves_into_the_body(w: World) -> None:
    """S65."""
    w.pull()
    w.github.pulls[128].refused.add("api/orders.py")
    assert (await w.reviewed()).state is JobState.DONE
    (body,) = w.github.bodies_of(128)
    assert "GitHub took no comment on these lines:" in body


@pytest.mark.parametrize(
    ("gate", "concluded"), [("", "neutral"), ('gate = "high"\n', "failure")], ids=["", "gate"]
)
async def test_a_locked_conversation_is_a_quiet_end(w: World, gate: str, concluded: str) -> None:
    """S67: what was found stands in the check run, and nobody pays for it again."""
    w.pull(config=gate + SMALL)
    w.github.faults.append(Fault("POST", "/reviews$", 403, times=9))
    row = await w.reviewed()
    assert (row.state, row.outcome, row.findings) == (JobState.DONE, "findings", 2)
    assert row.note.startswith("Not posted, or not in full: The token may not post the review")
    assert row.note in row.document
    assert w.checks() == [(concluded, "2 findings: 2 high")]
    assert w.check()["output"]["summary"].startswith(row.note)
    assert "An unknown order ends in status 500" in w.check()["output"]["text"]
    assert (await w.reviewed(trigger=Trigger.LABELED)).id == row.id
    assert w.paid == CALLS


async def test_what_could_not_be_posted_is_told_with_the_next_push(w: World) -> None:
    w.pull()
    w.github.faults.append(Fault("POST", "/reviews$", 403))
    await w.reviewed()
    w.push(128, "9d02f7e", ORDERS + "\n")
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
    assert (row.state, row.note) == (JobState.DONE, "")
    (body,) = w.github.bodies_of(128)
    assert "An unknown order ends in status 500" in body


async def test_a_body_that_may_not_be_edited_is_no_failure_either(w: World) -> None:
    w.pull()
    await w.reviewed()
    w.github.faults.append(Fault("PUT", r"/reviews/\d+$", 403, times=9))
    w.push(128, "9d02f7e", ORDERS + "\n")
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
    assert row.state is JobState.DONE
    assert row.note.startswith("Not posted, or not in full: ")
    assert w.checks()[1] == ("neutral", "2 open: 2 high")


async def test_a_pull_request_that_is_gone(w: World) -> None:
    w.pull()
    wish = w.wish()
    del w.github.pulls[128]
    row = await w.ended(await w.accept(wish))
    assert (row.state, row.outcome) == (JobState.DEAD, "failed")
    assert w.paid == 0


# --- Triptych itself, and its database, at fault


class Faulty:
    """A way to GitHub that breaks once, in our own code, for one pull request."""

    def __init__(self, access: Access, error: Exception, number: int = 128) -> None:
        self._access = access
        self._error: Exception | None = error
        self._number = number

    @asynccontextmanager
    async def pull(self, place: Place) -> AsyncIterator[Reach]:
        """Open it, or break."""
        if self._error and place.number == self._number:
            error, self._error = self._error, None
            raise error
        async with self._access.pull(place) as reach:
            yield reach


def break_once(w: World, error: Exception) -> None:
    """The next try of #128 meets a fault."""
    worker = w.crew.worker
    worker._means = replace(worker._means, access=Faulty(worker._means.access, error))


async def test_s76_a_fault_of_ours_ends_its_job_and_no_other(w: World) -> None:
    for number in (1, 128):
        w.pull(number)
    break_once(w, ZeroDivisionError("by zero"))
    broken, other = await asyncio.gather(w.reviewed(128), w.reviewed(1))
    assert (broken.state, broken.outcome) == (JobState.DEAD, "failed")
    assert broken.note == "Triptych has a fault (ZeroDivisionError)."
    assert other.state is JobState.DONE
    assert len(w.github.bodies_of(1)) == 1
    told = [c["output"]["title"] for c in w.github.checks if c["head_sha"] == broken.head]
    assert told == ["Failed: not reviewed, Triptych has a fault"]
    assert (await w.service.retry(broken.id)).is_new, "the next one is not broken"


async def test_a_database_that_was_away_for_long_is_waited_for(w: World) -> None:
    """However long: what was paid for would be forgotten with the engine's run."""
    w.pull()
    break_once(w, OperationalError("update", None, sqlite3.OperationalError("connection lost")))
    with capture_logs() as logs:
        row = await w.reviewed()
    assert [e["why"] for e in logs if e["event"] == "job.database"] == ["OperationalError"]
    assert (row.state, row.attempts, row.outcome) == (JobState.DONE, 1, "findings")
    assert len(w.github.bodies_of(128)) == 1


# --- models at fault


def one(about: str, reply: Reply) -> Any:
    """A model of which one reviewer's call goes wrong."""
    return lambda body, number: reply if is_about(body, about) else model(body, number)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(refusal="cyber"),
        Reply(text="I think that"),
        Reply(cut="end"),
        Reply(status=400),
        Reply(stop="max_tokens", text='{"findings": ['),
    ],
    ids=["refuses", "garbage", "cut", "400", "out of tokens"],
)
async def test_one_reviewer_that_fails_is_told(w: World, reply: Reply) -> None:
    """One review, posted, and not more than it can say."""
    w.anthropic.script = one("security", reply)
    w.pull()
    row = await w.reviewed()
    assert (row.state, row.outcome) == (JobState.DONE, "incomplete")
    (body,) = w.github.bodies_of(128)
    assert body.startswith("**Incomplete: security reviewed nothing.**")
    assert "An unknown order ends in status 500" in body
    assert w.checks()[0][1].startswith("Incomplete: security read 0 of 1 hunk")


async def test_no_reviewer_answers(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply(status=401)
    w.pull()
    row = await w.reviewed()
    assert row.state is JobState.DONE
    assert row.outcome in ("incomplete", "failed")
    assert len(w.github.checks) == 1
    assert w.github.checks[0]["status"] == "completed"


# --- money


@pytest.mark.parametrize("limit", ["cost_day", "cost_day_installation", "cost_day_repository"])
async def test_the_money_of_a_day_is_spent(tmp_path: Path, limit: str) -> None:
    """No model call, and the limit is named."""
    url = f"sqlite:///{tmp_path}/t.db"
    none: dict[str, Any] = {limit: 0.0}
    async with world(url, tmp_path, **none) as w:
        w.pull()
        row = await w.reviewed()
        assert (row.state, row.outcome) == (JobState.DONE, "incomplete")
        assert w.paid == 0
        assert w.checks()[0][1].startswith(
            "Incomplete: budget of 0.00 USD is too small for one call"
        )
        told = w.github.bodies_of(128)[0] + w.github.checks[0]["output"]["summary"]
        assert f"TRIPTYCH_MAX_{limit.upper()}" in told


async def test_what_runs_beside_it_has_its_money_set_aside(tmp_path: Path) -> None:
    """Two at once do not each spend what is left of the day."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang, cost_day=2.0) as w:
        for number in (1, 2, 3):
            w.pull(number)
        first = await w.accept(w.wish(1))
        await until(lambda: w.anthropic.running == 2)
        second = await w.reviewed(2)
        assert second.outcome == "incomplete"
        assert w.paid == 2
        await w.service.cancel(first)
        w.anthropic.script = model
        assert (await w.reviewed(3)).outcome == "findings", "what it did not spend is there again"


async def test_an_interrupted_review_does_not_overrun_its_budget(tmp_path: Path) -> None:
    """What it has paid before counts, also for calls whose answers were lost."""
    config = SMALL + "[budget]\nreview = 1.0\n"
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        w.pull(config=config)
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running == 2)
        await w.service.stop()
        with sqlite3.connect(tmp_path / "t.db") as connection:
            connection.execute("update triptych_jobs set cost = 1.0")
        connection.close()
        w.anthropic.script = model
        await w.start()
        row = await w.ended(job)
        assert row.outcome == "incomplete"
        assert row.cost == 1.0
        assert w.paid == 2, "nothing since"
        assert "budget of 1.00 USD reached" in w.checks()[0][1]


async def test_s28_what_earlier_jobs_have_cost_counts_for_the_pull_request(w: World) -> None:
    """Also where nothing that stands there tells of it: a push would be a way round the limit."""
    w.anthropic.script = hang
    w.pull(config=SMALL + "[budget]\npull_request = 1.0\n")
    first = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    await w.service.cancel(first)
    await until(lambda: w.anthropic.running == 0)
    await w.rested()
    await w.service._store.note(first, cost=1.0)
    w.anthropic.script = model
    row = await w.reviewed(trigger=Trigger.COMMAND, once="comment 9")
    assert (row.state, row.outcome) == (JobState.DONE, "incomplete")
    assert w.paid == 2, "nothing since"
    assert "budget of 1.00 USD reached" in w.checks()[-1][1]


# --- turns


async def test_one_installation_does_not_keep_another_waiting(tmp_path: Path) -> None:
    """S14: one seat, 50 jobs of one installation, then one of another."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, hang, reviews_at_once=1) as w:
        w.github.installations[88] = FakeInstallation("evil")
        many = []
        for number in range(1, 51):
            w.pull(number)
            many.append(await w.accept(w.wish(number)))
        w.pull(99)
        place = w.github.place(99)
        wish = w.wish(99)
        single = await w.accept(replace(wish, place=replace(place, installation=88)))
        assert w.service.at_work is not None
        shop = w.service.at_work.shop
        await until(lambda: not shop._beside)  # all of them stand in the queue
        w.anthropic.script = model
        await w.service.cancel(many[0])
        await w.ended(single, 60)
        done = [row for row in await w.service.list(100, JobState.DONE) if row.id in many]
        assert len(done) <= 3, "those that were in the seat, or next to it"


async def test_one_review_of_a_pull_request_at_a_time(w: World) -> None:
    """A push while a review runs: the second one waits until the first has stopped."""
    w.pull()
    w.anthropic.script = hang
    await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2)
    w.anthropic.script = model
    w.push(128, "9d02f7e", ORDERS + "\n")
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
    assert row.state is JobState.DONE
    assert w.anthropic.peak == 2
    assert len(w.github.bodies_of(128)) == 1
    assert ("skipped", "Skipped: a newer commit is being reviewed") in w.checks()
