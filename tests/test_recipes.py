"""The recipes and workflows: what they may, what they pin, and what happens when each is run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.bot.doors.job import (
    ACTION,
    ALICE,
    NUMBER,
    ROOT,
    Done,
    Job,
    comment,
    pull_request,
    workflow_run,
)
from tests.bot.running import CLEAN, KEY, PROGRAM, git, repository
from tests.fakes.actions import FakeActions, FakeRun, Person, fake_actions, zipped
from tests.fakes.anthropic import fake_anthropic

FOLDER = ROOT / ".github" / "recipes"
SHELL = "import subprocess\n\n\ndef f(name):\n    subprocess.run(name, shell=True)\n"


def read(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for true.
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in loaded.items()}


RECIPES = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS = {
    path.stem: read(path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
BOTH = {**RECIPES, **WORKFLOWS}
MOST = {"contents": "read", "pull-requests": "write", "actions": "read", "security-events": "write"}


def jobs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow["jobs"].values())


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow) for step in job["steps"]]


@pytest.mark.parametrize("name", BOTH)
def test_rights_are_few_and_time_is_short(name: str) -> None:
    workflow = BOTH[name]
    assert workflow["permissions"] == {}
    assert workflow.get("concurrency") or all(job.get("concurrency") for job in jobs(workflow))
    for job in jobs(workflow):
        assert job["timeout-minutes"] <= 60
        assert job["permissions"]
        if name in RECIPES:
            assert all(
                MOST[scope] in (right, "write") for scope, right in job["permissions"].items()
            )


@pytest.mark.parametrize("name", BOTH)
def test_every_action_is_pinned_to_a_commit(name: str) -> None:
    for step in steps(BOTH[name]):
        if uses := step.get("uses"):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", uses), uses


@pytest.mark.parametrize("name", BOTH)
def test_no_expression_stands_in_a_script(name: str) -> None:
    for step in steps(BOTH[name]):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_checks_nothing_out_and_keeps_its_key_in_an_environment(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text("utf-8")
    assert "actions/checkout" not in text
    for job in jobs(RECIPES[name]):
        assert ("secrets." in str(job)) is (job.get("environment") == "triptych")


def test_recipes_agree_on_the_commit_and_name_inputs_that_exist() -> None:
    ours = [s for r in RECIPES.values() for s in steps(r) if "triptych@" in s.get("uses", "")]
    assert len(ours) == len(RECIPES)
    assert len({step["uses"] for step in ours}) == 1
    for step in ours:
        assert set(step.get("with", {})) <= set(ACTION["inputs"])


def test_the_readme_shows_the_first_recipe() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## As a GitHub Action")[2]
    shown = yaml.safe_load(section.partition("```yaml\n")[2].partition("```")[0])
    shown = {"on" if key is True else key: value for key, value in shown.items()}
    recipe = RECIPES["pull-request"]
    assert shown == recipe


def test_this_repository_runs_the_steps_of_its_action() -> None:
    install, review = ACTION["runs"]["steps"]
    own = [step for step in steps(WORKFLOWS["review"]) if "run" in step]
    assert own[0]["run"] == install["run"].replace(
        'bash "$GITHUB_ACTION_PATH/', 'GITHUB_ACTION_PATH="$GITHUB_WORKSPACE" bash '
    ).replace('install-action"', "install-action")
    assert own[1]["run"] == review["run"]
    assert set(own[1]["env"]) <= set(review["env"])


# --- each of them run


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def given(name: str) -> dict[str, str]:
    """The inputs of a recipe's own step, expressions replaced by what they stand for."""
    (step,) = [s for s in steps(RECIPES[name]) if "triptych@" in s.get("uses", "")]
    values = {"secrets.ANTHROPIC_API_KEY": KEY, "inputs.pull-request": str(NUMBER)}
    return {
        key.replace("-", "_"): re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda m: values[m[1]], value)
        for key, value in step.get("with", {}).items()
    }


async def play(
    name: str, job: Job, github: FakeActions, payload: dict[str, Any], anthropic: str = ""
) -> Done:
    """The recipe's step as a runner would execute it on its event."""
    (event,) = RECIPES[name]["on"]
    inputs = given(name)
    with_key = inputs.pop("anthropic_api_key", "")
    return await job.run_steps(event, payload, github.url, anthropic if with_key else "", **inputs)


@pytest.mark.parametrize(
    ("name", "posts"),
    [
        ("pull-request", 1),
        ("forks", 0),
        ("label", 1),
        ("comment", 1),
        ("by-hand", 1),
        ("schedule", 1),
        ("code-scanning", 0),
    ],
)
async def test_a_recipe_does_what_it_says(name: str, posts: int, job: Job) -> None:
    async with fake_actions() as github, fake_anthropic() as anthropic:
        head = github.pull(NUMBER, {}, {"run.py": SHELL}).head
        github.people["alice"] = Person(ALICE, "write")
        github.said[7] = "/triptych review"
        scopes = jobs(RECIPES[name])[0]["permissions"]
        github.may_write = scopes.get("pull-requests") == "write"
        fork = name in ("forks", "label", "comment")
        if fork:
            github.forks[NUMBER] = "mallory"
        payload = {
            "label": pull_request("labeled", head, fork=True, label={"name": "triptych"}),
            "comment": comment("/triptych review"),
            "by-hand": {"inputs": {"pull-request": str(NUMBER)}},
            "schedule": {"schedule": "17 5 * * 1-5"},
        }.get(name, pull_request("opened", head, fork=fork))
        done = await play(name, job, github, payload, anthropic.url)
        assert len(github.pulls[NUMBER].reviews) == posts
        assert bool(anthropic.requests) is (name != "forks")
    assert (done.code, done.outputs["outcome"]) == (0, "findings"), done.log
    if name == "code-scanning":
        assert json.loads(Path(done.outputs["sarif-file"]).read_text())["version"] == "2.1.0"


GATE = {".github/triptych.toml": 'gate = "high"\n'}


@pytest.mark.parametrize(("base", "code"), [({}, 0), (GATE, 1)], ids=["", "with a gate"])
async def test_forks_in_two_jobs(base: dict[str, str], code: int, job: Job, tmp_path: Path) -> None:
    """The first says what it found and hands it over, also where a gate turns it red for it."""
    async with fake_actions() as github:
        head = github.pull(NUMBER, base, {**base, "run.py": SHELL}).head
        github.forks[NUMBER] = "mallory"
        github.may_write = False
        done = await play("forks-analyse", job, github, pull_request("opened", head, fork=True))
        assert done.code == code
        assert done.summary.startswith("### Triptych: Static analysis only: 1 high")
        last = steps(RECIPES["forks-analyse"])[1]
        assert last["if"] == "${{ !cancelled() }}", "a step that failed keeps nothing back"
        upload = last["with"]
        left = Path(upload["path"].replace("${{ runner.temp }}", str(job.temp)))
        files = {upload["name"]: zipped({left.name: left.read_bytes()})}
        ended = "failure" if code else "success"
        assert f"conclusion == '{ended}'" in jobs(RECIPES["forks-post"])[0]["if"]
        github.runs[900] = FakeRun(head, conclusion=ended, files=files)
        github.may_write = True
        second = Job(tmp_path / "second")
        done = await play("forks-post", second, github, workflow_run(900))
        assert len(github.pulls[NUMBER].reviews) == 1
    assert (done.code, done.outputs["outcome"]) == (0, "findings")
    assert RECIPES["forks-post"]["on"]["workflow_run"]["workflows"] == [
        RECIPES["forks-analyse"]["name"]
    ]


# --- on a person's machine


def test_a_push_is_reviewed_and_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLEAN, "PATH", f"{PROGRAM.parent}:{CLEAN['PATH']}")
    work, far = tmp_path / "work", tmp_path / "far.git"
    git(tmp_path, "init", "-q", "--bare", str(far))
    repository(work, {"a.py": "a = 1\n"})
    git(work, "remote", "add", "origin", str(far))
    hook = work / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(FOLDER / "pre-push", hook)
    git(work, "push", "-q", "origin", "main")
    repository(work, {"b.py": "b = 1\n"})
    git(work, "push", "-q", "origin", "main")
    git(work, "checkout", "-q", "-b", "topic")
    repository(work, {"run.py": SHELL})
    with pytest.raises(Exception, match="returned non-zero exit status"):
        git(work, "push", "-q", "origin", "topic")
    assert git(far, "branch", "--format=%(refname:short)") == "main"
    git(work, "push", "-q", "origin", "main:other")
    git(work, "push", "-q", "origin", ":other")


def test_hooks_of_pre_commit_name_commands_that_exist(tmp_path: Path) -> None:
    from tests.bot.running import run

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    work = repository(tmp_path / "work", {"a.py": "a = 1\n"}, {"run.py": SHELL})
    (work / "more.py").write_text(SHELL)
    git(work, "add", "--all")
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert program == "triptych"
        assert run(*arguments, *hook["args"], folder=work).code == 1
