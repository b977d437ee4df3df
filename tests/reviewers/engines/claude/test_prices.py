"""What a call costs, by the vendor's tables of November 2026 (facts/libraries.md, section 1.2)."""

from __future__ import annotations

import pytest

from reviewers.core.call import Usage
from reviewers.engines.claude.prices import PRICES, Price, cost, most_tokens, price_of, tokens

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "uncached", "written", "read", "out"),
    [
        ("claude-fable-5-2", 8, 10, 0.20, 40),
        ("claude-fable-5-1", 10, 12.50, 0.25, 50),
        ("claude-opus-5-5", 4, 5, 0.20, 20),
        ("claude-opus-5", 5, 6.25, 0.50, 25),
        ("claude-sonnet-5-5", 2, 2.50, 0.10, 10),
        ("claude-haiku-4-5", 1, 1.25, 0.10, 5),
    ],
)
def test_each_column_of_each_model(
    model: str, uncached: float, written: float, read: float, out: float
) -> None:
    assert cost(Usage(uncached=MILLION), model, {}) == uncached
    assert cost(Usage(written=MILLION), model, {}) == written
    assert cost(Usage(read=MILLION), model, {}) == read
    assert cost(Usage(out=MILLION), model, {}) == out


def test_the_table_holds_no_model_without_a_test() -> None:
    assert len(PRICES) == 7


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        pytest.param(Usage(uncached=100_000), 0.010, id="at-the-edge"),
        pytest.param(Usage(uncached=100_001), 0.0500005, id="above"),
        pytest.param(Usage(1, 40_000, 60_000), 0.0280005, id="cache-counts-as-prompt"),
        pytest.param(Usage(uncached=1_000, out=200_000), 0.1001, id="output-does-not"),
    ],
)
def test_haiku_costs_five_times_as_much_above_100k_prompt_tokens(usage: Usage, usd: float) -> None:
    assert cost(usage, "claude-haiku-5-5", {}) == pytest.approx(usd)


def test_the_looks_of_the_design_cost_what_it_says() -> None:
    """Five calls on a 60k prefix with Opus: 1.51 uncached, 1.81 all in parallel, 0.66 released."""
    size, tail, out = 60_000, 500, 3_000
    model = "claude-opus-5-5"

    def five(*usages: Usage) -> float:
        costs = [cost(usage, model, {}) for usage in usages]
        return round(sum(c for c in costs if c is not None), 2)

    assert five(*[Usage(size + tail, out=out)] * 5) == 1.51
    assert five(*[Usage(tail, size, out=out)] * 5) == 1.81
    assert five(Usage(tail, size, out=out), *[Usage(tail, 0, size, out)] * 4) == 0.66


def test_an_unknown_model_has_no_price() -> None:
    assert price_of("claude-next", 10, {}) is None
    assert cost(Usage(1, 1, 1, 1), "claude-next", {}) is None


def test_the_operators_own_table_goes_first() -> None:
    own = {"claude-haiku-5-5": Price(1, 2, 3, 4), "claude-next": Price(5, 6, 7, 8)}
    assert price_of("claude-haiku-5-5", 200_000, own) == Price(1, 2, 3, 4)
    assert cost(Usage(MILLION, MILLION, MILLION, MILLION), "claude-next", own) == 26
    assert price_of("claude-opus-5", 10, own) == PRICES["claude-opus-5"]


def test_tokens_are_never_estimated_to_none() -> None:
    assert tokens(0) == 1
    assert tokens(3_500) == 1_001


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("x = 1\n" * 700, tokens(4_200)),
        ("\u4e2d" * 1_000, 1_501),
        ("\u0416" * 1_000, 1_001),
        ("\U0001f600" * 1_000, 2_001),
        ("a\u4e2d" * 350, 626),
        ("\udce9", 2),
    ],
    ids=["code", "Chinese", "Cyrillic", "emoji", "both", "no UTF-8"],
)
def test_what_is_not_ascii_can_be_a_token_for_two_bytes(text: str, most: int) -> None:
    assert most_tokens(text) == most
