"""The operator's own key: it seals what is posted, and names runs and fences so that nobody can guess.

It outlives the App's private key, which is replaced now and then: with a new one nothing that stands
on GitHub would be known for ours any more.
"""

from __future__ import annotations

import hashlib

from bot.app_settings import SEAL_FILE, AppSettings
from bot.errors import ConfigProblem
from bot.secret_file import keep_first


def seal_key(app: AppSettings) -> bytes:
    """The key as 32 bytes: TRIPTYCH_SEAL_KEY, else what stands in TRIPTYCH_HOME/seal-key.

    The file is made at the first start from the App's key of that moment, so that several machines
    make the same one. ConfigProblem where it can be neither made nor read.
    """
    text = app.seal_key or _stored(app)
    return hashlib.sha256(f"triptych {text}".encode()).digest()


def _stored(app: AppSettings) -> str:
    file = app.home / SEAL_FILE
    made = hashlib.sha256(f"triptych seal {app.private_key}".encode()).hexdigest()
    if keep_first(file, f"{made}\n"):
        return made
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise ConfigProblem(
            f"{file} cannot be read.", "Restore it from your backup, or set TRIPTYCH_SEAL_KEY."
        )
    return text
