"""Which of ruff's rules find what Python itself refuses: the file, a name, a method.

They belong to the correctness review.
"""

from __future__ import annotations

from reviewers.engines.static.ruff_table import HIGH, LOW, MEDIUM, each, same
from reviewers.protocols import AnalyserRule

SYNTAX = "invalid-syntax"
"""Our code for what ruff could not parse; ruff itself gives such reports none."""

_LOADING: dict[str, AnalyserRule] = {
    **same(
        "correctness/syntax-error",
        HIGH,
        "The file cannot be parsed",
        "Python stops with a SyntaxError when it loads the file: {}.",
        "Correct the syntax.",
        SYNTAX,
    ),
    **each(
        "correctness/syntax-error",
        HIGH,
        "Python stops with a SyntaxError when it loads the file.",
        {
            "F404": ("The import from `__future__` stands too late", "Move it to the top."),
            "F407": (
                "The feature `{}` is not in `__future__`",
                "Correct the name, or remove the import.",
            ),
            "F622": ("The assignment has two starred targets", "Leave only one star."),
            "F701": (
                "`break` stands outside of a loop",
                "Move it into the loop, or remove it.",
            ),
            "F702": (
                "`continue` stands outside of a loop",
                "Move it into the loop, or remove it.",
            ),
            "F704": (
                "The keyword `{}` stands outside of a function",
                "Move it into a function.",
            ),
            "F706": ("`return` stands outside of a function", "Move it into a function."),
            "F707": (
                "A bare `except` stands before another handler",
                "Move it behind the other handlers.",
            ),
            "PLE0115": (
                "The name `{}` is both `nonlocal` and `global`",
                "Remove one of the two statements.",
            ),
            "PLE0117": (
                "The nonlocal name `{}` is in no function around",
                "Assign it in the outer function, or remove `nonlocal`.",
            ),
            "PLE0118": (
                "The name `{}` is used before its `global` line",
                "Move the `global` line to the top of the function.",
            ),
            "PLE1142": ("`await` stands outside of an async function", "Make the function async."),
            "PLE1700": ("`yield from` stands in an async function", "Use `async for` and `yield`."),
        },
    ),
    **same(
        "correctness/syntax-error",
        LOW,
        "The annotation in quotes is no valid Python",
        "Whatever evaluates annotations fails on it, such as `typing.get_type_hints`.",
        "Correct the annotation.",
        "F722",
    ),
}

_NAMES: dict[str, AnalyserRule] = {
    **same(
        "correctness/undefined-name",
        HIGH,
        "The name `{}` is not defined",
        "A NameError is raised when this line is reached.",
        "Define or import the name, or correct its spelling.",
        "F821",
    ),
    **same(
        "correctness/undefined-name",
        HIGH,
        "The variable `{}` is read before it has a value",
        "The function assigns it further down, so it is local from the start: reading it raises an "
        "UnboundLocalError.",
        "Assign it first, or give the local variable another name.",
        "F823",
    ),
    **same(
        "correctness/undefined-name",
        HIGH,
        "The name `{}` in `__all__` is not defined",
        "An import of `*` from this module raises an AttributeError.",
        "Define or import the name, or remove it from `__all__`.",
        "F822",
    ),
    **same(
        "correctness/undefined-name",
        HIGH,
        "The attribute `{}` is not in `__slots__`",
        "Assigning it raises an AttributeError.",
        "Add it to `__slots__`.",
        "PLE0237",
    ),
    **same(
        "correctness/broken-contract",
        MEDIUM,
        "The name `{}` is defined again before it is used",
        "The later meaning takes the place of the earlier one, which nothing has used.",
        "Rename or remove one.",
        "F811",
    ),
    **same(
        "correctness/broken-contract",
        LOW,
        "The loop variable `{}` hides an import",
        "From here on the name means the loop's last value.",
        "Rename the loop variable.",
        "F402",
    ),
    **each(
        "correctness/broken-contract",
        MEDIUM,
        "An import of `*` from this module fails.",
        {
            "PLE0604": ("`__all__` holds something that is no text", "Write names as strings."),
            "PLE0605": ("`__all__` is neither a list nor a tuple", "Make it a list of strings."),
        },
    ),
}

_METHODS: dict[str, AnalyserRule] = {
    **each(
        "correctness/broken-contract",
        MEDIUM,
        "Python raises an error when it calls the method.",
        {
            "PLE0302": (
                "The method `{}` takes a wrong number of arguments",
                "Give it the parameters that Python passes.",
            ),
            "PLE0303": (
                "`__len__` returns something else than a length",
                "Return an integer that is not negative.",
            ),
            "PLE0304": ("`__bool__` returns something else than a bool", "Return a bool."),
            "PLE0305": ("`__index__` returns something else than a number", "Return an int."),
            "PLE0307": ("`__str__` returns something else than a text", "Return a str."),
            "PLE0308": ("`__bytes__` returns something else than bytes", "Return bytes."),
            "PLE0309": ("`__hash__` returns something else than a number", "Return an int."),
        },
    ),
    **each(
        "correctness/broken-contract",
        HIGH,
        "Making an object of this class raises a TypeError.",
        {
            "PLE0100": ("`__init__` is a generator", "Move the `yield` into another method."),
            "PLE0101": ("`__init__` returns a value", "Return nothing."),
        },
    ),
    **same(
        "correctness/broken-contract",
        HIGH,
        "The base class `{}` is listed twice",
        "A TypeError is raised when the file is loaded.",
        "Remove one of them.",
        "PLE0241",
    ),
}

REFUSED: dict[str, AnalyserRule] = {**_LOADING, **_NAMES, **_METHODS}
