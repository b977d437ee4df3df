"""Who reads what: from a change and a policy to the calls of the first round.

Pure. What does not fit one prompt is packed into chunks by files and hunks, the riskiest first;
what does not fit the chunks is written into the receipt, hunk by hunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reviewers.core.call import Call, Reading
from reviewers.core.change import Change, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell
from reviewers.core.exclude import BY_NAME, excluded, matches
from reviewers.core.policy import STATIC, Policy
from reviewers.core.reviewer import Reviewer

Weigh = Callable[[FileDiff, int], int]
"""Characters that one hunk (file, 0-based index) takes in a prompt, its context included."""

_RISKY = re.compile(
    r"auth|login|passw|secret|token|crypt|session|permission|access|payment|billing|sql|query"
    r"|migrat|admin|api|upload|deploy|\.github/workflows|dockerfile|\.tf$",
    re.IGNORECASE,
)
_CALM = re.compile(r"(^|/)(tests?|docs?|examples?|fixtures?)/|\.(md|rst|txt|svg)$", re.IGNORECASE)


@dataclass(frozen=True)
class Chunk:
    """The hunks of one prompt."""

    hunks: tuple[HunkRef, ...]


@dataclass(frozen=True)
class Plan:
    """The calls of the first round, the chunks that they name, and the cells already decided.

    `aside` are hunks that are left out for the name of their file alone. No model is paid to read
    them, but analysers cost nothing: they look there for what must never be missed.
    """

    calls: tuple[Call, ...]
    chunks: tuple[Chunk, ...]
    cells: tuple[Cell, ...]
    hunks: tuple[HunkRef, ...]
    carried: tuple[HunkRef, ...] = ()
    aside: tuple[HunkRef, ...] = ()

    def hunks_of(self, call: Call, reviewers: Iterable[Reviewer]) -> tuple[HunkRef, ...]:
        """The hunks that `call` is asked to read."""
        reviewer = next((r for r in reviewers if r.id == call.reviewer), None)
        hunks = self.hunks if call.engine == STATIC else self.chunks[call.chunk].hunks
        if call.engine == STATIC and reviewer:
            hunks = _for_analysers(reviewer, self.hunks, self.aside)
        return tuple(h for h in hunks if reviewer is None or _is_for(reviewer, h))


def plan(
    change: Change, policy: Policy, weigh: Weigh, already: frozenset[str] = frozenset()
) -> Plan:
    """The first round for `change`.

    `already` holds digests of hunks (`Hunk.digest`, prefixed by their path) that an earlier review
    has read completely; they are carried, not read again.
    """
    cells: list[Cell] = []
    to_read: list[HunkRef] = []
    carried: list[HunkRef] = []
    aside: list[HunkRef] = []
    for file in change.files:
        why = excluded(file, policy.exclude)
        cells += _without_hunks(file, why)
        for index, hunk in enumerate(file.hunks):
            ref = HunkRef(file.path, index)
            if why:
                cells.append(Cell(ref, "", "", 0, *why))
                aside += [ref] * (why[1] in BY_NAME)
            elif hunk_key(file.path, hunk.digest()) in already:
                carried.append(ref)
            else:
                to_read.append(ref)
    for name in change.undelivered:
        gap = Cell(HunkRef(name, WHOLE_FILE), "", "", 0, Reading.FAILED, "not delivered by GitHub")
        cells.append(gap)
    calls: list[Call] = []
    if STATIC in policy.engines:
        # A file that is moved as it is has no hunk, and its name alone may be what matters.
        is_moved = any(f.status is FileStatus.RENAMED for f in change.files)
        analysed = ((r, _for_analysers(r, to_read, aside)) for r in policy.reviewers)
        calls += [
            Call(r.id, STATIC)
            for r, hunks in analysed
            if _reads_any(r, hunks) or (r.protected and is_moved)
        ]
    chunks: tuple[Chunk, ...] = ()
    for engine in policy.engines:
        if engine != STATIC:
            chunks, unread = _pack(change, to_read, policy, weigh)
            cells += _unread_cells(unread, policy, engine)
            calls += _voting_calls(chunks, policy, engine)
    return Plan(tuple(calls), chunks, tuple(cells), tuple(to_read), tuple(carried), tuple(aside))


def hunk_key(path: str, digest: str) -> str:
    """How a hunk is known again in a later head: its file, its surroundings and what it changes."""
    return f"{path}:{digest}"


def risk(file: FileDiff) -> float:
    """How early a file should be read when not all can be; higher is earlier."""
    score = float(min(file.changed, 400)) / 100
    if _RISKY.search(file.path):
        score += 5
    if is_calm(file.path):
        score -= 5
    return score


def is_calm(path: str) -> bool:
    """Whether a fault in this file hurts nobody at once: tests, documents, examples."""
    return _CALM.search(path) is not None


def _without_hunks(file: FileDiff, why: tuple[Reading, str] | None) -> list[Cell]:
    """The cell of a file that has no lines to show: excluded, or else not delivered."""
    if not why and file.missing and file.missing != "binary":
        why = Reading.TOO_LARGE if file.is_large else Reading.FAILED, file.missing
    if file.hunks or not why:
        return []
    return [Cell(HunkRef(file.path, WHOLE_FILE), "", "", 0, *why)]


def _reads_any(reviewer: Reviewer, hunks: Iterable[HunkRef]) -> bool:
    return any(_is_for(reviewer, h) for h in hunks)


def _is_for(reviewer: Reviewer, hunk: HunkRef) -> bool:
    return not reviewer.paths or matches(hunk.path, reviewer.paths)


def _for_analysers(
    reviewer: Reviewer, hunks: Sequence[HunkRef], aside: Sequence[HunkRef]
) -> tuple[HunkRef, ...]:
    """Generated code has its generator's style; whether it can be abused is asked all the same.

    What is aside comes last, so that it takes no other file's place where there are too many.
    """
    return (*hunks, *aside) if reviewer.protected else tuple(hunks)


def _pack(
    change: Change, hunks: list[HunkRef], policy: Policy, weigh: Weigh
) -> tuple[tuple[Chunk, ...], list[tuple[HunkRef, str]]]:
    """First fit, riskiest file first; the hunks of one file stay together while they fit."""
    order = {f.path: i for i, f in enumerate(change.files)}
    files = sorted({h.path for h in hunks}, key=lambda p: (-risk(change.by_path[p]), order[p]))
    bins: list[list[HunkRef]] = []
    room: list[int] = []
    unread: list[tuple[HunkRef, str]] = []
    for path in files:
        file = change.by_path[path]
        mine = [h for h in hunks if h.path == path]
        if file.size > policy.max_file_chars:
            limit = f"above the limit of {policy.max_file_chars // 1000} kB"
            unread += [(h, limit) for h in mine]
            continue
        weights = {h: weigh(file, h.index) for h in mine}
        fits_whole = sum(weights.values()) <= policy.chunk_chars
        for piece in [mine] if fits_whole else [[h] for h in mine]:
            weight = sum(weights[h] for h in piece)
            if weight > policy.chunk_chars:  # One hunk, and no vote is on a part of one.
                limit = f"above the limit of {policy.chunk_chars // 1000} kB for a prompt"
                unread += [(h, limit) for h in piece]
                continue
            fits = next((i for i, left in enumerate(room) if weight <= left), None)
            if fits is None and len(bins) < policy.max_chunks:
                bins.append([])
                room.append(policy.chunk_chars)
                fits = len(bins) - 1
            if fits is None:
                limit = f"above the limit of {policy.max_chunks} prompts"
                unread += [(h, limit) for h in piece]
            else:
                bins[fits] += piece
                room[fits] -= weight
    place = {h: i for i, h in enumerate(hunks)}
    return tuple(Chunk(tuple(sorted(b, key=place.__getitem__))) for b in bins), unread


def _unread_cells(unread: list[tuple[HunkRef, str]], policy: Policy, engine: str) -> list[Cell]:
    return [
        Cell(ref, reviewer.id, engine, vote, Reading.TOO_LARGE, why)
        for ref, why in unread
        for reviewer in policy.reviewers
        if _is_for(reviewer, ref)
        for vote in range(1, policy.votes_of(reviewer) + 1)
    ]


def _voting_calls(chunks: tuple[Chunk, ...], policy: Policy, engine: str) -> list[Call]:
    """Chunk by chunk, and in a chunk first votes before second ones: a budget cuts votes first."""
    most = max((policy.votes_of(r) for r in policy.reviewers), default=0)
    return [
        Call(reviewer.id, engine, vote, index, policy.model_of(vote))
        for index, chunk in enumerate(chunks)
        for vote in range(1, most + 1)
        for reviewer in policy.reviewers
        if vote <= policy.votes_of(reviewer) and _reads_any(reviewer, chunk.hunks)
    ]
