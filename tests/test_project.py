"""The project's own supply chain: what it depends on, and what its workflows may do."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


# --- Workflows


def test_s89_zizmor_finds_nothing_as_the_strictest_auditor() -> None:
    program = Path(sys.executable).parent / "zizmor"
    ended = subprocess.run(
        [program, "--offline", "--persona=auditor", "--no-ignores", "--no-progress", ".github"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "No findings" in ended.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_s90_every_action_is_pinned_and_says_its_version(path: Path) -> None:
    used = re.findall(r"^\s*-?\s*uses: (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert used
    for action in used:
        assert action.startswith("./") or re.fullmatch(
            r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action
        ), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nobody_has_more_rights_than_they_need(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_updates_wait_a_week() -> None:
    """What was taken over is mostly found out within days (section e of the facts)."""
    text = (ROOT / ".github" / "dependabot.yml").read_text("utf-8")
    ecosystems = re.findall(r"package-ecosystem: (\S+)", text)
    assert {"pip", "github-actions", "npm"} <= set(ecosystems)
    days = [int(days) for days in re.findall(r"default-days: (\d+)", text)]
    assert len(days) == len(ecosystems)
    assert min(days) >= 7
