"""Characters that people do not see, or see in another order than the machine.

Bidirectional controls reorder what is shown (Trojan Source, CVE-2021-42574), zero-width and tag
characters hide text, other controls move a terminal's cursor. They are shown as `‹U+202E›` to
models and people alike, never sent as they are (case S42).
"""

from __future__ import annotations

import re

BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Unicode's Bidi_Control property, as ranges for a character class."""

INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Zero-width, filler, variation-selector and tag characters (Default_Ignorable_Code_Point)."""

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"

HIDDEN = re.compile(f"[{BIDI}{INVISIBLE}]")
"""What must not stand unseen in code: bidirectional and invisible characters."""

_SHOWN = re.compile(f"[{BIDI}{INVISIBLE}{_CONTROL}]")


def escape(character: str) -> str:
    """One character as people can read it: `‹U+202E›`; a byte that was not UTF-8 as `‹0xE9›`."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"‹0x{code - 0xDC00:02X}›"
    return f"‹U+{code:04X}›"


def visible(text: str) -> str:
    """The text with every hidden or control character escaped; line ends and tabs stay.

    A carriage return before a line end stays out of sight: it is CRLF, not a trick.
    """
    if (
        text.isascii() and text.isprintable()
    ):  # Nearly every line of code, told a hundred times sooner.
        return text
    return _SHOWN.sub(lambda m: escape(m[0]), text.replace("\r\n", "\n").removesuffix("\r"))


def one_line(text: str) -> str:
    """`visible`, on one line: white space of any kind becomes single blanks."""
    return visible(" ".join(text.split()))
