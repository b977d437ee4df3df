"""A model's message while it arrives: its text, what it has used, why it stopped.

Read from the events as they are, plain JSON. The SDK's own snapshot makes typed objects of each event,
which was a quarter of all that the processor did for 20 reviews at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reviewers.core.call import Usage
from reviewers.engines.claude.prices import tokens


class GarbledError(ValueError):
    """An event that is not the API's."""


class Arrival:
    """The message of one stream. `stop` is "" until the model has stopped, `category` is a refusal's."""

    def __init__(self) -> None:
        self.begun = False
        self.stop = ""
        self.category = ""
        self._counted = Usage()
        self._texts: list[str] = []

    def take(self, event: object) -> str:
        """One event more; returns its type. GarbledError where it is none, or not the first to come."""
        kind = _word(event, "type")
        if not self.begun and kind != "message_start":
            raise GarbledError("the message had not begun")
        match kind:
            case "message_start":
                self.begun = True
                self._count(_part(event, "message"))
            case "content_block_start":
                self._said(_part(event, "content_block"), "text")
            case "content_block_delta":
                self._said(_part(event, "delta"), "text_delta")
            case "message_delta":
                self._count(event)
                self._ended(_part(event, "delta"))
        return kind

    @property
    def text(self) -> str:
        """The answer as far as it has come; what the model thinks is no part of it."""
        return "".join(self._texts)

    @property
    def usage(self) -> Usage:
        """The API's own count; of an answer that did not end, the output is counted by its text."""
        if self.stop or not self.begun:
            return self._counted
        return replace(self._counted, out=max(self._counted.out, tokens(len(self.text))))

    def _said(self, part: Mapping[str, Any], kind: str) -> None:
        if _word(part, "type") == kind:
            self._texts.append(_word(part, "text"))

    def _ended(self, delta: Mapping[str, Any]) -> None:
        if delta.get("stop_reason") is None:
            return
        self.stop = _word(delta, "stop_reason")
        details = delta.get("stop_details")
        self.category = str(details.get("category") or "") if isinstance(details, dict) else ""

    def _count(self, owner: object) -> None:
        """The counts are of the whole message so far; one that is left out is what it was."""
        usage = _part(owner, "usage")
        before = self._counted

        def count(name: str, was: int) -> int:
            value = usage.get(name)
            return value if isinstance(value, int) else was

        self._counted = Usage(
            uncached=count("input_tokens", before.uncached),
            written=count("cache_creation_input_tokens", before.written),
            read=count("cache_read_input_tokens", before.read),
            out=count("output_tokens", before.out),
        )


def _part(owner: object, name: str) -> Mapping[str, Any]:
    """The object under a name."""
    found = owner.get(name) if isinstance(owner, dict) else None
    if not isinstance(found, dict):
        raise GarbledError(name)
    return found


def _word(owner: object, name: str) -> str:
    found = owner.get(name) if isinstance(owner, Mapping) else None
    if not isinstance(found, str):
        raise GarbledError(name)
    return found
