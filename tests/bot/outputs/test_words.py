"""The words that all outputs share: counts, votes, evidence, money, time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs import words
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Dropped,
    Finding,
    Reason,
    Ruling,
    Severity,
    Standing,
    Verification,
)
from reviewers.core.secrets import Redaction
from tests.bot.outputs.samples import SETTING, SHELL, SQL, UNKNOWN_ORDER
from tests.builders import finding, policy, source, static_source


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 hunks"), (1, "1 hunk"), (2, "2 hunks"), (1000, "1,000 hunks")],
)
def test_plurals(number: int, said: str) -> None:
    assert words.plural(number, "hunk") == said


@pytest.mark.parametrize(
    ("parts", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listings(parts: list[str], said: str) -> None:
    assert words.listing(parts) == said


@pytest.mark.parametrize(
    ("usd", "said"),
    [(None, "price unknown"), (0.0, "0.00 USD"), (0.414, "0.41 USD"), (12.0, "12.00 USD")],
)
def test_money_has_no_dollar_sign(usd: float | None, said: str) -> None:
    assert words.money(usd) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 s"), (0.04, "0.0 s"), (1.23, "1.2 s"), (48.4, "48 s")]
)
def test_seconds(value: float, said: str) -> None:
    assert words.seconds(value) == said


def of(*severities: Severity) -> list[Finding]:
    """Findings of these severities."""
    return [finding(severity=s) for s in severities]


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([], ""),
        (of(Severity.LOW, Severity.CRITICAL, Severity.LOW), "1 critical, 2 low"),
        (of(Severity.INFO, Severity.LOW), "2 low"),
        (of(Severity.MEDIUM, Severity.HIGH), "1 high, 1 medium"),
    ],
)
def test_counts_run_from_critical_to_low(findings: list[Finding], said: str) -> None:
    assert words.counts(findings) == said


def test_counts_mark_what_is_new() -> None:
    old = [replace(f, standing=Standing.OPEN) for f in of(Severity.HIGH, Severity.LOW)]
    new = of(Severity.HIGH, Severity.MEDIUM)
    assert words.counts((*old, *new), mark_new=True) == "2 high (1 new), 1 medium (new), 1 low"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            SQL, "2 of 3 security votes and ruff S608; 1 vote disagrees", id="votes and analyser"
        ),
        pytest.param(UNKNOWN_ORDER, "3 of 3 correctness votes", id="all votes"),
        pytest.param(
            replace(SQL, votes=(Ballot("security", (2,), 3, 3),), sources=(source(),), dissent=()),
            "1 of 3 security votes; shown, because a critical needs no majority",
            id="a lone vote on a critical",
        ),
        pytest.param(
            finding(votes=(Ballot("security", (2,), 3, 3),)),
            "1 of 3 security votes; shown, because a security finding needs no majority",
            id="a lone vote of a protected reviewer",
        ),
        pytest.param(
            finding(votes=(Ballot("correctness", (2,), 3, 3),)),
            "1 of 3 correctness votes; shown, because a high one needs a third of the votes",
            id="a lone vote on a high",
        ),
        pytest.param(
            finding(votes=(Ballot("correctness", (1,), 1, 3),)),
            "1 of 1 correctness vote (3 planned)",
            id="votes were lost",
        ),
        pytest.param(
            finding(votes=(Ballot("security", (1, 2), 3, 3), Ballot("correctness", (1,), 3, 3))),
            "Security 2 of 3 votes, correctness 1 of 3",
            id="two reviewers",
        ),
        pytest.param(SHELL, "ruff S602, no model vote", id="an analyser alone"),
        pytest.param(
            replace(SHELL, sources=(static_source("S602"), static_source("B1", name="bandit"))),
            "ruff S602 and bandit B1, no model vote",
            id="two analysers",
        ),
        pytest.param(finding(sources=()), "reported in an earlier review", id="known from before"),
        pytest.param(
            replace(SQL, votes=(), votes_before=SQL.votes),
            "2 of 3 security votes in an earlier review and ruff S608; 1 vote disagrees",
            id="votes from before",
        ),
        pytest.param(
            replace(finding(), votes=(), votes_before=(Ballot("", (1,), 1, 3),)),
            "1 of 1 vote (3 planned) in an earlier review",
            id="votes from before, nobody knows whose",
        ),
        pytest.param(
            replace(UNKNOWN_ORDER, verification=Verification(Ruling.CONFIRMED, "so")),
            "3 of 3 correctness votes; confirmed on a second look",
            id="verified",
        ),
        pytest.param(
            replace(UNKNOWN_ORDER, verification=Verification(Ruling.UNCERTAIN, "perhaps")),
            "3 of 3 correctness votes",
            id="the verifier did not know",
        ),
        pytest.param(
            replace(UNKNOWN_ORDER, dissent=(Dissent("verifier", 0, "`a.py:1` speaks against it"),)),
            "3 of 3 correctness votes",
            id="the verifier is no vote",
        ),
        pytest.param(SETTING, "2 of 3 correctness votes; not on a changed line", id="not placed"),
    ],
)
def test_evidence_is_told_as_counts(found: Finding, said: str) -> None:
    assert words.evidence(found, policy()) == said


@pytest.mark.parametrize(
    ("reason", "detail", "said"),
    [
        (Reason.QUOTE_NOT_FOUND, "", "its quoted code is not in the change"),
        (Reason.MALFORMED, "", "it did not fit the answer schema"),
        (Reason.UNKNOWN_FILE, "", "in a file that is not in the change"),
        (Reason.OUTVOTED, "security 1 of 3", "without enough votes: security 1 of 3"),
        (Reason.DISMISSED, "mlee", "dismissed by mlee"),
        (Reason.DISMISSED, "", "dismissed by a person"),
        (Reason.DUPLICATE, "of 7c1e9a02b4d8", "duplicate of 7c1e9a02b4d8"),
        (Reason.REFUTED, "by `a.py:1` (so)", "refuted by `a.py:1` (so)"),
        (
            Reason.IGNORED_RULE,
            "style/naming",
            "of a rule that the configuration ignores: style/naming",
        ),
    ],
)
def test_why_something_was_removed(reason: Reason, detail: str, said: str) -> None:
    assert words.why_removed(Dropped(SQL, reason, detail)) == said


@pytest.mark.parametrize(
    ("reason", "detail", "said"),
    [
        (Reason.DUPLICATE, "of 7c1e9a02b4d8", "of line 9"),
        (Reason.MERGED, "of 7c1e9a02b4d8", "of line 9"),
        (Reason.DUPLICATE, "of e40b77d1c9aa", "of another one in the file"),
        (Reason.DUPLICATE, "of 5b21c7a0b1c2", "of another one in the file"),
        (Reason.DUPLICATE, "of the file's first error", "of the file's first error"),
        (Reason.OUTVOTED, "security 1 of 3", "security 1 of 3"),
    ],
    ids=["a duplicate", "a vote", "not on a line", "unknown", "in words", "no other"],
)
def test_what_is_one_with_another_names_its_line(reason: Reason, detail: str, said: str) -> None:
    lines = {"7c1e9a02b4d8": 9, "e40b77d1c9aa": 0}
    assert words.of_which(reason, detail, lines) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "The finding was not verified: the answer does not tell of it."),
        (2, "Some findings were not verified: the answer does not tell of them."),
    ],
)
def test_findings_of_which_the_verifier_tells_nothing(number: int, said: str) -> None:
    assert words.passed_over_by_verifier(number) == said


@pytest.mark.parametrize(
    ("path", "said"),
    [("line\nbreak.py", "line‹U+000A›break.py"), ("a\tb\r.py", "a‹U+0009›b‹U+000D›.py")],
)
def test_a_break_in_a_name_is_shown(path: str, said: str) -> None:
    """A blank in its place would name another file."""
    assert words.short_path(path, Redaction()) == said


def test_every_reason_reads_as_one() -> None:
    for reason in Reason:
        said = words.why_removed(Dropped(SQL, reason))
        assert not said.startswith(("whose", "that"))


def test_a_very_long_path_is_cut_at_its_front_when_its_secrets_are_gone() -> None:
    token = "ghp_" + "a1B2" * 9
    path = f"{'x' * 200}/{token}/{'y' * 280}.py"
    shown = words.short_path(path, Redaction())
    assert len(shown) == words.PATH_CHARS
    assert shown.startswith("…")
    assert shown.endswith("y.py")
    assert "a1B2a1B2" not in shown
