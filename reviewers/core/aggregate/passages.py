"""Which of equal lines in a file is which, from one review to the next: by what stands round them.

Lines such as `return None` stand in many places of a file, and each has faults of its own.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import Finding, Side
from reviewers.core.quotes import Quotes, quote_keys

COMMON = 30
"""Characters (without blanks) below which a quote is a line as many stand in a file, such as
`return None`: in other surroundings equal code is somebody else's."""
MOST_PLACES = 1000
MOST_PAIRS = 10_000
"""So many equal places of a file are looked at, and so many pairs of such places compared; of more nobody
can tell which is which."""
Keys = tuple[str, ...]
Span = tuple[int, int]
"""First and last line."""
Around = Mapping[Span, frozenset[str]]
"""What stands round each of some places."""
Pairs = dict[int, Span]
"""By the first line of a place where it stood at the last review."""


class Passages(Quotes):
    """Quotes of a change, place by place. `before` are those of the change as it was at the last review,
    None where that commit is lost.
    """

    def __init__(self, change: Change, before: Passages | None = None) -> None:
        super().__init__(change)
        self.before = before
        self._change = change
        self._pairs: dict[tuple[str, Side, Keys], Pairs] = {}
        self._known_at: dict[tuple[str, Side, Keys, frozenset[str]], tuple[Span, ...]] = {}

    def file_of(self, path: str) -> FileDiff | None:
        """The file of that path now, or at the last review: one may have been renamed once more since."""
        found = self._change.file(path)
        was = self.before.file_of(path) if found is None and self.before else None
        return self._change.file(was.old_path) if was and was.old_path else found

    def places_of(self, old: Finding) -> set[int]:
        """The lines of its own file at which its code begins, on the side on which it was placed."""
        return {first for first, _ in self.spans_of(old)}

    def spans_of(self, old: Finding) -> tuple[Span, ...]:
        """First and last line of each of these places."""
        file = self.file_of(old.path)
        return self.spans_in(file, old) if file else ()

    def own_places(self, old: Finding) -> tuple[Span, ...]:
        """Of these places those that may be its own: where it stood at the last review, by what stands
        round them then and now; else those at which nothing like it stood then. All where nobody can tell.
        """
        file, pairs = self.file_of(old.path), self._paired(old)
        own = self.before.known_places(old) if self.before else None
        if file is None or pairs is None or not own:
            return self.known_places(old) or self.spans_of(old)
        spans = self.spans_of(old)
        there = tuple(s for s in spans if pairs.get(s[0]) in own)
        rest = [s for s in spans if s[0] not in pairs and _is_shown(file, s, old.side)]
        return tuple(sorted((*there, *self._tied(file, old, rest, there)) if there else rest))

    def known_places(self, old: Finding, file: FileDiff | None = None) -> tuple[Span, ...] | None:
        """Those round which most of what stood round it stands, half at least: in its own file, or in
        `file`. None where nobody knows what that was, or they are too many.
        """
        file = file or self.file_of(old.path)
        if file is None or not old.around:
            return None
        at = (file.path, old.side, quote_keys(old.quote), old.around)
        if at not in self._known_at:
            spans = self.spans_in(file, old)
            if len(spans) > MOST_PLACES:
                return None
            alike = self._alike(file, old, spans)
            most = max((len(old.around) + 1) // 2, *alike.values(), 1)
            self._known_at[at] = tuple(s for s in spans if alike[s] == most)
        return self._known_at[at]

    def is_elsewhere(self, finding: Finding) -> bool:
        """Whether it stands where its code did not stand at the last review: there are more places now,
        and its own is none of those that are known again; or nothing round it is what stood round any.
        """
        here = self.file_of(finding.path)
        there = self._file_before(here) if here else None
        then = self.before.spans_in(there, finding) if self.before and there else ()
        pairs = self._paired(finding)
        if self.before and there and is_common(finding.quote) and 0 < len(then) <= MOST_PLACES:
            was = [self.before.passage(there, finding.side, *s) for s in then]
            if all(are_strange(finding.around, other) for other in was):
                return True
        if len(self.spans_of(finding)) <= len(then):
            return False
        return pairs is None or (bool(finding.around) and finding.line not in pairs)

    def spans_in(self, file: FileDiff, old: Finding) -> tuple[Span, ...]:
        """The same places in whatever file."""
        keys = quote_keys(old.quote)
        return tuple(self.in_file(file, old.side, keys)) if keys else ()

    def _alike(self, file: FileDiff, old: Finding, spans: tuple[Span, ...]) -> dict[Span, int]:
        """How much of what stood round it stands round each of some places."""
        side = old.side
        return {s: len(old.around & self.passage(file, side, *s)) for s in spans}

    def _tied(
        self, file: FileDiff, old: Finding, rest: list[Span], there: tuple[Span, ...]
    ) -> list[Span]:
        """Of the rest those round which as much stands: of a passage that is written twice nobody can tell
        which it was.
        """
        alike = self._alike(file, old, (*rest, *there))
        return [s for s in rest if alike[s] >= max(alike[t] for t in there)]

    def _file_before(self, here: FileDiff) -> FileDiff | None:
        if self.before is None:
            return None
        return self.before.file_of(here.path) or self.before.file_of(here.old_path or "")

    def _paired(self, finding: Finding) -> Pairs | None:
        """The places at which the finding's code stands, as far as it stood at them at the last review.
        None where they are too many to be compared.
        """
        here, keys, side = self.file_of(finding.path), quote_keys(finding.quote), finding.side
        there = self._file_before(here) if here else None
        if self.before is None or here is None or there is None:
            return {}
        now, then = self.spans_in(here, finding), self.before.spans_in(there, finding)
        if len(now) * len(then) > MOST_PAIRS:
            return None
        at = (here.path, side, keys)
        if at not in self._pairs:
            self._pairs[at] = _pairs(
                {s: self.passage(here, side, *s) for s in now},
                {s: self.before.passage(there, side, *s) for s in then},
                {s for s in now if _is_shown(here, s, side)},
            )
        return self._pairs[at]


def is_common(quote: str) -> bool:
    """Whether many lines of a file may be like it (`COMMON`)."""
    return len("".join(quote_keys(quote))) < COMMON


def are_strange(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether it is known of two places what stands round them, and that they have nothing in common."""
    return bool(a and b) and not a & b


def _is_shown(file: FileDiff, span: Span, side: Side) -> bool:
    """Whether a place is in a hunk. What is in none stood there before the change, as it stands now."""
    return side is Side.LEFT or (side, span[0]) in file.rows


def _pairs(now: Around, then: Around, shown: Container[Span]) -> Pairs:
    """The places of now and of then that have most in common round them, half of it at least, each in one
    pair at most. Where as many are left of both, of now of those that are `shown`, they are the same, in
    their order: what stands round them has changed.
    """
    alike = ((_share(a, b), n, w) for n, a in now.items() for w, b in then.items())
    found: dict[Span, Span] = {}
    taken: set[Span] = set()
    for share, n, w in sorted(alike, key=lambda x: (-x[0], x[1], x[2])):
        is_half = share and 2 * len(now[n] & then[w]) >= len(then[w])
        if is_half and n not in found and w not in taken:
            found[n] = w
            taken.add(w)
    new = [n for n in now if n not in found and n in shown]
    gone = [w for w in then if w not in taken]
    if len(new) == len(gone):
        found |= dict(zip(new, gone, strict=True))
    return {n[0]: w for n, w in found.items()}


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    """How much of all that stands round two places stands round both, 0 to 1 (Jaccard index)."""
    return len(a & b) / max(1, len(a | b))
