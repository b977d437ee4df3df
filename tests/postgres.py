"""A Postgres for the tests: started once, where its programs are found, and thrown away.

It listens on a Unix socket alone. Nothing is synced to disk: what is tested is what becomes of our
processes, not of its machine. Postgres refuses to run as root, so root runs it as `nobody`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

NOBODY = 65534
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
PLACES = ("/usr/lib/postgresql",)
"""Where Debian keeps the programs, one folder a version, which is in nobody's PATH."""


def program(name: str) -> str:
    """Where one of Postgres' programs is, "" where it is not installed."""
    if found := shutil.which(name):
        return found
    folders = [f for place in PLACES for f in sorted(Path(place).glob("*/bin"), reverse=True)]
    return next((str(f / name) for f in folders if (f / name).exists()), "")


def why_not() -> str:
    """Why there can be no Postgres here, "" where there can."""
    missing = [name for name in ("initdb", "postgres") if not program(name)]
    return f"Postgres is not installed: no {missing[0]}" if missing else ""


@dataclass
class Cluster:
    """A running Postgres."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [program("postgres"), "-D", str(self.folder / "data")]
        command += ["-k", str(self.folder), "-c", "listen_addresses="]
        command += [part for setting in FAST for part in ("-c", setting)]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=self.folder, **_as_nobody()
        )
        log.close()
        for _ in range(1000):
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                # It says by nothing else when it is ready.
                self._wait(0.02)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop it at once, as if its machine went down."""
        assert self.process is not None, "it was started"
        self.process.send_signal(3)
        self.process.wait(30)

    def _wait(self, seconds: float) -> None:
        assert self.process is not None, "it was started"
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def url(self, database: str) -> str:
        """The address of a database in it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        return self.url(name)


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh Postgres of its own."""
    with tempfile.TemporaryDirectory(prefix="triptych-pg-", dir="/tmp") as place:
        folder = Path(place)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        command = [program("initdb"), "-D", str(folder / "data"), "-U", "postgres"]
        command += ["--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **_as_nobody())
        made = Cluster(folder)
        made.start()
        try:
            yield made
        finally:
            made.stop()
