"""Worst first, then proven, then surest, then by place; the same findings in the same order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.aggregate.rank import rank, share
from reviewers.core.finding import Ballot, Finding, Ruling, Severity, Verification
from tests.builders import finding, source, static_source

CONFIRMED = Verification(Ruling.CONFIRMED, "The value comes from the request.")


def of(seen: int, votes: int, **more: Any) -> Finding:
    return finding(votes=(Ballot("security", tuple(range(seen)), votes, votes),), **more)


def test_the_order() -> None:
    """A comment on its line has only so many places: what is proven goes before what many say."""
    ordered = [
        of(1, 3, severity=Severity.CRITICAL),
        finding(severity=Severity.HIGH, sources=(static_source(),)),
        of(1, 3, severity=Severity.HIGH, sources=(source(), static_source())),
        of(3, 3, severity=Severity.HIGH, path="a.py"),
        of(3, 3, severity=Severity.HIGH, path="b.py", line=2),
        of(3, 3, severity=Severity.HIGH, path="b.py", line=10),
        of(2, 3, severity=Severity.HIGH),
        of(1, 1, severity=Severity.LOW, verification=CONFIRMED),
        of(3, 3, severity=Severity.LOW),
    ]
    for previous, after in pairwise(ordered):
        assert rank([after, previous]) == (previous, after)
    assert rank(reversed(ordered)) == tuple(ordered)


def test_the_share_of_votes() -> None:
    assert share(of(2, 4)) == 0.5
    two = (Ballot("security", (1,), 3, 3), Ballot("style", (1,), 1, 1))
    assert share(finding(votes=two)) == 1.0, "the surest reviewer counts"
    assert share(finding(sources=(static_source(),))) == 1.0
    assert share(finding(votes=(Ballot("security", (), 0, 3),))) == 0.0


@given(
    st.permutations([of(1, 2, line=n, id=str(n)) for n in range(4)] + [of(1, 2, line=None, id="x")])
)
def test_the_order_of_arrival_does_not_matter(said: list[Finding]) -> None:
    assert rank(said) == rank(sorted(said, key=lambda f: f.id))
    assert sorted(f.id for f in rank(said)) == sorted(f.id for f in said)
