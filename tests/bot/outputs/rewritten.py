"""The same report with other words: every text of strangers replaced, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from bot.report import Report
from reviewers.core.change import Hunk

T = TypeVar("T")

TEXTS = frozenset({"title", "body", "fix", "reason", "against", "note", "detail", "problem", "by"})
"""Fields that hold words of models, people or hosts."""
PATHS = frozenset({"path", "old_path"})


def rewritten(
    report: Report,
    text: Callable[[str], str] = lambda before: before,
    path: Callable[[str], str] = lambda before: before,
) -> Report:
    """The report with `text` and `path` applied to every such field that is not empty."""
    change: dict[str, Callable[[str], str]] = dict.fromkeys(TEXTS, text)
    change |= dict.fromkeys(PATHS, path)
    return _rewritten(report, change)


def _rewritten(value: T, change: dict[str, Callable[[str], str]]) -> T:
    if isinstance(value, tuple):
        return tuple(_rewritten(item, change) for item in value)  # type: ignore[return-value]
    if not is_dataclass(value) or isinstance(value, type | Hunk):
        return value
    values: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name in change and type(old) is str and old:
            values[field.name] = change[field.name](old)
        elif field.name not in {"policy", "title"} and not isinstance(old, str):
            values[field.name] = _rewritten(old, change)
    return replace(value, **values)
