"""A door that is really open, on a port of its own, before fake jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector, web

from bot.app_settings import AppSettings
from bot.doors.bodies import USUAL, Patience
from bot.doors.serve import listening
from bot.doors.state import ServerState
from bot.doors.webhook import make_door
from bot.metrics import Metrics
from tests.bot.doors.deliveries import SECRET, encoded, headers
from tests.fakes.jobs import FakeJobs

NOBODY = AppSettings(Path("/nonexistent"), "sqlite:////nonexistent/triptych.db")
APP = AppSettings(
    NOBODY.home,
    NOBODY.database_url,
    app_id="4242",
    slug="triptych",
    private_key="-----BEGIN PRIVATE KEY-----\nMIIabcdefghijklmnop\n-----END PRIVATE KEY-----\n",
    webhook_secrets=(SECRET,),
)


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Opened:
    """The door and what is behind it."""

    port: int
    session: ClientSession
    state: ServerState
    jobs: FakeJobs
    metrics: Metrics
    open_sockets: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def send(self, body: bytes, given: dict[str, str] | None = None) -> Answer:
        """POST /webhook."""
        return await self.ask(
            "POST",
            "/webhook",
            data=BytesIO(body),
            headers=headers(body) if given is None else given,
        )

    async def deliver(self, payload: Any, event: str = "pull_request", **more: str) -> Answer:
        """A signed payload."""
        body = encoded(payload)
        return await self.send(body, headers(body, event, **more))

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """Any request."""
        async with self.session.request(method, self.url + path, **more) as answer:
            return Answer(answer.status, await answer.text(), dict(answer.headers))

    async def connect(self, *heads: str) -> asyncio.StreamReader:
        """A connection on which these lines were sent, and nothing after them."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open_sockets.append(writer)
        writer.write("".join(f"{line}\r\n" for line in heads).encode())
        await writer.drain()
        return reader


@asynccontextmanager
async def opened(
    settings: AppSettings = APP,
    jobs: FakeJobs | None = None,
    *,
    patience: Patience = USUAL,
    more: Iterable[web.AbstractRouteDef] = (),
) -> AsyncIterator[Opened]:
    """An open door."""
    jobs = jobs or FakeJobs()
    state, metrics = ServerState(settings, jobs), Metrics("1.2.3")
    door = make_door(state, metrics=metrics, more=more, patience=patience)
    # As many connections as are asked for; a client has 100 otherwise.
    async with (
        ClientSession(connector=TCPConnector(limit=0)) as session,
        listening(door, "127.0.0.1", 0, 1.0) as runner,
    ):
        made = Opened(runner.addresses[0][1], session, state, jobs, metrics)
        try:
            yield made
        finally:
            for writer in made.open_sockets:
                writer.close()
