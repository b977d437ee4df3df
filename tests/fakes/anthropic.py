"""The project's one fake Anthropic: streams scripted answers, keeps a prompt cache, can break.

Small on purpose. What it answers was held against the strict stand-in that maintainers keep; it
refuses what the real API refuses where our requests could go wrong (schema, forced tools, sampling).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model does with one request.

    `findings`, `cleared`, `opinions` make the JSON answer; `text` replaces it. `stop` is the stop
    reason; `refusal` a category. `cut` breaks the stream after the first half: "drop" closes the
    connection, "error" sends an error event. `status` answers an error instead, `hang` never
    answers. Times are in seconds.
    """

    findings: Sequence[Body] = ()
    cleared: Sequence[Body] = ()
    opinions: Sequence[Body] = ()
    text: str | None = None
    stop: str = "end_turn"
    refusal: str = ""
    cut: str = ""
    status: int = 0
    error_code: str = ""
    retry_after: float | None = None
    hang: bool = False
    first: float = 0.0
    latency: float = 0.0

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
    """State of the fake: its script, and what it was asked."""

    script: Script = silent
    url: str = ""
    requests: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    running: int = 0
    peak: int = 0
    dropped: int = 0
    _cache: dict[str, float] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """Everything that was sent to the model, one string a request."""
        return [json.dumps(body, ensure_ascii=False) for body in self.requests]

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(client_max_size=2**25)
        app.add_routes(
            [web.post("/v1/messages", self._messages), web.get("/v1/models/{id}", self._model)]
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
        self.headers.append(dict(request.headers))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            return await self._answer(request, body, self.script(body, len(self.requests)))
        except (asyncio.CancelledError, ConnectionResetError):
            self.dropped += 1
            raise
        finally:
            self.running -= 1

    async def _answer(self, request: web.Request, body: Body, reply: Reply) -> web.StreamResponse:
        if problem := _problem(request, body):
            return _error(400, "invalid_request_error", problem)
        if reply.hang:
            await asyncio.sleep(3600)
        if reply.status == -1:
            _abort(request)
        if reply.status:
            return _error(
                reply.status, "api_error", "scripted", reply.retry_after, reply.error_code
            )
        await asyncio.sleep(reply.first)
        usage = self._usage(body)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        message = {
            "id": f"msg_{len(self.requests)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        await _event(response, "message_start", message=message)
        await asyncio.sleep(reply.latency)
        text = "" if reply.refusal else reply.answer()
        if text:
            if await self._content(request, response, reply, text):
                return response
        stop = "refusal" if reply.refusal else reply.stop
        details = {"type": "refusal", "category": reply.refusal} if reply.refusal else None
        delta = {"stop_reason": stop, "stop_sequence": None, "stop_details": details}
        await _event(
            response, "message_delta", delta=delta, usage={"output_tokens": len(text) // 4 + 1}
        )
        await _event(response, "message_stop")
        await response.write_eof()
        return response

    async def _content(
        self, request: web.Request, response: web.StreamResponse, reply: Reply, text: str
    ) -> bool:
        """Send the text in two halves; True when the stream was broken between them."""
        await _event(
            response, "content_block_start", index=0, content_block={"type": "text", "text": ""}
        )
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            delta = {"type": "text_delta", "text": part}
            await _event(response, "content_block_delta", index=0, delta=delta)
            if reply.cut == "drop":
                _abort(request)
            if reply.cut == "error":
                error = {"type": "overloaded_error", "message": "Overloaded"}
                await _event(response, "error", error=error)
                await response.write_eof()
                return True
        await _event(response, "content_block_stop", index=0)
        return False

    def _usage(self, body: Body) -> dict[str, int]:
        """Tokens are characters / 4; a marked prefix is written once and read from then on."""
        prefix, rest, marked = "", "", False
        key = json.dumps([body["model"], body.get("output_config"), body.get("system")])
        for block in body["messages"][0]["content"]:
            if not marked:
                prefix += block["text"]
                marked = "cache_control" in block
            else:
                rest += block["text"]
        system = sum(len(block["text"]) for block in body.get("system", []))
        size = (len(prefix) + system) // 4
        name = hashlib.sha256((key + prefix).encode()).hexdigest()
        known = name in self._cache
        self._cache[name] = 1.0
        cacheable = marked and size >= 512
        return {
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


def _error(
    status: int,
    kind: str,
    message: str,
    retry_after: float | None = None,
    code: str = "",
) -> web.Response:
    error: Body = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    headers = {"retry-after": str(retry_after)} if retry_after is not None else {}
    return web.json_response({"type": "error", "error": error}, status=status, headers=headers)


async def _event(response: web.StreamResponse, kind: str, **data: Any) -> None:
    text = json.dumps({"type": kind, **data})
    await response.write(f"event: {kind}\ndata: {text}\n\n".encode())


@asynccontextmanager
async def fake_anthropic(script: Script = silent) -> AsyncIterator[FakeAnthropic]:
    """A running fake; `url` is where."""
    fake = FakeAnthropic(script)
    server = TestServer(fake.app(), handler_cancellation=True)
    await server.start_server()
    try:
        fake.url = f"http://127.0.0.1:{server.port}"
        yield fake
    finally:
        await server.close()


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
