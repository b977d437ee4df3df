"""The operator's own key: it seals what is posted, and names runs and fences so that nobody can guess.

It outlives the App's private key, which is replaced now and then: with a new one nothing that stands
on GitHub would be known for ours any more.
"""

from __future__ import annotations

import hashlib
import hmac

import structlog

from bot.app_settings import SEAL_FILE, AppSettings
from bot.errors import ConfigProblem
from bot.jobs.store import Store
from bot.outputs.seal import key_of
from bot.secret_file import keep_first

SEAL = "seal"
"""Under which the database remembers the fingerprint of the key that was used last."""
COSTS = (
    "What was posted under the other is not known for ours: it is reviewed, and paid for, again."
)

log = structlog.get_logger("triptych.jobs")


def seal_key(app: AppSettings) -> bytes:
    """The key as 32 bytes: TRIPTYCH_SEAL_KEY, else what stands in TRIPTYCH_HOME/seal-key.

    The file is made at the first start with an App, from its key of that moment, so that several
    machines make the same one. ConfigProblem where it can be neither made nor read.
    """
    return key_of(app.seal_key or _stored(app))


def would_be_seal_key(app: AppSettings) -> bytes:
    """The same without making a file: the key that a start would use."""
    return key_of(app.seal_key or _read(app) or _made(app))


def fingerprint(key: bytes) -> str:
    """By which two keys are told apart, and nobody can make one: 16 hex digits."""
    return hmac.new(key, b"triptych seal key", hashlib.sha256).hexdigest()[:16]


async def compare_seal(store: Store, key: bytes) -> None:
    """Warn where the last worker that started had another key; the newest start is what counts."""
    mine, theirs = fingerprint(key), await store.recall(SEAL)
    if theirs not in ("", mine):
        log.warning(
            "seal.other",
            what=f"The worker that started before this one had another seal key. {COSTS}",
            do="Set the same TRIPTYCH_SEAL_KEY for all. If it was changed on purpose, restart them all: "
            "this is said once then.",
        )
    if theirs != mine:
        await store.remember(SEAL, mine)


def _made(app: AppSettings) -> str:
    return hashlib.sha256(f"triptych seal {app.private_key}".encode()).hexdigest()


def _read(app: AppSettings) -> str:
    try:
        return (app.home / SEAL_FILE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _stored(app: AppSettings) -> str:
    file = app.home / SEAL_FILE
    made = _made(app)
    if keep_first(file, f"{made}\n"):
        return made
    text = _read(app)
    if not text:
        raise ConfigProblem(
            f"{file} cannot be read.", "Restore it from your backup, or set TRIPTYCH_SEAL_KEY."
        )
    return text
