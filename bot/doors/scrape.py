"""`/metrics`, on an address of its own: for the operator's Prometheus, not for the internet."""

from __future__ import annotations

import asyncio
import re

import structlog
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.doors.binding import why_not
from bot.doors.webhook import nameless
from bot.errors import ConfigProblem
from bot.jobs.protocol import Jobs, JobsProblem
from bot.metrics import Metrics

OFF = "off"
FIGURES_SECONDS = 3.0

_BIND = re.compile(r"(?P<host>[^\s:/]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def make_scrape(metrics: Metrics, jobs: Jobs) -> web.Application:
    """The application that answers GET /metrics. A queue that does not answer leaves its gauges out."""

    async def show(_: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(FIGURES_SECONDS):
                figures = await jobs.figures()
        except (TimeoutError, JobsProblem):
            figures = None
        answer = web.Response(body=metrics.page(figures))
        answer.headers["Content-Type"] = CONTENT_TYPE_PLAIN_0_0_4
        return answer

    app = web.Application()
    app.add_routes([web.get("/metrics", show)])
    app.on_response_prepare.append(nameless)
    return app


def bind_of(text: str) -> tuple[str, int] | None:
    """Host and port of TRIPTYCH_METRICS; None for `off`."""
    if text.lower() == OFF:
        return None
    found = _BIND.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise ConfigProblem("TRIPTYCH_METRICS is no HOST:PORT.", f"Give one, or `{OFF}`.")
    return found["host"].strip("[]"), int(found["port"])


async def start_scrape(metrics: Metrics, jobs: Jobs, bind: str) -> web.AppRunner | None:
    """Answer there. None where that is off or taken: another worker of this machine has it."""
    place = bind_of(bind)
    if place is None:
        return None
    runner = web.AppRunner(make_scrape(metrics, jobs), access_log=None, keepalive_timeout=30)
    await runner.setup()
    log = structlog.get_logger("serve")
    try:
        await web.TCPSite(runner, *place).start()
    except (OSError, UnicodeError) as e:
        do = "Set TRIPTYCH_METRICS to another HOST:PORT, or to off."
        log.warning("no metrics", host=place[0], port=place[1], why=why_not(e), do=do)
        await runner.cleanup()
        return None
    log.info("metrics", host=place[0], port=runner.addresses[0][1])
    return runner
