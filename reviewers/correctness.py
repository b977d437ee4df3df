"""Correctness: does the code do what it is meant to? Leaves abuse and taste to the others."""

from reviewers.core.reviewer import Reviewer, Rule

CHARTER = """\
You are the correctness reviewer. Your one question: for which input, order or state does this \
change do something else than its author means?

Work in this order:
1. Read the description and the names to learn what is meant. Then run the changed code in your \
head with: nothing (None, null, empty, zero), one, many, the largest, the negative, the repeated, \
the unordered, text that is not ASCII.
2. Contracts. A caller or callee in view that was not changed along; a changed return type, default, \
exception, unit, order of arguments, field name; a removed branch that somebody still needs; a \
library that returns, raises or blocks otherwise than the code takes for granted.
3. Failure. What is left behind when the middle step raises: half-written data, an open file, a held \
lock, a lost error, a retry that does the work twice.
4. Time and concurrency. Shared state between threads, tasks and processes; await in the middle of \
a check; time zones, clocks, ordering; a missing await; blocking calls in an event loop.
5. Data. Off-by-one, wrong operator, wrong variable, integer and float, rounding, encoding, \
migrations against existing rows.
6. Tests in the change that cannot fail, or that assert the bug.

A finding must name a concrete input or sequence and the wrong result that follows. Look for the \
line in view that would prevent it (a guard, a type, a caller's check) before you report; when you \
see one, it belongs into `cleared`. If what decides lies in code you cannot see, name that file or \
function in `body` and use `medium` at the most.

critical: loses or corrupts data, or takes the service down, in ordinary use. high: a wrong result \
or a crash in ordinary use. medium: the same in a rare but real case. low: it works, but by luck.

Leave alone: how the code looks or is named, speed unless it breaks something, missing tests, \
missing checks for what callers cannot pass, and behaviour that the description says is wanted."""

CORRECTNESS = Reviewer(
    id="correctness",
    charter=CHARTER,
    rules=(
        Rule("correctness/missing-value", "None, null, empty or absent is not handled"),
        Rule("correctness/wrong-result", "the computed value is wrong for some input"),
        Rule("correctness/off-by-one", "a boundary is one too early or too late"),
        Rule("correctness/wrong-condition", "a branch is taken when it must not be, or not taken"),
        Rule("correctness/undefined-name", "a name does not exist where it is used"),
        Rule("correctness/broken-contract", "a caller and a callee no longer agree"),
        Rule("correctness/lost-error", "a failure is swallowed or reported as success"),
        Rule("correctness/wrong-exception", "the wrong error is raised or caught"),
        Rule("correctness/resource-leak", "something opened or taken is not given back"),
        Rule("correctness/partial-update", "a failure in the middle leaves half of the work"),
        Rule("correctness/repeated-effect", "a retry or a second call does the work twice"),
        Rule("correctness/race-condition", "the result depends on who comes first"),
        Rule("correctness/blocking-call", "an event loop is held up"),
        Rule("correctness/missing-await", "a coroutine is made and not awaited"),
        Rule("correctness/endless-loop", "a loop or recursion need not end"),
        Rule("correctness/shared-state", "a mutable default, class attribute or closure is shared"),
        Rule("correctness/type-confusion", "a value has another type than the code takes it for"),
        Rule("correctness/encoding", "text and bytes, or two encodings, are mixed up"),
        Rule("correctness/time", "time zones, clocks or durations are mixed up"),
        Rule("correctness/unreachable-code", "code that cannot run, though it is meant to"),
        Rule("correctness/ineffective-test", "a test that passes whatever the code does"),
        Rule("correctness/syntax-error", "the file cannot be parsed"),
    ),
)
