"""Reading bodies from strangers: no more of them at once than memory holds, and none for ever.

Nothing is known of a sender before the last byte is in, because only then the signature can be
checked. So each body has a size, a time and a place in a bounded room; who is slow loses the place to
who is quick (case S08).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import StreamReader, web

from bot.doors.signature import MOST_BYTES, Refusal

SMALL = 64 * 1024
"""Bytes; nearly every delivery of a pull request is smaller."""
READERS = 128
"""So many bodies are read at once; one more, and the oldest is let go of."""
LARGE_AT_ONCE = 2
SECONDS = 9.0
"""For a whole body: GitHub hangs up after 10."""
SILENCE = 4.0
"""For the next bytes of one."""
ANSWER = 9.5
"""For all of a delivery; nobody hears an answer that comes later than 10."""

TOO_LARGE = Refusal(413, "The body is larger than GitHub's are.")
TOO_SLOW = Refusal(408, "The body did not come in time.")
BROKEN = Refusal(400, "The body is broken.")


@dataclass(frozen=True)
class Patience:
    """Seconds for a whole body, for its next bytes, and until the answer."""

    whole: float = SECONDS
    silence: float = SILENCE
    answer: float = ANSWER


USUAL = Patience()


class Bodies:
    """The room in which bodies are read: at most READERS small ones and LARGE_AT_ONCE large ones."""

    def __init__(self, patience: Patience = USUAL, most: int = MOST_BYTES) -> None:
        self._patience = patience
        self._most = most
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._reading: dict[asyncio.Timeout, None] = {}

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[bytearray | Refusal]:
        """A request's body, which has its place in the room until the caller is done with it."""
        if (request.content_length or 0) > self._most:
            yield TOO_LARGE
            return
        body = bytearray()
        async with AsyncExitStack() as held:
            # Not when the garbage is collected: an error's traceback would keep it until then.
            held.callback(_forget, body)
            try:
                refusal = await self._read(request.content, body, held)
            except TimeoutError:
                refusal = TOO_SLOW
            except web.RequestPayloadError:
                refusal = BROKEN
            yield body if refusal is None else refusal

    async def _read(
        self, content: StreamReader, body: bytearray, held: AsyncExitStack
    ) -> Refusal | None:
        now = asyncio.get_running_loop().time
        end = now() + self._patience.whole
        is_large = False
        async with asyncio.timeout_at(end) as deadline:
            with self._place(deadline):
                while not content.at_eof():
                    deadline.reschedule(min(end, now() + self._patience.silence))
                    body += await content.readany()
                    if len(body) > self._most:
                        return TOO_LARGE
                    if len(body) > SMALL and not is_large:
                        is_large = True
                        deadline.reschedule(end)
                        await self._large.acquire()
                        held.callback(self._large.release)
        return None

    @contextmanager
    def _place(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """A place among those who read, if need be that of the one who has read for longest."""
        if len(self._reading) >= READERS:
            oldest = next(iter(self._reading))
            del self._reading[oldest]
            if not oldest.expired():
                oldest.reschedule(asyncio.get_running_loop().time())
        self._reading[deadline] = None
        try:
            yield
        finally:
            self._reading.pop(deadline, None)


def _forget(body: bytearray) -> None:
    # A thread that is still at it when the server is killed has a hand on it.
    with contextlib.suppress(BufferError):
        body.clear()
