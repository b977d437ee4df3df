"""Asked for again: by a check run, also by one that does not know whose it is, and by a backfill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.jobs.protocol import JobState, Retried, Trigger
from tests.bot.jobs.running import world
from tests.fakes.anthropic import Reply, is_about
from tests.test_walkthrough import model


async def test_a_check_run_of_a_fork_is_known_by_its_head(tmp_path: Path) -> None:
    """GitHub lists no pull request for it (libraries.md, section 7): the job that made it does."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as here:
        here.pull()
        first = await here.reviewed()
        wish = here.wish(trigger=Trigger.RERUN, once="check-run 7 completed 2026-11-24T12:00:00Z")
        nameless = replace(wish, place=replace(wish.place, number=0))
        again = await here.ended(await here.accept(nameless))
        assert (again.place.number, again.state) == (128, JobState.DONE)
        assert again.id != first.id
        assert await here.accept(nameless) == again.id


async def test_a_head_that_nobody_reviewed_is_nobodys(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as here:
        here.pull()
        wish = here.wish(trigger=Trigger.RERUN, once="check-run 7")
        assert await here.accept(replace(wish, place=replace(wish.place, number=0))) == ""
        assert here.github.asked() == []


async def test_a_backfill_takes_an_incomplete_review_up_again(tmp_path: Path) -> None:
    """Though a person asked for nothing, what stands there is not adopted; a replay is the same job."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as here:
        here.pull()

        def half(body: dict[str, Any], number: int) -> Reply:
            return Reply(status=400) if is_about(body, "security") else model(body, number)

        here.anthropic.script = half
        first = await here.reviewed()
        assert (first.state, first.outcome) == (JobState.DONE, "incomplete")
        here.anthropic.script = model
        once = f"not wholly read by {first.id}"
        wish = here.wish(trigger=Trigger.BACKFILL, seen=0.0, once=once)
        again = await here.ended(await here.accept(wish))
        assert (again.state, again.outcome, again.unread) == (JobState.DONE, "findings", 0)
        paid = here.paid
        assert await here.accept(wish) == again.id
        assert here.paid == paid


async def test_a_retry_that_is_under_way_is_not_made_another_time(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as here:
        here.pull()
        first = await here.reviewed()
        here.anthropic.script = lambda _body, _number: Reply(latency=3600)
        retried = await here.service.retry(first.id)
        assert retried.is_new
        for known in (first.id, retried.id):
            assert await here.service.retry(known) == Retried(retried.id, is_new=False)
        assert await here.service.cancel(retried.id)
        assert (await here.service.retry(first.id)).id not in (first.id, retried.id)
