"""The signature in our marker: of the App's, and of one of a door that has nothing else to go by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.aging import aged
from bot.outputs.marker import (
    Marker,
    finding_marker,
    read_finding_marker,
    read_marker,
    write_marker,
)
from bot.outputs.seal import Seal

MARKER = Marker("01JD8Q7M", "a" * 40, "9f3ad2c1", "findings", open=("7c1e9a02b4d8",))
BODY = f"**1 finding: 1 high.**\n\n{write_marker(MARKER)}"
OURS = Seal(b"our key", "5000#128")


def test_a_sealed_marker_says_the_same_and_holds() -> None:
    sealed = OURS.sealed(BODY)
    assert read_marker(sealed) == MARKER
    assert OURS.signed(sealed)
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
        "no marker",
        "",
    ],
    ids=["unsigned", "outcome", "open", "key", "pull request", "digits", "none", "empty"],
)
def test_nothing_else_holds(body: str) -> None:
    assert not OURS.signed(body)


TEXTS = Seal(b"our key", "5000#128", texts=True)


def test_who_signs_texts_knows_them_whatever_a_site_or_a_later_push_makes_of_them() -> None:
    sealed = TEXTS.sealed(BODY)
    assert read_marker(sealed) == MARKER
    assert TEXTS.sealed(sealed) == sealed
    for same in (sealed, f"{sealed}\n", sealed.replace("\n", "\r\n"), aged(sealed, MARKER.head)):
        assert TEXTS.signed(same)


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        OURS.sealed(BODY),
        TEXTS.sealed(BODY).replace("1 high", "1 low"),
        TEXTS.sealed(BODY).replace("outcome=findings", "outcome=clean"),
        f"More.\n\n{TEXTS.sealed(BODY)}",
        Seal(b"another key", "5000#128", texts=True).sealed(BODY),
        Seal(b"our key", "5000#129", texts=True).sealed(BODY),
        Seal(b"our key", "5001#128", texts=True).sealed(BODY),
        "",
    ],
    ids=[
        *("unsigned", "its marker alone", "text", "marker", "more", "key"),
        *("pull request", "repository", "empty"),
    ],
)
def test_who_signs_texts_believes_no_other(body: str) -> None:
    assert not TEXTS.signed(body)


COMMENT = f"**High: It fails.** 2 of 3 votes.\n\n{finding_marker('7c1e9a02b4d8', 'style/other')}"


def test_a_comment_is_signed_for_its_file() -> None:
    sealed = TEXTS.sealed_comment("a.py", COMMENT)
    assert read_finding_marker(sealed) == ("7c1e9a02b4d8", "style/other")
    assert TEXTS.sealed_comment("a.py", sealed) == sealed
    assert TEXTS.holds_comment("a.py", sealed)
    assert not TEXTS.holds_comment("b.py", sealed)
    assert not TEXTS.holds_comment("a.py", sealed.replace("High", "Low"))
    assert not TEXTS.holds_comment("a.py", sealed.replace("style", "security"))
    assert not TEXTS.holds_comment("a.py", COMMENT)
    assert not TEXTS.holds_comment("a.py", "no marker")


@pytest.mark.parametrize("seal", [OURS, TEXTS], ids=["marker", "texts"])
def test_what_somebody_writes_below_a_marker_breaks_no_seal(seal: Seal) -> None:
    sealed = seal.sealed(BODY)
    forged = write_marker(replace(MARKER, open=()))
    for below in ("I fix it today. Bob", forged, seal.sealed(BODY).rpartition("\n")[2][:-9]):
        assert seal.signed(f"{sealed}\n\n{below}") == sealed
    older = OURS.sealed(f"First.\n\n{forged}")
    assert OURS.signed(f"{older}\n\n{sealed}") == (
        f"{older}\n\n{sealed}" if seal is OURS else older
    )
    assert seal.signed(f"A quote: `{sealed.rpartition(chr(10))[2]}`") == ""


def test_who_remembers_what_it_found_signs_no_comments() -> None:
    assert OURS.sealed_comment("a.py", COMMENT) == COMMENT
    assert OURS.holds_comment("a.py", COMMENT)


def test_a_body_without_a_marker_stays_as_it_is() -> None:
    assert OURS.sealed("text") == "text"


def test_the_key_is_not_shown() -> None:
    assert "our key" not in repr(OURS)
