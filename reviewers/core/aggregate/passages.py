"""Which of equal lines in a file is which, from one review to the next: by what stands round them.

Lines such as `return None` stand in many places of a file, and each has faults of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import Finding, Side
from reviewers.core.quotes import Quotes, quote_keys

MOST_PAIRS = 10_000
"""So many pairs of equal places are compared; of more nobody can tell which is which."""
Keys = tuple[str, ...]
Span = tuple[int, int]
"""First and last line."""
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
        self._pairs: dict[tuple[str, Side, Keys], Pairs | None] = {}
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
        file, keys = self.file_of(old.path), quote_keys(old.quote)
        if file is None or not keys:
            return ()
        side = old.location.side if old.location else Side.RIGHT
        return tuple(self.in_file(file, side, keys))

    def own_places(self, old: Finding) -> tuple[Span, ...]:
        """Of these places those that may be its own: where it stood at the last review, by what stands
        round them then and now; else those at which nothing like it stood then. All where nobody can tell.
        """
        spans = self.spans_of(old)
        stood = self._paired(old)
        if self.before is None or stood is None:
            return self.known_places(old) or spans
        if own := self.before.known_places(old):
            if there := tuple(s for s in spans if stood.get(s[0]) in own):
                return there
        elif known := self.known_places(old):
            return known
        return spans if own is None else tuple(s for s in spans if s[0] not in stood)

    def known_places(self, old: Finding) -> tuple[Span, ...] | None:
        """Those with most of what stood round it, half at least; None where nobody knows what that was."""
        file = self.file_of(old.path)
        if file is None or not old.around:
            return None
        side = old.location.side if old.location else Side.RIGHT
        at = (file.path, side, quote_keys(old.quote), old.around)
        if at not in self._known_at:
            alike = {s: len(old.around & self.passage(file, side, *s)) for s in self.spans_of(old)}
            most = max((len(old.around) + 1) // 2, *alike.values(), 1)
            self._known_at[at] = tuple(span for span, common in alike.items() if common == most)
        return self._known_at[at]

    def is_elsewhere(self, finding: Finding) -> bool:
        """Whether it stands at none of the places at which its code stood at the last review."""
        stood = self._paired(finding)
        if stood is None:
            before = self.before.spans_of(finding) if self.before else ()
            return len(self.spans_of(finding)) > len(before)
        return bool(finding.around) and finding.line not in stood

    def _paired(self, finding: Finding) -> Pairs | None:
        """The places at which the finding's code stands, as far as it stood at them at the last review.
        None where they are too many to be compared.
        """
        here, keys = self.file_of(finding.path), quote_keys(finding.quote)
        if self.before is None or here is None or not keys:
            return {}
        side = finding.location.side if finding.location else Side.RIGHT
        at = (here.path, side, keys)
        if at not in self._pairs:
            self._pairs[at] = self._compared(here, side, keys, self.before)
        return self._pairs[at]

    def _compared(self, here: FileDiff, side: Side, keys: Keys, before: Passages) -> Pairs | None:
        there = before.file_of(here.path) or before.file_of(here.old_path or "")
        if there is None:
            return {}
        now, then = self.in_file(here, side, keys), before.in_file(there, side, keys)
        if len(now) * len(then) > MOST_PAIRS:
            return None
        return _pairs(
            {span: self.passage(here, side, *span) for span in now},
            {span: before.passage(there, side, *span) for span in then},
        )


def _pairs(now: Mapping[Span, frozenset[str]], then: Mapping[Span, frozenset[str]]) -> Pairs:
    """The places of now and of then that have most in common round them, each in one pair at most."""
    alike = ((len(a & b), n, w) for n, a in now.items() for w, b in then.items())
    found: Pairs = {}
    taken: set[Span] = set()
    for common, n, w in sorted(alike, key=lambda x: (-x[0], x[1], x[2])):
        if common and n[0] not in found and w not in taken:
            found[n[0]] = w
            taken.add(w)
    return found
