"""Whether a job breaks the servers that run it, or only ran while something else did (case S76)."""

from __future__ import annotations

SUSPECT = 2
"""Lives in a row that broke while a job got no further: from then on it is alone when it is tried, for
until then others may have broken them."""
MOST_ATTEMPTS = SUSPECT + 3
"""Three more, and it is a dead letter."""
BLAME = 5.0
"""Seconds for which a server has lived before a suspect is tried in it, for each life that it had alone.
One that is killed from outside every few seconds does not live so long, and gives nobody up for it:
tests/bench/torture.py."""


def is_suspect(attempts: int) -> bool:
    """Whether a job of so many lives is to be alone with its likes."""
    return attempts >= SUSPECT


def wait_of(attempts: int, blame: float) -> float:
    """Seconds for which it lets others go first; `blame` for each life that it had alone."""
    return blame * max(0, min(attempts, MOST_ATTEMPTS) - SUSPECT)


def given_up(attempts: int) -> str:
    """Why it is not tried again, for people; "" where it is. The life that finds out is counted, too."""
    return (
        f"it broke this server {MOST_ATTEMPTS - SUSPECT} times" if attempts > MOST_ATTEMPTS else ""
    )
