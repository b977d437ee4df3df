"""At the start: what never arrived is asked for again, and one that is lost keeps no other back."""

from __future__ import annotations

import time

import pytest

from bot.doors.missed import ask_for_missed
from bot.settings import Settings
from tests.fakes.app import FakeApp, fake_app
from tests.fakes.github import Fault


def asked(github: FakeApp) -> list[str]:
    return [p for m, p in github.calls if m == "POST"]


async def test_s12_what_failed_is_asked_for_once_each() -> None:
    async with fake_app() as github:
        failed = [github.delivery("guid-1", status=503), github.delivery("guid-2", status=0)]
        github.delivery("guid-3", status=202)
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings())
        assert told == 2
        assert asked(github) == [f"/app/hook/deliveries/{n}/attempts" for n in failed]


async def test_s12_one_that_github_keeps_no_longer_keeps_no_other_back() -> None:
    async with fake_app() as github:
        first, second = (github.delivery(f"guid-{n}", status=503) for n in (1, 2))
        github.faults.append(Fault("POST", f"/app/hook/deliveries/{first}/attempts", 404))
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings())
        assert told == 1
        assert asked(github)[-1] == f"/app/hook/deliveries/{second}/attempts"


async def test_the_server_serves_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    async with fake_app() as github:
        github.faults.append(Fault("GET", "/app/hook/deliveries", 404))
        told = await ask_for_missed(Settings(github_api=github.url), github.app_settings())
        assert told is None


async def test_s12_later_only_what_is_new_is_looked_at() -> None:
    async with fake_app() as github:
        github.delivery("guid-1", status=503)
        settings, app = Settings(github_api=github.url), github.app_settings()
        assert await ask_for_missed(settings, app, time.time() + 3600) == 0
        assert await ask_for_missed(settings, app, time.time() - 3600) == 1
