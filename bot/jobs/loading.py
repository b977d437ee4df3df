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
        self._task = asyncio.create_task(asyncio.to_thread(load, module))
        self._task.add_done_callback(self._seen)

    @property
    def why(self) -> str:
        """Why it cannot be used, for people; "" when it can."""
        if not self._task.done():
            return f"{self._module} is still being loaded"
        if self._task.cancelled():
            return f"{self._module} was not loaded"
        error = self._task.exception()
        return f"{self._module} cannot be loaded ({error})" if error else ""

    def _seen(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # The start has failed for another reason, which is told.
            return
        if self.why:
            log.error("loading.failed", why=self.why)
        else:
            log.info("loaded", what=self._module)


def load(module: str) -> None:
    """Import it, and keep the garbage collector from all that is there then, nearly all of it for good:
    it would look through a quarter of a million objects every few hundred events, for 160 ms in which
    nobody is answered.
    """
    if module in sys.modules:
        return
    import_module(module)
    gc.freeze()
