"""Step 3: is it new, or known from an earlier review? A finding keeps its first id for ever.

Known again through another wording, another rule, moved code and renamed files: by fingerprint
first, then by the code it quotes, then by what it says about the same file.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from itertools import count

from reviewers.core.aggregate.copies import Copies
from reviewers.core.aggregate.home import Home
from reviewers.core.aggregate.likeness import (
    MOVED_WORDING,
    REPETITION_WORDING,
    text_of,
    wording,
)
from reviewers.core.change import Change, FileDiff
from reviewers.core.finding import ID_LENGTH, Finding, Severity, Standing, are_twins
from reviewers.core.history import History, Known, State
from reviewers.core.quotes import share_code

SAME_CODE_WORDING = 0.15
SAME_FILE_WORDING = 0.5
"""How alike (likeness.wording) two texts must be when the quoted code is equal, in one file or moved to
another; and when only the file is."""


@dataclass(frozen=True)
class Identified:
    """The findings with ids and standings; and by finding id what each was known as."""

    findings: tuple[Finding, ...]
    matched: dict[str, Known]


def identify(findings: Iterable[Finding], history: History, change: Change) -> Identified:
    """Give each finding the id of the known one it is, or its own, and say where it stands."""
    news = _apart(findings)
    copies = Copies(change, history)
    homes = [Home(known, copies) for known in history.known]
    partner = _paired(news, homes, change)
    known_ids = {known.finding.id for known in history.known}
    taken = known_ids | {f.id for f in news}
    out: list[Finding] = []
    matched: dict[str, Known] = {}
    for i, new in enumerate(news):
        known = history.known[partner[i]] if i in partner else None
        finding = new
        if known:
            matched[known.finding.id] = known
        elif new.id in known_ids:  # Another fault in the very place of a known one.
            finding = _with_free_id(new, taken)
            taken.add(finding.id)
        file = change.file(finding.path)
        late = history.had_line(finding, file.old_path if file else None)
        late = late and not copies.is_elsewhere(finding)
        if known:
            finding = replace(finding, severity=_as_grave(finding, homes[partner[i]]))
        out.append(_placed_in_time(finding, known, late=late))
    return Identified(tuple(out), matched)


def _paired(news: list[Finding], homes: list[Home], change: Change) -> dict[int, int]:
    """For each new finding that is known which one it is, by their places; the surest pairs first."""
    pairs = sorted(
        (
            (score, i, j)
            for i, (f, file) in enumerate((f, change.file(f.path)) for f in news)
            for j, home in enumerate(homes)
            if (score := _likeness(f, file, home)) > 0
        ),
        key=lambda x: (-x[0], x[1], x[2]),
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    return partner


def _likeness(new: Finding, file: FileDiff | None, home: Home) -> float:
    """How surely two findings are one, 0 (they are not) to 2 and more (equal fingerprints); `file` is the
    new one's. What is in the same file goes before what has moved as a whole, that before like words.
    """
    old = home.finding
    same_file = file is not None and file is home.file
    same_code = share_code(new.quote, old.quote)
    if same_file and same_code and not home.is_at(new):
        return 0.0
    alike = wording(text_of(new), text_of(old)) if old.body else wording(new.title, old.title)
    if same_file and same_code and home.is_strange_to(new) and alike < MOVED_WORDING:
        return 0.0
    is_named = not new.rule.endswith("/other")
    # `/other` names no fault: there a fingerprint tells the place alone.
    if are_twins(new.id, old.id) and (is_named or alike >= SAME_CODE_WORDING):
        return 2.0 + alike / 4
    same_rule = new.rule == old.rule and is_named
    same_code_told = same_code and (same_rule or alike >= SAME_CODE_WORDING)
    if same_file and same_code_told:
        return 1.5 + alike / 4
    is_retold = same_rule and alike >= REPETITION_WORDING and not new.analysers
    if same_file and alike >= SAME_FILE_WORDING and home.may_be_at(new, is_retold=is_retold):
        return 1.0 + alike / 4
    if same_code_told and home.has_moved_to(new, file, alike):
        return 0.75 + alike / 4
    if same_code and alike >= MOVED_WORDING and not home.stays:
        return 0.5 + alike / 4
    return 0.0


def _apart(findings: Iterable[Finding]) -> list[Finding]:
    """Two findings may share a fingerprint (same rule, same line): ids must differ all the same."""
    taken: set[str] = set()
    out: list[Finding] = []
    for finding in findings:
        out.append(_with_free_id(finding, taken))
        taken.add(out[-1].id)
    return out


def _with_free_id(finding: Finding, taken: Container[str]) -> Finding:
    """The finding with its id, or the next one behind it that nobody has."""
    twins = (f"{(int(finding.id, 16) + n) % 16**ID_LENGTH:0{ID_LENGTH}x}" for n in count())
    return replace(finding, id=next(x for x in twins if x not in taken))


def _placed_in_time(finding: Finding, known: Known | None, *, late: bool) -> Finding:
    if known is None:
        return replace(finding, standing=Standing.LATE if late else Standing.NEW)
    same = replace(finding, id=known.finding.id)
    match known.state:
        case State.OPEN:
            return replace(same, standing=Standing.OPEN)
        case State.LATE:
            return replace(same, standing=Standing.LATE)
        case State.FIXED:
            note = _noted(finding, there_again(known))
            return replace(same, standing=Standing.BACK, note=note)
        case State.DISMISSED:
            note = _came_back(same, known)
            return replace(same, standing=Standing.BACK, note=_noted(finding, note))


def there_again(known: Known) -> str:
    """What is said of a fixed finding whose code has come back."""
    return f"Marked as fixed in `{known.fixed_in[:7]}`; it is there again."


def _as_grave(finding: Finding, home: Home) -> Severity:
    """How grave it is. Where an analyser alone reports the same code again, the models are silent, which
    takes nothing back of what they have told of it; nor does what they say of other code while its own
    stands, or where several places may be meant. With a dismissal what is reported now is compared.
    """
    known = home.known
    if known.state is State.DISMISSED:
        return finding.severity
    same_code = share_code(finding.quote, known.finding.quote)
    is_said_again = any(s.is_vote for s in finding.sources) and len(home.places) <= 1
    is_news = is_said_again if same_code else not home.stays
    return finding.severity if is_news else max(finding.severity, known.finding.severity)


def _noted(finding: Finding, note: str) -> str:
    """Behind what an analyser says of it, which is not lost."""
    return f"{finding.note} {note}".strip()


def _came_back(finding: Finding, known: Known) -> str:
    """Why a dismissal does not hold any more, where it does not (`suppress` decides)."""
    on = known.dismissal.on if known.dismissal else "an earlier day"
    was, now = known.finding.severity, finding.severity
    if now > was:
        return f"Dismissed on {on} as {was.word}; it is reported as {now.word} now."
    return f"Dismissed on {on}; the line has changed since."


def is_late(finding: Finding) -> bool:
    """Whether it goes to the list of late ones, which never notifies nor gates.

    A late critical or high stays among the others, marked (review-comment.md section 4).
    """
    return finding.standing is Standing.LATE and finding.severity < Severity.HIGH
