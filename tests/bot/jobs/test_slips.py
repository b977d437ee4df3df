"""A slip of the pen in the base branch's configuration opens no gate and sends no code to a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.protocol import JobState
from tests.bot.jobs.running import CONFIG, world
from tests.bot.jobs.test_gate import GATE, QUIET, SHELL
from tests.fakes.anthropic import Reply

SHUT = 'engine = "static"\nexclude = ["private/**"]\n'
LABELS = '[triggers]\nlabels = ["triptych"]\n'
SLIP = 'min_severty = "low"\n'
NOT_IN_ORDER = "Incomplete: the configuration is not in order, so only analysers looked"


def silent(_body: dict[str, Any], _number: int) -> Reply:
    return Reply()


@pytest.mark.parametrize(
    ("config", "state", "asked"),
    [
        (f"{SHUT}{SLIP}{LABELS}", JobState.SKIPPED, False),
        (f"{SHUT}{SLIP}", JobState.DONE, False),
        (f'exclude = ["private/**"]\n{SLIP}', JobState.DONE, True),
        (f'exclude = "private/**"\n{SLIP}', JobState.DONE, False),
        ('exclude = ["private/**"\n', JobState.DONE, False),
        (SLIP, JobState.DONE, True),
    ],
)
async def test_a_slip_sends_nothing_to_a_model_that_was_shut_out(
    tmp_path: Path, config: str, state: JobState, asked: bool
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        base = {CONFIG: config, "private/k.py": "A = 1\n"}
        w.github.pull(128, base, {**base, "private/k.py": "A = 1\nTOP_SECRET = 2\n", "x.py": "y\n"})
        row = await w.reviewed()
        assert row.state is state
        assert bool(w.paid) is asked
        sent = any("TOP_SECRET" in json.dumps(r) for r in w.anthropic.requests)
        assert sent is (config == SLIP)


@pytest.mark.parametrize(
    ("config", "text", "told"),
    [
        (GATE.encode("utf-16"), SHELL, ("failure", f"{NOT_IN_ORDER}; 1 high")),
        (GATE.encode("utf-16"), QUIET, ("failure", NOT_IN_ORDER)),
        (f"{GATE}]", QUIET, ("failure", NOT_IN_ORDER)),
        ("rounds = \n", QUIET, ("neutral", NOT_IN_ORDER)),
    ],
    ids=["UTF-16, a finding", "UTF-16", "no TOML", "no TOML, no gate"],
)
async def test_s33_what_cannot_be_read_is_not_clean_for_a_gate(
    tmp_path: Path, config: str | bytes, text: str, told: tuple[str, str]
) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent) as w:
        w.github.pull(128, {CONFIG: config}, {CONFIG: config, "a.py": text})
        row = await w.reviewed()
        assert w.checks() == [told]
        assert row.unread == json.loads(row.document)["coverage"]["hunks"] > 0
        assert not w.paid
        body = w.check()["output"]["summary"]
        assert "Note: The configuration is not used. .github/triptych.toml is no " in body
        assert f"**Do:** correct `{CONFIG}` on `main` and comment `/triptych review`." in body


async def test_s33_the_gate_of_what_ends_without_a_review_is_not_lost(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, silent, reviews_per_hour=1) as w:
        config = {CONFIG: GATE.encode("utf-16")}
        w.github.pull(128, config, {**config, "a.py": QUIET})
        await w.reviewed()
        w.github.push(128, "9d02f7e", {**config, "a.py": f"{QUIET}\n"})
        await w.reviewed(seen=9.0)
        assert w.checks()[-1][0] == "failure"
