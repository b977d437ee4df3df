"""The shape in which a model answers, and what we take from an answer.

One schema for every call of a review, verifying ones too: it is part of the cache key, so another
one would be a full miss (facts/libraries.md, section 1.3). Structured output guarantees the shape
only; every value is checked here, item by item, and what does not fit is dropped and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from reviewers.core.call import Cleared, Opinion
from reviewers.core.finding import (
    SEVERITY_WORDS,
    Claim,
    Dropped,
    Reason,
    Ruling,
    Severity,
    SeverityWord,
    Side,
    Source,
)
from reviewers.core.reviewer import Reviewer
from reviewers.core.visible import one_line

MAX_ITEMS = 500
"""Items of one answer that are looked at; what is behind them is counted as dropped (case S52)."""
MAX_TEXT = 4000
NO_TITLE = "an item without the agreed shape"


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_LINE = {"type": "integer"}

SCHEMA: Mapping[str, Any] = _object(
    findings={
        "type": "array",
        "items": _object(
            path=_TEXT,
            line=_LINE,
            end_line=_LINE,
            side={"type": "string", "enum": ["RIGHT", "LEFT"]},
            quote={"type": "string", "description": "the exact text of the line or lines"},
            rule=_TEXT,
            severity={"type": "string", "enum": list(reversed(SEVERITY_WORDS))},
            title={"type": "string", "description": "what happens, at most 60 characters"},
            body={"type": "string", "description": "why, at most 240 characters"},
            fix={"type": "string", "description": "what to do, at most 200 characters"},
            replace_with={
                "anyOf": [{"type": "null"}, {"type": "string"}],
                "description": "exact new text for line..end_line, or null",
            },
        ),
    },
    cleared={
        "type": "array",
        "items": _object(path=_TEXT, line=_LINE, quote=_TEXT, reason=_TEXT),
    },
    opinions={
        "type": "array",
        "items": _object(
            finding=_TEXT,
            ruling={"type": "string", "enum": ["confirmed", "refuted", "uncertain"]},
            reason=_TEXT,
            path=_TEXT,
            quote=_TEXT,
        ),
    },
)
"""Numbers and lengths have no bounds here: the grammar does not enforce them."""


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _says_something(text: str) -> str:
    """A title of blanks, controls and dots is none: a review would show an empty name."""
    if not one_line(text).strip(" ."):
        raise ValueError("no title")
    return text


class _Finding(_Item):
    path: str = Field(min_length=1, max_length=1000)
    line: int = Field(ge=1, le=10_000_000)
    end_line: int = Field(ge=1, le=10_000_000)
    side: str = Field(pattern="^(LEFT|RIGHT)$")
    quote: str = Field(max_length=MAX_TEXT)
    rule: str = Field(max_length=100)
    severity: SeverityWord
    title: Annotated[str, AfterValidator(_says_something)] = Field(max_length=MAX_TEXT)
    body: str = Field(max_length=MAX_TEXT)
    fix: str = Field(max_length=MAX_TEXT)
    replace_with: str | None = Field(max_length=MAX_TEXT)


class _Cleared(_Item):
    path: str = Field(min_length=1, max_length=1000)
    line: int = Field(ge=1, le=10_000_000)
    quote: str = Field(max_length=MAX_TEXT)
    reason: str = Field(min_length=1, max_length=MAX_TEXT)


class _Opinion(_Item):
    finding: str = Field(max_length=40)
    ruling: Ruling = Field(strict=False)
    reason: str = Field(max_length=MAX_TEXT)
    path: str = Field(max_length=1000)
    quote: str = Field(max_length=MAX_TEXT)


ItemT = TypeVar("ItemT", bound=_Item)


class UnreadableError(ValueError):
    """The answer is not the JSON that was asked for. It is not mended: it is an outcome."""


@dataclass(frozen=True)
class Answer:
    """What one answer says, checked."""

    claims: tuple[Claim, ...]
    cleared: tuple[Cleared, ...]
    opinions: tuple[Opinion, ...]
    dropped: tuple[Dropped, ...]


def read_answer(text: str, reviewer: Reviewer | None, source: Source, guarded: str) -> Answer:
    """An answer's text as claims of `source`.

    `reviewer` (None for the verifier) gives the closed list of rules and the ceiling of severity.
    Whatever repeats `guarded`, a word that only stands in our own instructions, is dropped: the
    model was made to give its prompt away (case S47). UnreadableError when it is no such JSON, or
    when it reports findings and none of them can be read.
    """
    try:
        answer = json.loads(text)
        json.dumps(answer)  # Each item is written out again below, to be looked at.
    except (ValueError, RecursionError):
        raise UnreadableError("no JSON") from None
    if not isinstance(answer, dict):
        raise UnreadableError("no JSON object")
    findings, cleared, opinions = (
        _list(answer, name) for name in ("findings", "cleared", "opinions")
    )
    sieve = _Sieve(source, guarded)
    found = sieve.keep(_Finding, findings)
    if reviewer and not found and any(d.reason is Reason.MALFORMED for d in sieve.dropped):
        # Something was found and nobody can say what: that is not the same as nothing.
        raise UnreadableError("no finding has the agreed shape")
    doubts = sieve.keep(_Cleared, cleared)
    opined = sieve.keep(_Opinion, opinions)
    if reviewer is None:  # The verifier is asked for opinions only.
        sieve.drop(Reason.MALFORMED, (item.model_dump() for item in found))
        found = []
    return Answer(
        tuple(_claim(item, reviewer, source) for item in found if reviewer),
        tuple(Cleared(c.path, c.line, c.quote, c.reason) for c in doubts),
        tuple(Opinion(o.finding, o.ruling, o.reason, o.path, o.quote) for o in opined),
        tuple(sieve.dropped),
    )


class _Sieve:
    """Keeps the items that have the agreed shape and tell nothing of the prompt; counts the rest."""

    def __init__(self, source: Source, guarded: str) -> None:
        self.dropped: list[Dropped] = []
        self._source = source
        self._guarded = guarded.lower()

    def drop(self, reason: Reason, items: Iterable[Any]) -> None:
        """Count items as dropped."""
        self.dropped += [Dropped(_stub(item, self._source), reason) for item in items]

    def keep(self, shape: type[ItemT], items: Sequence[Any]) -> list[ItemT]:
        """The items of that shape, in order."""
        kept: list[ItemT] = []
        for item in items[:MAX_ITEMS]:
            # The leak first: an item that has a wrong shape, too, must not be shown in any part.
            if self._leaks(item):
                self.drop(Reason.LEAKED, [{}])
            elif (parsed := _parse(shape, item)) is None:
                self.drop(Reason.MALFORMED, [item])
            else:
                kept.append(parsed)
        for item in items[MAX_ITEMS:]:
            self.drop(Reason.OVER_LIMIT, [{} if self._leaks(item) else item])
        return kept

    def _leaks(self, item: Any) -> bool:
        return self._guarded in json.dumps(item, ensure_ascii=False).lower()


def _list(answer: Mapping[str, Any], name: str) -> list[Any]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise UnreadableError(f"{name} is no list")
    return items


def _parse(shape: type[ItemT], item: Any) -> ItemT | None:
    """The item in that shape; None where it is not, or holds half of a surrogate pair."""
    try:
        json.dumps(item, ensure_ascii=False).encode()
        return shape.model_validate(item)
    except (ValidationError, UnicodeEncodeError):
        return None


def _claim(item: _Finding, reviewer: Reviewer, source: Source) -> Claim:
    severity = min(Severity.parse(item.severity), reviewer.ceiling)
    return Claim(
        source=Source(
            source.reviewer, source.engine, source.vote, source.name, item.rule[:100], severity
        ),
        path=item.path,
        line=item.line,
        end_line=max(item.line, item.end_line),
        side=Side(item.side),
        quote=item.quote,
        rule=reviewer.rule(item.rule),
        severity=severity,
        title=item.title,
        body=item.body,
        fix=item.fix,
        suggestion=item.replace_with,
    )


def _stub(item: Any, source: Source) -> Claim:
    """Something to show for an item that was dropped, on one line."""
    said = item if isinstance(item, dict) else {}
    title = said.get("title")
    path = said.get("path")
    return Claim(
        source=source,
        path=one_line(path[:1000]) if isinstance(path, str) else "",
        line=0,
        end_line=0,
        side=Side.RIGHT,
        quote="",
        rule=f"{source.reviewer}/other",
        severity=Severity.INFO,
        title=one_line(title[:200]) if isinstance(title, str) else NO_TITLE,
        body="",
    )
