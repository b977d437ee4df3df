"""What a reader sees first, in every way a review can end: the headline and who read what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.outputs.checkrun import check_title
from bot.outputs.terminal import terminal_lines
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import Reading
from reviewers.core.change import HunkRef
from reviewers.core.finding import Location, Severity, Side, Standing
from tests.bot.outputs.endings import (
    CARRIED,
    EVERY_VOTE,
    FIXED,
    GENERATED,
    INFO,
    LINKS,
    LOCK,
    LOGO,
    LOW,
    MOVED,
    ONE,
    OPEN,
    STATIC_ONLY,
    VENDORED,
    all_failed,
    below,
    beside,
    broken,
    cells_of,
    coverage_of,
    failed,
    hunks_only,
    incomplete,
    left_out,
    nothing_to_read,
    of_nobody,
    one,
    only_docs,
    over,
    paragraphs,
    static,
    too_small,
    verified,
    with_docs,
    without_ruff,
)
from tests.bot.outputs.samples import (
    DISMISSED,
    RETRY,
    ROUNDING,
    SETTING,
    SHELL,
    SINCE_THE_FIRST,
    SQL,
    UNKNOWN_ORDER,
    looks,
    sample,
    second_push,
)
from tests.builders import policy

ALL_READ = (
    "All 34 hunks of `4be91c0` were read by security (3 votes), style (1) and correctness (3); "
    "5 analysers ran. "
)
BILL = "7 calls, 48 s, 0.41 USD."
SINCE = (
    "All 9 hunks changed up to `9d02f7e` were read by security (3 votes), style (1) and "
    "correctness (3); 5 analysers ran. 7 calls, 29 s, 0.19 USD; 0.60 USD for this pull request."
)
WORST = " Worst: Request data becomes SQL text (`api/orders.py:42`)."

Case = tuple[Callable[[], Report], str, str, str]
"""A report, its headline, the sentence that says who read what, and the title of its check run."""


CASES: dict[str, Case] = {
    # one hunk, one file, no hunk at all
    "clean, one hunk": (
        one,
        "**No findings.** Security (3 votes), style (1) and correctness (3) read the only hunk of "
        f"`4be91c0`; 5 analysers ran. {BILL}",
        "",
        "No findings: 3 reviewers read the only hunk",
    ),
    "finding, one hunk": (
        lambda: one(SQL),
        f"**1 finding: 1 critical.**{WORST}",
        "The only hunk of `4be91c0` was read by security (3 votes), style (1) and correctness (3); "
        f"5 analysers ran. {BILL}",
        "1 finding: 1 critical",
    ),
    "a lock file only": (
        lambda: nothing_to_read(
            left_out("poetry.lock", Reading.GENERATED, "lock file"), files=(LOCK,)
        ),
        "**Nothing was read.** The only file of `4be91c0` is left out (lock file). 0 calls, 0 s, "
        "0.00 USD.",
        "",
        "Nothing was read: 1 file left out as a lock file",
    ),
    "nothing but what is left out": (
        lambda: nothing_to_read(
            left_out("poetry.lock", Reading.GENERATED, "lock file"),
            left_out("logo.png", Reading.BINARY, "binary"),
            files=(LOCK, LOGO, MOVED),
        ),
        "**Nothing was read.** All 3 files of `4be91c0` are left out (lock file, binary and no "
        "changed line). 0 calls, 0 s, 0.00 USD.",
        "",
        "Nothing was read: 2 files left out (1 as a lock file, 1 as binary)",
    ),
    "one hunk, and what a name leaves out": (
        lambda: beside(GENERATED),
        "**No findings in 1 of 2 files: 1 left out as generated.** Security (3 votes), style (1) "
        f"and correctness (3) read 1 hunk in 1 of 2 files of `4be91c0`; 5 analysers ran. {BILL}",
        "",
        "No findings in 1 of 2 files: 1 left out as generated",
    ),
    "several kinds, many of them": (
        lambda: beside(GENERATED, LOCK, *LINKS, *VENDORED),
        "**No findings in 1 of 31 files: 30 left out (1 as generated, 1 as a lock file, 2 as "
        "symbolic links, 26 as vendored).** Security (3 votes), style (1) and "
        f"correctness (3) read 1 hunk in 1 of 31 files of `4be91c0`; 5 analysers ran. {BILL}",
        "",
        "No findings in 1 of 31 files; 30 files left out",
    ),
    "a finding, and what is left out": (
        lambda: beside(GENERATED, LOCK, findings=(SQL,)),
        f"**1 finding: 1 critical.**{WORST}",
        "1 hunk in 1 of 3 files of `4be91c0` was read by security (3 votes), style (1) and "
        "correctness (3); 5 analysers ran. 2 files left out (1 as generated, 1 as a lock file); "
        f"analysers alone read 1 of them. {BILL}",
        "1 finding: 1 critical; 2 files left out",
    ),
    "only what a name leaves out": (
        lambda: nothing_to_read(*cells_of(GENERATED), files=(GENERATED,)),
        "**Only analysers read this change, no findings.** The only file of `4be91c0` is left out "
        "(generated); analysers alone read it. 0 calls, 0 s, 0.00 USD.",
        "",
        "Only analysers read this change, no findings: 1 file left out as generated",
    ),
    "no model read it, and one is left out": (
        lambda: beside(LOCK, gaps={("*", *seat): (Reading.TIMED_OUT, "") for seat in EVERY_VOTE}),
        "**Incomplete: no model read anything.** From the analysers, no findings.",
        "Security, style and correctness did not read 1 hunk of `4be91c0`; 5 analysers ran. "
        f"1 file left out as a lock file. {BILL}",
        "Incomplete: no model read anything",
    ),
    "read before, and one is left out": (
        lambda: nothing_to_read(
            *cells_of(LOCK),
            files=(*ONE.files, LOCK),
            carried=(HunkRef("api/orders.py", 0),),
            history=SINCE_THE_FIRST,
        ),
        "**No findings in 1 of 2 files: 1 left out as a lock file.** 1 hunk of `4be91c0` was read "
        "before and has not changed since. 1 file left out as a lock file. 0 calls, 0 s, 0.00 USD; "
        "0.41 USD for this pull request.",
        "",
        "No findings in 1 of 2 files: 1 left out as a lock file",
    ),
    "static, and one is left out": (
        lambda: beside(GENERATED, files=2, **STATIC_ONLY),
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No rule matched: 600 rules, 2 of 2 files of `4be91c0` have rules. "
        "1 file left out as generated; analysers alone read it. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings; 1 file left out",
    ),
    "static, finding, and one is left out": (
        lambda: beside(LOCK, findings=(SHELL,), files=1, **STATIC_ONLY),
        "**Static analysis only, 1 finding: 1 high.** Worst: A shell runs text from the request "
        "(`tools/export.py:30`).",
        "No model read this change: no API key is set. 5 analysers read 1 of 2 files of "
        "`4be91c0`. 1 file left out as a lock file. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: 1 high; 1 file left out",
    ),
    "a file moved": (
        lambda: nothing_to_read(files=(MOVED,)),
        "**No findings.** There is nothing to read in `4be91c0`: no line of its only file has "
        "changed. 0 calls, 0 s, 0.00 USD.",
        "",
        "No findings: nothing to read",
    ),
    "no file": (
        nothing_to_read,
        "**No findings.** There is nothing to read in `4be91c0`: no file has changed. 0 calls, "
        "0 s, 0.00 USD.",
        "",
        "No findings: nothing to read",
    ),
    "everything was read before": (
        lambda: sample(coverage=CARRIED, looks=(), history=SINCE_THE_FIRST),
        "**No findings.** All 34 hunks of `4be91c0` were read before and have not changed since. "
        "0 calls, 0 s, 0.00 USD; 0.41 USD for this pull request.",
        "",
        "No findings: no hunk has changed",
    ),
    "everything was read before, the only one is dismissed": (
        lambda: sample(coverage=CARRIED, looks=(), history=SINCE_THE_FIRST, dismissed=(DISMISSED,)),
        "**No open findings.** Dismissed by people: 1 critical. All 34 hunks of `4be91c0` were read "
        "before and have not changed since. 0 calls, 0 s, 0.00 USD; 0.41 USD for this pull request.",
        "",
        "No open findings: no hunk has changed; 1 dismissed",
    ),
    "everything was read before, one is open": (
        lambda: sample(OPEN, coverage=CARRIED, looks=(), history=SINCE_THE_FIRST),
        f"**1 open finding: 1 critical.**{WORST}",
        "All 34 hunks of `4be91c0` were read before and have not changed since. 0 calls, 0 s, "
        "0.00 USD; 0.41 USD for this pull request.",
        "1 open: 1 critical",
    ),
    # no key
    "static, clean": (
        lambda: static(of=sample().verdict.change, files=7),
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No rule matched: 600 rules, 7 of 12 files of `4be91c0` have rules. "
        "0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, clean, one file": (
        static,
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No rule matched: 600 rules, 1 of 1 file of `4be91c0` has rules. "
        "0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, clean, a file of nobody": (
        of_nobody,
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No rule matched: 600 rules, 1 of 1 file of `4be91c0` has rules; no "
        "reviewer is set for 1 file. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, finding, one file": (
        lambda: static(SHELL),
        "**Static analysis only, 1 finding: 1 high.** Worst: A shell runs text from the request "
        "(`tools/export.py:30`).",
        "No model read this change: no API key is set. 5 analysers read the only file of "
        "`4be91c0`. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: 1 high",
    ),
    "static, finding, some files": (
        lambda: static(SHELL, of=sample().verdict.change, files=7),
        "**Static analysis only, 1 finding: 1 high.** Worst: A shell runs text from the request "
        "(`tools/export.py:30`).",
        "No model read this change: no API key is set. 5 analysers read 7 of 12 files of "
        "`4be91c0`. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: 1 high",
    ),
    "static, only low": (
        lambda: static(LOW),
        "**Static analysis only, no findings of medium or higher.** 1 low one is in the check run.",
        "No model read this change: no API key is set. 5 analysers read the only file of "
        "`4be91c0`. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: 1 low",
    ),
    "static, no analyser for it": (
        lambda: static(looks=()),
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No analyser ran. 0 calls, 0 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, no file for any of them": (
        lambda: static(files=0),
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No analyser ran. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, on purpose": (
        lambda: replace(static(), no_model="static analysis was asked for"),
        "**Static analysis only, no findings.** No model read this change.",
        "Static analysis was asked for. No rule matched: 600 rules, 1 of 1 file of `4be91c0` has "
        "rules. 0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    "static, nothing to read": (
        lambda: nothing_to_read(
            left_out("poetry.lock", Reading.GENERATED, "lock file"), files=(LOCK,), **STATIC_ONLY
        ),
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. The only file of `4be91c0` is left out (lock file). 0 calls, 0 s, "
        "0.00 USD.",
        "Static analysis only: no findings; 1 file left out",
    ),
    "static, later, fixed": (
        lambda: static(history=SINCE_THE_FIRST, fixed=FIXED),
        "**Static analysis only, no open findings.** No model read this change. Since `4be91c0`: "
        "1 fixed.",
        "No API key is set. No rule matched: 600 rules, 1 of 1 file of `4be91c0` has rules. "
        "0 calls, 1.2 s, 0.00 USD; 0.41 USD for this pull request.",
        "Static analysis only: no open findings; 1 fixed",
    ),
    "static, an analyser failed": (
        without_ruff,
        "**Incomplete: ruff failed.** In the rest, no findings.",
        "No model read this change: no API key is set. No rule matched: 5 rules, 1 of 1 file of "
        "`4be91c0` has rules. 0 calls, 1.2 s, 0.00 USD.",
        "Incomplete: ruff failed",
    ),
    "static, without the whole texts": (
        hunks_only,
        "**Static analysis only, no findings.** No model read this change.",
        "No API key is set. No rule matched: 5 rules, 1 of 1 file of `4be91c0` has rules. "
        "0 calls, 1.2 s, 0.00 USD.",
        "Static analysis only: no findings",
    ),
    # calls that brought nothing
    "every call refused": (
        lambda: all_failed(Reading.REFUSED),
        "**Incomplete: no model read anything.** From the analysers, no findings.",
        "Security, style and correctness read none of 34 hunks of `4be91c0`; 5 analysers ran. "
        "7 calls (7 refused), 48 s, 0.41 USD.",
        "Incomplete: no model read anything",
    ),
    "every call failed, analysers found one": (
        lambda: all_failed(Reading.FAILED, "the model is overloaded or down (529)", SHELL),
        "**Incomplete: no model read anything.** From the analysers, 1 finding: 1 high.",
        "Security, style and correctness read none of 34 hunks of `4be91c0`; 5 analysers ran. "
        f"{BILL}",
        "Incomplete: no model read anything; 1 high",
    ),
    "every call timed out, one is open": (
        lambda: all_failed(Reading.TIMED_OUT, "", OPEN, history=SINCE_THE_FIRST),
        "**Incomplete: no model read anything.** Known so far, 1 open finding: 1 critical.",
        "Security, style and correctness read none of 34 hunks of `4be91c0`; 5 analysers ran. "
        "7 calls, 48 s, 0.41 USD; 0.82 USD for this pull request.",
        "Incomplete: no model read anything; 1 critical",
    ),
    "every call failed, one hunk": (
        lambda: all_failed(Reading.TIMED_OUT, of=ONE),
        "**Incomplete: no model read anything.** From the analysers, no findings.",
        "Security, style and correctness did not read the only hunk of `4be91c0`; 5 analysers "
        f"ran. {BILL}",
        "Incomplete: no model read anything",
    ),
    "nothing at all ran": (
        lambda: failed(all_failed(Reading.FAILED, "the API refused the request (401)")),
        "**Failed: this change was not reviewed.** No model read anything.",
        "",
        "Failed: not reviewed, no model read anything",
    ),
    "one reviewer refused, one hunk": (
        lambda: broken({("*", "security", v): (Reading.REFUSED, "") for v in (1, 2, 3)}, of=ONE),
        "**Incomplete: security reviewed nothing.** In the rest, no findings.",
        "Style (1 vote) and correctness (3) read the only hunk of `4be91c0`, security 0; "
        "5 analysers ran. 7 calls (3 refused), 48 s, 0.41 USD.",
        "Incomplete: security read 0 of 1 hunk",
    ),
    "one vote cut off": (
        lambda: broken({("*", "security", 2): (Reading.CUT_OFF, "")}),
        "**Incomplete: 1 of 3 security votes is missing.** In the rest, no findings.",
        "Security (2 of 3), style (1) and correctness (3) read all 34 hunks of `4be91c0`; "
        f"5 analysers ran. {BILL}",
        "Incomplete: 1 of 3 security votes is missing",
    ),
    "a part refused": (
        lambda: broken(
            {("api/auth.py", "security", v): (Reading.REFUSED, "") for v in (1, 2, 3)}, SQL
        ),
        "**Incomplete: security did not read 3 of 34 hunks.** In the rest, 1 finding: 1 critical.",
        "Style (1 vote) and correctness (3) read all 34 hunks of `4be91c0`, security 31; "
        "5 analysers ran. 7 calls (3 refused), 48 s, 0.41 USD.",
        "Incomplete: security did not read 3 of 34 hunks; 1 critical",
    ),
    "two kinds of gaps": (
        lambda: broken(
            {("*", "security", 2): (Reading.CUT_OFF, ""), ("*", "style", 1): (Reading.FAILED, "x")}
        ),
        "**Incomplete: style reviewed nothing, and 1 of 3 security votes is missing.** In the "
        "rest, no findings.",
        "Security (2 of 3) and correctness (3) read all 34 hunks of `4be91c0`, style 0; "
        f"5 analysers ran. {BILL}",
        "Incomplete: style read 0 of 34 hunks",
    ),
    # only low ones, other floors
    "one low": (
        lambda: sample(LOW),
        "**No findings of medium or higher.** 1 low one is in the check run.",
        f"{ALL_READ}{BILL}",
        "No findings of medium or higher; 1 low",
    ),
    "four low": (
        lambda: sample(LOW, LOW, LOW, LOW),
        "**No findings of medium or higher.** 4 low ones are in the check run.",
        f"{ALL_READ}{BILL}",
        "No findings of medium or higher; 4 low",
    ),
    "low, and no check run": (
        lambda: replace(sample(LOW, LOW), elsewhere=""),
        "**No findings of medium or higher.** 2 low ones are folded below.",
        f"{ALL_READ}{BILL}",
        "No findings of medium or higher; 2 low",
    ),
    "low in an incomplete review": (
        lambda: broken({("*", "style", 1): (Reading.TIMED_OUT, "")}, LOW),
        "**Incomplete: style reviewed nothing.** In the rest, no findings of medium or higher. "
        "1 low one is in the check run.",
        f"Security (3 votes) and correctness (3) read all 34 hunks of `4be91c0`, style 0; "
        f"5 analysers ran. {BILL}",
        "Incomplete: style read 0 of 34 hunks; 1 low",
    ),
    "one low beside another": (
        lambda: sample(SQL, LOW),
        f"**2 findings: 1 critical, 1 low.**{WORST} The low one is only in the check run.",
        f"{ALL_READ}{BILL}",
        "2 findings: 1 critical, 1 low",
    ),
    "from high on, none": (
        lambda: below(Severity.HIGH, SETTING, LOW, LOW),
        "**No high or critical findings.** 1 medium and 2 low ones are in the check run.",
        f"{ALL_READ}{BILL}",
        "No high or critical findings; 1 medium, 2 low",
    ),
    "from high on, one": (
        lambda: below(Severity.HIGH, SQL, SETTING, LOW, LOW),
        f"**4 findings: 1 critical, 1 medium, 2 low.**{WORST} The 1 medium and 2 low ones are "
        "only in the check run.",
        f"{ALL_READ}{BILL}",
        "4 findings: 1 critical, 1 medium, 2 low",
    ),
    "from critical on, none": (
        lambda: below(Severity.CRITICAL, UNKNOWN_ORDER),
        "**No critical findings.** 1 high one is in the check run.",
        f"{ALL_READ}{BILL}",
        "No critical findings; 1 high",
    ),
    "from low on, none": (
        lambda: below(Severity.LOW, INFO),
        "**No findings of low severity or higher.** 1 info one is in the check run.",
        f"{ALL_READ}{BILL}",
        "No findings of low severity or higher; 1 info",
    ),
    # later pushes
    "later, clean": (
        second_push,
        "**No findings.** Security (3 votes), style (1) and correctness (3) read all 9 hunks "
        "changed up to `9d02f7e`; 5 analysers ran. 7 calls, 29 s, 0.19 USD; 0.60 USD for this "
        "pull request.",
        "",
        "No findings: 3 reviewers read all 9 hunks",
    ),
    "later, nothing new": (
        lambda: second_push(OPEN),
        f"**1 open finding: 1 critical.**{WORST}",
        SINCE,
        "1 open: 1 critical",
    ),
    "later, all fixed": (
        lambda: second_push(fixed=FIXED),
        "**No open findings.** Since `4be91c0`: 1 fixed.",
        SINCE,
        "No open findings; 1 fixed",
    ),
    "later, only a late one": (
        lambda: second_push(ROUNDING),
        "**No open findings.** Since `4be91c0`: 1 late.",
        SINCE,
        "No open findings; 1 late",
    ),
    "later, a low one and one fixed": (
        lambda: second_push(LOW, fixed=FIXED),
        "**No open findings of medium or higher.** 1 low one is in the check run. Since "
        "`4be91c0`: 1 fixed.",
        SINCE,
        "No open findings of medium or higher; 1 low; 1 fixed",
    ),
    "later, some new": (
        lambda: second_push(RETRY, replace(UNKNOWN_ORDER, standing=Standing.OPEN), SETTING),
        "**3 open findings: 2 high (1 new), 1 medium (new).** Worst: The retry loop never ends "
        "(`jobs/export.py:88`).",
        SINCE,
        "3 open: 2 high (1 new), 1 medium (new)",
    ),
    # what could not be verified
    "not verified": (
        lambda: verified(Reading.TIMED_OUT),
        f"**1 finding: 1 critical.**{WORST}",
        f"{ALL_READ}The finding was not verified: no answer came in time. 8 calls, 48 s, 0.41 USD.",
        "1 finding: 1 critical",
    ),
    "not all verified": (
        lambda: verified(Reading.READ, Reading.REFUSED),
        f"**1 finding: 1 critical.**{WORST}",
        f"{ALL_READ}Some findings were not verified: the model refused to answer. 9 calls, 48 s, "
        "0.41 USD.",
        "1 finding: 1 critical",
    ),
    "not verified for the money": (
        lambda: verified(Reading.BUDGET, allowance=Allowance(0.5, "this run", "--max-cost")),
        f"**1 finding: 1 critical.**{WORST}",
        f"{ALL_READ}The finding was not verified: the budget of 0.50 USD for this run is "
        f"reached. {BILL}",
        "1 finding: 1 critical",
    ),
    # budgets
    "budget of the review": (
        lambda: over(2.0, "this review", "budget.review"),
        "**Incomplete: the budget of 2.00 USD for this review is reached.** In the rest, no "
        "findings.",
        "Security (1 of 3), style (1) and correctness (1 of 3) read all 34 hunks of `4be91c0`; "
        "5 analysers ran. 3 calls, 31 s, 0.24 USD.",
        "Incomplete: budget of 2.00 USD reached",
    ),
    "budget of the run": (
        lambda: over(0.5, "this run", "--max-cost"),
        "**Incomplete: the budget of 0.50 USD for this run is reached.** In the rest, no findings.",
        "Security (1 of 3), style (1) and correctness (1 of 3) read all 34 hunks of `4be91c0`; "
        "5 analysers ran. 3 calls, 31 s, 0.24 USD.",
        "Incomplete: budget of 0.50 USD reached",
    ),
    "budget of the pull request": (
        lambda: over(2.0, "this pull request", "TRIPTYCH_MAX_COST_PULL_REQUEST", 1.5),
        "**Incomplete: the budget of 2.00 USD for this pull request is reached.** In the rest, no "
        "findings.",
        "Security (1 of 3), style (1) and correctness (1 of 3) read all 34 hunks of `4be91c0`; "
        "5 analysers ran. 3 calls, 31 s, 0.24 USD; 1.74 of 2.00 USD for this pull request.",
        "Incomplete: budget of 2.00 USD reached",
    ),
    "budget below one call": (
        lambda: too_small(0.06, "this pull request", "TRIPTYCH_MAX_COST_PULL_REQUEST", 0.0842),
        "**Incomplete: one call can cost 0.09 USD, more than the budget of 0.06 USD for this pull "
        "request, so no model was asked.** From the analysers, no findings.",
        "No model was asked to read any of the 34 hunks of `4be91c0`; 5 analysers ran. 0 calls, "
        "0.4 s, 0.00 USD; 0.00 of 0.06 USD for this pull request.",
        "Incomplete: budget of 0.06 USD is too small for one call",
    ),
    # a reviewer of some paths
    "a reviewer of some paths, clean": (
        lambda: with_docs(2, 34),
        "**No findings.** Security (3 votes), style (1) and correctness (3) read all 34 hunks of "
        f"`4be91c0`, docs (1) 2 of them; 5 analysers ran. {BILL}",
        "",
        "No findings: 3 reviewers read all 34 hunks",
    ),
    "a reviewer of some paths, finding": (
        lambda: with_docs(2, 34, SQL),
        f"**1 finding: 1 critical.**{WORST}",
        "All 34 hunks of `4be91c0` were read by security (3 votes), style (1) and correctness "
        f"(3), 2 of them also by docs (1); 5 analysers ran. {BILL}",
        "1 finding: 1 critical",
    ),
    "a reviewer of some paths, failed": (
        lambda: incomplete(with_docs(2, 34, docs=Reading.TIMED_OUT)),
        "**Incomplete: docs reviewed nothing.** In the rest, no findings.",
        "Security (3 votes), style (1) and correctness (3) read all 34 hunks of `4be91c0`, docs "
        f"0 of its 2; 5 analysers ran. {BILL}",
        "Incomplete: docs read 0 of 2 hunks",
    ),
    "no reviewer of every file": (
        lambda: only_docs(2, 34),
        "**No findings.** Of 34 hunks of `4be91c0`, docs (1 vote) read 2 and no reviewer is set "
        f"for 32; 5 analysers ran. {BILL}",
        "",
        "No findings: 1 reviewer read 2 of 34 hunks",
    ),
    # places
    "not placed": (
        lambda: sample(SETTING),
        "**1 finding: 1 medium.** Worst: The new setting is missing from the example file "
        "(`deploy/example.env`).",
        f"{ALL_READ}{BILL}",
        "1 finding: 1 medium",
    ),
    "on a removed line": (
        lambda: sample(replace(SQL, location=Location("api/orders.py", 42, 42, Side.LEFT))),
        "**1 finding: 1 critical.** Worst: Request data becomes SQL text (removed here) "
        "(`api/orders.py:42`).",
        f"{ALL_READ}{BILL}",
        "1 finding: 1 critical",
    ),
    "none inline": (
        lambda: sample(SQL, UNKNOWN_ORDER, policy=policy(inline_limit=0)),
        f"**2 findings: 1 critical, 1 high.**{WORST} None is inline.",
        f"{ALL_READ}{BILL}",
        "2 findings: 1 critical, 1 high",
    ),
    "one inline": (
        lambda: sample(SQL, UNKNOWN_ORDER, policy=policy(inline_limit=1)),
        f"**2 findings: 1 critical, 1 high.**{WORST} 1 is inline.",
        f"{ALL_READ}{BILL}",
        "2 findings: 1 critical, 1 high",
    ),
    "price unknown": (
        lambda: sample(SQL, looks=tuple(replace(k, cost=None) for k in looks())),
        f"**1 finding: 1 critical.**{WORST}",
        f"{ALL_READ}7 calls, 48 s, price unknown.",
        "1 finding: 1 critical",
    ),
}


@pytest.mark.parametrize(("make", "headline", "coverage", "title"), CASES.values(), ids=list(CASES))
def test_the_first_paragraph_and_who_read_what(
    make: Callable[[], Report], headline: str, coverage: str, title: str
) -> None:
    report = make()
    assert paragraphs(report)[0] == headline
    assert coverage_of(report) == coverage
    assert check_title(report) == title
    assert len(title) <= 80


@pytest.mark.parametrize("make", [case[0] for case in CASES.values()], ids=list(CASES))
def test_the_terminal_says_the_same(make: Callable[[], Report]) -> None:
    """The headline's first sentence, and the sentence about who read what, without markup."""
    report = make()
    shown = " ".join(" ".join(line.text for line in terminal_lines(report)).split())
    first = paragraphs(report)[0].split("**")[1].rstrip(".")
    assert shown.startswith(first.replace("`", ""))
    assert coverage_of(report).replace("`", "") in shown
