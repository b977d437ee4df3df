"""An operator's shell beside the fake: the command in this process, in a home of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.app_settings import AppSettings
from bot.errors import Problem
from bot.operator.jobs import Connect, OpenJobs
from tests.bot.running import Ended, called, captured
from tests.fakes.jobs import FakeJobs
from tests.fakes.operator import OperatorsApp

GUID = "5feb9b5e-2c61-414a-a36b-835edffe17{:02}"


async def operate(fake: OperatorsApp, home: Path, *arguments: str, **env: str) -> Ended:
    """`triptych ARGUMENTS` with the fake's App configured."""
    return await called(*arguments, folder=home, env=fake.environment(home, **env))


def act(do: Callable[[], None], home: Path, env: Mapping[str, str]) -> Ended:
    """A command's own function, with its errors told as the program tells them."""

    def told() -> None:
        try:
            do()
        except Problem as e:
            sys.stderr.write(f"{e.what}\n{e.do}\n")
            raise SystemExit(e.exit_code) from None

    return captured(told, folder=home, env=env)


async def acting(do: Callable[[], None], home: Path, env: Mapping[str, str]) -> Ended:
    """The same beside servers of this event loop."""
    return await asyncio.to_thread(act, do, home, env)


def opening(jobs: FakeJobs) -> Connect:
    """What connects to these jobs instead of the server's database."""

    async def opened(app_settings: AppSettings) -> OpenJobs:
        return jobs

    return opened
