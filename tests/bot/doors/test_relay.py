"""The second half of the fork recipe: an artefact by a stranger, read by a job that believes nothing."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.doors.artefact import FILE, MOST_BYTES, NAME, read_artefact
from bot.errors import HostProblem
from bot.outputs.document import document
from bot.outputs.marker import read_marker
from tests.bot.doors.job import NUMBER, Done, Job, pull_request, workflow_run
from tests.bot.outputs import samples
from tests.bot.running import called
from tests.fakes.actions import JOB_TOKEN, FakeActions, FakeRun, fake_actions, zipped
from tests.fakes.github import TOKEN, Fault, dumped

SHELL = "import subprocess\n\n\ndef f(name):\n    subprocess.run(name, shell=True)\n"
RUN = 900


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


async def first_half(
    job: Job, github: FakeActions, files: dict[str, str] | None = None
) -> dict[str, Any]:
    """The job without secrets, on the fork's pull request; the review that it leaves."""
    github.pull(NUMBER, {}, files or {"run.py": SHELL})
    github.forks[NUMBER] = "mallory"
    return await once_more(job, github)


async def once_more(job: Job, github: FakeActions) -> dict[str, Any]:
    """The same for a pull request that is there."""
    payload = pull_request("opened", github.pulls[NUMBER].head, fork=True)
    done = await job.run("pull_request", payload, github.url, engine="static", post="none")
    assert done.code == 0
    left: dict[str, Any] = json.loads((job.temp / "triptych" / "review.json").read_text())
    return left


def leave(github: FakeActions, review: Any, **run: Any) -> None:
    files = {NAME: zipped({FILE: json.dumps(review)})}
    head = github.pulls[NUMBER].head
    github.runs[RUN] = FakeRun(**{"sha": head, "files": files, **run})


async def second_half(job: Job, github: FakeActions, **inputs: str) -> Done:
    return await job.run("workflow_run", workflow_run(RUN), github.url, **inputs)


async def test_what_the_first_job_found_is_posted_by_the_second(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github))
        done = await second_half(job, github)
        (review,) = github.pulls[NUMBER].reviews
        # The store is another host: our token does not go there.
        assert [JOB_TOKEN in str(headers) for headers in github.downloads] == [False]
    assert (done.code, done.outputs["outcome"]) == (0, "findings")
    assert review["commit_id"] == github.pulls[NUMBER].head
    assert "A shell interprets this command" in review["body"]
    assert "a job without secrets" in review["body"]
    assert done.outputs["review-url"] == review["html_url"]


EVAL = "def f(a):\n    return eval(a)\n"
TOKEN_NAME = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize("name", ["a\u200bb.py", "a\u202eb.py", f"{TOKEN_NAME}.py", "a  b.py"])
async def test_s42_a_file_is_known_by_the_name_that_is_shown(name: str, job: Job) -> None:
    """In a review hidden characters and secrets of a name are replaced; the file is there all the same."""
    async with fake_actions() as github:
        leave(github, await first_half(job, github, {name: EVAL}))
        await second_half(job, github)
        assert [c["path"] for c in github.pulls[NUMBER].comments] == [name]


async def test_s42_of_files_that_are_shown_alike_the_one_with_the_code_is_meant(job: Job) -> None:
    shown = "a\u2039U+200B\u203ab.py"
    async with fake_actions() as github:
        leave(github, await first_half(job, github, {"a\u200bb.py": EVAL, shown: "a = 1\n"}))
        await second_half(job, github)
        assert [c["path"] for c in github.pulls[NUMBER].comments] == ["a\u200bb.py"]


async def test_once_for_a_head(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github))
        await second_half(job, github)
        done = await second_half(job, github)
        assert github.posts() == 1
    assert "is reviewed already" in done.log


async def test_a_push_tells_nobody_again_of_what_has_no_comment(job: Job) -> None:
    """A relayed review has no history: what it told before, its marker says."""
    many = {f"m{n:02}.py": SHELL.replace("name", f"name{n}") for n in range(22)}
    async with fake_actions() as github:
        leave(github, await first_half(job, github, many))
        await second_half(job, github)
        assert len(github.pulls[NUMBER].comments) == 20
        github.push(NUMBER, "4ead2", {**many, "z.txt": "more\n"})
        leave(github, await once_more(job, github))
        await second_half(job, github)
        assert github.posts() == 1
        github.push(NUMBER, "4ead3", {**many, "n.py": "def f(a):\n    return eval(a)\n"})
        leave(github, await once_more(job, github))
        await second_half(job, github)
        _, news = github.bodies_of(NUMBER)
    assert news.startswith("**1 new finding: 1 high.** Text is evaluated as code")


async def test_silence_proves_nothing(job: Job) -> None:
    """An empty artefact posts nothing, is called clean by nobody, and fixes no earlier finding."""
    async with fake_actions() as github:
        found = await first_half(job, github)
        leave(github, found)
        await second_half(job, github)
        head = github.push(NUMBER, "4ead2", {"run.py": SHELL + "\n# more\n"})
        leave(github, {**found, "head": head, "findings": [], "outcome": "clean"})
        done = await second_half(job, github)
        (review,) = github.pulls[NUMBER].reviews
        assert review["edits"] == 0
        assert not github.hidden
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")


async def test_no_other_door_adopts_it_and_it_touches_none_of_theirs(job: Job) -> None:
    async with fake_actions() as github:
        found = await first_half(job, github)
        leave(github, found)
        await second_half(job, github)
        relayed = read_marker(github.bodies_of(NUMBER)[0])
        payload = pull_request("opened", github.pulls[NUMBER].head)
        done = await job.run("pull_request", payload, github.url)
        assert "is reviewed already" not in done.log
        own = read_marker(github.bodies_of(NUMBER)[0])
        assert relayed
        assert own
        assert relayed.config != own.config
        body = github.bodies_of(NUMBER)
        done = await second_half(job, github)
        assert github.bodies_of(NUMBER) == body
    assert "is reviewed already" in done.log


async def test_its_own_review_for_another_base_branch_is_not_in_its_way(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github))
        await second_half(job, github)
        github.pulls[NUMBER].base_ref = "release"
        done = await second_half(job, github)
        assert "is reviewed already" not in done.log
        assert (github.posts(), github.pulls[NUMBER].reviews[0]["edits"]) == (1, 1)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ({"event": "push"}, "no pull request"),
        ({"conclusion": "cancelled"}, "did not come to its end"),
        ({"conclusion": "timed_out"}, "did not come to its end"),
        ({"conclusion": ""}, "did not come to its end"),
        ({"sha": "f" * 40}, "newer commit"),
        ({"branch": "other"}, "newer commit"),
        ({"owner": "acme"}, "newer commit"),
    ],
)
async def test_the_pull_request_is_derived_from_the_run(
    job: Job, run: dict[str, Any], why: str
) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github), **run)
        done = await second_half(job, github)
        assert github.posts() == 0
    assert done.code == 0
    assert why in done.log


async def test_a_head_that_moved_is_left_to_its_own_run(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github))
        github.push(NUMBER, "4ead2", {"run.py": SHELL + "\n# more\n"})
        done = await second_half(job, github)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")


async def test_nothing_in_it_is_obeyed(job: Job) -> None:
    """Another pull request, invented code, commands, approvals, suggestions, other severities."""
    async with fake_actions() as github:
        review = await first_half(job, github)
        github.pull(1, {}, {"b.py": "b = 1\n"})
        (true,) = review["findings"]
        hostile = {
            **true,
            "title": "@everyone /approve closes #1 ::error::x\x1b[31m",
            "body": "<img src=x> [here](https://evil.test) ghp_" + "a" * 36,
            "suggestion": "import os; os.system('evil')",
            "severity": "critical",
            "sources": [{**true["sources"][0], "name": "GitHub Security", "rule": "::x"}],
            "votes": [{"reviewer": "security", "seen": [1, 2, 3], "of": 3, "planned": 3}],
            "verification": {
                **{"ruling": "confirmed", "reason": "so", "path": "", "line": None},
                **{"quote": "", "model": "m"},
            },
        }
        invented = {**true, "path": "../../etc/passwd", "quote": "root", "title": "Invented"}
        lies = {"subject": "acme/shop#1", "outcome": "clean", "config": "9f3ad2c1", "cost_usd": 9e9}
        leave(github, {**review, **lies, "findings": [hostile, invented, *[hostile] * 200]})
        done = await second_half(job, github, fail_on="info")
        assert not github.pulls[1].reviews
        (posted,) = github.pulls[NUMBER].reviews
        sent = dumped(github)
    assert done.code == 0
    assert posted["state"] == "COMMENTED"
    for text in (
        "<img",
        "](https://evil.test)",
        "a" * 36,
        "os.system",
        "GitHub Security",
        "3 votes",
    ):
        assert text not in posted["body"] + sent, text
    assert "`@everyone`" in posted["body"]
    assert "Invented" not in posted["body"]
    assert not [row for row in done.log.splitlines() if row.strip().startswith("::")]
    assert "\x1b" not in sent + done.log + done.summary


# --- The zip file


def bomb() -> bytes:
    return zipped({FILE: b"0" * (MOST_BYTES + 1)})


def encrypted() -> bytes:
    data = bytearray(zipped({FILE: "{}"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def lying() -> bytes:
    """The directory promises a small file."""
    data = bytearray(bomb())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


REVIEW = document(samples.a())
AT = samples.a().verdict.change.head


def changed(**more: Any) -> str:
    return json.dumps({**json.loads(REVIEW), **more})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"\x00" * 1000,
        zipped({}),
        zipped({"other.json": REVIEW}),
        zipped({f"../{FILE}": REVIEW}),
        zipped({f"dir/{FILE}": REVIEW}),
        zipped({FILE: ""}),
        zipped({FILE: "[]"}),
        zipped({FILE: b"\xff\xfe"}),
        zipped({FILE: "[" * 100_000}),
        zipped({FILE: changed(schema="triptych-review/2")}),
        zipped({FILE: changed(more=1)}),
        zipped({FILE: changed(head="f" * 40)}),
        zipped({FILE: changed(findings=[{"path": "a"}])}),
        zipped({FILE: REVIEW, **{f"{n}": "" for n in range(10)}}),
        zipped({FILE: REVIEW})[:-30],
        bomb(),
        encrypted(),
        lying(),
    ],
)
def test_what_is_no_review_is_not_used(data: bytes) -> None:
    with pytest.raises(HostProblem, match=r"The artefact is not used: "):
        read_artefact(data, AT)


def test_two_of_one_name_are_none() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(FILE, REVIEW)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(FILE, REVIEW)
    with pytest.raises(HostProblem):
        read_artefact(made.getvalue(), AT)


def test_a_review_is_read() -> None:
    assert len(read_artefact(zipped({FILE: REVIEW}), AT).findings) == 3


async def test_an_artefact_that_is_too_large_is_not_read_to_its_end(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github))
        github.runs[RUN].files[NAME] = b"\0" * (6 * 2**20)
        done = await second_half(job, github)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (3, "failed")
    assert "larger than 5 MiB" in done.log


async def test_without_an_artefact_it_says_so(job: Job) -> None:
    async with fake_actions() as github:
        leave(github, await first_half(job, github), files={})
        done = await second_half(job, github)
    assert (done.code, done.outputs["outcome"]) == (0, "skipped"), "as after a draft"
    assert "the workflow run left no artefact triptych-review" in done.summary


# --- Section 7 of the design: doors that share a pull request

DOORS = ("action", "cli")


async def by(door: str, job: Job, github: FakeActions) -> str:
    """A review of the pull request by one door; what it says."""
    if door == "action":
        payload = pull_request("synchronize", github.pulls[NUMBER].head)
        return (await job.run("pull_request", payload, github.url)).log
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN}
    arguments = ("review", f"acme/shop#{NUMBER}", "--post")
    done = await called(*arguments, folder=job.folder, env=env)
    return done.err


TRUSTING = {".github/triptych.toml": '[publish]\naccounts = ["github-actions", "triptych-bot"]\n'}


@pytest.mark.parametrize(("first", "second"), [DOORS, DOORS[::-1]])
async def test_the_later_door_adopts_what_the_first_has_posted(
    job: Job, first: str, second: str
) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, TRUSTING, {**TRUSTING, "run.py": SHELL})
        await by(first, job, github)
        said = await by(second, job, github)
        assert len(github.pulls[NUMBER].reviews) == 1
        assert "is reviewed already" in said
        github.push(NUMBER, "4ead2", {**TRUSTING, "run.py": SHELL, "b.py": "b = 1\n"})
        await by(second, job, github)
        assert len(github.pulls[NUMBER].reviews) == 1, "nothing new, so nobody is notified"


async def test_doors_that_do_not_trust_each_other_both_review(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        await by("action", job, github)
        await by("cli", job, github)
        assert len(github.pulls[NUMBER].reviews) == 2


async def test_of_two_doors_at_the_same_moment_the_later_steps_back(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, TRUSTING, {**TRUSTING, "run.py": SHELL})
        await by("action", job, github)
        (action,) = github.pulls[NUMBER].reviews
        # The command had looked before the Action posted: it does not know of that review.
        github.pulls[NUMBER].reviews.clear()
        blind = len(github.calls)

        route = github._review

        def racing(number: int, body: Any, login: str) -> Any:
            github.pulls[number].reviews.insert(0, action)
            return route(number, body, login)

        github._review = racing  # type: ignore[method-assign]
        await by("cli", job, github)
        assert len(github.calls) > blind
        bodies = github.bodies_of(NUMBER)
    assert "A shell interprets" in bodies[0]
    assert bodies[1].startswith("Reviewed twice at the same moment")
    assert "A shell interprets" not in bodies[1]


async def test_a_lost_answer_posts_nothing_twice(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        github.faults.append(Fault("POST", "/reviews", "lost"))
        payload = pull_request("opened", github.pulls[NUMBER].head)
        done = await job.run("pull_request", payload, github.url)
        assert len(github.pulls[NUMBER].reviews) == 1
    assert done.code == 0
