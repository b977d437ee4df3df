"""What a process will need and takes a second to load: loaded beside its start, before it is ready."""

from __future__ import annotations

import asyncio
import gc
import sys
from importlib import import_module

import structlog

ASKS_MODELS = "reviewers.engines.claude.engine"
"""What asks models, with the vendor's library: some 3,000 modules."""

log = structlog.get_logger("triptych.jobs")


class Loading:
    """A module on its way in, in a thread. It is loaded once a process, like any other."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._failed = ""
        self._task = asyncio.create_task(self._load())

    @property
    def why(self) -> str:
        """Why it cannot be used, for people; "" when it can."""
        return self._failed if self._task.done() else f"{self._module} is still being loaded"

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(load, self._module)
        except ImportError as e:
            self._failed = f"{self._module} cannot be loaded ({e})"
            log.exception("loading.failed", module=self._module)


def load(module: str) -> None:
    """Import it. What is there then stays for good, and the garbage collector leaves it alone: it would
    look through a million objects every few hundred events, for 160 ms in which nobody is answered.
    """
    if module in sys.modules:
        return
    import_module(module)
    gc.freeze()
