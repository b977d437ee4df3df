"""Which of ruff's rules belong to the correctness review, and what they mean to a reader.

Severity follows what happens when the line is reached: an error, a wrong value, or nothing yet.
"""

from __future__ import annotations

from reviewers.engines.static.ruff_refused import REFUSED
from reviewers.engines.static.ruff_table import HIGH, LOW, MEDIUM, each, same
from reviewers.protocols import AnalyserRule

_TEXTS: dict[str, AnalyserRule] = {
    code: AnalyserRule(
        "correctness/wrong-result", MEDIUM, title, body, "Make placeholders and values agree."
    )
    for body, titles in (
        (
            "An error is raised when this line is reached, and no text is made.",
            {
                "F501": "The `%` format cannot be parsed",
                "F502": "The `%` format needs a mapping, not a sequence",
                "F503": "The `%` format needs a sequence, not a mapping",
                "F505": "The `%` format lacks a named value",
                "F506": "The `%` format mixes named and unnamed placeholders",
                "F507": "Placeholders and values of the `%` format differ in number",
                "F508": "The `*` in the `%` format needs a sequence",
                "F509": "The `%` format has an unknown letter",
                "F521": "The `.format` text cannot be parsed",
                "F524": "`.format` lacks a value",
                "F525": "`.format` mixes numbered and unnumbered placeholders",
                "PLE1300": "The `%` format has an unknown letter",
                "PLE1307": "A value is not of the type that its placeholder needs",
            },
        ),
        (
            "A value is given and does not appear in the text.",
            {
                "F504": "The `%` format leaves a named value out",
                "F522": "`.format` leaves a named value out",
                "F523": "`.format` leaves a value out",
            },
        ),
        (
            "Instead of the message, a traceback of the logging module is written.",
            {
                "PLE1205": "The log call has more values than placeholders",
                "PLE1206": "The log call has fewer values than placeholders",
            },
        ),
    )
    for code, title in titles.items()
}

_STATE: dict[str, AnalyserRule] = {
    **same(
        "correctness/shared-state",
        MEDIUM,
        "The default value is shared by all calls",
        "It is made once; what one call puts into it, the next one finds.",
        "Use `None` as the default and make the value inside.",
        *("B006", "B039"),
    ),
    **same(
        "correctness/shared-state",
        LOW,
        "The function sees the loop's last value",
        "It looks the variable up when it is called, which matters if that is after the round.",
        "Bind the value as a default argument.",
        "B023",
    ),
    **same(
        "correctness/resource-leak",
        LOW,
        "The cache keeps every instance alive",
        "`self` is part of the key, so no object is freed while it is cached.",
        "Cache a function outside of the class, or use `cached_property`.",
        "B019",
    ),
    **same(
        "correctness/blocking-call",
        MEDIUM,
        "The event loop stands still here",
        "Nothing else in this process runs until the call returns.",
        "Use the asynchronous form, or `asyncio.to_thread`.",
        *("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC250", "ASYNC251"),
    ),
    **same(
        "correctness/missing-await",
        MEDIUM,
        "The call `{}` is not awaited",
        "The coroutine is made and never runs.",
        "Await the call.",
        "ASYNC105",
    ),
}

_CONDITIONS: dict[str, AnalyserRule] = {
    **same(
        "correctness/wrong-condition",
        HIGH,
        "The condition is always true",
        "A tuple that is not empty is true, whatever it holds.",
        "Remove the brackets or the comma.",
        *("F631", "F634"),
    ),
    **same(
        "correctness/wrong-condition",
        MEDIUM,
        "Values are compared by identity",
        "Two equal values need not be the same object; the result depends on the interpreter.",
        "Compare with `==`.",
        "F632",
    ),
    **same(
        "correctness/wrong-condition",
        LOW,
        "`hasattr` does not tell whether a call works",
        "An object can have `__call__` and still not be callable: Python looks at its class.",
        "Use `callable()`.",
        "B004",
    ),
    **same(
        "correctness/wrong-condition",
        LOW,
        "Types are compared with `==`",
        "An object of a subclass counts as another type.",
        "Use `isinstance()`, or `is` for exactly one type.",
        "E721",
    ),
    **same(
        "correctness/wrong-condition",
        MEDIUM,
        "The comparison has no effect",
        "Its result is thrown away; an `assert` or an assignment that was meant does not happen.",
        "Use its result, or remove the line.",
        "B015",
    ),
    **each(
        "correctness/wrong-condition",
        LOW,
        "The value is computed and thrown away; something that was meant does not happen.",
        {
            "B018": ("The expression has no effect", "Use its value, or remove the line."),
            "B032": ("The `:` makes this an annotation, not an assignment", "Use `=`."),
        },
    ),
}

_VALUES: dict[str, AnalyserRule] = {
    code: AnalyserRule("correctness/wrong-result", MEDIUM, title, body, fix)
    for body, words in (
        (
            "Python reads two signs here, not an operator of its own.",
            {"B002": ("The operator `{}` changes nothing", "Use `+= 1` or `-= 1`.")},
        ),
        (
            "Programs that are started from here still get the old values.",
            {
                "B003": (
                    "Assigning to `os.environ` leaves the environment as it is",
                    "Use `os.environ.clear()` and `os.environ.update()`.",
                )
            },
        ),
        (
            "All of these characters go, in any order and number, not the text as a whole.",
            {
                "B005": ("`strip` takes its text as single characters", "Use `removeprefix`."),
                "PLE1310": ("`strip` takes its text as single characters", "Use `removeprefix`."),
            },
        ),
        (
            "The group is an iterator, and the first use has used it up.",
            {"B031": ("The group of `groupby` is empty the second time", "Keep `list(group)`.")},
        ),
        (
            "Flags that stand where the count belongs limit the replacements and do nothing else.",
            {"B034": ("The call `{}` gets its options by position", "Pass them by name.")},
        ),
        (
            "Each entry overwrites the one before; only the last value stays.",
            {
                "B035": (
                    "Every entry of the dictionary has the same key",
                    "Use the loop variable in the key.",
                ),
                "F601": ("The key `{}` stands twice in the dictionary", "Correct one of them."),
                "F602": ("The key `{}` stands twice in the dictionary", "Correct one of them."),
            },
        ),
        (
            "An IndexError is raised when this line is reached.",
            {"PLE0643": ("The index is beyond the end", "Use an index that exists.")},
        ),
        (
            "A TypeError is raised when this line is reached.",
            {
                "PLE1507": ("`os.getenv` gets a name that is no text", "Pass a string."),
                "F633": ("`>>` does not redirect `print`", "Pass the stream as `file=`."),
                "PLE1132": ("The argument `{}` is passed twice", "Pass it once."),
                "PLE1520": (
                    "`@singledispatchmethod` stands on a plain function",
                    "Use `@singledispatch`.",
                ),
            },
        ),
        (
            "The first argument of a method is its object, so every call takes the same way.",
            {
                "PLE1519": (
                    "`@singledispatch` looks at `self` only",
                    "Use `@singledispatchmethod`.",
                )
            },
        ),
    )
    for code, (title, fix) in words.items()
}

_UNCLEAR: dict[str, AnalyserRule] = {
    **same(
        "correctness/wrong-result",
        LOW,
        "The loop variable `{}` replaces what is looped over",
        "From the first round on the name no longer holds the collection.",
        "Rename one of them.",
        "B020",
    ),
    **same(
        "correctness/wrong-result",
        LOW,
        "The starred values come before the named argument",
        "Python puts starred values first, whatever the order of writing, so they can fill the "
        "parameter that is named here as well.",
        "Write the starred values first.",
        "B026",
    ),
}
"""Right in most code, and wrong without a sign where it is not."""

_ERRORS: dict[str, AnalyserRule] = {
    **each(
        "correctness/wrong-exception",
        MEDIUM,
        "Python raises a TypeError in its place.",
        {
            "B016": ("What is raised here is no exception", "Raise an exception."),
            "F901": (
                "`NotImplemented` is raised and is no exception",
                "Raise `NotImplementedError`.",
            ),
            "B030": ("`except` names something that is no exception", "Name exception classes."),
        },
    ),
    **same(
        "correctness/wrong-exception",
        MEDIUM,
        "There is no error here to raise again",
        "Outside of a handler, a bare `raise` ends in a RuntimeError.",
        "Name the error to raise.",
        "PLE0704",
    ),
    **same(
        "correctness/wrong-exception",
        MEDIUM,
        "`except ()` catches nothing",
        "The handler never runs.",
        "Name the errors to catch.",
        "B029",
    ),
    **same(
        "correctness/lost-error",
        MEDIUM,
        "`finally` swallows the error",
        "Leaving the block this way drops the exception that was on its way.",
        "Move the statement behind the block.",
        "B012",
    ),
    **same(
        "correctness/lost-error",
        LOW,
        "Every error is swallowed here",
        "Also the ones nobody thought of: the failure shows somewhere else, or never.",
        "Catch the error that is expected, and log it.",
        *("S110", "S112", "E722"),
    ),
    **same(
        "correctness/ineffective-test",
        MEDIUM,
        "The test passes on any error",
        "A typo inside of the block raises an error, too, and counts as success.",
        "Name the error that is expected.",
        "B017",
    ),
}

CORRECTNESS: dict[str, AnalyserRule] = {
    **REFUSED,
    **_TEXTS,
    **_STATE,
    **_CONDITIONS,
    **_VALUES,
    **_UNCLEAR,
    **_ERRORS,
}
