"""Doctor on the newest reviews: which of them did not read all, and whether another try may."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from bot.app_settings import AppSettings
from bot.operator.doctor.check import Check, note, ok, todo
from bot.operator.doctor.database import answer_of
from bot.outputs.shapes import Document
from bot.outputs.unread import helps_to_try_again
from bot.outputs.words import listing
from reviewers.core.verdict import Outcome

REVIEWS = "Reviews"
HOURS = 24
"""Not the day of UTC: who looks in the morning wants to know of the night."""
LOOKED_INTO = 100
"""So many reviews are read for whether another try may help."""
NEWEST = """
FROM triptych_jobs d WHERE d.state = 'done' AND d."trigger" <> 'dispute' AND d.ended >= {since:.0f}
AND NOT EXISTS (SELECT 1 FROM triptych_jobs n WHERE n.repository_id = d.repository_id
AND n.number = d.number AND n.created > d.created AND n.state = 'done' AND n."trigger" <> 'dispute')
"""
"""Of each pull request the newest: what is read by now need not be read again."""
COUNTED = f"SELECT d.outcome, count(*) {NEWEST} GROUP BY d.outcome"
UNFINISHED = f"""
SELECT d.document {NEWEST} AND d.outcome IN ('incomplete', 'failed')
ORDER BY d.created DESC LIMIT {LOOKED_INTO}
"""


def look(app_settings: AppSettings) -> Iterator[Check]:
    """One line; a database that cannot be used is the database's own line."""
    since = time.time() - HOURS * 3600
    counted = answer_of(app_settings, COUNTED.format(since=since))
    documents = answer_of(app_settings, UNFINISHED.format(since=since))
    if counted is not None and documents is not None:
        yield reviews_check(dict(counted), helps=any(_helps(text) for (text,) in documents))


def reviews_check(outcomes: Mapping[str, int], *, helps: bool) -> Check:
    """How many reviews came out how; `helps`: another try may read what one of them did not."""
    number = Counter(outcomes)
    span = f"in the last {HOURS} hours"
    bad = [o.value for o in (Outcome.INCOMPLETE, Outcome.FAILED) if number[o.value]]
    if not number.total():
        return ok(REVIEWS, f"None {span}.")
    if not bad:
        return ok(REVIEWS, f"{number.total():,} {span}, none of them incomplete or failed.")
    said = listing([f"{number[word]:,} {word}" for word in bad])
    lists = listing([f"`triptych jobs list --outcome {word}`" for word in bad])
    why = f"See {lists}; `triptych jobs show ID` tells what went unread."
    whole = f"{said} of {number.total():,} {span}"
    if helps:
        return todo(
            REVIEWS, f"{whole}.", f"{why} `triptych backfill OWNER/REPO` has the rest read."
        )
    return note(REVIEWS, f"{whole}, for files that no other try would read.", why)


def _helps(text: str) -> bool:
    """Also where nobody can tell: another version wrote it."""
    try:
        return helps_to_try_again(Document.model_validate_json(text))
    except ValidationError:
        return True
