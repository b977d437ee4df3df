"""The project's one fake Anthropic: streams scripted answers, keeps a prompt cache, can break.

Small on purpose. What it answers was held against the strict stand-in that maintainers keep; it
refuses what the real API refuses where our requests could go wrong (schema, forced tools, sampling).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model does with one request.

    `findings`, `cleared`, `opinions` make the JSON answer; `text` replaces it; `thinking` comes
    before it in a block of its own. `stop` is the stop reason; `refusal` a category. `cut` breaks
    the stream after the first half: "drop" closes the connection, "error" sends an error event,
    "end" ends it as if that were all. `raw` replaces the whole stream by these bytes. `status`
    answers an error instead (-1: closes the connection) with `message` and `headers`; `hang` never
    answers; `held` is waited for behind the beginning. Times are in seconds.
    """

    findings: Sequence[Body] = ()
    cleared: Sequence[Body] = ()
    opinions: Sequence[Body] = ()
    text: str | None = None
    thinking: str = ""
    stop: str = "end_turn"
    refusal: str = ""
    cut: str = ""
    raw: bytes | None = None
    status: int = 0
    error_code: str = ""
    message: str = "scripted"
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    hang: bool = False
    first: float = 0.0
    latency: float = 0.0
    held: asyncio.Event | None = None

    def answer(self) -> str:
        """The text of the answer."""
        if self.text is not None:
            return self.text
        return json.dumps(
            {
                "findings": list(self.findings),
                "cleared": list(self.cleared),
                "opinions": list(self.opinions),
            }
        )


Script = Callable[[Body, int], Reply]
"""Gets the request's body and its number (from 1); says what happens."""


def silent(_body: Body, _number: int) -> Reply:
    """A model that finds nothing."""
    return Reply()


@dataclass
class FakeAnthropic:
    """State of the fake: its script, and what it was asked.

    `arrived`, `begun` and `ended` tell when (monotonic seconds), by the request's number; `whole` are
    those that were answered to the end. Prefixes
    below `least_cached` tokens are not cached. `dense`: what is not ASCII has a token a byte.
    """

    script: Script = silent
    url: str = ""
    requests: list[Body] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    arrived: dict[int, float] = field(default_factory=dict)
    begun: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    running: int = 0
    peak: int = 0
    dropped: int = 0
    least_cached: int = 512
    dense: bool = False
    _cache: set[str] = field(default_factory=set)

    def texts(self) -> list[str]:
        """Everything that was sent to the model, one string a request."""
        return [json.dumps(body, ensure_ascii=False) for body in self.requests]

    def forget(self) -> None:
        """As after 5 minutes: nothing is in the cache."""
        self._cache.clear()

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(client_max_size=2**25)
        app.add_routes(
            [web.post("/{path:.*}", self._messages), web.get("/v1/models/{id}", self._model)]
        )
        return app

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if not name.startswith("claude-"):
            return _error(404, "not_found_error", f"model: {name}")
        return web.json_response({"type": "model", "id": name, "lifecycle": "active"})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        self.requests.append(body)
        self.paths.append(request.path)
        self.headers.append(dict(request.headers))
        number = len(self.requests)
        self.arrived[number] = monotonic()
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            return await self._answer(request, body, number)
        except (asyncio.CancelledError, ConnectionResetError):
            self.dropped += 1
            raise
        finally:
            self.running -= 1
            self.ended[number] = monotonic()

    async def _answer(self, request: web.Request, body: Body, number: int) -> web.StreamResponse:
        if problem := _problem(request, body):
            return _error(400, "invalid_request_error", problem)
        reply = self.script(body, number)
        if reply.hang:
            await asyncio.sleep(3600)
        if reply.status == -1:
            _abort(request)
        if reply.status:
            return _error(reply.status, "api_error", reply.message, reply)
        name, usage = self._usage(body)
        await asyncio.sleep(reply.first)
        if reply.raw is not None:
            return web.Response(body=reply.raw, content_type="text/event-stream")
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        message = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", ""),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        self.begun[number] = monotonic()
        self._cache.add(name)
        await _event(response, "message_start", message=message)
        await asyncio.sleep(reply.latency)
        if reply.held:
            await reply.held.wait()
        text = "" if reply.refusal else reply.answer()
        if text:
            if await self._content(request, response, reply, text):
                return response
        stop = "refusal" if reply.refusal else reply.stop
        details = {"type": "refusal", "category": reply.refusal} if reply.refusal else None
        delta = {"stop_reason": stop, "stop_sequence": None, "stop_details": details}
        written = {"output_tokens": (len(text) + len(reply.thinking)) // 4 + 1}
        await _event(response, "message_delta", delta=delta, usage=written)
        await _event(response, "message_stop")
        await response.write_eof()
        self.whole.add(number)
        return response

    async def _content(
        self, request: web.Request, response: web.StreamResponse, reply: Reply, text: str
    ) -> bool:
        """Send the text in two halves; True when the stream was broken between them."""
        at = 0
        if reply.thinking:
            block: Body = {"type": "thinking", "thinking": "", "signature": ""}
            await _event(response, "content_block_start", index=at, content_block=block)
            delta = {"type": "thinking_delta", "thinking": reply.thinking}
            await _event(response, "content_block_delta", index=at, delta=delta)
            await _event(response, "content_block_stop", index=at)
            at += 1
        block = {"type": "text", "text": ""}
        await _event(response, "content_block_start", index=at, content_block=block)
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            delta = {"type": "text_delta", "text": part}
            await _event(response, "content_block_delta", index=at, delta=delta)
            if reply.cut == "drop":
                _abort(request)
            if reply.cut == "error":
                error = {"type": "overloaded_error", "message": "Overloaded"}
                await _event(response, "error", error=error)
            if reply.cut:
                await response.write_eof()
                return True
        await _event(response, "content_block_stop", index=at)
        return False

    def _usage(self, body: Body) -> tuple[str, dict[str, int]]:
        """The prefix's name and the tokens (characters / 4) of a request that arrives now.

        A marked prefix can be read from when the answer to its writer has begun.
        """
        prefix, rest, marked = "", "", False
        key = json.dumps([body.get("model"), body.get("output_config"), body.get("system")])
        for block in body["messages"][0]["content"]:
            if not marked:
                prefix += block["text"]
                marked = "cache_control" in block
            else:
                rest += block["text"]
        system = sum(len(block["text"]) for block in body.get("system", []))
        rare = "".join(c for c in prefix if not c.isascii()) if self.dense else ""
        size = (len(prefix) - len(rare) + system) // 4 + len(rare.encode())
        name = hashlib.sha256((key + prefix).encode()).hexdigest()
        known = name in self._cache
        cacheable = marked and size >= self.least_cached
        return name, {
            "input_tokens": len(rest) // 4 + (0 if cacheable else size),
            "cache_creation_input_tokens": size if cacheable and not known else 0,
            "cache_read_input_tokens": size if cacheable and known else 0,
        }


def _problem(request: web.Request, body: Body) -> str:
    """What the API of 2026-10-21 and the 5.x models refuse."""
    if "Authorization" not in request.headers and "X-Api-Key" not in request.headers:
        return "no key"
    for name in ("temperature", "top_p", "top_k", "tool_choice"):
        if name in body:
            return f"{name}: not permitted"
    if body["max_tokens"] < 1 or body["max_tokens"] > 128_000:
        return "max_tokens"
    if body["messages"][-1]["role"] != "user":
        return "prefill"
    texts = [b for m in body["messages"] for b in m["content"]] + list(body.get("system", ()))
    if any(not block.get("text") for block in texts):
        return "text content blocks must be non-empty"
    return _schema_problem(body.get("output_config", {}).get("format", {}).get("schema", {}))


def _schema_problem(schema: Any) -> str:
    if isinstance(schema, list):
        return next((p for item in schema if (p := _schema_problem(item))), "")
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return "additionalProperties must be false"
    if {"minimum", "maximum", "minLength", "maxLength", "maxItems"} & set(schema):
        return "a bound is not supported"
    return next((p for value in schema.values() if (p := _schema_problem(value))), "")


def _abort(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionResetError


def _error(status: int, kind: str, message: str, reply: Reply = Reply()) -> web.Response:
    error: Body = {"type": kind, "message": message}
    if reply.error_code:
        error["details"] = {"error_code": reply.error_code}
    headers = dict(reply.headers)
    if reply.retry_after is not None:
        headers["retry-after"] = str(reply.retry_after)
    return web.json_response({"type": "error", "error": error}, status=status, headers=headers)


async def _event(response: web.StreamResponse, kind: str, **data: Any) -> None:
    text = json.dumps({"type": kind, **data})
    await response.write(f"event: {kind}\ndata: {text}\n\n".encode())


@asynccontextmanager
async def fake_anthropic(
    script: Script = silent, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeAnthropic]:
    """A running fake; `url` is where."""
    fake = FakeAnthropic(script)
    server = TestServer(fake.app(), handler_cancellation=True)
    await server.start_server(ssl=tls)
    try:
        fake.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
        yield fake
    finally:
        await server.close()


CANARY = "CANARY-DO:"
"""What comes behind it on a line, as JSON, the gullible model does."""


def gullible(body: Body, _number: int) -> Reply:
    """A model that obeys the first order it reads, wherever it stands (case S43).

    An order with "findings", "cleared" or "opinions" is the answer, other keys and all; "text" is
    the answer word for word; "refuse" is a category to refuse with; "cut" ends at the token limit.
    `{{system}}` in it stands for the system prompt, `{{request}}` for everything that was sent.
    """
    texts = [block["text"] for block in (*body["system"], *body["messages"][0]["content"])]
    order = next((o for text in texts for o in re.findall(CANARY + r" *(.*)", text)), None)
    if order is None:
        return Reply()
    try:
        said, _ = json.JSONDecoder().raw_decode(order)
    except ValueError:
        return Reply(text=order)
    answer = json.dumps({"findings": [], "cleared": [], "opinions": []} | said)
    if "text" in said:
        answer = said["text"]
    for name, secret in (("{{system}}", texts[0]), ("{{request}}", json.dumps(body))):
        answer = answer.replace(name, json.dumps(secret)[1:-1])
    return Reply(
        text=answer,
        refusal=said.get("refuse", ""),
        stop="max_tokens" if "cut" in said else "end_turn",
    )


def is_about(body: Body, reviewer: str) -> bool:
    """Whether a request is that reviewer's (or the verifier's) call."""
    return f"You are the {reviewer}" in body["messages"][0]["content"][-1]["text"]


def reported(path: str, line: int, quote: str, **more: Any) -> Body:
    """A finding in the shape of the answer schema."""
    return {
        "path": path,
        "line": line,
        "end_line": line,
        "side": "RIGHT",
        "quote": quote,
        "rule": "security/sql-injection",
        "severity": "high",
        "title": "Request data becomes SQL text",
        "body": "The query string goes into the statement unchanged.",
        "fix": "Pass it as a parameter.",
        "replace_with": None,
        **more,
    }
