"""A limit in money, and what is left of it."""

from __future__ import annotations

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
    raises it. A `firm` limit holds where a price is not known, too: then no call is made.
    """

    limit: float
    what: str
    key: str = ""
    spent: float = 0.0
    firm: bool = False

    @property
    def left(self) -> float:
        """What is still there."""
        return max(0.0, self.limit - self.spent)

    def __str__(self) -> str:
        return f"the budget of {amount(self.limit)} USD for {self.what} is reached"
