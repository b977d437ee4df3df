"""What the documents say of the server is what the code does: variables, permissions, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bot
from bot.app_needs import EVENTS, PERMISSIONS
from bot.app_settings import AppSettings
from tests.bot.running import run

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SERVER = README.partition("\n## As a GitHub App\n")[2].partition("\n## ")[0]
VARIABLE = re.compile(r"\bTRIPTYCH_[A-Z_]+[A-Z]\b")


def read_by(*modules: str) -> set[str]:
    """The variables that these modules name."""
    texts = [(Path(bot.__file__).parent / f"{name}.py").read_text("utf-8") for name in modules]
    return {name for text in texts for name in VARIABLE.findall(text)}


def test_every_variable_is_described_and_none_is_made_up() -> None:
    known = read_by("app_settings", "settings") | {"TRIPTYCH_APP_PRIVATE_KEY_FILE"}
    assert set(VARIABLE.findall(README)) == known
    table = SERVER.partition("### What a server's environment says")[2]
    assert set(VARIABLE.findall(table)) >= read_by("app_settings")


def test_the_defaults_in_the_table_are_the_codes() -> None:
    default = AppSettings(Path(), "")
    for name, value in {
        "TRIPTYCH_METRICS": default.metrics,
        "TRIPTYCH_REVIEWS_AT_ONCE": default.reviews_at_once,
        "TRIPTYCH_CALLS_AT_ONCE": f"{default.calls_at_once}, {default.calls_everywhere}",
        "TRIPTYCH_REVIEWS_PER_HOUR": default.reviews_per_hour,
        "TRIPTYCH_DEBOUNCE": f"{default.debounce:g}",
        "TRIPTYCH_RETENTION_DAYS": default.retention_days,
    }.items():
        (row,) = [row for row in SERVER.split("\n") if row.startswith(f"| `{name}`")]
        assert re.search(rf"; `?{re.escape(str(value))}`? \|$", row), row


def test_each_permission_is_given_its_reason() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+: [a-z]+)` \| (.+) \|$", SERVER, re.MULTILINE))
    assert set(rows) == {f"{name}: {need.access}" for name, need in PERMISSIONS.items()}
    (events,) = re.findall(r"^Events: (.+)\.$", SERVER, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", events)) == EVENTS


@pytest.mark.parametrize(
    "command",
    [("doctor",), ("deliveries",), ("redeliver",), ("backfill",)]
    + [("jobs", verb) for verb in ("list", "show", "retry", "cancel")],
    ids=" ".join,
)
def test_each_command_is_there_and_named(command: tuple[str, ...]) -> None:
    ended = run(*command, "--help")
    assert ended.code == 0
    assert f"triptych {command[0]}" in SERVER
