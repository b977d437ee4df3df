"""The samples of what Triptych writes, one report each, all on `acme/shop#128`.

12 files, 34 hunks; security votes three times, style once, correctness three times; 5 analysers.
The letters are those of the samples' names: (a) findings, (b) clean, (c) incomplete, (d) failed,
(e) the second push, (f) no key, (g) sixty findings, (h) dismissed, (i) budget reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.report import Report
from reviewers.core.aggregate.rank import rank
from reviewers.core.allowance import Allowance
from reviewers.core.call import AnalyserRun, Call, Look, Reading
from reviewers.core.change import Change, FileDiff, FileStatus, HunkRef
from reviewers.core.coverage import WHOLE_FILE, Cell, Coverage
from reviewers.core.diff import parse_hunks
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Dropped,
    Finding,
    Reason,
    Severity,
    Standing,
    fingerprint,
)
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.verdict import Outcome, Verdict
from tests.builders import (
    BASE,
    HEAD,
    coverage,
    finding,
    look,
    policy,
    report,
    source,
    static_source,
)

PUSHED = "9d02f7e" + "0" * 33
"""The head of the second push."""

READERS = (("security", 3), ("style", 1), ("correctness", 3))
ANALYSERS = ("ruff", "ast-grep", "zizmor", "credentials", "characters")

FILES: Mapping[str, tuple[int, ...]] = {
    "api/orders.py": (1, 40, 58, 90, 120),
    "api/auth.py": (1, 30, 75),
    "api/seats.py": (1, 50, 70, 90),
    "api/cart.py": (1, 18, 40),
    "api/params.py": (1, 30),
    "jobs/export.py": (1, 40, 85, 110),
    "tools/export.py": (1, 28),
    ".github/workflows/ci.yml": (12,),
    "deploy/example.env": (1,),
    "tests/test_orders.py": (1, 30, 60, 90),
    "tests/test_export.py": (1, 30, 60),
    "README.md": (1, 40),
}
"""Where the hunks of each file begin; 34 in 12 files."""

BACKFILL = "migrations/0042_backfill.sql"
LONG_ROWS = {BACKFILL: ((1, 1000), (1500, 2140))}

CODE = {
    42: '    rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
    61: "    order = find_order(order_id)",
}
"""Lines of `api/orders.py` that matter."""


# --- findings

SQL = finding(
    "api/orders.py",
    42,
    id="7c1e9a02b4d8",
    severity=Severity.CRITICAL,
    body=(
        "`order_by` goes from the query string into the statement unchanged. Anyone who may call "
        "`GET /orders` can read every table."
    ),
    fix="take the column from a fixed list and refuse any other value.",
    sources=(
        source(vote=1, severity=Severity.CRITICAL),
        source(vote=3, severity=Severity.CRITICAL),
        static_source("S608"),
    ),
    votes=(Ballot("security", (1, 3), 3, 3),),
    dissent=(
        Dissent(
            "security",
            2,
            "`clean_sort()` in `api/params.py:17` limits the value.",
            "that function only strips spaces.",
        ),
    ),
)

UNKNOWN_ORDER = finding(
    "api/orders.py",
    61,
    id="e40b77d1c9aa",
    rule="correctness/missing-value",
    title="An unknown order ends in status 500",
    body=(
        "`find_order()` returns `None` for an unknown id and this line indexes it. Callers see a "
        "server error instead of 404."
    ),
    fix="answer 404 when there is no row.",
    suggestion=(
        "    order = find_order(order_id)\n    if order is None:\n        raise NotFound(order_id)"
    ),
    votes=(Ballot("correctness", (1, 2, 3), 3, 3),),
)

SETTING = finding(
    "deploy/example.env",
    None,
    id="5b21c7a0b1c2",
    rule="correctness/missing-value",
    severity=Severity.MEDIUM,
    title="The new setting is missing from the example file",
    body="`SHOP_PAGE_SIZE` has no default, so a server set up from the example file stops at start.",
    fix="add `SHOP_PAGE_SIZE=50` to the example file.",
    votes=(Ballot("correctness", (1, 3), 3, 3),),
)

RETRY = finding(
    "jobs/export.py",
    88,
    id="0c9d1f27aa34",
    rule="correctness/endless-loop",
    title="The retry loop never ends",
    body="`attempt` is set to 0 inside the loop. A broken target keeps a worker busy for ever.",
    fix="set `attempt` before the loop.",
    votes=(Ballot("correctness", (1, 2, 3), 3, 3),),
)

ROUNDING = finding(
    "api/cart.py",
    19,
    id="6f0e5d4c3b2a",
    rule="correctness/rounding",
    severity=Severity.MEDIUM,
    title="Rounding happens before the discount",
    body="A cart of three items can be 0.01 off.",
    fix="round the total once, after the discount.",
    votes=(Ballot("correctness", (1, 2), 3, 3),),
    standing=Standing.LATE,
)

SHELL = finding(
    "tools/export.py",
    30,
    id="19aa35bc4d01",
    rule="security/shell-injection",
    title="A shell runs text from the request",
    body="`name` reaches `os.system` as it came.",
    fix="give the arguments as a list.",
    sources=(static_source("S602"),),
)

UNPINNED = finding(
    ".github/workflows/ci.yml",
    14,
    id="aa35bc4d0119",
    rule="security/unpinned-code",
    severity=Severity.MEDIUM,
    title="The workflow uses an action by tag",
    body="Whoever owns the tag can change what the build runs.",
    fix="pin the action to a commit.",
    sources=(static_source("unpinned-uses", name="zizmor"),),
)


# --- the change and who read it


def sample_change(head: str = HEAD, *, backfill: bool = False) -> Change:
    """The 12 files; with `backfill` a migration stands in the place of the read-me."""
    files = [_file(path, [(first, first + 5) for first in at]) for path, at in FILES.items()]
    if backfill:
        files[-1] = _file(BACKFILL, LONG_ROWS[BACKFILL])
    return Change(tuple(files), title="Orders by column", head=head, base=BASE)


def _file(path: str, hunks: Sequence[tuple[int, int]]) -> FileDiff:
    lines: list[str] = []
    for first, last in hunks:
        rows = [
            f"+{CODE.get(n, f'line {n}') if path == 'api/orders.py' else f'line {n}'}"
            for n in range(first, last + 1)
        ]
        lines += [f"@@ -{first},0 +{first},{len(rows)} @@", *rows]
    return FileDiff(path, FileStatus.MODIFIED, parse_hunks("\n".join(lines)))


def ledger_of(
    of: Change, gaps: Mapping[tuple[str, str, int], tuple[Reading, str]] | None = None
) -> Coverage:
    """Every hunk read by everybody, but for the gaps."""
    return coverage({f.path: len(f.hunks) for f in of.files}, READERS, gaps)


def looks(
    cost: float = 0.41,
    seconds: float = 48.0,
    answers: Mapping[tuple[str, int], Mapping[str, Any]] | None = None,
) -> tuple[Look, ...]:
    """Three static looks and seven of the model; `answers` says what some of them came to."""
    answers = answers or {}
    seats = [(name, vote) for name, votes in READERS for vote in range(1, votes + 1)]
    paid = [s for s in seats if answers.get(s, {}).get("cost") is None]
    out = list(static_looks(0.4))
    for seat in seats:
        values = {"seconds": seconds, "cost": cost / max(1, len(paid)), **answers.get(seat, {})}
        out.append(look(Call(seat[0], CLAUDE, seat[1]), **values))
    return tuple(out)


def static_looks(seconds: float, files: int = 12) -> tuple[Look, ...]:
    """What the analysers of the three reviewers did."""
    runs = tuple(AnalyserRun(name, "1.0", 40, files, Reading.READ) for name in ANALYSERS)
    return tuple(look(Call(name, STATIC), seconds=seconds, analysers=runs) for name, _ in READERS)


def sample(*findings: Finding, **more: Any) -> Report:
    """A complete review of the whole change that found these."""
    of = more.pop("change", sample_change())
    values: dict[str, Any] = {
        "outcome": Outcome.FINDINGS if findings else Outcome.CLEAN,
        "coverage": ledger_of(of),
        "looks": looks(),
        "history": History(),
        "policy": policy(),
        **more,
    }
    return report(Verdict(change=of, findings=findings, **values))


# --- the samples


def a() -> Report:
    """Three findings; the medium one could not be placed on a line."""
    return sample(SQL, UNKNOWN_ORDER, SETTING, dropped=_removed())


def _removed() -> tuple[Dropped, ...]:
    refuted = replace(SQL, path="api/auth.py", title="Anybody may list orders", id="b" * 12)
    return (
        Dropped(SQL, Reason.DUPLICATE, "of 7c1e9a02b4d8"),
        Dropped(UNKNOWN_ORDER, Reason.DUPLICATE, "of e40b77d1c9aa"),
        Dropped(RETRY, Reason.QUOTE_NOT_FOUND),
        Dropped(refuted, Reason.REFUTED, "by `api/auth.py:9` (login is required)"),
    )


def b() -> Report:
    """Clean."""
    return sample(looks=looks(0.38, 41.0))


def c() -> Report:
    """Security was refused, and one file was too large for the models."""
    of = sample_change(backfill=True)
    size = (Reading.TOO_LARGE, "above the limit of 120 kB")
    gaps = {("*", "security", vote): (Reading.REFUSED, "") for vote in (1, 2, 3)}
    gaps[BACKFILL, "style", 1] = size
    gaps |= {(BACKFILL, "correctness", vote): size for vote in (1, 2, 3)}
    refused = {("security", vote): {"reading": Reading.REFUSED} for vote in (1, 2, 3)}
    return sample(
        UNKNOWN_ORDER,
        change=of,
        outcome=Outcome.INCOMPLETE,
        coverage=ledger_of(of, gaps),
        looks=looks(0.33, 52.0, refused),
    )


def d() -> Report:
    """GitHub did not hand over the change."""
    return sample(
        change=Change((), head=HEAD, base=BASE),
        outcome=Outcome.FAILED,
        coverage=Coverage((), ()),
        looks=(),
        problem=(
            "GitHub did not deliver the diff of `4be91c0` (status 502, 5 attempts in 12 minutes)."
        ),
    )


FULL_REVIEW = "https://github.com/acme/shop/pull/128#pullrequestreview-2411"

SINCE_THE_FIRST = History(head=HEAD, spent=0.41)
READ_AGAIN = {
    "api/orders.py": (1, 2, 3),
    "jobs/export.py": (0, 1, 2, 3),
    "tests/test_orders.py": (0, 1),
}
"""The 9 hunks that the second push changed."""


def second_push(*findings: Finding, **more: Any) -> Report:
    """A review of the second push: 9 hunks are read, 25 were read before."""
    of = sample_change(PUSHED)
    now = [HunkRef(path, index) for path, at in READ_AGAIN.items() for index in at]
    whole = ledger_of(of)
    cells = tuple(cell for cell in whole.cells if cell.hunk in now)
    carried = tuple(ref for ref in of.refs() if ref not in now)
    values: dict[str, Any] = {
        "history": SINCE_THE_FIRST,
        "coverage": Coverage(cells, tuple(now), carried),
        "looks": looks(0.19, 29.0),
        **more,
    }
    return sample(*findings, change=of, **values)


def e() -> Report:
    """Second push: two are fixed, one is new, one is late."""
    return second_push(
        RETRY,
        replace(SETTING, standing=Standing.OPEN),
        ROUNDING,
        fixed=tuple(Known(f, State.FIXED, fixed_in=PUSHED) for f in (SQL, UNKNOWN_ORDER)),
    )


def f() -> Report:
    """No key: analysers only."""
    of = sample_change()
    only_static = tuple((name, 0) for name, _ in READERS)
    return sample(
        SHELL,
        UNPINNED,
        change=of,
        policy=policy(engines=(STATIC,), votes={}),
        coverage=coverage({x.path: len(x.hunks) for x in of.files}, only_static),
        looks=static_looks(1.2),
    )


def g() -> Report:
    """Sixty findings."""
    return sample(*sixty(), looks=looks(0.88, 95.0))


def h() -> Report:
    """One is dismissed, one that was dismissed is back."""
    back = replace(
        RETRY,
        standing=Standing.BACK,
        note="Dismissed on 2026-11-19; the line has changed since.",
    )
    return second_push(back, dismissed=(DISMISSED,))


DISMISSED = Known(
    SQL, State.DISMISSED, Dismissal("mlee", "2026-11-20", "Only the nightly job calls this.")
)


def i() -> Report:
    """The budget of the pull request is reached."""
    limit = Allowance(2.0, "this pull request", "budget.pull_request", spent=1.72)
    unpaid = (("style", 1), ("correctness", 2), ("correctness", 3))
    late = {"reading": Reading.BUDGET, "allowance": limit, "cost": 0.0, "seconds": 0.0}
    of = sample_change()
    one_vote = replace(UNKNOWN_ORDER, votes=(Ballot("correctness", (1,), 1, 3),))
    return sample(
        one_vote,
        change=of,
        outcome=Outcome.INCOMPLETE,
        coverage=ledger_of(of, {("*", *seat): (Reading.BUDGET, str(limit)) for seat in unpaid}),
        looks=looks(0.24, 31.0, dict.fromkeys(unpaid, late)),
        history=History(spent=1.72),
    )


HIGH = (
    ("api/auth.py", 31, "Anybody may change another's password"),
    ("api/auth.py", 76, "A closed account can still log in"),
    ("api/cart.py", 20, "A negative amount lowers the total"),
    ("api/cart.py", 41, "Two discounts add up to more than the price"),
    ("api/orders.py", 61, "An unknown order ends in status 500"),
    ("api/params.py", 31, "An empty parameter ends in status 500"),
    ("api/seats.py", 52, "A lock stays when the booking fails"),
    ("jobs/export.py", 88, "The retry loop never ends"),
    ("tools/export.py", 30, "A shell runs text from the request"),
)
MEDIUM_BY_ALL = (
    ("api/seats.py", 51, "Two requests can book the same seat"),
    ("api/seats.py", 70, "The lock is released twice"),
    ("api/seats.py", 93, "An empty list is read at index 0"),
    ("jobs/export.py", 41, "A failed page is counted as written"),
    ("jobs/export.py", 110, "The last page is written twice"),
)
MEDIUM_BY_MOST = (
    *(("api/orders.py", n, f"Column {n} is read before it is set") for n in (90, 91, 92, 93)),
    *(("api/params.py", n, f"Parameter {n} keeps its blanks") for n in (30, 32, 33, 34)),
    *(("jobs/export.py", n, f"Row {n} loses its time zone") for n in (42, 43, 44, 45)),
    *(("tools/export.py", n, f"Name {n} is cut at a blank") for n in (28, 29, 31, 32)),
)


def sixty() -> tuple[Finding, ...]:
    """2 critical, 9 high, 21 medium and 28 low findings, ranked."""
    token = _numbered(1, "api/auth.py", 77, "The reset token is predictable", Severity.CRITICAL, 1)
    found = [SQL, replace(token, votes=(Ballot("security", (2,), 3, 3),))]
    found += [_numbered(10 + n, *at, Severity.HIGH, 3) for n, at in enumerate(HIGH)]
    found += [_numbered(30 + n, *at, Severity.MEDIUM, 3) for n, at in enumerate(MEDIUM_BY_ALL)]
    found += [_numbered(50 + n, *at, Severity.MEDIUM, 2) for n, at in enumerate(MEDIUM_BY_MOST)]
    low = [("README.md", 1 + n, f"Word {n} has two spellings") for n in range(28)]
    found += [_numbered(100 + n, *at, Severity.LOW, 2) for n, at in enumerate(low)]
    return rank(found)


def _numbered(
    number: int, path: str, line: int, title: str, severity: Severity, seen: int
) -> Finding:
    return finding(
        path,
        line,
        id=fingerprint("correctness/other", path, title, number),
        rule="correctness/other",
        title=title,
        severity=severity,
        votes=(Ballot("correctness", tuple(range(1, seen + 1)), 3, 3),),
    )


def undelivered(path: str) -> Cell:
    """The ledger's cell of a file that the host did not hand over."""
    return Cell(HunkRef(path, WHOLE_FILE), "", "", 0, Reading.FAILED, "not delivered by GitHub")


def left_out(number: int) -> Coverage:
    """A ledger in which so many files are left out as generated, beside one that was read."""
    read = ledger_of(Change(sample_change().files[:1]))
    left_out = (
        Cell(HunkRef(f"src/{n:04}.lock", WHOLE_FILE), "", "", 0, Reading.GENERATED, "lock file")
        for n in range(number)
    )
    return Coverage((*read.cells, *left_out), read.hunks)
