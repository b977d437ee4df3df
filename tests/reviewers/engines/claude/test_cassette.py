"""A whole small review against recorded traffic: the SDK's own parsing of a server that is not ours.

Where a prompt has changed, record it again: see `tests/cassettes/record.py`.
"""

from __future__ import annotations

import pytest

from reviewers.core.call import Reading, Task
from reviewers.core.finding import Ruling
from reviewers.core.verdict import Outcome
from tests.builders import NONE_LINE, SQL_LINE
from tests.cassettes.record import claude_review, replayed


async def test_a_recorded_review_is_read_like_a_live_one() -> None:
    with replayed("claude") as tape:
        verdict = await claude_review("https://api.anthropic.com", "sk-replayed")
    assert {look.reading for look in verdict.looks} == {Reading.READ}, "record the cassette again"
    assert tape.all_played

    assert verdict.outcome is Outcome.FINDINGS
    sql, none = verdict.findings
    assert sql.location is not None
    assert none.location is not None
    assert (sql.rule, sql.location.line) == ("security/sql-injection", SQL_LINE)
    assert (none.rule, none.location.line) == ("correctness/missing-value", NONE_LINE)
    (ballot,) = sql.votes
    assert (ballot.seen, ballot.of) == ((1, 3), 3)
    assert [d.reason for d in sql.dissent] == ["`order_by` is a column name."]
    assert sql.verification is not None
    assert sql.verification.ruling is Ruling.CONFIRMED


async def test_a_recorded_review_costs_what_the_server_counted() -> None:
    """One call wrote the prefix, all others read it, the verifying one too."""
    with replayed("claude"):
        verdict = await claude_review("https://api.anthropic.com", "sk-replayed")
    written = [look.usage.written for look in verdict.looks if look.usage.written]
    assert len(written) == 1
    assert [look.usage.read for look in verdict.looks if look.usage.read] == written * 7
    assert verdict.looks[-1].call.task is Task.VERIFY
    assert verdict.cost == pytest.approx(
        sum(look.cost for look in verdict.looks if look.cost is not None)
    )
    assert 0.01 < (verdict.cost or 0) < 0.05


async def test_what_is_not_on_the_tape_is_not_sent() -> None:
    """Another prompt than the recorded one fails at once, and needs no network to fail."""
    with replayed("claude"):
        verdict = await claude_review("https://api.anthropic.com/another/path", "sk-replayed")
    assert verdict.outcome is Outcome.FAILED
    assert {look.reading for look in verdict.looks} == {Reading.FAILED}
