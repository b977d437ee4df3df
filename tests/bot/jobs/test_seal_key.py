"""The operator's own key: it outlives the App's, and is the same on every machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app_settings import SEAL_FILE, AppSettings, read_app_settings
from bot.errors import ConfigProblem
from bot.jobs.seal_key import seal_key

LONG = "0123456789abcdef" * 2


def settings(home: Path, key: str = "one", seal: str = "") -> AppSettings:
    return AppSettings(home, "sqlite:///x", private_key=key, seal_key=seal)


def test_it_outlives_the_apps_key(tmp_path: Path) -> None:
    first = seal_key(settings(tmp_path))
    assert seal_key(settings(tmp_path, "two")) == first
    assert (tmp_path / SEAL_FILE).stat().st_mode & 0o777 == 0o600


def test_machines_that_start_with_the_same_app_make_the_same_one(tmp_path: Path) -> None:
    here, there = (seal_key(settings(tmp_path / name)) for name in ("a", "b"))
    assert here == there
    assert len(here) == 32
    assert seal_key(settings(tmp_path / "c", "two")) != here


def test_what_the_environment_says_counts(tmp_path: Path) -> None:
    stored = seal_key(settings(tmp_path))
    told = seal_key(settings(tmp_path, seal=LONG))
    assert told != stored
    assert told == seal_key(settings(tmp_path / "other", "two", seal=LONG))


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    seal_key(settings(tmp_path))
    (tmp_path / SEAL_FILE).write_text("\n")
    with pytest.raises(ConfigProblem, match="seal-key cannot be read"):
        seal_key(settings(tmp_path))


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    env = {"TRIPTYCH_HOME": str(tmp_path), "TRIPTYCH_SEAL_KEY": LONG}
    read = read_app_settings(env)
    assert read.seal_key == LONG
    assert LONG in read.secrets
    assert LONG not in repr(replace(read, slug="x"))
    with pytest.raises(ConfigProblem, match="shorter than 32"):
        read_app_settings(env | {"TRIPTYCH_SEAL_KEY": "short"})
