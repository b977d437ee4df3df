"""What holds of a repository's configuration, above all of one that is not in order.

A slip of the pen must open nothing. What is valid by itself and only narrows a review holds all the
same: what is shut out, what it may cost, the gate. What widens it does not. Where nobody can tell what
is shut out, or what it may cost, no model is asked, and where nobody can tell which gate is wanted, it is
the strictest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ValidationError

from bot.config import (
    BUILT_IN,
    MAX_BYTES,
    PATH,
    Config,
    Unusable,
    meant_by,
    parse_config,
    read_table,
)
from bot.errors import ConfigProblem
from bot.terms import DEFAULT_VOTES
from reviewers.core.finding import SeverityWord
from reviewers.core.policy import STATIC

STRICTEST: SeverityWord = "low"
"""The gate where one is wanted and it cannot be told which."""
_GATE = re.compile(r"(?:^|[\r\n])[^#\r\n]*\bgates?\b", re.IGNORECASE)
"""The word outside of a comment, in what is no TOML."""

TOP, EACH_REVIEWER = "", "reviewers"
"""What stands in no table, and what in one of each reviewer's own."""
NARROWING: Mapping[str, tuple[str, ...]] = {
    TOP: ("engine", "exclude", "ignore"),
    "budget": ("review", "pull_request"),
    "limits": ("file_kb", "prompt_kb", "prompts"),
    "triggers": ("labels", "skip_labels", "skip_authors", "paths"),
    EACH_REVIEWER: ("enabled", "paths", "votes"),
}
"""The settings, by their tables, that can narrow a review: a valid one holds by itself."""
_DROPPING = "ignore"
"""Keeps nothing from a model, and bounds no price: it only drops what was found."""
_SHUTTING = frozenset(
    name
    for table, keys in NARROWING.items()
    for key in keys
    if key != _DROPPING
    for name in (table or key, key, f"{table}.{key}")
)
"""What keeps code from models, or bounds what they cost, as it may be written: table, key, or both."""
MOST_STRAYS = 200
"""So many names that are no setting are compared: that takes time (case S33)."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """What holds. `problem` says what is wrong with the file, None where it is in order; `is_doubtful`:
    what may be sent to a model, or paid for it, cannot be told from it, so none may be asked.
    """

    config: Config
    problem: ConfigProblem | None = None
    is_doubtful: bool = False


def held(data: bytes | Unusable | None, where: str = PATH) -> Held:
    """What holds of the configuration that stands on the base branch; of none the defaults.

    `where` is its path, for the problem's sentence.
    """
    try:
        return Held(parse_config(data, where) if data is not None else Config())
    except ConfigProblem as e:
        return _narrowed(data or b"", e)


def _narrowed(data: bytes | Unusable, problem: ConfigProblem) -> Held:
    try:
        table = read_table(data)
    except ConfigProblem:
        kept: dict[str, Any] = {"engine": STATIC}
        if _may_want_a_gate(data):
            kept["gate"] = STRICTEST
        return Held(Config.model_validate(kept), problem, is_doubtful=True)
    strays = list(islice(_strays(table), MOST_STRAYS))
    kept, is_doubtful = _kept(table)
    is_doubtful |= any(_may_mean(name, _SHUTTING) for name in strays)
    if "gate" in table or any(_may_mean(name, ("gate",)) for name in strays):
        gate = {"gate": table.get("gate")}
        kept |= gate if "gate" in table and _is_valid(gate) else {"gate": STRICTEST}
    is_doubtful &= kept.get("engine") != STATIC
    if is_doubtful:
        kept["engine"] = STATIC
    return Held(Config.model_validate(kept), problem, is_doubtful)


def _may_want_a_gate(data: bytes | Unusable) -> bool:
    """Of what cannot be read: it wants none where its text is known, and does not speak of one."""
    if isinstance(data, Unusable) or len(data) > MAX_BYTES:
        return True
    text = data.decode("utf-8", "replace")
    return "\0" in text or "\ufffd" in text or bool(_GATE.search(text))


def _kept(table: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The keys that narrow, as a table; and whether one is there that cannot be told."""
    kept: dict[str, Any] = {}
    is_doubtful = False
    for path in _wishes(table):
        value = _at(table, path)
        if not _is_valid(_nested(path, value)):
            is_doubtful |= path[-1] != _DROPPING
        elif _narrows(path, value):
            inner = kept
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = value
    agreeing = {name: value for name, value in kept.items() if _is_valid({name: value})}
    # What is valid by itself is not so together where those who were to look were the repository's own.
    return agreeing, is_doubtful or agreeing != kept


def _wishes(table: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of what is there and can narrow a review, or stands in the place of that."""
    yield from ((key,) for key in NARROWING[TOP] if key in table)
    for name, keys in NARROWING.items():
        here = table.get(name, {}) if name != TOP else {}
        if not isinstance(here, dict):
            yield (name,)
        elif name == EACH_REVIEWER:
            yield from _reviewers_wishes(here)
        else:
            yield from ((name, key) for key in keys if key in here)


def _reviewers_wishes(tables: Mapping[str, Any]) -> Iterator[Path]:
    """The same of the reviewers' tables. One of a reviewer that nobody knows, and that brings no charter,
    may be meant for any of the built-in ones.
    """
    for name, mine in tables.items():
        if name in BUILT_IN and isinstance(mine, dict):
            keys = NARROWING[EACH_REVIEWER]
            yield from ((EACH_REVIEWER, name, key) for key in keys if key in mine)
        elif not (isinstance(mine, dict) and mine.get("charter")):
            yield (EACH_REVIEWER, name)


def _narrows(path: Path, value: Any) -> bool:
    """Whether a valid value asks for no more than holds without it."""
    match path[-1]:
        case "engine":
            return bool(value == STATIC)
        case "enabled":
            return not value
        case "votes":
            return bool(value <= DEFAULT_VOTES.get(path[1], 1))
        case _:
            return True


def _at(table: Mapping[str, Any], path: Path) -> Any:
    found: Any = table
    for part in path:
        found = found[part]
    return found


def _nested(path: Path, value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return dict(value)


def _strays(table: Mapping[str, Any]) -> Iterator[str]:
    """The names that are no setting where they stand: misspelt, or under another table's heading."""
    try:
        Config.model_validate(table)
    except ValidationError as e:
        for error in e.errors(include_url=False):
            if error["type"] == "extra_forbidden":
                yield from _names({str(error["loc"][-1]): error["input"]})


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _names(inner)


def _may_mean(name: str, names: Collection[str]) -> bool:
    """Whether what is no setting may be one of these, as people are told that it may."""
    return meant_by(name, names) in names


def _is_valid(table: Mapping[str, object]) -> bool:
    try:
        Config.model_validate(table)
    except ValidationError:
        return False
    return True
