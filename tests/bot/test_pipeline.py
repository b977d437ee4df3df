"""What a review opens it closes, also where it could not begin."""

from __future__ import annotations

from typing import cast

import pytest

from bot.errors import ConfigProblem
from bot.pipeline import Circumstances, asking
from bot.settings import Settings
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.protocols import Brief, Engine
from tests.builders import policy
from tests.reviewers.engines.claude.asking import brief


async def test_an_engine_that_cannot_be_made_leaves_no_other_one_open() -> None:
    closed: list[str] = []

    class Made:
        """An engine that remembers its end."""

        async def close(self) -> None:
            """As the protocol has it."""
            closed.append(STATIC)

    async def build(name: str, _: Brief) -> Engine:
        if name == CLAUDE:
            raise ConfigProblem("There is no client.", "Install it.")
        return cast(Engine, Made())

    told = brief(under=policy())
    assert told.policy.engines == (STATIC, CLAUDE)
    with pytest.raises(ConfigProblem, match="There is no client"):
        async with asking(told, Circumstances(Settings(), engine=build)):
            pass
    assert closed == [STATIC]
