"""What of ours stands on a pull request, read back: which review, which findings, in what state.

A review counts as ours when it is submitted by us (or an account that the base branch trusts) and
ends in a marker, or holds one that bears our seal. Markers of anybody else are text (design, section 7).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.hosts.protocol import PostedComment, PostedReview
from bot.outputs import reread
from bot.outputs.marker import Marker, read_finding_marker, read_marker
from bot.outputs.reread import Said
from bot.outputs.seal import Seal
from bot.outputs.words import short_path
from reviewers.core.change import Change
from reviewers.core.finding import Finding, Location, Source
from reviewers.core.history import EVERYTHING, History, Known, State
from reviewers.core.policy import STATIC
from reviewers.core.quotes import Quotes
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import WHOLE
from reviewers.core.visible import one_line
from reviewers.registry import ANALYSERS

DUPLICATE = "duplicate"
"""The outcome in the marker of a review that came second and stepped back."""
UNKNOWN_RULE = "correctness/other"
"""Of a finding without a thread: only a comment's marker names the rule."""


_SOURCES = {
    f"{analyser.name}:{code}".replace("-", "."): (
        rule.rule,
        Source(rule.reviewer, STATIC, 0, analyser.name, code, rule.severity),
    )
    for analyser in ANALYSERS
    for code, rule in analyser.rules.items()
}
"""What each analyser's rule is to us, by the name that a marker gives it."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A review of ours with what its marker says; `sealed`: and nobody has changed that. `changed` are
    its comments, by their numbers, that do not say what we said, where that can be told. `below` is what
    somebody has written under it, which is no part of the review's body here.
    """

    review: PostedReview
    marker: Marker
    sealed: bool = True
    changed: frozenset[int] = frozenset()
    below: str = ""

    @property
    def may_stand(self) -> bool:
        """Whether it may take the place of another review. Ours bears our seal unless somebody has
        changed it; another trusted account has no seal to bear.
        """
        return self.sealed or not self.review.ours


@dataclass(frozen=True)
class Standing:
    """Our reviews of a pull request, oldest first; `main` holds the body that is edited."""

    ours: tuple[Ours, ...] = ()
    strict: bool = False
    """Whether markers are signed: then they are believed before a comment, which may not be."""
    texts: bool = False
    """Whether texts are signed, too: of a comment that is not nothing is read back, and how grave a
    finding is the list of the last review says before an older comment.
    """

    @property
    def main(self) -> Ours | None:
        """The first review: it holds the consolidated body and is edited in every run."""
        return self.ours[0] if self.ours else None

    def of(self, head: str, config: str) -> Ours | None:
        """The review of this very head under this very configuration."""
        main = self.main
        if main is None or not main.may_stand:
            return None
        return main if (main.marker.head, main.marker.config) == (head, config) else None

    def by_run(self, run: str) -> Ours | None:
        """The review that a run has posted: a run's name is no secret, so its seal must hold."""
        return next((o for o in self.ours if o.sealed and o.marker.run == run), None)

    def calls_closed(self, identity: str) -> bool:
        """Whether the main review, unchanged, tells that a finding is not open any more. Its comment may
        say otherwise: it could not be edited, or was not yet. A review of another run that calls it open
        may have been posted since then, by a run that was interrupted before it edited this one, or by
        another door, which has no seal: that can keep it open at the most. That a marker is silent tells
        nothing where anybody may have taken an id out of it.
        """
        if self.main is None or not self.main.sealed:
            return False
        told = self.main.marker
        if identity in (*told.open, *told.late, *told.quiet):
            return False
        others = (o for o in self.ours[1:] if o.marker.run != told.run)
        is_newer = any(identity in _opened(ours) for ours in others)
        return identity in told.fixed or (self.strict and not (told.more or is_newer))

    def without(self, ours: Ours) -> Standing:
        """The same without one of them."""
        return replace(self, ours=tuple(o for o in self.ours if o is not ours))

    def comments(self, *, own: bool = False) -> Iterator[tuple[str, str, PostedComment]]:
        """Finding id, rule and comment, for every inline comment; `own`: that we may edit."""
        for ours in self.ours:
            if ours.review.ours or not own:
                yield from _comments(ours)


def standing(
    reviews: Sequence[PostedReview], accounts: Sequence[str] = (), seal: Seal | None = None
) -> Standing:
    """Our reviews among all. `accounts` are logins trusted beside our own: with `[bot]` a bot's alone,
    for a person may have its name; without it anybody's of that name.

    Whoever has a `seal` trusts no marker without it, its own account's neither.
    """
    trusted = {a.lower() for a in accounts}
    found = []
    for review in sorted(reviews, key=lambda r: r.id):
        author = review.author.lower()
        if not (review.ours or trusted & {author, author.removesuffix("[bot]")}):
            continue
        signed = seal.signed(review.body) if seal else ""
        # What somebody has written below it is no part of what we said.
        said = replace(review, body=signed) if signed else review
        marker = read_marker(said.body)
        if marker is not None:
            changed = _changed(said, seal) if seal else frozenset[int]()
            below = review.body.removeprefix(signed) if signed else ""
            found.append(Ours(said, marker, seal is None or bool(signed), changed, below))
    return Standing(tuple(found), strict=seal is not None, texts=seal is not None and seal.texts)


def _changed(review: PostedReview, seal: Seal) -> frozenset[int]:
    return frozenset(c.id for c in review.comments if not seal.holds_comment(c.path, c.body))


def history_of(stands: Standing, previous: Change | None, change: Change) -> History:
    """What the last review tells the next one, which is about `change`; empty when there is none.

    `previous` is the change at the last reviewed head, None where that commit is lost: it gives the
    quotes of old findings back.
    """
    if stands.main is None:
        return History()
    marker = stands.main.marker
    reader = _Reader(stands, previous, change)
    known = {k.finding.id: k for k in reader.known()}
    # The marker is what we said last; a comment may have been rewritten by anybody since. Unsigned it
    # tells that much: what it calls open and our comment fixed is back, and past `inline_limit`.
    for identity in {*marker.open, *marker.quiet} & known.keys():
        is_back = known[identity].state is State.FIXED and stands.main.review.ours
        if is_back or (stands.strict and known[identity].state is not State.OPEN):
            known[identity] = replace(known[identity], state=State.OPEN, dismissal=None)
    for identity, k in known.items():
        if k.state in (State.OPEN, State.LATE) and stands.calls_closed(identity):
            known[identity] = replace(k, state=State.FIXED, fixed_in=marker.head)
    if not stands.main.sealed:
        # Enough to repeat nothing that stands there; what was read or decided is not believed.
        told = tuple(k for k in known.values() if k.state is not State.DISMISSED)
        return History(head=marker.head, previous=previous, known=told)
    return History(
        head=marker.head,
        previous=previous,
        known=tuple(_holding(reader.with_source(k), marker) for k in known.values()),
        unread=_unread(marker, previous),
        spent=max(o.marker.cost for o in stands.ours),
        complete=marker.outcome in WHOLE,
        config=marker.config,
        lost=_lost(marker, known.keys()),
    )


def _lost(marker: Marker, known: Container[str]) -> dict[str, State]:
    """What it calls open and nobody can read back: a fold was cut, a comment was deleted, they are too
    many, or its door lists them elsewhere.
    """
    told = {
        **dict.fromkeys((*marker.open, *marker.quiet), State.OPEN),
        **dict.fromkeys(marker.late, State.LATE),
        **dict.fromkeys([EVERYTHING] * bool(marker.more), State.OPEN),
    }
    return {identity: state for identity, state in told.items() if identity not in known}


def _unread(marker: Marker, previous: Change | None) -> frozenset[str]:
    """The hunks of `previous` that the review had not read. Where one of those that it names is none of
    them (the base was rewritten, another version wrote it), nobody knows which it is: it may be any.
    """
    told = frozenset(marker.unread)
    there = {h.digest() for f in previous.files for h in f.hunks} if previous else told
    return told if told <= there else frozenset({EVERYTHING})


def _holding(known: Known, marker: Marker) -> Known:
    """What a finding rests on is not read back from its texts: why it holds a gate, the marker says."""
    proven, held = (
        EVERYTHING in ids or known.finding.id in ids for ids in (marker.proven, marker.held)
    )
    return replace(known, finding=replace(known.finding, proven_before=proven, held_before=held))


def last_head(stands: Standing) -> str:
    """The head of the newest review of ours, "" when there is none."""
    return stands.main.marker.head if stands.main else ""


class _Reader:
    """Puts findings together from what the body, the comments and the code say."""

    def __init__(self, stands: Standing, previous: Change | None, change: Change) -> None:
        assert stands.main is not None, "without a review of ours there is nothing to read"
        self._stands = stands
        self._main = stands.main
        self._previous = previous
        self._changes = [c for c in (previous, change) if c is not None]

    def known(self) -> Iterator[Known]:
        """Every finding once or more; of one id the last holds: a comment says more than a list."""
        listed = dict(self._listed())
        for identity, line in listed.items():
            yield Known(self._from_list(identity, line), line.state)
        for ours in self._stands.ours:
            stepped_back = ours.marker.outcome == DUPLICATE
            for identity, rule, comment in _comments(ours):
                is_void = comment.id in ours.changed or (stepped_back and comment.hidden)
                if not is_void and (said := reread.comment(comment.body)):
                    place = self._place(listed[identity]) if identity in listed else None
                    quote = self._quote(identity, rule, comment, ours.review.commit, place)
                    at = _location(comment)
                    finding = _finding(identity, rule, said, comment.path, quote, at)
                    if identity in listed:
                        finding = self._as_listed(finding, listed[identity])
                    if place:
                        around = self._around(place, comment.line - comment.start, quote)
                        finding = replace(finding, around=around)
                    yield Known(finding, said.state, said.dismissal, said.fixed_in)

    def with_source(self, known: Known) -> Known:
        """With the analyser that alone has seen it: it is fixed when that one reads it and is silent.

        The marker tells it, which not every door can sign. So it counts only where that analyser has
        such a rule, and where the id is the fingerprint of that rule on a line that is there: of no
        other finding can anybody say so, to have it closed.
        """
        finding = known.finding
        told = (by.split(":", 1) for by in self._main.marker.by)
        found = _SOURCES.get(next((s for i, s in told if i == finding.id), ""))
        if found is None:
            return known
        rule, source = found
        for change in self._changes:
            file = change.file(finding.path)
            if file and Quotes(change).known_as(file, finding.side, rule, finding.id):
                source = replace(source, severity=finding.severity)
                return replace(known, finding=replace(finding, rule=rule, sources=(source,)))
        return known

    def _listed(self) -> Iterator[tuple[str, Said]]:
        """What the body's lists say, by id: of each kind in the order of the marker's ids.

        A fold of titles is the end of its ids, so it is read where all of them are named.
        """
        body, marker = self._main.review.body, self._main.marker
        lists = (marker.open, reread.listed(body)), (marker.late, reread.late(body))
        for ids, rows in lists:
            yield from ((ids[n - 1], said) for n, said in rows if n <= len(ids))
        for ids, said in (marker.open, reread.folded(body)), (marker.quiet, reread.quiet(body)):
            if said and not marker.more and len(said) <= len(ids):
                yield from zip(ids[-len(said) :], said, strict=True)

    def _from_list(self, identity: str, said: Said) -> Finding:
        """A finding without a thread; its place is that of the head at which the list was made. Where
        that is lost, nobody can tell where its code stands today.
        """
        place = self._place(said)
        quote = self._code(self._previous, place, 0)
        location = place if place.line and self._previous else None
        found = _finding(identity, UNKNOWN_RULE, said, place.path, quote, location)
        return replace(found, around=self._around(place, 0, quote))

    def _as_listed(self, finding: Finding, line: Said) -> Finding:
        """A comment stays as it was posted: how the votes fell since the list tells, and where our texts
        are believed how grave it is.
        """
        severity = line.severity if self._stands.texts else finding.severity
        return replace(finding, severity=severity, votes_before=line.votes or finding.votes_before)

    def _place(self, said: Said) -> Location:
        """Where a list says that it is; a path that was cut or masked for people is looked up."""
        if said.path:
            return Location(said.path, said.line, said.line, said.side)
        name, _, number = said.shown.rpartition(":")
        for path in (f.path for change in self._changes for f in change.files):
            shown = one_line(Redaction()(short_path(path, Redaction())))
            if shown == said.shown:
                return Location(path, 0, 0, said.side)
            if shown == name and number.isdecimal() and len(number) < 10:
                return Location(path, int(number), int(number), said.side)
        return Location(said.shown, 0, 0, said.side)

    def _quote(
        self, identity: str, rule: str, comment: PostedComment, commit: str, listed: Location | None
    ) -> str:
        """The code that a comment is about; "" where it cannot be told any more.

        The list of the last review names its line; else the id itself is the fingerprint of the
        line on which it was first seen. GitHub's own number is that of today, so it tells nothing
        of the code as it was, unless the comment is no older than the last review.
        """
        span = comment.line - comment.start
        if listed and (code := self._code(self._previous, listed, span)):
            return code
        for change in self._changes:
            file = change.file(comment.path)
            line = Quotes(change).known_as(file, comment.side, rule, identity) if file else None
            if line:
                return self._code(change, Location(comment.path, line, line, comment.side), span)
        if self._previous and commit == self._previous.head:
            first = comment.original - span
            return self._code(
                self._previous, Location(comment.path, first, first, comment.side), span
            )
        return ""

    def _around(self, at: Location, span: int, quote: str) -> frozenset[str]:
        """What stood round a place of the last review and the `span` lines behind it, where that is the
        place of the quote.
        """
        file = self._previous.file(at.path) if self._previous else None
        if self._previous is None or file is None or not quote:
            return frozenset()
        if self._code(self._previous, at, span) != quote:
            return frozenset()
        return Quotes(self._previous).passage(file, at.side, at.line, at.line + span)

    @staticmethod
    def _code(change: Change | None, at: Location, span: int) -> str:
        """The lines of a change from a place on, as many as `span` says more than one."""
        file = change.file(at.path) if change else None
        if file is None or (at.side, at.line) not in file.rows:
            return ""
        rows = (file.rows.get((at.side, at.line + i)) for i in range(span + 1))
        return "\n".join(row.text for row in rows if row)


def _comments(ours: Ours) -> Iterator[tuple[str, str, PostedComment]]:
    for comment in ours.review.comments:
        if found := read_finding_marker(comment.body):
            yield (*found, comment)


def _opened(ours: Ours) -> Container[str]:
    """What a further review called open; one that stepped back has its comments alone to tell."""
    if ours.marker.outcome == DUPLICATE:
        return {identity for identity, _, _ in _comments(ours)}
    return ours.marker.open


def _location(comment: PostedComment) -> Location | None:
    """Where it stands in the change of today, or stood when its lines are gone."""
    if comment.line:
        return Location(comment.path, comment.start, comment.line, comment.side)
    line = comment.original
    return Location(comment.path, line, line, comment.side) if line else None


def _finding(
    identity: str, rule: str, said: Said, path: str, quote: str, location: Location | None
) -> Finding:
    return Finding(
        rule=rule,
        severity=said.severity,
        title=said.title,
        body=said.why,
        fix=said.fix,
        path=path,
        quote=quote,
        sources=(),
        location=location,
        id=identity,
        votes_before=said.votes,
    )
