"""File names as git and diff write them: prefixed, quoted as C strings, followed by a time.

They come out as they are on disk; bytes that are not UTF-8 as surrogates, so that they survive.
"""

from __future__ import annotations

import re
from itertools import takewhile

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_QUOTED_PART = re.compile(rb'\\([0-7]{3}|[abfnrtv"\\])|([^\\]+)')


def read_both_names(rest: bytes) -> tuple[str, str, tuple[str, str]]:
    """The two names behind `diff --git`, and the prefixes that stood before them.

    Unless rename headers follow, the names are equal behind their prefixes: `a/` and `b/`, the ones
    of `diff.mnemonicPrefix`, or none at all (`diff.noprefix`).
    """
    raw = _split_quoted(rest) if rest.startswith(b'"') else _split_middle(rest)
    old, new = (unquote(name) for name in raw)
    prefixes = ("a/", "b/")
    if old == new:
        prefixes = ("", "")
    elif old[1:2] == "/" and old[1:] == new[1:]:
        prefixes = (old[:2], new[:2])
    return old.removeprefix(prefixes[0]), new.removeprefix(prefixes[1]), prefixes


def split_alike(both: bytes) -> tuple[bytes, bytes]:
    """Two names with ` and ` between, which they may hold as well: where they end most alike, else
    where one of them is none.
    """
    ways = [(both[: at.start()], both[at.start() + 5 :]) for at in re.finditer(rb"(?= and )", both)]
    return max(ways, key=lambda names: (_common_end(*names), b"/dev/null" in names))


def _common_end(one: bytes, other: bytes) -> int:
    """How many last parts of two paths are equal."""
    pairs = zip(reversed(one.split(b"/")), reversed(other.split(b"/")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def read_name(raw: bytes, prefix: str) -> str | None:
    """A name as it stands behind `---` or `+++`, None for /dev/null."""
    # diff -u puts a tab and the time behind the name; git a bare tab if the name has blanks.
    quoted = raw.startswith(b'"')
    text = unquote(_split_quoted(raw)[0] if quoted else raw.split(b"\t", 1)[0])
    return None if text == "/dev/null" else text.removeprefix(prefix)


def unquote(raw: bytes) -> str:
    """A name that git may have quoted as a C string, as core.quotePath does."""
    if not (raw.startswith(b'"') and raw.endswith(b'"') and len(raw) > 1):
        return raw.decode("utf-8", "surrogateescape")
    out = bytearray()
    for escape, plain in _QUOTED_PART.findall(raw[1:-1]):
        if plain:
            out += plain
        elif len(escape) == 3:
            out.append(int(escape, 8) & 0xFF)
        else:
            out += _ESCAPES.get(escape.decode(), escape.decode()).encode()
    return out.decode("utf-8", "surrogateescape")


def _split_middle(rest: bytes) -> tuple[bytes, bytes]:
    """Two names without quotes: equally long, or (a rename) told again by the lines behind."""
    middle = len(rest) // 2
    if rest[middle : middle + 1] != b" ":
        middle = rest.find(b" ")
    return rest[:middle], rest[middle + 1 :]


def _split_quoted(rest: bytes) -> tuple[bytes, bytes]:
    """What begins with a quoted name: that name, and what stands behind it."""
    end = 1
    while end < len(rest) and rest[end : end + 1] != b'"':
        end += 2 if rest[end : end + 1] == b"\\" else 1
    return rest[: end + 1], rest[end + 2 :]
