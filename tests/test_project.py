"""The project's own supply chain: what it depends on, and what its workflows may do."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKS = {
    "requirements.lock": PROJECT["dependencies"],
    "requirements-test.lock": [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["test"],
    ],
}
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)(?: ; [^\\]+)?", re.MULTILINE)


def pinned(lock: str) -> dict[str, str]:
    """The version of each distribution in a lock, by its normal name."""
    text = (ROOT / lock).read_text("utf-8")
    return {canonicalize_name(name): version for name, version in PIN.findall(text)}


# --- Locks


@pytest.mark.parametrize("lock", LOCKS)
def test_s91_a_lock_is_in_step_with_the_project(lock: str) -> None:
    """Each file's own first lines say by which command it is made again."""
    versions = pinned(lock)
    for wanted in map(Requirement, LOCKS[lock]):
        assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)]), wanted


def test_s91_both_locks_name_the_same_versions() -> None:
    product, tests = map(pinned, LOCKS)
    assert product.items() <= tests.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_s91_every_pin_has_its_hashes(lock: str) -> None:
    """pip with --require-hashes takes nothing else, and no hash but SHA-256 is good enough."""
    text = (ROOT / lock).read_text("utf-8")
    parts = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(parts) == len(pinned(lock)) > 20
    for part in parts:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", part), part.partition("\n")[0]
        assert "--hash=" not in part.replace("--hash=sha256:", "")
        assert " @ " not in part


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
