"""Our parser against git itself, and against unidiff, on changes that hypothesis makes up.

What holds for every change: git's own counts, the lines of the new file, the lines of the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from unidiff.patch import PatchSet

from reviewers.core.change import Content, FileDiff, FileStatus, Mark
from reviewers.core.diff import parse_diff
from reviewers.core.finding import Side
from tests.repository import FILE, NAMES, SYMLINK, Entry, Repository, Tree, changes

Trees = tuple[dict[bytes, Entry], dict[bytes, Entry]]
sometimes = settings(max_examples=25)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository"))


def on_disk(path: str) -> bytes:
    """A name as git stores it."""
    return path.encode("utf-8", "surrogateescape")


def lines_of(tree: Tree, path: str | None) -> list[str]:
    """The lines of a file in a tree, as GitHub counts them: split on newlines only."""
    entry = tree.get(on_disk(path)) if path else None
    if entry is None or not entry.data:
        return []
    return entry.data.decode("utf-8", "replace").removesuffix("\n").split("\n")


def texts(trees: Trees, files: tuple[FileDiff, ...]) -> Iterator[FileDiff]:
    """The files of which both sides are text and shown; a change of type has hunks of two things."""
    old, new = trees
    for file in files:
        sides = [old.get(on_disk(file.old_path or file.path)), new.get(on_disk(file.path))]
        shown = file.content is Content.TEXT and not file.missing
        if shown and file.status is not FileStatus.CHANGED:
            assert all(e is None or e.mode.startswith("100") for e in sides)
            yield file


@sometimes
@given(changes())
def test_names_and_counts_are_those_of_git(repository: Repository, trees: Trees) -> None:
    files = parse_diff(repository.diff(*trees))
    counted = repository.numstat(*trees)

    assert {on_disk(f.path) for f in files} == set(counted)
    for file in files:
        numbers = counted[on_disk(file.path)]
        assert (numbers is None) == (file.content is Content.BINARY)
        shown = file.content is Content.TEXT and not file.missing
        if shown and file.status is not FileStatus.CHANGED:
            marks = [x.mark for hunk in file.hunks for x in hunk.lines]
            assert (marks.count(Mark.ADDED), marks.count(Mark.REMOVED)) == numbers


@sometimes
@given(changes())
def test_what_happened_to_each_file_is_what_happened(repository: Repository, trees: Trees) -> None:
    old, new = trees
    for file in parse_diff(repository.diff(old, new)):
        before = old.get(on_disk(file.old_path or file.path))
        after = new.get(on_disk(file.path))
        match file.status:
            case FileStatus.ADDED:
                assert before is None
                assert after is not None
            case FileStatus.REMOVED:
                assert before is not None
                assert after is None
            case _:
                assert before is not None
                assert after is not None
        assert (file.content is Content.SYMLINK) == bool(after and after.mode == SYMLINK)
        if after and file.new_mode:
            assert file.new_mode == after.mode


@sometimes
@given(changes())
def test_every_line_stands_under_its_number_on_both_sides(
    repository: Repository, trees: Trees
) -> None:
    for file in texts(trees, parse_diff(repository.diff(*trees))):
        left = lines_of(trees[0], file.old_path or file.path)
        right = lines_of(trees[1], file.path)
        for line in (x for hunk in file.hunks for x in hunk.lines):
            if line.old is not None:
                assert left[line.old - 1] == line.text
            if line.new is not None:
                assert right[line.new - 1] == line.text


@sometimes
@given(changes())
def test_applying_what_was_parsed_gives_the_new_file(repository: Repository, trees: Trees) -> None:
    """The round trip: the old lines outside the hunks and the right lines inside make the new file."""
    for file in texts(trees, parse_diff(repository.diff(*trees))):
        left = lines_of(trees[0], file.old_path or file.path)
        result: list[str] = []
        at = 0
        for hunk in file.hunks:
            olds = [x.old for x in hunk.lines if x.old is not None]
            start = olds[0] - 1 if olds else hunk.old_start
            result += left[at:start]
            result += [x.text for x in hunk.lines if x.side is Side.RIGHT]
            at = start + len(olds)
        result += left[at:]
        assert result == lines_of(trees[1], file.path)


@sometimes
@given(changes())
def test_no_two_lines_claim_one_place(repository: Repository, trees: Trees) -> None:
    for file in parse_diff(repository.diff(*trees)):
        lines = [x for hunk in file.hunks for x in hunk.lines]
        assert len(file.rows) == len(lines)
        for line in lines:
            index = file.hunk_at(line.side, line.number)
            assert index is not None
            assert line in file.hunks[index].lines


@sometimes
@given(changes(with_odd=False, of=[n for n in NAMES if b" b/" not in n]))  # Too much for unidiff.
def test_unidiff_reads_the_same_lines(repository: Repository, trees: Trees) -> None:
    data = repository.diff(*trees, "--no-renames")
    ours = [
        (x.mark.value, x.old, x.new)
        for file in parse_diff(data)
        for hunk in file.hunks
        for x in hunk.lines
    ]
    theirs = [
        (x.line_type, x.source_line_no, x.target_line_no)
        for file in PatchSet(data.decode("utf-8", "replace"))
        for hunk in file
        for x in hunk
        if x.line_type in "+- "
    ]
    assert ours == theirs


def test_git_writes_a_change_of_type_in_two_halves(repository: Repository) -> None:
    """From the real git, not from a text that we made up."""
    old = {b"f": Entry(b"one\ntwo\n"), b"g": Entry(b"../x", SYMLINK)}
    new = {b"f": Entry(b"one", SYMLINK), b"g": Entry(b"text\n", FILE)}
    files = {f.path: f for f in parse_diff(repository.diff(old, new))}
    assert {p: (f.status, f.content) for p, f in files.items()} == {
        "f": (FileStatus.CHANGED, Content.SYMLINK),
        "g": (FileStatus.CHANGED, Content.TEXT),
    }
    assert [x.text for x in files["f"].hunks[0].lines] == ["one", "two"]
    assert [x.text for x in files["g"].hunks[0].lines] == ["text"]


def test_s40_utf_16_is_binary_to_git_and_so_to_us(repository: Repository) -> None:
    old = {b"f": Entry("one\n".encode("utf-16"))}
    new = {b"f": Entry("two\n".encode("utf-16"))}
    (file,) = parse_diff(repository.diff(old, new))
    assert (file.content, file.hunks) == (Content.BINARY, ())
