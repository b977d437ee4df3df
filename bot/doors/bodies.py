"""Reading bodies from strangers: no more of them at once than memory holds, and none for ever.

Nothing is known of a sender before the last byte is in, because only then the signature can be
checked. So each body has a size and a time; small ones are bounded in number, large ones in what they
hold together, and who is slow makes room for who is quick (case S08).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import StreamReader, web
from aiohttp.typedefs import Handler, Middleware

from bot.doors.room import FullError, Large, Room
from bot.doors.signature import MIB, MOST_BYTES, Refusal

WEBHOOK = "/webhook"
SMALL = 64 * 1024
"""Bytes; nearly every delivery of a pull request is smaller."""
READERS = 128
"""So many small bodies are read at once; one more, and the oldest is let go of."""
ROOM = 16 * MIB
"""What large bodies hold together, before one of the largest is added to it."""
MOST_FORM = 16 * 1024
"""Bytes of a form of the pages; the longest has a few fields of a line each."""
FORM_SECONDS = 5.0
"""For a whole one."""
SECONDS = 9.0
"""For a whole body: GitHub hangs up after 10."""
SILENCE = 4.0
"""For the next bytes of one."""
ANSWER = 9.5
"""For all of a delivery; nobody hears an answer that comes later than 10."""

TOO_LARGE = Refusal(413, "The body is larger than GitHub's are.")
TOO_SLOW = Refusal(408, "The body did not come in time.")
BROKEN = Refusal(400, "The body is broken.")
FULL = Refusal(503, "Too many large bodies wait.")


@dataclass(frozen=True)
class Patience:
    """Seconds for a whole body, for its next bytes, until the answer, and for a form of the pages."""

    whole: float = SECONDS
    silence: float = SILENCE
    answer: float = ANSWER
    form: float = FORM_SECONDS


USUAL = Patience()


class Bodies:
    """Where bodies are read: at most READERS small ones, and large ones as far as there is room."""

    def __init__(self, patience: Patience = USUAL) -> None:
        self._patience = patience
        self._room = Room(ROOM)
        self._reading: dict[asyncio.Timeout, None] = {}

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[bytearray | Refusal]:
        """A request's body, which has its place in the room until the caller is done with it."""
        if (request.content_length or 0) > MOST_BYTES:
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
            except FullError:
                refusal = FULL
            except web.RequestPayloadError:
                refusal = BROKEN
            yield body if refusal is None else refusal

    async def _read(
        self, content: StreamReader, body: bytearray, held: AsyncExitStack
    ) -> Refusal | None:
        now = asyncio.get_running_loop().time
        end = now() + self._patience.whole
        large: Large | None = None
        async with asyncio.timeout_at(end) as deadline:
            with self._place(deadline):
                while not content.at_eof():
                    deadline.reschedule(min(end, now() + self._patience.silence))
                    body += await content.readany()
                    if len(body) > MOST_BYTES:
                        return TOO_LARGE
                    if len(body) > SMALL and large is None:
                        self._reading.pop(deadline, None)
                        large = held.enter_context(self._room.body(deadline))
                    if large is not None:
                        deadline.reschedule(end)
                        await self._room.grow(large, len(body))
        if large is not None:
            large.is_reading = False
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


def forms(patience: Patience) -> Middleware:
    """What the pages are sent is read before they see it, and soon; deliveries are read by themselves."""

    @web.middleware
    async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_wanted = request.match_info.http_exception is None
        if request.method != "POST" or request.path == WEBHOOK or not is_wanted:
            return await handler(request)
        if request.content_type.startswith("multipart/"):
            return _closed(Refusal(415, "The pages send no such forms."))
        try:
            async with asyncio.timeout(patience.form):
                await request.read()
        except TimeoutError:
            return _closed(TOO_SLOW)
        except web.RequestPayloadError:
            return _closed(BROKEN)
        except web.HTTPRequestEntityTooLarge:
            return _closed(Refusal(413, "The body is larger than a form of these pages."))
        return await handler(request)

    return read


def _closed(refusal: Refusal) -> web.Response:
    answer = web.Response(status=refusal.status, text=f"{refusal.why}\n")
    answer.force_close()
    return answer


def _forget(body: bytearray) -> None:
    # A thread that is still at it when the server is killed has a hand on it.
    with contextlib.suppress(BufferError):
        body.clear()
