"""Step 7: what goes where. Nothing is thrown away here; it only moves to a quieter place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reviewers.core.aggregate.identify import is_late
from reviewers.core.finding import Claim, Dropped, Finding, Reason, Severity


@dataclass(frozen=True)
class Shown:
    """`listed` stand in the body, `inline` of them on their lines too, `late` in a fold of their
    own, `quiet` (below the severity that is worth a notification) only in the check run.
    """

    listed: tuple[Finding, ...]
    inline: tuple[Finding, ...]
    late: tuple[Finding, ...]
    quiet: tuple[Finding, ...]


def cap(ranked: Iterable[Finding], floor: Severity, inline_limit: int) -> Shown:
    """Where each of the ranked findings is shown."""
    findings = tuple(ranked)
    quiet = tuple(f for f in findings if f.severity < floor)
    late = tuple(f for f in findings if f.severity >= floor and is_late(f))
    listed = tuple(f for f in findings if f.severity >= floor and not is_late(f))
    inline = tuple(f for f in listed if f.location)[:inline_limit]
    return Shown(listed, inline, late, quiet)


def cap_claims(
    claims: Iterable[Claim], limit: int
) -> tuple[tuple[Claim, ...], tuple[Dropped, ...]]:
    """The gravest `limit` claims of one call, so that one loud voice displaces nobody (case S46)."""
    said = tuple(claims)
    keep = set(sorted(range(len(said)), key=lambda i: (-said[i].severity, i))[:limit])
    return (
        tuple(c for i, c in enumerate(said) if i in keep),
        tuple(Dropped(c, Reason.OVER_LIMIT) for i, c in enumerate(said) if i not in keep),
    )
