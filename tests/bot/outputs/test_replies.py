"""What is answered to orders: short, true, and inert whatever stands in the database."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outputs.document import document
from bot.outputs.replies import (
    HELP,
    dismissed_later,
    explanation,
    help_text,
    not_found,
    not_understood,
    ruled,
)
from reviewers.core.finding import Ruling, Verification
from reviewers.core.secrets import Redaction
from tests.bot.outputs import samples
from tests.bot.outputs.markup import bare_text, structure, tokens
from tests.bot.outputs.test_document import loud

EVIL = "@octocat fixes #1 https://evil.example ![x](//e) <img> /merge\n# x\u202e"
FINDINGS = [
    finding
    for report in (samples.a(), samples.b(), samples.e(), samples.i())
    for finding in json.loads(document(report))["findings"]
]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(EVIL),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f["id"])
def test_an_explanation_says_what_a_finding_rests_on(finding: dict[str, Any]) -> None:
    told = explanation(finding)
    assert told.lower().startswith(f"**{finding['severity']}: ")
    for ballot in finding["votes"]:
        seen, of = len(ballot["seen"]), ballot["of"]
        assert (f"{seen} of {of} votes saw it" if of > 1 else "its one vote") in told
        assert ("saw it (number " in told) is any(
            0 < len(b["seen"]) < b["of"] for b in finding["votes"]
        ), "where all saw it, their numbers say nothing"
    for voice in finding["dissent"]:
        assert "disagrees: " in told, voice
    said = finding["verification"]
    assert (f"Second look: {said['ruling']}" if said else "Not verified") in told
    assert_inert(told)


@pytest.mark.parametrize("key", sorted(FINDINGS[0]))
def test_nothing_in_a_stored_finding_acts(key: str) -> None:
    for forged in (
        EVIL,
        [EVIL],
        {"reviewer": EVIL},
        [{"reviewer": EVIL, "of": EVIL, "seen": EVIL}],
    ):
        assert_inert(explanation({**FINDINGS[0], key: forged}))


def test_s59_an_explanation_holds_no_secret_because_what_is_stored_holds_none() -> None:
    own = "correct-horse-battery-staple"
    spoken = loud(samples.e(), f"see {own} there")
    cleared = document(spoken, Redaction(frozenset({own})))
    for finding in json.loads(cleared)["findings"]:
        told = explanation(finding)
        assert "see " in told
        assert "horse-battery" not in told


@given(st.dictionaries(st.sampled_from(sorted(FINDINGS[0])), values))
def test_any_stored_finding_is_told_or_passed_over(finding: dict[str, Any]) -> None:
    assert_inert(explanation(finding))


@given(st.text())
def test_an_id_that_is_asked_for_is_shown_as_it_is_and_does_nothing(text: str) -> None:
    assert_inert(not_found(text))
    assert_inert(not_understood(text))


@given(st.text(), st.sampled_from(Ruling), st.sampled_from(["", "it is critical"]))
def test_what_a_second_look_says_does_nothing(reason: str, kind: Ruling, stays: str) -> None:
    path, line = ("a`b@org/#1.py", 7) if kind is not Ruling.UNCERTAIN else ("", 0)
    assert_inert(ruled(Verification(kind, reason, path, line), stays))


def test_the_help_is_no_command_itself() -> None:
    told = help_text()
    assert all(f"`{usage}`" in told for usage, _ in HELP)
    assert not any(line.startswith("/") for line in told.splitlines())
    assert_inert(told)
    assert_inert(dismissed_later())


def assert_inert(text: str) -> None:
    """No mention, no link, no image, no HTML, no heading, and no command at the start of a line."""
    kinds = {token.type for token in tokens(text)}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "heading_open"}, text
    bare = bare_text(text)
    assert "@o" not in bare, text
    assert "https://" not in bare, text
    assert "#1" not in bare, text
    assert "\u202e" not in text, text
    assert not re.search(r"(?m)^/\w", text), text
    assert structure(text) is not None
