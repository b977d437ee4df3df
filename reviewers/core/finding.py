"""A finding: one claim about one place of a change, with the code it quotes and who saw it.

Engines return a `Claim` (what somebody says). Only the anchor step of the aggregation turns it into
a `Finding`, after it has found the quoted code in the change: a Finding never stands on a guess.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Literal, get_args

ID_LENGTH = 12
"""Hex digits of a finding's id, as `finding=` in the marker of an inline comment."""


SeverityWord = Literal["info", "low", "medium", "high", "critical"]


class Severity(enum.IntEnum):
    """How bad it is when the finding is true. Ordered: `Severity.HIGH > Severity.LOW`."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> SeverityWord:
        """The lower-case word that every output and the configuration use."""
        return SEVERITY_WORDS[self]

    @classmethod
    def parse(cls, word: str) -> Severity:
        """The severity of that word (any case); ValueError names the allowed ones."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            allowed = ", ".join(s.word for s in reversed(cls))
            raise ValueError(f"{word!r} is no severity; use one of {allowed}") from None


SEVERITY_WORDS: tuple[SeverityWord, ...] = get_args(SeverityWord)
"""All severities from the least to the worst, as people write them."""


class Side(enum.StrEnum):
    """The side of a diff, in GitHub's words: RIGHT has added and context lines, LEFT removed ones."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


@dataclass(frozen=True, slots=True)
class Location:
    """Lines `line`..`end_line` (1-based, both included) of one side of one file, inside one hunk."""

    path: str
    line: int
    end_line: int
    side: Side = Side.RIGHT


@dataclass(frozen=True, slots=True)
class Source:
    """Who saw a finding: one vote of a reviewer by a model, or one analyser's rule.

    `engine` is "claude" or "static"; `vote` counts from 1 (0 for an analyser); `name` is the model
    or the analyser; `rule` is the rule in that source's own words ("S602").
    """

    reviewer: str
    engine: str
    vote: int
    name: str
    rule: str
    severity: Severity

    @property
    def is_vote(self) -> bool:
        """Whether this source counts in a quorum; analysers are evidence outside of it."""
        return self.vote > 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says, unchecked. `line`/`end_line` are claims too; `quote` is what is checked.

    `suggestion` replaces exactly the lines `line`..`end_line` of the right side, or is None.
    """

    source: Source
    path: str
    line: int
    end_line: int
    side: Side
    quote: str
    rule: str
    severity: Severity
    title: str
    body: str
    fix: str = ""
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """How the votes of one reviewer fell: `seen` of `of` succeeded votes, of `planned` ones."""

    reviewer: str
    seen: tuple[int, ...]
    of: int
    planned: int

    @property
    def against(self) -> int:
        """Votes that read the same code and did not report it."""
        return self.of - len(self.seen)


@dataclass(frozen=True, slots=True)
class Dissent:
    """One voice against a finding, its reason, and what the others hold against that reason.

    A vote that merely did not report the finding is counted in its Ballot; it speaks against it
    only when it named the place and said why it is right. `vote` is 0 for the verifier.
    """

    reviewer: str
    vote: int
    reason: str
    against: str = ""


class Ruling(enum.StrEnum):
    """What the verifying round said of a finding."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Verification:
    """A ruling with the code that it cites; `path`, `line` and `quote` were found in the files."""

    ruling: Ruling
    reason: str
    path: str = ""
    line: int = 0
    quote: str = ""
    model: str = ""


class Standing(enum.StrEnum):
    """Where a finding stands against the reviews posted before."""

    NEW = "new"
    OPEN = "still open"
    LATE = "late"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim whose quoted code was found, merged from one or more sources.

    `location` is None where the code is in the file but on no line of the change: such a finding is
    told in the summary and never placed on a guessed line; `seen_at` is then its line at the head
    (0: the whole file). `id` is given when the finding is first seen and kept by matching.
    `proven_before`: an earlier review has proven it; `held_before`: one has asked for a proof, and no
    answer told of it. `votes_before`: how the votes fell in the last review that asked them, where this
    one did not hear of it. `around`: hashes of the lines round it (`Quotes.passage`), none where nobody
    knows them.
    """

    rule: str
    severity: Severity
    title: str
    body: str
    fix: str
    path: str
    quote: str
    sources: tuple[Source, ...]
    location: Location | None = None
    seen_at: int = 0
    suggestion: str | None = None
    votes: tuple[Ballot, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    verification: Verification | None = None
    id: str = ""
    standing: Standing = Standing.NEW
    note: str = ""
    proven_before: bool = False
    held_before: bool = False
    votes_before: tuple[Ballot, ...] = ()
    around: frozenset[str] = frozenset()

    @property
    def line(self) -> int:
        """The first line it is about: placed, else where it was seen, else 0."""
        return self.location.line if self.location else self.seen_at

    @property
    def side(self) -> Side:
        """The side of its lines; the right one where it stands on no line of the change."""
        return self.location.side if self.location else Side.RIGHT

    @property
    def reviewers(self) -> tuple[str, ...]:
        """The names on it, in the order in which they saw it, each once."""
        return tuple(dict.fromkeys(s.reviewer for s in self.sources))

    @property
    def analysers(self) -> tuple[Source, ...]:
        """The static evidence on it."""
        return tuple(s for s in self.sources if not s.is_vote)

    @property
    def is_proven(self) -> bool:
        """Whether it may turn a check red: an analyser's, or confirmed by the verifying round.

        Source: design section 7, "what a model says never gates by itself".
        """
        confirmed = self.verification and self.verification.ruling is Ruling.CONFIRMED
        return bool(self.analysers or confirmed or self.proven_before)


class Reason(enum.StrEnum):
    """Why something that was reported is not posted. The value is the text people read."""

    UNKNOWN_FILE = "in a file that is not in the change"
    NO_QUOTE = "without a quote of the code"
    QUOTE_NOT_FOUND = "whose quoted code is not in the change"
    TOUCHES_NOTHING = "on a line that the change does not touch"
    MALFORMED = "that did not fit the answer schema"
    OVER_LIMIT = "above the limit of findings per call"
    LEAKED = "that repeated text of the prompt"
    DUPLICATE = "duplicate"
    MERGED = "counted as a vote or as evidence for the same finding"
    DISMISSED = "dismissed by a person"
    IGNORED_RULE = "of a rule that the configuration ignores"
    BELOW_FLOOR = "below the reviewer's severity floor"
    OUTVOTED = "without enough votes"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was reported and is not posted, and why. Nothing vanishes."""

    item: Claim | Finding
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a step of the aggregation chain keeps, and what it drops."""

    findings: tuple[Finding, ...]
    dropped: tuple[Dropped, ...] = field(default=())


def fingerprint(rule: str, path: str, quoted_line: str, ordinal: int) -> str:
    """The 12 hex digits by which a finding is first known again.

    Made of the rule, the path, the quoted line without its white space, and the ordinal (0-based)
    among equal lines of the file; never of the line number, so that it survives moved code.
    """
    parts = (rule, path, "".join(quoted_line.split()), str(ordinal))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[
        :ID_LENGTH
    ]


MOST_TWINS = 16
"""How many findings may come of one fingerprint and still be known for that: one rule, one line."""


def are_twins(a: str, b: str) -> bool:
    """Whether two ids come of one fingerprint: of several the next ones behind it are given, up to
    `MOST_TWINS`. By chance no two are that near.
    """
    return abs(int(a, 16) - int(b, 16)) < MOST_TWINS
