"""A code of GitHub's manifest flow becomes an App, once."""

from __future__ import annotations

import pytest

from bot.errors import HostProblem, LostProblem, MissingProblem
from bot.hosts.http import make_session
from bot.hosts.manifest import NewApp, convert
from bot.settings import Settings
from tests.fakes.app import APP_ID, SLUG, WEBHOOK_SECRET, FakeApp, fake_app
from tests.fakes.github import Fault


async def made(github: FakeApp, code: str) -> NewApp:
    """Turn a code in."""
    settings = Settings(github_api=github.url, github_token="ghp_someone")
    async with make_session(settings) as session:
        return await convert(session, settings, code)


async def test_a_code_becomes_an_app() -> None:
    async with fake_app() as github:
        github.codes["c0de"] = {}
        app = await made(github, "c0de")
        assert (app.id, app.slug) == (APP_ID, SLUG)
        assert (app.pem, app.webhook_secret) == (github.pem, WEBHOOK_SECRET)


async def test_its_secrets_are_not_shown() -> None:
    async with fake_app() as github:
        github.codes["c0de"] = {}
        shown = repr(await made(github, "c0de"))
        assert "PRIVATE" not in shown
        assert WEBHOOK_SECRET not in shown


async def test_nobody_s_token_goes_along() -> None:
    async with fake_app() as github:
        github.codes["c0de"] = {}
        await made(github, "c0de")
        assert "Authorization" not in github.headers[0]


async def test_a_code_is_good_once() -> None:
    async with fake_app() as github:
        github.codes["c0de"] = {}
        await made(github, "c0de")
        with pytest.raises(MissingProblem, match=r"does not know this code.*/setup"):
            await made(github, "c0de")


@pytest.mark.parametrize("code", ["../../app", "a/b", "x?y", "{x}", "%2e%2e", "a b", "..", ""])
async def test_a_code_cannot_lead_elsewhere(code: str) -> None:
    async with fake_app() as github:
        with pytest.raises(MissingProblem):
            await made(github, code)
        assert github.calls == []


async def test_s66_it_is_not_tried_twice() -> None:
    """The code is used up by the first try, whatever became of its answer."""
    async with fake_app() as github:
        github.codes["c0de"] = {}
        github.faults = [Fault("POST", "/conversions$", "lost")]
        with pytest.raises(LostProblem):
            await made(github, "c0de")
        assert len(github.calls) == 1


async def test_what_is_no_app_is_told() -> None:
    async with fake_app() as github:
        github.codes["c0de"] = {"pem": None, "id": "x"}
        with pytest.raises(HostProblem, match="is not GitHub"):
            await made(github, "c0de")
