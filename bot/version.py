"""Which Triptych this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "0+source"
"""The version of a source tree that was never installed, as the Action runs it from its commit."""


def installed() -> str:
    """The installed distribution's version."""
    try:
        return version("triptych-review")
    except PackageNotFoundError:
        return UNKNOWN
