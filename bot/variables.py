"""The environment's variables: the names that Triptych reads (what is none of them is a mistake), and
the numbers in them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from bot.errors import ConfigProblem
from bot.slips import meant

OURS = "TRIPTYCH_"
KNOWN = frozenset(
    OURS + name
    for name in (
        *(
            "ALLOWED_ACCOUNTS",
            "ALLOWED_MODELS",
            "APP_ID",
            "APP_PRIVATE_KEY",
            "APP_PRIVATE_KEY_FILE",
        ),
        *("CALLS_AT_ONCE", "CALLS_EVERYWHERE", "DATABASE_URL", "DEBOUNCE", "ENGINE", "HOME"),
        *("MAX_COST", "MAX_COST_DAY", "MAX_COST_DAY_INSTALLATION", "MAX_COST_DAY_REPOSITORY"),
        "MAX_COST_PULL_REQUEST",
        *("MAX_PROMPTS", "MAX_REVIEWERS", "MAX_ROUNDS", "MAX_VOTES", "METRICS", "MODEL_PLATFORM"),
        *("OPERATOR_TOKEN", "PRICES", "PUBLIC_URL", "PYTHON", "RETENTION_DAYS"),
        *("REVIEWS_AT_ONCE", "REVIEWS_PER_HOUR", "SEAL_KEY", "WEBHOOK_SECRET", "WORKER"),
    )
)
INPUTS = "TRIPTYCH_INPUT_"
"""How those begin that `action.yml` sets: it is the only one to set them."""

_LIKE = 0.85
"""How much a variable that nobody reads is like the one that is meant: what all of ours begin with
counts, too.
"""
SHOWN = 40
"""Characters of a wrong value that an error shows."""


def count(env: Mapping[str, str], name: str, default: int) -> int:
    """A whole number above 0; `default` where the variable is not set. ConfigProblem for anything else."""
    text = env.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", text):
        raise ConfigProblem(f"{name} is {text[:SHOWN]!r}.", "Use a whole number above 0.")
    return int(text)


def amount(env: Mapping[str, str], name: str, what: str = "an amount in USD") -> float | None:
    """A number that is not negative; None where the variable is not set. ConfigProblem for anything
    else: infinity and what is no number bound nothing.
    """
    text = env.get(name, "").strip()
    if not text:
        return None
    value = decimal(text)
    if not math.isfinite(value) or value < 0:
        raise ConfigProblem(f"{name} is {text[:SHOWN]!r}.", f"Use {what}, 0 or more.")
    return value


def decimal(text: str) -> float:
    """A number as people write one, NaN for anything else. Python reads `0_5` as 5, ten times of what a
    hand meant that missed the point.
    """
    try:
        return math.nan if "_" in text or not text.isascii() else float(text)
    except ValueError:
        return math.nan


def secret(env: Mapping[str, str], *names: str) -> str:
    """A key or token, of the first of these variables that is set; "" where none is. ConfigProblem where
    it holds what no header can carry.
    """
    name = next((n for n in names if env.get(n, "").strip()), "")
    text = env.get(name, "").strip()
    if not text.isprintable():
        raise ConfigProblem(
            f"{name} holds a line break or another character that nobody sees, so it is no key.",
            "Copy it anew, as one line.",
        )
    return text


def unknown(names: Iterable[str]) -> tuple[str, ...]:
    """Which of some variables look like ours and are read by nobody, in order."""
    return tuple(
        sorted(
            name
            for name in names
            if name.startswith(OURS) and name not in KNOWN and not name.startswith(INPUTS)
        )
    )


def slips(names: Iterable[str]) -> tuple[str, ...]:
    """A sentence for people on each of some variables that nobody reads: what was to be bounded by it
    is not.
    """
    told = ((name, slip_of(name)) for name in unknown(names))
    return tuple(f"Nobody reads {n}.{f' Is {near} meant?' if near else ''}" for n, near in told)


def slip_of(name: str) -> str:
    """The variable that an unknown one may be a slip of, "" for none: then it may be somebody else's."""
    return meant(name, sorted(KNOWN), _LIKE)
