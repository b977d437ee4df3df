"""What a call costs. USD per million tokens, as the vendor's model pages had them in November 2026.

From facts/libraries.md section 1.2; an operator's own table (`TRIPTYCH_PRICES`) goes before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reviewers.core.call import Usage

CHARS_PER_TOKEN = 3.5
"""For estimates before a call; code takes fewer characters a token than prose (4). Of other alphabets a
character may be a token, or several: `most_tokens`."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens: fresh input, written to the cache (5 minutes), read from it, output."""

    input: float
    write: float
    read: float
    output: float


PRICES: Mapping[str, Price] = {
    "claude-fable-5-2": Price(8, 10, 0.20, 40),
    "claude-fable-5-1": Price(10, 12.50, 0.25, 50),
    "claude-opus-5-5": Price(4, 5, 0.20, 20),
    "claude-opus-5": Price(5, 6.25, 0.50, 25),
    "claude-sonnet-5-5": Price(2, 2.50, 0.10, 10),
    "claude-haiku-5-5": Price(0.10, 0.125, 0.01, 0.50),
    "claude-haiku-4-5": Price(1, 1.25, 0.10, 5),
}

LONG_PROMPT = 100_000
LONG: Mapping[str, Price] = {"claude-haiku-5-5": Price(0.50, 0.625, 0.05, 2.50)}
"""Models whose whole request costs more when its prompt (cache included) is above 100,000 tokens."""


def price_of(model: str, prompt: int, own: Mapping[str, Price]) -> Price | None:
    """The price of a call with so many prompt tokens; None for a model that is in no table."""
    if model in own:
        return own[model]
    if prompt > LONG_PROMPT and model in LONG:
        return LONG[model]
    return PRICES.get(model)


def cost(usage: Usage, model: str, own: Mapping[str, Price]) -> float | None:
    """USD of what was used, None where the price is not known."""
    price = price_of(model, usage.prompt, own)
    if price is None:
        return None
    total = (
        usage.uncached * price.input
        + usage.written * price.write
        + usage.read * price.read
        + usage.out * price.output
    )
    return total / 1_000_000


def tokens(characters: int) -> int:
    """About how many tokens so many characters are."""
    return int(characters / CHARS_PER_TOKEN) + 1


def most_tokens(text: str) -> int:
    """How many tokens a text can be: of what is not ASCII two bytes are one, so a Chinese character is
    one and a half.

    Text of rare characters alone can be twice that. It is known when the first answer on a prompt begins,
    and holds from then on.
    """
    plain = len(text.encode("ascii", "ignore"))
    return tokens(plain) + math.ceil((len(text.encode("utf-8", "replace")) - plain) / 2)
