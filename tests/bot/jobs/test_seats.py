"""The seats of one process, with those that are on their way to them."""

from __future__ import annotations

from bot.jobs.seats import Seats


async def test_s14_who_is_on_the_way_is_counted() -> None:
    """Else all of a burst that comes before the first one sits would pass the queue."""
    at, seen = Seats(2), []
    at.expect("a")
    seen.append(at.full)
    at.expect("b")
    seen.append(at.full)
    async with at.seat("a"):
        seen.append(at.full)
        async with at.seat("b"):
            seen.append(at.full)
        seen.append(at.full)
    seen.append(at.full)
    assert seen == [False, True, True, True, False, False]


async def test_who_never_comes_keeps_no_seat() -> None:
    """A start of what is under way already begins nothing."""
    at = Seats(1, on_the_way=0.0)
    at.expect("a")
    assert not at.full


async def test_expected_twice_is_one_seat() -> None:
    at = Seats(2)
    at.expect("a")
    at.expect("a")
    assert not at.full
