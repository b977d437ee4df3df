"""Files that hold secrets: written whole or not at all, for nobody but their owner."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from bot.errors import ConfigProblem

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def keep_secret(file: Path, text: str) -> None:
    """Write `text` with mode 0600 in a folder of mode 0700, in place of what stood there.

    Whoever reads at that moment sees the old text or the new one, after a crash too. ConfigProblem
    when it cannot be written; no part of `text` is in it.
    """
    try:
        _written(file, text).replace(file)
        _settle(file.parent)
    except OSError as e:
        raise _unwritable(file, e) from None


def keep_first(file: Path, text: str) -> bool:
    """The same where no such file is yet; False, and nothing is written, where there is one."""
    try:
        draft = _written(file, text)
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        _settle(file.parent)
    except OSError as e:
        raise _unwritable(file, e) from None
    return True


def check_writable(file: Path) -> None:
    """ConfigProblem where `keep_secret` would fail: to be asked before what cannot be asked twice."""
    try:
        _written(file, "").unlink()
    except OSError as e:
        raise _unwritable(file, e) from None


def _written(file: Path, text: str) -> Path:
    """A file beside the one that is meant, with all of its text on the disk."""
    _make_private(file.parent)
    handle, name = tempfile.mkstemp(
        prefix=f".{file.name}.", dir=file.parent
    )  # Mode 0600 from birth.
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _make_private(folder: Path) -> None:
    """The folder, for its owner alone. One that is not ours, or is everybody's (/tmp), stays as it is."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    now = folder.stat()
    if now.st_uid == os.geteuid() and not now.st_mode & stat.S_ISVTX:
        folder.chmod(PRIVATE_FOLDER)


def _settle(folder: Path) -> None:
    """The new name itself survives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(file: Path, error: OSError) -> ConfigProblem:
    return ConfigProblem(
        f"{file} cannot be written: {error.strerror or error}.",
        "Let TRIPTYCH_HOME name a folder that belongs to the user who runs the server.",
    )
