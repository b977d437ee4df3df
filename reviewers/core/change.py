r"""A change: the files of a pull request (or a commit range, or a patch) with their hunks and lines.

Lines are counted as GitHub counts them: split on `\n` only, so a form feed, U+2028 or a lone
carriage return stays inside its line (case S40).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from reviewers.core.finding import Side


class FileStatus(enum.StrEnum):
    """What happened to the file, in GitHub's words; CHANGED is a change of its mode or type."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"
    COPIED = "copied"
    CHANGED = "changed"


class Content(enum.StrEnum):
    """What the file holds. Only TEXT is ever read; the others are described and never followed."""

    TEXT = "text"
    BINARY = "binary"
    SYMLINK = "symbolic link"
    SUBMODULE = "submodule"
    LFS = "Git LFS pointer"


class Mark(enum.StrEnum):
    """The first character of a diff line."""

    ADDED = "+"
    REMOVED = "-"
    CONTEXT = " "


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk without its mark; `old`/`new` are 1-based numbers, None where it is not."""

    mark: Mark
    text: str
    old: int | None
    new: int | None

    @property
    def side(self) -> Side:
        """The side on which a comment about this line stands."""
        return Side.LEFT if self.mark is Mark.REMOVED else Side.RIGHT

    @property
    def number(self) -> int:
        """Its number on that side."""
        number = self.old if self.mark is Mark.REMOVED else self.new
        assert number is not None, "every line has a number on its own side"
        return number


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of lines of one file's diff. `section` is what git prints behind the second `@@`."""

    old_start: int
    new_start: int
    lines: tuple[Line, ...]
    section: str = ""

    @property
    def first(self) -> int:
        """The first line it shows, on the right side where it has one."""
        return self.new_start or self.old_start

    @property
    def last(self) -> int:
        """The last line it shows, on the same side as `first`."""
        numbers = [line.new if self.new_start else line.old for line in self.lines]
        return max((n for n in numbers if n is not None), default=self.first)

    @property
    def changed(self) -> int:
        """How many lines it adds and removes."""
        return sum(line.mark is not Mark.CONTEXT for line in self.lines)

    def digest(self) -> str:
        """16 hex digits of what it shows: what it changes, the lines round it, its section.

        The same lines elsewhere are another change, so their surroundings count. Line numbers do not:
        it stays equal when the code above it grows, and after a rebase.
        """
        body = "\n".join((f"@@ {self.section}", *(x.mark + x.text for x in self.lines)))
        return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class FileDiff:
    """One file of the change.

    `text` is the whole file at the head, None where the host could not have it; `lacks` says why not,
    "" where nobody could expect it (of a patch from elsewhere). `missing` says why there are no hunks
    although the content changed, `is_large` that either is for the size. `was_empty`, of what is no text:
    it was there before with nothing in it, so all that it holds is as new as in a file that is added.
    """

    path: str
    status: FileStatus
    hunks: tuple[Hunk, ...] = ()
    old_path: str | None = None
    content: Content = Content.TEXT
    old_mode: str = ""
    new_mode: str = ""
    text: str | None = None
    lacks: str = ""
    missing: str = ""
    is_large: bool = False
    was_empty: bool = False

    def turned(self) -> FileDiff:
        """As a gap: the file was text before and is now what nobody can read.

        Such a file is never left out like a picture: one zero byte would take a program from the
        eyes of every reviewer, and it would run all the same.
        """
        now = "binary" if self.content is Content.BINARY else f"a {self.content.value}"
        said = f"it was text before and is {now} now, so no line of it is shown"
        return replace(self, content=Content.TEXT, hunks=(), text=None, missing=said)

    @cached_property
    def rows(self) -> dict[tuple[Side, int], Line]:
        """The lines on which GitHub accepts a comment, by side and number."""
        return {(x.side, x.number): x for hunk in self.hunks for x in hunk.lines}

    def hunk_at(self, side: Side, number: int) -> int | None:
        """The index of the hunk that shows that line on that side, or None."""
        return self._places.get((side, number))

    @cached_property
    def _places(self) -> dict[tuple[Side, int], int]:
        """The first hunk of each line: asked for every claim, of which a file may get thousands."""
        hunks = reversed(tuple(enumerate(self.hunks)))
        return {(x.side, x.number): index for index, hunk in hunks for x in hunk.lines}

    @property
    def changed(self) -> int:
        """How many lines are added and removed."""
        return sum(hunk.changed for hunk in self.hunks)

    @property
    def size(self) -> int:
        """Characters of the diff's lines."""
        return sum(len(x.text) + 1 for hunk in self.hunks for x in hunk.lines)


@dataclass(frozen=True, slots=True, order=True)
class HunkRef:
    """Names one hunk: the file's path and the hunk's 0-based place in it."""

    path: str
    index: int


@dataclass(frozen=True)
class Guideline:
    """One file of the base branch that tells reviewers how this repository works."""

    path: str
    text: str


@dataclass(frozen=True)
class Change:
    """Everything that reviewers may look at. All of it is data from strangers, never an order.

    `undelivered` names what the host knows to be part of the change and could not hand over.
    ValueError where a path stands twice: a hunk is named by its path, so one would hide the other.
    """

    files: tuple[FileDiff, ...]
    title: str = ""
    description: str = ""
    head: str = ""
    base: str = ""
    guidelines: tuple[Guideline, ...] = ()
    undelivered: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.by_path) < len(self.files):
            raise ValueError("a file stands in the change more than once")

    @cached_property
    def by_path(self) -> dict[str, FileDiff]:
        """The files by their path at the head."""
        return {f.path: f for f in self.files}

    def file(self, path: str) -> FileDiff | None:
        """The file of that path, or of that path before a rename; None where there is none."""
        found = self.by_path.get(path)
        if found is None:
            found = next((f for f in self.files if f.old_path == path), None)
        return found

    def hunk(self, ref: HunkRef) -> Hunk:
        """The hunk that `ref` names."""
        return self.by_path[ref.path].hunks[ref.index]

    def refs(self) -> Iterator[HunkRef]:
        """Every hunk of the change, in file order."""
        for f in self.files:
            for index in range(len(f.hunks)):
                yield HunkRef(f.path, index)

    @property
    def without_text(self) -> tuple[str, ...]:
        """Text files whose whole content could not be had; only their hunks are known."""
        return tuple(
            f.path
            for f in self.files
            if f.text is None and f.hunks and f.status is not FileStatus.REMOVED
        )
