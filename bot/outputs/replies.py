"""What is answered to an order in a comment. Short, inert, and without thanks (review-comment.md, 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.outputs import words
from bot.outputs.inert import code, inert
from reviewers.core.secrets import Redaction

TEXT_CHARS = 600

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
    return "\n".join(["Commands, at the start of a line, for people with write access:", *rows])


def not_understood(why: str) -> str:
    """A command that is none; `why` is a text of ours."""
    return f"{inert(why, Redaction(), TEXT_CHARS)}\n\n{help_text()}"


def not_found(finding: str) -> str:
    """No finding, or several, go by that id here."""
    which = f"with an id that begins with {code(finding)}" if finding else "in this thread"
    return (
        f"There is no single finding {which} in the last review of this pull request. "
        "The ids stand at the end of the review."
    )


def dismissed_later() -> str:
    """A decision that is kept, where the review cannot be told anew without paying for it."""
    return "The dismissal is written down; the next review of this pull request shows it."


def explanation(finding: Mapping[str, Any], redact: Redaction = Redaction()) -> str:
    """What a finding rests on: the code it quotes, who saw it, who did not, what verified it.

    `finding` is one of a review's JSON document (bot/outputs/shapes.py).
    """

    def text(key: str) -> str:
        return inert(str(finding.get(key) or ""), redact, TEXT_CHARS)

    place = (
        f"{finding.get('path')}:{finding['line']}" if finding.get("line") else finding.get("path")
    )
    head = f"**{words.capital(str(finding.get('severity')))}: {text('title')}.** {code(str(place))}"
    parts = [head, text("body"), f"**Fix:** {text('fix')}" if finding.get("fix") else ""]
    rows = [
        *(_ballot(ballot) for ballot in _list(finding, "votes")),
        *(_source(source) for source in _list(finding, "sources") if not source.get("vote")),
        *(_dissent(voice, redact) for voice in _list(finding, "dissent")),
        *_verified(finding.get("verification"), redact),
    ]
    parts.append("\n".join(f"- {row}" for row in rows if row))
    return "\n\n".join(part for part in parts if part)


def _list(finding: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = finding.get(key)
    return [x for x in found if isinstance(x, Mapping)] if isinstance(found, list) else []


def _ballot(ballot: Mapping[str, Any]) -> str:
    seen = ballot.get("seen") or []
    numbers = ", ".join(str(n) for n in seen)
    reviewer = words.capital(str(ballot.get("reviewer")))
    return f"{reviewer}: {len(seen)} of {ballot.get('of')} votes saw it (number {numbers})."


def _source(source: Mapping[str, Any]) -> str:
    rule = f"{source.get('name')} {source.get('rule')}"
    return f"Analyser: {code(rule)}."


def _dissent(voice: Mapping[str, Any], redact: Redaction) -> str:
    who = words.capital(str(voice.get("reviewer")))
    vote = f" vote {voice.get('vote')}" if voice.get("vote") else ""
    return f"{who}{vote} disagrees: {inert(str(voice.get('reason') or ''), redact, TEXT_CHARS)}"


def _verified(verification: object, redact: Redaction) -> Sequence[str]:
    if not isinstance(verification, Mapping):
        return ["Not verified by a second look."]
    reason = inert(str(verification.get("reason") or ""), redact, TEXT_CHARS)
    ruling = str(verification.get("ruling"))
    where = ""
    if verification.get("path"):
        place = f"{verification.get('path')}:{verification.get('line') or 1}"
        where = f" It cites {code(place)}."
    return [f"Second look: {ruling}. {reason}{where}"]
