"""What GitHub has told the App, and which of it never arrived.

GitHub does not repeat a failed delivery by itself, and can be asked again for three days. A
redelivery has the GUID of the first attempt (facts/reliability.md, section 0, conclusion 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

REDELIVERABLE = 3 * 24 * 3600.0
"""Seconds for which GitHub keeps a delivery to be asked for again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt. `at` is in seconds since the epoch, `code` the HTTP status (0: no answer)."""

    id: int
    guid: str
    event: str
    action: str
    status: str
    code: int
    at: float
    redelivery: bool
    repository_id: int = 0

    @property
    def failed(self) -> bool:
        """Whether the server did not take it."""
        return not 200 <= self.code < 300

    @property
    def name(self) -> str:
        """`pull_request.opened`, or the event alone."""
        return f"{self.event}.{self.action}" if self.action else self.event


def read_delivery(row: Mapping[str, Any]) -> Delivery:
    """A row of GitHub's list. ValueError, KeyError or TypeError when it is none."""
    return Delivery(
        id=int(row["id"]),
        guid=str(row["guid"]),
        event=str(row["event"]),
        action=str(row.get("action") or ""),
        status=str(row.get("status") or ""),
        code=int(row.get("status_code") or 0),
        at=datetime.fromisoformat(str(row["delivered_at"])).timestamp(),
        redelivery=bool(row.get("redelivery")),
        repository_id=int(row.get("repository_id") or 0),
    )


def missed(deliveries: Iterable[Delivery], now: float) -> list[Delivery]:
    """The newest attempt of each event that never arrived and can be asked for again, oldest first."""
    arrived: set[str] = set()
    newest: dict[str, Delivery] = {}
    for delivery in deliveries:
        if not delivery.failed:
            arrived.add(delivery.guid)
        known = newest.get(delivery.guid)
        if known is None or (delivery.at, delivery.id) > (known.at, known.id):
            newest[delivery.guid] = delivery
    lost = (d for guid, d in newest.items() if guid not in arrived)
    return sorted((d for d in lost if now - d.at <= REDELIVERABLE), key=lambda d: (d.at, d.id))
