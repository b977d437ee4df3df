"""The quorum: the graver a finding, the fewer votes show it; nobody who was right is drowned."""

from __future__ import annotations

from typing import Any

import pytest

from reviewers.core.aggregate.likeness import NEAR_LINES
from reviewers.core.aggregate.vote import is_open, quorum, vote
from reviewers.core.call import Call, Cleared, Look, Reading
from reviewers.core.coverage import Coverage
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Dropped,
    Finding,
    Kept,
    Reason,
    Severity,
    Standing,
)
from reviewers.core.policy import CLAUDE, Policy
from tests.builders import (
    change,
    coverage,
    finding,
    look,
    orders_change,
    policy,
    source,
    static_source,
)

INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity


@pytest.mark.parametrize(
    ("severity", "protected", "needed"),
    [
        (CRITICAL, False, (1, 1, 1, 1, 1, 1, 1)),
        (CRITICAL, True, (1, 1, 1, 1, 1, 1, 1)),
        (HIGH, True, (1, 1, 1, 1, 1, 1, 1)),
        (MEDIUM, True, (1, 1, 1, 1, 1, 1, 1)),
        (INFO, True, (1, 1, 1, 1, 1, 1, 1)),
        (HIGH, False, (1, 1, 1, 2, 2, 2, 3)),
        (MEDIUM, False, (1, 2, 2, 3, 3, 4, 4)),
        (LOW, False, (1, 2, 2, 3, 3, 4, 4)),
        (INFO, False, (1, 2, 2, 3, 3, 4, 4)),
    ],
    ids=lambda value: value.word if isinstance(value, Severity) else str(value),
)
def test_how_many_of_one_to_seven_votes_are_needed(
    severity: Severity, protected: bool, needed: tuple[int, ...]
) -> None:
    assert tuple(quorum(severity, n, protected=protected) for n in range(1, 8)) == needed


def seen_by(*votes: int, reviewer: str = "correctness", **more: Any) -> Finding:
    """A finding that these votes of one reviewer report."""
    severity = more.get("severity", MEDIUM)
    values = {"severity": severity, "rule": f"{reviewer}/other", **more}
    return finding(sources=tuple(source(reviewer, v, severity=severity) for v in votes), **values)


THREE = coverage({"api/orders.py": 1}, (("security", 3), ("style", 1), ("correctness", 3)))


def counted(
    found: Finding,
    seen: Coverage = THREE,
    looks: tuple[Look, ...] = (),
    under: Policy | None = None,
) -> Kept:
    return vote([found], orders_change(), seen, under or policy(), looks)


def stays(found: Finding, seen: Coverage = THREE) -> bool:
    """Whether it is kept; what is not kept is dropped for that reason."""
    kept = counted(found, seen)
    assert len(kept.findings) + len(kept.dropped) == 1
    assert all(d.reason is Reason.OUTVOTED for d in kept.dropped)
    return bool(kept.findings)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (seen_by(1, 2, 3), True),
        (seen_by(1, 3), True),
        (seen_by(2), False),
        (seen_by(2, severity=LOW), False),
        (seen_by(2, severity=HIGH), True),
        (seen_by(2, severity=CRITICAL), True),
        (seen_by(2, reviewer="security"), True),
        (seen_by(2, reviewer="security", severity=INFO), True),
        (seen_by(1, reviewer="style"), True),
        (finding(severity=LOW, sources=(static_source(),)), True),
        (finding(severity=LOW, sources=(static_source(), source("correctness", 2))), True),
        (finding(severity=LOW, sources=(source("correctness", 1), source("style", 1))), True),
        (seen_by(2, standing=Standing.OPEN), True),
        (seen_by(2, standing=Standing.BACK), False),
    ],
    ids=[
        *("all", "two of three", "one of three", "one low of three", "one high of three"),
        *("a critical", "security", "security, whatever it says", "one of one", "an analyser"),
        *("a vote and an analyser", "two reviewers", "posted before", "came back"),
    ],
)
def test_what_has_enough_votes_of_three(found: Finding, kept: bool) -> None:
    assert stays(found) is kept


def test_the_gravest_voice_decides_how_many_votes_are_needed() -> None:
    """The severity that is shown is an average; a critical is not to be averaged away."""
    voices = (source("correctness", 1, severity=CRITICAL),)
    assert stays(finding(severity=MEDIUM, sources=voices))


@pytest.mark.parametrize(
    ("voices", "kept"),
    [((HIGH, INFO), True), ((INFO, HIGH), True), ((MEDIUM, INFO), False), ((CRITICAL,), True)],
    ids=lambda value: " and ".join(s.word for s in value) if isinstance(value, tuple) else "",
)
def test_of_several_voices_the_gravest_decides(voices: tuple[Severity, ...], kept: bool) -> None:
    """Two of five are enough for a high one, and not for what is less."""
    five = coverage({"api/orders.py": 1}, (("correctness", 5),))
    said = tuple(source("correctness", n, severity=s) for n, s in enumerate(voices, 1))
    assert stays(finding(severity=LOW, sources=said), five) is kept


def test_what_is_outvoted_is_listed_with_its_count() -> None:
    (dropped,) = counted(seen_by(2)).dropped
    assert isinstance(dropped.item, Finding)
    assert (dropped.reason, dropped.detail) == (Reason.OUTVOTED, "correctness 1 of 3")
    assert dropped.item.votes == (Ballot("correctness", (2,), 3, 3),)


def test_every_finding_carries_its_count() -> None:
    (found,) = counted(seen_by(3, 1)).findings
    assert found.votes == (Ballot("correctness", (1, 3), 3, 3),)
    assert found.votes[0].against == 1
    both = finding(sources=(source("style", 1), source("security", 2), static_source()))
    (found,) = counted(both).findings
    assert found.votes == (Ballot("security", (2,), 3, 3), Ballot("style", (1,), 1, 1))


# --- Only votes that succeeded, and that read that very hunk


@pytest.mark.parametrize(
    ("gaps", "ballot", "kept"),
    [
        ({}, Ballot("correctness", (2,), 3, 3), False),
        ({1: Reading.REFUSED}, Ballot("correctness", (2,), 2, 3), False),
        ({1: Reading.FAILED, 3: Reading.TIMED_OUT}, Ballot("correctness", (2,), 1, 3), True),
        ({1: Reading.BUDGET, 3: Reading.CUT_OFF}, Ballot("correctness", (2,), 1, 3), True),
    ],
    ids=["all read", "one refused", "one failed, one out of time", "no money, cut off"],
)
def test_votes_that_did_not_read_it_do_not_count(
    gaps: dict[int, Reading], ballot: Ballot, kept: bool
) -> None:
    path = "api/orders.py"
    missing = {(path, "correctness", number): (why, "") for number, why in gaps.items()}
    result = counted(seen_by(2), coverage({path: 1}, (("correctness", 3),), missing))
    items = [*result.findings, *(d.item for d in result.dropped)]
    assert [i.votes for i in items if isinstance(i, Finding)] == [(ballot,)]
    assert bool(result.findings) is kept


def test_a_vote_that_saw_it_counts_though_its_answer_was_cut_off() -> None:
    path = "api/orders.py"
    gone = coverage(
        {path: 1}, (("correctness", 3),), {(path, "correctness", 2): (Reading.CUT_OFF, "")}
    )
    (found,) = counted(seen_by(1, 2), gone).findings
    assert found.votes == (Ballot("correctness", (1, 2), 3, 3),)


def test_a_vote_that_read_another_hunk_does_not_count() -> None:
    """Votes 2 and 3 read the first hunk only; of the second one only vote 1 can speak."""
    pad = "pad = 0\n" * 20
    of = change({"x.py": ("a()\n" + pad + "b()\n", "a(1)\n" + pad + "b(1)\n")})
    both = coverage({"x.py": 2}, (("correctness", 3),))
    gone = {2: Reading.TOO_LARGE, 3: Reading.TOO_LARGE}
    cells = [c for c in both.cells if not (c.hunk.index == 1 and c.vote in gone)]
    seen = Coverage(tuple(cells), both.hunks)
    first, second = seen_by(1, path="x.py", line=1), seen_by(1, path="x.py", line=22)
    kept = vote([first, second], of, seen, policy(), ())
    assert [f.line for f in kept.findings] == [22]
    assert kept.findings[0].votes == (Ballot("correctness", (1,), 1, 1),)


def test_a_vote_planned_for_another_hunk_is_not_told_as_planned_for_this_one() -> None:
    """An extra vote reads the prompt with the open decision, not the whole change."""
    pad = "pad = 0\n" * 20
    of = change({"x.py": ("a()\n" + pad + "b()\n", "a(1)\n" + pad + "b(1)\n")})
    both = coverage({"x.py": 2}, (("correctness", 2),))
    cells = [c for c in both.cells if not (c.hunk.index == 1 and c.vote == 2)]
    found = seen_by(1, path="x.py", line=22)
    kept = vote([found], of, Coverage(tuple(cells), both.hunks), policy(), ())
    assert kept.findings[0].votes == (Ballot("correctness", (1,), 1, 1),)


def test_without_a_line_every_vote_that_read_the_file_counts() -> None:
    found = seen_by(1, 2, line=None)
    assert counted(found).findings[0].votes == (Ballot("correctness", (1, 2), 3, 3),)


def test_a_reviewer_that_is_gone_from_the_policy_has_no_ballot() -> None:
    (found,) = counted(seen_by(1, reviewer="nobody")).findings
    assert found.votes == ()


# --- The minority report


def cleared(
    vote_number: int, line: int, reason: str, chunk: int = 0, who: str = "security"
) -> Look:
    places = (Cleared("api/orders.py", line, "code", reason),)
    return look(Call(who, CLAUDE, vote_number, chunk), cleared=places)


def test_who_named_the_place_and_found_it_right_is_heard() -> None:
    looks = (cleared(2, 7, "It is a constant."), cleared(3, 30, "Elsewhere."))
    (found,) = counted(seen_by(1, reviewer="security"), looks=looks).findings
    assert found.dissent == (Dissent("security", 2, "It is a constant."),)
    assert found.votes[0].against == 2, "a vote that said nothing is only counted"


@pytest.mark.parametrize(
    ("line", "heard"),
    [(6 - NEAR_LINES, True), (6 + NEAR_LINES, True), (7 + NEAR_LINES, False), (600, False)],
)
def test_a_dissent_is_about_the_place_or_a_neighbouring_line(line: int, heard: bool) -> None:
    looks = (cleared(2, line, "It is a constant."),)
    (found,) = counted(seen_by(1, reviewer="security"), looks=looks).findings
    assert bool(found.dissent) is heard


def test_who_reported_it_does_not_speak_against_it_too() -> None:
    looks = (cleared(1, 6, "On second thought it is fine."),)
    (found,) = counted(seen_by(1, reviewer="security"), looks=looks).findings
    assert found.dissent == ()


def test_another_reviewer_s_opinion_is_no_dissent() -> None:
    looks = (cleared(2, 6, "Reads well.", who="style"),)
    (found,) = counted(seen_by(1, reviewer="security"), looks=looks).findings
    assert found.dissent == ()


def test_a_dissent_is_heard_from_whichever_prompt_it_came() -> None:
    """A vote on a large change is several looks, and each may have found a place right."""
    looks = (cleared(2, 6, "It is a constant."), cleared(2, 900, "Elsewhere.", chunk=1))
    (found,) = counted(seen_by(1, reviewer="security"), looks=looks).findings
    assert found.dissent == (Dissent("security", 2, "It is a constant."),)


# --- Where one more vote could turn the decision


@pytest.mark.parametrize(
    ("seen", "of", "severity", "reviewer", "undecided"),
    [
        (1, 1, MEDIUM, "correctness", True),
        (1, 2, MEDIUM, "correctness", True),
        (2, 2, MEDIUM, "correctness", False),
        (1, 3, MEDIUM, "correctness", False),
        (2, 3, MEDIUM, "correctness", True),
        (3, 3, MEDIUM, "correctness", False),
        (2, 4, MEDIUM, "correctness", True),
        (1, 4, MEDIUM, "correctness", False),
        (1, 1, HIGH, "correctness", False),
        (1, 3, HIGH, "correctness", True),
        (2, 3, HIGH, "correctness", False),
        (1, 1, CRITICAL, "correctness", False),
        (1, 3, LOW, "security", False),
    ],
)
def test_a_decision_is_open_where_one_vote_could_turn_it(
    seen: int, of: int, severity: Severity, reviewer: str, undecided: bool
) -> None:
    numbers = tuple(range(1, seen + 1))
    found = seen_by(
        *numbers, reviewer=reviewer, severity=severity, votes=(Ballot(reviewer, numbers, of, of),)
    )
    assert is_open(found, policy()) is undecided


@pytest.mark.parametrize(
    "more",
    [
        {"sources": (source("correctness", 1), static_source())},
        {"votes": (Ballot("correctness", (1,), 1, 1), Ballot("style", (1,), 1, 1))},
        {"standing": Standing.OPEN},
    ],
    ids=["an analyser saw it", "two reviewers saw it", "it is posted"],
)
def test_what_needs_no_quorum_is_decided(more: dict[str, Any]) -> None:
    values = {"severity": MEDIUM, "votes": (Ballot("correctness", (1,), 1, 1),), **more}
    assert not is_open(finding(**values), policy())


def test_everything_is_kept_or_dropped() -> None:
    said = [seen_by(1), seen_by(1, 2), seen_by(1, severity=CRITICAL), seen_by(3, reviewer="style")]
    kept = vote(said, orders_change(), THREE, policy(), ())
    assert len(kept.findings) + len(kept.dropped) == len(said)
    assert all(isinstance(d, Dropped) for d in kept.dropped)
