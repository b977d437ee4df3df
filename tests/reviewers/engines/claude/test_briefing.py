"""The requests of a review: what they hold, how long answers may be, and what they will about cost."""

from __future__ import annotations

import json

import pytest

from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Task, Usage
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.answer import SCHEMA
from reviewers.engines.claude.briefing import (
    ANSWER_TOKENS,
    LEAST_ANSWER_TOKENS,
    USUAL_ANSWER_TOKENS,
)
from reviewers.engines.claude.prices import PRICES, Price
from tests.builders import MODEL, change, finding, orders_change, planned
from tests.reviewers.engines.claude.asking import KEY, NONCE, SECURITY, STYLE, briefing, only_models

SEVEN = planned(orders_change(), only_models()).calls
LONG = change({"a.txt": (None, "words and words\n" * 5_000)})
"""About 30,000 tokens."""


def limits(*usd: float) -> tuple[Allowance, ...]:
    """Allowances of so much money."""
    return tuple(Allowance(amount, "this review") for amount in usd)


def test_a_request_holds_what_current_models_take_and_nothing_else() -> None:
    """No tools, no sampling, no thinking budget: the 5.x models answer 400 to most of them."""
    request = briefing(effort="high").request(SECURITY)
    assert list(request) == ["model", "max_tokens", "system", "messages", "output_config"]
    assert request["model"] == MODEL
    assert request["max_tokens"] == ANSWER_TOKENS
    assert request["output_config"] == {
        "format": {"type": "json_schema", "schema": SCHEMA},
        "effort": "high",
    }
    (message,) = request["messages"]
    assert message["role"] == "user"
    assert [list(block) for block in message["content"]] == [
        ["type", "text", "cache_control"],
        ["type", "text"],
    ]
    assert KEY not in json.dumps(request)


def test_a_call_names_its_model_or_takes_the_default() -> None:
    told = briefing(default_model="claude-opus-5-5")
    assert told.model_of(SECURITY) == "claude-opus-5-5"
    assert (
        told.model_of(Call("security", CLAUDE, 2, model="claude-haiku-5-5")) == "claude-haiku-5-5"
    )


def test_a_verifying_call_has_its_candidates_behind_the_shared_part() -> None:
    told = briefing()
    verify = Call("verifier", CLAUDE, 1, task=Task.VERIFY, candidates=(finding(),))
    looks, verifies = told.request(SECURITY), told.request(verify)
    assert looks["messages"][0]["content"][0] == verifies["messages"][0]["content"][0]
    assert "You are the verifier" in verifies["messages"][0]["content"][1]["text"]
    assert finding().id in verifies["messages"][0]["content"][1]["text"]


def test_s47_the_canary_stands_in_the_instructions_only_and_does_not_follow_from_the_fences() -> (
    None
):
    told = briefing()
    assert told.canary in told.system
    assert told.canary not in told.shared(0) + told.own(SECURITY)
    assert NONCE not in told.canary
    assert told.canary not in NONCE
    assert told.canary != briefing(nonce="0" * 24).canary


def test_guidelines_of_the_configuration_reach_the_prompt() -> None:
    assert "Use tabs." in briefing(instructions="Use tabs.").shared(0)


@pytest.mark.parametrize(
    ("allowances", "tokens"),
    [
        pytest.param((), ANSWER_TOKENS, id="no-limit"),
        pytest.param(limits(100), ANSWER_TOKENS, id="plenty"),
        pytest.param(limits(0.01), LEAST_ANSWER_TOKENS, id="next-to-nothing"),
    ],
)
def test_an_answer_may_be_as_long_as_the_budget_lets_it(
    allowances: tuple[Allowance, ...], tokens: int
) -> None:
    assert briefing(allowances=allowances).answer_tokens == tokens


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-fable-5-2", "claude-haiku-5-5"])
@pytest.mark.parametrize("chars", [100, 2_000, 20_000], ids=["small", "middle", "large"])
def test_between_the_bounds_all_planned_calls_together_fit_the_budget(
    model: str, chars: int
) -> None:
    """Haiku costs five times as much above 100,000 prompt tokens; that is reckoned with."""
    of = change({"a.txt": (None, "words and words\n" * chars)})
    under = only_models(chunk_chars=10**7, max_file_chars=10**7)
    most = briefing(of, under, default_model=model)
    price = PRICES[model].output
    cold = most.most(SECURITY) or 0.0
    all_of_them = 7 * ANSWER_TOKENS * price / 1e6 + (most.estimate(SEVEN).usual or 0.0)
    limit = all_of_them - 7 * (6_000 + USUAL_ANSWER_TOKENS) * price / 1e6
    told = briefing(of, under, default_model=model, allowances=limits(limit, 10 * limit))
    assert LEAST_ANSWER_TOKENS <= told.answer_tokens < ANSWER_TOKENS
    longer = (told.answer_tokens - USUAL_ANSWER_TOKENS) * price / 1e6
    planned_cost = (told.estimate(SEVEN).usual or 0.0) + 7 * longer
    if told.answer_tokens > LEAST_ANSWER_TOKENS:
        assert 0.9 * limit - cold < planned_cost <= limit
        last = planned_cost * 6 / 7 + (told.most(SEVEN[-1]) or 0.0)
        assert last <= limit, "the last one fits, too, without the cache"


def test_a_model_without_a_price_has_no_estimate_and_full_answers() -> None:
    told = briefing(default_model="claude-next", allowances=limits(0.01))
    assert told.most(SECURITY) is None
    assert told.answer_tokens == ANSWER_TOKENS
    assert told.estimate(SEVEN).usual is None
    free = briefing(default_model="own", prices={"own": Price(0, 0, 0, 0)}, allowances=limits(0.01))
    assert free.estimate(SEVEN).usual == 0
    assert free.answer_tokens == ANSWER_TOKENS


def test_s55_the_most_that_a_call_can_cost_does_not_count_on_the_cache() -> None:
    told = briefing(LONG)
    price = PRICES[MODEL]
    prefix = (len(told.system) + len(told.shared(0))) / 3.5 * price.write
    rest = len(told.own(SECURITY)) / 3.5 * price.input + ANSWER_TOKENS * price.output
    assert told.most(SECURITY) == pytest.approx((prefix + rest) / 1e6, rel=1e-3)


def test_s55_nor_does_it_count_on_few_tokens_for_other_alphabets() -> None:
    text = "\u4e2d" * 10_000 + "\n"
    told = briefing(change({"a.txt": (None, text)}))
    plain = briefing(change({"a.txt": (None, "w" * 10_000 + "\n")}))
    more = (told.most(SECURITY) or 0.0) - (plain.most(SECURITY) or 0.0)
    tokens = 15_000 - 10_000 / 3.5
    assert more == pytest.approx(tokens * PRICES[MODEL].write / 1e6, rel=1e-3)
    assert told.estimate(SEVEN) == plain.estimate(SEVEN), "what is shown is what is usual"


def test_what_the_api_has_counted_holds_for_the_other_calls_on_the_chunk() -> None:
    """Still at the price of writing: the cache may be cold."""
    told = briefing(LONG)
    before = told.most(SECURITY)
    told.count(STYLE, Usage())
    assert told.most(SECURITY) == before
    told.count(STYLE, Usage(uncached=10, written=900, read=90))
    own = len(told.own(SECURITY)) / 3.5 * PRICES[MODEL].input + ANSWER_TOKENS * PRICES[MODEL].output
    assert told.most(SECURITY) == pytest.approx((1_000 * PRICES[MODEL].write + own) / 1e6, rel=1e-2)
    told.count(STYLE, Usage(written=10**9))
    assert told.most(SECURITY) == pytest.approx((1_000 * PRICES[MODEL].write + own) / 1e6, rel=1e-2)


def test_when_an_answer_begins_its_prompt_is_counted() -> None:
    told = briefing(allowances=limits(0.01))
    price = PRICES[MODEL]
    rest = 500 * price.input + 20_000 * price.read + LEAST_ANSWER_TOKENS * price.output
    assert told.rest(SECURITY, Usage(500, 0, 20_000, 1)) == pytest.approx(rest / 1e6)
    assert told.rest(SECURITY, Usage(out=1)) is None, "some count at the end only"
    assert briefing(default_model="claude-next").rest(SECURITY, Usage(1, 1, 1, 1)) is None


def test_the_estimate_lets_the_first_call_on_each_chunk_write_the_cache() -> None:
    told = briefing(LONG)
    one, all_of_them = told.estimate((SECURITY,)), told.estimate(SEVEN)
    assert one.usual is not None
    assert all_of_them.usual is not None
    assert (one.calls, all_of_them.calls) == (1, 7)
    assert one.usual < all_of_them.usual < 3 * one.usual
    assert one.characters == len(told.shared(0)) + len(told.own(SECURITY))


def test_the_estimate_of_two_models_writes_two_caches() -> None:
    told = briefing(LONG)
    same = told.estimate((SECURITY, STYLE)).usual
    other = told.estimate((SECURITY, Call("style", CLAUDE, 1, model="claude-haiku-5-5"))).usual
    assert same is not None
    assert other is not None
    haiku = 30_000 * PRICES["claude-haiku-5-5"].write / 1e6
    read = 30_000 * PRICES[MODEL].read / 1e6
    assert haiku > read
    assert other < same + haiku


@pytest.mark.parametrize(
    ("model", "lines", "worth"),
    [
        ("claude-sonnet-5-5", 1, True),  # Our own instructions are 700 tokens.
        ("claude-haiku-4-5", 1, False),
        ("claude-haiku-4-5", 2_000, True),
    ],
)
def test_a_wait_for_the_cache_is_worth_it_from_the_models_least_prefix_on(
    model: str, lines: int, worth: bool
) -> None:
    of = change({"a.txt": (None, "words\n" * lines)})
    assert briefing(of).is_cacheable(model, 0) is worth


def test_a_path_is_known_again_as_it_was_shown() -> None:
    of = change(
        dict.fromkeys(("a.py", "b\u202e.py", "c  d.py", "e\nf.py", "e f.py"), (None, "x\n"))
    )
    told = briefing(of)
    assert told.path_of("a.py") == "a.py"
    assert told.path_of("b‹U+202E›.py") == "b\u202e.py"
    assert told.path_of("c d.py") == "c  d.py"
    assert told.path_of("e f.py") == "e f.py"  # The file that has this very name goes first.
    assert told.path_of("e f.py‹file 2›") == "e\nf.py"
    assert told.path_of("nowhere.py") == "nowhere.py"
