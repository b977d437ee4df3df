"""Doctor on the workers: does somebody do what waits, and by the seal key of this environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.app_settings import AppSettings
from bot.jobs.database import is_held, sqlite_file
from bot.jobs.limits import EXECUTORS, WORKER
from bot.jobs.seal_key import COSTS, SEAL, fingerprint, would_be_seal_key
from bot.operator.doctor.check import Check, note, ok, todo
from bot.operator.doctor.database import answer_of
from bot.outputs.words import listing, plural

WORKERS, KEY = "Workers", "Seal key"
USED = f"SELECT value FROM triptych_meta WHERE name = '{SEAL}'"  # noqa: S608 - a word of ours
WAITING = "SELECT count(*) FROM triptych_jobs WHERE state IN ('waiting', 'running', 'parked')"
"""Without a worker what runs waits, too."""
WORK_HERE = "Start `triptych serve` or `triptych worker`, here and with the same TRIPTYCH_HOME."
LIVING = f"""
SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = {EXECUTORS}
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY application_name
"""  # noqa: S608 - a number of ours
"""Each worker holds the lock of its name on a connection that bears it (bot/jobs/takeover.py)."""


def look(app_settings: AppSettings) -> Iterator[Check]:
    """A database that cannot be used is the database's own line."""
    if answer := answer_of(app_settings, WAITING):
        yield from _look_alive(app_settings, answer[0][0])
    if app_settings.has_app and (used := answer_of(app_settings, USED)):
        yield seal_check(used[0][0], fingerprint(would_be_seal_key(app_settings)))


def _look_alive(app_settings: AppSettings, waiting: int) -> Iterator[Check]:
    if not app_settings.on_sqlite:
        names = answer_of(app_settings, LIVING) or ()
        yield workers_check([name.removeprefix(WORKER) for (name,) in names], waiting)
    elif waiting and not is_held(app_settings):
        # Looked at only then: the lock is tried for a moment, which a server may be starting in.
        said = f"{_jobs(waiting)}, and no server works on {sqlite_file(app_settings)}."
        yield todo(WORKERS, said, WORK_HERE)


def workers_check(names: Sequence[str], waiting: int) -> Check:
    """`names` are those of the living."""
    if names:
        return ok(WORKERS, f"{plural(len(names), 'worker')} at work: {listing(names)}.")
    if waiting:
        return todo(
            WORKERS,
            f"{_jobs(waiting)}, and no worker runs.",
            "Start `triptych worker`, or `triptych serve` without --no-worker.",
        )
    return note(
        WORKERS,
        "No worker runs, and no job waits.",
        "Start `triptych worker`, or `triptych serve` without --no-worker.",
    )


def seal_check(used: str, mine: str) -> Check:
    """Two fingerprints: of the worker that started last, and of one that would start here."""
    if used == mine:
        return ok(KEY, "The one that the workers use.")
    return todo(
        KEY,
        f"Another one than that of the worker which started last. {COSTS}",
        "Set the same TRIPTYCH_SEAL_KEY everywhere, or restart all workers with this one.",
    )


def _jobs(number: int) -> str:
    return f"{plural(number, 'job')} {'waits' if number == 1 else 'wait'}"
