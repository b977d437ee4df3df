"""What the verifying round may do to a finding: confirm it, or refute it with code that is there.

A refutation counts only with a citation that is found in the files; a verifier that fails, or that
cites nothing, changes nothing (users.md, complaint 9: a cut-off verifier refuted all five).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reviewers.core.call import Look, Opinion, Task
from reviewers.core.change import Change
from reviewers.core.finding import (
    Dissent,
    Dropped,
    Finding,
    Kept,
    Reason,
    Ruling,
    Severity,
    Verification,
)
from reviewers.core.quotes import Quotes


def rulings(looks: Iterable[Look], change: Change) -> dict[str, Verification]:
    """By finding id what the verifiers said, citations checked.

    A refutation without one is only an uncertainty; of several verifiers a confirmation wins.
    """
    quotes = Quotes(change)
    out: dict[str, Verification] = {}
    for look in looks:
        if look.call.task is not Task.VERIFY:
            continue
        asked = {f.id for f in look.call.candidates}
        for opinion in look.opinions:
            if opinion.finding in asked:
                ruling = _checked(opinion, quotes, look.model)
                before = out.get(opinion.finding)
                if before is None or before.ruling is not Ruling.CONFIRMED:
                    out[opinion.finding] = ruling
    return out


def apply(findings: Iterable[Finding], ruled: dict[str, Verification]) -> Kept:
    """Remove what is refuted, demote a refuted critical, note what is confirmed.

    What an analyser has seen stays as it is, with the refutation beside it: a verifier that obeys
    the change could cite any line of it (cases S43, S45).
    """
    kept: list[Finding] = []
    dropped: list[Dropped] = []
    for finding in findings:
        ruling = ruled.get(finding.id)
        if ruling is None:
            kept.append(finding)
        elif ruling.ruling is not Ruling.REFUTED:
            kept.append(_upheld(finding, ruling))
        elif finding.analysers:
            kept.append(_contested(finding, ruling))
        elif finding.severity is Severity.CRITICAL:
            kept.append(_demoted(finding, ruling))
        else:
            detail = f"by `{ruling.path}:{ruling.line}` ({ruling.reason})"
            dropped.append(Dropped(replace(finding, verification=ruling), Reason.REFUTED, detail))
    return Kept(tuple(kept), tuple(dropped))


def _checked(opinion: Opinion, quotes: Quotes, model: str) -> Verification:
    line = quotes.cited(opinion.path, opinion.quote)
    ruling = opinion.ruling
    if ruling is Ruling.REFUTED and line is None:
        ruling = Ruling.UNCERTAIN
    return Verification(
        ruling,
        opinion.reason,
        opinion.path if line else "",
        line or 0,
        opinion.quote if line else "",
        model,
    )


def _upheld(finding: Finding, ruling: Verification) -> Finding:
    """With a confirmation, its reason stands against the dissents that gave one."""
    dissent = finding.dissent
    if ruling.ruling is Ruling.CONFIRMED:
        dissent = tuple(
            replace(d, against=ruling.reason) if d.reason else d for d in finding.dissent
        )
    return replace(finding, verification=ruling, dissent=dissent)


def _contested(finding: Finding, ruling: Verification) -> Finding:
    """With the refutation as a dissent."""
    reason = f"`{ruling.path}:{ruling.line}` speaks against it: {ruling.reason}"
    dissent = (*finding.dissent, Dissent("verifier", 0, reason))
    return replace(finding, verification=ruling, dissent=dissent)


def _demoted(finding: Finding, ruling: Verification) -> Finding:
    """A refuted critical is never deleted: one step down, with the refutation as a dissent."""
    return replace(
        _contested(finding, ruling),
        severity=Severity.HIGH,
        note=f"Reported as critical; refuted by `{ruling.path}:{ruling.line}`.",
    )
