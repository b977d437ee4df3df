"""Who is the operator: the token and where it is kept, the rate of guesses, cookies that end."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.app_settings import AppSettings
from bot.doors.sign_in import (
    COOKIE,
    FAILURES,
    FAILURES_EVERYWHERE,
    MOST_ADDRESSES,
    SESSION_SECONDS,
    WINDOW,
    Attempts,
    SignIn,
    operator_token,
)
from bot.errors import ConfigProblem

TOKEN = "an-operators-token-0123"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


# --- the token


def settings(home: Path, token: str = "") -> AppSettings:
    return AppSettings(home, "sqlite:///x", operator_token=token)


def test_the_environments_token_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    assert operator_token(settings(tmp_path, TOKEN)) == (TOKEN, None)
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_none_one_is_made_and_stays(tmp_path: Path) -> None:
    token, file = operator_token(settings(tmp_path / "home"))
    assert file == tmp_path / "home" / "operator-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(token) >= 43
    assert operator_token(settings(tmp_path / "home")) == (token, file)


@pytest.mark.parametrize("weak", ["short", "fünfzehnbuchstabenlang"])
def test_a_token_that_could_be_guessed_is_refused_and_not_repeated(
    tmp_path: Path, weak: str
) -> None:
    with pytest.raises(ConfigProblem, match="TRIPTYCH_OPERATOR_TOKEN") as told:
        operator_token(settings(tmp_path, weak))
    assert weak not in str(told.value)
    (tmp_path / "operator-token").write_text(weak)
    with pytest.raises(ConfigProblem, match="operator-token"):
        operator_token(settings(tmp_path))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "operator-token").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigProblem, match="it is no text"):
        operator_token(settings(tmp_path))


# --- guesses


def test_an_address_may_guess_a_few_times_a_minute() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(FAILURES):
        assert attempts.wait("a") == 0
        attempts.failed("a")
        clock.now += 1
    assert attempts.wait("a") == WINDOW - FAILURES
    assert attempts.wait("b") == 0
    clock.now += WINDOW - FAILURES
    assert attempts.wait("a") == 0


def test_all_addresses_together_are_bounded_too() -> None:
    attempts = Attempts(Clock())
    for i in range(FAILURES_EVERYWHERE):
        assert attempts.wait("other") == 0
        attempts.failed(f"a{i}")
    assert attempts.wait("other") == WINDOW


def test_addresses_are_forgotten_in_the_end() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for i in range(MOST_ADDRESSES + 5):
        attempts.failed(f"a{i}")
        clock.now += WINDOW
    assert len(attempts._by_address) == MOST_ADDRESSES


def test_nobody_can_lock_the_operator_out() -> None:
    """Behind a proxy all visitors have one address; only wrong tokens wait."""
    clock = Clock()
    door = SignIn(TOKEN, now=clock)
    for _ in range(FAILURES):
        assert not door.takes("wrong", "a")
    assert door.attempts.wait("a") == WINDOW
    assert door.takes(TOKEN, "a")
    clock.now += WINDOW
    assert door.attempts.wait("a") == 0.0


# --- cookies


def cookie(door: SignIn) -> str:
    from aiohttp import web

    answer = web.Response()
    door.let_in(make_mocked_request("GET", "/"), answer)
    return answer.cookies[COOKIE].value


def knows(door: SignIn, value: str) -> bool:
    return door.is_operator(make_mocked_request("GET", "/", {"Cookie": f"{COOKIE}={value}"}))


def test_a_cookie_ends_and_cannot_be_made_longer() -> None:
    clock = Clock()
    door = SignIn(TOKEN, now=clock)
    value = cookie(door)
    assert knows(door, value)
    until, nonce, signature = value.split(".")
    assert not knows(door, f"{int(until) + 1}.{nonce}.{signature}")
    assert not knows(door, f"{until}.{nonce}.{'0' * 64}")
    clock.now += SESSION_SECONDS
    assert not knows(door, value)


def test_another_machine_takes_it_and_another_token_ends_it() -> None:
    value = cookie(SignIn(TOKEN))
    assert knows(SignIn(TOKEN), value)
    assert not knows(SignIn(TOKEN + "2"), value)


@pytest.mark.parametrize("value", ["", "x", "..", "1.2.3", "9" * 30 + "." + "0" * 32 + ".00"])
def test_what_is_no_cookie_of_ours(value: str) -> None:
    assert not knows(SignIn(TOKEN), value)


@pytest.mark.parametrize(
    ("header", "is_operator"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer ", False),
        ("Bearer wrong", False),
    ],
)
def test_the_header(header: str, *, is_operator: bool) -> None:
    request = make_mocked_request("GET", "/", {"Authorization": header})
    assert SignIn(TOKEN).is_operator(request) is is_operator
