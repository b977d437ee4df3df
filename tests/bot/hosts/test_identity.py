"""The App's key: what it signs, other clocks, a key that was replaced, and what GitHub says of the App."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.app_settings import AppSettings, read_app_settings
from bot.errors import AccessProblem, ConfigProblem, HostProblem
from bot.hosts.identity import AppKey, claims, message_of, sign
from tests.bot.hosts.installed import installed
from tests.fakes.app import (
    APP_ID,
    CLIENT_ID,
    fake_app,
    private_key,
    rsa_public,
)
from tests.fakes.github import Fault


def settings(pem: str, app_id: str = str(APP_ID)) -> AppSettings:
    """An environment with this key."""
    return AppSettings(Path("/nowhere"), "sqlite:///x", app_id=app_id, private_key=pem)


# --- what is signed


def test_s16_a_jwt_is_issued_in_the_past_and_ends_within_ten_minutes() -> None:
    said = claims("4242", 1_000_000.9)
    assert said == {"iat": 999_940, "exp": 1_000_480, "iss": "4242"}
    assert said["exp"] - 1_000_000 <= 600


def test_s16_a_jwt_is_signed_with_rs256_and_names_the_app_by_a_string() -> None:
    token = sign(settings(private_key()), time.time())
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    said = jwt.decode(token, rsa_public(private_key()), algorithms=["RS256"])
    assert said["iss"] == "4242"


async def test_a_jwt_is_signed_once_for_many_requests() -> None:
    """It takes a tenth of a second of a core."""
    async with fake_app() as github, installed(github) as here:
        for _ in range(3):
            await here.app.about()
        assert len({h["Authorization"] for h in github.headers}) == 1


# --- S16: another clock


@pytest.mark.parametrize("off", [-3600, -540, -90, 0, 30, 90, 700, 86_400])
async def test_s16_a_clock_that_is_wrong_is_corrected_by_github_s(off: float) -> None:
    async with fake_app() as github, installed(github, clock=lambda: time.time() + off) as here:
        assert (await here.app.about())["id"] == APP_ID
        if abs(off) > 500:
            assert here.key.skew == pytest.approx(-off, abs=2)
        asked = len(github.calls)
        assert asked <= 2
        await here.app.about()
        assert len(github.calls) == asked + 1, "it is learned once"


async def test_s16_the_end_of_a_token_is_counted_by_github_s_clock() -> None:
    async with fake_app() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        async with installed(github, clock=lambda: time.time() - 7200) as here, here.api() as api:
            for _ in range(3):
                await api.getitem("/repos/acme/shop/pulls/1")
        assert len(github.minted) == 1


async def test_s16_a_clock_that_nothing_helps_is_told() -> None:
    async with fake_app() as github:
        times = iter(range(0, 10**9, 10**6))
        async with installed(github, clock=lambda: float(next(times))) as here:
            with pytest.raises(
                AccessProblem, match=r"does not take the App's key .*this machine's"
            ):
                await here.app.about()
        assert len(github.calls) == 3


# --- S21: another key


async def test_s21_a_key_that_was_replaced_is_read_once_without_a_restart() -> None:
    async with fake_app() as github:
        old, reads = private_key(), 0

        def read() -> AppSettings:
            nonlocal reads
            reads += 1
            return github.app_settings()

        async with installed(github, read=read) as here:
            await here.app.about()
            github.pem = private_key("second")
            assert github.pem != old
            await here.app.about()
            await here.app.about()
        assert reads == 1
        assert len(github.calls) == 1 + 2 + 1


async def test_s21_requests_at_the_same_moment_all_get_the_new_key() -> None:
    async with fake_app() as github, installed(github) as here:
        await here.app.about()
        github.pem = private_key("second")
        await asyncio.gather(*(here.app.about() for _ in range(5)))


async def test_s21_a_revoked_key_that_is_still_there_is_told_and_not_tried_again() -> None:
    async with fake_app() as github:
        kept = github.app_settings()
        async with installed(github, read=lambda: kept) as here:
            github.pem = private_key("second")
            with pytest.raises(AccessProblem, match=r"401: A JSON web token could not") as raised:
                await here.app.about()
        assert len(github.calls) == 1
        assert_silent(raised.value, private_key())


async def test_s21_a_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(private_key())
    env = {"TRIPTYCH_APP_ID": str(APP_ID), "TRIPTYCH_APP_PRIVATE_KEY_FILE": str(file)}
    env |= {"TRIPTYCH_HOME": str(tmp_path)}
    async with fake_app() as github, installed(github, read=lambda: read_app_settings(env)) as here:
        await here.app.about()
        github.pem = private_key("second")
        file.write_text(base64.b64encode(github.pem.encode()).decode())
        await here.app.about()


def elliptic() -> str:
    """A private key of another kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def broken() -> str:
    """A key with a hole in it."""
    lines = private_key().splitlines()
    return "\n".join((*lines[:3], *lines[6:]))


@pytest.mark.parametrize("pem", ["nonsense", broken(), elliptic()], ids=["none", "broken", "other"])
def test_s21_a_key_that_cannot_sign_is_told_without_a_byte_of_it(pem: str) -> None:
    with pytest.raises(ConfigProblem, match=r"cannot sign.*an RSA key") as raised:
        sign(settings(pem), 0.0)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__, "what the library says may show the key"
    assert_silent(raised.value, pem)


def assert_silent(problem: Exception, pem: str) -> None:
    """Nothing of a key stands in an error."""
    said = f"{problem} {problem!r} {problem.args}"
    assert not any(row in said for row in pem.splitlines() if not row.startswith("-----"))


def test_s21_settings_do_not_show_the_key() -> None:
    assert "PRIVATE" not in repr(settings(private_key()))


def test_without_an_app_it_is_said_what_to_do() -> None:
    none = AppSettings(Path("/nowhere"), "sqlite:///x")
    with pytest.raises(ConfigProblem, match=r"No GitHub App is configured.*/setup"):
        AppKey(none, lambda: none).bearer()


def test_an_app_that_was_set_up_meanwhile_is_found() -> None:
    none = AppSettings(Path("/nowhere"), "sqlite:///x")
    key = AppKey(none, lambda: settings(private_key()))
    assert key.bearer()
    assert key.app_id == "4242"


# --- the App at GitHub


@pytest.mark.parametrize("app_id", [str(APP_ID), CLIENT_ID])
async def test_the_app_may_be_named_by_number_or_client_id(app_id: str) -> None:
    async with fake_app() as github:
        named = github.app_settings(app_id=app_id)
        async with installed(github, read=lambda: named) as here:
            here.key.learn("", "", "")
            assert (await here.app.about())["id"] == APP_ID


@pytest.mark.parametrize(("app_id", "asked"), [(str(APP_ID), 0), (CLIENT_ID, 1)])
async def test_its_number_is_asked_for_once_and_only_where_it_is_not_known(
    app_id: str, asked: int
) -> None:
    async with fake_app() as github:
        named = github.app_settings(app_id=app_id)
        async with installed(github, read=lambda: named) as here:
            here.key.learn("", "", "")
            assert [await here.app.number(), await here.app.number()] == [APP_ID, APP_ID]
            assert github.calls.count(("GET", "/app")) == asked


async def test_s66_what_the_app_asks_is_asked_again_when_the_server_is_broken() -> None:
    """Posts too: a token more, or a delivery more, does no harm."""
    async with fake_app() as github, installed(github) as here:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [
            Fault("GET", "/app$", 502, times=2),
            Fault("POST", "/access_tokens$", "lost"),
            Fault("POST", "/access_tokens$", 503),
        ]
        await here.app.about()
        async with here.api() as api:
            await api.getitem("/repos/acme/shop/pulls/1")
        assert here.app.slept


async def test_an_id_that_github_does_not_know_is_named() -> None:
    async with fake_app() as github, installed(github) as here:
        github.faults = [Fault("GET", "/app", 404, times=9)]
        for path in ("/app", "/app/hook/deliveries"):
            with pytest.raises(AccessProblem, match="Check TRIPTYCH_APP_ID"):
                await here.app.getitem(path)


@pytest.mark.parametrize("fault", ["html", "cut"])
async def test_a_page_of_a_proxy_is_not_the_app(fault: str) -> None:
    async with fake_app() as github, installed(github) as here:
        github.faults = [Fault("GET", "/app", fault, times=9)]
        with pytest.raises(HostProblem, match="is not GitHub's API"):
            await here.app.about()


async def test_s35_another_host_gets_no_jwt() -> None:
    async with fake_app() as github, fake_app() as stranger, installed(github) as here:
        github.faults = [Fault("GET", "/app$", "redirect", to=f"{stranger.url}/app")]
        with pytest.raises(HostProblem, match="points to another host"):
            await here.app.about()
        assert stranger.calls == []


@pytest.mark.parametrize(
    ("body", "said"),
    [(b'{"message": "a\\n b"}', "a b"), (b"<html>", ""), (b"[1]", ""), (b"", ""), (b"{}", "")],
)
def test_what_github_says_in_a_refusal(body: bytes, said: str) -> None:
    assert message_of(body) == said


def test_a_key_is_known_by_its_settings_only() -> None:
    """A change of something else is no other key."""
    first = settings(private_key())
    key = AppKey(first, lambda: replace(first, slug="other"))
    assert not key.learn("", "A JSON web token could not be decoded", "")
    assert not key.learn("", "'Issued at' claim ('iat')", "no date")


def test_s21_a_key_that_is_not_to_be_had_again_is_kept() -> None:
    """A server may drop its secrets from the environment once it has read them."""
    first = settings(private_key())
    key = AppKey(first, lambda: replace(first, private_key=""))
    assert not key.learn("", "A JSON web token could not be decoded", "")
    assert key.bearer()


def test_s21_a_file_that_cannot_be_read_again_is_told(tmp_path: Path) -> None:
    env = {"TRIPTYCH_APP_ID": "1", "TRIPTYCH_APP_PRIVATE_KEY_FILE": str(tmp_path / "gone.pem")}
    key = AppKey(settings(private_key()), lambda: read_app_settings(env))
    with pytest.raises(ConfigProblem, match="TRIPTYCH_APP_PRIVATE_KEY_FILE"):
        key.learn("", "A JSON web token could not be decoded", "")
