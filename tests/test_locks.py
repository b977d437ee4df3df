"""Locks and project go together: what is named is locked, what is locked has hashes (case S91)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = {
    "requirements.lock": (),
    "requirements-server.lock": ("server",),
    "requirements-test.lock": ("server", "test"),
}
BUILD = "requirements-build.lock"
LOCKS = (*EXTRAS, BUILD)
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(?: ; ([^\\]+))?")


@cache
def locked(lock: str) -> dict[str, str]:
    """Version by name."""
    rows = (ROOT / lock).read_text("utf-8").split("\n")
    return {canonicalize_name(m[1]): m[2] for row in rows if (m := PINNED.match(row))}


def named(lock: str) -> list[Requirement]:
    """What the project names for that lock."""
    if lock == BUILD:
        return [Requirement(r) for r in PROJECT["build-system"]["requires"]]
    extras = PROJECT["project"]["optional-dependencies"]
    texts = [*PROJECT["project"]["dependencies"], *(r for e in EXTRAS[lock] for r in extras[e])]
    return [r for r in map(Requirement, texts) if r.name != PROJECT["project"]["name"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_project_names_is_locked_in_a_version_that_fits(lock: str) -> None:
    assert named(lock)
    for requirement in named(lock):
        version = locked(lock).get(canonicalize_name(requirement.name), "")
        assert version, f"{requirement.name} is not in {lock}: make it again (CONTRIBUTING)"
        assert requirement.specifier.contains(version), f"{requirement} is {version} in {lock}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_nothing_comes_from_elsewhere(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    pins = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text) if PINNED.match(block)]
    assert len(pins) == len(locked(lock))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", pin) for pin in pins)
    assert not re.search(r"https?://|git\+|^-e|--index|--find-links|file:", text, re.MULTILINE)


def test_the_locks_agree() -> None:
    """Who tests with one version and ships another has tested something else."""
    whole = locked("requirements-test.lock")
    for lock in ("requirements.lock", "requirements-server.lock"):
        assert {n: v for n, v in locked(lock).items() if whole.get(n) != v} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_says_how_it_was_made(lock: str) -> None:
    head = (ROOT / lock).read_text("utf-8").split("\n")[1]
    assert "uv pip compile --universal --generate-hashes --python-version 3.11" in head
    assert head.endswith(f"-o {lock}")
    contributing = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    assert f"-o {lock}" in contributing
    if lock == BUILD:
        assert all(str(requirement) in contributing for requirement in named(lock))
