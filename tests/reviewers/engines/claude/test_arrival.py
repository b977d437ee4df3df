"""A message as it arrives: what it says, what it used, why it stopped; and what is no message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.call import Usage
from reviewers.engines.claude.arrival import Arrival, GarbledError

COUNTS = {"input_tokens": 3, "cache_creation_input_tokens": 40, "output_tokens": 1}
START = {"type": "message_start", "message": {"usage": COUNTS}}


def text(part: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": "text_delta", "text": part}}


def end(reason: str | None, **more: Any) -> dict[str, Any]:
    delta = {"stop_reason": reason, **more}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 90}}


def arrived(*events: Any) -> Arrival:
    arrival = Arrival()
    for event in events:
        arrival.take(event)
    return arrival


def test_text_of_all_blocks_and_the_last_counts() -> None:
    block = {"type": "content_block_start", "content_block": {"type": "text", "text": "{"}}
    thought = {"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}}
    think = {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}
    done = arrived(START, thought, think, block, text('"a"'), text(": 1}"), end("end_turn"))
    assert (done.text, done.stop) == ('{"a": 1}', "end_turn")
    assert done.usage == Usage(uncached=3, written=40, read=0, out=90)


def test_of_an_answer_that_did_not_end_the_output_is_counted_by_its_text() -> None:
    assert arrived(START, text("x" * 400)).usage.out > 50
    assert arrived(START).usage.out == 1
    assert Arrival().usage == Usage()


def test_a_refusal_says_its_category() -> None:
    assert arrived(START, end("refusal", stop_details={"category": "cyber"})).category == "cyber"
    assert arrived(START, end("refusal", stop_details=None)).category == ""


def test_what_a_later_kind_of_event_says_is_passed_over() -> None:
    assert arrived(START, {"type": "content_block_stop", "index": 0}, {"type": "new"}).stop == ""
    assert arrived(START, end(None)).stop == ""


@pytest.mark.parametrize(
    "events",
    [
        [text("x")],
        [{"type": "message_start"}],
        [{"type": "message_start", "message": {"usage": None}}],
        [START, {"type": "content_block_delta", "delta": None}],
        [START, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 7}}],
        [START, {"type": "message_delta", "delta": {}}],
        [[]],
        ["message_start"],
        [None],
    ],
)
def test_what_is_no_message_is_garbled(events: list[Any]) -> None:
    with pytest.raises(GarbledError):
        arrived(*events)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=3),
)
kinds = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta"]
)


@given(
    kinds, st.dictionaries(st.sampled_from(["delta", "message", "usage", "content_block"]), json)
)
def test_whatever_comes_it_is_garbled_or_taken(kind: str, more: dict[str, Any]) -> None:
    arrival = arrived(START)
    try:
        arrival.take({"type": kind, **more})
    except GarbledError:
        return
    assert isinstance(arrival.text, str)
