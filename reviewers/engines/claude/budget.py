"""Money is asked for before each call, and given back after it. Never spent first and counted later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from reviewers.core.allowance import Allowance


class Budget:
    """The allowances of one review. A call reserves the most it can cost, then pays what it did."""

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        self._tightest = min(allowances, key=lambda a: a.left, default=None)
        self._firm = next((a for a in allowances if a.firm), None)
        self._spent = 0.0
        self._reserved = 0.0
        self._changed = asyncio.Condition()
        self.reached: Allowance | None = None

    @property
    def left(self) -> float | None:
        """USD that nobody has spent or reserved, None without a limit."""
        if self._tightest is None:
            return None
        return self._tightest.left - self._spent - self._reserved

    async def reserve(self, amount: float | None) -> bool:
        """Set `amount` aside; waits for running calls to give back what they did not need.

        False when it does not fit and no running call can change that; then `reached` says which
        allowance it was. An unknown amount (None) fits where no limit is firm.
        """
        if self._tightest is None:
            return True
        if amount is None:
            self.reached = self._firm
            return self._firm is None
        async with self._changed:
            while self._spent + self._reserved + amount > self._tightest.left:
                if self._reserved <= 0 or self._spent + amount > self._tightest.left:
                    self.reached = self._too_small(self._tightest, amount)
                    return False
                await self._changed.wait()
            self._reserved += amount
        return True

    def _too_small(self, limit: Allowance, amount: float) -> Allowance:
        """A limit that refuses a call of `amount`: where nothing is spent of it, it tells of that call."""
        is_used = limit.spent or self._spent or self._reserved
        return limit if is_used else replace(limit, needed=amount)

    async def correct(self, reserved: float, needed: float) -> None:
        """Set aside what a running call needs, now that more is known of it than at its start."""
        async with self._changed:
            self._reserved += needed - reserved
            self._changed.notify_all()

    async def pay(self, reserved: float | None, spent: float | None) -> None:
        """Give back what was set aside, count what was really spent."""
        async with self._changed:
            self._reserved -= reserved or 0.0
            if abs(self._reserved) < 1e-12:
                self._reserved = 0.0
            self._spent += spent or 0.0
            self._changed.notify_all()
