"""Webhooks that GitHub sent and we did not take: which, and asking for them again (case S12).

GitHub does not repeat a delivery by itself. It keeps them for three days, and on request sends one
again under the same GUID.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import gidgethub

from bot.hosts.http import told
from bot.hosts.identity import AsApp

KEPT_SECONDS = 3 * 24 * 3600.0
"""How long GitHub can send a delivery again."""
MOST = 10_000
"""Deliveries that are looked through at once: a hundred requests."""
MOST_ATTEMPTS = 5
"""A delivery that we refused so often is not worth another."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event. `guid` is that of the event, `at` in seconds since the epoch.

    `status` is what we answered, 0 where GitHub did not reach us; `said` is GitHub's word for it.
    """

    id: int
    guid: str
    at: float
    status: int
    said: str
    event: str
    action: str = ""
    installation: int = 0
    repository: int = 0
    redelivery: bool = False

    @property
    def arrived(self) -> bool:
        """Whether we took it."""
        return 200 <= self.status < 300


def missed(deliveries: Iterable[Delivery]) -> tuple[int, ...]:
    """The deliveries to ask for again: of each event that never arrived the last one, oldest first."""
    attempts: dict[str, list[Delivery]] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.at, d.id)):
        attempts.setdefault(delivery.guid, []).append(delivery)
    return tuple(
        tries[-1].id
        for tries in attempts.values()
        if len(tries) < MOST_ATTEMPTS and not any(d.arrived for d in tries)
    )


class Deliveries:
    """The App's deliveries at GitHub. Failures are HostProblems."""

    def __init__(self, app: AsApp) -> None:
        self._app = app

    async def since(self, then: float) -> tuple[Delivery, ...]:
        """The deliveries since a time (seconds since the epoch), newest first, of three days at most."""
        then = max(then, self._app.key.now() - KEPT_SECONDS)
        found: list[Delivery] = []
        pages = self._app.getrows("/app/hook/deliveries?per_page=100")
        try:
            async with contextlib.aclosing(pages) as rows:
                async for row in rows:
                    delivery = delivery_of(row)
                    if delivery.at < then or len(found) >= MOST:
                        break
                    found.append(delivery)
        except gidgethub.HTTPException as e:
            raise told(e, "list the App's deliveries") from e
        return tuple(found)

    async def redeliver(self, delivery: int) -> None:
        """Ask GitHub to send it again. MissingProblem when it is kept no longer."""
        try:
            await self._app.post(f"/app/hook/deliveries/{delivery}/attempts", data=b"")
        except gidgethub.HTTPException as e:
            raise told(e, f"send delivery {delivery} again") from e


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    """A delivery of GitHub's list."""
    return Delivery(
        int(row["id"]),
        row["guid"],
        datetime.fromisoformat(row["delivered_at"]).timestamp(),
        int(row["status_code"] or 0),
        row["status"],
        row["event"],
        row["action"] or "",
        int(row["installation_id"] or 0),
        int(row["repository_id"] or 0),
        bool(row["redelivery"]),
    )
