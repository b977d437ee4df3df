"""Deliveries that did not arrive: which they are, and that GitHub is asked for each once."""

from __future__ import annotations

import pytest

from bot.errors import HostProblem, MissingProblem
from bot.hosts.deliveries import KEPT_SECONDS, MOST_ATTEMPTS, Deliveries, Delivery, missed
from tests.bot.hosts.installed import installed
from tests.fakes.app import INSTALLATION, fake_app
from tests.fakes.github import REPOSITORY_ID, Fault


def attempt(identity: int, guid: str, status: int, at: float | None = None) -> Delivery:
    """An attempt; later ones have higher numbers unless a time is given."""
    said = "OK" if status == 200 else "failed"
    return Delivery(identity, guid, float(identity) if at is None else at, status, said, "push")


@pytest.mark.parametrize(
    ("attempts", "again"),
    [
        ([], ()),
        ([(1, "a", 202)], ()),
        ([(1, "a", 502)], (1,)),
        ([(1, "a", 0)], (1,)),
        ([(1, "a", 401)], (1,)),
        ([(1, "a", 301)], (1,)),
        ([(1, "a", 502), (2, "a", 202)], ()),
        ([(2, "a", 202), (1, "a", 502)], ()),
        ([(1, "a", 202), (2, "a", 502)], ()),
        ([(1, "a", 502), (2, "a", 503)], (2,)),
        ([(3, "a", 502), (1, "b", 502), (2, "c", 200)], (1, 3)),
        ([(n, "a", 502) for n in range(MOST_ATTEMPTS - 1)], (MOST_ATTEMPTS - 2,)),
        ([(n, "a", 502) for n in range(MOST_ATTEMPTS)], ()),
    ],
)
def test_s12_of_each_event_that_never_arrived_the_last_attempt(
    attempts: list[tuple[int, str, int]], again: tuple[int, ...]
) -> None:
    assert missed(attempt(*a) for a in attempts) == again


def test_s12_the_oldest_event_comes_first() -> None:
    """Its first attempt tells how old it is; what came later is not in its way."""
    rows = [attempt(9, "a", 502, at=1.0), attempt(4, "b", 502, at=2.0), attempt(5, "a", 0, at=3.0)]
    assert missed(rows) == (5, 4)


async def test_s12_five_that_failed_while_the_server_was_down_are_asked_for_again() -> None:
    async with fake_app() as github, installed(github) as here:
        for n in range(5):
            github.delivery(f"down-{n}", 502, ago=500 - n)
        github.delivery("fine", 202, ago=300)
        github.delivery("down-0", 202, ago=100)
        deliveries = Deliveries(here.app)
        found = await deliveries.since(0.0)
        again = missed(found)
        for delivery in again:
            await deliveries.redeliver(delivery)
        assert github.asked_again == list(again)
        guids = {d.id: d.guid for d in found}
        assert [guids[d] for d in again] == [f"down-{n}" for n in range(1, 5)]


async def test_a_delivery_as_it_is_read() -> None:
    async with fake_app() as github, installed(github) as here:
        github.delivery("g", 202, ago=30)
        github.delivery("g", 0, ago=10)
        second, first = await Deliveries(here.app).since(0.0)
        assert (first.guid, first.status, first.said, first.arrived) == ("g", 202, "OK", True)
        assert (first.event, first.action, first.redelivery) == ("pull_request", "opened", False)
        assert (first.installation, first.repository) == (INSTALLATION, REPOSITORY_ID)
        assert (second.arrived, second.redelivery) == (False, True)
        assert second.at - first.at == pytest.approx(20, abs=1)


async def test_an_event_of_the_app_itself_has_no_repository() -> None:
    async with fake_app() as github, installed(github) as here:
        github.delivery("ping", 202)
        github.deliveries[0] |= {"repository_id": None, "installation_id": None, "action": None}
        (ping,) = await Deliveries(here.app).since(0.0)
        assert (ping.repository, ping.installation, ping.action) == (0, 0, "")


async def test_pages_are_read_until_the_time_that_is_asked_for() -> None:
    async with fake_app() as github, installed(github) as here:
        for n in range(450):
            github.delivery(f"g{n}", 202, ago=10 * n + 5)
        found = await Deliveries(here.app).since(github.now() - 2000)
        assert len(found) == 200
        assert len(github.calls) == 3
        assert list(found) == sorted(found, key=lambda d: -d.at)


async def test_nothing_older_than_three_days_is_looked_at() -> None:
    async with fake_app() as github, installed(github) as here:
        github.delivery("young", 502, ago=KEPT_SECONDS - 60)
        github.delivery("old", 502, ago=KEPT_SECONDS + 60)
        assert [d.guid for d in await Deliveries(here.app).since(0.0)] == ["young"]


async def test_a_delivery_that_is_not_kept_any_more_is_told() -> None:
    async with fake_app() as github, installed(github) as here:
        with pytest.raises(MissingProblem, match="send delivery 5 again"):
            await Deliveries(here.app).redeliver(5)


@pytest.mark.parametrize("fault", [502, "html"])
async def test_a_list_that_cannot_be_read_is_a_problem(fault: int | str) -> None:
    async with fake_app() as github, installed(github) as here:
        github.faults = [Fault("GET", "/deliveries", fault, times=99)]
        with pytest.raises(HostProblem, match=r"list the App's deliveries|is not GitHub's API"):
            await Deliveries(here.app).since(0.0)
