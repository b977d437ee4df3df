"""What of ours stands on a pull request, read back: which review, which findings, in what state.

A review counts as ours when it is submitted by us (or an account that the base branch trusts) and
ends in a marker. Markers of anybody else are text (design, section 7).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.hosts.protocol import PostedComment, PostedReview
from bot.outputs.marker import Marker, read_finding_marker, read_marker
from reviewers.core.change import Change
from reviewers.core.finding import Finding, Location, Severity
from reviewers.core.history import Dismissal, History, Known, State

_TITLE = re.compile(
    r"\*\*(?P<severity>Critical|High|Medium|Low|Info)(?:, [a-z ]+)?: (?P<title>.+?)\.\*\*"
)
_FIXED = re.compile(
    r"\*\*Fixed in `(?P<head>[0-9a-f]{7})`\.\*\* "
    r"(?P<severity>Critical|High|Medium|Low|Info): (?P<title>.+)\."
)
_DISMISSED = re.compile(
    r'\*\*Dismissed by `(?P<by>[^`]+)` on (?P<on>\d{4}-\d\d-\d\d):\*\* "(?P<reason>.*)" '
    r"(?P<severity>Critical|High|Medium|Low|Info): (?P<title>.+)\. Holds until"
)
_UNPLACED = re.compile(
    rf"(?m)^\d+\. {_TITLE.pattern} `(?P<path>[^`]+)`, (?:.*, )?not on a changed line\. (?P<text>.*)$"
)


@dataclass(frozen=True, slots=True)
class Ours:
    """A review of ours with what its marker says."""

    review: PostedReview
    marker: Marker


@dataclass(frozen=True)
class Standing:
    """Our reviews of a pull request, oldest first; `main` holds the body that is edited."""

    ours: tuple[Ours, ...] = ()

    @property
    def main(self) -> Ours | None:
        """The first review, which holds the consolidated body."""
        return self.ours[0] if self.ours else None

    def of(self, head: str, config: str) -> Ours | None:
        """A review of this very head under this very configuration."""
        return next(
            (o for o in self.ours if (o.marker.head, o.marker.config) == (head, config)), None
        )

    def by_run(self, run: str) -> Ours | None:
        """The review that a run has posted."""
        return next((o for o in self.ours if o.marker.run == run), None)

    def comments(self) -> Iterator[tuple[str, str, PostedComment]]:
        """Finding id, rule and comment, for every inline comment of ours."""
        for ours in self.ours:
            for comment in ours.review.comments:
                if found := read_finding_marker(comment.body):
                    yield (*found, comment)


def standing(reviews: Sequence[PostedReview], accounts: Sequence[str] = ()) -> Standing:
    """Our reviews among all. `accounts` are logins trusted beside our own, in either spelling."""
    trusted = {a.removesuffix("[bot]").lower() for a in accounts}
    found = []
    for review in sorted(reviews, key=lambda r: r.id):
        if not (review.ours or review.author.lower() in trusted):
            continue
        marker = read_marker(review.body)
        if marker is not None:
            found.append(Ours(review, marker))
    return Standing(tuple(found))


def history_of(stands: Standing, previous: Change | None) -> History:
    """What the last review tells the next one; empty when there is none.

    `previous` is the change at the last reviewed head: it gives the quotes of old findings back.
    """
    if stands.main is None:
        return History()
    last = max(stands.ours, key=lambda o: o.review.id).marker
    main = stands.main.marker
    newest = main if main.head == last.head else last
    known = {k.finding.id: k for k in _known(stands, newest, previous)}
    return History(
        head=newest.head,
        previous=previous,
        known=tuple(known.values()),
        unread=frozenset(newest.unread),
        spent=max(main.cost, last.cost),
        complete=newest.outcome in ("clean", "findings"),
    )


def last_head(stands: Standing) -> str:
    """The head of the newest review of ours, "" when there is none."""
    return stands.main.marker.head if stands.main else ""


def _known(stands: Standing, marker: Marker, previous: Change | None) -> Iterator[Known]:
    if stands.main:
        yield from _unplaced(stands.main.review.body, marker)
    for identity, rule, comment in stands.comments():
        if known := _read(identity, rule, comment, marker, previous):
            yield known


def _read(
    identity: str, rule: str, comment: PostedComment, marker: Marker, previous: Change | None
) -> Known | None:
    """One inline comment of ours as a known finding; its own text says what became of it."""
    body = comment.body
    quote = _quote(comment, previous)

    def finding(match: re.Match[str], text: str = "") -> Finding:
        location = Location(comment.path, comment.line, comment.line, comment.side)
        return Finding(
            rule=rule,
            severity=Severity.parse(match["severity"]),
            title=_plain(match["title"].removesuffix(" (removed here)")),
            body=text,
            fix="",
            path=comment.path,
            quote=quote,
            sources=(),
            location=location if comment.line else None,
            id=identity,
        )

    if match := _DISMISSED.match(body):
        told = Dismissal(match["by"], match["on"], _plain(match["reason"]))
        return Known(finding(match), State.DISMISSED, told)
    if match := _FIXED.match(body):
        return Known(finding(match), State.FIXED, fixed_in=match["head"])
    if match := _TITLE.match(body):
        parts = body.split("\n\n")
        state = State.DISMISSED if identity in marker.dismissed else State.OPEN
        return Known(finding(match, _plain(parts[1]) if len(parts) > 2 else ""), state)
    return None


def _unplaced(body: str, marker: Marker) -> Iterator[Known]:
    """Findings without a thread: their lines stand in full in the list of the body.

    Their ids are those of the marker's list, in order: line n of the list is id n.
    """
    for match in _UNPLACED.finditer(body):
        number = int(match[0].split(".", 1)[0]) - 1
        if number >= len(marker.open):
            continue
        text, _, fix = match["text"].partition(" **Fix:** ")
        yield Known(
            Finding(
                rule="correctness/other",
                severity=Severity.parse(match["severity"]),
                title=_plain(match["title"]),
                body=_plain(text),
                fix=_plain(fix),
                path=match["path"],
                quote="",
                sources=(),
                id=marker.open[number],
            ),
            State.OPEN,
        )


def _quote(comment: PostedComment, previous: Change | None) -> str:
    """The code that a comment was about, from the change as it was then."""
    file = previous.file(comment.path) if previous else None
    row = file.rows.get((comment.side, comment.line)) if file else None
    return row.text if row else ""


def _plain(text: str) -> str:
    """Markdown of ours back to plain text: entities and escapes undone, code spans kept."""
    return html.unescape(re.sub(r"\\([\\`*_\[\]~|])", r"\1", text)).strip()
