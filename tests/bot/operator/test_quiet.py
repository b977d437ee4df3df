"""What the server's modules log while a command runs: nothing on standard output."""

from __future__ import annotations

from pathlib import Path

import structlog

from bot.operator.quiet import quiet
from tests.bot.running import captured


def test_only_what_went_wrong_is_said_and_not_among_the_data(tmp_path: Path) -> None:
    def act() -> None:
        quiet()
        log = structlog.get_logger("triptych.jobs")
        log.info("wish.accepted", job="j1")
        log.warning("round.failed", why="\x1b[31m")
        log.error("job.lost")

    ended = captured(act, folder=tmp_path)
    assert ended.out == ""
    assert ended.told == ["event='round.failed' why='\\x1b[31m'", "event='job.lost'"]
