"""The page of one review: everything that its templates show, made from the job and its document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from pydantic import ValidationError

from bot.jobs.protocol import JobRow, JobState
from bot.outputs.digest import Digest, digest
from bot.outputs.funnel import NOT_POSTED, POSTED, TO_BE_POSTED, funnel
from bot.outputs.job_line import blob_url, in_full, job_line, pull_url, review_url
from bot.outputs.page import Pages
from bot.outputs.shapes import Document, FindingShape
from bot.outputs.timeline import NARROW, ROWS, WIDE, Kind, timeline, timeline_svg
from bot.outputs.unread import unread, unverified
from bot.outputs.words import plural
from reviewers.core.allowance import amount
from reviewers.core.call import Reading
from reviewers.core.finding import Standing

MOST_FINDINGS = 300
LEAST_UNLISTED = 0.005
"""USD; less may be rounding."""
GAP_WORDS = frozenset(r.value for r in Reading if r.is_gap)
_WAITING = {
    JobState.WAITING: "It waits for its turn.",
    JobState.RUNNING: "It is running. What it came to will stand here.",
    JobState.PARKED: "It is tried again by itself after a while.",
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding with its place as a person reads it, and the address of that place ("": none)."""

    shape: FindingShape
    place: str
    link: str
    mark: str


def read_document(row: JobRow) -> Document | None:
    """The stored review; None where there is none, or none that this version can read."""
    try:
        return Document.model_validate_json(row.document) if row.document else None
    except ValidationError:
        return None


def review_page(
    pages: Pages, row: JobRow, beside: Sequence[JobRow], web: str, now: float, **around: Any
) -> str:
    """The page; `beside` are the jobs of its pull request, `around` are the root of the links and the
    key of the forms.
    """
    doc = read_document(row)
    digests: dict[str, Digest] = {row.id: digest(doc, row.ended)} if doc else {}
    unreadable = ""
    if row.document and doc is None:
        unreadable = "Another version of Triptych wrote this review: only its outline is shown."
    line = job_line(row, now, web, digests, beside)
    title = in_full(row.title, doc.title) if doc else row.title
    values: dict[str, Any] = {
        "row": row,
        "line": line,
        "doc": doc,
        "pull": pull_url(web, row.place),
        "headline": title or (doc.title if doc else "") or f"Review {line.state}",
        "unreadable": unreadable,
        "is_done": row.state is JobState.DONE,
        "is_under_way": row.state in _WAITING,
        "waiting": _WAITING.get(row.state, "Nothing was reviewed."),
    }
    if doc:
        values |= _parts(doc, row, web)
    return pages.render("review", **values, **around)


def _parts(doc: Document, row: JobRow, web: str) -> dict[str, Any]:
    picture = timeline(doc)
    posted = (doc.written.review_url if doc.written else "") or row.review_url
    review = review_url(web, row.place, posted)
    unposted = TO_BE_POSTED if row.state in _WAITING else NOT_POSTED
    return {
        "unread": unread(doc),
        "unverified": unverified(doc),
        "findings": [_finding(f, doc, row, web) for f in doc.findings[:MOST_FINDINGS]],
        "more_findings": max(len(doc.findings) - MOST_FINDINGS, 0),
        "earlier": _earlier(doc),
        "funnel": funnel(doc, POSTED if posted else unposted),
        "timeline": picture,
        "wide": Markup(timeline_svg(picture, WIDE)),  # noqa: S704 - it escapes its texts
        "narrow": Markup(timeline_svg(picture, NARROW)),  # noqa: S704
        "unlisted": _unlisted(doc, row),
        "verifies": any(s.kind is Kind.VERIFIED for r in picture.rows for s in r.spans),
        "more_rows": max(len(picture.rows) - ROWS, 0),
        "coverage": doc.coverage.table,
        "coverage_line": _coverage(doc),
        "gap_words": GAP_WORDS,
        "posted": posted,
        "review": review,
        "review_number": review.rpartition("-")[2],
    }


def _finding(f: FindingShape, doc: Document, row: JobRow, web: str) -> FindingLine:
    place = f"{f.path}:{f.line}" if f.line else f.path
    # A removed line has no place at the head.
    link = blob_url(web, row.place, doc.head, f.path, f.line) if f.side != "LEFT" else ""
    marks = [] if f.standing == Standing.NEW else [f.standing]
    if f.shown == "quiet":
        marks.append("in the check run only")
    return FindingLine(f, place, link, ", ".join(marks))


def _earlier(doc: Document) -> Sequence[tuple[str, Sequence[Any]]]:
    told = ((f"{len(doc.fixed)} fixed since", doc.fixed), (_dismissed(doc), doc.dismissed))
    return [(title, known) for title, known in told if known]


def _dismissed(doc: Document) -> str:
    return f"{len(doc.dismissed)} dismissed by people"


def _unlisted(doc: Document, row: JobRow) -> str:
    """USD that the job has paid beyond the calls of its document, as `amount` has it: those of a run that
    was interrupted are not in it. "" where there are none, or a price is not known.
    """
    prices = [c.cost_usd for c in doc.calls if c.cost_usd is not None]
    if row.cost is None or len(prices) < len(doc.calls):
        return ""
    more = row.cost - sum(prices)
    return amount(more) if more >= LEAST_UNLISTED else ""


def _coverage(doc: Document) -> str:
    """How much of the change this review was to read."""
    hunks, carried = doc.coverage.hunks, doc.coverage.carried
    said = f"{plural(hunks, 'hunk')} to read" if hunks else "No hunk was to be read"
    said += f", {carried:,} read before and unchanged" if carried else ""
    whole = "nothing went unread" if doc.coverage.complete else "not everything was read"
    if doc.withheld:
        whole = "no model was asked"
    return f"{said}; {whole}."
