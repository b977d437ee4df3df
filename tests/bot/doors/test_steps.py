"""The steps of `action.yml`, executed as written, as a runner would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.doors.job import ACTION, NUMBER, ROOT, Job, pull_request
from tests.fakes.actions import JOB_TOKEN, fake_actions

SHELL = "import subprocess\n\n\ndef f(name):\n    subprocess.run(name, shell=True)\n"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


async def test_the_steps_install_and_review(job: Job) -> None:
    # What lies in the workspace is a stranger's: none of it may be loaded or obeyed.
    for name in ("bot.py", "json.py", "sitecustomize.py", "pip.py", "ruff.py"):
        (job.workspace / name).write_text("raise SystemExit('loaded')\n")
    (job.workspace / "pip.conf").write_text("[install]\nindex-url = http://evil.test\n")
    (job.workspace / "uv.toml").write_text('index-url = "http://evil.test"\n')
    (job.workspace / "pyproject.toml").write_text('[tool.uv]\nindex-url = "http://evil.test"\n')
    async with fake_actions() as github:
        payload = pull_request("opened", github.pull(NUMBER, {}, {"run.py": SHELL}).head)
        done = await job.run_steps(
            "pull_request", payload, github.url, sarif="out.sarif", fail_on="critical"
        )
        (review,) = github.pulls[NUMBER].reviews
    assert done.code == 0, done.log
    assert done.outputs == {
        "outcome": "findings",
        "findings": "1",
        "highest-severity": "high",
        "cost": "0.0000",
        "sarif-file": str(job.workspace / "out.sarif"),
        "review-url": review["html_url"],
    }
    assert done.summary.startswith("### Triptych: Static analysis only: 1 high")
    assert JOB_TOKEN not in done.log
    asked = (job.folder / "asked").read_text()
    pip, venv, sync = asked.splitlines()
    assert "--require-hashes --only-binary :all:" in pip
    assert pip.endswith(f"-r {ROOT}/.github/uv.lock")
    assert venv.startswith("uv venv ")
    assert "--require-hashes --only-binary :all:" in sync
    assert sync.endswith(f"{ROOT}/requirements.lock")


async def test_a_finding_above_the_threshold_fails_the_step(job: Job) -> None:
    async with fake_actions() as github:
        payload = pull_request("opened", github.pull(NUMBER, {}, {"run.py": SHELL}).head)
        done = await job.run_steps("pull_request", payload, github.url, fail_on="high")
    assert (done.code, done.outputs["outcome"]) == (1, "findings")


async def test_without_a_python_it_says_what_to_add(job: Job) -> None:
    async with fake_actions() as github:
        payload = pull_request("opened", "4ead" + "0" * 36)
        (job.folder / "bin").mkdir()
        for name in ("python3", "python"):
            (job.folder / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
            (job.folder / "bin" / name).chmod(0o755)
        script = ACTION["runs"]["steps"][0]["run"]
        env = job.env("pull_request", payload, github.url)
        env |= {"PATH": f"{job.folder}/bin:/usr/bin:/bin", "GITHUB_ACTION_PATH": str(ROOT)}
        ended = await job.bash(script, env)
    assert ended.code == 2
    assert ended.out.startswith("::error title=Triptych::There is no Python 3.11 to 3.14")


def test_every_line_of_the_locks_has_a_hash() -> None:
    for lock in (".github/uv.lock", "requirements.lock"):
        text = (ROOT / lock).read_text("utf-8")
        blocks = text.replace("\\\n", " ").splitlines()
        wanted = [row for row in blocks if row.strip() and not row.lstrip().startswith("#")]
        assert wanted
        for row in wanted:
            assert "==" in row.split()[0], row
            assert "--hash=sha256:" in row, row
