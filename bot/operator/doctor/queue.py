"""Doctor on the queue: jobs that were given up, and jobs that GitHub has kept waiting for long."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bot.app_settings import AppSettings
from bot.operator.doctor.check import Check, note, todo
from bot.operator.doctor.database import answer_of
from bot.outputs.words import plural

QUEUE = "Queue"
HOURS = 1
"""A job that was begun so long ago and is parked has met more than a limit that soon passes."""
DEAD = """
SELECT count(*) FROM triptych_jobs d WHERE d.state = 'dead' AND NOT EXISTS (
SELECT 1 FROM triptych_jobs n WHERE n.repository_id = d.repository_id AND n.number = d.number
AND n.created > d.created AND n.state = 'done' AND n."trigger" <> 'dispute')
"""
"""Where a newer job of the same pull request is done, nobody need look at it any more."""
PARKED = "SELECT count(*) FROM triptych_jobs WHERE state = 'parked' AND started < {:.0f}"


def look(app_settings: AppSettings) -> Iterator[Check]:
    """Nothing where nothing is wrong; a database that cannot be used is the database's own line."""
    since = time.time() - HOURS * 3600
    dead, parked = (answer_of(app_settings, q) for q in (DEAD, PARKED.format(since)))
    if dead and (number := dead[0][0]):
        yield todo(
            QUEUE,
            f"{plural(number, 'job')} {_were(number)} given up, and nothing was reviewed there since.",
            "See `triptych jobs list --state dead`; `triptych jobs retry ID` does one again.",
        )
    if parked and (number := parked[0][0]):
        yield note(
            QUEUE,
            f"{plural(number, 'job')} {_were(number)} begun over an hour ago and cannot go on yet.",
            "See `triptych jobs list --state parked` for why.",
        )


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
