"""The test's side of tests/bot/jobs/process.py: starts lives, asks them, sees them die."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.jobs.protocol import JobsProblem, Wish
from tests.bot.jobs.process import Kill, write_wish

ROOT = Path(__file__).parents[3]


class Died(Exception):
    """The life ended before it answered."""


class Womb:
    """The process that lives are forked from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.jobs.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self._ready = False
        self._turn = threading.Lock()

    async def bear(self, order: dict[str, Any]) -> int:
        """A new life; returns its number."""
        return await asyncio.to_thread(self._bear, json.dumps(order))

    def _bear(self, line: str) -> int:
        with self._turn:
            return self._born(line)

    def _born(self, line: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        if not self._ready:
            assert self._process.stdout.readline() == "ready\n"
            self._ready = True
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """The end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


@dataclass
class Life:
    """A running process. It is held by a descriptor: its number may soon be another process's."""

    process: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _listening: asyncio.Task[None] | None = None
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """Take its answers in."""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while line := await self.reader.readline():
                said = json.loads(line)
                if waiting := self._waiting.pop(said["id"], None):
                    waiting.set_result(said)
        except ConnectionError:
            pass
        self.dead.set()
        for waiting in self._waiting.values():
            waiting.set_exception(Died())
        self._waiting.clear()

    async def accept(self, wish: Wish) -> str:
        """As a door does. Died where it did not come to an answer, JobsProblem where it was refused."""
        said = await self._ask({"accept": write_wish(wish)})
        if said.get("problem"):
            raise JobsProblem(said["problem"], "")
        return str(said["job"])

    async def ready(self) -> str:
        """Why it is not ready."""
        return str((await self._ask({"ready": 1}))["why"])

    async def room(self, size: int | None) -> None:
        """Let it write files up to so many bytes only; None for no limit."""
        await self._ask({"room": size})

    async def show(self, job: str) -> dict[str, Any] | None:
        """One job, as its row."""
        found: dict[str, Any] | None = (await self._ask({"show": job}))["row"]
        return found

    async def _ask(self, ask: dict[str, Any]) -> Any:
        if self.dead.is_set():
            raise Died
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[number]
        self.writer.write(json.dumps({"id": number, **ask}).encode() + b"\n")
        return await waiting

    def kill(self) -> None:
        """`kill -9`."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process, signal.SIGKILL)

    async def stop(self) -> None:
        """An end in good order."""
        self.writer.write(b'{"id": 0, "stop": 1}\n')
        await self.dead.wait()

    async def end(self) -> None:
        """Whatever state it is in."""
        if not self.dead.is_set():
            self.kill()
        await self.dead.wait()
        self.writer.close()
        os.close(self.process)


@asynccontextmanager
async def life(
    womb: Womb, order: dict[str, Any], home: Path, kill: Kill | None = None
) -> AsyncIterator[Life]:
    """A life, ready to be asked. Died where it ends before."""
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set_result((reader, writer))

    socket = home / f"s{next(_SOCKETS)}"
    server = await asyncio.start_unix_server(arrived, socket)
    try:
        more = {"socket": str(socket), "kill": asdict(kill) if kill else None}
        pid = await womb.bear({**order, **more, "log": str(home / "log")})
        made = Life(os.pidfd_open(pid), *await connected)
    finally:
        server.close()
    if not await made.reader.readline():
        made.dead.set()
    made.listen()
    try:
        yield made
    finally:
        await made.end()


_SOCKETS = itertools.count()
