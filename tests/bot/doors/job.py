"""A job of GitHub Actions as a runner makes one: event file, folders, output and summary files.

`run` calls the door in this process; `run_steps` executes the steps of `action.yml` as written.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import sys
import sysconfig
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from bot.doors.inputs import variable
from tests.bot.running import CLEAN, DEADLINE, KEY, Ended, called
from tests.fakes.actions import FORK, JOB_TOKEN, OURS

ROOT = Path(__file__).parents[3]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
NUMBER = 128
ALICE, MALLORY = 11, 66
"""Numeric ids of a maintainer and of a stranger."""
LATER = "2026-11-20T10:00:00Z"


@dataclass(frozen=True)
class Done:
    """What came of a step: its log, its outputs, its summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


class Job:
    """One job on one runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace, self.temp = folder / "work" / "shop", folder / "temp"
        for made in (self.workspace, self.temp):
            made.mkdir(parents=True)

    def env(
        self,
        event: str,
        payload: Mapping[str, Any],
        github: str,
        anthropic: str = "",
        /,
        **inputs: str,
    ) -> dict[str, str]:
        """The environment of the step; inputs are named as in a workflow, with underscores."""
        files = {name: self.folder / name for name in ("event", "output", "summary")}
        files["event"].write_text(json.dumps(payload))
        for name in ("output", "summary"):
            files[name].write_text("")
        given = {"github-token": JOB_TOKEN, **({"anthropic-api-key": KEY} if anthropic else {})}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(files["event"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            **({"ANTHROPIC_BASE_URL": anthropic} if anthropic else {}),
            **{variable(name): value for name, value in given.items()},
        }

    async def run(
        self,
        event: str,
        payload: Mapping[str, Any],
        github: str,
        anthropic: str = "",
        /,
        **inputs: str,
    ) -> Done:
        """The review step, in this process."""
        env = self.env(event, payload, github, anthropic, **inputs)
        return self.done(await called("action", folder=self.workspace, env=env))

    def done(self, ended: Ended) -> Done:
        """What stands in the runner's files afterwards."""
        return Done(
            ended.code,
            ended.out + ended.err,
            outputs_of((self.folder / "output").read_text("utf-8")),
            (self.folder / "summary").read_text("utf-8"),
        )

    async def run_steps(
        self,
        event: str,
        payload: Mapping[str, Any],
        github: str,
        anthropic: str = "",
        /,
        **inputs: str,
    ) -> Done:
        """Every step of `action.yml` in bash, as the runner starts it.

        Only the package installers are stand-ins: they note what they were asked for, and give the
        environment of the tests.
        """
        whole = self.env(event, payload, github, anthropic, **inputs)
        base = {
            k: v for k, v in whole.items() if not k.startswith(("TRIPTYCH_INPUT_", "ANTHROPIC_API"))
        }
        base = {**CLEAN, **base, "GITHUB_ACTION_PATH": str(ROOT)}
        base.pop("GITHUB_TOKEN")
        base["PATH"] = f"{_installers(self.folder)}:{CLEAN['PATH']}"
        given = {name: i["default"] for name, i in ACTION["inputs"].items()}
        given |= {"github-token": JOB_TOKEN} | ({"anthropic-api-key": KEY} if anthropic else {})
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        steps: dict[str, dict[str, str]] = {}
        log = ""
        for step in ACTION["runs"]["steps"]:
            env = {k: evaluated(v, given, steps) for k, v in step.get("env", {}).items()}
            before = (self.folder / "output").read_text("utf-8")
            ended = await self.bash(step["run"], {**base, **env})
            log += ended.out + ended.err
            after = (self.folder / "output").read_text("utf-8").removeprefix(before)
            steps[step["id"]] = outputs_of(after)
            if ended.code:
                break
        outputs = {n: evaluated(o["value"], given, steps) for n, o in ACTION["outputs"].items()}
        return Done(ended.code, log, outputs, (self.folder / "summary").read_text("utf-8"))

    async def bash(self, script: str, env: Mapping[str, str]) -> Ended:
        """`shell: bash` of the runner."""
        file = self.folder / "step.sh"
        file.write_text(script)
        process = await asyncio.create_subprocess_exec(
            *("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)),
            cwd=self.workspace,
            env=dict(env),
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())


def evaluated(text: str, inputs: Mapping[str, str], steps: Mapping[str, Mapping[str, str]]) -> str:
    """`${{ inputs.x }}` and `${{ steps.x.outputs.y }}`; anything else is a mistake of the file."""

    def value(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        if parts[0] == "inputs":
            return inputs[parts[1]]
        assert parts[0] == "steps"
        assert parts[2] == "outputs"
        return steps.get(parts[1], {}).get(parts[3], "")

    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


def outputs_of(text: str) -> dict[str, str]:
    """A file of outputs as the runner reads it: `name=value`, or lines between delimiters."""
    found: dict[str, str] = {}
    rows = iter(text.split("\n"))
    for row in rows:
        name, has_delimiter, delimiter = row.partition("<<")
        if has_delimiter and "=" not in name:
            lines = []
            for line in rows:
                if line == delimiter:
                    break
                lines.append(line)
            found[name] = "\n".join(lines)
        elif "=" in row:
            name, _, found[name] = row.partition("=")
            found[name] = row.partition("=")[2]
    return found


def _installers(folder: Path) -> Path:
    """A `python3` whose pip brings a `uv` that makes an environment out of the tests' own."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    asked = folder / "asked"
    uv = f"""#!/bin/sh
echo "uv $*" >> '{asked}'
case "$1" in
venv) for last; do :; done; exec '{sys.executable}' -m venv --without-pip "$last" ;;
pip) "$4/../../../venv/bin/python" -c "
import pathlib, sysconfig
pathlib.Path(sysconfig.get_path('purelib'), 'tests.pth').write_text('{sysconfig.get_path("purelib")}')" ;;
esac
"""
    uv = uv.replace('"$4/../../../venv/bin/python"', "venv/bin/python")
    python = f"""#!/bin/sh
case "$*" in
*"-m pip install"*)
  echo "pip $*" >> '{asked}'
  mkdir -p uv/bin
  cp '{place}/uv' uv/bin/uv ;;
*) exec '{sys.executable}' "$@" ;;
esac
"""
    for name, text in (("uv", uv), ("python3", python)):
        (place / name).write_text(text)
        (place / name).chmod(stat.S_IRWXU)
    return place


# --- events, shaped as GitHub's published examples (@octokit/webhooks-examples), cut to what is read


def user(login: str, identity: int, kind: str = "User") -> dict[str, Any]:
    """An account."""
    return {"login": login, "id": identity, "type": kind}


def pull_request(action: str, head: str, *, fork: bool = False, **more: Any) -> dict[str, Any]:
    """`pull_request` and `pull_request_target`."""
    repo = {"id": FORK if fork else OURS, "full_name": "mallory/shop" if fork else "acme/shop"}
    return {
        "action": action,
        "number": NUMBER,
        "pull_request": {
            "number": NUMBER,
            "state": "open",
            "title": "::error::x",
            "head": {"sha": head, "ref": "topic", "repo": repo},
            "base": {"ref": "main", "repo": {"id": OURS}},
        },
        "sender": user("alice", ALICE),
        **more,
    }


def comment(
    body: str, by: dict[str, Any] | None = None, action: str = "created", **issue: Any
) -> dict[str, Any]:
    """`issue_comment` on a pull request."""
    return {
        "action": action,
        "issue": {"number": NUMBER, "pull_request": {"url": "x"}, **issue},
        "comment": {
            "id": 7,
            "body": body,
            "created_at": LATER,
            "author_association": "MEMBER",
            "user": by or user("alice", ALICE),
        },
        "sender": by or user("alice", ALICE),
    }


def workflow_run(identity: int = 900, action: str = "completed") -> dict[str, Any]:
    """`workflow_run`; what else stands in it is not read."""
    return {
        "action": action,
        "workflow_run": {"id": identity, "event": "pull_request", "pull_requests": []},
    }


assert os.sep == "/", "runners with bash"
