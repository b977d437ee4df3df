"""A webhook's payload, read field by field: whatever is missing or odd is named, never trusted.

A good signature says that GitHub sent it, not that every field is what we think: much in it was
typed by somebody. What is read here goes into the database and the log, so each value has a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_NUMBER = 2**63 - 1
"""What a database's integer holds."""

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})(?:\[bot\])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class OddField(Exception):
    """A field that is not there, or not what it should be: its path."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A JSON object of GitHub's. Every reader raises OddField; `path` is dotted, for its message."""

    members: Mapping[str, Any]
    path: str = ""

    def at(self, name: str) -> Payload:
        """The object under a name."""
        value = self.members.get(name)
        if not isinstance(value, dict):
            raise OddField(self._path(name))
        return Payload(value, self._path(name))

    def has(self, name: str) -> bool:
        """Whether an object stands under a name."""
        return isinstance(self.members.get(name), dict)

    def number(self, name: str) -> int:
        """A number of GitHub's: 1 or more."""
        value = self.members.get(name)
        if type(value) is not int or not 0 < value <= MOST_NUMBER:
            raise OddField(self._path(name))
        return value

    def text(self, name: str) -> str:
        """Any text."""
        value = self.members.get(name)
        if not isinstance(value, str):
            raise OddField(self._path(name))
        return value

    def login(self, name: str = "login") -> str:
        """A login, with `[bot]` where it is an App's."""
        return self._formed(name, _LOGIN)

    def repository(self, name: str = "full_name") -> str:
        """`owner/name`."""
        return self._formed(name, _REPOSITORY)

    def sha(self, name: str) -> str:
        """A commit."""
        return self._formed(name, _SHA)

    def time(self, name: str) -> str:
        """A time as GitHub writes it, "" where there is none yet."""
        return "" if self.members.get(name) is None else self._formed(name, _TIME)

    def objects(self, name: str) -> Sequence[Payload]:
        """The objects of a list."""
        values = self.members.get(name)
        if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
            raise OddField(self._path(name))
        return tuple(Payload(v, f"{self._path(name)}[{i}]") for i, v in enumerate(values))

    def _formed(self, name: str, form: re.Pattern[str]) -> str:
        value = self.text(name)
        if not form.fullmatch(value):
            raise OddField(self._path(name))
        return value

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
