"""One thing that was looked at: well, or what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class State(enum.StrEnum):
    """`ok`; `note`: well, and worth knowing; `to do`: wrong; `unknown`: could not be looked at."""

    OK = "ok"
    NOTE = "note"
    TODO = "to do"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """`said` is one sentence on what was found, `do` one on what to do, "" where nothing is."""

    about: str
    state: State
    said: str
    do: str = ""


def well(checks: Iterable[Check]) -> bool:
    """Whether nothing is wrong and nothing went unseen."""
    return all(check.state in (State.OK, State.NOTE) for check in checks)


def ok(about: str, said: str) -> Check:
    """It is well."""
    return Check(about, State.OK, said)


def note(about: str, said: str, do: str = "") -> Check:
    """It is well, and there is something to know."""
    return Check(about, State.NOTE, said, do)


def todo(about: str, said: str, do: str) -> Check:
    """It is wrong."""
    return Check(about, State.TODO, said, do)


def unknown(about: str, said: str, do: str = "") -> Check:
    """It could not be looked at."""
    return Check(about, State.UNKNOWN, said, do)
