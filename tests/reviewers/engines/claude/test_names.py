"""Two files that look alike are told apart, and what is said of one is not looked up in the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.change import Change
from reviewers.core.finding import Severity
from reviewers.engines.claude.names import shown_names
from tests.builders import change
from tests.fakes.anthropic import Reply, fake_anthropic, reported
from tests.reviewers.engines.claude.asking import NONCE, briefing, review

TOKEN = "gh" + "p_" + "A" * 30
BAD = "child_process.exec(process.argv[2])"
TWINS = [
    ("src/a  b.js", "src/a b.js"),
    ("src/a\u200bb.js", "src/a‹U+200B›b.js"),
    (f"k/{TOKEN}1/a.js", f"k/{TOKEN}2/a.js"),
    ("src/a\nb.js", "src/a  b.js"),
    (f"a{NONCE}.js", "a….js"),
]
KINDS = ["blanks", "hidden character", "secrets", "both odd", "nonce"]


def files(*paths: str) -> Change:
    return change(dict.fromkeys(paths, (None, "x\n")))


@pytest.mark.parametrize("twins", TWINS, ids=KINDS)
def test_no_two_files_are_shown_under_one_name(twins: tuple[str, str]) -> None:
    for paths in (twins, twins[::-1]):
        names = shown_names(files(*paths), NONCE)
        assert list(names) == list(paths)
        assert len(set(names.values())) == 2
        for path, name in names.items():
            assert briefing(files(*paths)).path_of(name) == path


def test_a_file_that_has_the_very_name_keeps_it() -> None:
    paths = ("a  b.js", "a b.js", "a b.js‹file 2›", "a   b.js")
    names = shown_names(files(*paths), NONCE)
    assert list(names.values()) == ["a b.js‹file 3›", *paths[1:3], "a b.js‹file 4›"]


odd = st.text(alphabet="ab \t\n\u200b‹›U+0Bfile 23", min_size=1, max_size=8)


@given(st.lists(odd, min_size=1, max_size=12, unique=True))
def test_every_name_leads_back_to_one_path(paths: list[str]) -> None:
    names = shown_names(files(*paths), NONCE)
    assert len(set(names.values())) == len(paths)
    assert all("\n" not in name and "\u200b" not in name for name in names.values())
    told = briefing(files(*paths))
    assert [told.path_of(names[path]) for path in paths] == paths


@pytest.mark.parametrize("twins", TWINS, ids=KINDS)
async def test_what_is_said_of_one_of_two_twins_is_found_in_it(twins: tuple[str, str]) -> None:
    """A change that brings in a harmless twin hid a critical finding from all votes."""
    bad, good = twins

    def reads(body: dict[str, Any], _number: int) -> Reply:
        shown = body["messages"][0]["content"][0]["text"]
        name = re.search(rf"--- (.*) \(added\)\n1\+\|{re.escape(BAD)}", shown)
        assert name
        return Reply([reported(name[1], 1, BAD, severity="critical")])

    of = change({bad: (None, f"{BAD}\n"), good: (None, "let harmless = 1;\n")})
    async with fake_anthropic(reads) as fake:
        verdict = await review(fake.url, of=of)
    assert {(f.path, f.severity) for f in verdict.findings} == {(bad, Severity.CRITICAL)}
