"""What several voices saw becomes one finding with all names on it, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.aggregate.merge import merge
from reviewers.core.finding import Finding, Location, Reason, Severity, Side
from tests.builders import change, finding, orders_change, source, static_source

CRASH = {
    "rule": "correctness/missing-value",
    "title": "A missing order ends in status 500",
    "body": "The row is indexed without a check.",
    "id": "c1c1c1c1c1c1",
}


def by(vote: int, reviewer: str = "security", **more: Any) -> Finding:
    severity = more.get("severity", Severity.HIGH)
    return finding(sources=(source(reviewer, vote, severity=severity),), **more)


def test_two_votes_and_an_analyser_are_one_finding_with_all_names() -> None:
    ruff = finding(
        sources=(static_source("S608"),), title="Possible SQL injection", body="", id="a"
    )
    kept = merge([by(1), ruff, by(2)])
    (found,) = kept.findings
    assert found.sources == (source(vote=1), source(vote=2), static_source("S608"))
    assert found.title == "Request data becomes SQL text", "a person's words before an analyser's"
    assert [d.reason for d in kept.dropped] == [Reason.MERGED, Reason.MERGED]
    assert {d.detail for d in kept.dropped} == {f"of {found.id}"}


def test_two_reviewers_on_one_fault_stand_on_it_together() -> None:
    kept = merge([by(1), by(2, "correctness", rule="correctness/other")])
    (found,) = kept.findings
    assert found.reviewers == ("correctness", "security")
    assert found.rule == "security/sql-injection", "a named rule before `other`"


def test_an_analyser_stands_beside_the_vote_that_names_its_rule() -> None:
    """Its words need not be like those of the other reviewers in the group."""
    ruff = finding(
        sources=(static_source("S608"),), title="A query is put together as text", body="", id="a"
    )
    other = by(2, "correctness", rule="correctness/other")
    for said in permutations([ruff, by(1), other]):
        (found,) = merge(said).findings
        assert found.sources == (*other.sources, source(vote=1), static_source("S608"))
    another = replace(
        ruff, rule="security/hardcoded-secret", title="A password stands in the file", body=""
    )
    assert len(merge([another, by(1), other]).findings) == 2


def test_another_fault_on_the_same_line_stays_another() -> None:
    kept = merge([by(1), by(1, "correctness", **CRASH), by(2), by(2, "correctness", **CRASH)])
    assert {(f.title, len(f.sources)) for f in kept.findings} == {
        ("Request data becomes SQL text", 2),
        ("A missing order ends in status 500", 2),
    }


def test_two_findings_of_one_voice_each_find_their_like() -> None:
    """Same line, same rule: only the words tell which of the two the other vote means."""
    name = {"rule": "correctness/missing-value", "title": "`name` may be None", "body": "name None"}
    size = {
        "rule": "correctness/missing-value",
        "title": "`size` may be empty",
        "body": "size zero",
    }
    said = [by(1, **name), by(1, **size), by(2, **{**size, "title": "an empty `size` is indexed"})]
    for order in permutations(said):
        kept = merge(order)
        assert {f.title.split("`")[1]: len(f.sources) for f in kept.findings} == {
            "name": 1,
            "size": 2,
        }


def test_a_placed_one_speaks_for_one_that_could_not_be_placed() -> None:
    kept = merge([by(1, line=None), by(2)])
    (found,) = kept.findings
    assert found.location == Location("api/orders.py", 6, 6)
    assert len(found.sources) == 2


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([Severity.HIGH], Severity.HIGH),
        ([Severity.HIGH, Severity.HIGH, Severity.HIGH], Severity.HIGH),
        ([Severity.CRITICAL, Severity.MEDIUM], Severity.HIGH),
        ([Severity.CRITICAL, Severity.LOW, Severity.LOW], Severity.MEDIUM),
        ([Severity.HIGH, Severity.MEDIUM], Severity.HIGH),
        ([Severity.LOW, Severity.INFO], Severity.LOW),
    ],
    ids=["one", "agreed", "average", "one loud vote", "rounded up", "rounded up from nothing"],
)
def test_the_severity_is_the_average_rounded_up(said: list[Severity], shown: Severity) -> None:
    (found,) = merge(by(vote, severity=s) for vote, s in enumerate(said, 1)).findings
    assert found.severity is shown


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        (["security/ssrf", "security/ssrf", "security/open-redirect"], "security/ssrf"),
        (["security/other", "security/ssrf"], "security/ssrf"),
        (["security/other", "security/other"], "security/other"),
    ],
    ids=["most", "a named one", "nobody has a name"],
)
def test_the_rule_is_what_most_name(rules: list[str], shown: str) -> None:
    (found,) = merge(by(vote, rule=rule) for vote, rule in enumerate(rules, 1)).findings
    assert found.rule == shown


def seen(code: str = "S602", severity: Severity = Severity.HIGH, **more: Any) -> Finding:
    """What an analyser reports."""
    values = {"rule": "security/shell-injection", "title": "A shell runs this command", "body": ""}
    saw = replace(static_source(code), severity=severity)
    return finding(sources=(saw,), severity=severity, **{**values, "id": "a" * 12, **more})


@pytest.mark.parametrize(
    ("votes", "analysers", "shown"),
    [
        ([Severity.INFO, Severity.INFO, Severity.INFO], [Severity.HIGH], Severity.HIGH),
        ([Severity.CRITICAL, Severity.HIGH], [Severity.LOW], Severity.HIGH),
        ([Severity.CRITICAL, Severity.LOW, Severity.LOW], [Severity.LOW], Severity.MEDIUM),
        ([Severity.LOW], [Severity.LOW, Severity.HIGH], Severity.HIGH),
        ([], [Severity.LOW, Severity.HIGH], Severity.HIGH),
    ],
    ids=["talked down", "raised", "one loud vote", "the gravest of two", "analysers alone"],
)
def test_s43_s45_votes_never_lower_what_an_analyser_says(
    votes: list[Severity], analysers: list[Severity], shown: Severity
) -> None:
    said = [by(n, rule="security/shell-injection", severity=s) for n, s in enumerate(votes, 1)]
    for order in permutations([*said, *(seen(f"S60{s}", s) for s in analysers)]):
        (found,) = merge(order).findings
        assert found.severity is shown


def test_s43_s45_votes_never_rename_what_an_analyser_has_seen() -> None:
    """Its words stand beside theirs, so that a friendly title hides nothing."""
    friendly: dict[str, Any] = {
        "rule": "security/ssrf",
        "title": "The helper runs a fixed shell command",
    }
    (found,) = merge([seen(), *(by(vote, **friendly) for vote in (1, 2, 3))]).findings
    assert (found.rule, found.id) == ("security/shell-injection", "a" * 12)
    assert found.title == "The helper runs a fixed shell command"
    assert found.note == "ruff S602: A shell runs this command."
    (alone,) = merge([seen(), seen("S604")]).findings
    assert alone.note == "", "its words are the title"


def test_what_many_analysers_say_beside_a_model_is_bounded() -> None:
    """Another job's artefact may hold any number of claims, as long as it likes; a comment may not."""
    long = "A shell runs this command. " * 60
    said = [replace(seen(f"S{n}"), title=f"{n} {long}") for n in range(100)]
    (found,) = merge([by(1, title="A shell runs this command"), *said]).findings
    assert len(found.sources) == 101
    assert found.note.startswith("ruff S0: 0 A shell runs this command.")
    assert found.note.endswith("… And 95 more.")
    assert len(found.note) < 1_200


def test_s43_s45_votes_never_move_what_an_analyser_has_seen() -> None:
    """On the line beside it, it would pass for old code, or for what a person has dismissed."""
    wide: dict[str, Any] = {
        "location": Location("api/orders.py", 5, 6),
        "quote": "old\nnew",
        "suggestion": "x",
    }
    near: dict[str, Any] = {
        "location": Location("api/orders.py", 4, 4),
        "quote": "old",
        "suggestion": "x",
    }
    for more in (wide, near):
        (found,) = merge([seen(quote="new"), by(1, title="A shell runs this", **more)]).findings
        assert found.location == Location("api/orders.py", 6, 6)
        assert (found.quote, found.suggestion) == ("new", None), "it was for other lines"
    (found,) = merge([seen(line=None), by(1, title="A shell runs this command")]).findings
    assert (found.id, found.line) == ("a" * 12, 6), (
        "an analyser that names no line has no better one"
    )
    exact = by(2, title="A shell runs what it is given", suggestion="y")
    (found,) = merge([seen(), by(1, title="A shell runs this command", **wide), exact]).findings
    assert (found.title, found.suggestion) == (exact.title, "y")


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (["security/other"], "security/shell-injection"),
        (["security/ssrf", "security/ssrf"], "security/ssrf"),
    ],
    ids=["the same without a name", "what votes call otherwise"],
)
def test_an_analyser_of_an_ignored_rule_is_no_floor(said: list[str], rule: str) -> None:
    low: dict[str, Any] = {"severity": Severity.LOW, "title": "A shell runs this command"}
    members = [seen(), *(by(vote, rule=name, **low) for vote, name in enumerate(said, 1))]
    (found,) = merge(members, ["security/shell-*"]).findings
    assert (found.rule, found.severity, found.note) == (rule, Severity.LOW, "")
    (kept,) = merge([*members, seen("S1", rule="security/code-injection")], ["shell-*"]).findings
    assert (kept.rule, kept.severity) == ("security/code-injection", Severity.HIGH)


FLOOD: dict[str, Any] = {
    "rule": "security/resource-exhaustion",
    "title": "An unbounded read of the body fills the memory",
    "body": "",
    "id": "f" * 12,
}
READ: dict[str, Any] = {
    "rule": "correctness/resource-leak",
    "title": "A huge body is read into memory",
    "body": "",
    "severity": Severity.LOW,
}


@pytest.mark.parametrize(
    ("rules", "ignored", "rule"),
    [
        (["resource-leak", "resource-leak"], "resource-leak", FLOOD["rule"]),
        (["resource-leak", "resource-leak"], "security/*", "correctness/resource-leak"),
        (["resource-leak", "missing-value"], "resource-leak", "correctness/missing-value"),
        (["resource-leak", "other"], "correctness/resource-leak", FLOOD["rule"]),
    ],
    ids=["another reviewer", "of the other one", "another vote", "no name for it"],
)
def test_who_names_an_ignored_rule_silences_nobody_else(
    rules: list[str], ignored: str, rule: str
) -> None:
    """It stays a witness, and has no say in what it is called, how grave it is, and in what words."""
    votes = [
        by(n, "correctness", **{**READ, "rule": f"correctness/{name}"})
        for n, name in enumerate(rules, 1)
    ]
    for order in permutations([by(1, **FLOOD), *votes]):
        (found,) = merge(order, [ignored]).findings
        assert len(found.sources) == 3
        assert found.rule == rule
        if rule == FLOOD["rule"] and "other" not in rules:
            assert (found.title, found.severity, found.id) == (FLOOD["title"], 3, "f" * 12)


def test_what_one_reviewer_ignores_is_not_told_without_a_name() -> None:
    """Its own `other` is the same rule, from who found no name; that of another one is not."""
    for reviewer, rule in (("correctness", READ["rule"]), ("security", "security/other")):
        said = [
            by(1, "correctness", **READ),
            by(2, reviewer, **{**READ, "rule": f"{reviewer}/other"}),
        ]
        (found,) = merge(said, [READ["rule"]]).findings
        assert found.rule == rule


def test_a_suggestion_is_taken_over_where_it_replaces_the_same_lines() -> None:
    fix, other = "    rows = db.safe(order_by)", Location("api/orders.py", 6, 7)
    (found,) = merge([by(1), by(2, suggestion=fix)]).findings
    assert found.suggestion == fix
    (found,) = merge([by(1), by(2, suggestion=fix, location=other), by(3)]).findings
    assert (found.location, found.suggestion) == (Location("api/orders.py", 6, 6), None)


def test_who_says_it_again_is_a_duplicate_and_not_a_vote() -> None:
    kept = merge([by(1), by(1), by(2), by(2)])
    assert kept.findings[0].sources == (source(vote=1), source(vote=2))
    reasons = [d.reason for d in kept.dropped]
    assert sorted(reasons) == [Reason.MERGED, Reason.DUPLICATE, Reason.DUPLICATE]


LOCK = change(
    {"a.py": ("with lock:\n    x = 1\n    y = 2\n", "lock.acquire()\nx = 1\n" + "y = 2\n" * 30)}
)


def leak(vote: int, line: int, side: Side = Side.RIGHT, **more: Any) -> Finding:
    """What one vote says of one line of `LOCK`."""
    place = Location("a.py", line, line, side)
    texts = {"rule": "correctness/resource-leak", "title": "The lock stays taken", "body": ""}
    name = f"{side}{line}"
    return by(vote, "correctness", path="a.py", location=place, id=name, **{**texts, **more})


def test_votes_that_quote_other_lines_of_one_fault_are_together() -> None:
    said = [leak(1, 1, Side.LEFT), leak(2, 1), leak(3, 7), leak(4, 7)]
    for order in permutations(said):
        (found,) = merge(order, change=LOCK).findings
        assert {s.vote for s in found.sources} == {1, 2, 3, 4}
        assert found.line == 7, "where most see it"
        assert found.note == "Also reported at line 1, removed line 1."
    assert len(merge(said).findings) == 3


def test_who_has_found_two_of_a_kind_is_no_witness_of_the_other() -> None:
    """Same words for two places: the votes of each stay with it."""
    said = [leak(1, 2), leak(2, 12), leak(1, 13)]
    for order in permutations(said):
        found = merge(order, change=LOCK).findings
        assert [(f.line, len(f.sources), f.note) for f in found] == [(2, 1, ""), (12, 2, "")]


def test_what_is_said_of_many_files_is_compared_file_by_file() -> None:
    """All with all, it held the event loop for 9 s, up to three times a review."""
    places = [(path, line) for path in range(150) for line in range(1, 100, 5)]
    said = [by(1, path=f"src/f{path}.py", line=line) for path, line in places]
    start = process_time()
    assert len(merge(said).findings) == len(places)
    assert process_time() - start < 4


def test_what_models_say_comes_before_what_analysers_alone_report() -> None:
    """Of whichever file."""
    kept = merge([seen(path="a.py"), by(1, path="b.py"), seen(path="b.py", line=1)])
    assert [(f.path, f.line) for f in kept.findings] == [("b.py", 6), ("a.py", 6), ("b.py", 1)]


SECRET: dict[str, Any] = {
    "rule": "security/hardcoded-secret",
    "title": "A password stands in the code",
    "body": "Everyone who reads the repository has it.",
}
BARE: dict[str, Any] = {**SECRET, "title": "A token", "body": ""}


def told(line: int, name: str = "ruff", title: str = SECRET["title"]) -> Finding:
    """What an analyser says of a secret on one line; ruff in the same words of every line."""
    saw = (static_source("S105", name=name),)
    return finding(sources=saw, line=line, id=f"{name}{line}", **{**SECRET, "title": title})


TOKEN = told(4, "secrets", "A GitHub token stands in the code")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([told(3), told(4), TOKEN], [(3, ["ruff"]), (4, ["ruff", "secrets"])]),
        ([told(3), TOKEN], [(3, ["ruff"]), (4, ["secrets"])]),
        ([told(3), told(4)], [(3, ["ruff"]), (4, ["ruff"])]),
    ],
    ids=["equal words", "another line", "one analyser"],
)
def test_each_line_of_an_analyser_keeps_what_is_said_of_it(
    said: list[Finding], shown: list[tuple[int, list[str]]]
) -> None:
    """Its words are the same on every line: they had put a token beside the password above it."""
    for order in permutations(said):
        found = merge(order).findings
        assert [(f.line, sorted(s.name for s in f.sources)) for f in found] == shown


@pytest.mark.parametrize(
    ("votes", "lines", "shown"),
    [
        ([(3, SECRET), (4, BARE)], [4], [(3, 0), (4, 1)]),
        ([(3, SECRET), (4, BARE)], [3, 4], [(3, 1), (4, 1)]),
        ([(3, SECRET)], [3, 4], [(3, 1), (4, 1)]),
        ([(4, SECRET)], [3, 4], [(3, 1), (4, 1)]),
        ([(3, SECRET)], [4], [(4, 1)]),
    ],
    ids=["to its own line", "each to its own", "one above", "one below", "none is nearer"],
)
def test_an_analyser_goes_to_the_vote_on_its_own_line(
    votes: list[tuple[int, dict[str, Any]]], lines: list[int], shown: list[tuple[int, int]]
) -> None:
    """Line and number of analysers of each. Where no vote is there it is shown alone, or by a near one."""
    said = [by(n, **{**text, "line": line}) for n, (line, text) in enumerate(votes, 1)]
    for order in permutations([*said, *map(told, lines)]):
        found = merge(order).findings
        assert sorted((f.line, len(f.analysers)) for f in found) == shown


def test_nothing_to_merge() -> None:
    assert merge([]).findings == ()
    assert merge([by(1)]).findings == (by(1),)


texts = st.sampled_from(["Request data becomes SQL text", "A missing order ends in 500", "x", ""])
some = st.builds(
    lambda path, vote, line, title, rule, reviewer: by(
        *(vote, reviewer),
        path=path,
        line=line,
        title=title,
        body="",
        rule=rule,
        id=f"{vote}{line}",
    ),
    st.sampled_from(["api/orders.py", "api/users.py"]),
    st.integers(1, 3),
    st.none() | st.integers(1, 12),
    texts,
    st.sampled_from(["security/ssrf", "security/other"]),
    st.sampled_from(["security", "style"]),
)


@given(st.lists(some, max_size=12), st.randoms())
def test_nothing_is_lost_and_the_order_of_arrival_does_not_matter(
    said: list[Finding], random: Any
) -> None:
    kept = merge(said, change=orders_change())
    assert len(kept.findings) + len(kept.dropped) == len(said)
    assert {s for f in kept.findings for s in f.sources} == {s for f in said for s in f.sources}
    assert all(d.reason in (Reason.DUPLICATE, Reason.MERGED) for d in kept.dropped)
    for path in {f.path for f in said}:
        alone = merge([f for f in said if f.path == path], change=orders_change())
        assert [f for f in kept.findings if f.path == path] == list(alone.findings)
    shuffled = list(said)
    random.shuffle(shuffled)
    assert merge(shuffled, change=orders_change()).findings == kept.findings
