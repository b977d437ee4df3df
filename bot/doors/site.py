"""What a browser finds beside the webhook: the setup page until there is an App, the operator's pages."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from aiohttp import web

from bot.doors.pages import page_routes
from bot.doors.serve import House
from bot.doors.setup import new_token, setup_link, setup_routes
from bot.doors.sign_in import operator_token


def site(house: House) -> Iterable[web.AbstractRouteDef]:
    """The routes of both. Tells on standard output how to get in, for whoever has started us.

    Not in the log: a log is kept and collected, and the link of the setup page opens it.
    """
    app = house.state.settings
    say = structlog.get_logger("serve").info
    once = new_token()
    if not app.has_app:
        _tell(f"Set the GitHub App up: {setup_link(house.address, once)}")
    token, file = operator_token(app)
    if file is not None:
        say("operator.token", note=f"in {file}")
        _tell(f"The operator's pages: {house.address}/ (the token is in {file})")
    return [
        *setup_routes(house.settings, app, house.reload, token=once),
        *page_routes(house.settings, app, house.state.jobs, token=token),
    ]


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for a person at a terminal
