"""The shape of the JSON document, as models: its schema is `Document.model_json_schema()`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from reviewers.core.finding import SeverityWord

Version = Literal["triptych-review/1"]
VERSION: Version = "triptych-review/1"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceShape(_Shape):
    """Who saw it; `vote` is null for an analyser."""

    reviewer: str
    engine: str
    vote: int | None
    name: str
    rule: str
    severity: SeverityWord


class BallotShape(_Shape):
    """How one reviewer's votes fell; `seen` lists the votes that reported it."""

    reviewer: str
    seen: list[int]
    of: int
    planned: int


class DissentShape(_Shape):
    """A vote that found the place right, why, and what is held against that; vote 0: verifier."""

    reviewer: str
    vote: int
    reason: str
    against: str


class VerificationShape(_Shape):
    """What the verifying round said, with the code that it cites."""

    ruling: str
    reason: str
    path: str
    line: int | None
    quote: str
    model: str


class FindingShape(_Shape):
    """One finding; `line` is null where its code is on no line of the change.

    `evidence` is what stands behind it, in the words of its comment. `shown` says where it stands: on
    its line and in the body, in the body alone, in the body's fold of late ones, or (quiet) only
    where there is room for everything. `proven`: it may turn a check red. `votes_before`: how the votes
    fell in an earlier review, where nobody was asked this time. `around`: hashes of the lines round it,
    by which it is known again among equal lines.
    """

    id: str
    rule: str
    severity: SeverityWord
    title: str
    body: str
    fix: str
    path: str
    line: int | None
    end_line: int | None
    side: Literal["LEFT", "RIGHT"] | None
    quote: str
    suggestion: str | None
    votes: list[BallotShape]
    dissent: list[DissentShape]
    sources: list[SourceShape]
    verification: VerificationShape | None
    standing: str
    note: str
    evidence: str
    shown: Literal["inline", "body", "late", "quiet"]
    proven: bool = False
    votes_before: list[BallotShape] = []
    around: list[str] = []


class DroppedShape(_Shape):
    """Something that was reported and is not posted, with the reason."""

    reason: str
    detail: str
    rule: str
    severity: SeverityWord
    title: str
    body: str
    path: str
    line: int | None
    sources: list[SourceShape]


class CellShape(_Shape):
    """A cell of the ledger; `hunk` is null for a whole file, `vote` for what does not vote."""

    path: str
    hunk: int | None
    lines: list[int] | None
    reviewer: str
    engine: str
    vote: int | None
    reading: str
    detail: str


class RowShape(_Shape):
    """A row of the coverage table; `path` is "" where several files share it."""

    path: str
    label: str
    words: list[str]


class TableShape(_Shape):
    """The coverage table as the review's body has it: files against readers, each cell a word."""

    header: list[str]
    rows: list[RowShape]


class CoverageShape(_Shape):
    """The receipt."""

    complete: bool
    hunks: int
    carried: int
    cells: list[CellShape]
    table: TableShape


class UsageShape(_Shape):
    """Tokens."""

    uncached: int
    written: int
    read: int
    out: int


class AttemptShape(_Shape):
    """One request of a call; times in seconds since the call began."""

    start: float
    seconds: float
    result: str
    usage: UsageShape


class CallShape(_Shape):
    """One call; `cost_usd` is null where the price is not known.

    `start` is in seconds since the first call of the review began; of `seconds`, the first `waited`
    went by in waiting for the shared cache. Rounds count from 1.
    """

    name: str
    reviewer: str
    engine: str
    vote: int | None
    chunk: int
    round: int
    task: str
    model: str
    reading: str
    detail: str
    start: float
    waited: float
    seconds: float
    usage: UsageShape
    cost_usd: float | None
    attempts: list[AttemptShape]


class AnalyserShape(_Shape):
    """One analyser; `sandbox` is the level that it ran in."""

    name: str
    version: str
    rules: int
    files: int
    reading: str
    detail: str
    sandbox: str


class EarlierShape(_Shape):
    """A finding of an earlier review and what became of it."""

    id: str
    rule: str
    severity: SeverityWord
    title: str
    path: str
    line: int | None
    fixed_in: str
    dismissed_by: str
    dismissed_on: str
    reason: str


class SettingShape(_Shape):
    """One setting that held: its value as JSON, where it came from, and what bounds it."""

    path: str
    value: str
    origin: str
    bound: str


class WrittenShape(_Shape):
    """What was written where: one request for the review, edits, and what is beside it."""

    review_url: str
    created: bool
    edited: bool
    inline: int
    check_run: bool
    notes: list[str]


class Document(_Shape):
    """A review; `title` is its one line with the counts, `written` is null where nothing was posted.

    `reported` counts what all calls and analysers said, before anything was dropped. `findings` may
    be more than what is left of it: open ones of earlier reviews stand among them. `withheld`: no model
    was asked, for the configuration is not in order; `to_do` is what a person can do about what went
    unread, in Markdown, "" where nothing did.
    """

    schema_: Version = Field(default=VERSION, alias="schema")
    outcome: Literal["clean", "findings", "incomplete", "failed"]
    title: str
    subject: str
    head: str
    base: str
    run: str
    config: str
    problem: str
    findings: list[FindingShape]
    fixed: list[EarlierShape]
    dismissed: list[EarlierShape]
    reported: int
    dropped: list[DroppedShape]
    coverage: CoverageShape
    analysers: list[AnalyserShape]
    calls: list[CallShape]
    usage: UsageShape
    cost_usd: float | None
    seconds: float
    notes: list[str]
    settings: list[SettingShape]
    written: WrittenShape | None
    withheld: bool = False
    to_do: str = ""
