"""The operator's own key: it outlives the App's, and is the same on every machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app_settings import SEAL_FILE, AppSettings, read_app_settings
from bot.errors import ConfigProblem
from bot.jobs.seal_key import SEAL, compare_seal, fingerprint, seal_key, would_be_seal_key
from bot.jobs.store import Store
from bot.jobs.transactions import open_database
from tests.bot.jobs.running import world

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


def test_the_one_that_would_be_is_the_one_that_is(tmp_path: Path) -> None:
    for made in (settings(tmp_path), settings(tmp_path, seal=LONG)):
        told = would_be_seal_key(made)
        assert told == seal_key(made)
        assert told == would_be_seal_key(made)
    assert would_be_seal_key(settings(tmp_path, "two")) == seal_key(settings(tmp_path))


async def test_a_start_with_another_one_than_before_is_told_and_then_counts(
    database: str, tmp_path: Path
) -> None:
    """Two machines with a key each know nothing of each other's reviews, and pay for all twice."""
    store = Store(open_database(AppSettings(tmp_path, database)))
    first, other = (seal_key(settings(tmp_path, seal=LONG + end)) for end in "ab")
    with capture_logs() as said:
        for key in (first, first, other, other, first):
            await compare_seal(store, key)
    assert [line["event"] for line in said] == ["seal.other"] * 2
    assert "TRIPTYCH_SEAL_KEY" in said[0]["do"]
    assert await store.recall(SEAL) == fingerprint(first)
    await store.close()


async def test_a_worker_compares_as_it_starts(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, seal_key=LONG) as w:
        assert await w.service._store.recall(SEAL) == fingerprint(seal_key(w.app))


def test_a_fingerprint_tells_keys_apart_and_nothing_of_them(tmp_path: Path) -> None:
    key = seal_key(settings(tmp_path))
    assert len(fingerprint(key)) == 16
    assert fingerprint(key) not in (key.hex(), fingerprint(b"x" * 32))
    assert fingerprint(key) not in key.hex()
