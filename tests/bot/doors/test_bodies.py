"""Strangers' bodies cost their senders more than us, and GitHub loses none of its own by them (S08)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import pytest
from aiohttp import StreamReader
from aiohttp.test_utils import make_mocked_request

from bot.app_settings import AppSettings
from bot.doors.bodies import MOST_FORM, READERS, SMALL, Bodies, Patience
from bot.doors.pages import page_routes
from bot.doors.room import WAITING, FullError, Large, Room
from bot.doors.signature import MIB
from bot.settings import Settings
from tests.bot.doors.deliveries import encoded, headers, pull_request
from tests.bot.doors.opened import Opened, opened
from tests.fakes.jobs import FakeJobs

CALM = Patience(whole=60.0, silence=60.0)
PAGES = page_routes(
    Settings(), AppSettings(Path("/nonexistent"), "sqlite:///x"), FakeJobs(), token="t" * 20
)


def padded(size: int) -> bytes:
    """A genuine delivery of so many bytes."""
    made = pull_request()
    made["pull_request"]["body"] = ""
    made["pull_request"]["body"] = "x" * (size - len(encoded(made)))
    body = encoded(made)
    assert len(body) == size
    return body


def post(path: str, length: int, given: dict[str, str]) -> list[str]:
    """The head of a request, whose body has only begun."""
    lines = [f"{name}: {value}" for name, value in given.items()]
    return [f"POST {path} HTTP/1.1", "Host: x", *lines, f"Content-Length: {length}", "", "{"]


async def stall(door: Opened, sent: int) -> asyncio.StreamReader:
    """A stranger's large body that stops in the middle."""
    reader = await door.connect(*post("/webhook", 20_000_000, headers(b"")))
    door.open_sockets[-1].write(b"x" * sent)
    await door.open_sockets[-1].drain()
    return reader


async def test_s08_many_large_ones_that_stall_keep_no_large_one_out() -> None:
    """Each has sent what makes it large: more of them than may be read at once, if they were small."""
    async with opened(patience=CALM) as door:
        readers = [await stall(door, SMALL + 6000) for _ in range(READERS + 20)]
        await asyncio.sleep(0.2)
        answers = await asyncio.gather(*(door.send(padded(SMALL + 4000)) for _ in range(8)))
        assert {a.status for a in answers} == {202}
        assert (await door.send(padded(8 * MIB))).status == 202
        assert not any(reader.at_eof() for reader in readers)


async def test_s08_who_is_slow_gives_room_when_there_is_none() -> None:
    """Two of the largest that stall fill it; one more needs it for a moment only."""
    async with opened(patience=CALM) as door:
        first, second = await stall(door, 19 * MIB), await stall(door, 19 * MIB)
        await asyncio.sleep(0.5)
        answers = await asyncio.gather(*(door.send(padded(9 * MIB)) for _ in range(3)))
        assert {a.status for a in answers} == {202}
        assert (await first.readline()).startswith(b"HTTP/1.1 408 ")
        assert (await second.readline()).startswith(b"HTTP/1.1 408 ")


async def test_s08_the_oldest_small_one_is_let_go_of_at_once() -> None:
    """Before its own time is over."""
    async with opened(patience=CALM) as door, asyncio.timeout(10):
        first = await door.connect(*post("/webhook", 1000, headers(b"")))
        await asyncio.sleep(0.05)
        others = [await door.connect(*post("/webhook", 1000, headers(b""))) for _ in range(READERS)]
        async with asyncio.timeout(3):
            assert (await first.readline()).startswith(b"HTTP/1.1 408 ")
        assert not any(reader.at_eof() for reader in others)


async def test_s08_who_is_silent_is_let_go_of_before_the_whole_time_is_over() -> None:
    """And who is slow, but never silent for so long, is not."""
    async with opened(patience=Patience(whole=60.0, silence=0.4)) as door:
        silent = await door.connect(*post("/webhook", 1000, headers(b"")))
        async with asyncio.timeout(3):
            assert (await silent.readline()).startswith(b"HTTP/1.1 408 ")
        body = padded(8000)

        async def parts() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]
                await asyncio.sleep(0.1)

        given = headers(body) | {"Content-Length": str(len(body))}
        assert (await door.ask("POST", "/webhook", data=parts(), headers=given)).status == 202


async def test_s08_a_body_is_forgotten_when_the_caller_is_done_with_it() -> None:
    """Also where an error is on its way, whose traceback holds it."""
    bodies = Bodies(CALM)
    for error in (None, ValueError("a fault of ours")):
        content = StreamReader(mock.Mock(), 2**16, loop=asyncio.get_running_loop())
        content.feed_data(b"x" * 1000)
        content.feed_eof()
        request = make_mocked_request("POST", "/webhook", payload=content)
        with contextlib.suppress(ValueError):
            async with bodies.read(request) as held:
                assert isinstance(held, bytearray)
                assert len(held) == 1000
                if error:
                    raise error
        assert isinstance(held, bytearray)
        assert not held


async def test_s08_three_of_the_largest_at_once() -> None:
    async with opened() as door:
        body = padded(25 * MIB)
        answers = await asyncio.gather(*(door.send(body) for _ in range(3)))
        assert {a.status for a in answers} == {202}


async def test_s08_small_ones_that_come_later_push_no_large_one_out() -> None:
    """One that is read slowly, but steadily, while more small ones come than are read at once."""
    async with opened(patience=CALM) as door:
        body = padded(2 * SMALL)

        async def parts() -> AsyncIterator[bytes]:
            yield body[: SMALL + 1000]
            await asyncio.sleep(0.1)
            for _ in range(READERS + 1):
                await door.connect(*post("/webhook", 1000, headers(b"")))
            yield body[SMALL + 1000 :]

        given = headers(body) | {"Content-Length": str(len(body))}
        assert (await door.ask("POST", "/webhook", data=parts(), headers=given)).status == 202


async def test_so_many_wait_for_room_and_keep_their_place() -> None:
    room, loop = Room(100), asyncio.get_running_loop()
    async with asyncio.timeout(60) as deadline, contextlib.AsyncExitStack() as held:
        first = held.enter_context(room.body(deadline))
        await room.grow(first, 60)
        await room.grow(first, 1000)
        waiting = [held.enter_context(room.body(deadline)) for _ in range(WAITING)]
        tasks = [loop.create_task(room.grow(body, 1)) for body in waiting]
        await asyncio.sleep(0.1)
        with pytest.raises(FullError):
            await room.grow(held.enter_context(room.body(deadline)), 1)
        await room.grow(first, 2000)
        assert not any(task.done() for task in tasks)
        first.size, first.is_reading = 0, False
        await asyncio.wait_for(asyncio.gather(*tasks), 5)


async def test_one_that_has_lost_its_room_learns_it_with_its_next_bytes() -> None:
    async with asyncio.timeout(60) as deadline:
        lost = Large(deadline, 0.0, is_reading=False)
        with pytest.raises(TimeoutError):
            await Room(100).grow(lost, 1)


# --- the forms of the pages

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/reviews/x/retry"])
async def test_s08_a_form_that_does_not_come(path: str) -> None:
    """A connection that was kept for ever with one byte."""
    async with opened(more=PAGES, patience=Patience(form=0.3)) as door:
        reader = await door.connect(*post(path, 1000, FORM))
        answer = await asyncio.wait_for(reader.read(), 8)
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_s08_forms_that_are_none() -> None:
    async with opened(more=PAGES) as door:
        for body, given, status in (
            (b"token=" + b"x" * MOST_FORM, FORM, 413),
            (b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
            (b"token=x", FORM, 403),
        ):
            answer = await door.ask("POST", "/sign-in", data=body, headers=given)
            assert answer.status == status
        assert (await door.ask("POST", "/nowhere", data=b"x" * MIB)).status == 405, "unread"
        assert (await door.deliver(pull_request())).status == 202
