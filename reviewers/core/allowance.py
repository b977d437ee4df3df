"""A limit in money, and what is left of it."""

from __future__ import annotations

from dataclasses import dataclass


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
        return f"the budget of {self.limit:.2f} USD for {self.what} is reached"
