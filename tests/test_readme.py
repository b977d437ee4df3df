"""What the README says is true: its numbers, names, links, examples and its picture."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.config import parse_config
from bot.doors.manual import DEFAULT_MAX_COST
from bot.settings import Ceilings
from reviewers.engines.static.ruff_rules import RULES
from tests.bench.picture import COMMAND, TARGET, shown
from tests.bot.running import run
from tests.reviewers import test_registry

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_number_of_rules() -> None:
    assert f"ruff with {len(RULES)} of its rules" in README


@pytest.mark.source
@pytest.mark.parametrize("file", ["README.md", ".github/CONTRIBUTING.md"])
def test_every_link_and_every_named_file_is_there(file: str) -> None:
    """A name with a star stands for many; one in a block of code may be about to be written."""
    text = (ROOT / file).read_text("utf-8")
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    named = re.findall(r"`((?:bot|reviewers|tests|\.github|\.ci)/[\w./*-]+)`", prose)
    for name in named:
        folder, _, pattern = name.rpartition("/")
        assert name in EXAMPLES or list((ROOT / folder).glob(pattern or "*")), name
    for name in linked:
        assert ((ROOT / file).parent / name).exists(), name


EXAMPLES = {
    ".github/triptych.toml",
    ".github/workflows/triptych.yml",
    "reviewers/performance.py",
}
"""Files that a reader is told to write."""


def test_the_picture_is_what_the_command_prints() -> None:
    """Draw it again with `python -m tests.bench.picture`."""
    drawn = TARGET.read_text("utf-8")
    rows: dict[float, str] = {}
    for text in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text"):
        if not text.attrib["class"].endswith("-title"):
            y = float(text.attrib["y"])
            rows[y] = rows.get(y, "") + (text.text or "")
    printed = [row.replace("\xa0", " ").rstrip() for _, row in sorted(rows.items())]
    assert printed == [COMMAND, "", *(line.text.rstrip() for line in shown())]
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", drawn), "it loads nothing"


def test_the_options() -> None:
    """What is written of our commands exists, and every option of `review` is written of."""
    option = r"(?<![\w-])--[a-z][a-z-]*"
    rows = [row for row in README.splitlines() if "docker" not in row and "podman" not in row]
    ours = [row for row in rows if "triptych " in row or row.startswith("| `--")]
    named = set(re.findall(option, "\n".join(ours))) - {"--debug", "--help"}
    review = set(re.findall(option, run("review", "--help").out)) - {"--debug", "--help"}
    there = review.union(*(re.findall(option, run(*c, "--help").out) for c in OTHERS))
    assert named <= there
    assert review <= named
    assert f"{DEFAULT_MAX_COST:.2f} unless you say otherwise" in README


OTHERS = (
    ("serve",),
    ("worker",),
    ("doctor",),
    ("deliveries",),
    ("redeliver",),
    ("backfill",),
    ("jobs", "list"),
    ("config", "check"),
    ("config", "explain"),
    ("action",),
)


def test_the_variables_of_the_environment() -> None:
    source = (Path(bot.__file__).parent / "settings.py").read_text("utf-8")
    assert set(re.findall(r"TRIPTYCH_\w+", source)) <= set(re.findall(r"`(TRIPTYCH_\w+)`", README))


def test_the_configuration_is_a_good_one() -> None:
    for text in blocks("toml"):
        parse_config(text.encode(), "README.md")


def test_the_versions_of_python() -> None:
    """Python 3.14 could not be tried: nothing promises it, and in CI it is an experiment."""
    minors = re.findall(r"Python :: 3\.(\d+)", " ".join(PROJECT["classifiers"]))
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert f"Python 3.{minors[0]} to 3.{minors[-1]}" in README
    experiment = f"3.{int(minors[-1]) + 1}"
    assert f"Python {experiment}" in README.partition("Not tried")[2]
    workflows = ROOT / ".github" / "workflows"
    tried = ", ".join(f'"3.{minor}"' for minor in minors)
    assert f"python: [{tried}]" in (workflows / "release.yml").read_text("utf-8")
    checks = (workflows / "ci.yml").read_text("utf-8")
    assert f'python: [{tried}, "{experiment}"]' in checks
    assert f"continue-on-error: ${{{{ matrix.python == '{experiment}' }}}}" in checks


def test_two_commands_are_enough() -> None:
    """`.ci/run` runs them word for word; here only that they are two, and what they name."""
    first, second = blocks("sh", README.partition("## Try it")[2])[0].strip().split("\n")
    assert "triptych review --example && .venv/bin/triptych review" in first
    assert "-e '.[test]'" in second
    assert second.endswith("-m pytest")
    assert "test" in PROJECT["optional-dependencies"]


def test_the_example_of_a_reviewer_is_one(tmp_path: Path) -> None:
    """What CONTRIBUTING tells to write passes the tests that hold for every reviewer."""
    (text,) = blocks("python", CONTRIBUTING)
    names: dict[str, Any] = {}
    exec(compile(text, "performance.py", "exec"), names)
    reviewer = names["PERFORMANCE"]
    test_registry.test_a_reviewer_says_what_it_looks_for_in_few_words(reviewer)
    test_registry.test_rule_ids_are_kebab_case_under_their_reviewer(reviewer)
    test_registry.test_every_rule_is_said_once_in_a_line(reviewer)
    written = tmp_path / "performance.py"
    written.write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    config = ("--config", str(ROOT / "pyproject.toml"))
    assert subprocess.run([*ruff, "check", *config, written], check=False).returncode == 0
    assert (
        subprocess.run([*ruff, "format", "--check", *config, written], check=False).returncode == 0
    )


def test_the_ceilings_that_hold_by_themselves() -> None:
    of = Ceilings()
    told = ", ".join(map(str, (of.rounds, of.votes, of.reviewers, of.prompts)))
    assert f"`TRIPTYCH_MAX_PROMPTS` | ceilings; {told} |" in README
