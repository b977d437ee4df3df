"""0 invalid anchors and 0 lost findings, on changes that git makes of what hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.change import Change, FileDiff, Line, Mark
from reviewers.core.finding import Claim, Dropped, Finding, Location, Reason, Side
from reviewers.core.quotes import quote_keys
from tests.builders import claim, source
from tests.repository import Entry, Repository, changes

Span = tuple[FileDiff, list[Line], Side]
Trees = tuple[dict[bytes, Entry], dict[bytes, Entry]]
sometimes = settings(max_examples=25)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository"))


def said(file: FileDiff, lines: list[Line], side: Side, **more: Any) -> Claim:
    """A claim that quotes these lines of one side, at their true numbers."""
    numbers = [numbered(x, side) for x in lines]
    values: dict[str, Any] = {"line": numbers[0], "end_line": numbers[-1], **more}
    return claim(file.path, quote="\n".join(x.text for x in lines), side=side, **values)


def numbered(line: Line, side: Side) -> int:
    number = line.new if side is Side.RIGHT else line.old
    assert number is not None
    return number


def is_blank(line: Line) -> bool:
    return not quote_keys(line.text)


def spans(change: Change, most: int = 4) -> Iterator[Span]:
    """Every run of up to `most` lines of one side of one hunk that a comment may stand on."""
    for file in change.files:
        for hunk in file.hunks:
            for side in Side:
                lines = [x for x in hunk.lines if numbered_on(x, side)]
                for i in range(len(lines)):
                    for j in range(i, min(i + most, len(lines))):
                        removed = lines[i].mark is lines[j].mark is Mark.REMOVED
                        if side is Side.RIGHT or removed:
                            yield file, lines[i : j + 1], side


def numbered_on(line: Line, side: Side) -> bool:
    return (line.new if side is Side.RIGHT else line.old) is not None


def assert_accepted(location: Location, change: Change) -> None:
    """GitHub takes a comment there: both ends are lines of one hunk, on a side they have."""
    file = change.by_path[location.path]
    ends = [file.rows[location.side, n] for n in (location.line, location.end_line)]
    assert location.line <= location.end_line
    first, last = (file.hunk_at(location.side, n) for n in (location.line, location.end_line))
    assert first == last
    assert first is not None
    for end in ends:
        assert (end.mark is Mark.REMOVED) == (location.side is Side.LEFT)


def judged(claims: Sequence[Claim], change: Change) -> list[Finding | Dropped]:
    """What became of each claim, in the order of the claims. None is lost and none is doubled."""
    votes = [replace(c, source=source(vote=n)) for n, c in enumerate(claims)]
    kept = anchor(votes, change)
    results: dict[int, Finding | Dropped] = {f.sources[0].vote: f for f in kept.findings}
    for dropped in kept.dropped:
        assert isinstance(dropped.item, Claim)
        assert dropped.item.source.vote not in results
        results[dropped.item.source.vote] = dropped
    assert sorted(results) == list(range(len(claims)))
    return [results[n] for n in range(len(claims))]


@sometimes
@given(changes())
def test_true_quotes_at_true_lines_stand_exactly_there(
    repository: Repository, trees: Trees
) -> None:
    """However often the same lines stand elsewhere in the file."""
    change = repository.change(*trees)
    every = list(spans(change))
    results = judged([said(*span) for span in every], change)
    for (file, lines, side), result in zip(every, results, strict=True):
        words = [numbered(x, side) for x in lines if not is_blank(x)]
        if not words:
            assert isinstance(result, Dropped)
            assert result.reason is Reason.NO_QUOTE
            continue
        assert isinstance(result, Finding)
        if side is Side.LEFT:
            # From the first removed line that is quoted to the last: never on one that stays.
            removed = [numbered(x, side) for x in lines if x.mark is Mark.REMOVED]
            words = [n for n in removed if words[0] <= n <= words[-1]]
            if not words:
                continue  # Only blank lines were removed there; what is quoted stays.
        path = file.path
        assert result.location == Location(path, words[0], words[-1], side)
        assert_accepted(result.location, change)


@sometimes
@given(changes(), st.integers(1, 60))
def test_a_wrong_line_or_side_does_no_harm_where_the_quote_stands_once(
    repository: Repository, trees: Trees, wrong: int
) -> None:
    change = repository.change(*trees)
    once = [
        (file, lines, side)
        for file, lines, side in spans(change, most=1)
        if not is_blank(lines[0]) and holders(file, lines[0].text) == lines
    ]
    claims = [
        claim(file.path, wrong, lines[0].text, side=claimed)
        for file, lines, _ in once
        for claimed in Side
    ]
    results = judged(claims, change)
    for (file, lines, side), result in zip([x for x in once for _ in Side], results, strict=True):
        assert isinstance(result, Finding)
        assert result.location == Location(file.path, lines[0].number, lines[0].number, side)


def holders(file: FileDiff, text: str) -> list[Line]:
    """The lines of a file, and of its diff, that hold a text; a blank one is held by all."""
    key = "".join(quote_keys(text))
    rows = [x for hunk in file.hunks for x in hunk.lines]
    for number, row in enumerate((file.text or "").split("\n"), 1):
        if (Side.RIGHT, number) not in file.rows:
            rows.append(Line(Mark.CONTEXT, row, None, number))
    return [x for x in rows if not key or key in "".join(quote_keys(x.text))]


@sometimes
@given(changes())
def test_a_quote_that_stands_elsewhere_more_than_once_is_never_guessed(
    repository: Repository, trees: Trees
) -> None:
    change = repository.change(*trees)
    twice = [
        (file, lines)
        for file, lines, side in spans(change, most=1)
        if side is Side.RIGHT and not is_blank(lines[0]) and equals(file, lines[0]) > 1
    ]
    claims = [said(file, lines, Side.RIGHT, line=9999, end_line=9999) for file, lines in twice]
    for result in judged(claims, change):
        assert isinstance(result, Finding)
        assert result.location is None


def equals(file: FileDiff, line: Line) -> int:
    """How many lines of the new side are the same."""
    rows = [x for hunk in file.hunks for x in hunk.lines if x.new is not None]
    return sum(quote_keys(x.text) == quote_keys(line.text) for x in rows)


@sometimes
@given(changes())
def test_code_outside_the_hunks_is_told_with_its_line_and_placed_on_none(
    repository: Repository, trees: Trees
) -> None:
    """Also where equal code stands in a hunk."""
    change = repository.change(*trees)
    outside = [
        (file, number, text)
        for file in change.files
        for number, text in enumerate((file.text or "").split("\n"), 1)
        if (Side.RIGHT, number) not in file.rows and quote_keys(text)
    ]
    results = judged([claim(file.path, number, text) for file, number, text in outside], change)
    for (_, number, _), result in zip(outside, results, strict=True):
        assert isinstance(result, Finding)
        assert (result.location, result.seen_at) == (None, number)


words = st.one_of(
    st.text(max_size=12), st.sampled_from(["x = 1", "return None", "}", "line 3", ""])
)


@sometimes
@given(changes(), st.data())
def test_whatever_is_claimed_nothing_is_lost_and_nothing_stands_on_a_bad_line(
    repository: Repository, trees: Trees, data: st.DataObject
) -> None:
    change = repository.change(*trees)
    paths = st.sampled_from([*(f.path for f in change.files), "invented.py", ""])
    claims = [
        claim(
            data.draw(paths),
            data.draw(st.integers(-3, 40)),
            data.draw(words),
            end_line=data.draw(st.integers(-3, 50)),
            side=data.draw(st.sampled_from(list(Side))),
            suggestion=data.draw(st.none() | words),
        )
        for _ in range(data.draw(st.integers(0, 12)))
    ]
    for said, result in zip(claims, judged(claims, change), strict=True):
        match result:
            case Finding():
                assert change.file(said.path) is change.by_path[result.path]
                if result.location:
                    assert result.location.path == result.path
                    assert_accepted(result.location, change)
            case Dropped(reason=Reason.UNKNOWN_FILE):
                assert change.file(said.path) is None
            case Dropped(reason=Reason.NO_QUOTE):
                assert not quote_keys(said.quote)
            case Dropped(reason=reason):
                assert reason is Reason.QUOTE_NOT_FOUND
                assert quote_keys(said.quote)
