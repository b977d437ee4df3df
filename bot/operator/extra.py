"""What only a server has installed: said in two sentences where it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import UsageProblem

OURS = ("bot", "reviewers")


@contextmanager
def server_extra() -> Iterator[None]:
    """A module of the extra `server` that is not there is a UsageProblem, not a traceback."""
    try:
        yield
    except ModuleNotFoundError as e:
        name = (e.name or "").partition(".")[0]
        if not name or name in OURS:
            raise
        raise UsageProblem(
            f"The server's part is not installed ({name} is missing).",
            "Install the extra `server`: in a clone, pip install '.[server]'.",
        ) from e
