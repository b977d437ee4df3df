"""What is built in. A reviewer or an analyser is one file, and its import and its name here. An engine is
one module and its line here, and who decides which engines look (the policy) must name it.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.reviewer import Reviewer
from reviewers.correctness import CORRECTNESS
from reviewers.engines.static.characters import Characters
from reviewers.engines.static.credentials import Credentials
from reviewers.engines.static.ruff import Ruff
from reviewers.engines.static.steering import Steering
from reviewers.protocols import Analyser, Brief, Engine
from reviewers.security import SECURITY
from reviewers.style import STYLE

REVIEWERS: tuple[Reviewer, ...] = (SECURITY, STYLE, CORRECTNESS)

ANALYSERS: tuple[Analyser, ...] = (Ruff(), Credentials(), Characters(), Steering())


def analysers(configuration: str) -> tuple[Analyser, ...]:
    """All of them, where that path names the configuration which steers the review."""
    return tuple(Steering(configuration) if isinstance(a, Steering) else a for a in ANALYSERS)


ENGINES = {
    STATIC: "reviewers.engines.static.engine",
    CLAUDE: "reviewers.engines.claude.engine",
}
"""Modules with `build(brief) -> Engine`; loaded when used, for `anthropic` takes 2 s and 84 MiB."""


async def build_engine(name: str, brief: Brief) -> Engine:
    """The engine of that name for one review.

    Its module is loaded in a thread: while another one loads it already, the event loop goes on.
    """
    module = await asyncio.to_thread(import_module, ENGINES[name])
    engine: Engine = module.build(brief)
    return engine
