"""Who may order, what they said, and the answers they get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import GoneProblem, HostProblem, LimitProblem, LostProblem, MissingProblem
from bot.hosts.people import Face, People, permits
from bot.jobs.protocol import Thread
from bot.outputs.inline import InlineComment
from reviewers.core.finding import Location
from tests.bot.hosts.installed import installed, one_pull
from tests.builders import finding
from tests.fakes.app import INSTALLATION, FakeApp, Person
from tests.fakes.github import Fault

TALK, REVIEW = Thread.CONVERSATION, Thread.REVIEW


@asynccontextmanager
async def meeting() -> AsyncIterator[tuple[FakeApp, People]]:
    """A pull request with an inline comment of ours, and its people."""
    async with one_pull() as github, installed(github) as here, here.api() as api:
        place = Location("a.py", 1, 1)
        inline = InlineComment(finding("a.py", 1, location=place), place, "Text.")
        await here.forge(api).post_review("Body", (inline,), github.pulls[1].head)
        github.pull(2, {}, {"b.py": "b\n"})
        yield github, People(api)


def start(github: FakeApp) -> int:
    """The inline comment."""
    return int(github.pulls[1].comments[0]["id"])


# --- S24: who may order


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("admin", True),
        ("maintain", True),
        ("write", True),
        ("triage", False),
        ("read", False),
        ("none", False),
        ("security-readers", False),
    ],
)
async def test_s24_the_permission_of_the_api_decides(role: str, may: bool) -> None:
    async with meeting() as (github, people):
        github.people["carol"] = Person(21, role)
        assert await people.may_order(21, "carol") is may


@pytest.mark.parametrize(
    ("answer", "author", "may"),
    [
        ({"permission": "write", "role_name": "write", "user": {"id": 7}}, 7, True),
        ({"permission": "write", "role_name": "my-own-role", "user": {"id": 7}}, 7, True),
        ({"permission": "read", "role_name": "maintain", "user": {"id": 7}}, 7, True),
        ({"permission": "read", "role_name": "write-docs", "user": {"id": 7}}, 7, False),
        ({"permission": "admin", "user": {"id": 8}}, 7, False),
        ({"permission": "admin", "user": {"id": "7"}}, 7, False),
        ({"permission": "admin", "user": None}, 7, False),
        ({"permission": "admin"}, 7, False),
        ({"permission": "admin", "user": {"id": 0}}, 0, False),
        ({"permission": None, "user": {"id": 7}}, 7, False),
        ({"user": {"id": 7}}, 7, False),
        ({}, 7, False),
    ],
)
def test_s24_only_of_the_same_account(answer: dict[str, object], author: int, may: bool) -> None:
    assert permits(answer, author) is may


async def test_s24_a_login_that_came_to_somebody_else_may_not() -> None:
    async with meeting() as (github, people):
        assert await people.may_order(11, "alice")
        github.people["alice"] = Person(4711, "admin")
        assert not await people.may_order(11, "alice")


@pytest.mark.parametrize("login", ["nobody", "triptych[bot]", "some_corp", "a-b"])
async def test_a_login_that_nobody_has_may_not(login: str) -> None:
    async with meeting() as (github, people):
        assert not await people.may_order(5, login)
        assert github.asked()[-1] == f"GET /collaborators/{login}/permission"


@pytest.mark.parametrize("login", ["", "a/../b", "..", "x?y=z", "a{b}", "ü", "a b", "a[b]", "a\n"])
async def test_a_login_that_nobody_can_have_is_not_asked_for(login: str) -> None:
    async with meeting() as (github, people):
        before = len(github.calls)
        assert not await people.may_order(5, login)
        assert len(github.calls) == before


async def test_a_permission_that_cannot_be_read_is_no_permission_but_a_problem() -> None:
    async with meeting() as (github, people):
        github.faults = [Fault("GET", "/permission$", 502, times=99)]
        with pytest.raises(HostProblem, match="could not read a person's permission"):
            await people.may_order(11, "alice")


# --- what was said


async def test_a_comment_of_the_conversation_is_read_afresh() -> None:
    async with meeting() as (github, people):
        said = github.say(1, "alice", "/triptych review")
        comment = await people.comment(said, TALK)
        assert (comment.id, comment.author, comment.login) == (said, 11, "alice")
        assert (comment.body, comment.is_bot, comment.parent) == ("/triptych review", False, 0)
        assert comment.updated == github.talk[0]["updated_at"]
        github.talk[0] |= {"body": "/triptych stop", "updated_at": "2026-11-24T12:00:00Z"}
        again = await people.comment(said, TALK)
        assert (again.body, again.updated) == ("/triptych stop", "2026-11-24T12:00:00Z")


async def test_a_comment_of_a_thread_says_which_one_it_answers() -> None:
    async with meeting() as (github, people):
        assert (await people.comment(start(github), REVIEW)).parent == 0
        assert await people.reply(start(github), "Because.")
        answer = await people.comment(github.pulls[1].comments[1]["id"], REVIEW)
        assert (answer.parent, answer.body, answer.is_bot) == (start(github), "Because.", True)


@pytest.mark.parametrize("what", ["gone", "other thread", "other pull request"])
async def test_only_comments_of_this_pull_request_are_read(what: str) -> None:
    async with meeting() as (github, people):
        said = {
            "gone": (99_999, TALK),
            "other thread": (start(github), TALK),
            "other pull request": (github.say(2, "alice", "x"), TALK),
        }[what]
        with pytest.raises(MissingProblem):
            await people.comment(*said)


async def test_a_comment_of_a_deleted_account_belongs_to_nobody() -> None:
    async with meeting() as (github, people):
        said = github.say(1, "alice", "x")
        github.talk[0]["user"] = None
        comment = await people.comment(said, TALK)
        assert (comment.author, comment.login, comment.is_bot) == (0, "", False)


# --- answers


@pytest.mark.parametrize("thread", [TALK, REVIEW])
async def test_a_reaction_is_given_once(thread: Thread) -> None:
    async with meeting() as (github, people):
        on = github.say(1, "alice", "/triptych review") if thread is TALK else start(github)
        for face in (Face.SEEN, Face.SEEN, Face.DONE, Face.PUZZLED):
            assert await people.react(on, thread, face)
        faces = ["eyes", "rocket", "confused"]
        assert github.reactions == [(on, "triptych[bot]", face) for face in faces]


@pytest.mark.parametrize("fault", ["lost", 502, "drop"])
async def test_s66_a_reaction_may_be_given_again(fault: int | str) -> None:
    async with meeting() as (github, people):
        on = github.say(1, "alice", "x")
        github.faults = [Fault("POST", "/reactions$", fault)]
        assert await people.react(on, TALK, Face.SEEN)
        assert len(github.reactions) == 1


async def test_people_are_answered_where_they_asked() -> None:
    async with meeting() as (github, people):
        assert await people.say("Done.")
        assert await people.reply(start(github), "Because.")
        assert github.talk[0]["body"] == "Done."
        assert github.pulls[1].comments[1]["in_reply_to_id"] == start(github)
        assert github.asked()[-2:] == [
            "POST /issues/1/comments",
            f"POST /pulls/1/comments/{start(github)}/replies",
        ]


async def test_s67_a_locked_conversation_is_one_quiet_stop() -> None:
    async with meeting() as (github, people):
        on = github.say(1, "alice", "x")
        github.locked = True
        before = len(github.calls)
        assert not await people.react(on, TALK, Face.SEEN)
        assert not await people.say("Done.")
        assert not await people.reply(start(github), "Because.")
        assert len(github.calls) == before + 3


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_s67_what_cannot_be_answered_is_left(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with meeting() as (github, people):
        github.faults = [Fault("POST", "/(comments|replies|reactions)$", status, times=9)]
        assert not await people.react(1, TALK, Face.SEEN)
        assert not await people.say("Done.")
        assert not await people.reply(1, "x")
        assert caplog.text == ""


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (422, HostProblem),
        ("lost", LostProblem),
        ("html", LostProblem),
        (502, HostProblem),
    ],
)
async def test_other_failures_are_problems(fault: int | str, kind: type[HostProblem]) -> None:
    async with meeting() as (github, people):
        github.faults = [Fault("POST", "/comments$", fault)]
        with pytest.raises(kind):
            await people.say("Done.")
        assert github.posts("/comments") == 1, "nothing is said twice"


async def test_s19_a_suspended_installation_is_no_quiet_stop() -> None:
    async with meeting() as (github, people):
        github.installations[INSTALLATION].suspended = True
        with pytest.raises(GoneProblem):
            await people.say("Done.")


async def test_s68_reactions_are_left_out_when_few_requests_are_left() -> None:
    async with meeting() as (github, people):
        github.remaining = 3
        await people.may_order(11, "alice")
        before = len(github.calls)
        assert not await people.react(1, TALK, Face.SEEN)
        assert len(github.calls) == before


async def test_s64_a_limit_is_no_quiet_stop() -> None:
    async with meeting() as (github, people):
        github.faults = [Fault("POST", "/comments$", "secondary", retry_after="600", times=9)]
        with pytest.raises(LimitProblem):
            await people.say("Done.")
