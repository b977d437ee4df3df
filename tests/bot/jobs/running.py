"""The jobs at work in the test's own process, between the fake GitHub and the fake Anthropic."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from dbos import DBOS

from bot.app_settings import AppSettings
from bot.jobs import durable
from bot.jobs.crew import Crew
from bot.jobs.protocol import JobRow, Place, ReviewWish, Trigger
from bot.jobs.service import Service, start
from bot.jobs.store import Store
from bot.jobs.tables import ALIVE
from bot.jobs.writing import NewJob, Writing
from bot.settings import Settings
from reviewers.engines.claude import engine  # noqa: F401 - loaded, so that servers are ready at once
from tests.builders import ORDERS
from tests.fakes.anthropic import FakeAnthropic, Reply, Script, fake_anthropic, is_about
from tests.fakes.app import FakeApp, fake_app
from tests.test_walkthrough import model

KEY = "sk-test-0123456789"
SMALL = """\
[reviewers.security]
votes = 1
[reviewers.style]
enabled = false
[reviewers.correctness]
votes = 1
"""
"""Two reviewers, each looks once: as few model calls as a review can have beside the verifying one."""
CONFIG = ".github/triptych.toml"
PATIENCE = 20.0

ResultT = TypeVar("ResultT")


def uncertain(body: dict[str, Any], number: int) -> Reply:
    """Finds as in the story, and cannot tell on a second look."""
    if not is_about(body, "verifier"):
        return model(body, number)
    asked = re.findall(r"\nid: ([0-9a-f]{12})", body["messages"][0]["content"][-1]["text"])
    said = {"ruling": "uncertain", "reason": "It cannot be told.", "quote": "", "path": ""}
    return Reply(opinions=[{"finding": identity, **said} for identity in asked])


def hang(_body: dict[str, Any], _number: int) -> Reply:
    """A model that begins to answer and never ends."""
    return Reply(latency=3600)


async def written(store: Store, row: Mapping[str, Any], supersedes: str = "") -> tuple[str, ...]:
    """A job that nobody has decided on, written down; the ids of those that it supersedes."""
    place = Place(
        row["installation"], row["account"], row["repository_id"], row["repository"], row["number"]
    )
    _, ended = await store.take(place, lambda _known: Writing(NewJob(row, supersedes)))
    return ended


async def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait for a condition; the limit only ends a test that has failed."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def run_ended(run: str, seconds: float = PATIENCE) -> str:
    """The state of a run of the engine when it is over."""
    async with asyncio.timeout(seconds):
        while True:
            (found,) = await DBOS.list_workflows_async(workflow_ids=[run])
            if found.status not in durable.ALIVE:
                return str(found.status)
            await asyncio.sleep(0.02)


@dataclass
class World:
    """Both fakes, the settings, and a service that can be started and stopped."""

    github: FakeApp
    anthropic: FakeAnthropic
    settings: Settings
    app: AppSettings
    service: Service = field(init=False)

    async def start(self, blame: float = 0.0) -> None:
        """A new life. `blame`: see bot/jobs/blame.py."""
        self.service = await start(
            self.settings,
            self.app,
            worker=True,
            read=lambda: self.app,
            pauses=(0.0, 0.0),
            blame=blame,
        )

    @property
    def crew(self) -> Crew:
        """What works in the service."""
        assert self.service.at_work is not None
        return self.service.at_work.crew

    async def there(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Something of the crew's, done in its own loop."""
        assert self.service.at_work is not None
        return await self.service.at_work.shop.run(work)

    async def rested(self) -> None:
        """Until no work of the engine's is under way, and no start is in the air: a late one looks
        whether its job was purged, and forgets its run.
        """
        assert self.service.at_work is not None
        shop, durable = self.service.at_work.shop, self.crew.durable
        await until(lambda: not (durable._at_work or durable._starting or shop._beside))

    async def rested_starts(self) -> None:
        """Until no start is in the air."""
        assert self.service.at_work is not None
        shop, durable = self.service.at_work.shop, self.crew.durable
        await until(lambda: not (durable._starting or shop._beside))

    def pull(self, number: int = 128, text: str = ORDERS, config: str = SMALL) -> Place:
        """A pull request with one new file."""
        base = {CONFIG: config}
        self.github.pull(number, base, {**base, "api/orders.py": text})
        return self.github.place(number)

    def push(self, number: int, sha: str, text: str) -> str:
        """Its next commit."""
        return self.github.push(number, sha, {CONFIG: SMALL, "api/orders.py": text})

    def label(self, name: str, number: int = 128, seen: float = 2.0) -> ReviewWish:
        """Somebody gives it a label: what the event asks for."""
        pull = self.github.pulls[number]
        if name not in pull.labels:
            pull.labels.append(name)
        return self.wish(number, Trigger.LABELED, seen, label=name)

    def wish(
        self, number: int = 128, trigger: Trigger = Trigger.OPENED, seen: float = 1.0, **more: Any
    ) -> ReviewWish:
        """What the event of this moment asks for."""
        pull = self.github.pulls[number]
        known: dict[str, Any] = {"place": self.github.place(number), "head": pull.head}
        known |= {"base": pull.base, "seen": seen}
        return ReviewWish(trigger=trigger, **(known | more))

    async def accept(self, wish: Any) -> str:
        """As a door does."""
        return await self.service.accept(wish, "delivery")

    async def row(self, job: str) -> JobRow:
        """One job."""
        found = await self.service.show(job)
        assert found is not None, job
        return found

    async def ended(self, job: str, seconds: float = PATIENCE) -> JobRow:
        """The job when it is over."""
        async with asyncio.timeout(seconds):
            while (row := await self.row(job)).state in ALIVE:
                await asyncio.sleep(0.02)
        return row

    async def reviewed(self, number: int = 128, **more: Any) -> JobRow:
        """A review that is over."""
        return await self.ended(await self.accept(self.wish(number, **more)))

    def checks(self, number: int = 128) -> list[tuple[str, str]]:
        """Conclusion and title of each check run."""
        return [(str(c["conclusion"]), c["output"]["title"]) for c in self.github.checks]

    def check(self) -> dict[str, Any]:
        """The one check run that there is."""
        (found,) = self.github.checks
        return found

    @property
    def paid(self) -> int:
        """How many calls the model was asked."""
        return len(self.anthropic.requests)


@asynccontextmanager
async def world(
    database: str, home: Path, script: Script = model, *, started: bool = True, **more: Any
) -> AsyncIterator[World]:
    """A world; `more` are settings of the App's server. A push behind another one waits for 0.3 seconds,
    where a test does not say how long: it need not be five of them.
    """
    async with fake_app() as github, fake_anthropic(script) as anthropic:
        settings = Settings(anthropic_key=KEY, anthropic_url=anthropic.url, github_api=github.url)
        more = {"debounce": 0.3, **more}
        app = replace(github.app_settings(home), database_url=database, **more)
        made = World(github, anthropic, settings, app)
        if started:
            await made.start()
        try:
            yield made
        finally:
            await made.service.stop()
