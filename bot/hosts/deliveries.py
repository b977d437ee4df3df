"""Webhooks that GitHub sent and we did not take: which, and asking for them again (case S12).

GitHub does not repeat a delivery by itself. It keeps them for three days, and on request sends one
again under the same GUID.
"""

from __future__ import annotations

import contextlib

import gidgethub

from bot.delivery import KEPT_SECONDS, Delivery, delivery_of
from bot.errors import HostProblem
from bot.hosts.http import told
from bot.hosts.identity import AsApp

MOST = 10_000
"""Deliveries that are looked through at once: a hundred requests."""


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
        except (KeyError, ValueError, TypeError) as e:
            raise HostProblem(
                "GitHub's list of deliveries cannot be read.", "Check GITHUB_API_URL."
            ) from e
        return tuple(found)

    async def redeliver(self, delivery: int) -> None:
        """Ask GitHub to send it again. MissingProblem when it is kept no longer."""
        try:
            await self._app.post(f"/app/hook/deliveries/{delivery}/attempts", data=b"")
        except gidgethub.HTTPException as e:
            raise told(e, f"send delivery {delivery} again") from e
