"""What a process counts while it works: model calls, requests to GitHub, jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from bot.jobs.protocol import Figures
from bot.jobs.service import start
from bot.metrics import Metrics
from tests.bot.jobs.running import until, world


async def test_the_work_of_a_review_is_counted(tmp_path: Path) -> None:
    metrics = Metrics()
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path, started=False) as here:
        app = replace(here.app, worker="w")
        here.service = await start(
            here.settings, app, worker=True, read=lambda: app, metrics=metrics
        )
        here.pull()
        await here.reviewed()
        await until(lambda: b'triptych_jobs_total{state="done"} 1.0' in metrics.page(Figures()))
        said = metrics.page(Figures()).decode()
    model = 'model="claude-sonnet-5-5"'
    assert f'triptych_model_calls_total{{{model},reading="read"}} 3.0' in said
    assert f'triptych_model_tokens_total{{kind="out",{model}}}' in said
    assert 'triptych_github_calls_total{method="GET",status="2xx"}' in said
    assert "acme" not in said


async def test_what_was_written_stands_in_the_document(tmp_path: Path) -> None:
    async with world(f"sqlite:///{tmp_path}/t.db", tmp_path) as here:
        here.pull()
        row = await here.reviewed()
        written = json.loads(row.document)["written"]
    assert written == {
        "review_url": row.review_url,
        "created": True,
        "edited": False,
        "inline": len(here.github.pulls[128].comments),
        "check_run": True,
        "notes": [],
    }
