"""What an unprivileged job has found, read by a trusted one that believes nothing of it.

A pull request from a fork brings its own workflow file, so whoever opens it writes the artefact, too.
Taken from it are claims, and claims only: each is anchored in the change as the API gives it, its
texts go through the same washing as a model's. No suggestion (a click would commit it), no coverage,
no outcome, no number, no commit is believed. Silence proves nothing.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from itertools import islice

from pydantic import ValidationError

from bot.errors import HostProblem
from bot.outputs.shapes import Document, FindingShape
from reviewers.core.call import Call, Look, Reading
from reviewers.core.change import Change
from reviewers.core.finding import Claim, Severity, Side, Source
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible
from reviewers.protocols import Engine
from reviewers.registry import ANALYSERS

NAME = "triptych-review"
"""The artefact, as the first workflow uploads it."""
FILE = "review.json"
MOST_BYTES = 2 * 2**20
MOST_ENTRIES = 10
MOST_CLAIMS = 100
MOST_CHARS = 2000
NOTE = (
    "Reported by a job without secrets that runs the pull request's own workflow file. What it did "
    "not report is not known to be right."
)

_RULE = re.compile(r"[a-z0-9-]{1,40}/[a-z0-9-]{1,60}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_./-]{1,40}", re.ASCII)


def read_artefact(data: bytes, head: str) -> Document:
    """The review in a zip file, if it is one and is about `head`; HostProblem says what is wrong."""
    try:
        document = Document.model_validate_json(_entry(data))
    except ValidationError:
        raise _unusable("it is no review of Triptych's") from None
    if document.head != head:
        raise _unusable("it is about another commit")
    return document


def _entry(data: bytes) -> bytes:
    """The one file that counts, never more than MOST_BYTES of it, whatever the zip file promises."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            named = [e for e in entries if e.filename == FILE]
            if len(entries) > MOST_ENTRIES or len(named) != 1:
                raise _unusable(f"it does not hold exactly one {FILE}")
            with archive.open(named[0]) as file:
                text = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error):
        raise _unusable("it is no zip file that can be read") from None
    if len(text) > MOST_BYTES:
        raise _unusable(f"its {FILE} is larger than {MOST_BYTES // 2**20} MiB")
    return text


def _unusable(why: str) -> HostProblem:
    return HostProblem(f"The artefact is not used: {why}.", "Nothing was posted.")


def claims_of(document: Document, change: Change) -> dict[str, tuple[Claim, ...]]:
    """What it claims, by reviewer; who saw it is told as one of our analysers or not at all.

    A review names files as people may see them, hidden characters and secrets replaced. Of several
    files that are shown alike each gets the claim: it stays where the code that it quotes is.
    """
    named: dict[str, list[str]] = {}
    for file in change.files:
        named.setdefault(visible(Redaction()(file.path)), []).append(file.path)
    claims = (
        _claim(row, path) for row in document.findings for path in named.get(row.path, [row.path])
    )
    found: dict[str, list[Claim]] = {}
    for claim in islice(claims, MOST_CLAIMS):
        found.setdefault(claim.source.reviewer, []).append(claim)
    return {reviewer: tuple(claims) for reviewer, claims in found.items()}


def _claim(row: FindingShape, path: str) -> Claim:
    rule = row.rule if _RULE.fullmatch(row.rule) else "correctness/other"
    reviewer = rule.partition("/")[0]
    severity = Severity.parse(row.severity)
    known = {a.name for a in ANALYSERS}
    source = next((s for s in row.sources if s.name in known and _CODE.fullmatch(s.rule)), None)
    return Claim(
        source=Source(
            reviewer,
            STATIC,
            0,
            source.name if source else "another tool",
            source.rule if source else "",
            severity,
        ),
        path=path,
        line=row.line or 0,
        end_line=row.end_line or row.line or 0,
        side=Side(row.side or "RIGHT"),
        quote=row.quote[:MOST_CHARS],
        rule=rule,
        severity=severity,
        title=row.title[:MOST_CHARS],
        body=row.body[:MOST_CHARS],
        fix=row.fix[:MOST_CHARS],
    )


@dataclass(frozen=True)
class Relayed(Engine):
    """Takes the place of the analysers: what each reviewer of another job is said to have seen."""

    document: Document
    change: Change
    name: str = STATIC

    async def run(self, call: Call) -> Look:
        """The claims under that reviewer's rules."""
        claims = claims_of(self.document, self.change).get(call.reviewer, ())
        return Look(call, Reading.READ, claims=claims)

    async def close(self) -> None:
        """Nothing is open."""
