"""What the App asks of GitHub, and why: for the setup page, for doctor and for the README.

As little as the work can be done with (facts/reliability.md, section e). The deliveries of the App
itself, and `installation*` events, come without asking.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Access(enum.IntEnum):
    """What a permission allows, in rising order; GitHub's own words for it are the names."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3

    @classmethod
    def parse(cls, text: object) -> Access:
        """GitHub's word for it; one that is not known counts as the most."""
        name = str(text).upper()
        return cls[name] if name in cls.__members__ else cls.ADMIN

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Need:
    """A permission: how much of it, what it is for, and whether all is well without it."""

    access: Access
    why: str
    optional: bool = False


PERMISSIONS: Mapping[str, Need] = {
    "metadata": Need(Access.READ, "every App has it: names and numbers of repositories"),
    "contents": Need(Access.READ, "the files round the change, and .github/triptych.toml"),
    "pull_requests": Need(
        Access.WRITE,
        "read the change, post the review, answer commands, take used labels off",
    ),
    "checks": Need(
        Access.WRITE,
        "the check run with its button; without it the review is posted all the same",
        optional=True,
    ),
}

EVENTS: tuple[str, ...] = (
    *("pull_request", "issue_comment", "pull_request_review_comment"),
    *("check_run", "check_suite"),
)
"""What GitHub must tell us of. `check_run` and `check_suite` need the permission `checks`."""
CHECK_EVENTS = frozenset({"check_run", "check_suite"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted, against what is needed; each as `NAME: LEVEL` or the name of an event."""

    missing: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


def compare(held: Mapping[str, object], events: Iterable[str]) -> Grant:
    """What is missing (`optional`: what we can do without), and what nobody needs."""
    granted = {name: Access.parse(level) for name, level in held.items()}
    missing: list[str] = []
    optional: list[str] = []
    for name, need in PERMISSIONS.items():
        if granted.get(name, Access.NONE) < need.access:
            (optional if need.optional else missing).append(f"{name}: {need.access}")
    told = set(events)
    for event in EVENTS:
        if event not in told:
            (optional if event in CHECK_EVENTS else missing).append(f"event {event}")
    spare = [f"{name}: {level}" for name, level in granted.items() if _is_spare(name, level)]
    spare += [
        f"event {name}" for name in sorted(told) if name not in EVENTS and not _comes_anyway(name)
    ]
    return Grant(tuple(missing), tuple(optional), tuple(spare))


def _is_spare(name: str, level: Access) -> bool:
    need = PERMISSIONS.get(name)
    return level > (need.access if need else Access.NONE)


def _comes_anyway(event: str) -> bool:
    return event.startswith("installation") or event in ("ping", "meta", "github_app_authorization")
