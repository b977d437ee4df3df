"""At the start: what never arrived is asked for again, and one that is lost keeps no other back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.doors.missed import ask_for_missed
from bot.settings import Settings
from tests.fakes.app import FakeApp, fake_app, private_key
from tests.fakes.github import Fault


def asked(github: FakeApp) -> list[str]:
    return [p for m, p in github.calls if m == "POST"]


async def test_s12_what_failed_is_asked_for_once_each() -> None:
    async with fake_app() as github:
        failed = [github.delivery("guid-1", status=503), github.delivery("guid-2", status=0)]
        github.delivery("guid-3", status=202)
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings)
        assert told == 2
        assert asked(github) == [f"/app/hook/deliveries/{n}/attempts" for n in failed]


async def test_s12_one_that_github_keeps_no_longer_keeps_no_other_back() -> None:
    async with fake_app() as github:
        first, second = (github.delivery(f"guid-{n}", status=503) for n in (1, 2))
        github.faults.append(Fault("POST", f"/app/hook/deliveries/{first}/attempts", 404))
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings)
        assert told == 1
        assert asked(github)[-1] == f"/app/hook/deliveries/{second}/attempts"


async def test_s12_at_a_limit_no_further_one_is_asked_for() -> None:
    """What is left is asked for in an hour."""
    async with fake_app() as github:
        for n in (1, 2):
            github.delivery(f"guid-{n}", status=503)
        down = Fault("POST", "attempts", "primary", retry_after="900", times=9)
        github.faults.append(down)
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings)
        assert told == 0
        assert len(asked(github)) == 1


async def test_the_server_serves_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_app() as github:
        github.faults.append(Fault("GET", "/app/hook/deliveries", 404))
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings)
        assert told == 0


async def test_s12_what_we_always_refuse_is_not_asked_for_for_ever() -> None:
    """Once an hour, until GitHub has tried five times."""
    async with fake_app() as github:
        for _ in range(4):
            github.delivery("guid-1", status=413)
        settings = Settings(github_api=github.url)
        assert await ask_for_missed(settings, github.app_settings) == 1
        github.delivery("guid-1", status=413)
        assert await ask_for_missed(settings, github.app_settings) == 0


async def test_s21_a_key_that_was_replaced_is_read_anew() -> None:
    async with fake_app() as github:
        github.delivery("guid-1", status=503)
        right = github.app_settings()
        keys = iter([replace(right, private_key=private_key("another"))])
        told = await ask_for_missed(Settings(github_api=github.url), lambda: next(keys, right))
        assert told == 1


async def test_a_list_that_cannot_be_read_ends_nothing() -> None:
    async with fake_app() as github:
        github.delivery("guid-1", status=503)
        github.deliveries[-1]["delivered_at"] = "soon"
        settings = Settings(github_api=github.url)
        assert await ask_for_missed(settings, github.app_settings) == 0
