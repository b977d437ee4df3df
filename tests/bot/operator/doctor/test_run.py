"""`triptych doctor` as a whole: against the fake, without an App, without a network, without parts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.operator.github_env import GUID, operate
from tests.bot.running import KEY, Ended, called, closed_port
from tests.fakes.anthropic import fake_anthropic
from tests.fakes.app import private_key
from tests.fakes.github import Fault
from tests.fakes.network import plain_network
from tests.fakes.operator import operators_app


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_network(monkeypatch)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def rows(ended: Ended) -> Iterator[tuple[str, str, str]]:
    """State, about and the rest of each line."""
    for line in ended.out.splitlines():
        yield line[:7].strip(), line[9:32].strip(), line[33:].strip()


def states(ended: Ended) -> dict[str, str]:
    return {about: state for state, about, _ in rows(ended)}


async def test_all_is_well(home: Path) -> None:
    async with operators_app() as fake, fake_anthropic() as models:
        fake.delivery(GUID.format(1), 202)
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": models.url}
        ended = await operate(fake, home, "doctor", **env, TRIPTYCH_ALLOWED_ACCOUNTS="acme")
        assert models.requests == []
    assert ended.code == 0, ended.out
    assert ended.err == ""
    assert set(states(ended).values()) <= {"ok", "note"}
    assert [about for _, about, _ in rows(ended)][:6] == [
        *("GitHub App", "Clock", "Webhook", "Deliveries", "Account acme", "Public address"),
    ]
    for about in ("Model key", "SQLite", "Disk", "Analyser ruff", "Account acme", "Deliveries"):
        assert states(ended)[about] == "ok", about


async def test_for_machines(home: Path) -> None:
    async with operators_app() as fake:
        fake.hook["secret"] = ""
        ended = await operate(fake, home, "doctor", "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, ended.err) == (1, "")
    assert (document["schema"], document["well"]) == ("triptych-doctor/1", False)
    (wrong,) = [check for check in document["checks"] if check["state"] == "to do"]
    assert wrong["about"] == "Webhook"
    assert wrong["said"] == "No secret is set."
    assert set(wrong) == {"about", "state", "said", "do"}


async def test_without_an_app_it_says_what_is_left_to_do(home: Path) -> None:
    ended = await called("doctor", folder=home, env={"TRIPTYCH_HOME": str(home)})
    assert ended.code == 1
    assert states(ended)["GitHub App"] == "to do"
    assert "open the setup page" in ended.out
    assert states(ended)["Analyser ruff"] == "ok"
    assert ended.told[-1].startswith("1 of ")
    assert ended.told[-1].endswith("lines needs you.")


async def test_what_the_server_would_not_start_with_is_told_before(home: Path) -> None:
    env = {"TRIPTYCH_METRICS": "foo", "TRIPTYCH_OPERATOR_TOKEN": "short"}
    ended = await called("doctor", folder=home, env={"TRIPTYCH_HOME": str(home), **env})
    told = [rest for state, about, rest in rows(ended) if (state, about) == ("to do", "Variables")]
    assert told == [
        "TRIPTYCH_METRICS is no HOST:PORT. Give one, or `off`.",
        "TRIPTYCH_OPERATOR_TOKEN holds no token of at least 16 plain characters. Use a long random "
        "one, or leave it out: then one is made.",
    ]
    assert list(home.iterdir()) == [], "no token was made by looking"


async def test_without_a_network_it_says_so(home: Path) -> None:
    """The model's host and GitHub are refused; every line that needs none is there."""
    nowhere = f"http://127.0.0.1:{closed_port()}"
    env = {
        **{"TRIPTYCH_HOME": str(home), "TRIPTYCH_APP_ID": "4242", "GITHUB_API_URL": nowhere},
        **{"TRIPTYCH_APP_PRIVATE_KEY": private_key(), "TRIPTYCH_WEBHOOK_SECRET": "s3cret"},
        **{"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": nowhere},
    }
    ended = await called("doctor", folder=home, env=env)
    assert ended.code == 1
    assert "Traceback" not in ended.err
    found = states(ended)
    assert found["GitHub App"] == "to do"
    assert found["Webhook"] == "unknown"
    assert found["Model key"] == "to do"
    assert found["Analyser ruff"] == "ok"
    assert f"{nowhere.removeprefix('http://')} cannot be reached." in ended.out


async def test_a_key_of_another_app(home: Path) -> None:
    """Case S21."""
    async with operators_app() as fake:
        env = fake.environment(home, TRIPTYCH_APP_PRIVATE_KEY=private_key("second"))
        ended = await called("doctor", folder=home, env=env)
    assert ended.code == 1
    assert "GitHub refuses the App's key (401: A JSON web token could not be decoded)." in ended.out


async def test_a_key_that_cannot_be_read_shows_none_of_its_bytes(home: Path) -> None:
    """Case S21."""
    body = "MIIEowIBAAKCAQEAqfakefakefake"
    pem = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    async with operators_app() as fake:
        env = fake.environment(home, TRIPTYCH_APP_PRIVATE_KEY=pem)
        ended = await called("doctor", "--debug", folder=home, env=env)
        assert fake.calls == []
    assert ended.code == 1
    assert "The App's private key cannot be read." in ended.out
    assert body[:12] not in ended.out + ended.err


@pytest.mark.parametrize(("ahead", "way"), [(3600.0, "behind"), (-3600.0, "ahead of")])
async def test_a_clock_that_is_far_off_is_said_in_place_of_the_key(
    ahead: float, way: str, home: Path
) -> None:
    """Case S16: GitHub's 401 does not say that it is the clock."""
    async with operators_app() as fake:
        fake.skew = ahead
        ended = await operate(fake, home, "doctor")
    assert ended.code == 1
    assert f"s {way} GitHub's. Set the clock" in ended.out


async def test_what_github_does_not_tell_leaves_the_rest(home: Path) -> None:
    async with operators_app() as fake:
        fake.faults.append(Fault("GET", "/hook/config", 500, times=9))
        ended = await operate(fake, home, "doctor")
    assert ended.code == 1
    assert states(ended)["Webhook"] == "to do"
    assert states(ended)["GitHub App"] == "ok"
    assert states(ended)["Account acme"] == "ok"


async def test_a_proxys_page_is_not_taken_for_github(home: Path) -> None:
    async with operators_app() as fake:
        fake.faults.append(Fault("GET", "/app", "html", times=9))
        ended = await operate(fake, home, "doctor")
    assert f"What answers at {fake.url.removeprefix('http://')} is not GitHub's API." in ended.out


async def test_no_secret_is_shown(home: Path) -> None:
    """Case S47."""
    secret = "s3cret-s3cret-s3cret"
    async with operators_app() as fake:
        fake.hook["url"] = f"https://bot.example/webhook?{secret}"
        for form in ("terminal", "json"):
            more = {"TRIPTYCH_WEBHOOK_SECRET": secret, "ANTHROPIC_API_KEY": KEY}
            more["ANTHROPIC_BASE_URL"] = fake.url
            ended = await operate(fake, home, "doctor", "--format", form, **more)
            assert secret not in ended.out + ended.err
            assert KEY not in ended.out + ended.err


@pytest.mark.parametrize("missing", ["github", "dbos"])
async def test_a_part_that_is_not_installed_is_told_and_the_others_go_on(
    missing: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [m for m in sys.modules if m.startswith("bot.operator.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    async with operators_app() as fake:
        ended = await operate(fake, home, "doctor")
    assert states(ended)["Analyser ruff"] == "ok"
    assert "Traceback" not in ended.err
    if missing == "github":
        assert "The server's part is not installed (github is missing)." in ended.out


@pytest.mark.parametrize(
    "arguments",
    [("deliveries",), ("redeliver", "7"), ("backfill", "acme/shop"), ("jobs", "list")],
    ids=" ".join,
)
async def test_without_the_extra_or_an_app_a_command_says_so(
    arguments: tuple[str, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [m for m in sys.modules if m.startswith(("bot.operator.", "bot.jobs.s"))]:
        monkeypatch.delitem(sys.modules, name)
    if arguments[0] != "jobs":
        ended = await called(*arguments, folder=home, env={"TRIPTYCH_HOME": str(home)})
        assert (ended.code, ended.told[0]) == (2, "No GitHub App is configured.")
        monkeypatch.setitem(sys.modules, "github", None)
        for name in [m for m in sys.modules if m.startswith("bot.operator.")]:
            monkeypatch.delitem(sys.modules, name)
        ended = await called(*arguments, folder=home, env={"TRIPTYCH_HOME": str(home)})
        assert ended.code == 2
        assert ended.told == [
            "The server's part is not installed (github is missing).",
            "Install the extra `server`: in a clone, pip install '.[server]'.",
        ]


async def test_an_environment_that_cannot_be_read_is_wrong_usage(home: Path) -> None:
    ended = await called("doctor", folder=home, env={"TRIPTYCH_APP_ID": "my app"})
    assert (ended.code, ended.out) == (2, "")
    assert ended.told[0] == "TRIPTYCH_APP_ID is 'my app'."
