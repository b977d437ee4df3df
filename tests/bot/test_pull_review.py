"""A pull request reviewed and posted, seen from outside: what stands there when something goes wrong.

The line from request to posted review, when all is well, is told in `tests/test_walkthrough.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.config import PATH as CONFIG
from bot.errors import ClosedProblem, HostProblem
from bot.outputs.marker import read_marker
from bot.pipeline import Circumstances, new_nonce, new_run
from bot.pull_review import Adopted, Reviewed, Skipped, review_pull
from bot.settings import Ceilings, Settings
from bot.terms import Options
from reviewers.core.call import Call, Look, Reading
from reviewers.core.finding import Severity, Standing
from reviewers.core.policy import CLAUDE
from reviewers.core.verdict import Outcome
from reviewers.protocols import Moment
from reviewers.registry import REVIEWERS
from tests.bot.hosts.reach import reach
from tests.builders import LOOKS, NONE_LINE, ORDERS, SQL_LINE
from tests.fakes.anthropic import (
    FakeAnthropic,
    Reply,
    Script,
    fake_anthropic,
    is_about,
    reported,
    silent,
)
from tests.fakes.github import TOKEN, FakeGitHub, Fault, fake_github

KEY = "sk-test-0123456789"
ENGINE_SECONDS = 180.0
SQL = reported(
    "api/orders.py",
    SQL_LINE,
    'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
    severity="critical",
)
NONE = reported(
    "api/orders.py",
    NONE_LINE,
    'return order["total"]',
    rule="correctness/missing-value",
    title="An unknown order ends in status 500",
)


@dataclass
class World:
    """Both services, and a door's way through them."""

    github: FakeGitHub
    anthropic: FakeAnthropic

    async def review(self, *, post: bool = True, **more: Any) -> Adopted | Reviewed | Skipped:
        """What a door does."""
        settings = Settings(
            anthropic_key=KEY,
            anthropic_url=self.anthropic.url,
            github_token=TOKEN,
            github_api=self.github.url,
            ceilings=more.pop("ceilings", Ceilings()),
        )
        quiet = more.pop("quiet", False)
        around = Circumstances(settings, **{"options": Options("claude", rounds=1), **more})
        async with reach(settings, 128) as forge:
            return await review_pull(forge, around, post=post, quiet_when_clean=quiet)

    @property
    def body(self) -> str:
        """The body of the first review."""
        return self.github.bodies_of(128)[0]


@asynccontextmanager
async def world(script: Script = silent) -> AsyncIterator[World]:
    """`acme/shop#128` with one new file."""
    async with fake_github() as github, fake_anthropic(script) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        yield World(github, anthropic)


def seen_by(**replies: Reply) -> Script:
    """What each reviewer's calls get; the others find nothing."""

    def script(body: dict[str, Any], _number: int) -> Reply:
        return next((r for who, r in replies.items() if is_about(body, who)), Reply())

    return script


# --- One reviewer that fails

FAULTS: dict[str, tuple[Reply, str]] = {
    "refuses": (Reply(refusal="cyber"), "the model refused to answer (3 of 3 votes)"),
    "is cut off": (Reply([SQL], stop="max_tokens"), "the answer was cut off"),
    "answers garbage": (Reply(text="I see no problem."), "could not be read"),
    "is overloaded": (Reply(status=529, headers={"x-should-retry": "false"}), "529"),
    "is broken": (Reply(status=500, headers={"x-should-retry": "false"}), "500"),
    "breaks off": (Reply([SQL], cut="drop"), "broke off"),
}


@pytest.mark.parametrize(("reply", "said"), FAULTS.values(), ids=FAULTS.keys())
async def test_s63_a_reviewer_that_fails_is_named_and_takes_nobody_with_it(
    reply: Reply, said: str
) -> None:
    """The review is posted, incomplete, and the findings of the others are there."""
    async with world(seen_by(security=reply, correctness=Reply([NONE]))) as w:
        done = await w.review()
        assert isinstance(done, Reviewed)
        assert done.report.verdict.outcome is Outcome.INCOMPLETE
        assert w.github.posts() == 1
        first, _, rest = w.body.partition("\n\n")
        assert first.startswith("**Incomplete: security reviewed nothing.**")
        assert first.endswith("In the rest, 1 finding: 1 high.")
        (row,) = (r for r in rest.split("\n") if r.startswith("- Security, "))
        assert said in row
        assert "An unknown order ends in status 500" in rest
        assert "Request data becomes SQL text" not in rest, "no part of a bad answer is used"
        assert [c["line"] for c in w.github.pulls[128].comments] == [NONE_LINE]
        marker = read_marker(w.body)
        assert marker is not None
        assert marker.outcome == "incomplete"


async def test_s63_without_any_model_the_analysers_are_told_apart_from_it() -> None:
    down = Reply(status=500, headers={"x-should-retry": "false"})
    async with world(lambda _body, _number: down) as w:
        done = await w.review(options=Options(rounds=1))
        assert isinstance(done, Reviewed)
        assert done.report.verdict.outcome is Outcome.INCOMPLETE
        assert w.body.startswith("**Incomplete: ")
        assert "No findings" not in w.body
        assert "analysers ran" in w.body


async def test_an_engine_that_raises_is_a_look_that_failed() -> None:
    """Whoever watches is within the engine: what it raises is a fault of ours, told as one."""

    def broken(call: Call, _moment: Moment) -> None:
        if call.reviewer == "style" and call.engine == CLAUDE:
            raise ValueError("a fault of ours")

    async with world(seen_by(correctness=Reply([NONE]))) as w:
        done = await w.review(watch=broken)
        assert isinstance(done, Reviewed)
        looks = [k for k in done.report.verdict.looks if k.reading is Reading.FAILED]
        assert [(k.call.reviewer, k.detail) for k in looks] == [
            ("style", "an internal error (ValueError)")
        ]
        assert "a fault of ours" not in w.body
        assert w.body.startswith("**Incomplete: style reviewed nothing.**")
        assert done.report.verdict.seconds < 60, "its time is that of the others, on one clock"


# --- Once per head and configuration


async def test_an_incomplete_review_is_tried_again_in_its_own_place() -> None:
    refusing = True

    def script(body: dict[str, Any], _number: int) -> Reply:
        if is_about(body, "security"):
            return Reply(refusal="cyber") if refusing else Reply([SQL])
        return Reply()

    async with world(script) as w:
        await w.review()
        assert w.body.startswith("**Incomplete")
        refusing = False
        again = await w.review()
        assert isinstance(again, Reviewed)
        first, second = w.github.bodies_of(128)
        assert first.startswith("**1 open finding: 1 critical (new).**")
        assert second.startswith("**1 new finding: 1 critical.**")
        assert isinstance(await w.review(), Adopted)


async def test_another_configuration_reviews_the_same_head_again() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        asked = len(w.anthropic.requests)
        again = await w.review(ceilings=Ceilings(votes=1))
        assert isinstance(again, Reviewed)
        assert len(w.anthropic.requests) == asked + len(REVIEWERS)
        assert w.github.posts() == 1


async def test_another_base_branch_reviews_the_same_head_again() -> None:
    """What the head brings there may be what the first branch held already: nobody has read it."""
    ours = {"api/orders.py": ORDERS}
    async with world(seen_by(security=Reply([SQL]))) as w:
        w.github.pull(128, ours, {**ours, "more.py": "x = 1\n"}, base_ref="stack")
        await w.review()
        assert "SQL" not in w.body
        pull = w.github.pulls[128]
        pull.base, pull.base_ref = w.github.commit("ba5eff", {}), "main"
        again = await w.review()
        assert isinstance(again, Reviewed)
        _, news = w.github.bodies_of(128)
        assert news.startswith("**1 new finding: 1 critical.**"), "and it is new, not late"
        pull.base = w.github.commit("ba5e00", {"read.me": "moved on"})
        assert isinstance(await w.review(), Adopted), "the same branch, wherever it is now"


async def test_after_the_base_branch_has_moved_on_only_the_push_is_read() -> None:
    async with world() as w:
        await w.review()
        asked = len(w.anthropic.requests)
        w.github.pulls[128].base = w.github.commit("ba5eff", {"read.me": "moved on"})
        w.github.push(128, "9d02f7e", {"read.me": "moved on", "api/orders.py": ORDERS})
        again = await w.review()
        assert isinstance(again, Reviewed)
        assert len(w.anthropic.requests) == asked


GUARDED = "def helper(user):\n{}\n\ndef may_delete(user):\n{}    return user.admin\n".format(
    *("".join(f"    {name}{n} = {n}\n" for n in range(20)) for name in "ab")
)


def behind(*lines: str) -> str:
    """GUARDED with a way out behind some of its lines."""
    text = GUARDED
    for line in lines:
        text = text.replace(f"    {line}\n", f"    {line}\n    return True\n")
    return text


@pytest.mark.parametrize(
    ("after", "read"),
    [
        pytest.param(behind("b3 = 3"), 1, id="moved to another function"),
        pytest.param(behind("a3 = 3", "b3 = 3"), 1, id="there once more"),
        pytest.param(f"x = 1\n{behind('a3 = 3')}", 1, id="a line far above"),
        pytest.param(behind("a3 = 3"), 0, id="as it was"),
    ],
)
async def test_only_what_stands_unchanged_where_it_stood_was_read_before(
    after: str, read: int
) -> None:
    async with world() as w:
        w.github.pull(128, {"a.py": GUARDED}, {"a.py": behind("a3 = 3")})
        await w.review()
        w.github.push(128, "9d02f7e", {"a.py": after})
        again = await w.review()
        assert isinstance(again, Reviewed)
        assert len(again.report.verdict.coverage.hunks) == read


async def test_of_equal_hunks_none_was_read_before_where_there_are_more_of_them_now() -> None:
    """Their surroundings are equal, too: nobody can tell which of them is the new one."""
    block, changed = "p\nq\nr\ns\nt\nu\n", "p\nq\nr\nnew\ns\nt\nu\n"
    between = "-\n" * 20
    async with world() as w:
        old = {"a.txt": block + between + block}
        w.github.pull(128, old, {"a.txt": block + between + changed})
        await w.review()
        w.github.push(128, "9d02f7e", {"a.txt": changed + between + changed})
        again = await w.review()
        assert isinstance(again, Reviewed)
        assert len(again.report.verdict.coverage.hunks) == 2


MEDIUMS = {f"m{i:02}.py": f"def f{i}(x=[]):\n    x.append({i})\n    return x\n" for i in range(25)}


@pytest.mark.parametrize("torn", [False, True])
async def test_what_stands_in_a_fold_is_known_after_the_next_push(torn: bool) -> None:
    """25 medium ones: 12 have a line, 20 a comment. What cannot be read back is found once more."""
    static = Options("static", rounds=1)
    async with world() as w:
        w.github.pull(128, {}, MEDIUMS)
        await w.review(options=static)
        if torn:
            review = w.github.pulls[128].reviews[0]
            review["body"] = review["body"].replace("13 more medium", "thirteen more medium")
        w.github.push(128, "9d02f7e", {**MEDIUMS, "z.py": "y = 2\n"})
        again = await w.review(options=static)
        assert isinstance(again, Reviewed)
        verdict = again.report.verdict
        assert (len(verdict.findings), len(verdict.fixed)) == (25, 0)
        assert len(verdict.coverage.carried) == (0 if torn else 25)
        assert w.github.posts() == 1


@pytest.mark.parametrize("least", ["low", "medium"])
async def test_an_analysers_finding_is_fixed_when_what_it_read_is_mended_elsewhere(
    least: str,
) -> None:
    """In a thread or in a fold: the import stays, and is used now."""
    conf = {CONFIG: f'min_severity = "{least}"\n'}
    unused, used = (f"import os\n\n\ndef f():\n    return {x}\n" for x in ("1", "os.getcwd()"))
    async with world() as w:
        w.github.pull(128, conf, {**conf, "a.py": unused})
        for text, number in ((unused, 1), (used, 0)):
            w.github.push(128, f"9d02f7e{number}", {**conf, "a.py": text})
            done = await w.review(options=Options("static", rounds=1))
            assert isinstance(done, Reviewed)
            verdict = done.report.verdict
            assert len(verdict.findings) == number
        assert [k.finding.title for k in verdict.fixed] == ["The import `os` is not used"]


async def test_what_a_model_finds_first_is_new_though_analysers_have_read_it() -> None:
    """Somebody tries it without a key, then sets one: nothing of what it finds is late."""
    medium = {**NONE, "severity": "medium"}
    async with world(seen_by(correctness=Reply([medium]))) as w:
        await w.review(options=Options("static"))
        await w.review()
        first, second = w.github.bodies_of(128)
        assert "An unknown order ends in status 500" in first
        assert "late" not in first.partition("<details>")[0]
        assert second.startswith("**1 new finding: 1 medium.**")
        assert NONE_LINE in [c["line"] for c in w.github.pulls[128].comments]


async def test_the_adopted_review_says_how_grave_it_is() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        again = await w.review()
        assert isinstance(again, Adopted)
        assert again.worst is Severity.CRITICAL
        assert again.ours.review.url == w.github.pulls[128].reviews[0]["html_url"]


async def test_without_posting_nothing_is_written_and_all_is_read_anew() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        writes = len(w.github.calls)
        again = await w.review(post=False)
        assert isinstance(again, Reviewed)
        assert again.published is None
        assert {m for m, p in w.github.calls[writes:] if not p.endswith("/graphql")} == {"GET"}
        assert len(w.anthropic.requests) == 2 * LOOKS


@pytest.mark.parametrize(("post_clean", "posts"), [(False, 0), (True, 1)])
async def test_a_clean_first_review_is_quiet_unless_asked_for(post_clean: bool, posts: int) -> None:
    """`quiet` is for doors that have a check run to tell it in."""
    async with world() as w:
        text = f"post_clean = {str(post_clean).lower()}\n"
        w.github.pull(128, {CONFIG: text}, {CONFIG: text, "api/orders.py": ORDERS})
        done = await w.review(quiet=True)
        assert isinstance(done, Reviewed)
        assert done.report.verdict.outcome is Outcome.CLEAN
        assert w.github.posts() == posts


# --- Pushes


async def test_what_came_back_without_a_comment_stays_open() -> None:
    """Its old comment says that it is fixed; the list of the last review knows better."""
    few = {CONFIG: "inline_limit = 1\n"}
    shell = {"z.py": "import subprocess\n\n\ndef f(a):\n    subprocess.run(a, shell=True)\n"}
    more = {"a.py": "def g(b):\n    return eval(b)\n"}
    static = Options("static", rounds=1)
    async with world() as w:
        w.github.pull(128, few, {**few, **shell})
        await w.review(options=static)
        for sha, files in (("1", {"z.py": "x = 1\n"}), ("2", {**shell, **more})):
            w.github.push(128, f"beef{sha}", {**few, **files})
            await w.review(options=static)
        assert "back: A shell interprets" in w.body
        w.github.push(128, "beef3", {**few, **shell, **more, "c.py": "c = 1\n"})
        await w.review(options=static)
        assert w.body.startswith("**Static analysis only, 2 open findings")
        assert "still open: A shell interprets" in w.body
        assert w.github.posts() == 2


async def test_what_was_told_is_not_told_again_when_the_edit_after_it_had_failed() -> None:
    """Without a comment (past `inline_limit`) the marker of the short review alone tells of it."""
    few = {CONFIG: "inline_limit = 1\n"}
    one = "def f(a):\n    return eval(a)\n"
    two = {"b.py": "def g(b):\n    exec(b)\n\n\ndef h(b):\n    return eval(b[0])\n"}
    static = Options("static", rounds=1)
    async with world() as w:
        w.github.pull(128, few, {**few, "a.py": one})
        await w.review(options=static)
        w.github.push(128, "9d02f7e", {**few, "a.py": one, **two})
        w.github.faults.append(Fault("PUT", "/reviews/", 502, times=99))
        with pytest.raises(HostProblem):
            await w.review(options=static)
        w.github.faults.clear()
        assert w.github.posts() == 2
        await w.review(options=static)
        assert w.github.posts() == 2
        assert w.body.startswith("**Static analysis only, 3 open findings")


async def test_s70_a_push_during_the_review_posts_nothing() -> None:
    """Comments on the older commit would stand on wrong lines; the next run reviews the new one."""
    async with world() as w:
        pushed = asyncio.Event()

        def script(_body: dict[str, Any], _number: int) -> Reply:
            if not pushed.is_set():
                w.github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"}, force=True)
                pushed.set()
            return Reply([SQL])

        w.anthropic.script = script
        with pytest.raises(HostProblem, match="moved to 9d02f7e while 4ead128 was reviewed") as e:
            await w.review()
        assert e.value.retryable
        assert w.github.posts() == 0
        await w.review()
        assert "`9d02f7e`" in w.body


OLDER = "**For `4ead128`, an older commit.** "


async def test_while_a_push_is_reviewed_the_review_says_that_it_is_of_an_older_commit() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        before = w.body
        w.github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"})
        said = asyncio.Event()
        w.anthropic.script = lambda _body, _number: Reply(held=said)
        reviewing = asyncio.create_task(w.review())
        async with asyncio.timeout(20):
            while w.body == before:
                await asyncio.sleep(0.01)
        assert w.body == f"{OLDER}{before}"
        said.set()
        await reviewing
        assert w.body.startswith("**1 open finding: 1 critical.**")
        assert (w.github.posts(), w.github.pulls[128].reviews[0]["edits"]) == (1, 2)


async def test_a_branch_that_is_set_back_finds_its_review_as_it_was() -> None:
    """The review of the newer commit came to nothing: the one of the older commit is adopted."""
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        before, head = w.body, w.github.pulls[128].head
        w.github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"})

        def script(_body: dict[str, Any], _number: int) -> Reply:
            w.github.pulls[128].head = head
            return Reply()

        w.anthropic.script = script
        with pytest.raises(HostProblem, match="moved to 4ead128"):
            await w.review()
        assert w.body == f"{OLDER}{before}"
        again = await w.review()
        assert isinstance(again, Adopted)
        assert w.body == again.ours.review.body == before


async def test_what_another_door_wrote_meanwhile_is_not_written_over() -> None:
    """That the review is of an older commit is said of the body that was read, and of no other."""
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        w.github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"})
        review = w.github.pulls[128].reviews[0]
        theirs = review["body"].replace("**1 finding", "**1 open finding")

        def other_door(when: str, what: str) -> bool:
            if when == "before" and "/compare/" in what:
                review["body"] = theirs
            return False

        w.github.watch = other_door
        seen: list[str] = []

        def script(_body: dict[str, Any], _number: int) -> Reply:
            seen.append(w.body)
            return Reply(latency=0.2)

        w.anthropic.script = script
        await w.review()
        assert seen[-1] == theirs


async def test_nothing_is_asked_for_the_sake_of_a_body_that_stays_as_it_is() -> None:
    """A first review has none, and one of this very commit says nothing of an older one."""
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        assert len(w.github.calls) <= 10
        before = len(w.github.calls)
        assert isinstance(await w.review(), Adopted)
        reads = [path for method, path in w.github.calls[before:] if method == "POST"]
        assert reads == ["/graphql"], "what it loads"


async def test_that_a_review_cannot_say_it_costs_no_review() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        w.github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"})
        w.github.faults.append(Fault("PUT", "/reviews/", 403))
        done = await w.review()
        assert isinstance(done, Reviewed)
        assert w.body.startswith("**1 open finding: 1 critical.**")


async def test_s26_a_pull_request_that_is_closed_while_it_is_reviewed_is_told_nothing() -> None:
    """The event of its closing may be late, or lost. One that was closed before is reviewed as asked."""
    async with world() as w:
        pull = w.github.pulls[128]

        def script(_body: dict[str, Any], _number: int) -> Reply:
            pull.state = "closed"
            return Reply([SQL])

        w.anthropic.script = script
        with pytest.raises(ClosedProblem, match="was closed while 4ead128 was reviewed"):
            await w.review()
        assert w.github.posts() == 0
        await w.review()
        assert w.github.posts() == 1


async def test_only_what_has_changed_is_read_again() -> None:
    files = {"api/orders.py": ORDERS, "api/other.py": "def other():\n    return 1\n"}
    async with world(seen_by(security=Reply([SQL]))) as w:
        w.github.pull(128, {}, files)
        await w.review()
        w.github.push(128, "9d02f7e", files | {"api/other.py": "def other():\n    return 2\n"})
        asked = len(w.anthropic.requests)
        done = await w.review()
        assert isinstance(done, Reviewed)
        assert w.github.posts() == 1
        later = w.anthropic.requests[asked:]
        assert len(later) == LOOKS
        change = later[0]["messages"][0]["content"][0]["text"]
        assert "return 2" in change
        assert 'ORDER BY " + order_by' not in change
        assert w.body.startswith("**1 open finding: 1 critical.**")


@pytest.mark.parametrize(("first", "last"), [(6, 6), (4, 7), (5, 12)])
async def test_what_quotes_several_lines_is_open_while_they_stand(first: int, last: int) -> None:
    """Its list names the first line alone, and what stands round all of them is not its own lines."""
    quote = "\n".join(ORDERS.split("\n")[first - 1 : last])
    told = {**SQL, "line": first, "end_line": last, "quote": quote}
    says = [Reply([told]), Reply()]
    async with world(lambda body, _: says[0] if is_about(body, "security") else Reply()) as w:
        await w.review()
        says.pop(0)
        for push in range(2):
            w.github.push(128, f"9d02f7e{push}", {"api/orders.py": ORDERS, "z.py": f"z = {push}\n"})
            done = await w.review()
            assert isinstance(done, Reviewed)
            (found,) = done.report.verdict.findings
            assert (found.standing, found.line) == (Standing.OPEN, first)


async def test_a_lost_commit_means_a_full_review() -> None:
    """After a force-push the old head is gone: everything is read, what is known is still known."""
    async with world(seen_by(security=Reply([SQL]))) as w:
        await w.review()
        w.github.push(128, "9d02f7e", {"api/orders.py": f"{ORDERS}\n\nX = 1\n"}, force=True)
        asked = len(w.anthropic.requests)
        await w.review()
        assert len(w.anthropic.requests) == asked + LOOKS
        assert w.github.posts() == 1
        assert "still open: Request data becomes SQL text" in w.body


def how_sure(body: str) -> str:
    """What stands behind the place of the one finding that a body lists."""
    (line,) = (x for x in body.split("\n") if x.startswith("1. "))
    return line.rpartition("), ")[2]


async def test_what_is_still_open_shows_the_votes_of_the_review_that_asked_them() -> None:
    """What has not changed is not read again; how sure its reviewers were still stands there."""
    files = {"api/orders.py": ORDERS, "api/other.py": "def other():\n    return 1\n"}
    async with world(seen_by(security=Reply([SQL]))) as w:
        w.github.pull(128, {}, files)
        await w.review()
        told = how_sure(w.body)
        assert re.match(r"\d of \d votes", told)
        for number in range(2, 4):
            other = f"def other():\n    return {number}\n"
            w.github.push(128, f"9d02f7e{number}", files | {"api/other.py": other})
            done = await w.review()
            assert isinstance(done, Reviewed)
            assert [f.votes for f in done.report.verdict.findings] == [()]
            assert "still open" in w.body
            assert how_sure(w.body) == told


async def test_the_money_of_all_runs_is_added_up() -> None:
    async with world(seen_by(security=Reply([SQL]))) as w:
        first = await w.review()
        w.github.push(128, "9d02f7e", {"api/orders.py": f"{ORDERS}\n\nX = 1\n"})
        second = await w.review()
        assert isinstance(first, Reviewed)
        assert isinstance(second, Reviewed)
        costs = [r.report.verdict.cost or 0 for r in (first, second)]
        assert second.report.spent == pytest.approx(sum(costs), abs=1e-3)
        assert f"{sum(costs):.2f} USD for this pull request" in w.body


# --- Names


@pytest.mark.parametrize(
    ("make", "pattern"),
    [(new_run, r"[0-9A-HJKMNP-TV-Z]{8}"), (new_nonce, r"[0-9a-f]{24}")],
)
def test_names_are_drawn_anew(make: Callable[[], str], pattern: str) -> None:
    import re

    drawn = {make() for _ in range(200)}
    assert len(drawn) == 200
    assert all(re.fullmatch(pattern, name) for name in drawn)


async def test_what_the_fan_out_gives_up_is_paid_for_and_told() -> None:
    """The review's own deadline, where an engine keeps none: what was used is in the receipt."""
    booked: list[Look] = []

    async def book(look: Look) -> None:
        booked.append(look)

    async with world(lambda _body, _number: Reply(latency=3600)) as w:
        done = await w.review(post=False, patience=1.0 - ENGINE_SECONDS, cut=book)
    assert isinstance(done, Reviewed)
    looks = done.report.verdict.model_looks
    late = [look for look in looks if look.usage.prompt]
    assert {look.reading for look in looks} == {Reading.TIMED_OUT}
    assert late
    assert all(look.cost for look in late)
    assert {look.call for look in booked} == {look.call for look in late}
    assert sum(look.cost or 0 for look in booked) == pytest.approx(done.report.verdict.cost)
