"""The App and the Action on one and the same pull request: one review between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.jobs.protocol import Trigger
from tests.bot.doors.job import NUMBER, Job, pull_request
from tests.bot.jobs.running import CONFIG, SMALL, World, world
from tests.bot.jobs.test_killed import MORE, two_findings
from tests.builders import ORDERS
from tests.fakes.actions import JOB_LOGIN, JOB_TOKEN
from tests.fakes.app import SLUG

DOORS = ("app", "action")
TRUSTING = f'{SMALL}[publish]\naccounts = ["{SLUG}", "github-actions"]\n'
"""Each door believes the other's marker."""
AUTHORS = {"app": f"{SLUG}[bot]", "action": JOB_LOGIN}
CALLS = 3
"""Of a model, for one review: two reviewers and the verifying one."""


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """A world in which jobs of GitHub Actions have their token, too."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        made.github.tokens[JOB_TOKEN] = JOB_LOGIN
        yield made


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


async def by(door: str, w: World, job: Job, event: str = "opened") -> str:
    """The pull request as it is now, reviewed by one door; what came of it."""
    if door == "action":
        payload = pull_request(event, w.github.pulls[NUMBER].head)
        return (await job.run("pull_request", payload, w.github.url, w.anthropic.url)).log
    trigger, seen = (Trigger.OPENED, 1.0) if event == "opened" else (Trigger.PUSHED, 2.0)
    return (await w.reviewed(NUMBER, trigger=trigger, seen=seen)).note


def authors(w: World) -> list[str]:
    return [r["user"]["login"] for r in w.github.pulls[NUMBER].reviews]


ADOPTED = {"app": "the review that stands there is adopted", "action": "is reviewed already: "}


@pytest.mark.parametrize(("first", "second"), [DOORS, DOORS[::-1]])
async def test_the_later_one_adopts_what_the_first_has_posted(
    w: World, job: Job, first: str, second: str
) -> None:
    w.pull(NUMBER, config=TRUSTING)
    await by(first, w, job)
    said = await by(second, w, job)
    assert ADOPTED[second] in said
    assert authors(w) == [AUTHORS[first]]
    assert w.paid == CALLS, "and nobody asks a model twice"
    assert w.checks() == [("neutral", "2 findings: 2 high")], "told by the App, whoever was first"


@pytest.mark.parametrize(("first", "second"), [DOORS, DOORS[::-1]])
async def test_after_a_push_without_news_nobody_is_notified(
    w: World, job: Job, first: str, second: str
) -> None:
    """Whoever did not write the review may not edit it, and has nothing new to tell beside it."""
    w.pull(NUMBER, config=TRUSTING)
    await by(first, w, job)
    w.github.push(
        NUMBER, "9d02f7e", {CONFIG: TRUSTING, "api/orders.py": ORDERS, "a.md": "Hello.\n"}
    )
    for door in (second, first):
        await by(door, w, job, "synchronize")
    assert authors(w) == [AUTHORS[first]]
    (body,) = w.github.bodies_of(NUMBER)
    assert "`9d02f7e`" in body


@pytest.mark.parametrize(("first", "second"), [DOORS, DOORS[::-1]])
async def test_what_a_push_brings_is_told_once(w: World, job: Job, first: str, second: str) -> None:
    w.anthropic.script = two_findings
    w.pull(NUMBER, config=TRUSTING)
    await by(first, w, job)
    w.github.push(NUMBER, "9d02f7e", {CONFIG: TRUSTING, "api/orders.py": ORDERS + MORE})
    for door in (second, first):
        await by(door, w, job, "synchronize")
    assert authors(w) == [AUTHORS[first], AUTHORS[second]]
    body, news = w.github.bodies_of(NUMBER)
    assert "A total is no list" in body
    assert news.startswith("**1 new finding: 1 high.** A total is no list")


@pytest.mark.parametrize(("first", "second"), [DOORS, DOORS[::-1]])
async def test_of_both_at_the_same_moment_the_later_steps_back(
    w: World, job: Job, first: str, second: str
) -> None:
    """GitHub keeps neither out: the second had looked before the review of the first stood there."""
    w.pull(NUMBER, config=TRUSTING)
    await by(first, w, job)
    reviews = w.github.pulls[NUMBER].reviews
    unseen = reviews.pop()

    def posted(when: str, what: str) -> bool:
        if (when, what) == ("before", f"POST /repos/acme/shop/pulls/{NUMBER}/reviews"):
            reviews.append(unseen)
        return False

    w.github.watch = posted
    await by(second, w, job)
    assert authors(w) == [AUTHORS[first], AUTHORS[second]]
    stays, steps_back = w.github.bodies_of(NUMBER)
    assert "An unknown order ends in status 500" in stays
    assert steps_back.startswith("Reviewed twice at the same moment: see [the review](")
    theirs = [c for c in w.github.pulls[NUMBER].comments if c["user"]["login"] == AUTHORS[second]]
    assert {c["node_id"]: "DUPLICATE" for c in theirs} == w.github.hidden


async def test_where_the_base_branch_names_no_accounts_each_believes_itself_alone(
    w: World, job: Job
) -> None:
    """Anybody's workflow writes as github-actions: only the base branch can say whose it is."""
    w.pull(NUMBER, config=SMALL)
    for door in DOORS:
        await by(door, w, job)
    assert authors(w) == [AUTHORS[door] for door in DOORS]
