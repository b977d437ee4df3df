"""The signature in the App's marker: by it the App knows that a marker is its own, unchanged.

Whoever may write to a repository may edit our reviews. A marker that is not sealed can still keep a
review from being posted twice; it dismisses nothing, marks nothing as fixed, and turns no check green
(design, section 7).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

_MARKER = re.compile(r"(<!-- triptych 1 run=[^>]*?)(?: sig=([0-9a-f]*))? -->\s*\Z")
DIGITS = 32
"""Hex digits of a signature: 128 bits."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The operator's key, for one pull request (`subject` names it by numbers, `5000#128`)."""

    key: bytes = field(repr=False)
    subject: str

    def sealed(self, body: str) -> str:
        """The body with its marker signed; unchanged where it has none."""
        return _MARKER.sub(lambda m: f"{m[1]} sig={self._sign(m[1])} -->", body)

    def holds(self, body: str) -> bool:
        """Whether the body's marker is ours and was not changed."""
        found = _MARKER.search(body)
        if found is None or found[2] is None:
            return False
        return hmac.compare_digest(found[2], self._sign(found[1]))

    def _sign(self, marker: str) -> str:
        text = f"{self.subject}\n{marker}".encode()
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:DIGITS]
