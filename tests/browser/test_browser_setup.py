"""The setup in Chromium: from the link in the terminal through GitHub's pages to the install link."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app_settings import AppSettings, read_app_settings
from bot.doors.setup import new_token, setup_link, setup_routes
from bot.settings import Settings
from tests.browser.audit import faults
from tests.browser.conftest import Visit, shoot
from tests.fakes.site import FakeSite, fake_site


@dataclass
class Fresh:
    """A server without an App. `public` is a name under which the browser finds it."""

    link: str
    public: str
    site: FakeSite
    home: Path
    ready: list[bool] = field(default_factory=list)


@asynccontextmanager
async def fresh(home: Path) -> AsyncIterator[Fresh]:
    async with fake_site() as site:
        token = new_token()
        ready: list[bool] = []

        async def created() -> None:
            ready.append(read_app_settings({"TRIPTYCH_HOME": str(home)}).has_app)

        app = web.Application()
        app.add_routes(
            setup_routes(
                Settings(github_api=site.url),
                AppSettings(home, "sqlite:///x"),
                created,
                token=token,
            )
        )
        async with TestServer(app, host="127.0.0.1") as server:
            public = f"http://bot.acme.net:{server.port}"
            yield Fresh(setup_link(public, token), public, site, home, ready)


async def test_the_whole_walk_without_a_script(visit: Visit, tmp_path: Path) -> None:
    async with fresh(tmp_path / "home") as server:
        page = await visit(java_script_enabled=False)
        await page.goto(server.link)
        assert page.url == f"{server.public}/setup"
        assert await page.get_by_label("Public address of this server").input_value() == (
            server.public
        )
        await page.get_by_label("Name of the App").fill("Acme reviews")
        await page.get_by_label("An organisation").check()
        await page.get_by_label("Organisation", exact=True).fill("acme")
        await page.get_by_role("button", name="Continue").click()
        assert await page.get_by_text("pull requests").is_visible()
        await page.get_by_role("button", name="Create on GitHub").click()
        await page.get_by_role("button", name="Create GitHub App").click()
        await page.get_by_role("heading", name="“Acme reviews” is created").wait_for()
        [wanted] = server.site.created
        assert wanted["hook_attributes"]["url"] == f"{server.public}/webhook"
        assert server.site.asked_by == ["acme"]
        assert server.ready == [True]
        stored = json.loads((server.home / "app.json").read_text())
        shown = await page.content()
        assert stored["webhook_secret"] not in shown
        assert "PRIVATE KEY" not in shown
        await page.get_by_role("link", name="Install it on GitHub").click()
        assert page.url == f"{server.site.url}/apps/{stored['slug']}/installations/new"
        answer = await page.goto(f"{server.public}/setup")
        assert answer is not None
        assert answer.status == 410


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_of_it_can_be_read_by_everybody(
    visit: Visit, tmp_path: Path, width: int, scheme: str
) -> None:
    async with fresh(tmp_path / "home") as server:
        page = await visit(width, color_scheme=scheme)
        found = {}

        async def look(name: str) -> None:
            await shoot(page, f"setup-{name}-{scheme}-{width}")
            found[name] = await faults(page)

        await page.goto(f"{server.public}/setup")
        await look("stranger")
        await page.goto(server.link)
        await look("form")
        await page.get_by_label("An organisation").check()
        await page.get_by_label("Public address of this server").fill("http://localhost:8080")
        await page.get_by_role("button", name="Continue").click()
        await look("wrong")
        await page.get_by_label("My personal account").check()
        await page.get_by_role("button", name="Continue").click()
        await look("local")
        await page.get_by_role("link", name="Change the address").click()
        await page.get_by_role("button", name="Continue").click()
        await look("confirm")
        await page.get_by_role("button", name="Create on GitHub").click()
        server.site.gives = {"webhook_secret": None}
        await page.get_by_role("button", name="Create GitHub App").click()
        await page.get_by_role("heading", name="is created").wait_for()
        await look("done")
        await page.goto(f"{server.public}/setup")
        await look("closed")
        assert found == {name: [] for name in found}
        assert len(found) == 7
