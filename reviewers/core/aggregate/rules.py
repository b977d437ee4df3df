"""The named rules by which many answers become one. Pure, composable, for any kind of answer.

The findings chain is built of them, and so is any other job of the pattern (a test runs a market
research through them).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
Same = Callable[[T, T], bool]


def concatenate(parts: Iterable[Iterable[T]]) -> tuple[T, ...]:
    """Keep everything, in order: the rule for sections, which do not overlap."""
    return tuple(item for part in parts for item in part)


def group(
    items: Iterable[T], same: Same[T], near: Callable[[T, T], float] = lambda _a, _b: 0.0
) -> tuple[tuple[T, ...], ...]:
    """Put together what is the same, in order of first appearance.

    An item joins a group with all of whose members it is the same (complete linkage), so that a
    chain of near things does not end as one: of several such groups the one to which it is nearest
    on average, of equals the first.
    """
    groups: list[list[T]] = []
    for item in items:
        homes = [g for g in groups if all(same(item, other) for other in g)]
        if homes:
            max(homes, key=lambda g: average(near(item, other) for other in g)).append(item)
        else:
            groups.append([item])
    return tuple(tuple(g) for g in groups)


def consensus(votes: Sequence[Iterable[T]], k: int, same: Same[T]) -> tuple[T, ...]:
    """What at least `k` of the votes hold, each once, as the first of them put it.

    Each element of `votes` is what one voter said; a voter that says a thing twice counts once.
    """
    said = [(voter, item) for voter, items in enumerate(votes) for item in items]
    groups = group(said, lambda a, b: same(a[1], b[1]))
    return tuple(g[0][1] for g in groups if len({voter for voter, _ in g}) >= k)


def best(items: Sequence[T], score: Callable[[T], float]) -> T:
    """The highest-scored item; of equals the first. ValueError when there is none."""
    if not items:
        raise ValueError("best of nothing")
    return max(items, key=score)


def average(numbers: Iterable[float]) -> float:
    """The arithmetic mean. ValueError when there is no number."""
    values = tuple(numbers)
    if not values:
        raise ValueError("average of nothing")
    return sum(values) / len(values)


async def integrate(parts: Sequence[T], worker: Callable[[Sequence[T]], Awaitable[T]]) -> T:
    """Let a worker (a model, a person, a template) write one text from several."""
    return await worker(parts)
