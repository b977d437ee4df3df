"""The signature in our marker: by it a door knows that a marker is its own, unchanged.

Whoever may write to a repository may edit our reviews. A marker that is not sealed can still keep a
review from being posted twice; it dismisses nothing, marks nothing as fixed, and turns no check green
(design, section 7).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from bot.outputs.aging import current

_END = r"[^>\n]*?)(?: sig=([0-9a-f]*))? -->"
_LINE = rf"(?m)^(<!-- triptych 1 run={_END}"
_MARKER = re.compile(rf"{_LINE}\s*\Z")
_ANYWHERE = re.compile(_LINE)
_FINDING = re.compile(rf"(?m)^(<!-- triptych 1 finding={_END}\s*\Z")
"""A marker is a line of its own, so that nobody has us look for the end of each through a whole body."""
DIGITS = 32
"""Hex digits of a signature: 128 bits."""


def key_of(text: str) -> bytes:
    """The key in what an operator has chosen, as 32 bytes."""
    return hashlib.sha256(f"triptych {text}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Seal:
    """The operator's key, for one pull request (`subject` names it by numbers, `5000#128`).

    The App remembers what it has found, and signs its marker alone. A door that has nothing to go by but
    what it posted signs the `texts`, too: there stands how grave a finding is, and where.
    """

    key: bytes = field(repr=False)
    subject: str
    texts: bool = False

    def sealed(self, body: str) -> str:
        """The body with its marker signed; unchanged where it has none."""
        return _MARKER.sub(lambda m: f"{m[1]} sig={self._sign(self._said(m))} -->", body)

    def signed(self, body: str) -> str:
        """The body up to its last marker that is ours and was not changed, nor the text before it where
        we sign that; "" where there is none. Whoever may write may have added something below.
        """
        for found in reversed(list(_ANYWHERE.finditer(body))):
            if self._is_ours(found, self._said(found)):
                return body[: found.end()]
        return ""

    def sealed_comment(self, path: str, body: str) -> str:
        """An inline comment on that file with its marker signed, where texts are."""
        if not self.texts:
            return body
        return _FINDING.sub(lambda m: f"{m[1]} sig={self._sign(_on(path, m))} -->", body)

    def holds_comment(self, path: str, body: str) -> bool:
        """Whether an inline comment on that file says what we said, where we sign that; else True."""
        found = _FINDING.search(body) if self.texts else None
        return not self.texts or self._is_ours(found, _on(path, found) if found else "")

    def _said(self, marker: re.Match[str]) -> str:
        """What is signed: the marker, or all of the body but that it is of an older commit."""
        if not self.texts:
            return marker[1]
        return f"body\n{_as_written(current(marker.string[: marker.end(1)]))}"

    def _is_ours(self, found: re.Match[str] | None, said: str) -> bool:
        if found is None or found[2] is None:
            return False
        return hmac.compare_digest(found[2], self._sign(said))

    def _sign(self, said: str) -> str:
        text = f"{self.subject}\n{said}".encode("utf-8", "surrogatepass")
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:DIGITS]


def _on(path: str, marker: re.Match[str]) -> str:
    return f"comment {path!r}\n{_as_written(marker.string[: marker.end(1)])}"


def _as_written(text: str) -> str:
    """Whatever a site makes of the ends of lines."""
    return text.replace("\r\n", "\n").strip()
