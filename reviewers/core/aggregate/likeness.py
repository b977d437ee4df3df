"""When two findings are the same: the place, the quoted code, the wording.

One question with one answer, used to merge votes and reviewers, and to know a finding again in a
later review.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from reviewers.core.aggregate.places import Places
from reviewers.core.finding import Finding
from reviewers.core.quotes import quote_keys

NEAR_LINES = 3
"""Two votes on one fault often quote neighbouring lines; further apart it is another place."""

SAME_PLACE_WORDING = 0.25
NEAR_WORDING = 0.40
"""How alike (`wording`) two texts about overlapping or neighbouring lines of one finding are.

Measured on recorded reviews of 12 tools on 30 pull requests (`tests/bench/likeness.py`): two
comments on one confirmed issue have a median of 0.39, on two issues 0.09. From about 0.25 up a pair
is likelier one issue than two (84.5 % of the first kind reach it, 5.8 % of the second); that is
enough where the place is the same, too. Beside it words must do more: 0.40 joins fewer than 1 in
100 pairs on two issues (0.7 %), and 47.1 % of those on one.
"""

MOVED_WORDING = 0.45
"""The same for equal code that stands in two files."""

REPETITION_WORDING = 0.7
"""From here on two findings of one voice are one, said twice; and those of two voices are one fault of
which each quotes another line. Of the recorded pairs on two issues none reaches 0.5."""

RETOLD_LINES = 20
"""One fault may show in many lines, as of a lock that nobody gives back; how far apart these are. In a
hunk that is longer, as a new file is one, equal words further apart tell of two."""

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_A-Za-z]+")
"""Parts of identifiers, numbers, and the words of other alphabets."""
_STOP = frozenset(
    "the a an and or of to in on is are be been it its this that these those with for from by as at"
    " not no can could may might will would should when where which who what than then so if into"
    " any all has have had do does did there here code line lines function method value values"
    " use used uses using because before after without instead need needs only also".split()
)


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """The words that carry a text: lower case, identifiers taken apart, endings cut."""
    found = (w.lower() for w in _WORD.findall(text))
    return frozenset(_stem(w) for w in found if len(w) > 1 and w not in _STOP)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def wording(a: str, b: str) -> float:
    """How much two texts say the same, 0 to 1: common words over the words of the shorter one.

    Half of the score is the overlap, half the Jaccard index, so that a short title inside a long
    text counts without winning alone.
    """
    if a.split() == b.split() != []:
        return 1.0
    left, right = words(a), words(b)
    if not left or not right:
        return 0.0
    common = len(left & right)
    return (common / min(len(left), len(right)) + common / len(left | right)) / 2


def text_of(finding: Finding) -> str:
    """What a finding says, for comparing."""
    return f"{finding.title} {finding.body}"


def alike(a: Finding, b: Finding) -> float:
    """How much two findings say the same, 0 to 1."""
    return wording(text_of(a), text_of(b))


def distance(a: Finding, b: Finding) -> int | None:
    """Lines between two findings of one file, 0 where they overlap; None if not comparable."""
    if a.path != b.path:
        return None
    if a.location is None or b.location is None:
        return 0 if quote_keys(a.quote) == quote_keys(b.quote) else None
    if a.location.side is not b.location.side:
        return None
    first, second = sorted((a.location, b.location), key=lambda x: x.line)
    return max(0, second.line - first.end_line)


def same(a: Finding, b: Finding) -> bool:
    """Whether two findings are about one fault."""
    gap = distance(a, b)
    if gap is None or gap > NEAR_LINES:
        return False
    if voices(a) & voices(b):
        # A vote that lists two findings means two; only a plain repetition is one.
        return gap == 0 and a.rule == b.rule and alike(a, b) >= REPETITION_WORDING
    if gap == 0:
        # Equal code without a line may stand somewhere else: then the words have to say it.
        one_place = (a.location is None) == (b.location is None)
        if one_place and a.rule == b.rule and not a.rule.endswith("/other"):
            return True
        return alike(a, b) >= SAME_PLACE_WORDING
    return not _are_analysers(a, b) and alike(a, b) >= NEAR_WORDING


def retold(a: Finding, b: Finding, places: Places) -> bool:
    """Whether two voices that are not on the `same` place tell of one fault all the same: each quotes
    another of its lines, or one the line that is gone and one what has taken its place.
    """
    if _are_analysers(a, b) or voices(a) & voices(b) or not places.share_hunk(a, b, NEAR_LINES):
        return False
    gap = places.apart(a, b)
    if gap is None or gap > RETOLD_LINES:
        return False
    is_near = gap <= NEAR_LINES and a.side is not b.side
    if not is_near and a.rule != b.rule:
        return False
    return alike(a, b) >= (NEAR_WORDING if is_near else REPETITION_WORDING)


def _are_analysers(a: Finding, b: Finding) -> bool:
    """Whether no vote stands behind either. Each analyser has one set of words for all code, so like
    words tell of like faults, as of two credentials, and only the line that they are one.
    """
    return not any(s.is_vote for s in (*a.sources, *b.sources))


def voices(finding: Finding) -> frozenset[tuple[object, ...]]:
    """Who says it: each vote of each reviewer, each analyser."""
    return frozenset((s.reviewer, s.engine, s.vote, s.name) for s in finding.sources)


def most_central(findings: Iterable[Finding]) -> Finding:
    """The finding whose wording is nearest to all the others', the first of equals."""
    group = tuple(findings)

    def closeness(f: Finding) -> float:
        return sum(alike(f, other) for other in group)

    return max(group, key=closeness)
