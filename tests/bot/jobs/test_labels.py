"""S29: where a label is needed, it lets one commit of an author who is not trusted be reviewed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.jobs.protocol import JobState, Trigger
from tests.bot.jobs.running import SMALL, World, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply
from tests.fakes.github import Fault

GATED = f'{SMALL}[triggers]\nlabels = ["triptych", "Again"]\n'
CALLS = 3
NONE = "none of the labels triptych, Again"
STALE = "this commit needs the label triptych again"
CLEAN = "def total(a, b):\n    return a + b\n"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """A pull request of somebody who once contributed, in a repository where a label is needed."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        made.pull(config=GATED)
        yield made


async def labelled(w: World, name: str = "triptych", seen: float = 2.0) -> JobState:
    """What came of a label."""
    return (await w.ended(await w.accept(w.label(name, seen=seen)))).state


async def pushed(w: World, sha: str = "9d02f7e", seen: float = 3.0) -> tuple[JobState, str]:
    """What came of a push."""
    w.push(128, sha, f"{ORDERS}\n# {sha}\n")
    row = await w.reviewed(trigger=Trigger.PUSHED, seen=seen)
    return row.state, row.note


def left(w: World) -> list[str]:
    """The labels that it still has."""
    return w.github.pulls[128].labels


async def test_s29_a_label_is_for_one_commit(database: str, tmp_path: Path) -> None:
    """The review uses it up; a push is not reviewed until somebody gives it again."""
    async with world(database, tmp_path) as w:
        w.pull(config=GATED)
        row = await w.reviewed()
        assert (row.state, row.note) == (JobState.SKIPPED, NONE)
        assert await labelled(w) is JobState.DONE
        assert left(w) == []
        assert await pushed(w) == (JobState.SKIPPED, NONE)
        assert w.paid == CALLS
        assert await labelled(w, seen=4.0) is JobState.DONE
        assert left(w) == []
        assert w.paid > CALLS
        assert "`9d02f7e`" in w.github.bodies_of(128)[0]


async def test_s29_one_that_cannot_be_taken_off_costs_no_review_and_lets_nothing_more_pass(
    w: World,
) -> None:
    """The next push tries once more, and says what is needed."""
    w.github.faults.append(Fault("DELETE", "/labels/", 403))
    with capture_logs() as logs:
        assert await labelled(w) is JobState.DONE
    assert [e["event"] for e in logs].count("label.stays") == 1
    assert w.github.posts() == 1
    assert left(w) == ["triptych"]
    assert await pushed(w) == (JobState.SKIPPED, STALE)
    assert w.checks()[-1] == ("skipped", f"Skipped: {STALE}")
    assert left(w) == []
    assert w.paid == CALLS


@pytest.mark.parametrize(
    "trigger",
    [
        *(Trigger.OPENED, Trigger.REOPENED, Trigger.READY, Trigger.PUSHED),
        *(Trigger.REBASED, Trigger.BACKFILL),
    ],
)
async def test_s29_a_label_of_which_nobody_knows_the_commit_lets_nothing_pass(
    w: World, trigger: Trigger
) -> None:
    """It stays, for its event may come yet."""
    left(w).append("triptych")
    row = await w.reviewed(trigger=trigger)
    assert (row.state, row.note) == (JobState.SKIPPED, STALE)
    assert left(w) == ["triptych"]
    assert await labelled(w) is JobState.DONE


async def test_s29_another_label_is_no_approval(w: World) -> None:
    """As those that a bot gives with each push."""
    left(w).append("triptych")
    assert await labelled(w, "docs") is JobState.SKIPPED
    assert left(w) == ["triptych", "docs"]
    assert w.paid == 0


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR"])
async def test_s29_of_a_trusted_author_each_push_is_reviewed_as_long_as_the_label_is_there(
    w: World, association: str
) -> None:
    w.github.pulls[128].association = association
    assert await labelled(w) is JobState.DONE
    assert (await pushed(w))[0] is JobState.DONE
    assert left(w) == ["triptych"]


@pytest.mark.parametrize("trigger", [Trigger.COMMAND, Trigger.RERUN])
async def test_s29_whoever_may_order_needs_no_label(w: World, trigger: Trigger) -> None:
    """And one that may be for another commit is not used up by it."""
    left(w).append("triptych")
    row = await w.reviewed(trigger=trigger, once="comment 9")
    assert row.state is JobState.DONE
    assert left(w) == ["triptych"]


async def test_s29_pushed_after_the_label_and_before_the_review_begins(w: World) -> None:
    """S26: what is read is not what somebody saw."""
    wish = w.label("triptych")
    w.push(128, "9d02f7e", ORDERS + "\n")
    row = await w.ended(await w.accept(wish))
    assert (row.state, row.note) == (JobState.SKIPPED, STALE)
    assert left(w) == []
    assert w.paid == 0


async def test_s29_pushed_while_the_labelled_commit_is_reviewed(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    first = await w.accept(w.label("triptych"))
    await until(lambda: w.anthropic.running == 2)
    assert await pushed(w) == (JobState.SKIPPED, STALE)
    assert (await w.row(first)).state is JobState.SUPERSEDED
    assert left(w) == [], "it can be given again at once"
    assert w.github.posts() == 0


async def test_s29_a_clean_review_that_its_check_run_tells_alone_uses_the_label_up(
    w: World,
) -> None:
    w.anthropic.script = lambda _body, _number: Reply()
    w.pull(text=CLEAN, config=GATED)
    assert await labelled(w) is JobState.DONE
    assert w.github.posts() == 0
    asked = [f"{method} {path}" for method, path in w.github.calls]
    ended, gone = (
        next(n for n, what in enumerate(asked) if re.search(pattern, what))
        for pattern in ("PATCH .*/check-runs/", "DELETE .*/labels/")
    )
    assert ended < gone
    assert left(w) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("clean", [False, True])
async def test_s29_stopped_as_the_label_is_taken_off(w: World, when: str, *, clean: bool) -> None:
    """The next life finds its own review, does not take it for unwanted, and ends in good order."""
    if clean:
        w.anthropic.script = lambda _body, _number: Reply()
        w.pull(text=CLEAN, config=GATED)
    reached = asyncio.Event()

    def watch(at: str, what: str) -> bool:
        if at == when and "/labels/" in what and not reached.is_set():
            reached.set()
            return True
        return False

    w.github.watch = watch
    job = await w.accept(w.label("triptych"))
    await reached.wait()
    await w.service.stop()
    paid, checks, posts = w.paid, w.checks(), w.github.posts()
    assert left(w) == ([] if when == "after" else ["triptych"])
    await w.start()
    assert (await w.ended(job)).state is JobState.DONE
    assert left(w) == []
    assert (w.paid, w.checks(), w.github.posts()) == (paid, checks, posts)


async def test_s29_until_the_review_is_posted_the_label_stays(w: World) -> None:
    w.github.faults.append(Fault("POST", "/reviews$", 403, times=9))
    assert await labelled(w) is JobState.DONE
    assert w.github.bodies_of(128) == []
    assert left(w) == ["triptych"]


async def test_s29_each_of_several_labels_is_used_up_and_no_other(w: World) -> None:
    left(w).extend(["docs", "AGAIN"])
    pull, place = w.github.pulls[128], w.github.place(128)
    for name in ("again", "docs"):
        await w.service._store.decisions.give_label(place, pull.head, name)
    assert await labelled(w, "Triptych") is JobState.DONE
    assert left(w) == ["docs"]


async def test_s29_one_that_is_given_while_the_first_is_at_work_goes_with_the_next_push(
    w: World,
) -> None:
    first = await w.accept(w.label("triptych"))
    await until(lambda: w.paid)
    assert await w.accept(w.label("again")) == first, "the same review"
    assert (await w.ended(first)).state is JobState.DONE
    assert left(w) == ["again"]
    state, note = await pushed(w)
    assert (state, note) == (JobState.SKIPPED, STALE.replace("triptych", "Again"))
    assert left(w) == []


async def test_s29_opened_with_its_label(w: World) -> None:
    """Both events come at once and are one job; what it did not know when it looked it asks at its
    end.
    """
    fault = Fault("GET", "/pulls/128$", 502, times=2)
    w.github.faults.append(fault)
    opened = await w.accept(w.wish())
    await until(lambda: fault.times < 2)
    assert await w.accept(w.label("triptych")) == opened
    assert (await w.ended(opened)).note == STALE
    await until(lambda: w.github.posts() == 1)
    await until(lambda: left(w) == [])


async def test_s29_a_label_that_was_given_for_a_draft_counts_when_it_is_ready(w: World) -> None:
    w.github.pulls[128].draft = True
    assert await labelled(w) is JobState.SKIPPED
    w.github.pulls[128].draft = False
    assert (await w.reviewed(trigger=Trigger.READY, seen=3.0)).state is JobState.DONE
    assert left(w) == []


async def test_a_label_that_kept_a_review_off_is_taken_off(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.pull(config=f'{SMALL}[triggers]\nskip_labels = ["no-review"]\n')
        w.github.pulls[128].labels.append("no-review")
        assert (await w.reviewed()).state is JobState.SKIPPED
        w.github.pulls[128].labels.clear()
        row = await w.reviewed(trigger=Trigger.LABELED, seen=2.0)
        assert row.state is JobState.DONE
        assert await w.accept(w.wish(trigger=Trigger.LABELED, seen=3.0)) == row.id, "once"
