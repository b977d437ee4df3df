"""The App's door for GitHub: is it genuine, what does it ask for, is that written down? Then 202.

The answer comes after the jobs have the wish, because GitHub does not send twice what it was thanked
for (case S11). No work is done here. Nothing of a delivery is logged before its signature is good.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from aiohttp import web

from bot.doors.bodies import MOST_FORM, USUAL, WEBHOOK, Bodies, Patience, forms
from bot.doors.events import Rules, intake
from bot.doors.signature import Claim, Refusal, check_body, read_claim
from bot.doors.state import STATE, ServerState
from bot.jobs.protocol import Ignored, JobsProblem, Wish
from bot.metrics import Metrics

LARGE = 256 * 1024
"""Bytes; above, signature and JSON (40 ms for 25 MB, and up to half a second) leave the event loop."""
MOST_WAITING = 256
"""So many deliveries may wait for the jobs; one more is told to come again."""
READY_SECONDS = 3.0
STARTING_SECONDS = 10.0
"""So long a server may take to start before it is a warning that it is not ready."""
ALIVE_SECONDS = 3.0
"""The Dockerfile's check waits a second longer for the answer."""

_UNSAVED = "the jobs could not write it down"
_BUSY = "too many deliveries wait"
_FORGED = (
    "If GitHub sent it: TRIPTYCH_WEBHOOK_SECRET is not the secret in the App's settings there."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a delivery is told, and for the log. `result` is a word for the metrics."""

    status: int
    result: str
    why: str = ""
    job: str = ""
    claim: Claim | None = None
    size: int = 0

    @property
    def response(self) -> web.Response:
        """For GitHub, whose page of deliveries shows it to the App's owner."""
        match self.status:
            case 202:
                return web.json_response({"job": self.job}, status=202)
            case 200:
                return web.json_response({"ignored": self.why})
        return bare(self.status, self.why)


def bare(status: int, text: str = "") -> web.Response:
    """A line of text and a status, nothing of how it is made."""
    return web.Response(status=status, text=f"{text or HTTPStatus(status).phrase}\n")


def judge(
    claim: Claim, body: bytearray, secrets: Sequence[str], rules: Rules
) -> Refusal | Wish | Ignored:
    """A body's signature, JSON and meaning. Pure; the payload ends here."""
    delivery = check_body(claim, body, secrets)
    if isinstance(delivery, Refusal):
        return delivery
    return intake(delivery.event, delivery.payload, rules)


def make_door(
    state: ServerState,
    *,
    metrics: Metrics | None = None,
    more: Iterable[web.AbstractRouteDef] = (),
    patience: Patience = USUAL,
) -> web.Application:
    """`/webhook`, `/healthz`, `/readyz` and `more`; else 404 and 405.

    Routes find `state` as `request.app[STATE]`. `metrics`: None where nobody will read them.
    """
    app = web.Application(middlewares=[forms(patience)], client_max_size=MOST_FORM)
    app[STATE] = state
    door = _Door(state, metrics or Metrics(), patience)
    app.add_routes(
        [
            web.post(WEBHOOK, door.receive),
            web.get("/healthz", _alive),
            web.get("/readyz", _Readiness(state).show),
            *more,
        ]
    )
    app.on_response_prepare.append(nameless)
    app.cleanup_ctx.append(door.thread_for_large)
    return app


async def _alive(request: web.Request) -> web.Response:
    """Whether to leave this process alone: its door and its reviews go on."""
    try:
        async with asyncio.timeout(ALIVE_SECONDS):
            await request.app[STATE].jobs.beat()
    except (JobsProblem, TimeoutError):
        return bare(503, "the reviews do not answer")
    return bare(200, "ok")


async def nameless(_: web.Request, response: web.StreamResponse) -> None:
    """Nobody need know what we run on (case S10)."""
    response.headers.popall("Server", None)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")


@dataclass
class _Readiness:
    """Whether deliveries can be taken, and reviews made. Asked of the jobs once a second at most: it is
    anyone's to ask.
    """

    state: ServerState
    asked: float = -1.0
    first: float = 0.0
    why: str = ""
    told: bool = False

    async def show(self, _: web.Request) -> web.Response:
        """200 or 503. Why not stands in the log only: it may name hosts."""
        why = self.state.closed or await self._jobs()
        return bare(503, "not ready") if why else bare(200, "ready")

    async def _jobs(self) -> str:
        now = asyncio.get_running_loop().time()
        if self.asked < 0 or now - self.asked >= 1.0:
            self.first = self.first or now
            self.asked = now
            before = self.why
            try:
                async with asyncio.timeout(READY_SECONDS):
                    self.why = await self.state.jobs.ready()
            except TimeoutError:
                self.why = "the jobs do not answer"
            # At the start something is still to be loaded; after that it is news.
            is_news = bool(self.why) and now - self.first > STARTING_SECONDS
            if self.why != before or (is_news and not self.told):
                self.told = is_news
                say = _log().warning if is_news else _log().info
                say("readiness", why=self.why, result="no" if self.why else "yes")
        return self.why


@dataclass
class _Door:
    """POST /webhook."""

    state: ServerState
    metrics: Metrics
    patience: Patience
    waiting: int = 0
    bodies: Bodies = field(init=False)
    thread: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.patience)

    async def thread_for_large(self, _: web.Application) -> AsyncIterator[None]:
        """One thread: large bodies wait for each other, so that their JSON is in memory once."""
        with ThreadPoolExecutor(1, "large-bodies") as self.thread:
            yield

    async def receive(self, request: web.Request) -> web.Response:
        """Answer a delivery, count it, and write one line."""
        now = asyncio.get_running_loop().time
        began = now()
        answer = await self._answer(request, began + self.patience.answer)
        seconds = now() - began
        event = answer.claim.event if answer.claim else ""
        self.metrics.delivery(event, answer.result, seconds)
        _log().log(
            30 if answer.status >= 400 else 20,
            "delivery",
            delivery=answer.claim.id if answer.claim else "",
            event_name=event,
            result=answer.result,
            status=answer.status,
            why=answer.why,
            job=answer.job,
            bytes=answer.size,
            seconds=round(seconds, 4),
            do=_FORGED if answer.status == 401 else "",
        )
        return answer.response

    async def _answer(self, request: web.Request, end: float) -> Answer:
        if why := self.state.closed:
            return Answer(503, "closed", why)
        claim = read_claim(request.raw_headers)
        if isinstance(claim, Refusal):
            return _refused(claim)
        async with self.bodies.read(request) as body:
            if isinstance(body, Refusal):
                return _refused(body)
            asked = await self._judged(claim, body)
            size = len(body)
        if isinstance(asked, Refusal):
            return _refused(asked, size)
        if isinstance(asked, Ignored):
            return Answer(200, "ignored", asked.why, claim=claim, size=size)
        return await self._taken(asked, claim, size, end)

    async def _judged(self, claim: Claim, body: bytearray) -> Refusal | Wish | Ignored:
        settings = self.state.settings
        given = (claim, body, settings.webhook_secrets, Rules.of(settings))
        if len(body) <= LARGE:
            return judge(*given)
        return await asyncio.get_running_loop().run_in_executor(self.thread, _judge_large, *given)

    async def _taken(self, wish: Wish, claim: Claim, size: int, end: float) -> Answer:
        """202 when the jobs have written it down, 503 in every other case (case S11)."""
        if self.waiting >= MOST_WAITING:
            return Answer(503, "busy", _BUSY, claim=claim, size=size)
        self.waiting += 1
        try:
            async with asyncio.timeout_at(end):
                job = await self.state.jobs.accept(wish, claim.id)
        except (JobsProblem, TimeoutError) as e:
            _log().error("unsaved", delivery=claim.id, exc_info=e)
            return Answer(503, "unsaved", _UNSAVED, claim=claim, size=size)
        finally:
            self.waiting -= 1
        return Answer(202, "taken", job=job, claim=claim, size=size)


def _judge_large(
    claim: Claim, body: bytearray, secrets: Sequence[str], rules: Rules
) -> Refusal | Wish | Ignored:
    """`judge` without collections of garbage, which would stop the event loop, too.

    They would look again and again at a million new objects, of which none is in a cycle.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return judge(claim, body, secrets, rules)
    finally:
        if was_on:
            gc.enable()


def _refused(refusal: Refusal, size: int = 0) -> Answer:
    return Answer(refusal.status, "refused", refusal.why, size=size)


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("door")
    return log
