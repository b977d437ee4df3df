"""Values for tests, each with defaults that are fine, so that a test says only what it is about."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from bot.report import Report
from bot.subject import PullRequest, Subject
from reviewers.core.call import Call, Look, Reading, Usage
from reviewers.core.change import Change, FileDiff, FileStatus, Hunk, HunkRef
from reviewers.core.coverage import Cell, Coverage
from reviewers.core.diff import parse_hunks
from reviewers.core.finding import Claim, Finding, Location, Severity, Side, Source
from reviewers.core.history import History
from reviewers.core.plan import Plan, plan
from reviewers.core.policy import CLAUDE, STATIC, Policy
from reviewers.core.verdict import Outcome, Verdict
from reviewers.correctness import CORRECTNESS
from reviewers.registry import REVIEWERS
from reviewers.security import SECURITY
from reviewers.style import STYLE

HEAD = "4be91c0" + "0" * 33
BASE = "c07d11e" + "0" * 33
MODEL = "claude-sonnet-5-5"

PANEL = (SECURITY, STYLE, CORRECTNESS)
"""The reviewers of most tests; whoever adds one to the registry changes nothing for them."""
ADDED = tuple(r.id for r in REVIEWERS if r not in PANEL)
LOOKS = 7 + len(ADDED)
"""Model calls of a review by everybody in the registry: 3, 1 and 3 votes, and one of each other."""


def patch(old: str, new: str) -> str:
    """The hunks between two texts, as GitHub's `patch` field has them; lines end in `\\n` only."""
    rows = list(difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=3))[2:]
    return "\n".join(rows)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def file_diff(path: str, old: str | None, new: str | None, **more: Any) -> FileDiff:
    """A file with its texts before (None: it is new) and after (None: it is removed)."""
    status = FileStatus.ADDED if old is None else FileStatus.REMOVED if new is None else None
    hunks = parse_hunks(patch(old or "", new or ""))
    return FileDiff(path, status or FileStatus.MODIFIED, hunks, text=new, **more)


def change(files: Mapping[str, tuple[str | None, str | None]], **more: Any) -> Change:
    """A change from texts before and after, by path."""
    diffs = tuple(file_diff(path, old, new) for path, (old, new) in files.items())
    return Change(diffs, **{"title": "A change", "head": HEAD, "base": BASE, **more})


SQL_LINE, NONE_LINE = 6, 12
ORDERS = """\
from shop.store import db, find_order


def list_orders(request):
    order_by = request.args["order_by"]
    rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)
    return rows


def show(order_id):
    order = find_order(order_id)
    return order["total"]
"""


def orders_change() -> Change:
    """A small change with one new file, `api/orders.py`."""
    return change({"api/orders.py": (None, ORDERS)}, title="Sort orders")


def source(
    reviewer: str = "security",
    vote: int = 1,
    *,
    engine: str = CLAUDE,
    name: str = MODEL,
    rule: str = "",
    severity: Severity = Severity.HIGH,
) -> Source:
    """Who saw it."""
    return Source(reviewer, engine, vote, name, rule, severity)


def static_source(rule: str = "S608", reviewer: str = "security", name: str = "ruff") -> Source:
    """An analyser that saw it."""
    return Source(reviewer, STATIC, 0, name, rule, Severity.HIGH)


def claim(
    path: str = "api/orders.py",
    line: int = SQL_LINE,
    quote: str = 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
    **more: Any,
) -> Claim:
    """What one source says; by default that request data becomes SQL text."""
    values: dict[str, Any] = {
        "source": source(severity=more.get("severity", Severity.HIGH)),
        "end_line": line,
        "side": Side.RIGHT,
        "rule": "security/sql-injection",
        "severity": Severity.HIGH,
        "title": "Request data becomes SQL text",
        "body": "`order_by` goes from the query string into the statement unchanged.",
        "fix": "Take the column from a fixed list.",
        **more,
    }
    return Claim(path=path, line=line, quote=quote, **values)


def finding(path: str = "api/orders.py", line: int | None = SQL_LINE, **more: Any) -> Finding:
    """A placed finding (or, without a line, an unplaced one)."""
    severity = more.get("severity", Severity.HIGH)
    values: dict[str, Any] = {
        "rule": "security/sql-injection",
        "severity": severity,
        "title": "Request data becomes SQL text",
        "body": "`order_by` goes from the query string into the statement unchanged.",
        "fix": "Take the column from a fixed list.",
        "quote": 'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
        "sources": (source(severity=severity),),
        "location": Location(path, line, line) if line else None,
        "id": "5b21c7a0b1c2",
        **more,
    }
    return Finding(path=path, **values)


def policy(**more: Any) -> Policy:
    """The three reviewers, models beside analysers, three votes for the risky looks."""
    values: dict[str, Any] = {
        "reviewers": PANEL,
        "engines": (STATIC, CLAUDE),
        "votes": {"security": 3, "style": 1, "correctness": 3},
        "rounds": 1,
        **more,
    }
    return Policy(**values)


def planned(of: Change, under: Policy) -> Plan:
    """The plan of a change; a hunk weighs its lines."""
    return plan(of, under, weigh)


def weigh(file: FileDiff, index: int) -> int:
    """Characters of one hunk."""
    return sum(len(line.text) + 1 for line in file.hunks[index].lines)


def look(call: Call, *claims: Claim, reading: Reading = Reading.READ, **more: Any) -> Look:
    """What came back from a call."""
    values: dict[str, Any] = {"model": MODEL, "cost": 0.01, "usage": Usage(100, 0, 1000, 50)}
    if call.engine == STATIC:
        values = {"model": "", "cost": 0.0, "usage": Usage()}
    return Look(call, reading, claims=claims, **{**values, **more})


def hunk(first: int, last: int) -> Hunk:
    """A hunk that only adds the lines first..last."""
    rows = [f"+line {n}" for n in range(first, last + 1)]
    return parse_hunks(f"@@ -{first},0 +{first},{len(rows)} @@\n" + "\n".join(rows))[0]


def coverage(
    files: Mapping[str, int],
    readers: Sequence[tuple[str, int]],
    gaps: Mapping[tuple[str, str, int], tuple[Reading, str]] | None = None,
) -> Coverage:
    """A ledger: hunks per path, votes per reviewer, static cells, and gaps by (path, who, vote)."""
    gaps = gaps or {}
    hunks = [HunkRef(path, i) for path, number in files.items() for i in range(number)]
    cells = [Cell(h, name, STATIC, 0, Reading.READ) for h in hunks for name, _ in readers]
    for name, votes in readers:
        for vote in range(1, votes + 1):
            for h in hunks:
                found = gaps.get((h.path, name, vote)) or gaps.get(("*", name, vote))
                reading, detail = found or (Reading.READ, "")
                cells.append(Cell(h, name, CLAUDE, vote, reading, detail))
    return Coverage(tuple(cells), tuple(hunks))


def verdict(*findings: Finding, **more: Any) -> Verdict:
    """A verdict on a change of one file."""
    values: dict[str, Any] = {
        "outcome": Outcome.FINDINGS if findings else Outcome.CLEAN,
        "change": orders_change(),
        "policy": policy(),
        "coverage": coverage({"api/orders.py": 1}, (("security", 3), ("style", 1))),
        "history": History(),
        **more,
    }
    return Verdict(findings=findings, **values)


def report(of: Verdict | None = None, **more: Any) -> Report:
    """A report on `acme/shop#128`."""
    of = of or verdict()
    pull = PullRequest("acme", "shop", 128)
    subject = Subject(str(pull), of.change, pull, base_ref="main", config=b"")
    values: dict[str, Any] = {
        "again": "comment `/triptych review`",
        "elsewhere": "check run",
        "commands": True,
        **more,
    }
    return Report(of, subject, "01JD8Q7M", "9f3ad2c1", **values)
