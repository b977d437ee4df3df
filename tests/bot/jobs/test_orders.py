"""Orders in comments, carried out: who may, what is answered, and that nothing leaks from elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from dbos import DBOS
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.jobs.access import AppAccess
from bot.jobs.findings import ASKED_ABOUT, findings_in
from bot.jobs.orders import Orders, read_order
from bot.jobs.protocol import (
    CommandWish,
    JobsProblem,
    JobState,
    Place,
    PurgeWish,
    Thread,
    Trigger,
    Verb,
)
from bot.logs import FIELDS
from bot.outputs.marker import read_finding_marker
from bot.outputs.replies import dismissed_later
from tests.bot.jobs.running import World, run_ended, until, world
from tests.builders import ORDERS, SQL_LINE
from tests.fakes.anthropic import Reply, Script, is_about, reported
from tests.fakes.app import FakeInstallation, Person
from tests.fakes.github import Fault
from tests.test_walkthrough import model

US = "triptych[bot]"
CALLS = 3


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as made:
        made.pull()
        yield made


def order(w: World, verb: Verb, login: str = "bob", number: int = 128, **more: Any) -> CommandWish:
    """What a comment of somebody orders."""
    comment = w.github.say(number, login, f"/triptych {verb.value}")
    updated = w.github.talk[-1]["updated_at"]
    author = w.github.people[login].id
    known: dict[str, Any] = {"place": w.github.place(number), "comment": comment, "verb": verb}
    known |= {"thread": Thread.CONVERSATION, "author": author, "login": login, "updated": updated}
    return CommandWish(**(known | more))


async def obey(w: World, wish: CommandWish) -> tuple[list[str], list[str]]:
    """Our faces on the comment when it is over, and what we said since."""
    before = len(w.github.talk)
    await run_ended(await w.accept(wish))
    faces = [face for comment, who, face in w.github.reactions if comment == wish.comment]
    said = [t["body"] for t in w.github.talk[before:] if t["user"]["login"] == US]
    return faces, said


def finding(w: World, number: int = 128, index: int = 0) -> str:
    """The id of a finding that stands on a pull request."""
    found = read_finding_marker(w.github.pulls[number].comments[index]["body"])
    assert found is not None
    return found[0]


# --- who may


@pytest.mark.parametrize(("role", "may"), [
    ("admin", True),
    ("maintain", True),
    ("write", True),
    ("triage", False),
    ("read", False),
    ("none", False),
])  # fmt: skip
async def test_the_api_says_who_may(w: World, role: str, may: bool) -> None:
    """S23, S24."""
    w.github.people["carol"] = Person(21, role)
    faces, said = await obey(w, order(w, Verb.HELP, "carol"))
    assert faces == (["eyes", "rocket"] if may else ["confused"])
    assert bool(said) is may


async def test_a_login_that_came_to_somebody_else_may_nothing(w: World) -> None:
    """S24: the number counts, not the name."""
    faces, said = await obey(w, order(w, Verb.REVIEW, author=999))
    assert (faces, said, w.paid) == (["confused"], [], 0)


async def test_a_stranger_gets_one_reaction_an_hour_and_costs_nothing(w: World) -> None:
    """S23."""
    faces = [(await obey(w, order(w, Verb.REVIEW, "mallory")))[0] for _ in range(3)]
    assert faces == [["confused"], [], []]
    assert w.paid == 0
    assert (await obey(w, order(w, Verb.HELP)))[0] == ["eyes", "rocket"], "bob is not kept waiting"


@pytest.mark.parametrize(("author", "person"), [({}, 13), ({"author": 999}, 999)])
async def test_the_log_tells_of_every_order_that_was_refused(
    w: World, author: dict[str, int], person: int
) -> None:
    """By the number of who gave it, and without a word of the comment; also where nobody is answered."""
    with capture_logs() as logs:
        for _ in range(2):
            await obey(w, order(w, Verb.DISMISS, "mallory", reason="shut up", **author))
    refused = [line for line in logs if line["event"] == "order.refused"]
    assert refused == 2 * [
        {
            **{"event": "order.refused", "log_level": "info", "verb": "dismiss"},
            **{"person": person, "place": "acme/shop#128", "why": "no write permission"},
        }
    ]
    assert "person" in FIELDS
    assert "shut up" not in repr(logs)


@pytest.mark.parametrize(("reason", "verb"), [("That is no command.", "unknown"), ("", "help")])
async def test_the_log_does_not_call_what_cannot_be_read_a_cry_for_help(
    w: World, reason: str, verb: str
) -> None:
    with capture_logs() as logs:
        await obey(w, order(w, Verb.HELP, reason=reason))
    [ended] = [line for line in logs if line["event"] == "order.ended"]
    assert ended["verb"] == verb


async def test_a_comment_that_was_edited_since_is_not_obeyed(w: World) -> None:
    """What was authorised is not what stands there now (claude-code-action, 2025-06)."""
    wish = order(w, Verb.REVIEW)
    w.github.talk[-1]["updated_at"] = "2030-01-01T00:00:00Z"
    assert await obey(w, wish) == ([], [])
    assert w.paid == 0


@pytest.mark.parametrize("what", ["gone", "of another pull request", "of somebody else"])
async def test_a_comment_that_is_not_there_is_not_obeyed(w: World, what: str) -> None:
    wish = order(w, Verb.REVIEW)
    match what:
        case "gone":
            w.github.talk.clear()
        case "of another pull request":
            w.pull(1)
            wish = replace(wish, place=w.github.place(1))
        case "of somebody else":
            wish = replace(wish, author=11, login="alice")
    assert await obey(w, wish) == ([], [])
    assert w.paid == 0


# --- what is done


async def test_help(w: World) -> None:
    faces, (said,) = await obey(w, order(w, Verb.HELP))
    assert faces == ["eyes", "rocket"]
    assert "`/triptych dismiss ID REASON`" in said


async def test_what_is_not_understood_gets_a_line_and_a_puzzled_face(w: World) -> None:
    faces, (said,) = await obey(w, order(w, Verb.HELP, reason="There is no command `frobnicate`."))
    assert faces == ["eyes", "confused"]
    assert said == "There is no command `frobnicate`. `/triptych help` lists all."


async def test_review_does_it_again_and_the_same_comment_once(w: World) -> None:
    await w.reviewed()
    wish = order(w, Verb.REVIEW)
    assert await obey(w, wish) == (["eyes", "rocket"], [])
    assert w.paid == 2 * CALLS
    assert len(w.github.bodies_of(128)) == 1
    await obey(w, wish)
    assert w.paid == 2 * CALLS, "a replay of its event is the same order"


async def test_a_push_while_an_ordered_review_runs_leaves_it_ordered(w: World) -> None:
    """A draft, for one, is only reviewed because somebody asked."""
    w.github.pulls[128].draft = True

    def pushing(body: dict[str, Any], number: int) -> Reply:
        if number == 1:
            w.push(128, "9d02f7e", ORDERS + "\n")
        return model(body, number)

    w.anthropic.script = pushing
    await w.accept(order(w, Verb.REVIEW))
    await until(lambda: w.github.posts() == 1)
    newest = (await w.service.list())[0]
    assert (newest.trigger, newest.head[:7]) == (Trigger.COMMAND, "9d02f7e")


async def test_two_who_ask_while_one_review_runs_get_that_one(w: World) -> None:
    """The first was superseded, paid for twice, and told that there was a newer commit."""
    w.anthropic.script = lambda body, number: replace(model(body, number), latency=0.5)
    first = order(w, Verb.REVIEW)
    run = await w.accept(first)
    await until(lambda: w.anthropic.running)
    w.github.people["carol"] = Person(21, "write")
    assert await obey(w, order(w, Verb.REVIEW, "carol")) == (["eyes", "rocket"], [])
    await run_ended(run)
    assert (first.comment, US, "rocket") in w.github.reactions
    assert w.paid == CALLS
    assert len(w.checks()) == 1


async def test_who_asks_while_an_automatic_review_runs_gets_that_one(w: World) -> None:
    """It was superseded, and what its calls had cost was paid for nothing."""
    w.anthropic.script = lambda body, number: replace(model(body, number), latency=0.5)
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running and w.github.checks)
    while not ((await w.service._store.of_pull(w.github.place(128)))[0].check_run):
        await asyncio.sleep(0.02)
    assert await obey(w, order(w, Verb.REVIEW)) == (["eyes", "rocket"], [])
    assert [r.id for r in await w.service.list()] == [job]
    assert (w.paid, len(w.checks())) == (CALLS, 1)


async def test_who_joined_what_a_push_has_overtaken_gets_a_review_all_the_same(w: World) -> None:
    """A push alone is not reviewed here: its author is no member, and the label is for one commit."""
    pull = w.github.pulls[128]
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    await w.accept(w.wish())
    await until(lambda: w.anthropic.running and w.github.checks)
    while not ((await w.service._store.of_pull(w.github.place(128)))[0].check_run):
        await asyncio.sleep(0.02)
    asked = order(w, Verb.REVIEW)
    run = await w.accept(asked)
    await until(lambda: (asked.comment, US, "eyes") in w.github.reactions)
    w.anthropic.script = model
    pull.draft = True
    w.push(128, "9d02f7e", ORDERS + "\n")
    assert (await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)).state is not JobState.DONE
    await run_ended(run)
    assert (asked.comment, US, "rocket") in w.github.reactions
    newest = (await w.service.list())[0]
    assert (newest.trigger, newest.state) == (Trigger.COMMAND, JobState.DONE)
    assert newest.head == pull.head


async def test_a_late_stop_leaves_alone_what_was_asked_for_again_since(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    await w.accept(order(w, Verb.REVIEW))
    await until(lambda: w.anthropic.running)
    stop = order(w, Verb.STOP)
    w.github.skew += 60.0
    second = order(w, Verb.REVIEW)
    await w.accept(second)
    (job,) = await w.service._store.of_pull(second.place)
    while (await w.service._store.of_pull(second.place))[0].seen == job.seen:
        await asyncio.sleep(0.02)
    assert (await obey(w, stop))[0] == ["eyes", "confused"]
    assert (await w.row(job.row.id)).state is JobState.RUNNING


async def test_an_order_over_the_limit_stops_nothing_that_runs(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, reviews_per_hour=1) as w:
        w.pull()
        w.anthropic.script = lambda _body, _number: Reply(latency=3600)
        # Without its check run it is not known to read, so nobody may wait for it instead.
        w.github.held["/check-runs"] = told = asyncio.Event()
        job = await w.accept(w.wish())
        await until(lambda: w.anthropic.running)
        faces, (said,) = await obey(w, order(w, Verb.REVIEW))
        assert (faces, "TRIPTYCH_REVIEWS_PER_HOUR" in said) == (["eyes", "confused"], True)
        assert (await w.row(job)).state is JobState.RUNNING
        told.set()


async def test_review_that_fails_gets_a_puzzled_face(w: World) -> None:
    w.github.faults.append(Fault("GET", "/pulls/128$", 404, times=99))
    faces, _ = await obey(w, order(w, Verb.REVIEW))
    assert faces == ["eyes", "confused"]


async def test_review_over_the_limit_of_an_hour_is_told_in_words(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, reviews_per_hour=1) as w:
        w.pull()
        await w.reviewed()
        faces, said = await obey(w, order(w, Verb.REVIEW))
        assert faces == ["eyes", "confused"]
        assert said == [
            "Not reviewed: the limit of 1 reviews an hour is reached for this pull request "
            "(`TRIPTYCH_REVIEWS_PER_HOUR` of the server); within the hour it works again."
        ]
        assert w.paid == CALLS
        newest, _ = await w.service.list(2)
        refused = await w.ended(newest.id)  # The answer does not wait for its end.
        assert refused.state is JobState.SKIPPED, "it is no job that was given up"
        dismissal = order(w, Verb.DISMISS, finding=finding(w), reason="so")
        assert await obey(w, dismissal) == (["eyes", "rocket"], []), "no model is asked for it"
        assert w.checks()[-1][1] == "1 open: 1 high"
        assert w.paid == CALLS


async def test_stop(w: World) -> None:
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    job = await w.accept(w.wish())
    await until(lambda: w.anthropic.running == 2 and w.github.checks)
    assert await obey(w, order(w, Verb.STOP)) == (["eyes", "rocket"], [])
    row = await w.row(job)
    assert (row.state, row.note) == (JobState.CANCELLED, "stopped by bob")
    await until(lambda: w.anthropic.running == 0)
    await until(lambda: w.checks() == [("skipped", "Skipped: stopped by bob")])
    told = w.github.checks[0]["output"]["summary"]
    assert re.fullmatch(
        r"Skipped: stopped by bob\. It has cost 0\.\d+ USD\. `Review again` .* anew\.", told
    )
    assert await w.accept(w.wish()) == job, "a replay of the old event does not begin it again"
    assert (await w.row(job)).state is JobState.CANCELLED


async def test_s78_a_stop_stops_what_was_asked_for_where_our_clock_is_ahead(w: World) -> None:
    w.github.skew = -600.0
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    job = await w.accept(w.wish(trigger=Trigger.RERUN, once="check-run 7", seen=0.0))
    await until(lambda: w.anthropic.running)
    assert await obey(w, order(w, Verb.STOP)) == (["eyes", "rocket"], [])
    assert (await w.row(job)).state is JobState.CANCELLED


async def test_a_stop_that_comes_late_stops_nothing_that_was_asked_for_later(w: World) -> None:
    w.anthropic.script = lambda body, number: Reply(latency=1.0)
    stop = order(w, Verb.STOP)
    w.github.skew += 60.0
    review = order(w, Verb.REVIEW)
    await w.accept(review)
    await until(lambda: w.anthropic.running)
    faces, _ = await obey(w, stop)
    assert faces == ["eyes", "confused"]
    assert w.anthropic.running


async def test_a_stop_where_nothing_runs_is_told_so(w: World) -> None:
    assert await obey(w, order(w, Verb.STOP)) == (["eyes", "confused"], [])
    await w.reviewed()
    assert await obey(w, order(w, Verb.STOP)) == (["eyes", "confused"], [])


async def test_a_stop_that_is_carried_out_a_second_time_has_stopped_it(w: World) -> None:
    """The server may die between the deed and its face."""
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)
    await w.accept(w.wish())
    await until(lambda: w.anthropic.running)
    stop = order(w, Verb.STOP)
    assert (await obey(w, stop))[0] == ["eyes", "rocket"]
    access = AppAccess(w.settings, w.app, lambda: w.app)
    orders = Orders(w.service._store, access, _nothing, pauses=())
    assert await orders.run(json.dumps(asdict(stop))) == "rocket"
    assert await orders.run(json.dumps(asdict(order(w, Verb.STOP, "alice")))) == "confused"
    await access.close()


async def test_what_an_uninstalled_app_was_ordered_is_forgotten(w: World) -> None:
    """S19: and no other's, whose number begins with the same digits."""
    ids = []
    for number in (128, 129):
        w.pull(number)
        wish = order(w, Verb.HELP, number=number)
        ids.append(await w.accept(wish))
        await run_ended(ids[-1])
    here = w.github.place(128)
    await w.accept(PurgeWish(here.installation, here.account, (4999, 500)))
    await w.accept(PurgeWish(7, "another"))
    assert len(await DBOS.list_workflows_async(workflow_ids=ids)) == 2
    await w.accept(PurgeWish(here.installation, here.account))
    assert await DBOS.list_workflows_async(workflow_ids=ids) == []


async def test_explain(w: World) -> None:
    await w.reviewed()
    identity = finding(w)
    for given_ in (identity, identity[:6]):
        faces, (said,) = await obey(w, order(w, Verb.EXPLAIN, finding=given_))
        assert faces == ["eyes", "rocket"]
        assert said.startswith("**High: ")
        assert "its one vote saw it" in said
    assert w.paid == CALLS, "nobody is asked"


async def test_dismiss_tells_the_review_anew_and_asks_no_model(
    database: str, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as w:
        w.pull()
        await w.reviewed()
        wish = order(w, Verb.DISMISS, finding=finding(w), reason="as designed @everyone")
        assert await obey(w, wish) == (["eyes", "rocket"], [])
        assert w.paid == CALLS
        (body,) = w.github.bodies_of(128)
        assert "dismissed" in body.lower()
        assert "@everyone" not in body.replace("`@everyone`", "")
        assert [title for _, title in w.checks()] == ["2 findings: 2 high", "1 open: 1 high"]
        await obey(w, replace(wish, comment=order(w, Verb.DISMISS).comment, updated=""))
        assert len(w.github.bodies_of(128)) == 1
        w.push(128, "9d02f7e", ORDERS + "\n")
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=9.0)
        assert row.title == "1 open: 1 high", "the decision outlives a push"


@pytest.mark.parametrize(
    ("severity", "pushed"),
    [
        ("high", ORDERS.replace('request.args["order_by"]', 'request.args.get("by", "id")')),
        ("medium", ORDERS.replace("FROM orders ORDER", "FROM orders o ORDER")),
    ],
    ids=["graver", "its line changed"],
)
async def test_what_has_come_back_stays_until_it_is_dismissed_again(
    w: World, severity: str, pushed: str
) -> None:
    """Each review knows it as the last one told it: the old decision must not hold for that."""

    def says(severity: str, text: str) -> Script:
        line = text.splitlines()[SQL_LINE - 1].strip()

        def answer(body: dict[str, Any], _number: int) -> Reply:
            said = [reported("api/orders.py", SQL_LINE, line, severity=severity)]
            return Reply(said if is_about(body, "security") else [])

        return answer

    w.anthropic.script = says("medium", ORDERS)
    await w.reviewed()
    await obey(w, order(w, Verb.DISMISS, finding=finding(w), reason="as designed"))
    w.push(128, "9d02f7e", pushed)
    w.anthropic.script = says(severity, pushed)
    back = await w.reviewed(trigger=Trigger.PUSHED, seen=9.0)
    assert back.title == f"1 open: 1 {severity}"
    w.push(128, "9d02f7f", pushed + "\n\ndef more(): ...\n")
    again = await w.reviewed(trigger=Trigger.PUSHED, seen=10.0)
    assert again.title == f"1 open: 1 {severity}"
    await obey(w, order(w, Verb.DISMISS, finding=finding(w, index=-1), reason="still as designed"))
    assert w.checks()[-1][1] == "No open findings: 2 reviewers read the only hunk; 1 dismissed"


async def test_dismiss_in_the_findings_own_thread(w: World) -> None:
    await w.reviewed()
    comment = w.github.pulls[128].comments[0]
    identity = finding(w)
    reply = {**comment, "id": 5005, "in_reply_to_id": comment["id"], "body": "/triptych dismiss"}
    reply["user"] = {"login": "bob", "id": 12, "type": "User"}
    w.github.pulls[128].comments.append(reply)
    wish = order(w, Verb.DISMISS, reason="no", comment=5005, thread=Thread.REVIEW, updated="")
    faces, _ = await obey(w, replace(wish, parent=comment["id"]))
    assert faces == ["eyes", "rocket"]
    decided = await w.service._store.decisions.dismissed(w.github.place(128))
    assert set(decided) == {identity}


@pytest.mark.parametrize(("login", "kind"), [("mallory", "User"), ("other[bot]", "Bot")])
async def test_s30_a_copy_of_our_marker_names_no_finding(w: World, login: str, kind: str) -> None:
    """A maintainer who dismisses a remark about spelling must not dismiss what its author chose."""
    await w.reviewed()
    marker = w.github.pulls[128].comments[0]["body"].splitlines()[-1]
    first = {"id": 7001, "node_id": "PRRC_7001", "user": {"login": login, "id": 13, "type": kind}}
    first |= {"body": f"Is this spelling fine?\n\n{marker}", "path": "api/orders.py"}
    w.github.pulls[128].comments.append(first)
    comment = w.github.say(128, "bob", "/triptych dismiss it is fine", 7001)
    known: dict[str, Any] = {"comment": comment, "thread": Thread.REVIEW, "parent": 7001}
    faces, _ = await obey(w, order(w, Verb.DISMISS, reason="it is fine", updated="", **known))
    assert faces == ["eyes", "confused"]
    assert await w.service._store.decisions.dismissed(w.github.place(128)) == {}


async def test_two_dismissals_at_once_both_hold_and_both_are_told_so(w: World) -> None:
    """Each looked before the other had begun: the later one's job takes the place of the earlier's."""
    await w.reviewed()
    wishes = [order(w, Verb.DISMISS, finding=finding(w, index=i), reason="so") for i in (0, 1)]
    w.github.held["/check-runs"] = goes_on = asyncio.Event()
    both = asyncio.Barrier(2)

    async def at_once(wish: Any) -> str:
        async with both:
            job = await w.accept(wish)
        async with both:
            goes_on.set()
        return job

    before = len(w.github.talk)
    access = AppAccess(w.settings, w.app, lambda: w.app)
    orders = Orders(w.service._store, access, at_once, pauses=())
    faces = await asyncio.gather(*(orders.run(json.dumps(asdict(wish))) for wish in wishes))
    await access.close()
    assert faces == ["rocket", "rocket"]
    states = {row.state for row in await w.service.list() if row.trigger is Trigger.DISMISSAL}
    assert states == {JobState.DONE, JobState.SUPERSEDED}
    (said,) = [t["body"] for t in w.github.talk[before:]]
    assert said == dismissed_later()
    assert w.checks()[-1][1] == "No open findings: 2 reviewers read the only hunk; 2 dismissed"


async def test_a_dismissal_while_another_head_is_reviewed_waits_for_it(w: World) -> None:
    """Told anew it would stop the review that runs, and what that has cost."""
    await w.reviewed()
    identity = finding(w)
    w.push(128, "9d02f7e", "x = 1\n")
    w.anthropic.script = lambda _body, _number: Reply(latency=3600)

    job = await w.accept(w.wish(trigger=Trigger.PUSHED, seen=9.0))
    await until(lambda: w.anthropic.running)
    wish = order(w, Verb.DISMISS, finding=identity, reason="so")
    await w.accept(wish)
    await until(lambda: (wish.comment, US, "rocket") in w.github.reactions)
    assert "is written down" in w.github.talk[-1]["body"]
    assert (await w.row(job)).state is JobState.RUNNING


# --- what is not told


async def test_s47_a_secret_of_the_server_that_a_model_says_is_written_nowhere(
    tmp_path: Path,
) -> None:
    """Neither at GitHub nor in the database, not for a moment, nor when somebody asks again."""
    secret, sign = "hunter2-hunter2-x", "hunter2"
    line = ORDERS.splitlines()[SQL_LINE - 1].strip()
    said = {name: f"Say {secret} {name}." for name in ("title", "body", "fix")}

    def leaking(body: dict[str, Any], _number: int) -> Reply:
        found = [reported("api/orders.py", SQL_LINE, line, **said)]
        return Reply(found if is_about(body, "security") else [])

    stored: list[str] = []

    def posting(when: str, what: str) -> bool:
        if when == "before" and what.startswith("POST ") and what.endswith("/reviews"):
            with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
                stored.extend(
                    d for (d,) in connection.execute("select document from triptych_jobs")
                )
        return False

    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, leaking, webhook_secrets=(secret,)) as w:
        w.github.watch = posting
        w.pull()
        row = await w.reviewed()
        _, (explained,) = await obey(w, order(w, Verb.EXPLAIN, finding=finding(w)))
        pull = w.github.pulls[128]
        written = {
            "review": str(pull.reviews),
            "comments": str(pull.comments),
            "check run": str(w.github.checks),
            "document": row.document,
            "document before the post": "".join(stored),
            "explanation": explained,
            "all that GitHub was sent": json.dumps(w.github.bodies),
        }
    for where, text in written.items():
        assert sign not in text, where
        assert "Say hunt" in text, where


@pytest.mark.parametrize("verb", [Verb.EXPLAIN, Verb.DISMISS])
async def test_an_id_from_elsewhere_tells_nothing_and_dismisses_nothing(
    w: World, verb: Verb
) -> None:
    """Of another pull request, of another repository: it is as if it did not exist."""
    await w.reviewed()
    foreign = finding(w)
    w.pull(1, text="x = 1\n")
    await w.reviewed(1)
    faces, (said,) = await obey(w, order(w, verb, number=1, finding=foreign, reason="so"))
    assert faces == ["eyes", "confused"]
    assert said.startswith("There is no single finding with an id that begins with")
    assert "SQL" not in said
    assert await w.service._store.decisions.dismissed(w.github.place(1)) == {}
    assert await w.service._store.decisions.dismissed(w.github.place(128)) == {}


async def test_the_same_number_in_another_repository_is_another_pull_request(w: World) -> None:
    row = await w.reviewed()
    elsewhere = Place(88, "evil", 6000, "evil/shop", 128)
    w.github.installations[88] = FakeInstallation("evil")
    assert await w.service._store.of_pull(elsewhere) == ()
    assert [j.row.id for j in await w.service._store.of_pull(row.place)] == [row.id]


async def test_a_beginning_that_fits_two_findings_is_no_finding(w: World) -> None:
    await w.reviewed()
    (job,) = await w.service._store.of_pull(w.github.place(128))
    row = await w.row(job.row.id)
    data = json.loads(row.document)
    data["findings"][0]["id"], data["findings"][1]["id"] = "abcdef111111", "abcdef222222"
    await w.service._store.note(row.id, document=json.dumps(data))
    faces, (said,) = await obey(w, order(w, Verb.EXPLAIN, finding="abcdef"))
    assert faces == ["eyes", "confused"]
    assert "no single finding" in said
    faces, _ = await obey(w, order(w, Verb.EXPLAIN, finding="abcdef1"))
    assert faces == ["eyes", "rocket"]


@pytest.mark.parametrize("many", [1, 9], ids=["for a moment", "for good"])
async def test_the_database_is_away_as_an_order_is_carried_out(w: World, many: int) -> None:
    """Its run is used up with it: nobody would carry it out any more."""
    failures = iter([JobsProblem("The database does not take jobs.", "See the log.")] * many)

    async def wished(_wish: Any) -> str:
        for failure in failures:
            raise failure
        return "a job"

    access = AppAccess(w.settings, w.app, lambda: w.app)
    orders = Orders(w.service._store, access, wished, pauses=(0.0, 0.0))
    done = await orders.run(json.dumps(asdict(order(w, Verb.STOP))))
    await access.close()
    assert done == ("rocket" if many == 1 else "failed")


async def test_github_is_down_as_an_answer_is_due(w: World) -> None:
    """The order ends, without an answer and without a second try that might answer twice."""
    w.github.faults.append(Fault("POST", "/issues/128/comments", 422, times=1))
    faces, said = await obey(w, order(w, Verb.HELP))
    assert faces == ["eyes"]
    assert said == []


@pytest.mark.parametrize(("do", "said"), [("lost", 1), (502, 0)])
async def test_what_fails_after_the_deed_ends_the_order(w: World, do: str | int, said: int) -> None:
    """Nothing is done again for it, and no answer stands there twice."""
    down = Fault("POST", "/issues/128/comments", do, times=99)
    w.github.faults.append(down)
    wish = order(w, Verb.HELP)
    with capture_logs() as logs:
        faces, answers = await obey(w, wish)
    assert (faces, len(answers)) == (["eyes"], said)
    assert w.github.posts("/issues/128/comments") == 1
    assert "order.unheard" in [line["event"] for line in logs]


# --- what comes out of the database


ORDER = CommandWish(Place(77, "a", 5000, "a/b", 1), 9, Thread.REVIEW, 12, "bob", Verb.DISMISS)


def test_an_order_comes_back_as_it_was() -> None:
    assert read_order(json.dumps(asdict(ORDER))) == ORDER


@given(st.text() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
).map(json.dumps))  # fmt: skip
def test_any_text_is_an_order_or_none(text: str) -> None:
    assert read_order(text) is None


@given(
    st.sampled_from(sorted(asdict(ORDER))),
    st.none() | st.booleans() | st.text() | st.lists(st.integers()) | st.just({"number": "x"}),
)
def test_a_field_of_another_kind_is_no_order(field: str, value: Any) -> None:
    found = read_order(json.dumps({**asdict(ORDER), field: value}))
    if found is not None:
        assert isinstance(found.comment, int)
        assert isinstance(found.finding, str)
        assert isinstance(found.place, Place)


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "3", '{"findings": 3}', '{"findings": [1, {"id": 2}]}']
)
def test_a_document_that_is_none_has_no_findings(text: str) -> None:
    assert findings_in(text, *ASKED_ABOUT) == []


async def _nothing(_wish: Any) -> str:
    return ""


async def test_s64_an_order_waits_as_long_as_github_says(w: World) -> None:
    """Sooner it would only be counted against us; given up it would be lost without a word."""
    access = AppAccess(w.settings, w.app, lambda: w.app)
    asked: list[float] = []

    def noted(when: str, what: str) -> bool:
        if when == "before" and what.endswith("/access_tokens"):
            asked.append(monotonic())
        return False

    w.github.watch = noted
    w.github.faults.append(Fault("POST", "access_tokens", "primary", retry_after="2", times=1))
    orders = Orders(w.service._store, access, _nothing, pauses=(0.0,))
    done = await orders.run(json.dumps(asdict(order(w, Verb.HELP))))
    await access.close()
    assert done == "rocket"
    assert asked[1] - asked[0] >= 2.0
