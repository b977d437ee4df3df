"""What reviews of a pull request have told, by the database: of a finding that it knows, it is the truth.

From what stands on the pull request, which whoever may write there can edit, comes only what has become
of a finding, and what the database has forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.jobs.findings import (
    findings_in,
    paths_as_told,
    published_rows,
    read_finding,
    row_of_run,
)
from bot.jobs.protocol import Place
from bot.jobs.store import Store
from bot.outputs.marker import Marker
from reviewers.core.aggregate.identify import is_late
from reviewers.core.change import Change
from reviewers.core.finding import Finding, Location, Severity
from reviewers.core.history import EVERYTHING, Dismissal, History, Known, State
from reviewers.core.quotes import Quotes, quote_keys
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible

LOOKED_BACK = 20
"""Reviews of a pull request in which what was fixed is looked for: each is a document to read."""
FARTHEST = 100
"""The same for what is wanted by its id, which the database may have forgotten."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Findings by id, as they were told. `open` are those of the last review; `is_whole`: it is the one
    that stands on the pull request, or none stands there that nobody has changed, so all of them are
    open still, and no others. `earlier` are further ones, each as it was told last; `fixed` those of
    which a review has told last that they are fixed, as they were before.
    """

    open: Mapping[str, Finding] = field(default_factory=dict)
    earlier: Mapping[str, Finding] = field(default_factory=dict)
    fixed: Mapping[str, Known] = field(default_factory=dict)
    is_whole: bool = True


async def memory_of(
    store: Store, place: Place, run_of: Callable[[str], str], run: str, wanted: Collection[str]
) -> Memory:
    """By the stored documents. `run` has written the review that stands there, as its seal shows; "" where
    nothing sealed stands. Each of the `wanted` ids is looked for until it is found, in the newest review
    first, at most in `FARTHEST`; what is fixed in the `LOOKED_BACK` last ones.
    """
    standing = await row_of_run(store, place, run_of, run) if run else None
    past = _Past(wanted)
    if standing:
        past.read(standing.document)
    async for row in published_rows(store, place):
        if past.reviews >= (FARTHEST if past.missing else LOOKED_BACK):
            break
        if standing is None or row.id != standing.id:
            past.read(row.document)
    is_whole = standing is not None or not run
    return Memory(past.open, past.earlier, past.fixed, is_whole)


class _Past:
    """What the reviews of a pull request tell, read from the one that counts last to the oldest."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.reviews = 0
        self.missing = set(wanted)
        self.open: dict[str, Finding] = {}
        self.earlier: dict[str, Finding] = {}
        self.fixed: dict[str, Known] = {}
        self._told: set[str] = set()
        self._fixed_in: dict[str, str] = {}

    def read(self, document: str) -> None:
        """One more of them."""
        rows = {f["id"]: f for f in findings_in(document, "findings")}
        new = rows.keys() & (self.missing | self._fixed_in.keys()) if self.reviews else rows.keys()
        found = {i: f for i in new if (f := read_finding(rows[i])) is not None}
        if not self.reviews:
            self.open = found
        self.earlier |= {i: found[i] for i in self.missing & found.keys()}
        self.missing -= found.keys()
        for i in found.keys() & self._fixed_in.keys():
            self.fixed[i] = Known(found[i], State.FIXED, fixed_in=self._fixed_in.pop(i))
        self._told |= rows.keys()
        for row in findings_in(document, "fixed"):
            if row["id"] not in self._told:
                self._fixed_in[row["id"]] = str(row.get("fixed_in", ""))
                self._told.add(row["id"])
        self.reviews += 1


@dataclass(frozen=True)
class Recollection:
    """Puts what is remembered and what stands there together. `marker` is that of the review that stands
    there, sealed, None for none; `gate` and `config` are those of the review that begins, about `change`.
    """

    memory: Memory
    dismissed: Mapping[str, Dismissal]
    change: Change
    marker: Marker | None = None
    gate: Severity | None = None
    config: str = ""
    redact: Redaction = Redaction()

    def of(self, history: History) -> History:
        """The history with all that is remembered."""
        known = [self._decided(k, history) for k in (*history.known, *self._beside(history))]
        lost = {i: s for i, s in history.lost.items() if i not in self.memory.open}
        if self.memory.is_whole and self.memory.open:
            lost.pop(EVERYTHING, None)
        unread = history.unread
        if self.gate is not None and self._holds_all() and any(map(self._is_forgotten, known)):
            unread = frozenset({EVERYTHING})  # How grave each of them was nobody can tell.
        return replace(history, known=tuple(known), lost=lost, unread=unread)

    def _beside(self, history: History) -> Iterator[Known]:
        """What no text tells: what it names only, what had no room in it, what was dismissed or fixed and
        has no thread to say so, and all of it where the texts are gone.
        """
        memory = self.memory
        known = {k.finding.id for k in history.known}
        for identity, told in memory.open.items():
            if identity not in known and (memory.is_whole or identity in history.lost):
                yield Known(told, history.lost.get(identity, State.OPEN))
        for identity, told in memory.earlier.items():
            if identity in self.dismissed and identity not in known | memory.open.keys():
                yield Known(told, State.DISMISSED)
        here = known | memory.open.keys() | history.lost.keys() | self.dismissed.keys()
        yield from (memory.fixed[i] for i in sorted(memory.fixed.keys() - here))

    def _decided(self, known: Known, history: History) -> Known:
        identity = known.finding.id
        told = self.memory.open.get(identity)
        state = known.state
        if told and self.memory.is_whole:
            state = State.LATE if is_late(told) else State.OPEN
        if told is None:
            told = self.memory.earlier.get(identity)
        if told is None and state is State.FIXED and identity in self.memory.fixed:
            told = self.memory.fixed[identity].finding
        if why := self.dismissed.get(identity):
            state = State.DISMISSED
        elif state is State.DISMISSED:
            state = State.OPEN
        finding = self._as_told(known.finding, told) if told else self._as_grave(known, history)
        if told and state is State.FIXED:  # As it was before: its code may come back.
            finding = replace(
                finding, proven_before=told.proven_before, held_before=told.held_before
            )
        return replace(known, finding=finding, state=state, dismissal=why)

    def _as_told(self, shown: Finding, told: Finding) -> Finding:
        """The finding as it was told, where it stands now. What was proven held the gate; a marker whose
        signature is gone does not say so any more. A document shows no secret and nothing hidden: what
        stands there does, where it is the same.
        """
        path = self._paths.get(told.path, told.path)
        quote = shown.quote if visible(self.redact(shown.quote)) == told.quote else told.quote
        told = replace(told, path=path, quote=quote)
        return replace(
            told,
            location=self._location(shown.location, told),
            proven_before=shown.proven_before,
            held_before=shown.held_before or (told.proven_before and not shown.proven_before),
        )

    @cached_property
    def _paths(self) -> dict[str, str]:
        return paths_as_told(self.change, self.redact)

    @cached_property
    def _quotes(self) -> Quotes:
        return Quotes(self.change)

    def _location(self, shown: Location | None, told: Finding) -> Location | None:
        """Where it was told, or where its comment stands now if that is its code: of equal lines GitHub
        knows which one has moved where.
        """
        if told.location is None:
            return None
        file = self.change.file(told.path)
        if file and shown and (shown.path, shown.side) == (told.path, told.location.side):
            places = self._quotes.in_hunks(file, shown.side, quote_keys(told.quote))
            if any(first == shown.line for first, _ in places):
                return shown
        return replace(told.location, path=told.path)

    def _as_grave(self, known: Known, history: History) -> Finding:
        """Of what is forgotten, the text alone says how grave it is. What the sealed marker says to have
        reached the gate has done so, where the configuration is still the same.
        """
        finding = known.finding
        held = finding.proven_before or finding.held_before
        if self.gate is None or not held or self._holds_all() or history.config != self.config:
            return finding
        return replace(finding, severity=max(finding.severity, self.gate))

    def _holds_all(self) -> bool:
        """Whether more findings held the gate than the marker could name."""
        marker = self.marker
        return marker is not None and EVERYTHING in (*marker.proven, *marker.held)

    def _is_forgotten(self, known: Known) -> bool:
        is_open = known.state in (State.OPEN, State.LATE)
        return (
            is_open and known.finding.id not in self.memory.open.keys() | self.memory.earlier.keys()
        )
