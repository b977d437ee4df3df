"""The operator's pages in Chromium: without a script, light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app_settings import AppSettings
from bot.doors.pages import page_routes
from bot.jobs.protocol import Figures, JobState
from bot.outputs.status_page import Vitals
from bot.settings import Settings
from tests.bot.outputs import samples
from tests.bot.outputs.endings import without_ruff
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.stored import NOON, PLACE, job, of_gaps, of_many_steps
from tests.browser.audit import faults
from tests.browser.conftest import Visit, shoot
from tests.fakes.jobs import FakeJobs

TOKEN = "an-operators-token-0123"
LONG = "warehouse-management-frontend-for-the-northern-branches"
HOSTILE = '<script>document.title = "owned"</script><img src=x onerror="document.title=1">'


def working_day() -> FakeJobs:
    """A service in the middle of its work: every kind of row stands in the list once."""

    def at(number: int, ago: float) -> dict[str, object]:
        place = replace(PLACE, number=number)
        began = NOON - ago
        return {"place": place, "created": began - 2, "started": began, "ended": began + 48}

    waiting = {**at(131, 9), "started": 0.0, "ended": 0.0}
    running = {**at(1290, 12), "ended": 0.0}
    running["place"] = replace(PLACE, repository=f"acme/{LONG}", number=1290)
    why = (
        "GitHub did not deliver services/warehouse/src/allocation_strategy_registry_of_branches.py."
    )
    undelivered = samples.d()
    undelivered = replace(undelivered, verdict=replace(undelivered.verdict, problem=why))
    given_up = "GitHub did not take the review (status 502, 3 attempts)."
    hostile = rewritten(of_many_steps(), lambda _: HOSTILE, lambda path: path)
    rows = [
        job(None, "dead", **at(98, 90_000), state=JobState.DEAD, note=given_up, attempts=3),
        job(without_ruff(), "ruff", **at(96, 9_000)),
        job(undelivered, "failed", **at(97, 5_000)),
        job(None, "skip", **at(99, 4_000), state=JobState.SKIPPED, note="draft pull request"),
        job(hostile, "hostile", **at(95, 3_000)),
        job(samples.b(), "clean", **at(126, 800)),
        job(of_gaps(), "gaps", **at(127, 400)),
        job(of_many_steps(), "whole", **at(128, 190)),
        job(None, "run", **running, state=JobState.RUNNING),
        job(None, "wait", **waiting, state=JobState.WAITING),
    ]
    figures = Figures(3, 40.0, 2, 1, 1, 12.40, 50.0, NOON - 8)
    return FakeJobs(rows={row.id: row for row in rows}, now=figures)


@dataclass
class Served:
    """Where the pages are, and the jobs behind them."""

    url: str
    jobs: FakeJobs


@asynccontextmanager
async def pages() -> AsyncIterator[Served]:
    jobs = working_day()
    app = web.Application()
    app.add_routes(
        page_routes(
            Settings(),
            AppSettings(Path("/nonexistent"), "sqlite:///x"),
            jobs,
            token=TOKEN,
            vitals=lambda: Vitals(NOON - 6 * 86_400, 4120, 5000),
            now=lambda: NOON,
        )
    )

    async def elsewhere(request: web.Request) -> web.Response:
        link = f'<!doctype html><title>GitHub</title><a href="{request.query["to"]}">Review</a>'
        return web.Response(text=link, content_type="text/html")

    app.router.add_get("/elsewhere", elsewhere)
    async with TestServer(app, host="127.0.0.1") as server:
        yield Served(str(server.make_url("")).rstrip("/"), jobs)


async def test_sign_in_look_open_and_try_again_without_a_script(visit: Visit) -> None:
    async with pages() as served:
        page = await visit(java_script_enabled=False)
        await page.goto(f"{served.url}/reviews/gaps")
        await page.get_by_label("Operator’s token").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        assert "not the operator’s token" in await page.get_by_role("alert").inner_text()
        await page.get_by_label("Operator’s token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{served.url}/reviews/gaps")
        heading = page.get_by_role("heading", level=1)
        assert await heading.inner_text() == "Incomplete: security read 0 of 34 hunks; 1 high"
        await page.get_by_role("button", name="Try again").click()
        await page.wait_for_url(f"{served.url}/reviews/gaps%2B")
        assert list(served.jobs.rows)[-1] == "gaps+"
        await page.get_by_role("link", name="Triptych").click()
        await page.wait_for_url(f"{served.url}/")
        await page.get_by_role("link", name="Open the review of acme/shop#128", exact=True).click()
        fold = page.locator("details", has_text="2 dropped here").first
        assert not await fold.get_by_text("jobs/export.py:88").is_visible()
        await fold.locator("summary").click()
        assert await fold.get_by_text("jobs/export.py:88").is_visible()
        await page.get_by_text("The same as a table").click()
        assert await page.get_by_text("lost after 9.4 s (529)").is_visible()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{served.url}/")
        assert await page.get_by_role("heading", name="Sign in").is_visible()


SHOWN = {
    "status": "/",
    "given-up": "/?state=dead",
    "incomplete": "/?outcome=incomplete",
    "none": "/?state=dead&outcome=incomplete",
    "review": "/reviews/whole",
    "review-gaps": "/reviews/gaps",
    "review-failed": "/reviews/failed",
    "review-running": "/reviews/run",
    "review-hostile": "/reviews/hostile",
    "missing": "/reviews/none",
}


@pytest.mark.parametrize("width", [1280, 834, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_by_everybody(visit: Visit, width: int, scheme: str) -> None:
    async with pages() as served:
        page = await visit(
            width, color_scheme=scheme, extra_http_headers={"Authorization": f"Bearer {TOKEN}"}
        )
        found = {}
        for name, path in SHOWN.items():
            await page.goto(served.url + path)
            await shoot(page, f"{name}-{scheme}-{width}")
            found[name] = await faults(page)
        assert found == {name: [] for name in SHOWN}


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_sign_in_can_be_read_by_everybody(visit: Visit, width: int) -> None:
    async with pages() as served:
        for scheme in ("light", "dark"):
            page = await visit(width, color_scheme=scheme)
            await page.goto(served.url)
            await page.get_by_label("Operator’s token").fill("wrong")
            await page.get_by_role("button").click()
            await shoot(page, f"sign-in-{scheme}-{width}")
            assert await faults(page) == []


async def test_no_text_of_a_change_runs_or_loads_anything(visit: Visit) -> None:
    """`visit` fails as well when the browser refuses anything: there must be nothing to refuse."""
    async with pages() as served:
        page = await visit(extra_http_headers={"Authorization": f"Bearer {TOKEN}"})
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url))
        for path in ("/", "/reviews/hostile"):
            await page.goto(served.url + path)
            assert "Triptych" in await page.title()
            assert await page.locator("script, img, iframe").count() == 0
        own = [url for url in asked if not url.startswith("data:")]
        assert own == [f"{served.url}/", f"{served.url}/reviews/hostile"]


async def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    visit: Visit,
) -> None:
    async with pages() as served:
        page = await visit(extra_http_headers={"Authorization": f"Bearer {TOKEN}"})
        await page.goto(f"{served.url}/reviews/gaps")
        names = []
        for _ in range(6):
            await page.keyboard.press("Tab")
            names.append(await page.evaluate("document.activeElement.innerText"))
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
        assert names == [
            *("To the content", "Triptych", "Sign out", "acme/shop#127", "Try again"),
            "The same as a table",
        ]


async def test_a_link_on_another_site_finds_the_session(visit: Visit) -> None:
    async with pages() as served:
        port = served.url.rpartition(":")[2]
        ours, theirs = f"http://localhost:{port}", f"http://github.acme.net:{port}"
        page = await visit(java_script_enabled=False)
        await page.goto(ours)
        await page.get_by_label("Operator’s token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{ours}/")
        await page.goto(f"{theirs}/elsewhere?to={ours}/reviews/whole")
        await page.get_by_role("link").click()
        await page.get_by_role("heading", name="4 findings").wait_for()


async def test_the_picture_has_one_form_for_each_width(visit: Visit) -> None:
    async with pages() as served:
        for width, seen in ((1280, "wide"), (360, "narrow")):
            page = await visit(width, extra_http_headers={"Authorization": f"Bearer {TOKEN}"})
            await page.goto(f"{served.url}/reviews/whole")
            for name in ("wide", "narrow"):
                picture = page.locator(f"svg.timeline.{name}")
                assert await picture.is_visible() is (name == seen)
                if name == seen:
                    box = await picture.bounding_box()
                    assert box is not None
                    assert box["width"] > 0.8 * min(width, 1056)
