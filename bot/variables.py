"""The names of the environment's variables that Triptych reads: what is none of them is a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

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


def unknown(names: Iterable[str]) -> tuple[str, ...]:
    """Which of some variables look like ours and are read by nobody, in order."""
    return tuple(
        sorted(
            name
            for name in names
            if name.startswith(OURS) and name not in KNOWN and not name.startswith(INPUTS)
        )
    )


def slip_of(name: str) -> str:
    """The variable that an unknown one may be a slip of, "" for none: then it may be somebody else's."""
    return next(iter(get_close_matches(name, sorted(KNOWN), 1, 0.85)), "")
