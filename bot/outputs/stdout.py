"""Standard output: what its encoding has not is escaped, and a reader who has left is no error."""

from __future__ import annotations

import io
import sys

from bot.outputs.live import let_go


def write_out(text: str, encoding: str | None = None) -> None:
    """Write to standard output in an encoding (None: the locale's). OSError when it takes nothing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as e:
        let_go(sys.stdout)
        if not isinstance(e, BrokenPipeError):  # As by `| head`: who read it has seen enough.
            raise
