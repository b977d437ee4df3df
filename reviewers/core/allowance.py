"""A limit in money, and what is left of it."""

from __future__ import annotations

import math
from dataclasses import dataclass


def amount(usd: float) -> str:
    """USD for people: `0.41`, and of less than a cent as much as is to be seen: `0.0029`."""
    if not 0.0 < usd < 0.01:
        return f"{usd:.2f}"
    return f"{max(usd, 0.0001):.4f}".rstrip("0")


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit in USD with what is spent of it already. `what` and `key` name it for people.

    `what` ends the sentence "the budget of N USD for ... is reached"; `key` is the setting that
    raises it. A `firm` limit holds where a price is not known, too: then no call is made. `needed` is
    what one call can cost, where that is more than the limit and nothing is spent of it: such a limit
    is not reached, it is too small.
    """

    limit: float
    what: str
    key: str = ""
    spent: float = 0.0
    firm: bool = False
    needed: float = 0.0

    @property
    def left(self) -> float:
        """What is still there."""
        return max(0.0, self.limit - self.spent)

    def __str__(self) -> str:
        budget = f"the budget of {amount(self.limit)} USD for {self.what}"
        if self.needed:
            return f"one call can cost {_at_most(self.needed)} USD, more than {budget}"
        return f"{budget} is reached"


def _at_most(usd: float) -> str:
    """Rounded up: what is more than a limit also reads as more."""
    unit = 100 if usd >= 0.01 else 10_000
    return amount(math.ceil(usd * unit) / unit)
