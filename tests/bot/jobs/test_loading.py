"""What is loaded beside the start of a process: it holds nobody up, and the collector leaves it alone."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from bot.app_settings import AppSettings
from bot.jobs.loading import Loading, load
from bot.jobs.service import AtWork, Service
from bot.jobs.store import Store
from bot.jobs.transactions import open_database

SLOW = "import tests.bot.jobs.test_loading as here\nhere.GATE.wait(10)\n"
GATE = threading.Event()


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that is loaded as soon as the gate is open."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_slow_one.py").write_text(SLOW)
    GATE.clear()
    yield "a_slow_one"
    GATE.set()
    sys.modules.pop("a_slow_one", None)
    gc.unfreeze()


async def loaded(loading: Loading) -> None:
    """Until it is over, well or not."""
    async with asyncio.timeout(10):
        while "still" in loading.why:
            await asyncio.sleep(0.01)


async def test_a_process_is_ready_when_all_is_loaded(slow: str, tmp_path: Path) -> None:
    app = AppSettings(tmp_path, f"sqlite:///{tmp_path}/t.db")

    class Shop:
        """Whose loop goes on."""

        async def run(self, work: Any) -> None:
            """At once."""
            await work

    class Crew:
        """At work."""

        is_lost = False

    loading = Loading(slow)
    async with AsyncExitStack() as closing:
        store = Store(open_database(app))
        closing.push_async_callback(store.close)
        at_work = cast(Any, AtWork(cast(Any, Shop()), cast(Any, Crew()), loading))
        service = Service(store, cast(Any, None), app, closing, at_work)
        assert await service.ready() == "a_slow_one is still being loaded"
        GATE.set()
        await loaded(loading)
        assert await service.ready() == ""


async def test_what_cannot_be_loaded_is_told(slow: str, tmp_path: Path) -> None:
    """Whatever a library raises."""
    (tmp_path / "a_slow_one.py").write_text("raise TypeError('of another version')")
    for module, why in (("no_such_module", "No module named"), (slow, "of another version")):
        loading = Loading(module)
        await loaded(loading)
        assert loading.why.startswith(f"{module} cannot be loaded ({why}")


def test_the_collector_leaves_alone_what_was_loaded_once(slow: str) -> None:
    """It would look through all of it every few hundred events, while nobody is answered."""
    GATE.set()
    gc.unfreeze()
    load(slow)
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
    load(slow)
    assert gc.get_freeze_count() == 0, "once a process: what came later may go again"
