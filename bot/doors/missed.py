"""What GitHub could not deliver, while nobody listened or could answer, is asked for again (case S12)."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.app_settings import AppSettings
from bot.delivery import missed
from bot.errors import HostProblem, LimitProblem, Problem
from bot.hosts.deliveries import Deliveries
from bot.hosts.http import make_session
from bot.hosts.identity import AppKey, AsApp
from bot.settings import Settings

log = structlog.get_logger("serve")


async def ask_for_missed(settings: Settings, read: Callable[[], AppSettings]) -> int:
    """Ask GitHub to send what never arrived in the last three days; returns how many events. `read`
    reads the App's settings, anew where GitHub refuses the key.

    All three days each time: so it is known how often an event was asked for already.

    They come by the door like any other, and what was done already is not done again. A failure is
    told in the log: the server serves all the same.
    """
    asked = 0
    try:
        async with make_session(settings) as session:
            deliveries = Deliveries(AsApp(session, settings, AppKey(read(), read)))
            for delivery in missed(await deliveries.since(0.0)):
                asked += await _asked(deliveries, delivery)
    except Problem as e:
        log.warning("missed.unknown", what=e.what, do=e.do)
    log.info("missed.asked", count=asked)
    return asked


async def _asked(deliveries: Deliveries, delivery: int) -> bool:
    """One that GitHub keeps no longer must not keep the others from being asked for."""
    try:
        await deliveries.redeliver(delivery)
    except LimitProblem:
        raise
    except HostProblem as e:
        log.warning("missed.lost", what=e.what)
        return False
    return True
