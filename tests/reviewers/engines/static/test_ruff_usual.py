"""What ruff reports and a reader would wave away is left out, and its true likeness is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewers.core.finding import Severity
from reviewers.engines.static.ruff import Ruff
from reviewers.engines.static.ruff_usual import is_test
from tests.reviewers.engines.static.looking import copies

LOGIN = "start(user='a', password='correct horse battery')\n"
RAISES = "import pytest\n\ndef test_it(a):\n    with pytest.raises(TypeError):\n        {}\n"
TWO_PER_BLOCK = (
    "import unittest\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        a = 1\n"
    "        with self.assertRaisesRegex(TypeError, 'a'):\n            b = 2\n\n"
    "            a < b\n"
)
ASYNC = (
    "import httpx\n\nasync def load():\n    async with httpx.Client() as client:\n"
    "        return {}client.get('https://a.b')\n"
)

# Code, file, text, and the lines on which it is reported.
TABLE = {
    "package": ("F401", "shop/__init__.py", "import os\n", []),
    "module": ("F401", "shop/init.py", "import os\n", [1]),
    "property": ("B018", "a.py", "def read(a):\n    a.total\n", []),
    "property of a call": ("B018", "a.py", "def read(a):\n    a(1, 'x # y').b  # warns\n", []),
    "list": ("B018", "a.py", "def read(a):\n    [a, 1.5]\n", [2]),
    "expected": ("B018", "a.py", RAISES.format("[a]"), []),
    "expected comparison": ("B015", "a.py", RAISES.format("a < 1"), []),
    "further down": ("B015", "a.py", TWO_PER_BLOCK, []),
    "behind the block": ("B015", "a.py", RAISES.format("pass") + "    a == 1\n", [6]),
    "forgotten assert": ("B015", "tests/test_a.py", "def test_it(a):\n    a == 1\n", [2]),
    "at the left edge": ("B015", "a.py", "import a\n\na == 1\n", [3]),
    "game": ("S311", "a.py", "import random\n\ndelay = random.random()\n", []),
    "token": ("S311", "a.py", "import random\n\ntoken = random.choice('ab')\n", [3]),
    "token above": ("S311", "a.py", "import random\n\nkey = [\n    random.random()\n]\n", [4]),
    "monkey": ("S311", "a.py", "import random\n\nmonkey = random.random()\n", []),
    "comparison": ("S105", "a.py", "def read(token):\n    return token == 'integer'\n", []),
    "password": ("S105", "a.py", "password = 'correct horse battery'\n", [1]),
    "password of a test": ("S105", "tests/a.py", "password = 'correct horse battery'\n", []),
    "argument": ("S106", "a.py", LOGIN, [1]),
    "argument of a test": ("S106", "shop/test_login.py", LOGIN, []),
    "awaited": ("ASYNC212", "a.py", ASYNC.format("await "), []),
    "not awaited": ("ASYNC212", "a.py", ASYNC.format(""), [5]),
}


@pytest.mark.parametrize("case", TABLE)
async def test_what_is_usual_is_left_out(case: str, tmp_path: Path) -> None:
    code, path, text, lines = TABLE[case]
    report = await Ruff().run(copies(tmp_path, {path: text}), [code])
    assert [hit.line for hit in report.hits] == lines
    assert (report.unread, report.failure) == ({}, "")


async def test_in_a_test_security_is_told_and_notifies_nobody(tmp_path: Path) -> None:
    text = "import yaml\n\nyaml.load(open('a'), Loader=yaml.Loader)\nprint(b)\n"
    for path, expected in (("a.py", [None, None]), ("tests/a.py", [Severity.LOW, None])):
        report = await Ruff().run(copies(tmp_path, {path: text}), ["S506", "F821"])
        assert [(h.code, h.severity) for h in report.hits] == list(
            zip(("S506", "F821"), expected, strict=True)
        )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("test/a.py", True),
        ("shop/testing/a.py", True),
        ("shop/tests/deep/a.py", True),
        ("test_a.py", True),
        ("shop/a_test.py", True),
        ("conftest.py", True),
        ("contests/a.py", False),
        ("latest/a.py", False),
        ("shop/attest.py", False),
        ("shop/test.py", False),
        ("shop/test_data/a.py", False),
    ],
)
def test_files_of_a_test_suite(path: str, expected: bool) -> None:
    assert is_test(path) is expected
