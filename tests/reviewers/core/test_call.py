"""Calls have names, tokens add up, and both can be written down and read again."""

from __future__ import annotations

import pickle

import pytest

from reviewers.core.call import Call, Task, Usage
from reviewers.core.policy import CLAUDE, STATIC
from tests.builders import claim, finding, look


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Call("security", CLAUDE, 2), "security 2"),
        (Call("security", STATIC), "security static"),
        (Call("security", CLAUDE, 2, chunk=1), "security 2 (part 2)"),
        (Call("verifier", CLAUDE, 1, task=Task.VERIFY), "verifier 1"),
    ],
)
def test_calls_have_short_names(call: Call, name: str) -> None:
    assert call.name == name


def test_tokens_add_up_kind_by_kind() -> None:
    total = Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40)
    assert total == Usage(11, 22, 33, 44)
    assert total.prompt == 66, "what went in, the answer is not part of it"


def test_a_call_and_its_look_are_plain_data() -> None:
    """They are written down before they are paid for, and read again after a crash."""
    asked = Call("verifier", CLAUDE, 1, task=Task.VERIFY, candidates=(finding(),))
    found = look(asked, claim())
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert pickle.loads(pickle.dumps(found)) == found
    assert len({asked, Call("verifier", CLAUDE, 1)}) == 2, "calls are keys"
