"""Holding siblings back until the shared prefix can be read from the cache.

An entry is readable only once the first answer begins; calls that start together all pay for
writing it (five calls on 60k tokens: 1.81 USD at once, 0.66 USD held back; design section 6).
"""

from __future__ import annotations

import asyncio

WAIT_SECONDS = 10.0
"""After this long a sibling goes without the cache rather than late."""


class Gate:
    """The first call through it leads; the others wait for its first sign, failure, or `patience`."""

    def __init__(self, patience: float = WAIT_SECONDS) -> None:
        self._patience = patience
        self._opened = asyncio.Event()
        self._led = False

    def lead(self) -> bool:
        """True for the first caller only."""
        led, self._led = self._led, True
        return not led

    def open(self) -> None:
        """Let the others go."""
        self._opened.set()

    async def wait(self) -> None:
        """Until it is open, or for `patience` seconds."""
        try:
            async with asyncio.timeout(self._patience):
                await self._opened.wait()
        except TimeoutError:
            return
