"""A look on its way into the database and back.

What comes back is as little trusted as what a model says: the database may have been written to by
somebody else. It is checked against its shape and against the call and the reviewer that it is for;
its claims then pass the whole aggregation, whose first step looks every quote up in the change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reviewers.core.call import Call, Look, Reading, Usage
from reviewers.core.finding import Claim, Severity, Source
from reviewers.core.reviewer import Reviewer

MAX_TEXT = 4000
"""As for what a model says (reviewers/engines/claude/answer.py)."""
MAX_CLAIMS = 500
MAX_DETAIL = 500
UNREADABLE = "the stored answer could not be read"

_LOOK = TypeAdapter(Look)


def write_look(look: Look) -> dict[str, Any]:
    """The look as JSON values, without its call: whoever reads it knows what it asked."""
    data: dict[str, Any] = _LOOK.dump_python(look, mode="json", exclude={"call"})
    return data


def read_look(data: object, call: Call, reviewer: Reviewer | None) -> Look:
    """The look of `call` in what was stored; one that failed where that is no look.

    `reviewer` (None for the verifier) gives the closed list of rules and the ceiling of severity.
    """
    whole = _whole(data)
    shape = whole if isinstance(whole, dict) else {}
    stub = _LOOK.dump_python(Look(call, Reading.FAILED), mode="json")["call"]
    try:
        look = replace(_LOOK.validate_python({**shape, "call": stub}), call=call)
    except (ValidationError, ValueError):
        return Look(call, Reading.FAILED, detail=UNREADABLE)
    numbers = (look.cost or 0.0, look.start, look.waited, look.seconds)
    if not all(math.isfinite(n) and n >= 0 for n in numbers) or not _counts(look.usage):
        return Look(call, Reading.FAILED, detail=UNREADABLE)
    look = replace(
        look,
        detail=look.detail[:MAX_DETAIL],
        model=look.model[:MAX_DETAIL],
        cleared=tuple(c for c in look.cleared[:MAX_CLAIMS] if _short(c.path, c.quote, c.reason)),
        opinions=tuple(o for o in look.opinions[:MAX_CLAIMS] if _short(o.path, o.quote, o.reason)),
    )
    if reviewer is None:
        return replace(look, claims=())
    kept = tuple(_checked(c, look, reviewer) for c in look.claims[:MAX_CLAIMS] if _fits(c))
    return replace(look, claims=kept, opinions=())


def _counts(usage: Usage) -> bool:
    return min(usage.uncached, usage.written, usage.read, usage.out) >= 0


def _fits(claim: Claim) -> bool:
    texts = (claim.path, claim.quote, claim.title, claim.body, claim.fix, claim.suggestion or "")
    return 1 <= claim.line <= claim.end_line and _short(*texts)


def _short(*texts: str) -> bool:
    return all(len(text) <= MAX_TEXT for text in texts)


def _whole(data: object) -> object:
    """JSON values without half characters, which JSON can hold and nothing else takes."""
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode()
    if isinstance(data, list):
        return [_whole(item) for item in data]
    if isinstance(data, Mapping):
        return {str(key): _whole(value) for key, value in data.items()}
    return data


def _checked(claim: Claim, look: Look, reviewer: Reviewer) -> Claim:
    """The claim under the name of the call that it came from, whatever it says of itself."""
    severity = Severity(min(claim.severity, reviewer.ceiling))
    call = look.call
    source = Source(
        call.reviewer, call.engine, call.vote, look.model, claim.source.rule[:100], severity
    )
    return replace(claim, source=source, rule=reviewer.rule(claim.rule), severity=severity)
