"""What GitHub has told the App, and which of it never arrived.

GitHub does not repeat a failed delivery by itself. It keeps them for three days, and on request
sends one again under the same GUID (facts/reliability.md, section 0, conclusion 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT_SECONDS = 3 * 24 * 3600.0
"""How long GitHub can send a delivery again."""
MOST_ATTEMPTS = 5
"""A delivery that we refused so often is not worth another, unless a person asks for it."""


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

    @property
    def name(self) -> str:
        """`pull_request.opened`, or the event alone."""
        return f"{self.event}.{self.action}" if self.action else self.event


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    """A delivery of GitHub's list. ValueError, KeyError or TypeError when it is none."""
    return Delivery(
        int(row["id"]),
        str(row["guid"]),
        datetime.fromisoformat(row["delivered_at"]).timestamp(),
        int(row["status_code"] or 0),
        str(row["status"] or ""),
        str(row["event"]),
        str(row["action"] or ""),
        int(row["installation_id"] or 0),
        int(row["repository_id"] or 0),
        bool(row["redelivery"]),
    )


def lost(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Of each event that never arrived the last attempt, oldest event first."""
    return tuple(tries[-1] for tries in _unarrived(deliveries))


def missed(deliveries: Iterable[Delivery]) -> tuple[int, ...]:
    """The ids of those that are to be asked for again without anybody's asking."""
    return tuple(tries[-1].id for tries in _unarrived(deliveries) if len(tries) < MOST_ATTEMPTS)


def _unarrived(deliveries: Iterable[Delivery]) -> list[list[Delivery]]:
    """The attempts of each event that never arrived; events in the order of their first attempt."""
    attempts: dict[str, list[Delivery]] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.at, d.id)):
        attempts.setdefault(delivery.guid, []).append(delivery)
    return [tries for tries in attempts.values() if not any(d.arrived for d in tries)]
