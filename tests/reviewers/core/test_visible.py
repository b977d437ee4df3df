"""What people do not see is shown to them. Case S42's characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.visible import BIDI, HIDDEN, escape, one_line, visible

DEFAULT_IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Unicode 16's Default_Ignorable_Code_Point: what a font draws as nothing."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("if \u202e \u2066admin", "if ‹U+202E› ‹U+2066›admin"),
        ("zero\u200bwidth", "zero‹U+200B›width"),
        ("tag\U000e0041", "tag‹U+E0041›"),
        ("variation\ufe0f", "variation‹U+FE0F›"),
        ("soft\u00adhyphen", "soft‹U+00AD›hyphen"),
        ("\ufeffmark", "‹U+FEFF›mark"),
        ("esc\x1b[31mred", "esc‹U+001B›[31mred"),
        ("back\x08space", "back‹U+0008›space"),
        ("nul\x00", "nul‹U+0000›"),
        ("form\x0cfeed", "form‹U+000C›feed"),
        ("next\u0085line", "next‹U+0085›line"),
        ("line\u2028separator", "line‹U+2028›separator"),
        ("lone\rreturn", "lone‹U+000D›return"),
        ("lat\udce9n1", "lat‹0xE9›n1"),
        ("half a pair \ud83d", "half a pair ‹U+D83D›"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("crlf\r\nand at the end\r", "crlf\nand at the end"),
        ("ümläut 日本 🙂 ‹x›", "ümläut 日本 🙂 ‹x›"),
    ],
    ids=lambda value: value.encode("unicode_escape").decode()[:20],
)
def test_s42_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("span", DEFAULT_IGNORABLE, ids=lambda span: f"U+{span[0]:04X}")
def test_s42_every_ignorable_character_counts_as_hidden(span: tuple[int, int]) -> None:
    characters = [chr(code) for code in range(span[0], span[1] + 1)]
    assert [c for c in characters if not HIDDEN.fullmatch(c)] == []
    assert visible(characters[0]) == escape(characters[0])


def test_s42_every_bidirectional_control_counts_as_hidden() -> None:
    """Named by the classes that the Unicode data of Python gives them."""
    controls = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    found = [c for c in map(chr, range(0x110000)) if unicodedata.bidirectional(c) in controls]
    assert len(found) == 9
    assert all(HIDDEN.fullmatch(c) for c in found)
    assert "\u200f" in BIDI


def test_letters_and_signs_of_every_language_stay() -> None:
    kept = "äßçñΩжあ漢한\u05d0\u05d1\u0600€→…“”’–—"
    assert visible(kept) == kept
    assert not HIDDEN.search(kept)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\r\nand\ttabs  ", "two lines and tabs"),
        ("\u2028separated\x0cby\x0bodd\x85ones", "separated by odd ones"),
        ("hidden\u202e", "hidden‹U+202E›"),
        ("   ", ""),
    ],
    ids=["line ends", "odd ones", "hidden", "blank"],
)
def test_one_line_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text())
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not HIDDEN.search(shown)
    assert shown.count("\n") == text.count("\n")
    assert "\n" not in one_line(text)
