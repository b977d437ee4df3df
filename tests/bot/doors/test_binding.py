"""Why an address cannot be listened on: short, and the same in every version of Python."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from bot.doors.binding import place, why_not

IN_USE, NOT_OURS = "Address already in use", "Cannot assign requested address"


@pytest.mark.parametrize(("error", "said"), [
    (OSError(errno.EADDRINUSE, "error while attempting to bind on address ('127.0.0.1', 1): a"), IN_USE),
    (OSError(errno.EADDRINUSE, "[errno 98] error while attempting to bind on address"), IN_USE),
    (PermissionError(errno.EACCES, "error while attempting to bind on address"), "Permission denied"),
    (OSError("could not bind on any address out of [('192.0.2.1', 80)]"), NOT_OURS),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
    (UnicodeError("label empty or too long"), "That is no name of a host"),
])  # fmt: skip
def test_each_reason_in_a_few_words(error: OSError | UnicodeError, said: str) -> None:
    assert why_not(error) == said


async def test_what_this_python_says_of_a_port_in_use() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(OSError, match=str(port)) as told:
        await loop.create_server(asyncio.Protocol, "127.0.0.1", port)
    server.close()
    assert why_not(told.value) == IN_USE


def test_an_address_of_six_is_told_from_its_port() -> None:
    assert place("::1", 80) == "[::1]:80"
    assert place("127.0.0.1", 80) == "127.0.0.1:80"
