"""Somebody pushes and opens without end: what it may cost, and that it is told (case S28)."""

from __future__ import annotations

from pathlib import Path

from bot.jobs.protocol import JobState, Trigger
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.builders import ORDERS

PUSHES, FORKS = 50, 30
"""A hundred pull requests would wait a minute for our own pace of writes (bot/hosts/pace.py)."""


def push(w: World, number: int) -> None:
    """The next commit of pull request 128."""
    text = f"{ORDERS}# {number}\n"
    w.github.push(128, f"f{number:06x}", {CONFIG: SMALL, "api/orders.py": text})


async def test_s28_of_fifty_quick_pushes_the_last_one_is_reviewed(tmp_path: Path) -> None:
    """The first begins at once; of those that come while it waits none but the newest does."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, debounce=1.0) as w:
        w.pull()
        jobs = [await w.accept(w.wish())]
        for number in range(PUSHES):
            push(w, number)
            jobs.append(await w.accept(w.wish(trigger=Trigger.PUSHED, seen=2.0 + number)))
        last = await w.ended(jobs[-1])
        rows = [await w.ended(job) for job in jobs]
        assert last.state is JobState.DONE
        assert last.head == w.github.pulls[128].head
        begun = [r.id for r in rows if r.started]
        assert len(begun) <= 3, "the first, the push behind it, and the last"
        assert {r.state for r in rows[1:-1]} == {JobState.SUPERSEDED}
        assert len(w.github.bodies_of(128)) == 1


async def test_s28_pushes_over_the_limit_of_an_hour_cost_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, debounce=0.0, reviews_per_hour=3) as w:
        w.pull()
        rows, paid = [await w.reviewed()], list[int]()
        for number in range(PUSHES):
            push(w, number)
            rows.append(await w.reviewed(trigger=Trigger.PUSHED, seen=2.0 + number))
            paid += [w.paid]
        assert [r.state for r in rows].count(JobState.DONE) == 3
        assert paid[1:] == [w.paid] * (PUSHES - 1), "no call after the third"
        assert {r.note for r in rows[3:]} == {"the limit of 3 reviews an hour is reached"}
        heads = {c["head_sha"] for c in w.github.checks}
        assert len(heads) == PUSHES + 1, "each commit is told why it was not read"


async def test_s28_many_pull_requests_spend_what_their_repository_may(tmp_path: Path) -> None:
    most = 0.25
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, cost_day_repository=most) as w:
        numbers = range(101, 101 + FORKS)
        for number in numbers:
            w.pull(number)
        some = [await w.reviewed(number) for number in numbers[:3]]
        assert [r.outcome for r in some] == ["findings"] * 3
        jobs = [await w.accept(w.wish(number)) for number in numbers[3:]]
        rows = some + [await w.ended(job, 120) for job in jobs]
        assert sum(r.cost or 0.0 for r in rows) <= most
        assert {r.state for r in rows} == {JobState.DONE}
        unread = [r for r in rows if r.outcome == "incomplete"]
        assert len(unread) > FORKS / 2
        late = rows[-1]
        for number in range(201, 260):  # What was set aside and not spent is there again.
            w.pull(number)
            paid = w.paid
            late = await w.reviewed(number)
            if w.paid == paid:
                break
        assert (late.outcome, late.cost) == ("incomplete", 0.0)
        head = w.github.pulls[late.place.number].head
        (check,) = [c for c in w.github.checks if c["head_sha"] == head]
        assert check["conclusion"] == "neutral"
        assert "TRIPTYCH_MAX_COST_DAY_REPOSITORY" in check["output"]["summary"]
