"""The named rules, on whatever comes along: numbers, words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.aggregate.rules import average, best, concatenate, consensus, group, integrate


def near(a: int, b: int) -> bool:
    return abs(a - b) <= 2


def test_concatenate_keeps_everything_in_order() -> None:
    assert concatenate([[3, 1], [], (2,), iter([1])]) == (3, 1, 2, 1)
    assert concatenate([]) == ()


@pytest.mark.parametrize(
    ("items", "groups"),
    [
        ([], ()),
        ([1], ((1,),)),
        ([1, 9, 2, 10], ((1, 2), (9, 10))),
        ([1, 3, 5, 7], ((1, 3), (5, 7))),
        ([3, 1, 5], ((3, 1), (5,))),
    ],
    ids=["nothing", "one", "two groups", "a chain does not end as one", "order of appearance"],
)
def test_group_joins_what_is_the_same_as_all_of_a_group(
    items: list[int], groups: tuple[tuple[int, ...], ...]
) -> None:
    assert group(items, near) == groups


def test_of_several_groups_an_item_joins_the_nearest() -> None:
    assert group([1, 5, 3, 4], lambda a, b: {a, b} != {1, 5}) == ((1, 3, 4), (5,))
    nearest = group([1, 5, 4], lambda a, b: {a, b} != {1, 5}, lambda a, b: -abs(a - b))
    assert nearest == ((1,), (5, 4))


@given(st.lists(st.integers(0, 20)))
def test_grouping_loses_nothing_and_joins_only_what_is_the_same(items: list[int]) -> None:
    groups = group(items, near)
    assert sorted(concatenate(groups)) == sorted(items)
    assert all(near(a, b) for g in groups for a in g for b in g)


@pytest.mark.parametrize(
    ("votes", "k", "agreed"),
    [
        ([["a"], ["a"], ["b"]], 2, ("a",)),
        ([["a"], ["a"], ["b"]], 1, ("a", "b")),
        ([["a"], ["a"], ["b"]], 3, ()),
        ([["a", "a", "a"], ["b"]], 2, ()),
        ([["a", "b"], ["b", "a"]], 2, ("a", "b")),
        ([[], []], 1, ()),
        ([], 1, ()),
    ],
    ids=[
        *("most", "any", "all", "one voter who repeats itself counts once"),
        *("several", "silence", "nobody"),
    ],
)
def test_consensus_counts_voters(
    votes: Sequence[Sequence[str]], k: int, agreed: tuple[str, ...]
) -> None:
    assert consensus(votes, k, str.__eq__) == agreed


def test_consensus_speaks_in_the_words_of_the_first() -> None:
    assert consensus([["Tea"], ["TEA"]], 2, lambda a, b: a.lower() == b.lower()) == ("Tea",)


def test_best_is_the_highest_and_of_equals_the_first() -> None:
    assert best(["bb", "a", "cc"], len) == "bb"
    with pytest.raises(ValueError, match="best of nothing"):
        best([], len)


def test_average() -> None:
    assert average([1, 2, 6]) == 3
    assert average(x for x in (0.5,)) == 0.5
    with pytest.raises(ValueError, match="average of nothing"):
        average([])


async def test_integrate_gives_all_parts_to_one_worker() -> None:
    async def join(parts: Sequence[str]) -> str:
        return " and ".join(parts)

    assert await integrate(["a", "b"], join) == "a and b"
