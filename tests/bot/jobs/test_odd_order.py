"""Events that come late, together, or while a job has looked already: the pull request is reviewed as
it is, and no older event undoes what a newer one wanted (cases S13, S26).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.protocol import CLOSED, DRAFTED, CancelWish, JobRow, JobState, Trigger
from tests.bot.jobs.running import CONFIG, SMALL, World, hang, until, world
from tests.builders import ORDERS
from tests.fakes.github import Fault
from tests.test_walkthrough import model

GATE = f'gate = "high"\n{SMALL}'
BACK = pytest.mark.parametrize(
    ("why", "back"), [(CLOSED, Trigger.REOPENED), (DRAFTED, Trigger.READY)]
)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        made.pull(config=GATE)
        yield made


@asynccontextmanager
async def held(w: World, method: str, path: str) -> AsyncIterator[None]:
    """GitHub answers such a request when this is over; it has come when this begins to be held."""
    before, go = len(w.github.calls), asyncio.Event()
    w.github.held[f"{method} .*{path}"] = go
    try:
        yield
    finally:
        await until(lambda: any(m == method and path in p for m, p in w.github.calls[before:]))
        w.github.held.clear()
        go.set()


async def newest(w: World) -> tuple[JobState, str]:
    """The newest job, when nothing lives any more, and what the newest check run concludes."""
    async with asyncio.timeout(20):
        while any(row.state in (JobState.WAITING, JobState.RUNNING) for row in await rows(w)):
            await asyncio.sleep(0.02)
    return (await rows(w))[0].state, w.checks()[-1][0]


async def rows(w: World) -> Sequence[JobRow]:
    return await w.service.list(50)


async def test_what_is_held_is_answered_when_it_is_let_go(w: World) -> None:
    """Else the fake would fail it, and a job that looks again be proved instead."""
    w.github.pulls[128].draft = True
    async with held(w, "POST", "/check-runs"):
        job = await w.accept(w.wish())
    assert (await w.ended(job)).state is JobState.SKIPPED
    assert sum(m == "POST" and p.endswith("/check-runs") for m, p in w.github.calls) == 1


@BACK
async def test_s13_wanted_again_while_the_job_that_found_it_unwanted_ends(
    w: World, why: str, back: Trigger
) -> None:
    """The job has looked, and is writing that it skips; its row is the same wish's."""
    pull = w.github.pulls[128]
    pull.draft, pull.state = why == DRAFTED, "closed" if why == CLOSED else "open"
    async with held(w, "POST", "/check-runs"):
        job = await w.accept(w.wish())
        await until(lambda: any(m == "POST" and "check-runs" in p for m, p in w.github.calls))
        pull.draft, pull.state = False, "open"
        assert await w.accept(w.wish(trigger=back, seen=1.0)) == job, "of the very second"
        await w.service.accept(CancelWish(w.github.place(128), why, 1.0), "delivery")
    await until(lambda: w.paid)
    assert await newest(w) == (JobState.DONE, "failure")


@BACK
async def test_s13_a_late_closing_ends_nothing_that_was_wanted_after_it(
    w: World, why: str, back: Trigger
) -> None:
    w.anthropic.script = lambda body, number: replace(model(body, number), latency=0.5)
    job = await w.accept(w.wish(seen=1.0))
    await until(lambda: w.anthropic.running == 2)
    assert await w.accept(w.wish(trigger=back, seen=3.0)) == job
    await w.service.accept(CancelWish(w.github.place(128), why, 2.0), "delivery")
    assert (await w.ended(job)).state is JobState.DONE


@BACK
async def test_s13_closed_and_reopened_in_one_second(w: World, why: str, back: Trigger) -> None:
    """GitHub's times are whole seconds; the events come in order."""
    w.anthropic.script = hang
    job = await w.accept(w.wish(seen=100.0))
    await until(lambda: w.anthropic.running == 2)
    await w.service.accept(CancelWish(w.github.place(128), why, 100.0), "delivery")
    await w.ended(job)
    w.anthropic.script = model
    again = await w.accept(w.wish(trigger=back, seen=100.0))
    assert again != job
    assert (await w.ended(again)).state is JobState.DONE
    assert await w.accept(w.wish(trigger=back, seen=100.0)) == again, "a replay is the same"


@BACK
async def test_s13_closed_and_reopened_in_one_second_the_wrong_way_round(
    w: World, why: str, back: Trigger
) -> None:
    """`gh pr close 128; gh pr reopen 128`, and the second event comes first."""
    w.anthropic.script = hang
    job = await w.accept(w.wish(trigger=back, seen=100.0))
    await until(lambda: w.anthropic.running == 2)
    await w.service.accept(CancelWish(w.github.place(128), why, 100.0), "delivery")
    await asyncio.sleep(0.3)
    assert (await w.row(job)).state is JobState.RUNNING
    await w.service.accept(CancelWish(w.github.place(128), why, 101.0), "delivery")
    assert (await w.ended(job)).state is JobState.CANCELLED, "the next second is another matter"


async def test_s29_a_label_is_taken_off_while_the_job_that_saw_it_ends(tmp_path: Path) -> None:
    """It would end as skipped, which passes the gate, and nobody would ever read it."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=f'{GATE}[triggers]\nskip_labels = ["wip"]\n')
        labels = w.github.pulls[128].labels
        labels.append("wip")
        async with held(w, "POST", "/check-runs"):
            job = await w.accept(w.wish(seen=100.0))
            await until(lambda: any(m == "POST" and "check-runs" in p for m, p in w.github.calls))
            labels.remove("wip")
            assert await w.accept(w.wish(trigger=Trigger.LABELED, seen=100.0)) == job
        await until(lambda: w.paid)
        assert await newest(w) == (JobState.DONE, "failure")


async def test_s13_a_late_push_does_not_end_the_review_of_the_one_after_it(tmp_path: Path) -> None:
    """Opened, pushed, pushed again: the job of the first reads the last, and is half paid for."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang, debounce=0.0) as w:
        w.pull()
        opened = w.wish(seen=100.0)
        w.push(128, "aaaa", ORDERS + "# a\n")
        late = w.wish(trigger=Trigger.PUSHED, seen=110.0)
        w.push(128, "bbbb", ORDERS + "# b\n")
        job = await w.accept(opened)
        await until(lambda: w.anthropic.running == 2 and w.github.checks)
        assert await w.accept(w.wish(trigger=Trigger.PUSHED, seen=120.0)) == job
        assert await w.accept(late) == ""
        assert (await w.row(job)).state is JobState.RUNNING


async def test_s26_a_late_stop_of_before_the_push_that_a_waiting_job_will_read(
    tmp_path: Path,
) -> None:
    """Orders wait for minutes while GitHub is away."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, hang, reviews_at_once=1, debounce=0.0) as w:
        w.pull(7)
        first = await w.accept(w.wish(7))
        await until(lambda: w.anthropic.running == 2)
        place = w.pull()
        command = w.wish(trigger=Trigger.COMMAND, head="", base="", once="comment 9", seen=100.0)
        asked = await w.accept(command)
        w.push(128, "9d02f7e", ORDERS + "\n")
        assert await w.accept(w.wish(trigger=Trigger.PUSHED, seen=120.0)) == asked
        await w.service.accept(CancelWish(place, "stopped by alice", 110.0), "delivery")
        w.anthropic.script = model
        await w.service.cancel(first)
        assert (await w.ended(asked)).state is JobState.DONE


async def test_s26_a_late_stop_of_before_what_a_moved_job_wishes_for(tmp_path: Path) -> None:
    """The new job has seen what the one had seen that was overtaken."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, debounce=0.0) as w:
        place = w.pull()
        w.anthropic.script = lambda body, number: replace(model(body, number), latency=0.5)
        w.push(128, "aaaa", ORDERS + "# a\n")
        second = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=120.0))
        await until(lambda: w.anthropic.running)
        w.push(128, "bbbb", ORDERS + "# b\n")
        await w.ended(second)
        moved = (await rows(w))[0].id
        assert moved != second
        await w.service.accept(CancelWish(place, "stopped by alice", 110.0), "delivery")
        assert (await w.ended(moved)).state is JobState.DONE


@pytest.mark.parametrize("trigger", [Trigger.COMMAND, Trigger.RERUN])
@pytest.mark.parametrize("late", [False, True], ids=["while it reads", "while it ends"])
async def test_a_new_base_while_an_asked_review_runs(
    tmp_path: Path, trigger: Trigger, *, late: bool
) -> None:
    """A person asks without naming a base; the new one may have a gate."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        w.pull(config=SMALL)
        pull = w.github.pulls[128]
        head = pull.head if trigger is Trigger.RERUN else ""
        wish = w.wish(trigger=trigger, base="", head=head, once="comment 9")
        if late:
            w.anthropic.script = model
            async with held(w, "PATCH", "/check-runs/"):
                await w.accept(wish)
                await until(lambda: any(m == "PATCH" for m, _ in w.github.calls))
                await rebased(w)
        else:
            await w.accept(wish)
            await until(lambda: w.anthropic.running == 2)
            await until(lambda: w.github.checks)
            w.anthropic.script = model
            await rebased(w)
        assert await newest(w) == (JobState.DONE, "failure")


async def rebased(w: World) -> None:
    """Its author lets it go into another branch."""
    pull = w.github.pulls[128]
    pull.base = w.github.commit("ba5e9a7e", {CONFIG: GATE})
    pull.base_ref = "release"
    await w.accept(w.wish(trigger=Trigger.REBASED, base=pull.base, seen=50.0))


async def test_an_asked_review_that_waits_is_not_lost_to_a_label(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, hang, reviews_at_once=1) as w:
        w.pull(7)
        first = await w.accept(w.wish(7))
        await until(lambda: w.anthropic.running == 2)
        w.pull()
        w.github.pulls[128].draft = True
        asked = await w.accept(w.wish(trigger=Trigger.COMMAND, head="", base="", once="comment 9"))
        assert await w.accept(w.label("docs", seen=6.0)) == asked
        w.anthropic.script = model
        await w.service.cancel(first)
        assert (await w.ended(asked)).state is JobState.DONE


async def test_an_asked_review_that_waits_for_github_is_not_lost_to_a_label(w: World) -> None:
    """It is paid for already."""
    w.github.pulls[128].draft = True
    w.github.faults.append(Fault("POST", "/reviews$", "secondary", retry_after="100"))
    asked = await w.accept(w.wish(trigger=Trigger.COMMAND, head="", base="", once="comment 9"))
    async with asyncio.timeout(20):
        while (await w.row(asked)).state is not JobState.PARKED:
            await asyncio.sleep(0.02)
    assert await w.accept(w.label("docs", seen=6.0)) == asked
    assert (await w.row(asked)).state is JobState.PARKED
    w.push(128, "9d02f7e", ORDERS + "\n")
    pushed = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=7.0))
    assert pushed != asked, "another commit is another matter"


async def test_s29_labels_whose_events_come_in_odd_order(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=f'{SMALL}[triggers]\nlabels = ["triptych"]\n')
        docs = await w.ended(await w.accept(w.label("docs", seen=3.0)))
        assert docs.state is JobState.SKIPPED
        late = await w.accept(w.label("triptych", seen=2.0))
        assert (await w.ended(late)).state is JobState.DONE


async def test_an_overtaken_commit_passes_no_gate(tmp_path: Path) -> None:
    """The branch may be set back to it, and its check run is the newest there for a while."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, hang) as w:
        w.pull(config=GATE)
        first = await w.accept(w.wish())
        await until(lambda: w.github.checks and w.anthropic.running == 2)
        w.anthropic.script = model
        w.github.push(128, "900d", {CONFIG: GATE, "api/orders.py": ORDERS + "\n"})
        await w.reviewed(trigger=Trigger.PUSHED, seen=2.0)
        assert (await w.row(first)).state is JobState.SUPERSEDED
        await until(lambda: w.checks()[0][0] != "None")
        why = "Failed: not reviewed, a newer commit is being reviewed"
        assert w.checks()[0] == ("failure", why)


async def test_s28_reviews_that_stood_there_do_not_count_against_the_hour(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, reviews_per_hour=3) as w:
        w.pull()
        await w.reviewed()
        paid = w.paid
        for number in range(4):
            row = await w.reviewed(trigger=Trigger.REOPENED, seen=5.0 + number)
            assert row.state is JobState.DONE
        assert w.paid == paid
        asked = await w.reviewed(trigger=Trigger.COMMAND, head="", once="comment 9", seen=50.0)
        assert asked.state is JobState.DONE


async def test_an_asked_review_that_loads_is_not_lost_to_a_label(w: World) -> None:
    """It has not told yet what it reads."""
    w.github.pulls[128].draft = True
    wish = w.wish(trigger=Trigger.COMMAND, head="", base="", once="comment 9", seen=0.0)
    async with held(w, "GET", "/pulls/128/files"):
        asked = await w.accept(wish)
        await until(lambda: any("/pulls/128/files" in p for _, p in w.github.calls))
        assert await w.accept(w.label("docs", seen=6.0)) == asked
    assert (await w.ended(asked)).state is JobState.DONE


@pytest.mark.parametrize("asked", [False, True])
async def test_s13_a_late_label_of_an_old_commit_stops_nothing(w: World, *, asked: bool) -> None:
    pull = w.github.pulls[128]
    pull.draft = True
    assert (await w.reviewed()).state is JobState.SKIPPED
    late = w.label("docs", seen=2.0)
    w.github.push(128, "900d", {CONFIG: GATE, "api/orders.py": ORDERS + "\n"})
    pull.draft = asked
    w.anthropic.script = hang
    wish = w.wish(trigger=Trigger.PUSHED, seen=5.0)
    if asked:
        assert (await w.ended(await w.accept(wish))).state is JobState.SKIPPED
        wish = w.wish(trigger=Trigger.COMMAND, head="", base="", once="comment 9", seen=0.0)
    job = await w.accept(wish)
    await until(lambda: w.anthropic.running == 2)
    await w.accept(late)
    await asyncio.sleep(0.3)
    assert (await w.row(job)).state is JobState.RUNNING


async def test_s13_wanted_again_in_the_moment_in_which_the_job_ends(w: World) -> None:
    """It lived when it had looked; when its end is to be written down, it has seen something else."""
    w.github.pulls[128].draft = True
    row = await w.reviewed()
    await w.rested()  # Its worker lets go of it.
    w.github.pulls[128].draft = False
    store = w.service._store
    await store.note(row.id, state=JobState.PARKED.value)
    looked = await store.job(row.id)
    assert looked
    assert await w.accept(w.wish(trigger=Trigger.READY, seen=2.0)) == row.id
    await w.there(w.crew.intake.skipped(looked, "draft pull request"))
    assert (await w.row(row.id)).state is JobState.SKIPPED
    await until(lambda: w.paid)
    assert await newest(w) == (JobState.DONE, "failure")


async def test_s13_a_job_that_was_ended_meanwhile_is_not_skipped(w: World) -> None:
    """Who has ended it has seen to what is needed."""
    row = await w.reviewed()
    there = await w.service._store.job(row.id)
    assert there
    await w.service._intake.skipped(replace(there, seen=0.0), "draft pull request")
    assert [r.state for r in await rows(w)] == [JobState.DONE]
