"""Whatever the model and the network do is a Look: told, metered, and no neighbour's business."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any

import pytest

from reviewers.core.call import Call, Reading, Task, Usage
from reviewers.core.finding import Reason, Ruling
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.client import RETRIES, make_client
from reviewers.engines.claude.engine import ClaudeEngine, build
from reviewers.protocols import Brief, Moment
from tests.builders import ORDERS, SQL_LINE, change, finding
from tests.fakes.anthropic import Reply, Script, fake_anthropic, is_about, reported
from tests.reviewers.engines.claude.asking import (
    FIRST_VOTES,
    SECURITY,
    STYLE,
    access,
    ask,
    ask_once,
    brief,
    engine,
)

QUOTE = 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)'
SQL = reported("api/orders.py", SQL_LINE, QUOTE)


def first(reply: Reply, then: Reply, times: int = 1) -> Script:
    """`reply` to the first request (or the first `times`), `then` to all others."""
    return lambda _body, number: reply if number <= times else then


def always(reply: Reply) -> Script:
    """`reply` to every request."""
    return lambda _body, _number: reply


def for_security(reply: Reply) -> Script:
    """`reply` to security; the others find the SQL."""
    return lambda body, _number: reply if is_about(body, "security") else Reply([SQL])


# What a model can answer


@pytest.mark.parametrize(
    ("reply", "reading", "detail"),
    [
        pytest.param(Reply(refusal="cyber"), Reading.REFUSED, "cyber", id="refused"),
        pytest.param(Reply(text="{", stop="refusal"), Reading.REFUSED, "no category", id="midway"),
        pytest.param(Reply([SQL], stop="max_tokens"), Reading.CUT_OFF, "max_tokens", id="cut-off"),
        pytest.param(
            Reply([SQL], stop="model_context_window_exceeded"),
            Reading.CUT_OFF,
            "model_context_window_exceeded",
            id="window",
        ),
        pytest.param(
            Reply(text='{"findings": [ trunc'), Reading.FAILED, "could not be read", id="garbage"
        ),
        pytest.param(
            Reply(text='Here it is:\n{"findings": [], "cleared": [], "opinions": []}'),
            Reading.FAILED,
            "could not be read",
            id="prose",
        ),
        pytest.param(Reply(text="[]"), Reading.FAILED, "could not be read", id="list"),
        pytest.param(
            Reply(text='{"findings": {}, "cleared": [], "opinions": []}'),
            Reading.FAILED,
            "could not be read",
            id="wrong-shape",
        ),
        pytest.param(Reply(text=""), Reading.FAILED, "could not be read", id="empty"),
        pytest.param(
            Reply(text='{"findings":' + "[" * 100_000),
            Reading.FAILED,
            "could not be read",
            id="deep",
        ),
    ],
)
async def test_an_answer_that_is_none_is_told_metered_and_harms_no_other(
    reply: Reply, reading: Reading, detail: str
) -> None:
    async with fake_anthropic(for_security(reply)) as fake:
        looks = await ask(fake.url, FIRST_VOTES)
        bad, *others = looks
        assert (bad.reading, len(bad.claims)) == (reading, 0)
        assert detail in bad.detail
        assert bad.usage.out > 0
        assert bad.cost
        assert [look.reading for look in others] == [Reading.READ] * 2
        assert all(look.claims for look in others)
        assert len(fake.requests) == 3


async def test_thinking_comes_first_and_is_not_the_answer() -> None:
    async with fake_anthropic(always(Reply([SQL], thinking='{"findings": "none"}'))) as fake:
        look = await ask_once(fake.url)
        assert look.reading is Reading.READ
        assert [claim.line for claim in look.claims] == [SQL_LINE]


async def test_s52_what_does_not_fit_is_dropped_and_counted_and_the_rest_stays() -> None:
    wrong = [
        {**SQL, "severity": "catastrophic"},
        {**SQL, "side": "BOTH"},
        {**SQL, "line": -3},
        {**SQL, "line": "7"},
        {**SQL, "extra": 1},
        {"title": "half a finding"},
        "a string",
        None,
    ]
    async with fake_anthropic(always(Reply([*wrong, SQL]))) as fake:  # type: ignore[list-item]
        look = await ask_once(fake.url)
    assert look.reading is Reading.READ
    assert len(look.claims) == 1
    assert [d.reason for d in look.dropped] == [Reason.MALFORMED] * len(wrong)


async def test_s52_ten_thousand_items_are_cut_to_the_first_and_the_rest_is_counted() -> None:
    async with fake_anthropic(always(Reply([SQL] * 10_000))) as fake:
        look = await ask_once(fake.url)
    assert len(look.claims) == 500
    assert [d.reason for d in look.dropped] == [Reason.OVER_LIMIT] * 9_500


async def test_a_finding_in_a_file_with_an_odd_name_keeps_its_place() -> None:
    """The model says the path as it was shown; hidden characters must not hide a file from it."""
    odd = "api/or\u200bders.py"
    shown = "api/or‹U+200B›ders.py"
    async with fake_anthropic(always(Reply([{**SQL, "path": shown}]))) as fake:
        look = await ask_once(fake.url, of=change({odd: (None, ORDERS)}))
        assert shown in fake.requests[0]["messages"][0]["content"][0]["text"]
    assert [claim.path for claim in look.claims] == [odd]


async def test_only_a_verifier_gives_opinions_and_it_gives_no_findings() -> None:
    candidate = finding()
    opinion = {
        "finding": candidate.id,
        "ruling": "confirmed",
        "reason": "The argument reaches the statement.",
        "path": "api/orders.py",
        "quote": QUOTE,
    }
    verify = Call("verifier", CLAUDE, 1, round=3, task=Task.VERIFY, candidates=(candidate,))
    async with fake_anthropic(always(Reply([SQL], opinions=[opinion]))) as fake:
        looked, verified = await ask(fake.url, (SECURITY, verify))
    assert (len(looked.claims), looked.opinions) == (1, ())
    assert (verified.claims, len(verified.opinions)) == ((), 1)
    assert verified.opinions[0].ruling is Ruling.CONFIRMED
    assert [d.reason for d in verified.dropped] == [Reason.MALFORMED]


async def test_whoever_watches_is_told_of_each_moment_in_order() -> None:
    seen: list[tuple[Call, Moment]] = []
    async with fake_anthropic(always(Reply(first=0.05))) as fake:
        told: Brief = replace(brief(url=fake.url), watch=lambda c, m: seen.append((c, m)))
        made = build(told)
        await made.run(SECURITY)
        await made.run(STYLE)
        await made.close()
    answered = [Moment.ASKING, Moment.ANSWERING, Moment.DONE]
    assert [m for call, m in seen if call == SECURITY] == answered
    assert [m for call, m in seen if call == STYLE] == [Moment.WAITING, *answered]


async def test_whoever_watches_is_told_that_there_was_no_answer() -> None:
    """ "done" of a call that was refused would be read as an answer."""
    seen: list[Moment] = []
    async with fake_anthropic(always(Reply(stop="refusal"))) as fake:
        made = build(replace(brief(url=fake.url), watch=lambda _c, m: seen.append(m)))
        await made.run(SECURITY)
        await made.close()
    assert seen == [Moment.ASKING, Moment.ANSWERING, Moment.FAILED]


# What a network can do


async def test_s51_a_stream_that_breaks_is_asked_for_once_more_and_both_are_paid_for() -> None:
    for cut in ("drop", "error", "end"):
        script = first(Reply([SQL] * 9, cut=cut), Reply([SQL]))
        async with fake_anthropic(script) as fake:
            look = await ask_once(fake.url)
            assert look.reading is Reading.READ, cut
            assert len(look.claims) == 1
            assert len(fake.requests) == len(look.attempts) == 2
            assert all(a.usage.prompt > 0 and a.usage.out > 0 for a in look.attempts)


@pytest.mark.parametrize("cut", ["drop", "error", "end"])
async def test_s51_a_stream_that_breaks_again_is_given_up_and_no_part_of_it_is_used(
    cut: str,
) -> None:
    async with fake_anthropic(always(Reply([SQL], cut=cut))) as fake:
        look = await ask_once(fake.url)
        assert (look.reading, look.claims) == (Reading.FAILED, ())
        assert look.detail == "the answer broke off"
        assert len(fake.requests) == 2
        assert len([a for a in look.attempts if a.usage.out > 1]) == 2


async def test_a_complete_text_without_a_stop_reason_is_no_answer() -> None:
    """Everything of the JSON has come, but not that it is all."""
    whole = json.dumps({"findings": [SQL], "cleared": [], "opinions": []})
    padded = Reply(text=whole + " " * len(whole), cut="end")  # The first half is the JSON.
    async with fake_anthropic(always(padded)) as fake:
        look = await ask_once(fake.url)
    assert (look.reading, look.claims) == (Reading.FAILED, ())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html><body>Sign in to the proxy</body></html>", id="html"),
        pytest.param(b"event: message_start\ndata: {not json\n\n", id="no-json"),
        pytest.param(b"event: message_start\ndata: \xff\xfe\n\n", id="no-utf-8"),
        pytest.param(
            b'event: message_delta\ndata: {"type": "message_delta", "delta": {}}\n\n', id="order"
        ),
    ],
)
async def test_what_is_no_stream_of_the_api_is_a_failure(raw: bytes) -> None:
    async with fake_anthropic(always(Reply(raw=raw))) as fake:
        look = await ask_once(fake.url)
        assert (look.reading, look.detail) == (Reading.FAILED, "the answer broke off")
        assert len(fake.requests) == 2


async def test_s51_a_connection_lost_before_the_answer_is_tried_once_more_only() -> None:
    """It may have been paid for: what the SDK would repeat four times is the engine's decision."""
    async with fake_anthropic(always(Reply(status=-1))) as fake:
        look = await ask_once(fake.url)
        assert (look.reading, look.detail) == (Reading.FAILED, "the answer broke off")
        assert len(fake.requests) == 2
        assert [a.result for a in look.attempts] == ["lost", "lost"]
    async with fake_anthropic(first(Reply(status=-1), Reply([SQL]))) as fake:
        look = await ask_once(fake.url)
        assert (look.reading, len(look.claims)) == (Reading.READ, 1)


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_nobody_listens() -> None:
    told = access(closed_port())
    # The SDK's pauses between its attempts are 7 s in all; here it has one.
    made = ClaudeEngine(brief(), told, make_client(told).with_options(max_retries=0))
    looks = [await made.run(call) for call in FIRST_VOTES]
    await made.close()
    assert [look.reading for look in looks] == [Reading.FAILED] * 3
    assert {look.detail for look in looks} == {"127.0.0.1 could not be reached"}
    assert [[a.result for a in look.attempts] for look in looks] == [["no connection"], [], []]


async def test_a_connection_that_is_never_made_is_tried_again_within_the_deadline() -> None:
    look = await ask_once(closed_port(), seconds=2.0)
    assert (look.reading, look.detail) == (Reading.TIMED_OUT, "no answer within 2 s")
    assert len(look.attempts) >= 2
    assert {a.result for a in look.attempts} == {"no connection"}


async def test_s53_a_model_that_never_answers_is_left_and_the_others_go_on() -> None:
    script = for_security(Reply([SQL], hang=True))
    async with fake_anthropic(script) as fake:
        looks = await ask(fake.url, FIRST_VOTES, first_seconds=0.3)
        late, *others = looks
        assert late.reading is Reading.TIMED_OUT
        assert late.detail == "no answer began within 0 s"
        assert late.seconds < 3
        assert [a.result for a in late.attempts] == ["silent"]
        assert [look.reading for look in others] == [Reading.READ] * 2
        assert len(fake.requests) == 3
        assert fake.dropped == 1


async def test_s53_a_stream_that_does_not_end_in_time_is_left_paid_for_and_closed() -> None:
    async with fake_anthropic(always(Reply([SQL], latency=30))) as fake:
        look = await ask_once(fake.url, seconds=0.5)
        assert (look.reading, look.claims) == (Reading.TIMED_OUT, ())
        assert 0.4 < look.seconds < 3
        assert look.usage.prompt > 0
        assert look.cost
        assert look.attempts[-1].seconds > 0.2
    assert fake.dropped == 1


# What the API can refuse


async def test_s50_retry_after_is_waited_for() -> None:
    script = first(Reply(status=429, retry_after=0.7), Reply([SQL]))
    async with fake_anthropic(script) as fake:
        look = await ask_once(fake.url)
        assert look.reading is Reading.READ
        assert fake.arrived[2] - fake.arrived[1] >= 0.7
        assert [a.result for a in look.attempts] == ["429", "200"]
        assert look.attempts[0].usage == Usage()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"retry-after": "3600"}, id="seconds"),
        pytest.param({"retry-after-ms": "3600000"}, id="milliseconds"),
        pytest.param({"retry-after": "Wed, 01 Jan 2098 00:00:00 GMT"}, id="date"),
        pytest.param({"retry-after": "inf"}, id="for-ever"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_s50_nobody_waits_longer_than_a_call_may_last(
    headers: dict[str, str], status: int
) -> None:
    async with fake_anthropic(always(Reply(status=status, headers=headers))) as fake:
        async with engine(fake.url) as made:
            look = await made.run(SECURITY)
            again = await made.run(STYLE)
        assert (look.reading, look.seconds < 3) == (Reading.FAILED, True)
        assert "asks for a pause of" in look.detail
        assert (again.reading, again.detail) == (Reading.FAILED, look.detail)
        assert len(fake.requests) == 1


async def test_s50_a_pause_within_the_deadline_ends_with_it() -> None:
    async with fake_anthropic(always(Reply(status=429, retry_after=0.6))) as fake:
        look = await ask_once(fake.url, seconds=1.0)
        assert (look.reading, look.claims) == (Reading.TIMED_OUT, ())
        assert len(fake.requests) == 2
        assert all(a.seconds < 0.5 for a in look.attempts)  # The pause is no part of an attempt.


async def test_s50_overloaded_three_times_and_then_an_answer() -> None:
    script = first(Reply(status=529, retry_after=0.01), Reply([SQL]), times=3)
    async with fake_anthropic(script) as fake:
        look = await ask_once(fake.url)
        assert (look.reading, len(look.claims)) == (Reading.READ, 1)
        assert [a.result for a in look.attempts] == ["529", "529", "529", "200"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
async def test_s50_s51_for_ever_overloaded_or_down(status: int) -> None:
    reply = Reply(status=status, retry_after=0.01)
    async with fake_anthropic(for_security(reply)) as fake:
        bad, *others = await ask(fake.url, FIRST_VOTES)
        assert (bad.reading, bad.cost) == (Reading.FAILED, 0.0)
        assert (bad.detail, bad.lasts) == (f"the model is overloaded or down ({status})", False)
        assert len(bad.attempts) == 1 + RETRIES
        assert [look.reading for look in others] == [Reading.READ] * 2


FATAL = [
    pytest.param(Reply(status=401), "the API key was refused (401)", id="401"),
    pytest.param(Reply(status=402), "the account has no credit left (402)", id="402"),
    pytest.param(
        Reply(status=400, message="Your credit balance is too low to access the Anthropic API."),
        "the account has no credit left (400)",
        id="400-credit",
    ),
    pytest.param(Reply(status=403), "the API key may not use claude-sonnet-5-5 (403)", id="403"),
    pytest.param(
        Reply(status=404), "the API does not know the model claude-sonnet-5-5 (404)", id="404"
    ),
    *(
        pytest.param(
            Reply(status=429, error_code=code, retry_after=0.01),
            "the account has reached its spending limit",
            id=code,
        )
        for code in (
            "enforced_spend_limit_reached",
            "contract_spend_limit_reached",
            "ramp_limit_exceeded",
        )
    ),
]


@pytest.mark.parametrize(("reply", "detail"), FATAL)
async def test_s54_what_would_fail_again_is_asked_once_and_no_other_call_is_made(
    reply: Reply, detail: str
) -> None:
    async with fake_anthropic(always(reply)) as fake:
        looks = await ask(fake.url, FIRST_VOTES)
        assert [(look.reading, look.lasts) for look in looks] == [(Reading.FAILED, True)] * 3
        assert {look.detail for look in looks} == {detail}
        assert len(fake.requests) == 1
        assert [len(look.attempts) for look in looks] == [1, 0, 0]


async def test_s54_another_model_is_still_asked() -> None:
    def script(body: dict[str, Any], _number: int) -> Reply:
        return Reply(status=404) if body["model"] == "claude-gone" else Reply([SQL])

    calls = (replace(SECURITY, model="claude-gone"), SECURITY)
    async with fake_anthropic(script) as fake:
        gone, there = await ask(fake.url, calls)
    assert gone.detail == "the API does not know the model claude-gone (404)"
    assert there.reading is Reading.READ


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply(status=413), "the prompt is longer than the model takes"),
        (
            Reply(status=400, message="prompt is too long: 1200000 tokens > 1000000 maximum"),
            "the prompt is longer than the model takes",
        ),
        (Reply(status=400), "the API refused the request (400)"),
        (Reply(status=422), "the API refused the request (422)"),
    ],
    ids=["413", "too-long", "400", "422"],
)
async def test_s53_a_request_that_is_refused_is_not_repeated_but_others_are_asked(
    reply: Reply, detail: str
) -> None:
    async with fake_anthropic(for_security(reply)) as fake:
        bad, *others = await ask(fake.url, FIRST_VOTES)
        assert (bad.reading, bad.detail) == (Reading.FAILED, detail)
        assert [look.reading for look in others] == [Reading.READ] * 2
        assert len(fake.requests) == 3


async def test_s35_a_redirect_is_not_followed() -> None:
    async with fake_anthropic() as elsewhere:
        reply = Reply(status=307, headers={"location": f"{elsewhere.url}/v1/messages"})
        async with fake_anthropic(always(reply)) as fake:
            look = await ask_once(fake.url)
            assert (look.reading, look.detail) == (
                Reading.FAILED,
                "the API refused the request (307)",
            )
            assert len(fake.requests) == 1
        assert elsewhere.requests == []
