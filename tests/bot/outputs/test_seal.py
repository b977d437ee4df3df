"""The signature in the App's marker."""

from __future__ import annotations

import pytest

from bot.outputs.marker import Marker, read_marker, write_marker
from bot.outputs.seal import Seal

MARKER = Marker("01JD8Q7M", "a" * 40, "9f3ad2c1", "findings", open=("7c1e9a02b4d8",))
BODY = f"**1 finding: 1 high.**\n\n{write_marker(MARKER)}"
OURS = Seal(b"our key", "5000#128")


def test_a_sealed_marker_says_the_same_and_holds() -> None:
    sealed = OURS.sealed(BODY)
    assert read_marker(sealed) == MARKER
    assert OURS.holds(sealed)
    assert OURS.sealed(sealed) == sealed
    assert sealed.startswith(BODY.removesuffix(" -->"))


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        OURS.sealed(BODY).replace("outcome=findings", "outcome=clean"),
        OURS.sealed(BODY).replace("open=7c1e9a02b4d8", "open="),
        Seal(b"another key", "5000#128").sealed(BODY),
        Seal(b"our key", "5000#129").sealed(BODY),
        OURS.sealed(BODY).replace(" sig=", " sig=0"),
        OURS.sealed(BODY) + "\nmore",
        "no marker",
        "",
    ],
    ids=["unsigned", "outcome", "open", "key", "pull request", "digits", "more", "none", "empty"],
)
def test_nothing_else_holds(body: str) -> None:
    assert not OURS.holds(body)


def test_a_body_without_a_marker_stays_as_it_is() -> None:
    assert OURS.sealed("text") == "text"


def test_the_key_is_not_shown() -> None:
    assert "our key" not in repr(OURS)
