"""What the doors of one server work with now. It changes while the server runs: an App is set up in
a browser, the server is told to stop.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.app_settings import AppSettings
from bot.jobs.protocol import Jobs

NO_APP = "no App is configured"
STOPPING = "the server is stopping"


@dataclass
class ServerState:
    """The App's settings as they are now, the jobs behind the doors, and whether it is closing."""

    settings: AppSettings
    jobs: Jobs
    stopping: bool = False

    @property
    def closed(self) -> str:
        """Why no delivery can be taken, "" when it can."""
        if self.stopping:
            return STOPPING
        return "" if self.settings.has_app else NO_APP


STATE = web.AppKey("state", ServerState)
"""Where every route finds it: `request.app[STATE]`."""
