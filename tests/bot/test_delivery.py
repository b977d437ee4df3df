"""Which events never arrived: by GUID, the newest attempt (case S12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.delivery import MOST_ATTEMPTS, Delivery, delivery_of, lost, missed

NOW = 1_795_000_000.0
FIRST = Delivery(1, "g1", NOW - 100, 0, "failed", "pull_request", "opened")


def test_an_event_that_failed_is_lost() -> None:
    assert lost([FIRST]) == (FIRST,)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_what_arrived_is_not(status: int) -> None:
    assert lost([replace(FIRST, status=status)]) == ()


@pytest.mark.parametrize("status", [0, 301, 401, 404, 500, 503])
def test_everything_else_counts_as_not_arrived(status: int) -> None:
    assert lost([replace(FIRST, status=status)]) != ()


def test_one_attempt_that_arrived_is_enough_whatever_the_order() -> None:
    arrived = replace(FIRST, id=2, status=202, at=NOW - 50, redelivery=True)
    later = replace(FIRST, id=3, at=NOW - 10, redelivery=True)
    for rows in ([FIRST, arrived, later], [later, arrived, FIRST], [arrived, FIRST, later]):
        assert lost(rows) == ()


def test_the_newest_attempt_counts_and_the_oldest_event_is_first() -> None:
    again = replace(FIRST, id=9, at=NOW - 20, redelivery=True)
    other = replace(FIRST, id=5, guid="g2", at=NOW - 30)
    assert [d.id for d in lost([other, again, FIRST])] == [9, 5]


def test_a_person_may_ask_for_what_the_server_has_given_up() -> None:
    tries = [replace(FIRST, id=n, at=NOW + n) for n in range(MOST_ATTEMPTS)]
    assert missed(tries) == ()
    assert [d.id for d in lost(tries)] == [MOST_ATTEMPTS - 1]


ROW = {
    "id": 7,
    "guid": "g",
    "delivered_at": "2026-11-24T10:00:00Z",
    "redelivery": True,
    "status": "Invalid HTTP Response: 503",
    "status_code": 503,
    "event": "ping",
    "action": None,
    "installation_id": None,
    "repository_id": None,
}


def test_a_row_of_githubs_list() -> None:
    read = delivery_of(ROW)
    assert (read.name, read.status, read.redelivery, read.arrived) == ("ping", 503, True, False)
    assert read.at == 1_795_514_400.0
    named = delivery_of({**ROW, "event": "check_run", "action": "rerequested"})
    assert named.name == "check_run.rerequested"


@pytest.mark.parametrize("wrong", [{}, {**ROW, "id": "x"}, {**ROW, "delivered_at": "?"}])
def test_another_row_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        delivery_of(wrong)
