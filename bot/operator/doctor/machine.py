"""Doctor on this machine: the home folder, the disk, the public address, the analysers."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from bot.app_settings import APP_FILE, SEAL_FILE, AppSettings
from bot.operator.doctor.check import Check, note, ok, todo
from bot.outputs.words import plural
from bot.settings import Settings
from reviewers.core.change import FileDiff, FileStatus
from reviewers.core.diff import parse_hunks
from reviewers.engines.static.sandbox import Level
from reviewers.protocols import Analyser, Copy, Report

HOME, DISK, USER, ADDRESS, SANDBOX = "Home", "Disk", "User", "Public address", "Sandbox"
LEAST_FREE = 512 * 2**20
"""Bytes; 100,000 reviews take 430 MB (facts/durable.md, section 3)."""
SECONDS = 5
_PASSWORD = re.compile(r"[a-z]*password=", re.IGNORECASE)
OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder: its mode bits and owner, as `stat` has them."""

    path: Path
    mode: int
    owner: int


def entries(paths: Sequence[Path]) -> list[Entry]:
    """Those of them that are there."""
    found = []
    for path in paths:
        try:
            row = path.stat()
        except OSError:
            continue
        found.append(Entry(path, stat.S_IMODE(row.st_mode), row.st_uid))
    return found


def look_home(app_settings: AppSettings, env: Mapping[str, str]) -> Iterator[Check]:
    """Who may read keys and database, whether there is room, and who we are."""
    home = app_settings.home
    key_file = env.get("TRIPTYCH_APP_PRIVATE_KEY_FILE", "").strip()
    paths = [home, home / APP_FILE, home / SEAL_FILE, *([Path(key_file)] if key_file else [])]
    yield from home_checks(home, entries(paths), os.geteuid())
    nearest = next(p for p in (home, *home.parents) if p.exists())
    yield disk_check(nearest, shutil.disk_usage(nearest).free)
    if os.geteuid() == 0:
        yield note(
            USER,
            "This is root: analysers are shut in less well than for a plain user.",
            "Run the server as a user of its own.",
        )


def home_checks(home: Path, found: Sequence[Entry], me: int) -> Iterator[Check]:
    """What holds secrets must be for its owner alone, and the owner must be us (case S21)."""
    if not any(entry.path == home for entry in found):
        yield note(HOME, f"{home} is not there yet; `triptych serve` makes it.")
    faults = []
    for entry in found:
        if entry.mode & OTHERS:
            wanted = "700" if entry.path == home else "600"
            said = f"Others may reach {entry.path} (mode {entry.mode:03o})."
            faults.append(todo(HOME, said, f"Run: chmod {wanted} {entry.path}"))
        if entry.owner != me and me != 0:
            said = f"{entry.path} belongs to user {entry.owner}, this is user {me}."
            faults.append(todo(HOME, said, "Run as its owner, or change the owner."))
    yield from faults
    if not faults and any(entry.path == home for entry in found):
        yield ok(HOME, f"{home} is for its owner alone.")


def disk_check(where: Path, free: int) -> Check:
    """A full disk means 503 for every event (case S75)."""
    size = f"{free / 2**30:.1f} GiB free at {where}."
    if free < LEAST_FREE:
        return todo(DISK, size, "Make room: when it is full no event can be taken.")
    return ok(DISK, size)


def look_address(settings: Settings, app_settings: AppSettings) -> Check:
    """Where people and GitHub find the server, and whether it answers there, as seen from here."""
    url = app_settings.public_url
    if not url:
        return note(
            ADDRESS,
            "None is set, so the setup page and the printed addresses are those of this machine.",
            "Set TRIPTYCH_PUBLIC_URL to https://HOST.",
        )
    local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    if url.startswith("http://") and not local:
        return todo(ADDRESS, f"{url} has no TLS.", "Put a proxy with a certificate before it.")
    try:
        answer = requests.get(
            f"{url}/healthz",
            timeout=SECONDS,
            allow_redirects=False,
            verify=settings.ca_bundle or True,
        )
    except (requests.exceptions.RequestException, OSError):
        said = f"{url} does not answer to this machine."
        return note(ADDRESS, said, "Start the server, or check from outside.")
    if answer.status_code != 200:
        said = f"{url}/healthz answers {answer.status_code}."
        return todo(ADDRESS, said, "Check the proxy before the server.")
    return ok(ADDRESS, f"{url} answers.")


def look_analysers(analysers: Sequence[Analyser]) -> Iterator[Check]:
    """Each analyser on a file without faults, with its canary, in the sandbox that this machine gives."""
    reports = asyncio.run(_canaries(analysers))
    for analyser, report in zip(analysers, reports, strict=True):
        yield analyser_check(analyser, report)
    yield sandbox_check([report.sandbox for report in reports])


async def _canaries(analysers: Sequence[Analyser]) -> list[Report]:
    found = []
    text = "x = 1\n"
    file = FileDiff(
        "doctor.py", FileStatus.ADDED, tuple(parse_hunks("@@ -0,0 +1 @@\n+x = 1")), text=text
    )
    for analyser in analysers:
        with tempfile.TemporaryDirectory(prefix="triptych-") as folder:
            at = Path(folder) / "f0001.py"
            await asyncio.to_thread(at.write_text, text, "utf-8")
            found.append(await analyser.run([Copy(at, file)], list(analyser.rules)))
    return found


def analyser_check(analyser: Analyser, report: Report) -> Check:
    """Whether its run can be trusted: one that has a canary must have found it (case S82)."""
    about = f"Analyser {analyser.name}"
    if report.failure or report.unread:
        why = report.failure or next(iter(report.unread.values()))
        return todo(about, f"{why[:1].upper()}{why[1:]}.", "Install Triptych again from its lock.")
    rules = plural(len(analyser.rules), "rule")
    return ok(about, f"Version {analyser.version}, {rules}; it works here.")


def sandbox_check(levels: Sequence[str]) -> Check:
    """The least that any analyser was shut in; those that run in this process need none."""
    rungs = [level.value for level in Level]
    reached = [rungs.index(level) for level in levels if level in rungs]
    if not reached:
        return note(SANDBOX, "No analyser runs as a program of its own.")
    level = rungs[min(reached)]
    if level == Level.LIMITS.value:
        return note(
            SANDBOX,
            "Analysers run with resource limits only.",
            "Use a kernel with Landlock (5.13 or newer), or allow user namespaces.",
        )
    if level == Level.LANDLOCK.value:
        return ok(SANDBOX, "Landlock: no other file, no socket.")
    return ok(SANDBOX, f"{level.capitalize()}: no other file, no network.")


def without_password(url: str) -> str:
    """A database's address as it may be shown."""
    bare, _, query = url.partition("?")
    shown = "&".join(part for part in query.split("&") if not _PASSWORD.match(part))
    named = re.sub(r"(?<=://)([^/@]*)@", lambda m: m[1].partition(":")[0] + "@", bare)
    return f"{named}?{shown}" if shown else named
