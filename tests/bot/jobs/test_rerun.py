"""Asked for again by a check run: also by one that does not know whose it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.jobs.protocol import JobState, Trigger
from tests.bot.jobs.running import world


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
