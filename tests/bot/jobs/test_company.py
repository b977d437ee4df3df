"""Pull requests of one commit: check runs belong to it, and the newest of our name counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.findings import open_findings
from bot.jobs.protocol import CLOSED, CancelWish, JobState, Trigger
from bot.outputs.checkrun import STANDS
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import CONFIG, SMALL, World, hang, uncertain, until, world
from tests.builders import ORDERS
from tests.fakes.app import CLIENT_ID
from tests.fakes.github import Fault

GATE = f'gate = "high"\n{SMALL}'
HELD = "Held back by #128, which has the same commit: "


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """Pull request 128 goes into a branch with a gate."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, uncertain) as made:
        made.pull(config=GATE)
        yield made


def other(w: World, config: str = SMALL, **more: Any) -> None:
    """Pull request 9 has the same commit and goes into a branch with that configuration."""
    pull = w.github.pull(9, {CONFIG: config}, {CONFIG: config, "api/orders.py": ORDERS}, **more)
    pull.head = w.github.pulls[128].head
    pull.history.add(pull.head)


async def again(w: World, number: int, seen: float) -> tuple[str, str]:
    """A review that somebody asks for; what the newest check run says then."""
    await w.reviewed(number, trigger=Trigger.RERUN, seen=seen, once=f"{number} at {seen}")
    return w.checks()[-1]


async def settled(w: World, number: int, seen: float) -> tuple[str, str]:
    """The same when a person has dismissed all that was found there: silence lets nothing go."""
    place, store = w.github.place(number), w.service._store
    for identity in await open_findings(store, place):
        await store.decisions.dismiss(place, identity, 7, Dismissal("alice", "2026-11-29", "no"))
    return await again(w, number, seen)


@pytest.mark.parametrize("is_draft", [False, True], ids=["reviewed", "skipped"])
async def test_another_one_lifts_no_gate(w: World, *, is_draft: bool) -> None:
    row = await w.reviewed()
    other(w, draft=is_draft)
    await w.reviewed(9)
    first, second = w.checks()
    assert first == ("failure", row.title)
    assert second[0] == "failure"
    assert second[1].startswith(HELD)
    summary = w.github.checks[1]["output"]["summary"]
    assert summary.startswith("The gate of #128 holds this commit back, and GitHub counts")
    told = [b["conclusion"] for b in w.github.bodies if "conclusion" in b]
    assert set(told) == {"failure"}, "not for a moment"
    w.github.pulls[9].draft = False
    w.github.push(9, "9d02f7e", {CONFIG: SMALL, "api/orders.py": ORDERS + "\n"})
    await w.reviewed(9, trigger=Trigger.PUSHED, seen=9.0)
    assert w.checks()[2][0] == "neutral", "another commit is another matter"


async def test_one_that_was_quicker_is_held_back_when_the_gate_falls(w: World) -> None:
    other(w)
    let_go = asyncio.Event()
    w.github.held[r"PATCH .*/check-runs/"] = let_go
    first = await w.accept(w.wish())
    await until(lambda: any("PATCH" in m and "check-runs" in p for m, p in w.github.calls))
    w.github.held.clear()
    assert (await w.reviewed(9)).state is JobState.DONE
    passed = w.checks()[-1]
    assert passed[0] == "neutral", "nobody knows better yet"
    let_go.set()
    await w.ended(first)
    held = w.checks()[-1]
    assert held == ("failure", HELD + passed[1])


async def test_what_is_dismissed_there_no_longer_holds(w: World) -> None:
    """That the other one is held back holds back nobody: they would wait for each other for ever."""
    await w.reviewed()
    other(w)
    await w.reviewed(9)
    passed = await settled(w, 128, 20.0)
    assert passed[0] != "failure"
    assert (await again(w, 9, 30.0))[0] != "failure"


async def test_of_two_gates_each_must_be_settled(w: World) -> None:
    await w.reviewed()
    other(w, GATE)
    await w.reviewed(9)
    assert [c[0] for c in w.checks()] == ["failure", "failure"]
    assert not w.checks()[1][1].startswith(HELD), "its own finding"
    held = await settled(w, 128, 20.0)
    assert held[0] == "failure"
    assert held[1].startswith("Held back by #9, ")
    assert (await settled(w, 9, 30.0))[0] != "failure"


async def test_one_that_is_closed_holds_nobody_back(w: World) -> None:
    await w.reviewed()
    w.github.pulls[128].state = "closed"
    other(w)
    await w.reviewed(9)
    assert w.checks()[1][0] == "neutral"


async def test_one_that_comes_back_holds_the_commit_again(w: World) -> None:
    """Closed, so that another one might pass, and reopened: its own check run must be the newest."""
    row = await w.reviewed()
    w.github.pulls[128].state = "closed"
    other(w)
    await w.reviewed(9)
    assert w.checks()[-1][0] == "neutral"
    w.github.pulls[128].state = "open"
    calls = len(w.anthropic.requests)
    back = await w.reviewed(trigger=Trigger.REOPENED, seen=50.0)
    assert back.id != row.id
    assert (w.checks()[-1][0], w.github.posts()) == ("failure", 2)
    assert len(w.anthropic.requests) == calls, "the review is adopted"


async def test_a_second_review_that_is_stopped_early_does_not_let_go(w: World) -> None:
    """The newest job is not the newest verdict."""
    await w.reviewed()
    let_go = asyncio.Event()
    w.github.held[r"GET .*/pulls/128$"] = let_go
    before = len(w.github.calls)
    again = await w.accept(w.wish(trigger=Trigger.RERUN, seen=20.0, once="again"))
    await until(lambda: any(p.endswith("/pulls/128") for _, p in w.github.calls[before:]))
    await w.service.cancel(again)
    w.github.held.clear()
    let_go.set()
    other(w)
    await w.reviewed(9)
    assert w.checks()[-1][0] == "failure"
    assert w.checks()[-1][1].startswith(HELD)


async def test_led_to_another_base_it_is_in_progress_before_anything_is_read(w: World) -> None:
    """What was said for a base without a gate is the newest else, until the change is read."""
    await w.reviewed()
    pull = w.github.pulls[128]
    base, pull.base, pull.base_ref = pull.base, w.github.commit("de4", {CONFIG: SMALL}), "mine"
    await w.reviewed(trigger=Trigger.REBASED, seen=5.0)
    assert w.checks()[-1][0] == "neutral"
    pull.base, pull.base_ref = base, "main"
    let_go, before = asyncio.Event(), len(w.github.calls)
    w.github.held[r"GET .*/pulls/128$"] = let_go
    back = await w.accept(w.wish(trigger=Trigger.REBASED, seen=6.0))
    await until(lambda: any(p.endswith("/pulls/128") for _, p in w.github.calls[before:]))
    assert w.checks()[-1] == ("None", "Reading the change into another base")
    w.github.held.clear()
    let_go.set()
    await w.ended(back)
    assert [c for c, _ in w.checks()] == ["failure", "neutral", "failure"], "the same one"
    pull.draft = True
    await w.reviewed(trigger=Trigger.REBASED, seen=7.0)
    assert [c for c, _ in w.checks()] == ["failure", "neutral", "failure", "failure"]


async def test_led_to_another_base_its_newest_head_hears_of_it_though_that_is_not_read(
    w: World,
) -> None:
    """Its push comes late, or never: the check run was begun on the head that the event knew."""
    await w.reviewed()
    pull = w.github.pulls[128]
    wish = w.wish(trigger=Trigger.REBASED, seen=5.0)
    before = pull.head
    w.github.push(128, "9d02f7e", {CONFIG: GATE, "api/orders.py": ORDERS})
    pull.draft = True
    await w.ended(await w.accept(wish))
    told = {c["head_sha"]: c for c in w.github.checks}
    assert told[before]["conclusion"] == "failure", "the gate holds it back still"
    assert told[pull.head]["conclusion"] == "skipped"
    assert all(c["status"] == "completed" for c in w.github.checks)


@pytest.mark.parametrize("as_draft", [True, False], ids=["skipped", "stopped"])
async def test_who_reads_nothing_lifts_no_gate_of_its_own(w: World, *, as_draft: bool) -> None:
    """A required check passes by a skipped one, if it is the newest of the commit."""
    row = await w.reviewed()
    first = w.github.checks[0]["output"]
    if as_draft:
        w.github.pulls[128].draft = True
        skip = await w.reviewed(trigger=Trigger.REOPENED, seen=50.0)
        assert skip.state is JobState.SKIPPED
        why = "Skipped: draft pull request. "
    else:
        w.anthropic.script = hang
        calls = w.paid
        stopped = await w.accept(w.wish(trigger=Trigger.RERUN, seen=50.0, once="again"))
        await until(lambda: w.paid > calls)
        await w.service.accept(CancelWish(w.github.place(128), CLOSED, 60.0), "delivery")
        await w.ended(stopped)
        await until(lambda: all(c != "None" for c, _ in w.checks()))
        why = "Skipped: pull request closed. "
    assert w.checks() == [("failure", row.title)] * 2
    assert w.github.checks[1]["output"]["summary"] == f"{why}{STANDS}\n\n{first['summary']}"
    assert w.github.checks[1]["output"]["text"] == first["text"]
    w.github.pulls[128].draft = True
    await w.reviewed(trigger=Trigger.REOPENED, seen=70.0)
    once_more = w.github.checks[-1]["output"]["summary"]
    assert once_more == f"Skipped: draft pull request. {STANDS}\n\n{first['summary']}", "told once"
    w.github.pulls[128].draft = False
    w.anthropic.script = uncertain
    assert (await settled(w, 128, 80.0))[0] != "failure", "a new verdict is one"


@pytest.mark.parametrize("is_draft", [False, True], ids=["other", "own"])
async def test_another_app_s_check_run_is_no_verdict_of_ours(
    tmp_path: Path, *, is_draft: bool
) -> None:
    """An author's own workflow may write one, with our name and our id; ours are told by the App's
    number, also where only its client id is set.
    """
    named = world(f"sqlite:///{tmp_path}/t.db", tmp_path, uncertain, app_id=CLIENT_ID)
    async with named as w:
        w.pull(config=GATE)
        await w.reviewed()
        ours = w.check()
        output = {"title": "No findings", "summary": "", "text": ""}
        forged = {**ours, "id": 10_000, "conclusion": "success", "output": output}
        w.github.checks.append({**forged, "app": {"id": 15368, "slug": "github-actions"}})
        if is_draft:
            w.github.pulls[128].draft = True
            await w.reviewed(trigger=Trigger.REOPENED, seen=50.0)
        else:
            other(w)
            await w.reviewed(9)
        assert w.checks()[-1][0] == "failure"
        assert len([p for m, p in w.github.calls if p.endswith("/app")]) == 1, "asked once"


@pytest.mark.parametrize(
    ("path", "held"), [("/commits/.*/check-runs", False), (r"/pulls/128$", True)]
)
async def test_what_github_does_not_tell_of_others_costs_no_review(
    w: World, path: str, *, held: bool
) -> None:
    await w.reviewed()
    other(w)
    w.github.faults.append(Fault("GET", path, 422, times=9))
    row = await w.reviewed(9)
    assert row.state is JobState.DONE
    conclusion = w.checks()[-1][0]
    assert conclusion == ("failure" if held else "neutral")


async def test_alone_nothing_more_is_asked(w: World) -> None:
    await w.reviewed()
    assert not [p for m, p in w.github.calls if m == "GET" and p.endswith("/check-runs")]
