"""Which of ruff's rules we run, to whose review they belong, and what they mean to a reader.

Chosen for what breaks or is abused: rules about taste are left to ruff in the repository itself.
Titles say what happens, in our words; ruff's own messages give advice instead.
"""

from __future__ import annotations

from reviewers.engines.static.ruff_correctness import CORRECTNESS
from reviewers.engines.static.ruff_security import SECURITY
from reviewers.engines.static.ruff_table import LOW, each
from reviewers.protocols import AnalyserRule

STYLE: dict[str, AnalyserRule] = {
    **each(
        "style/dead-code",
        LOW,
        "A reader looks for a use that does not exist.",
        {
            "F401": ("The import `{}` is not used", "Remove it."),
            "F841": ("The variable `{}` is assigned and never used", "Remove it."),
            "F842": ("The variable `{}` is annotated and never used", "Remove it."),
        },
    ),
    **each(
        "style/confusing-comparison",
        LOW,
        "It works and says something else than what is meant.",
        {
            "E711": ("`None` is compared by value", "Use `is None` or `is not None`."),
            "E712": ("`True` or `False` is compared by value", "Test the value itself."),
            "E713": ("`not` stands in front of an `in` test", "Use `not in`."),
            "E714": ("`not` stands in front of an `is` test", "Use `is not`."),
        },
    ),
    **each(
        "style/needless-complexity",
        LOW,
        "A reader looks for the reason, or for what is missing.",
        {
            "F541": ("The f-string has no placeholder", "Remove the `f`, or put the value in."),
            "B013": ("A tuple of one error stands in `except`", "Remove the brackets."),
            "B014": ("The handler names the error `{}` more than once", "Name it once."),
            "B033": ("The set lists the value `{}` twice", "Correct or remove one of them."),
        },
    ),
}

RULES: dict[str, AnalyserRule] = {**SECURITY, **CORRECTNESS, **STYLE}
