"""One Chromium a test, and the servers that it visits."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    "--host-resolver-rules=MAP *.acme.net 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, "
    "EXCLUDE localhost",
)
"""No name but ours is known to this browser, so nothing can be loaded from elsewhere."""
SHOTS = "TRIPTYCH_SHOTS"
"""Names a folder for screenshots."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium; the test skips, and says why, where it or Playwright is missing."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("Playwright is not installed: pip install -e '.[browser]'")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=60_000
        )
        yield found
        await found.close()


Visit = Callable[..., Any]


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Opens a page of its own profile; what the browser complains about fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    async def opened(width: int = 1280, **more: Any) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda m: complaints.append(m.text) if _is_bad(m.type, m.text) else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert complaints == []


def _is_bad(kind: str, text: str) -> bool:
    """A refused resource or script; that a page has the status 401 is what some tests want."""
    return kind in ("error", "warning") and not re.search(r"status of 4\d\d", text)


async def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants to look at it."""
    if folder := os.environ.get(SHOTS):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
