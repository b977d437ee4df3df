"""The findings of a pull request's reviews, as the database keeps them: in their documents."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic import ValidationError

from bot.jobs.protocol import JobRow, JobState, Place
from bot.jobs.store import Store
from bot.outputs.shapes import FindingShape
from reviewers.core.call import Reading
from reviewers.core.change import Change
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Finding,
    Location,
    Severity,
    Side,
    Source,
    Standing,
)
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible

CAUSES, CAUSE_CHARS = 5, 200
"""So many are in a line of the log, each so long."""
ASKED_ABOUT = ("findings", "dismissed")
"""The lists of a document that people may ask about."""


async def last_findings(store: Store, place: Place, beginning: str) -> list[dict[str, Any]]:
    """Of the newest review that was told and has any, the findings whose ids begin so; [] for none.

    Scoped to the pull request, so that an id from elsewhere tells nothing.
    """
    async for row in published_rows(store, place):
        there = findings_in(row.document, *ASKED_ABOUT)
        if found := [f for f in there if f["id"].startswith(beginning)]:
            return found
    return []


async def open_findings(store: Store, place: Place) -> dict[str, object]:
    """The open findings of the newest review that was told here, by id. One that was adopted has none
    of its own to tell.
    """
    async for row in published_rows(store, place):
        return {f["id"]: f for f in findings_in(row.document, "findings")}
    return {}


async def published_rows(store: Store, place: Place) -> AsyncIterator[JobRow]:
    """The jobs of a pull request whose findings were told, with their documents, the newest first."""
    for job in await store.of_pull(place):
        if job.row.state is not JobState.DONE and not job.row.outcome:
            continue  # It has found nothing yet.
        whole = await store.job(job.row.id)
        if whole and whole.row.document and is_published(whole.row):
            yield whole.row


async def row_of_run(
    store: Store, place: Place, run_of: Callable[[str], str], run: str
) -> JobRow | None:
    """The job, with its document, that has posted under this name; None where it is forgotten.

    Only the marker is signed: what stands round it, whoever may write to the repository can edit.
    """
    for job in await store.of_pull(place):
        if run_of(job.row.id) == run:
            whole = await store.job(job.row.id)
            return whole.row if whole and whole.row.document else None
    return None


def is_published(row: JobRow) -> bool:
    """Whether what a review found stands on the pull request already, whatever became of the rest of its
    job: its check run may not be ended yet, or a push may have ended the job just then.
    """
    if row.state is JobState.DONE or row.review_url:
        return True
    try:
        return bool(row.document and json.loads(row.document).get("written"))
    except (ValueError, AttributeError):
        return False


def findings_in(document: str, *lists: str) -> list[dict[str, Any]]:
    """The findings in some lists of a stored review, [] where it cannot be read."""
    try:
        data = json.loads(document) if document else {}
        found = [f for name in lists for f in data.get(name, [])]
    except (ValueError, AttributeError, TypeError):
        return []
    return [f for f in found if isinstance(f, dict) and isinstance(f.get("id"), str)]


def paths_as_told(change: Change, redact: Redaction) -> dict[str, str]:
    """The paths of a change, those of before a rename, too, by how a document tells them: that shows no
    secret and nothing hidden.
    """
    before = (f.old_path for f in change.files if f.old_path)
    return {visible(redact(p)): p for p in (*before, *(f.path for f in change.files))}


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
        standing = Standing(shape.standing)
        sources = tuple(
            Source(s.reviewer, s.engine, s.vote or 0, s.name, s.rule, Severity.parse(s.severity))
            for s in shape.sources
        )
    except (ValidationError, ValueError):
        return None
    votes = shape.votes or shape.votes_before
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
        standing=standing,
        proven_before=shape.proven,
        votes_before=tuple(Ballot(b.reviewer, tuple(b.seen), b.of, b.planned) for b in votes),
        around=frozenset(shape.around),
    )
