"""What ruff reports by the letter and no reader would: told from the code round it, and left out.

Measured on 44 ranges of the history of httpx and on twelve libraries of our own environment (640
files): these were nearly all false there. Rules that were are not in our tables at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.pyi?$")
_EXPECTS = re.compile(
    r"\b(?:raises|warns|assertRaises\w*|assertWarns\w*|suppress|deprecated_call)\("
)
_ATTRIBUTE = re.compile(r"\s*[^\s#=].*\.[^\W\d]\w*(?:\s+#.*)?\r?")
_COMPARES = re.compile(r"[=!]=")
_MEANS_SECRET = re.compile(
    r"token|secret|passw|nonce|salt|otp|session|csrf|cookie|credential|crypt|(?<![a-z])keys?(?![a-z])",
    re.IGNORECASE,
)

NO_EFFECT = frozenset({"B015", "B018"})
PASSWORDS = frozenset({"S105", "S106", "S107"})
FOR_TESTS = PASSWORDS | {"S104", "S113", "S303", "S324"}
"""Of the security review; what a test does with its own made-up server and password."""
BLOCKING = frozenset({"ASYNC210", "ASYNC212"})
NEAR = 3
"""Lines up to the hit in which a name is looked for."""


def is_test(path: str) -> bool:
    """Whether the file is part of a test suite, by its name or its folder's."""
    return _TEST.search(path) is not None


def is_usual(code: str, path: str, rows: Sequence[str], at: int, column: int) -> bool:
    """Whether the hit is one that a reader would wave away.

    `rows` are the file's lines, the hit begins at the 1-based line `at` and `column`.
    """
    row = rows[at - 1] if at <= len(rows) else ""
    if code == "F401":
        # An import that the file itself does not use is what the `__init__.py` of a package is for.
        return path.rpartition("/")[2] == "__init__.py"
    if code == "B018" and _ATTRIBUTE.fullmatch(row):
        # Properties do something when they are read: raise, warn, fill a cache.
        return True
    if code in NO_EFFECT:
        return _expects_an_error(row, rows[: at - 1])
    if code == "S311":
        # Most random numbers protect nothing; the name of those that do stands near.
        return not _MEANS_SECRET.search("\n".join(rows[max(0, at - NEAR) : at]))
    if code == "S105" and _COMPARES.search(row):
        # `token == "integer"`: what is compared with a constant holds no password.
        return True
    if code in BLOCKING:
        # What is awaited does not block; ruff takes the client for one of another version.
        return row[: column - 1].rstrip().endswith("await")
    return code in FOR_TESTS and is_test(path)


def _expects_an_error(row: str, above: Sequence[str]) -> bool:
    """Whether the line is the body of a block such as `with pytest.raises(TypeError):`."""
    inside = _indentation(row)
    head = next((r for r in reversed(above) if r.strip() and _indentation(r) < inside), "")
    return bool(_EXPECTS.search(head))


def _indentation(row: str) -> int:
    return len(row) - len(row.lstrip())
