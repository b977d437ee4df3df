"""What the pull request does not show in full is known to the next review: from the database, or by
reading its code again.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bot.jobs.protocol import Trigger
from tests.bot.jobs.running import CONFIG, world

STATIC = 'engine = "static"\n'
SHELL = "import subprocess\n\n\ndef run(name):\n    subprocess.run(name, shell=True)\n"
LOW = "import os\n\n\ndef one():\n    return 1\n"


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_low_finding_is_open_as_long_as_its_code_stands(
    tmp_path: Path, forgotten: bool
) -> None:
    """Only the check run tells it, which no review reads."""
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as w:
        w.github.pull(128, {CONFIG: STATIC}, {CONFIG: STATIC, "run.py": SHELL, "low.py": LOW})
        before = json.loads((await w.reviewed()).document)
        (low,) = (f for f in before["findings"] if f["severity"] == "low")
        if forgotten:
            assert await w.service._store.forgetting.aged(time.time() + 1)
        w.github.push(128, "9d02f7e", {CONFIG: STATIC, "run.py": "x = 1\n", "low.py": LOW})
        row = await w.reviewed(trigger=Trigger.PUSHED, seen=3.0)
        after = json.loads(row.document)
        (found,) = after["findings"]
        assert row.outcome == "findings"
        assert [found[k] for k in ("id", "title", "body", "severity")] == [
            low[k] for k in ("id", "title", "body", "severity")
        ]
        assert bool(after["coverage"]["carried"]) is not forgotten
        assert w.github.posts() == 1
