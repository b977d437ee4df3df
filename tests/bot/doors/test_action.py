"""`triptych action` from the event to the exit code, against the fakes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.doors.action import DOUBTFUL, READ_ONLY
from bot.outputs.marker import read_marker, write_marker
from tests.bot.doors.job import (
    ALICE,
    MALLORY,
    NUMBER,
    Done,
    Job,
    comment,
    pull_request,
    user,
)
from tests.bot.running import KEY, called
from tests.builders import ORDERS, SQL_LINE
from tests.fakes.actions import JOB_LOGIN, JOB_TOKEN, FakeActions, Person, fake_actions
from tests.fakes.anthropic import Reply, fake_anthropic, is_about, reported
from tests.fakes.github import Fault, dumped

QUOTE = 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
SQL = reported("api/orders.py", SQL_LINE, QUOTE, severity="critical")
COMMAND = "/triptych review"
SHELL = "import subprocess\n\n\ndef f(name):\n    subprocess.run(name, shell=True)\n"
"""A change that analysers find fault with."""
CLEAN = {"a.py": "a = 1\n"}


def model(body: dict[str, Any], _number: int) -> Reply:
    """Every security vote sees the SQL."""
    return Reply([SQL] if is_about(body, "security") else [])


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


async def opened(job: Job, github: FakeActions, anthropic: str = "", /, **inputs: str) -> Done:
    """The job of a pull request that was just opened."""
    payload = pull_request("opened", github.pulls[NUMBER].head, fork=NUMBER in github.forks)
    return await job.run("pull_request", payload, github.url, anthropic, **inputs)


def may(github: FakeActions, permission: str = "write", identity: int = ALICE) -> None:
    github.people["alice"] = Person(identity, permission)


# --- A pull request of the same repository


async def test_a_pull_request_is_reviewed_and_the_review_posted(job: Job) -> None:
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        done = await opened(job, github, anthropic.url)
        (review,) = github.pulls[NUMBER].reviews
    assert done.code == 0, done.log
    assert review["user"]["login"] == JOB_LOGIN
    assert review["commit_id"] == github.pulls[NUMBER].head
    assert done.outputs["outcome"] == "findings"
    assert done.outputs["findings"] == "1"
    assert done.outputs["highest-severity"] == "critical"
    assert float(done.outputs["cost"]) > 0
    assert done.outputs["review-url"] == review["html_url"]
    assert done.outputs["sarif-file"] == ""
    assert done.summary.startswith("### Triptych: 1 finding: 1 critical\n\n**1 finding")
    assert READ_ONLY not in done.summary
    assert "::" not in done.log


async def test_a_clean_one_is_told_in_the_summary_alone(job: Job) -> None:
    async with fake_actions() as github, fake_anthropic() as anthropic:
        github.pull(NUMBER, {}, CLEAN)
        done = await opened(job, github, anthropic.url)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (0, "clean")
    assert done.summary.startswith("### Triptych: No findings")


async def test_a_misspelt_bound_is_told(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, CLEAN)
        payload = pull_request("opened", github.pulls[NUMBER].head)
        env = job.env("pull_request", payload, github.url) | {"TRIPTYCH_MAXCOST": "1"}
        ended = await called("action", folder=job.workspace, env=env)
    told = (ended.out + ended.err).splitlines()
    assert "Nobody reads TRIPTYCH_MAXCOST. Is TRIPTYCH_MAX_COST meant?" in told


async def test_low_findings_are_in_the_summary_that_the_review_points_to(job: Job) -> None:
    low = reported("api/orders.py", SQL_LINE, QUOTE, severity="low", title="Lowly")
    async with fake_actions() as github, fake_anthropic(lambda *_: Reply([low])) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        done = await opened(job, github, anthropic.url, engine="claude")
    assert "in the job summary" in done.summary
    assert "#### 1." in done.summary
    assert "Lowly" in done.summary


@pytest.mark.parametrize(
    ("inputs", "code"),
    [({}, 0), ({"fail_on": "high"}, 1), ({"fail_on": "critical"}, 0)],
)
async def test_the_exit_code_follows_fail_on(job: Job, inputs: dict[str, str], code: int) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await opened(job, github, **inputs)
    assert (done.code, done.outputs["highest-severity"]) == (code, "high")


async def test_a_low_finding_stays_red_until_it_is_mended(job: Job) -> None:
    """A push of something else does not read it again; the posted review has it in a fold."""
    low = "import os\n\n\ndef one():\n    return 1\n"
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL, "low.py": low})
        codes = [(await opened(job, github, fail_on="low")).code]
        for number, (shell, text) in enumerate([("x = 1\n", low), ("x = 1\n", "y = 1\n")]):
            github.push(NUMBER, f"9d02f7e{number}", {"run.py": shell, "low.py": text})
            codes.append((await opened(job, github, fail_on="low")).code)
        (body,) = github.bodies_of(NUMBER)
    assert codes == [1, 1, 0]
    assert "2 fixed" in body or "1 fixed" in body


@pytest.mark.parametrize(("asked", "code"), [("false", 0), ("true", 3)])
async def test_incomplete_is_no_failure_unless_asked_for(job: Job, asked: str, code: int) -> None:
    refusal = Reply(refusal="cyber")
    async with fake_actions() as github, fake_anthropic(lambda *_: refusal) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        done = await opened(job, github, anthropic.url, fail_on_incomplete=asked)
    assert (done.code, done.outputs["outcome"]) == (code, "incomplete")


async def test_a_gate_of_the_base_turns_the_step_red(job: Job) -> None:
    gate = {".github/triptych.toml": 'gate = "high"\n'}
    async with fake_actions() as github:
        github.pull(NUMBER, gate, {**gate, "run.py": SHELL})
        done = await opened(job, github)
    assert (done.code, done.outputs["outcome"]) == (1, "findings")
    assert 'This step fails by `gate = "high"` of the base branch.' in done.log


BIG = {"big.py": "x = 1\n" * 25_000}
"""A file that is too large to be read."""


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"run.py": SHELL, **BIG}, 1),
        ({"run.py": SHELL, "b.py": "def f(:\n"}, 1),
        ({**CLEAN, **BIG}, 0),
    ],
    ids=["too large", "does not parse", "nothing found"],
)
async def test_what_reaches_the_gate_is_red_beside_what_nobody_read(
    job: Job, changed: dict[str, str], code: int
) -> None:
    """A gap by itself is not, unless asked for: that is what `fail-on-incomplete` is for."""
    gate = {".github/triptych.toml": 'gate = "high"\n'}
    async with fake_actions() as github:
        github.pull(NUMBER, gate, {**gate, **changed})
        done = await opened(job, github)
    assert (done.code, done.outputs["outcome"]) == (code, "incomplete")
    assert ("This step fails by `gate" in done.log) is bool(code)


@pytest.mark.parametrize(
    ("config", "code"),
    [('gate = "high\n', 1), ('gate = "high"\nexlude = []\n', 1), ("rounds = \n", 0)],
    ids=["no TOML", "a doubtful key", "no gate"],
)
async def test_a_gate_that_nobody_can_tell_the_reach_of_is_red(
    job: Job, config: str, code: int
) -> None:
    """No model was asked, for nobody knows what it may be shown: so nothing has passed the gate."""
    base = {".github/triptych.toml": config}
    async with fake_actions() as github:
        github.pull(NUMBER, base, {**base, **CLEAN})
        done = await opened(job, github)
    assert (done.code, done.outputs["outcome"]) == (code, "incomplete")
    assert (DOUBTFUL in done.log) is bool(code)


RED = [({".github/triptych.toml": 'gate = "high"\n'}, {}), ({}, {"fail_on": "high"})]


@pytest.mark.parametrize(("base", "inputs"), RED, ids=["gate", "fail-on"])
async def test_s69_a_red_step_is_red_again_when_the_job_is(
    job: Job, base: dict[str, str], inputs: dict[str, str]
) -> None:
    """The review is done anew, and edited where it stands."""
    async with fake_actions() as github:
        pull = github.pull(NUMBER, base, {**base, "run.py": SHELL})
        first = await opened(job, github, **inputs)
        again = await opened(job, github, **inputs)
        assert (github.posts(), [r["edits"] for r in pull.reviews]) == (1, [1])
    assert (first.code, again.code) == (1, 1)
    assert again.outputs == first.outputs
    assert "reviewed already" not in again.summary


@pytest.mark.parametrize("pushed", [False, True], ids=["the same head", "a later one"])
@pytest.mark.parametrize(("base", "inputs"), RED, ids=["gate", "fail-on"])
async def test_s69_what_stands_there_unsigned_opens_no_gate(
    job: Job, base: dict[str, str], inputs: dict[str, str], pushed: bool
) -> None:
    """A branch of the same repository can post as we do: that nothing was found, and all read."""
    async with fake_actions() as github:
        pull = github.pull(NUMBER, base, {**base, "run.py": SHELL})
        await opened(job, github, **inputs)
        (review,) = pull.reviews
        marker = read_marker(review["body"])
        assert marker
        review["body"] = write_marker(replace(marker, outcome="clean", open=()))
        pull.comments.clear()
        if pushed:
            github.push(NUMBER, "4ead2", {**base, "run.py": SHELL, **CLEAN})
        done = await opened(job, github, **inputs)
    assert (done.code, done.outputs["outcome"], done.outputs["findings"]) == (1, "findings", "1")


async def test_s69_a_dismissal_that_nobody_has_signed_opens_no_gate(job: Job) -> None:
    base, _ = RED[0]
    async with fake_actions() as github:
        pull = github.pull(NUMBER, base, {**base, "run.py": SHELL})
        await opened(job, github)
        (comment_there,) = pull.comments
        last = comment_there["body"].rpartition("\n")[2]
        said = (
            '**Dismissed by `mlee` on 2026-11-20:** "Fine." High: A shell runs. Holds until then.'
        )
        comment_there["body"] = f"{said}\n\n{last}"
        done = await opened(job, github)
        assert github.posts() == 1
    assert (done.code, done.outputs["findings"]) == (1, "1")


async def test_s69_where_only_people_wait_what_stands_there_is_adopted(job: Job) -> None:
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        await opened(job, github, anthropic.url)
        asked = len(anthropic.requests)
        again = await opened(job, github, anthropic.url)
        assert (github.posts(), len(anthropic.requests)) == (1, asked)
    assert (again.code, again.outputs["outcome"]) == (0, "findings")
    assert "### Triptych: Reviewed already, findings" in again.summary


async def test_the_model_and_the_limit_of_the_workflow_hold(job: Job) -> None:
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        done = await opened(job, github, anthropic.url, model="claude-opus-5-5", max_cost="0")
        assert not anthropic.requests
        assert done.outputs["outcome"] == "incomplete"
        assert "budget" in done.summary
        done = await opened(job, github, anthropic.url, model="claude-opus-5-5", max_cost="5")
        assert {b["model"] for b in anthropic.requests} == {"claude-opus-5-5"}
    assert done.outputs["outcome"] == "findings"


@pytest.mark.parametrize("post", ["summary", "none"])
async def test_nothing_is_posted_that_was_not_wanted(job: Job, post: str) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await opened(job, github, post=post)
        assert github.posts() == 0
    assert bool(done.summary) is (post == "summary")
    assert "::" not in done.log
    assert (job.temp / "triptych" / "review.json").exists()


async def test_sarif_is_written_where_it_was_asked_for(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await opened(job, github, sarif="triptych.sarif")
    assert done.outputs["sarif-file"] == str(job.workspace / "triptych.sarif")
    assert '"triptych/v1"' in (job.workspace / "triptych.sarif").read_text()


async def test_s69_sarif_is_written_when_the_job_runs_again(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        await opened(job, github, sarif="first.sarif")
        again = await opened(job, github, sarif="again.sarif")
        assert github.posts() == 1
    assert again.outputs["sarif-file"] == str(job.workspace / "again.sarif")
    runs = [
        json.loads((job.workspace / name).read_text())["runs"][0]["results"]
        for name in ("first.sarif", "again.sarif")
    ]
    assert [r["ruleId"] for r in runs[0]] == [r["ruleId"] for r in runs[1]] != []


@pytest.mark.parametrize(
    ("draft", "state", "why"),
    [(True, "open", "draft pull request"), (False, "closed", "the pull request is closed")],
)
async def test_drafts_and_closed_ones_are_skipped(
    job: Job, draft: bool, state: str, why: str
) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL}, draft=draft, state=state)
        done = await opened(job, github)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")
    assert done.summary == f"### Triptych: Skipped: {why}\n\n"


@pytest.mark.parametrize(
    ("triggers", "draft", "posts"),
    [
        ("drafts = true", True, 1),
        ('paths = ["web/**"]', False, 0),
    ],
)
async def test_the_base_branch_says_what_is_reviewed_unasked(
    job: Job, triggers: str, draft: bool, posts: int
) -> None:
    """`[triggers]` hold here as for the App."""
    config = {".github/triptych.toml": f"[triggers]\n{triggers}\n"}
    async with fake_actions() as github:
        github.pull(NUMBER, config, {**config, "run.py": SHELL}, draft=draft)
        done = await opened(job, github)
        assert github.posts() == posts
    assert (done.outputs["outcome"] == "skipped") is (posts == 0)


async def test_a_head_that_moved_before_the_run_is_left_to_the_next_one(job: Job) -> None:
    async with fake_actions() as github:
        payload = pull_request("opened", github.pull(NUMBER, {}, {"run.py": SHELL}).head)
        github.push(NUMBER, "4ead2", {"run.py": SHELL, **CLEAN})
        done = await job.run("pull_request", payload, github.url)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")
    assert "a newer commit is being reviewed" in done.summary


async def test_a_head_that_moves_during_the_run_gets_nothing_posted(job: Job) -> None:
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, {}, {"api/orders.py": ORDERS})
        payload = pull_request("opened", github.pulls[NUMBER].head)

        def pushing(body: dict[str, Any], number: int) -> Reply:
            if github.pulls[NUMBER].head == payload["pull_request"]["head"]["sha"]:
                github.push(NUMBER, "4ead2", {"api/orders.py": ORDERS + "\n# more\n"})
            return model(body, number)

        anthropic.script = pushing
        done = await job.run("pull_request", payload, github.url, anthropic.url)
        assert github.posts() == 0
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")


# --- Forks (S86)


async def test_s86_a_fork_without_rights_gets_summary_and_annotations(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        github.forks[NUMBER] = "mallory"
        github.may_write = False
        done = await opened(job, github)
        assert not github.pulls[NUMBER].reviews
    assert done.code == 0
    rows = done.summary.split("\n\n")
    assert rows[0] == "### Triptych: Static analysis only: 1 high"
    assert rows[1] == READ_ONLY
    assert "pull requests from forks get no secrets" in done.summary
    (note,) = [row for row in done.log.splitlines() if row.startswith("::")]
    assert note.startswith("::error file=run.py,line=5,endLine=5,title=high%3A A shell")
    assert done.outputs["review-url"] == ""


async def test_annotations_end_where_github_stops_showing_them(job: Job) -> None:
    calls = "".join(f"    subprocess.run(name{n}, shell=True)\n" for n in range(15))
    source = f"import subprocess\n\n\ndef f({', '.join(f'name{n}' for n in range(15))}):\n{calls}"
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": source})
        github.may_write = False
        done = await opened(job, github)
    assert sum(row.startswith("::error") for row in done.log.splitlines()) == 10


async def test_what_github_did_not_take_is_not_lost(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        github.faults.append(Fault("POST", "/reviews", 422))
        done = await opened(job, github)
    assert done.code == 0
    assert done.summary.split("\n\n")[1].startswith("Not posted to the pull request: GitHub could")
    assert "::error file=run.py" in done.log


# --- pull_request_target (S87)


@pytest.mark.parametrize("ref", ["head", "merge"])
async def test_s87_it_refuses_when_the_change_is_checked_out(job: Job, ref: str) -> None:
    from tests.bot.running import git, repository

    repository(job.workspace, {"a.py": "a = 1\n"})
    base = git(job.workspace, "rev-parse", "HEAD")
    git(job.workspace, "checkout", "-q", "-b", "topic")
    repository(job.workspace, {"run.py": SHELL})
    head = git(job.workspace, "rev-parse", "HEAD")
    if ref == "merge":
        git(job.workspace, "checkout", "-q", "-b", "merged", base)
        git(job.workspace, "merge", "-q", "--no-ff", "-m", "Merge", "topic")
        git(job.workspace, "branch", "-q", "-D", "topic")
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        github.push(NUMBER, head, {"run.py": SHELL})
        payload = pull_request("opened", head, fork=True)
        done = await job.run("pull_request_target", payload, github.url)
        assert github.posts() == 0
        git(job.workspace, "checkout", "-q", base)
        for branch in git(job.workspace, "branch", "--format=%(refname:short)").split("\n"):
            if branch and not branch.startswith("("):
                git(job.workspace, "branch", "-q", "-D", branch)
        again = await job.run("pull_request_target", payload, github.url)
    assert done.code == 2
    assert "own code is checked out" in done.summary
    assert "Remove the checkout" in done.log
    assert (again.code, again.outputs["outcome"]) == (0, "findings")


async def test_s87_a_checkout_in_a_folder_is_found_by_its_ref(job: Job) -> None:
    from tests.bot.running import git, repository

    repository(job.workspace / "deep" / "pr", {"a.py": "a = 1\n"})
    git(job.workspace / "deep" / "pr", "update-ref", f"refs/remotes/pull/{NUMBER}/merge", "HEAD")
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        payload = pull_request("opened", github.pulls[NUMBER].head, fork=True)
        done = await job.run("pull_request_target", payload, github.url)
    assert (done.code, done.outputs["outcome"]) == (2, "failed")


@pytest.mark.parametrize(("permission", "posted"), [("write", 1), ("read", 0)])
async def test_a_label_counts_when_a_maintainer_gave_it(
    job: Job, permission: str, posted: int
) -> None:
    async with fake_actions() as github:
        may(github, permission)
        github.pull(NUMBER, {}, {"run.py": SHELL})
        payload = pull_request("labeled", github.pulls[NUMBER].head, fork=True)
        done = await job.run("pull_request_target", payload, github.url)
        assert github.posts() == posted
    assert done.code == 0


# --- A label that is needed (S29)

GATED = {".github/triptych.toml": '[triggers]\nlabels = ["triptych"]\n'}


async def stranger(
    job: Job, github: FakeActions, event: str, action: str, label: str = "", **inputs: str
) -> Done:
    """What comes of an event on a pull request from a fork."""
    given = {"label": {"name": label}} if label else {}
    payload = pull_request(action, github.pulls[NUMBER].head, fork=True, **given)
    return await job.run(event, payload, github.url, **inputs)


def gated(github: FakeActions, *labels: str, files: Any = None) -> list[str]:
    """A pull request of somebody who once contributed; its labels."""
    may(github)
    github.pull(NUMBER, GATED, {**GATED, **(files or {"run.py": SHELL})}, labels=[*labels])
    github.forks[NUMBER] = "mallory"
    return github.pulls[NUMBER].labels


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize("clean", [False, True])
async def test_s29_a_label_is_for_one_commit(job: Job, event: str, clean: bool) -> None:
    async with fake_actions() as github:
        labels = gated(github, "triptych", "docs", files=CLEAN if clean else None)
        done = await stranger(job, github, event, "labeled", "triptych")
        assert done.outputs["outcome"] == ("clean" if clean else "findings")
        assert labels == ["docs"]
        assert github.posts() == (not clean)
        again = await stranger(job, github, event, "labeled", "triptych")
        assert again.outputs["outcome"] == done.outputs["outcome"], "the run may be done again"
        github.push(NUMBER, "4ead2", {**GATED, "run.py": SHELL + "\n"})
        labels.append("triptych")
        pushed = await stranger(job, github, event, "synchronize")
        assert labels == ["docs", "triptych"]
    assert pushed.outputs["outcome"] == "skipped"
    assert "this commit needs the label triptych again" in pushed.summary


@pytest.mark.parametrize("action", ["opened", "reopened", "ready_for_review", "labeled"])
async def test_s29_only_the_event_of_the_label_approves(job: Job, action: str) -> None:
    async with fake_actions() as github:
        gated(github, "triptych", "docs")
        label = "docs" if action == "labeled" else ""
        done = await stranger(job, github, "pull_request_target", action, label)
        clock = await job.run("schedule", {}, github.url)
        assert github.posts() == 0
    assert done.outputs["outcome"] == clock.outputs["outcome"] == "skipped"


async def test_s29_of_a_trusted_author_the_label_stays(job: Job) -> None:
    async with fake_actions() as github:
        labels = gated(github, "triptych")
        github.pulls[NUMBER].association = "MEMBER"
        await stranger(job, github, "pull_request_target", "labeled", "triptych")
        github.push(NUMBER, "4ead2", {**GATED, "run.py": SHELL + "\n"})
        pushed = await stranger(job, github, "pull_request_target", "synchronize")
    assert pushed.outputs["outcome"] == "findings"
    assert labels == ["triptych"]


async def test_s29_a_label_that_cannot_be_taken_off_costs_no_review(job: Job) -> None:
    async with fake_actions() as github:
        labels = gated(github, "triptych")
        github.faults.append(Fault("DELETE", "/labels/", 403))
        done = await stranger(job, github, "pull_request_target", "labeled", "triptych")
        assert github.posts() == 1
    assert (done.code, done.outputs["outcome"]) == (0, "findings")
    assert "The label stays: The token may not take a label off (403" in done.log
    assert labels == ["triptych"]


@pytest.mark.parametrize("why", ["refused", "not wanted"])
async def test_s29_what_is_not_posted_uses_no_label_up(job: Job, why: str) -> None:
    async with fake_actions() as github:
        labels = gated(github, "triptych")
        github.faults.append(Fault("POST", "/reviews", 422))
        inputs = {"post": "summary"} if why == "not wanted" else {}
        await stranger(job, github, "pull_request_target", "labeled", "triptych", **inputs)
    assert labels == ["triptych"]


async def test_s29_a_label_that_only_the_workflow_asks_for_stays(job: Job) -> None:
    """As in the recipe: which labels are meant for us, the base branch has not said."""
    async with fake_actions() as github:
        labels = gated(github, "triptych")
        github.pull(NUMBER, {}, {"run.py": SHELL}, labels=labels)
        await stranger(job, github, "pull_request_target", "labeled", "triptych")
        assert github.posts() == 1
    assert labels == ["triptych"]


# --- Comments (S23 to S26, S30)


async def commented(job: Job, github: FakeActions, body: str = COMMAND, **by: Any) -> Done:
    github.said.setdefault(7, body)
    return await job.run("issue_comment", comment(body, **by), github.url)


async def test_a_maintainer_asks_and_gets_a_review_even_of_a_clean_change(job: Job) -> None:
    async with fake_actions() as github:
        may(github)
        github.pull(NUMBER, {}, CLEAN, draft=True)
        done = await commented(job, github)
        assert github.posts() == 1
    assert (done.code, done.outputs["review-url"]) == (
        0,
        github.pulls[NUMBER].reviews[0]["html_url"],
    )


@pytest.mark.parametrize(
    ("permission", "identity"), [("read", ALICE), ("none", ALICE), ("admin", MALLORY)]
)
async def test_s24_only_the_api_decides_who_may(job: Job, permission: str, identity: int) -> None:
    async with fake_actions() as github:
        may(github, permission, identity)
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await commented(job, github)
        assert github.posts() == 0
        assert f"/repos/acme/shop/pulls/{NUMBER}" not in [path for _, path in github.calls]
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")
    assert "only people with write permission" in done.summary


async def test_s23_a_stranger_is_not_obeyed(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await commented(job, github, by=user("mallory", MALLORY))
    assert (done.code, done.outputs["outcome"]) == (0, "skipped")


@pytest.mark.parametrize("now", ["/triptych review\n\n/triptych stop", "Nothing.", None])
async def test_a_comment_that_was_edited_after_the_trigger_is_not_obeyed(
    job: Job, now: str | None
) -> None:
    async with fake_actions() as github:
        may(github)
        github.pull(NUMBER, {}, {"run.py": SHELL})
        if now is not None:
            github.said[7] = now
        done = await job.run("issue_comment", comment(COMMAND), github.url)
        assert github.posts() == 0
    assert "after the trigger" in done.summary


async def test_s26_a_fork_that_was_pushed_to_after_the_command_is_not_reviewed(job: Job) -> None:
    async with fake_actions() as github:
        may(github)
        github.pull(NUMBER, {}, {"run.py": SHELL})
        github.forks[NUMBER] = "mallory"
        github.pushed_at = "2026-11-20T10:00:01Z"
        done = await commented(job, github)
        assert github.posts() == 0
    assert "pushed to after the command" in done.summary


@pytest.mark.parametrize("body", ["Nice.", "> /triptych review", "`/triptych review`"])
async def test_talk_leaves_no_trace(job: Job, body: str) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        done = await commented(job, github, body)
        assert github.calls == []
    assert (done.code, done.summary) == (0, "")


async def test_s30_a_setting_in_a_comment_is_refused_before_anybody_is_asked(job: Job) -> None:
    async with fake_actions() as github:
        may(github)
        done = await commented(job, github, f"{COMMAND} --max-cost=1000")
        assert github.calls == []
    assert "settings are no commands" in done.summary


# --- By hand, by the clock


async def test_by_hand_a_pull_request_is_named(job: Job) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL}, draft=True)
        done = await job.run("workflow_dispatch", {}, github.url, pull_request=str(NUMBER))
        assert github.posts() == 1
    assert done.code == 0


async def test_a_pull_request_that_is_not_there(job: Job) -> None:
    async with fake_actions() as github:
        done = await job.run("workflow_dispatch", {}, github.url, pull_request="999")
    assert (done.code, done.outputs["outcome"]) == (2, "failed")
    assert done.summary.startswith(
        "### Triptych: Failed\n\nGitHub could not read pull request 999: "
    )


async def test_by_the_clock_what_is_open_and_unreviewed_is_reviewed(job: Job) -> None:
    async with fake_actions() as github:
        for number in (1, 2, 3):
            files = CLEAN if number == 2 else {"run.py": SHELL}
            github.pull(number, {}, files, draft=number == 3)
        first = await job.run("schedule", {"schedule": "0 6 * * *"}, github.url)
        assert [len(github.pulls[n].reviews) for n in (1, 2, 3)] == [1, 1, 0]
        again = await job.run("schedule", {"schedule": "0 6 * * *"}, github.url)
        assert github.posts() == 2
    assert (first.code, first.outputs["findings"]) == (0, "1")
    assert again.log.count("is reviewed already") == 2
    assert again.summary.count("### Triptych: Reviewed already, ") == 2


async def test_by_the_clock_a_gate_pays_for_nothing_twice(job: Job) -> None:
    base, _ = RED[0]
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, base, {**base, "api/orders.py": ORDERS})
        await job.run("schedule", {}, github.url, anthropic.url)
        asked = len(anthropic.requests)
        again = await job.run("schedule", {}, github.url, anthropic.url)
        assert (github.posts(), len(anthropic.requests)) == (1, asked)
    assert "is reviewed already" in again.log


@pytest.mark.parametrize(
    ("triggers", "posts", "why"),
    [
        ("drafts = true", [1, 1], []),
        ("drafts = false", [1, 0], ["Skipped: #2: draft pull request."]),
        (
            'paths = ["web/**"]',
            [0, 0],
            [
                "Skipped: #1: no file matches `triggers.paths`.",
                "Skipped: #2: draft pull request.",
            ],
        ),
    ],
)
async def test_by_the_clock_the_base_branch_says_what_is_wanted(
    job: Job, triggers: str, posts: list[int], why: list[str]
) -> None:
    """As on any other event; of what is skipped the log alone tells, by number."""
    config = {".github/triptych.toml": f"[triggers]\n{triggers}\n"}
    async with fake_actions() as github:
        for number in (1, 2):
            github.pull(number, config, {**config, "run.py": SHELL}, draft=number == 2)
        done = await job.run("schedule", {}, github.url)
        assert [len(github.pulls[n].reviews) for n in (1, 2)] == posts
    assert done.code == 0
    assert [row for row in done.log.splitlines() if row.startswith("Skipped: ")] == why
    assert "Skipped" not in done.summary


async def test_one_that_cannot_be_read_does_not_keep_the_others(job: Job) -> None:
    async with fake_actions() as github:
        for number in (1, 2):
            github.pull(number, {}, {"run.py": SHELL})
        github.faults.append(Fault("GET", "/pulls/1$", 500, times=99))
        done = await job.run("schedule", {}, github.url)
        assert len(github.pulls[2].reviews) == 1
    assert (done.code, done.outputs["outcome"]) == (3, "failed")


# --- Configuration (S31)


async def test_s31_the_configuration_of_the_base_holds(job: Job) -> None:
    base = {".github/triptych.toml": 'min_severity = "high"\n', "a.py": "a = 1\n"}
    head = {".github/triptych.toml": 'exclude = ["**"]\n', "run.py": SHELL}
    (job.workspace / ".github").mkdir()
    (job.workspace / ".github" / "triptych.toml").write_text('exclude = ["**"]\n')
    async with fake_actions() as github:
        github.pull(NUMBER, base, head)
        done = await opened(job, github)
    assert done.outputs["outcome"] == "findings"
    assert ".github/triptych.toml is changed here" in done.summary.replace("\\", "").replace(
        "`", ""
    )


@pytest.mark.parametrize("path", [".github/triptych.toml", "ci/review.toml"])
async def test_s31_a_change_of_the_configuration_that_holds_is_a_finding(
    job: Job, path: str
) -> None:
    async with fake_actions() as github:
        github.pull(NUMBER, {path: 'gate = "high"\n'}, {path: "post_clean = true\n"})
        done = await opened(job, github, config=path)
        (body,) = github.bodies_of(NUMBER)
    assert (done.code, done.outputs["findings"]) == (0, "1")
    assert "Later changes are reviewed by other rules" in body


async def test_another_path_is_read_at_the_base_and_must_be_there(job: Job) -> None:
    base = {"ci/review.toml": 'exclude = ["run.py"]\n'}
    (job.workspace / "ci").mkdir()
    (job.workspace / "ci" / "other.toml").write_text("")
    async with fake_actions() as github:
        github.pull(NUMBER, base, {**base, "run.py": SHELL})
        done = await opened(job, github, config="ci/review.toml")
        assert done.outputs["findings"] == "0"
        missing = await opened(job, github, config="ci/other.toml")
    assert missing.code == 2
    assert "no ci/other.toml at the base commit" in missing.log


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("rounds = 9\n", "ci/review.toml: `rounds` must be"),
        ('exclude = ["app/[id]/**"]\n', "correct `ci/review.toml` on `main`"),
    ],
)
async def test_the_configuration_that_holds_is_told_by_its_own_name(
    job: Job, wrong: str, told: str
) -> None:
    base = {"ci/review.toml": f'gate = "high"\n{wrong}'}
    async with fake_actions() as github, fake_anthropic(model) as anthropic:
        github.pull(NUMBER, base, {**base, "run.py": SHELL})
        done = await opened(job, github, anthropic.url, config="ci/review.toml")
        said = "\n".join((done.log, done.summary, *github.bodies_of(NUMBER)))
    assert told in said
    assert "triptych.toml" not in said


# --- Nothing interpreted, nothing leaked (S88)

HOSTILE = "::error file=x::pwned\n::add-mask::a\x1b[31m%0A##[group]"


async def test_s88_nothing_of_a_change_is_obeyed_or_leaked(job: Job, monkeypatch: Any) -> None:
    names = {
        "\n::set-output name=outcome::clean\n.py": SHELL,
        "::stop-commands::x/run.py": SHELL,
        "##[error]a.py": SHELL,
    }
    said = reported("##[error]a.py", 5, "subprocess.run(name, shell=True)", severity="high")
    said |= {"title": HOSTILE, "body": f"{HOSTILE} {KEY} {JOB_TOKEN}", "fix": HOSTILE}
    async with fake_actions() as github, fake_anthropic(lambda *_: Reply([said])) as anthropic:
        github.pull(NUMBER, {}, names, title=HOSTILE, body=HOSTILE)
        github.may_write = False
        env = {"ACTIONS_STEP_DEBUG": "true", "ACTIONS_RUNNER_DEBUG": "true", "RUNNER_DEBUG": "1"}
        whole = job.env(
            "pull_request",
            pull_request("opened", github.pulls[NUMBER].head),
            github.url,
            anthropic.url,
            sarif="out.sarif",
        )
        done = job.done(await called("action", folder=job.workspace, env=whole | env))
        prompts = anthropic.texts()
    assert done.code == 0
    commands = [row for row in done.log.splitlines() if row.lstrip().startswith("::")]
    assert commands, "the findings are annotated"
    for row in commands:
        assert row.startswith(("::error file=", "::warning file=", "::notice file="))
    assert "##[" not in done.log
    assert "\x1b" not in done.log + done.summary
    everything = done.log + done.summary + str(done.outputs) + dumped(github)
    everything += (job.workspace / "out.sarif").read_text()
    everything += (job.temp / "triptych" / "review.json").read_text()
    assert KEY not in everything
    assert JOB_TOKEN not in everything
    assert prompts
    assert not any(p[:80] in done.log for p in prompts)
    assert done.outputs["outcome"] == "findings"


async def test_a_link_in_the_workspace_leads_sarif_nowhere(job: Job) -> None:
    victim = job.folder / "victim"
    victim.write_text("mine")
    (job.workspace / "out.sarif").symlink_to(victim)
    (job.workspace / "dir").symlink_to(job.folder)
    async with fake_actions() as github:
        github.pull(NUMBER, {}, {"run.py": SHELL})
        for name in ("out.sarif", "dir/victim", "../../victim", str(victim)):
            done = await opened(job, github, sarif=name)
            assert done.code == 2, name
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("missing", ["GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "RUNNER_TEMP"])
async def test_outside_of_a_job_it_says_what_to_use(job: Job, missing: str) -> None:
    env = job.env("schedule", {}, "http://127.0.0.1:9")
    env.pop(missing)
    done = await called("action", folder=job.workspace, env=env)
    assert done.code == 2
    assert f"{missing} is not set" in done.err


@pytest.mark.parametrize("event", ["", "[]", "{", "[" * 100_000])
async def test_an_event_file_that_cannot_be_read(job: Job, event: str) -> None:
    env = job.env("pull_request", {}, "http://127.0.0.1:9")
    (job.folder / "event").write_text(event)
    done = await called("action", folder=job.workspace, env=env)
    assert done.code == 2
    assert "no event that can be read" in done.out
