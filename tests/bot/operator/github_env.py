"""An operator's shell beside the fake: the command in this process, in a home of its own."""

from __future__ import annotations

from pathlib import Path

from tests.bot.running import Ended, called
from tests.fakes.operator import OperatorsApp

GUID = "5feb9b5e-2c61-414a-a36b-835edffe17{:02}"


async def operate(fake: OperatorsApp, home: Path, *arguments: str, **env: str) -> Ended:
    """`triptych ARGUMENTS` with the fake's App configured."""
    return await called(*arguments, folder=home, env=fake.environment(home, **env))
