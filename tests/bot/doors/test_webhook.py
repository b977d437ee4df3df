"""The open door: what it answers, and what it never does (cases S01 to S11, S13, S14)."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from uuid import UUID

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.doors.bodies import READERS, SMALL, Patience
from bot.doors.signature import MIB, MOST_BYTES
from bot.doors.state import STATE, ServerState
from bot.doors.webhook import STARTING_SECONDS, _Readiness
from bot.jobs.protocol import CancelWish, JobsProblem, ReviewWish, Trigger
from tests.bot.doors.deliveries import (
    GUID,
    comment,
    encoded,
    headers,
    pull_request,
    signature,
)
from tests.bot.doors.opened import APP, NOBODY, Opened, opened
from tests.builders import HEAD
from tests.fakes.jobs import FULL, FakeJobs

SECRET_OF_NOBODY = "a guess"
HURRIED = Patience(whole=1.0, silence=0.3, answer=0.5)
JOB = f"review:9001#42:{HEAD}:"
UNSAVED = "the jobs could not write it down"


def padded(size: int) -> bytes:
    """A genuine delivery of so many bytes."""
    made = pull_request()
    made["pull_request"]["body"] = ""
    made["pull_request"]["body"] = "x" * (size - len(encoded(made)))
    body = encoded(made)
    assert len(body) == size
    return body


async def test_s01_the_job_is_taken_before_the_answer() -> None:
    async with opened() as door:
        door.jobs.stalled = asyncio.Event()
        answer = asyncio.create_task(door.deliver(pull_request()))
        done, _ = await asyncio.wait([answer], timeout=0.1)
        assert not done
        door.jobs.stalled.set()
        assert (await answer).status == 202
        assert json.loads((await answer).text) == {"job": JOB}
        assert [d for _, d in door.jobs.taken] == [GUID]


async def test_s01_a_body_as_large_as_githubs_largest() -> None:
    async with opened() as door:
        body = padded(24_900_000)
        assert (await door.send(body)).status == 202
        assert (await door.send(body, headers(body[:-1] + b" "))).status == 401
        assert len(door.jobs.taken) == 1


async def test_s02_what_is_forged_reaches_nobody() -> None:
    async with opened() as door:
        body = encoded(pull_request())
        for given in (
            headers(body, x_hub_signature_256=None),
            headers(body, x_hub_signature_256=signature(body, "wrong")),
            headers(body + b" "),
        ):
            assert (await door.send(body, given)).status == 401
        assert (await door.send(body + b" ", headers(body))).status == 401
        assert door.jobs.taken == []


async def test_s02_the_operator_is_told_what_a_wrong_secret_looks_like() -> None:
    """And the sender is not told of it."""
    async with opened() as door:
        body = encoded(pull_request())
        with capture_logs() as logs:
            answer = await door.send(body, headers(body + b" "))
        assert answer.text == "The signature is not one of ours.\n"
    (line,) = (line for line in logs if line["event"] == "delivery")
    assert "TRIPTYCH_WEBHOOK_SECRET" in line["do"]


async def test_s03_sha_1_alone() -> None:
    async with opened() as door:
        body = encoded(pull_request())
        given = headers(body, x_hub_signature_256=None, x_hub_signature="sha1=" + "0" * 40)
        assert (await door.send(body, given)).status == 401


@pytest.mark.parametrize(
    ("body", "change", "status"),
    [
        (b"{}", {"x_github_event": None}, 400),
        (b"{}", {"x_github_delivery": None}, 400),
        (b"[]", {}, 400),
        (b"null", {}, 400),
        (b"", {}, 400),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"x_hub_signature_256": ""}, 401),
        (b"{}", {"x_hub_signature_256": "sha256=\u00e9"}, 401),
    ],
)
async def test_s04_odd_deliveries(
    body: bytes, change: dict[str, str | None], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened() as door:
        answer = await door.send(body, headers(body, "push", **change))
        assert answer.status == status
        assert "Traceback" not in answer.text
        assert (await door.deliver(pull_request())).status == 202
    assert "sha256=" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("X-Hub-Signature-256: sha256=" + "0" * 10_000, 400),
        ("X-Hub-Signature-256: \x01\x02", 400),
        ("no colon", 400),
    ],
)
async def test_s04_headers_that_are_none(line: str, status: int) -> None:
    async with opened() as door:
        reader = await door.connect("POST /webhook HTTP/1.1", "Host: x", line, "", "")
        told = (await reader.read()).decode()
        assert told.split()[1] == str(status)
        assert "aiohttp" not in told
        assert "Python" not in told
        assert (await door.deliver(pull_request())).status == 202


async def test_s04_a_signature_twice() -> None:
    async with opened() as door:
        body = encoded(pull_request())
        lines = [f"{name}: {value}" for name, value in headers(body).items()]
        again = f"X-Hub-Signature-256: {signature(body)}"
        length = f"Content-Length: {len(body)}"
        close = "Connection: close"
        reader = await door.connect(
            "POST /webhook HTTP/1.1", "Host: x", *lines, again, length, close, "", body.decode()
        )
        assert (await reader.read()).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "settings",
    [
        NOBODY,
        replace(APP, webhook_secrets=()),
        replace(APP, private_key=""),
        replace(APP, app_id=""),
    ],
)
async def test_s05_without_an_app_nothing_is_taken(settings: object) -> None:
    async def setup(_: web.Request) -> web.Response:
        return web.Response(text="set me up")

    assert isinstance(settings, type(APP))
    async with opened(settings, more=[web.get("/setup", setup)]) as door:
        body = encoded(pull_request())
        for secret in ("", SECRET_OF_NOBODY):
            given = headers(body, x_hub_signature_256=signature(body, secret))
            assert (await door.send(body, given)).status == 503
        assert (await door.ask("GET", "/readyz")).status == 503
        assert (await door.ask("GET", "/healthz")).status == 200
        assert (await door.ask("GET", "/setup")).text == "set me up"
        assert door.jobs.taken == []


async def test_s05_a_blank_secret_is_none() -> None:
    async with opened(replace(APP, webhook_secrets=("", " "))) as door:
        body = encoded(pull_request())
        for secret in ("", " "):
            given = headers(body, x_hub_signature_256=signature(body, secret))
            assert (await door.send(body, given)).status == 401


async def test_an_app_that_is_set_up_while_the_server_runs() -> None:
    async def finish(request: web.Request) -> web.Response:
        request.app[STATE].settings = APP
        return web.Response()

    async with opened(NOBODY, more=[web.post("/setup", finish)]) as door:
        assert (await door.deliver(pull_request())).status == 503
        await door.ask("POST", "/setup")
        assert (await door.deliver(pull_request())).status == 202
        assert (await door.ask("GET", "/readyz")).status == 200


async def test_s06_two_secrets() -> None:
    async with opened(replace(APP, webhook_secrets=("new", "old"))) as door:
        body = encoded(pull_request())
        for secret, status in (("new", 202), ("old", 202), ("third", 401)):
            given = headers(body, x_hub_signature_256=signature(body, secret))
            assert (await door.send(body, given)).status == status


async def test_s07_ten_of_one_and_a_replay_are_one_wish() -> None:
    async with opened() as door:
        answers = await asyncio.gather(*(door.deliver(pull_request()) for _ in range(10)))
        assert {a.status for a in answers} == {202}
        replay = await door.deliver(pull_request(), x_github_delivery=str(UUID(int=1)))
        assert replay.status == 202
        assert len(door.jobs.wishes) == 1
        assert len(door.jobs.rows) == 1


async def test_s07_what_failed_is_taken_when_it_comes_again() -> None:
    async with opened() as door:
        door.jobs.fails = FULL
        assert (await door.deliver(pull_request())).status == 503
        door.jobs.fails = None
        assert (await door.deliver(pull_request())).status == 202


async def test_s08_too_large_with_and_without_a_length() -> None:
    async with opened() as door:
        large = headers(b"")
        reader = await door.connect(
            "POST /webhook HTTP/1.1",
            "Host: x",
            *(f"{name}: {value}" for name, value in large.items()),
            f"Content-Length: {MOST_BYTES + 1}",
            "",
            "",
        )
        # Answered before a byte of it came.
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")

        async def endless() -> object:
            for _ in range(27):
                yield b"x" * MIB

        assert (await door.ask("POST", "/webhook", data=endless(), headers=large)).status == 413
        assert (await door.deliver(pull_request())).status == 202


def slow(length: int = 1000) -> list[str]:
    lines = [f"{name}: {value}" for name, value in headers(b"").items()]
    return ["POST /webhook HTTP/1.1", "Host: x", *lines, f"Content-Length: {length}", "", "{"]


async def test_s08_who_is_slow_is_let_go_of() -> None:
    async with opened(patience=HURRIED) as door:
        reader = await door.connect(*slow())
        assert (await door.deliver(pull_request())).status == 202
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")


async def test_s08_many_slow_ones_keep_nobody_out() -> None:
    """The one who has read for longest makes room."""
    async with opened(patience=Patience(whole=60.0, silence=60.0)) as door:
        first = await door.connect(*slow())
        await asyncio.sleep(0.05)
        for _ in range(READERS - 1):
            await door.connect(*slow())
        await asyncio.sleep(0.1)
        assert (await door.deliver(pull_request())).status == 202
        assert (await first.readline()).startswith(b"HTTP/1.1 408 ")


async def test_s08_large_ones_wait_for_each_other() -> None:
    """More of them than there is room for: all are answered."""
    async with opened() as door:
        body = padded(4 * SMALL)
        answers = await asyncio.gather(*(door.send(body) for _ in range(8)))
        assert {a.status for a in answers} == {202}


async def test_s08_a_broken_body() -> None:
    """aiohttp tells of some broken chunks and leaves others to our patience."""
    async with opened(patience=HURRIED) as door:
        lines = [f"{name}: {value}" for name, value in headers(b"").items()]
        for first in ("zz", "1", "fffffffffffffffffffff"):
            reader = await door.connect(
                "POST /webhook HTTP/1.1", "Host: x", *lines, "Transfer-Encoding: chunked", ""
            )
            await asyncio.sleep(0.05)
            door.open_sockets[-1].write(f"{first}\r\nzz\r\n".encode())
            assert (await reader.readline()).split()[1] in (b"400", b"408")
        assert (await door.deliver(pull_request())).status == 202


async def test_s08_a_bomb_is_not_unpacked() -> None:
    async with opened() as door:
        body = gzip.compress(b"0" * 30 * MIB)
        answer = await door.send(body, headers(body, content_encoding="gzip"))
        assert answer.status == 415


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "x", "hook_id": 1}),
        ("unheard_of", {"action": "created"}),
        ("pull_request", pull_request("assigned")),
        ("issue_comment", comment("/triptych review", "edited")),
    ],
)
async def test_s09_nothing_to_do(
    event: str, payload: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened() as door:
        answer = await door.deliver(payload, event)
        assert answer.status == 200
        assert "ignored" in json.loads(answer.text)
        assert door.jobs.taken == []
    assert "error" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/healthz", 200, "ok\n"),
        ("GET", "/readyz", 200, "ready\n"),
        ("GET", "/webhook", 405, "405: Method Not Allowed"),
        ("PUT", "/webhook", 405, "405: Method Not Allowed"),
        ("POST", "/healthz", 405, "405: Method Not Allowed"),
        ("GET", "/metrics", 404, "404: Not Found"),
        ("GET", "/", 404, "404: Not Found"),
        ("POST", "/webhook/../x", 404, "404: Not Found"),
        ("GET", "/webhook?x=<script>", 405, "405: Method Not Allowed"),
    ],
)
async def test_s10_what_else_may_be_asked(method: str, path: str, status: int, text: str) -> None:
    async with opened() as door:
        answer = await door.ask(method, path)
        assert (answer.status, answer.text) == (status, text)
        assert "Server" not in answer.headers
        assert "aiohttp" not in str(answer.headers)


async def test_s10_not_ready_and_why_is_not_told() -> None:
    async with opened(jobs=FakeJobs(why_not="database db.internal is gone")) as door:
        answer = await door.ask("GET", "/readyz")
        assert (answer.status, answer.text) == (503, "not ready\n")
        assert (await door.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize("why", [JobsProblem("They have ended.", "Start."), TimeoutError()])
async def test_s10_a_process_whose_reviews_do_not_go_on_is_not_healthy(why: Exception) -> None:
    async with opened(jobs=FakeJobs(fails_to_beat=why)) as door:
        answer = await door.ask("GET", "/healthz")
        assert (answer.status, answer.text) == (503, "the reviews do not answer\n")


async def test_s11_what_cannot_be_written_is_not_thanked_for() -> None:
    async with opened(jobs=FakeJobs(fails=FULL)) as door:
        answer = await door.deliver(pull_request())
        assert answer.status == 503
        assert "space" not in answer.text


async def test_s11_jobs_that_stall() -> None:
    async with opened(patience=HURRIED) as door:
        door.jobs.stalled = asyncio.Event()
        answer = await door.deliver(pull_request())
        assert answer.status == 503
        assert door.jobs.taken == []


async def test_s11_too_many_wait() -> None:
    async with opened() as door:
        door.jobs.stalled = asyncio.Event()
        waiting = [asyncio.create_task(door.deliver(pull_request())) for _ in range(300)]
        refused = [
            await next_ for _, next_ in zip(range(44), asyncio.as_completed(waiting), strict=False)
        ]
        assert {a.status for a in refused} == {503}
        door.jobs.stalled.set()
        statuses = [(await t).status for t in waiting]
        assert statuses.count(202) == 256


async def test_s11_those_that_failed_wait_no_more() -> None:
    """However many they were, the door is not too busy for the next one."""
    async with opened(patience=HURRIED) as door:
        door.jobs.stalled = asyncio.Event()
        with capture_logs() as logs:
            for _ in range(2):
                many = await asyncio.gather(*(door.deliver(pull_request()) for _ in range(200)))
                assert {a.status for a in many} == {503}
        assert {line["why"] for line in logs if line["event"] == "delivery"} == {UNSAVED}
        door.jobs.stalled.set()
        assert (await door.deliver(pull_request())).status == 202


async def test_s11_a_fault_of_the_jobs_is_no_2xx() -> None:
    async with opened(jobs=FakeJobs(fails=ValueError("a fault of ours"))) as door:
        answer = await door.deliver(pull_request())
        assert answer.status == 500
        assert "fault" not in answer.text


async def test_s11_while_stopping() -> None:
    async with opened() as door:
        door.state.stopping = True
        assert (await door.deliver(pull_request())).status == 503
        assert (await door.ask("GET", "/readyz")).status == 503
        assert (await door.ask("GET", "/healthz")).status == 200


async def test_s13_order_is_not_the_doors_to_judge() -> None:
    async with opened() as door:
        for action in ("synchronize", "opened", "closed", "synchronize"):
            assert (await door.deliver(pull_request(action))).status == 202
        kinds = [type(w) for w, _ in door.jobs.taken]
        assert kinds == [ReviewWish, ReviewWish, CancelWish, ReviewWish]
        first = door.jobs.taken[0][0]
        assert isinstance(first, ReviewWish)
        assert first.trigger is Trigger.PUSHED


async def test_s14_two_hundred_at_once_are_all_taken() -> None:
    async with opened() as door:
        answers = await asyncio.gather(*(one_of_many(door, i) for i in range(200)))
        assert answers == [202] * 200
        assert len(door.jobs.wishes) == 200


async def one_of_many(door: Opened, number: int) -> int:
    made = pull_request()
    made["pull_request"]["number"] = 1 + number
    made["repository"]["id"] = 1 + number % 20
    return (await door.deliver(made, x_github_delivery=str(UUID(int=number)))).status


async def test_a_client_address_is_no_matter() -> None:
    async with opened() as door:
        body = encoded(pull_request())
        given = {**headers(body), "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=::1"}
        assert (await door.send(body, given)).status == 202


async def test_deliveries_are_counted() -> None:
    async with opened() as door:
        await door.deliver(pull_request())
        await door.deliver({"action": "x"}, "unheard_of")
        await door.send(b"{}", {})
        page = door.metrics.page(None).decode()
    assert 'triptych_deliveries_total{event="pull_request",result="taken"} 1.0' in page
    assert 'triptych_deliveries_total{event="other",result="ignored"} 1.0' in page
    assert 'triptych_deliveries_total{event="unproven",result="refused"} 1.0' in page


async def test_a_server_that_does_not_get_ready_is_a_warning() -> None:
    """At its start it has a moment: something is still to be loaded."""
    jobs = FakeJobs()
    jobs.why_not = "the database does not answer"
    readiness = _Readiness(ServerState(APP, jobs))
    with capture_logs() as logs:
        for later in (0.0, 0.0, STARTING_SECONDS + 1.0, 0.0):
            readiness.first -= later
            readiness.asked = -1.0
            assert await readiness._jobs() == jobs.why_not
        jobs.why_not = ""
        readiness.asked = -1.0
        assert await readiness._jobs() == ""
    assert [(r["log_level"], r["result"]) for r in logs] == [
        ("info", "no"),
        ("warning", "no"),
        ("info", "yes"),
    ]
