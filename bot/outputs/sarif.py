"""The review as SARIF 2.1.0, for code scanning and every other reader of static analysis.

Findings are results; what was removed or dismissed is a result with a suppression that says why;
what failed or went unread is a notification of the invocation. Source: OASIS SARIF 2.1.0 (errata 01)
and what GitHub's code scanning asks beyond it: every result needs a place in a file and a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from bot.outputs import words
from bot.outputs.gaps import gap_headline, gaps
from bot.outputs.markdown import offered
from bot.report import Report
from bot.version import installed
from reviewers.core.finding import Claim, Dropped, Finding, Severity, Side
from reviewers.core.history import Known
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import UNREAD, WHOLE
from reviewers.core.visible import visible

Json = dict[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "triptych/v1"
"""Under this key stands the finding's id, which survives rewording and moved code."""
CATEGORY = "triptych/"
"""The run's category in code scanning."""
WHOLE_FILE_LINE = 1
"""The line of a result that is about no line of the head: code scanning refuses one without."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
"""`security-severity` in the bands of GitHub: over 9.0 critical, 7.0 high, 4.0 medium, below low."""


def sarif(report: Report, redact: Redaction = Redaction()) -> str:
    """The review as SARIF text, indented, one line end behind it; the order of keys is fixed."""
    return json.dumps(_Writer(report, redact).log(), indent=2, ensure_ascii=False) + "\n"


class _Writer:
    """Turns core values into SARIF's objects."""

    def __init__(self, report: Report, redact: Redaction) -> None:
        self._report = report
        self._verdict = report.verdict
        self._redact = redact

    def log(self) -> Json:
        """The whole file: one run."""
        return {"$schema": SCHEMA, "version": "2.1.0", "runs": [self._run()]}

    def _run(self) -> Json:
        report, verdict = self._report, self._verdict
        results = [
            *map(self._finding, verdict.findings),
            *(r for d in verdict.dropped if (r := self._dropped(d))),
            *(r for k in verdict.dismissed if (r := self._dismissed(k))),
        ]
        rules = self._rules(results)
        numbers = {rule["id"]: i for i, rule in enumerate(rules)}
        results = [{**r, "ruleIndex": numbers[r["ruleId"]]} for r in results]
        run: Json = {
            "tool": {"driver": {"name": "Triptych", "version": installed(), "rules": rules}},
            "automationDetails": {"id": CATEGORY},
            "columnKind": "unicodeCodePoints",
            "invocations": [self._invocation()],
            "results": results,
            "properties": {
                "outcome": verdict.outcome.value,
                "run": report.run,
                "config": report.config,
                "hunks": len(verdict.coverage.hunks),
                "complete": verdict.coverage.complete,
                "costUsd": verdict.cost,
            },
        }
        if report.subject.pull and verdict.change.head:
            place = f"{report.subject.web}/{report.subject.pull.repository}"
            run["versionControlProvenance"] = [
                {"repositoryUri": place, "revisionId": verdict.change.head}
            ]
        return run

    # --- rules

    def _rules(self, results: Iterable[Json]) -> list[Json]:
        """One entry for each rule that a result names; its score is that of its gravest result."""
        worst: dict[str, Severity] = {}
        for result in results:
            rule = result["ruleId"]
            severity = Severity.parse(result["properties"]["severity"])
            worst[rule] = max(severity, worst.get(rule, severity))
        return [_rule(rule, worst[rule]) for rule in sorted(worst)]

    # --- results

    def _finding(self, f: Finding) -> Json:
        result = {
            **self._claimed(f),
            "partialFingerprints": {FINGERPRINT: f.id} if f.id else {},
            "suppressions": [],
        }
        result["properties"] |= {
            "standing": f.standing.value,
            "proven": f.is_proven,
            "evidence": self._text(words.evidence(f, self._verdict.policy)),
            "placed": f.location is not None and f.location.side is Side.RIGHT,
        }
        if fix := self._fix(f):
            result["fixes"] = [fix]
        return result

    def _dropped(self, d: Dropped) -> Json | None:
        """None for what names no file of the change: nobody can be sent there."""
        if self._verdict.change.file(d.item.path) is None:
            return None
        because = f"{d.reason.value}: {d.detail}" if d.detail else d.reason.value
        identity = d.item.id if isinstance(d.item, Finding) else ""
        return {
            **self._claimed(d.item),
            "partialFingerprints": {FINGERPRINT: identity} if identity else {},
            "suppressions": [self._suppression(because)],
        }

    def _dismissed(self, k: Known) -> Json | None:
        if self._verdict.change.file(k.finding.path) is None:
            return None
        by = (
            f" by {k.dismissal.by} on {k.dismissal.on}: {k.dismissal.reason}" if k.dismissal else ""
        )
        return {
            **self._claimed(k.finding),
            "partialFingerprints": {FINGERPRINT: k.finding.id},
            "suppressions": [self._suppression(f"dismissed{by}")],
        }

    def _suppression(self, why: str) -> Json:
        return {"kind": "external", "status": "accepted", "justification": self._text(why)}

    def _claimed(self, item: Finding | Claim) -> Json:
        """What a claim and a finding have in common."""
        parts = [item.title.rstrip(". ") + ".", item.body, f"Fix: {item.fix}" if item.fix else ""]
        said = " ".join(self._text(part) for part in parts if part.strip(". "))
        return {
            "ruleId": item.rule,
            "level": _LEVELS[item.severity],
            "message": {"text": _literal(said) or item.rule},
            "locations": [{"physicalLocation": self._place(item)}],
            "properties": {"severity": item.severity.word},
        }

    def _place(self, item: Finding | Claim) -> Json:
        line, end, side = item.line, item.line, Side.RIGHT
        if isinstance(item, Claim):
            end, side = item.end_line, item.side
        elif item.location:
            end, side = item.location.end_line, item.location.side
        region: Json = {"startLine": WHOLE_FILE_LINE}
        if side is Side.RIGHT and line > 0:
            region = {"startLine": line, "endLine": max(line, end)}
            if item.quote and isinstance(item, Finding) and item.location:
                region["snippet"] = {"text": self._text(item.quote)}
        return {"artifactLocation": self._artifact(item.path), "region": region}

    def _artifact(self, path: str) -> Json:
        uri = quote(self._redact(path).encode("utf-8", "surrogateescape"), safe="/")
        return {"uri": uri, "uriBaseId": "%SRCROOT%"}

    def _fix(self, f: Finding) -> Json | None:
        suggestion = offered(f.suggestion, self._redact)
        if suggestion is None or f.location is None or f.location.side is not Side.RIGHT:
            return None
        gone = {"startLine": f.location.line, "endLine": f.location.end_line}
        replacement = {"deletedRegion": gone, "insertedContent": {"text": suggestion}}
        change = {"artifactLocation": self._artifact(f.path), "replacements": [replacement]}
        text = self._text(f.fix or f.title)
        return {"description": {"text": _literal(text)}, "artifactChanges": [change]}

    # --- what failed

    def _invocation(self) -> Json:
        done = self._verdict.outcome in WHOLE
        return {
            "executionSuccessful": done,
            "toolExecutionNotifications": list(self._notifications()),
        }

    def _notifications(self) -> Iterator[Json]:
        report, verdict = self._report, self._verdict
        if verdict.problem:
            yield self._note("error", verdict.problem)
        elif verdict.outcome in UNREAD:
            yield self._note("error", words.capital(gap_headline(report)) + ".")
        for gap in gaps(report):
            yield self._note("error", gap.text, gap.path)
        for dropped in verdict.dropped:
            if verdict.change.file(dropped.item.path) is None:
                said = (
                    f"Removed: {dropped.item.title} ({dropped.item.path}), {dropped.reason.value}."
                )
                yield self._note("note", said)
        for note in (*report.notes, *report.subject.notes):
            yield self._note("note", note)

    def _note(self, level: str, text: str, path: str = "") -> Json:
        bare = text.replace("**", "").replace("`", "")
        note: Json = {"level": level, "message": {"text": _literal(self._text(bare))}}
        if path:
            note["locations"] = [{"physicalLocation": {"artifactLocation": self._artifact(path)}}]
        return note

    def _text(self, text: str) -> str:
        return visible(self._redact(text))


def _rule(rule: str, worst: Severity) -> Json:
    reviewer, _, name = rule.partition("/")
    said = f"{words.capital(reviewer)}: {name.replace('-', ' ')}"
    properties: Mapping[str, Any] = {"tags": [reviewer], "precision": "medium"}
    if reviewer == "security":
        properties = {**properties, "security-severity": _SCORES[worst]}
    return {
        "id": rule,
        "shortDescription": {"text": said},
        "fullDescription": {"text": said},
        "help": {"text": f"A finding of the {reviewer} reviewer; the result says what and why."},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": properties,
    }


def _literal(text: str) -> str:
    """A text in which nothing is a placeholder or a link (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text).replace("](", "] (")
