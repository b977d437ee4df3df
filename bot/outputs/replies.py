"""What is answered to an order in a comment. Short, inert, and without thanks (review-comment.md, 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.outputs import words
from bot.outputs.inert import code, inert
from reviewers.core.finding import Ruling, Verification
from reviewers.core.secrets import Redaction

TEXT_CHARS = 600
MOST_ROWS = 40

Said = Callable[[Mapping[str, Any], str], str]
"""A value of a row as text that does nothing."""

HELP = (
    ("/triptych review", "reviews the newest commit, also where it was reviewed before"),
    ("/triptych stop", "stops the review that runs"),
    ("/triptych explain ID", "tells what a finding rests on; in its thread without the id"),
    ("/triptych dismiss ID REASON", "dismisses a finding; in its thread without the id"),
    ("/triptych help", "shows this list"),
)


def help_text() -> str:
    """Every command. Each stands behind a dash and in code, so that it is not one itself."""
    rows = [f"- {code(usage)} {what}" for usage, what in HELP]
    dispute = "To dispute a finding, reply in its thread: where a model is set up, it looks again."
    head = "Commands, at the start of a line, for people with write access:"
    return "\n".join([head, *rows, "", dispute])


def not_understood(why: str) -> str:
    """A command that is none; `why` is a text of ours. One line: to mistype is no wish for the list."""
    return f"{inert(why, Redaction(), TEXT_CHARS)} `/triptych help` lists all."


def over_limit(refusal: str) -> str:
    """An order that came too soon; `refusal` is the text of ours with which its job was refused."""
    return (
        f"Not reviewed: {refusal} for this pull request (`TRIPTYCH_REVIEWS_PER_HOUR` of the server); "
        "within the hour it works again."
    )


def not_found(finding: str) -> str:
    """No finding, or several, go by that id here."""
    which = f"with an id that begins with {code(finding)}" if finding else "in this thread"
    return (
        f"There is no single finding {which} in the last review of this pull request. "
        "Say which one: `/triptych explain ID` or `/triptych dismiss ID REASON`. In a finding's own "
        "thread no id is needed; of findings without a thread the review gives the ids."
    )


def ruled(ruling: Verification, stays: str) -> str:
    """What a second look says to somebody who disputes a finding. `stays` tells why it is not
    withdrawn although the code speaks against it, "" where it is.
    """
    place = f" ({code(f'{ruling.path}:{ruling.line}')})" if ruling.path else ""
    reason = inert(ruling.reason.rstrip(". "), Redaction(), TEXT_CHARS)
    why = f"{reason}{place}." if reason else ""
    match ruling.ruling:
        case Ruling.CONFIRMED:
            said = ("**It stands.**", why, TO_DISMISS)
        case Ruling.UNCERTAIN:
            heard = f"The second look said: {why}" if why else ""
            said = (UNDECIDED, heard, TO_DISMISS)
        case Ruling.REFUTED if stays:
            said = ("**The code speaks against it.**", why, f"It stays, for {stays}. {TO_DISMISS}")
        case Ruling.REFUTED:
            said = ("**Withdrawn.**", why, "It is dismissed until its code changes.")
    return " ".join(part for part in said if part)


UNDECIDED = "**Not decided, so it stays:** no line of the code settles it."
TO_DISMISS = "To dismiss it, reply `/triptych dismiss` and a reason."


def dismissed_later() -> str:
    """A decision that is kept, where the review cannot be told anew without paying for it."""
    return "The dismissal is written down; the next review of this pull request shows it."


def explanation(finding: Mapping[str, Any]) -> str:
    """What a finding rests on: the code it quotes, who saw it, who did not, what verified it.

    `finding` is one of a review's JSON document (bot/outputs/shapes.py) as it comes out of the
    database, so whatever stands in it is a stranger's. Our own secrets were taken out of it before it
    was stored.
    """

    def said(row: Mapping[str, Any], key: str) -> str:
        value = row.get(key)
        return inert(str(value), Redaction(), TEXT_CHARS) if value not in (None, "") else ""

    line = finding.get("line")
    place = f"{finding.get('path')}:{line}" if line else str(finding.get("path"))
    title = f"**{words.capital(said(finding, 'severity'))}: {said(finding, 'title')}.**"
    votes = _rows(finding, "votes") or _rows(finding, "votes_before")
    rows = (
        *(_ballot(ballot, said(ballot, "reviewer")) for ballot in votes),
        *(_source(source) for source in _rows(finding, "sources") if not source.get("vote")),
        *(_dissent(voice, said) for voice in _rows(finding, "dissent")),
        _verified(finding.get("verification"), said),
    )
    parts = (
        f"{title} {code(place)}",
        said(finding, "body"),
        f"**Fix:** {said(finding, 'fix')}" if finding.get("fix") else "",
        "\n".join(f"- {row}" for row in rows[:MOST_ROWS]),
    )
    return "\n\n".join(part for part in parts if part)


def _rows(finding: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = finding.get(key)
    return [x for x in found if isinstance(x, Mapping)] if isinstance(found, list) else []


def _ballot(ballot: Mapping[str, Any], reviewer: str) -> str:
    found = ballot.get("seen")
    seen = [n for n in found if isinstance(n, int)] if isinstance(found, list) else []
    votes = ballot.get("of")
    if votes == 1:
        return f"{words.capital(reviewer)}: its one vote {'saw' if seen else 'did not see'} it."
    is_some = bool(seen) and len(seen) != votes
    which = f" (number {', '.join(map(str, seen[:MOST_ROWS]))})" if is_some else ""
    of = votes if isinstance(votes, int) else "its"
    return f"{words.capital(reviewer)}: {len(seen)} of {of} votes saw it{which}."


def _source(source: Mapping[str, Any]) -> str:
    rule = f"{source.get('name')} {source.get('rule')}"
    return f"Analyser: {code(rule[:TEXT_CHARS])}."


def _dissent(voice: Mapping[str, Any], said: Said) -> str:
    vote = f" vote {said(voice, 'vote')}" if voice.get("vote") else ""
    return f"{words.capital(said(voice, 'reviewer'))}{vote} disagrees: {said(voice, 'reason')}"


def _verified(verification: object, said: Said) -> str:
    if not isinstance(verification, Mapping):
        return "Not verified by a second look."
    place = f"{verification.get('path')}:{verification.get('line') or 1}"
    where = f" It cites {code(place[:TEXT_CHARS])}." if verification.get("path") else ""
    return f"Second look: {said(verification, 'ruling')}. {said(verification, 'reason')}{where}"
