"""The hidden last line of what we post: by it we know our own reviews and findings again.

Hex digits and words only, so that nothing in it can end the comment that holds it. It is believed
only in a submitted review of a trusted account (design, section 7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reviewers.core.history import EVERYTHING

VERSION = 1
MAX_CHARS = 8 * 1024
IDS_KEPT = 100
"""Ids of each kind that a marker holds; 12 characters each, so all kinds stay under 8 KiB."""
CLOSED_KEPT = 50
"""The same for what is fixed or dismissed; sealed, what is in no list is not open either."""
HOLDING_KEPT = 25
"""The same for those that hold a gate, for each reason; with more of them all do."""

_FIELD = r"[a-z]+=[0-9A-Za-z.,:]*(?:-[0-9A-Za-z.,:]+)*"
"""Never two hyphens in a row: they would end the comment."""
_REVIEW = re.compile(rf"(?:\A|\n)<!-- triptych 1 ({_FIELD}(?: {_FIELD})*) -->\s*\Z")
_FINDING = re.compile(
    r"(?:\A|\n)<!-- triptych 1 finding=([0-9a-f]{12}) rule=([a-z0-9-]+/[a-z0-9-]+)"
    r"(?: sig=[0-9a-f]*)? -->\s*\Z"
)
_WORD = r"[0-9A-Za-z.]+(?:-[0-9A-Za-z.]+)*"
_BY = re.compile(rf"[0-9a-f]{{12}}:{_WORD}:{_WORD}")
_NUMBER = re.compile(r"\d{1,6}")
_COST = re.compile(r"\d{1,7}(?:\.\d{1,4})?")


@dataclass(frozen=True)
class Marker:
    """What a review says of itself to its successors.

    `open` are in the order in which the body lists them, `late` and `quiet` (open, below the least
    severity) in that of their folds; `more` is how many of these three had no room. `fixed` are those that
    were fixed in any review, the newest first: a comment may not say so yet.
    `unread` are the digests of the hunks that nobody read (16 hex digits each), or EVERYTHING;
    `proven` and `held`, told where there is a gate, are those that turn it red, or EVERYTHING: by a
    proof, or for want of a ruling. `cost` is the sum in USD for the pull request so far. `by` names the
    analysers of what no model saw, `id:analyser:code` with dots for hyphens, as many as there is room.
    """

    run: str
    head: str
    config: str
    outcome: str
    open: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    dismissed: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    more: int = 0
    unread: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    cost: float = 0.0
    by: tuple[str, ...] = ()


def write_marker(marker: Marker) -> str:
    """The marker as one line; from `quiet` on only what says something."""
    fields = [
        f"run={marker.run}",
        f"head={marker.head}",
        f"config={marker.config}",
        f"outcome={marker.outcome}",
        *(
            f"{name}={','.join(getattr(marker, name)[:most])}"
            for name, most in (
                ("open", IDS_KEPT),
                ("fixed", CLOSED_KEPT),
                ("late", IDS_KEPT),
                ("dismissed", CLOSED_KEPT),
            )
        ),
    ]
    if marker.quiet:
        fields.append(f"quiet={','.join(marker.quiet[:IDS_KEPT])}")
    lists = (marker.open, marker.late, marker.quiet)
    if more := marker.more + sum(max(0, len(found) - IDS_KEPT) for found in lists):
        fields.append(f"more={more}")
    if marker.unread:
        fits = len(marker.unread) <= IDS_KEPT
        fields.append(f"unread={','.join(marker.unread) if fits else EVERYTHING}")
    for name in ("proven", "held"):
        if found := getattr(marker, name):
            fits = len(found) <= HOLDING_KEPT
            fields.append(f"{name}={','.join(found) if fits else EVERYTHING}")
    if marker.cost:
        fields.append(f"cost={marker.cost:.4f}")
    line = f"<!-- triptych {VERSION} {' '.join(fields)} -->"
    by = (part for part in marker.by if _BY.fullmatch(part))  # Anything else would break the line.
    if named := _fitting(by, MAX_CHARS - len(line) - len(" by=")):
        line = line.replace(" -->", f" by={named} -->")
    return line


def _fitting(parts: Iterable[str], room: int) -> str:
    """The first of them, joined by commas, in so many characters."""
    text = ""
    for part in parts:
        longer = f"{text},{part}" if text else part
        if len(longer) > room:
            break
        text = longer
    return text


def read_marker(body: str) -> Marker | None:
    """The marker in the last line of a body, None where there is none that can be read."""
    found = _REVIEW.search(body[-MAX_CHARS - 64 :])
    if found is None:
        return None
    pairs = [part.split("=", 1) for part in found[1].split(" ")]
    fields = dict(pairs)
    cost = fields.get("cost") or "0"
    named = all(fields.get(name) for name in ("run", "head", "config", "outcome"))
    more = fields.get("more") or "0"
    numbers = _COST.fullmatch(cost) and _NUMBER.fullmatch(more)
    if not named or len(fields) < len(pairs) or not numbers:
        return None
    return Marker(
        run=fields["run"],
        head=fields["head"],
        config=fields["config"],
        outcome=fields["outcome"],
        open=_ids(fields.get("open", "")),
        fixed=_ids(fields.get("fixed", "")),
        late=_ids(fields.get("late", "")),
        dismissed=_ids(fields.get("dismissed", "")),
        quiet=_ids(fields.get("quiet", "")),
        more=int(more),
        unread=_some_or_all(fields.get("unread", "")),
        proven=_some_or_all(fields.get("proven", "")),
        held=_some_or_all(fields.get("held", "")),
        cost=float(cost),
        by=tuple(part for part in fields.get("by", "").split(",") if _BY.fullmatch(part)),
    )


def finding_marker(identity: str, rule: str) -> str:
    """The last line of an inline comment."""
    return f"<!-- triptych {VERSION} finding={identity} rule={rule} -->"


def read_finding_marker(body: str) -> tuple[str, str] | None:
    """Id and rule of the finding that an inline comment is about, None where it is none of ours."""
    found = _FINDING.search(body)
    return (found[1], found[2]) if found else None


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if re.fullmatch(r"[0-9a-f]{12,16}", part))


def _some_or_all(text: str) -> tuple[str, ...]:
    return (EVERYTHING,) if text == EVERYTHING else _ids(text)


def ids(findings: Iterable[str]) -> tuple[str, ...]:
    """Ids in a fixed order, each once."""
    return tuple(dict.fromkeys(findings))
