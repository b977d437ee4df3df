"""The server's modules log; a command shows only what went wrong, on standard error.

structlog's own default is standard output, where a command's data goes.
"""

from __future__ import annotations

import logging

import structlog

from bot.outputs.live import tell


class ToPeople:
    """A logger whose lines are for the person who runs the command."""

    def warning(self, message: str) -> None:
        """One line."""
        tell(message)

    error = critical = warning


def quiet() -> None:
    """Log to people, warnings and worse, for the rest of this process."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        processors=[structlog.processors.KeyValueRenderer(key_order=["event"])],
        logger_factory=lambda *_: ToPeople(),
    )
