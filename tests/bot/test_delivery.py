"""Which events never arrived: by GUID, the newest attempt, within three days (case S12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.delivery import REDELIVERABLE, Delivery, missed, read_delivery

NOW = 1_795_000_000.0
FIRST = Delivery(1, "g1", "pull_request", "opened", "failed", 0, NOW - 100, redelivery=False)


def test_an_event_that_failed_is_missed() -> None:
    assert missed([FIRST], NOW) == [FIRST]


@pytest.mark.parametrize("code", [200, 202, 204, 299])
def test_what_arrived_is_not(code: int) -> None:
    assert missed([replace(FIRST, code=code)], NOW) == []


@pytest.mark.parametrize("code", [0, 301, 401, 404, 500, 503])
def test_everything_else_counts_as_not_arrived(code: int) -> None:
    assert missed([replace(FIRST, code=code)], NOW) != []


def test_one_attempt_that_arrived_is_enough_whatever_the_order() -> None:
    arrived = replace(FIRST, id=2, code=202, at=NOW - 50, redelivery=True)
    later = replace(FIRST, id=3, at=NOW - 10, redelivery=True)
    for rows in ([FIRST, arrived, later], [later, arrived, FIRST], [arrived, FIRST, later]):
        assert missed(rows, NOW) == []


def test_the_newest_attempt_is_asked_for_again_and_the_oldest_event_first() -> None:
    again = replace(FIRST, id=9, at=NOW - 20, redelivery=True)
    other = replace(FIRST, id=5, guid="g2", at=NOW - 30)
    assert [d.id for d in missed([FIRST, other, again], NOW)] == [5, 9]


def test_after_three_days_it_cannot_be_asked_for() -> None:
    assert missed([replace(FIRST, at=NOW - REDELIVERABLE - 1)], NOW) == []
    assert missed([replace(FIRST, at=NOW - REDELIVERABLE)], NOW) != []


def test_a_row_of_githubs_list() -> None:
    row = {
        "id": 7,
        "guid": "g",
        "delivered_at": "2026-11-24T10:00:00Z",
        "redelivery": True,
        "status": "Invalid HTTP Response: 503",
        "status_code": 503,
        "event": "ping",
        "action": None,
        "repository_id": None,
    }
    read = read_delivery(row)
    assert (read.name, read.code, read.redelivery, read.failed) == ("ping", 503, True, True)
    assert read.at == 1_795_514_400.0
    assert read_delivery({**row, "event": "check_run", "action": "rerequested"}).name == (
        "check_run.rerequested"
    )


@pytest.mark.parametrize("wrong", [{}, {"id": "x", "guid": "g", "event": "e", "delivered_at": "?"}])
def test_another_row_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_delivery(wrong)
