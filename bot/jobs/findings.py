"""The findings of a pull request's reviews, as the database keeps them: in their documents."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bot.jobs.protocol import JobRow, JobState, Place
from bot.jobs.store import Store
from bot.outputs.shapes import FindingShape
from reviewers.core.call import Reading
from reviewers.core.finding import Dissent, Finding, Location, Severity, Side, Source
from reviewers.core.history import Known, State

CAUSES, CAUSE_CHARS = 5, 200
"""So many are in a line of the log, each so long."""
LOOKED_BACK = 50
"""Reviews of a pull request in which what was fixed is looked for: each is a document to read."""
TOLD = ("findings", "dismissed")
"""The lists of a document that people may ask about."""


async def last_findings(store: Store, place: Place, beginning: str) -> list[dict[str, Any]]:
    """Of the newest review that was told and has any, the findings whose ids begin so; [] for none.

    Scoped to the pull request, so that an id from elsewhere tells nothing.
    """
    for job in await store.of_pull(place):
        if (whole := await _told(store, job.row)) is not None:
            found = [f for f in findings_in(whole.document, *TOLD) if f["id"].startswith(beginning)]
            if found:
                return found
    return []


async def open_findings(store: Store, place: Place) -> dict[str, object]:
    """The open findings of the newest review that was told here, by id. One that was adopted has none
    of its own to tell.
    """
    for job in await store.of_pull(place):
        whole = await _told(store, job.row)
        if whole and whole.document:
            return {f["id"]: f for f in findings_in(whole.document, "findings")}
    return {}


def is_told(row: JobRow) -> bool:
    """Whether what a review found stands on the pull request already, whatever became of the rest of its
    job: its check run may not be ended yet, or a push may have ended the job just then.
    """
    if row.state is JobState.DONE or row.review_url:
        return True
    try:
        return bool(row.document and json.loads(row.document).get("written"))
    except (ValueError, AttributeError):
        return False


async def _told(store: Store, row: JobRow) -> JobRow | None:
    """The row with its document, where what it found was told."""
    if row.state is not JobState.DONE and not row.outcome:
        return None  # It has found nothing yet.
    whole = await store.job(row.id)
    return whole.row if whole and is_told(whole.row) else None


@dataclass(frozen=True, slots=True)
class Told:
    """What reviews of a pull request told, by id, as they knew it: what stands there does not tell it in
    full to the next one, and may have been edited. `open` is of the last review; `dismissed` are those
    that people have dismissed since they were told; `fixed` those that were told as fixed last, as they
    were before.
    """

    open: Mapping[str, Finding] = field(default_factory=dict)
    dismissed: Mapping[str, Finding] = field(default_factory=dict)
    fixed: Mapping[str, Known] = field(default_factory=dict)


NOTHING = Told()


async def findings_told(store: Store, place: Place, dismissed: Collection[str] = ()) -> Told:
    """By the stored documents, the newest first. `dismissed` are ids: each is looked for until it is
    found; what is fixed in the `LOOKED_BACK` last reviews.
    """
    past = _Past(dismissed)
    for job in await store.of_pull(place):
        if past.reviews >= LOOKED_BACK and not past.missing:
            break
        whole = await _told(store, job.row)
        if whole and whole.document:
            past.read(whole.document)
    return Told(past.open, past.dismissed, past.fixed)


class _Past:
    """What the reviews of a pull request tell, read from the newest to the oldest."""

    def __init__(self, dismissed: Collection[str]) -> None:
        self.reviews = 0
        self.missing = set(dismissed)
        self.open: dict[str, Finding] = {}
        self.dismissed: dict[str, Finding] = {}
        self.fixed: dict[str, Known] = {}
        self._told: set[str] = set()
        self._fixed_in: dict[str, str] = {}

    def read(self, document: str) -> None:
        """One more of them."""
        found, fixed = (
            {f["id"]: f for f in rows} for rows in lists_in(document, "findings", "fixed")
        )
        wanted = (
            found if not self.reviews else found.keys() & (self.missing | self._fixed_in.keys())
        )
        known = {i: f for i in wanted if (f := read_finding(found[i])) is not None}
        if not self.reviews:
            self.open = known
        self.dismissed |= {i: known[i] for i in self.missing & known.keys()}
        self.missing -= known.keys()
        for i in known.keys() & self._fixed_in.keys():
            self.fixed[i] = Known(known[i], State.FIXED, fixed_in=self._fixed_in.pop(i))
        self._told |= found.keys()
        new = fixed.keys() - self._told
        self._fixed_in |= {i: str(fixed[i].get("fixed_in", "")) for i in new}
        self._told |= new
        self.reviews += 1


def findings_in(document: str, *lists: str) -> list[dict[str, Any]]:
    """The findings in some lists of a stored review, [] where it cannot be read."""
    return [f for found in lists_in(document, *lists) for f in found]


def lists_in(document: str, *lists: str) -> list[list[dict[str, Any]]]:
    """The same, each list by itself."""
    try:
        data = json.loads(document) if document else {}
        found = [list(data.get(name, [])) for name in lists]
    except (ValueError, AttributeError, TypeError):
        return [[] for _ in lists]
    return [[f for f in x if isinstance(f, dict) and isinstance(f.get("id"), str)] for x in found]


def causes_in(document: str) -> list[str]:
    """Why calls of a stored review did not read what they should have, each once: what an operator must
    know who is not there; [] where nothing says.
    """
    try:
        calls = json.loads(document).get("calls", []) if document else []
        told = [c.get("detail") for c in calls if Reading(c.get("reading")).is_gap]
    except (ValueError, AttributeError, TypeError):
        return []
    return list(dict.fromkeys(why[:CAUSE_CHARS] for why in told if why))[:CAUSES]


def read_finding(data: object) -> Finding | None:
    """An open finding of a stored review, as its verifier is shown it; None where that is none."""
    try:
        shape = FindingShape.model_validate(data)
        side = Side(shape.side) if shape.side else Side.RIGHT
        severity = Severity.parse(shape.severity)
        sources = tuple(
            Source(s.reviewer, s.engine, s.vote or 0, s.name, s.rule, Severity.parse(s.severity))
            for s in shape.sources
        )
    except (ValidationError, ValueError):
        return None
    location = None
    if shape.line and shape.side:
        location = Location(shape.path, shape.line, shape.end_line or shape.line, side)
    return Finding(
        rule=shape.rule,
        severity=severity,
        title=shape.title,
        body=shape.body,
        fix=shape.fix,
        path=shape.path,
        quote=shape.quote,
        sources=sources,
        location=location,
        dissent=tuple(Dissent(d.reviewer, d.vote, d.reason, d.against) for d in shape.dissent),
        id=shape.id,
        proven_before=shape.proven,
    )
