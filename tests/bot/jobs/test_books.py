"""What models have used is paid, whoever cuts them off: else a push would be a way round every budget."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.jobs.books import BOOKING, Books
from bot.jobs.protocol import JobState, PurgeWish, Trigger
from reviewers.core.allowance import amount
from reviewers.core.call import Call, Look, Reading
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.prices import Price
from tests.bot.jobs.running import SMALL, World, until, world
from tests.builders import ORDERS
from tests.fakes.anthropic import Reply
from tests.test_walkthrough import model

LOOK = Look(Call("security", CLAUDE, 1), Reading.READ, cost=0.25)


def endless(_body: dict[str, Any], _number: int) -> Reply:
    """It begins to answer, so that the prompt is billed, and never ends."""
    return Reply(latency=3600)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose model never ends, with a limit for the day."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, endless, debounce=0.0, cost_day=100.0) as made:
        yield made


async def asked(w: World, times: int = 1) -> None:
    """Both reviewers of so many reviews are being answered."""
    await until(lambda: len(w.anthropic.begun) == 2 * times)
    await asyncio.sleep(0.1)  # The beginning of the answer is on its way.


async def test_what_pushes_cut_off_is_paid_for(w: World) -> None:
    w.pull()
    jobs = []
    for number in range(3):
        jobs.append(await w.accept(w.wish(trigger=Trigger.PUSHED, seen=1.0 + number)))
        await asked(w, number + 1)
        w.push(128, f"aa{number}", ORDERS + f"# {number}\n")
    w.anthropic.script = model
    last = await w.reviewed(trigger=Trigger.PUSHED, seen=9.0)
    rows = [await w.row(job) for job in jobs]
    assert [row.state for row in rows] == [JobState.SUPERSEDED] * 3
    costs = [row.cost or 0.0 for row in (*rows, last)]
    assert min(costs) > 0
    assert (await w.service.figures()).cost_today == pytest.approx(sum(costs))
    body = w.github.pulls[128].reviews[0]["body"]
    assert f"{amount(costs[-1])} USD; {amount(sum(costs))} USD for this pull request." in body


async def test_what_was_stopped_is_paid_for(w: World) -> None:
    w.pull()
    job = await w.accept(w.wish())
    await asked(w)
    await w.service.cancel(job)
    await until(lambda: w.anthropic.running == 0)
    async with asyncio.timeout(10):
        while not (row := await w.row(job)).cost:
            await asyncio.sleep(0.02)
    assert row.state is JobState.CANCELLED


async def test_what_an_uninstalled_app_has_begun_is_paid_for(w: World) -> None:
    """Its row is gone before its calls have ended."""
    w.pull()
    await w.accept(w.wish())
    await asked(w)
    await w.accept(PurgeWish(77, "acme", why="uninstalled"))
    await until(lambda: w.anthropic.running == 0)
    async with asyncio.timeout(10):
        while not (await w.service.figures()).cost_today:
            await asyncio.sleep(0.02)
    assert await w.service.list() == ()


async def test_what_a_server_that_ends_has_begun_is_paid_for(w: World) -> None:
    w.pull()
    job = await w.accept(w.wish())
    await asked(w)
    start = monotonic()
    await w.service.stop()
    assert monotonic() - start < BOOKING
    w.anthropic.script = model
    await w.start()
    (before,) = await w.service.list()
    row = await w.ended(job)
    assert before.cost
    assert row.cost
    assert row.cost > before.cost
    body = w.github.pulls[128].reviews[0]["body"]
    assert f" cost={row.cost:.4f} " in body, "its marker tells the sum"


async def test_what_a_question_has_cost_is_booked_when_its_answer_begins(w: World) -> None:
    """A server that is killed books nothing more; where it lives, nothing is booked twice."""
    w.pull()
    job = await w.accept(w.wish())
    await asked(w)
    books = w.crew.worker._books
    await until(lambda: len(books._in_air) == 2 and not books._writing)
    row = await w.row(job)
    assert row.cost
    await w.service.stop()
    await w.start()
    again = await w.row(job)
    assert again.cost == pytest.approx(row.cost)
    await w.service.cancel(job)


DEAR = {name: Price(1500, 1500, 1500, 100) for name in ("claude-sonnet-5-5", "claude-opus-5-5")}
"""So that a small prompt costs as much as a large one: a review of these tests about 4 USD."""
LARGE = SMALL + "[budget]\nreview = 50.0\npull_request = 100.0\n"


def slow(body: dict[str, Any], number: int) -> Reply:
    """As in the walkthrough, but all reviews are at it at once."""
    return replace(model(body, number), latency=0.5)


async def test_many_reviews_at_once_keep_within_the_money_of_the_day(tmp_path: Path) -> None:
    """Each may cost more than the day has left, by its own limits."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, slow, started=False, cost_day=10.0) as w:
        w.settings = replace(w.settings, prices=DEAR)
        await w.start()
        for number in range(1, 6):
            w.pull(number, config=LARGE)
        jobs = await asyncio.gather(*(w.accept(w.wish(number)) for number in range(1, 6)))
        rows = [await w.ended(job) for job in jobs]
        figures = await w.service.figures()
    outcomes = sorted(row.outcome for row in rows)
    assert outcomes == ["findings", *["incomplete"] * 4]
    assert 1.0 < figures.cost_today <= 10.0


async def test_a_review_alone_may_spend_more_than_a_usual_one(tmp_path: Path) -> None:
    """The day has enough, and nobody else asks for it."""
    url = f"sqlite:///{tmp_path}/t.db"
    async with world(url, tmp_path, started=False, cost_day=10.0) as w:
        w.settings = replace(w.settings, prices=DEAR)
        await w.start()
        w.pull(config=LARGE)
        row = await w.reviewed()
        assert row.outcome == "findings"
        assert 2.0 < (row.cost or 0.0) < 10.0


async def test_what_an_interrupted_review_has_paid_counts_for_its_day_too(w: World) -> None:
    """Its own money of today, beside the others'."""
    w.pull()
    job = await w.accept(w.wish())
    await asked(w)
    await w.service.stop()
    with sqlite3.connect(w.app.home / "t.db") as connection:
        connection.execute("update triptych_jobs set cost = 1.5")
    connection.close()
    w.anthropic.script = model
    w.app = replace(w.app, cost_day=1.5)
    await w.start()
    row = await w.ended(job)
    assert (row.outcome, row.cost) == ("incomplete", 1.5)
    assert "TRIPTYCH_MAX_COST_DAY" in w.checks()[0][1] + w.check()["output"]["summary"]


class Ledger:
    """Writes when it is allowed to."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.allowed = asyncio.Event()
        self.written: list[tuple[str, float | None]] = []
        self._problem = problem

    async def pay(self, job: str, cost: float | None, _calls: int) -> None:
        await self.allowed.wait()
        if self._problem:
            raise self._problem
        self.written.append((job, cost))


async def test_what_is_in_the_air_is_booked_once() -> None:
    ledger = Ledger()
    ledger.allowed.set()
    books = Books(ledger.pay, lambda _look: None, gather=0.05)
    other = replace(LOOK, call=Call("correctness", CLAUDE, 1))
    books.charged("one", LOOK.call, None)  # Nobody knows its price.
    books.charged("one", LOOK.call, 0.05)
    books.charged("one", LOOK.call, 0.05)  # It is asked again: the first answer broke off.
    books.charged("one", other.call, 0.2)
    await books.paid("one", other)
    await until(lambda: len(ledger.written) == 2)
    await books.cut("one", LOOK)
    await books.paid("one", LOOK)
    costs = [cost or 0.0 for _, cost in ledger.written]
    whole, begun, rest, another = costs
    assert (whole, another) == (0.25, 0.25), "what is over before, and what began unseen"
    assert [begun, rest] == pytest.approx([0.1, 0.15])


async def test_who_is_cancelled_while_it_is_written_down_waits_for_that() -> None:
    ledger, called = Ledger(), list[Look]()
    books = Books(ledger.pay, called.append)
    paying = asyncio.create_task(books.paid("one", LOOK))
    await asyncio.sleep(0.01)
    paying.cancel()
    await asyncio.sleep(0.05)
    assert not paying.done()
    ledger.allowed.set()
    with pytest.raises(asyncio.CancelledError):
        await paying
    assert ledger.written == [("one", 0.25)]
    assert called == [LOOK]


async def test_nobody_hangs_on_a_database_that_is_away() -> None:
    """The wait has an end, or a second cancellation ends it; it is written down all the same."""
    ledger = Ledger()
    books = Books(ledger.pay, lambda _look: None, booking=0.02)
    await asyncio.wait_for(books.cut("one", LOOK), 5)
    assert ledger.written == []
    patient = Books(ledger.pay, lambda _look: None)
    cutting = asyncio.create_task(patient.cut("one", LOOK))
    await asyncio.sleep(0.01)
    cutting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(cutting, 1)
    ledger.allowed.set()
    await asyncio.sleep(0.01)
    assert ledger.written == [("one", 0.25)] * 2


async def test_what_could_not_be_booked_is_told() -> None:
    ledger = Ledger(OSError("away"))
    ledger.allowed.set()
    books = Books(ledger.pay, lambda _look: None)
    with capture_logs() as logs:
        await books.cut("one", LOOK)
        with pytest.raises(OSError, match="away"):
            await books.paid("two", LOOK)
    assert [(log["event"], log["job"]) for log in logs] == [
        ("job.unbooked", "one"),
        ("job.unbooked", "two"),
    ]


async def test_a_database_that_is_away_is_waited_for() -> None:
    """What was answered and paid for is no failure, and no money is forgotten."""
    problems = [OperationalError("update", None, sqlite3.OperationalError("lost"))] * 3
    written: list[float | None] = []

    async def pay(_job: str, cost: float | None, _calls: int) -> None:
        if problems:
            raise problems.pop()
        written.append(cost)

    books = Books(pay, lambda _look: None, again=0.01)
    await asyncio.wait_for(books.paid("one", LOOK), 5)
    assert written == [0.25]
