"""The jobs at work in processes of their own, to be killed at named points.

`python -m tests.bot.jobs.process` loads everything once and then forks one process for each line on
its standard input (an order, as JSON), so that a life costs a tenth of a second. A life connects to
the socket that its order names, and does there what it is asked for, one line of JSON for another.
It kills itself where its order says: by a statement of SQL, before or after it is committed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app_settings import AppSettings
from bot.jobs.protocol import (
    CancelWish,
    CommandWish,
    JobsProblem,
    Place,
    PurgeWish,
    ReviewWish,
    Thread,
    Trigger,
    Verb,
    Wish,
)
from bot.jobs.service import Service, start
from bot.logs import start_logging
from bot.settings import Settings

WISHES = {kind.__name__: kind for kind in (ReviewWish, CancelWish, CommandWish, PurgeWish)}


@dataclass(frozen=True)
class Kill:
    """Where a life ends: at the `nth` commit of a transaction with `sql` in a statement, `before`
    it or after.
    """

    sql: str
    before: bool = False
    nth: int = 1


def write_wish(wish: Wish) -> dict[str, Any]:
    """A wish as JSON values."""
    return {"kind": type(wish).__name__, **asdict(wish)}


def read_wish(data: dict[str, Any]) -> Wish:
    """The wish again."""
    kind = WISHES[data.pop("kind")]
    if "place" in data:
        data["place"] = Place(**data["place"])
    for name, enum in (("trigger", Trigger), ("thread", Thread), ("verb", Verb)):
        if name in data:
            data[name] = enum(data[name])
    if "repositories" in data:
        data["repositories"] = tuple(data["repositories"])
    made: Wish = kind(**data)
    return made


def arm(kill: Kill) -> None:
    """End this process at that point, as `kill -9` does: nothing of ours runs any more."""
    seen = 0
    hit: set[int] = set()

    def executed(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if kill.sql in statement:
            hit.add(id(connection))

    def commit(connection: Any) -> None:
        nonlocal seen
        if id(connection) in hit:
            hit.discard(id(connection))
            seen += 1
            if seen == kill.nth:
                if not kill.before:
                    connection.connection.driver_connection.commit()
                os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.engine.Engine, "after_cursor_execute", executed)
    sa.event.listen(sa.engine.Engine, "commit", commit)


async def live(order: Mapping[str, Any]) -> None:
    """One life: start the service, do what is asked, until it is stopped or killed."""
    reader, writer = await asyncio.open_unix_connection(order["socket"])
    home = Path(order["home"])
    app = AppSettings(home, order["database"], **order["app"])
    settings = Settings(
        anthropic_key="sk-test-0123456789",
        anthropic_url=order["anthropic"],
        github_api=order["github"],
    )
    start_logging()  # As a server does: it goes on where no line can be written.
    if order.get("kill"):
        arm(Kill(**order["kill"]))
    # The tests' Postgres has just been started: the dead are taken for dead all the same. Nor is a
    # broken connection waited for that still has the name (for that see test_takeover.py).
    service = await start(
        settings,
        app,
        worker=order.get("worker", True),
        read=lambda: app,
        regain=0.0,
        blame=order.get("blame", 0.1),
    )

    async def answer(line: bytes) -> None:
        ask = json.loads(line)
        said = {"id": ask["id"], **await _done(service, ask)}
        writer.write(json.dumps(said).encode() + b"\n")

    tasks: set[asyncio.Task[None]] = set()
    writer.write(b'{"id": 0}\n')
    while line := await reader.readline():
        if b'"stop"' in line:
            break
        task = asyncio.create_task(answer(line))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await service.stop(0.0)
    writer.close()


async def _done(service: Service, ask: dict[str, Any]) -> dict[str, Any]:
    if "accept" in ask:
        try:
            return {"job": await service.accept(read_wish(ask["accept"]), "delivery")}
        except JobsProblem as e:
            return {"job": "", "problem": e.what}
    if "ready" in ask:
        return {"why": await service.ready()}
    if "room" in ask:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        room = most if ask["room"] is None else ask["room"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
        return {}
    row = await service.show(ask["show"])
    return {"row": asdict(row) if row else None}


def main() -> None:
    """Fork a life for each order; its number is answered."""
    import anthropic  # noqa: F401 - slow to load, so it is loaded once

    from reviewers.engines.claude import engine  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            os.open(os.devnull, os.O_RDONLY)
            log = os.open(json.loads(line)["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            asyncio.run(live(json.loads(line)))
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
