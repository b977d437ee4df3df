"""The first call goes ahead; the others wait for its first sign, its failure, or a while."""

from __future__ import annotations

import asyncio
from time import monotonic

from reviewers.engines.claude.gate import Gate


def test_only_the_first_leads() -> None:
    gate = Gate()
    assert [gate.lead() for _ in range(3)] == [True, False, False]


async def test_all_who_wait_go_when_it_opens() -> None:
    gate = Gate()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    gate.open()
    await asyncio.wait_for(asyncio.gather(*waiting), 1)


async def test_nobody_waits_at_an_open_gate() -> None:
    gate = Gate()
    gate.open()
    await asyncio.wait_for(gate.wait(), 1)


async def test_a_wait_ends_after_a_while() -> None:
    start = monotonic()
    await Gate(patience=0.1).wait()
    assert 0.1 <= monotonic() - start < 5
