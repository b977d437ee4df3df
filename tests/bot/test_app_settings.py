"""The App's key, in the forms in which people keep it (case S21), and the database's address."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app_settings import AppSettings, checked_pem, read_app_settings
from bot.errors import ConfigProblem
from reviewers.core.secrets import Redaction

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIabcdefghijklmnop\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.strip(),
        f"\n{PEM}\n",
        PEM.replace("\n", "\\n"),
        PEM.strip().replace("\n", "\\n"),
        base64.b64encode(PEM.encode()).decode(),
    ],
)
def test_s21_keys_that_are_taken(text: str) -> None:
    assert checked_pem(text, "X") == PEM


@pytest.mark.parametrize("text", ["", "key", PEM[:-10], PEM.replace("PRIVATE", "PUBLIC"), "QUJD"])
def test_s21_no_key_and_nothing_of_it_is_told(text: str) -> None:
    with pytest.raises(ConfigProblem, match=r"^X holds no private key") as told:
        checked_pem(text, "X")
    assert "MII" not in str(told.value)


def settings_with(url: str) -> AppSettings:
    """Those of a server with this database."""
    return read_app_settings({"TRIPTYCH_HOME": "/home/t", "TRIPTYCH_DATABASE_URL": url})


@pytest.mark.parametrize(
    ("url", "host", "password"),
    [
        ("postgresql://u:p@h/db", "h", "p"),
        ("postgres://u:p@h:5432/db", "h", "p"),
        ("postgresql://u:p%40h1%3A%23%2F@h:5432/db?sslmode=require", "h", "p@h1:#/"),
        ("postgresql://u:p:q+r=$!*,;&~._-@[::1]:5432/db", "::1", "p:q+r=$!*,;&~._-"),
        ("postgresql://u@/db?host=/run/postgresql", None, None),
        ("postgresql:///db?host=h1:1&host=h2:2", None, None),
    ],
)
def test_addresses_of_postgres(url: str, host: str | None, password: str | None) -> None:
    read = sa.make_url(settings_with(url).database_url)
    assert (read.host, read.password, read.database) == (host, password, "db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h1:Hunter2Secret@host/db",
        "postgresql://u:Hunter2@Secret@host/db",
        "postgresql://u:Hunter2[Secret@host/db",
        "postgresql://u:Hunter2#Secret@host/db",
        "postgresql://u:Hunter2/Secret@host/db",
        "postgresql://u:Hunter2?Secret@host/db",
        "postgresql://u:Hunter2 Secret@host/db",
        "postgresql://u:p@host:Hunter2Secret/db",
        "postgresql://u:p@[Hunter2Secret/db",
        "mysql://u:Hunter2Secret@host/db",
    ],
)
def test_addresses_that_cannot_be_read_are_not_repeated(url: str) -> None:
    """What was taken for a port was a part of the password, and stood in the error."""
    with pytest.raises(ConfigProblem, match=r"^TRIPTYCH_DATABASE_URL is n") as told:
        settings_with(url)
    assert told.value.__cause__ is None
    assert "Hunter2" not in str(told.value)
    assert "Secret" not in str(told.value)
    assert Redaction()(told.value.do) == told.value.do, "the example is shown as it stands here"


@pytest.mark.parametrize(
    "url", ["sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "sqlite:///f?mode=memory"]
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigProblem, match=r"a database in memory.*Name a file"):
        settings_with(url)


def test_a_file_is_taken(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/own.db"
    assert settings_with(url).database_url == url
    assert settings_with("").database_url == "sqlite:////home/t/triptych.db"


@pytest.mark.parametrize("url", ["https://h:abc", "https://h:99999", "http://:80", "h", "https://"])
def test_the_public_address_must_be_one(tmp_path: Path, url: str) -> None:
    """Links of the setup and of check runs are made of it."""
    env = {"TRIPTYCH_HOME": str(tmp_path), "TRIPTYCH_PUBLIC_URL": url}
    with pytest.raises(ConfigProblem, match="TRIPTYCH_PUBLIC_URL"):
        read_app_settings(env)
