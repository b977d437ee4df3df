"""How many writes fit into a minute and an hour."""

from __future__ import annotations

import pytest

from bot.hosts.pace import PER_HOUR, PER_MINUTE, Pace, creates_content


def written(pace: Pace, times: int, now: float) -> list[float]:
    """When so many writes are done that are all wanted now."""
    done = []
    for _ in range(times):
        wait = pace.wait(now)
        pace.take(now, wait)
        done.append(now + wait)
    return done


def test_s64_the_limits_are_github_s() -> None:
    assert (PER_MINUTE, PER_HOUR) == (80, 500)


def test_s64_the_first_ones_do_not_wait_and_the_next_wait_for_the_minute() -> None:
    done = written(Pace(), 161, 1000.0)
    assert done[:80] == [1000.0] * 80
    assert done[80:160] == [1060.0] * 80
    assert done[160] == 1120.0


@pytest.mark.parametrize("start", [0.0, 1e9])
def test_s64_no_window_ever_holds_more(start: float) -> None:
    pace = Pace()
    done = [t for n in range(60) for t in written(pace, 15, start + n * 7.0)]
    assert done == sorted(done)
    for seconds, most in ((60, PER_MINUTE), (3600, PER_HOUR)):
        assert max(sum(t <= u < t + seconds for u in done) for t in done) <= most


def test_s64_after_five_hundred_in_an_hour_the_hour_is_waited_for() -> None:
    pace = Pace()
    for n in range(500):
        pace.take(n * 1.0, 0.0)
    assert pace.wait(499.0) == 3600 - 499
    assert pace.wait(3600.0) == 0


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("POST", "/repos/a/b/pulls/1/reviews", True),
        ("POST", "/repos/a/b/issues/1/comments", True),
        ("POST", "/repos/a/b/pulls/1/comments/2/replies?x=1", True),
        ("POST", "/repos/a/b/issues/comments/2/reactions", True),
        ("GET", "/repos/a/b/pulls/1/reviews", False),
        ("PUT", "/repos/a/b/pulls/1/reviews/3", False),
        ("POST", "/repos/a/b/check-runs", False),
        ("POST", "/graphql", False),
    ],
)
def test_what_counts_as_content(method: str, path: str, counts: bool) -> None:
    assert creates_content(method, f"https://api.github.com{path}") == counts
