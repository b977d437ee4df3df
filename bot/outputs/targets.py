"""`FORMAT[=FILE]`: in which forms a person asks for a review, and where each goes.

Apart from the forms themselves, which take a second to load: `triptych --help` names them.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UsageProblem


class Format(enum.StrEnum):
    """How a review is written."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"

    @classmethod
    def named(cls) -> str:
        """All of them for a reader of the help: `terminal (the default), json or sarif`."""
        first, *middle, last = cls
        return f"{', '.join((f'{first} (the default)', *middle))} or {last}"

    @property
    def is_utf8(self) -> bool:
        """Whether it is for machines, and UTF-8 whatever the locale says."""
        return self in (Format.JSON, Format.SARIF)


@dataclass(frozen=True, slots=True)
class Target:
    """One form and where it goes; None is standard output."""

    format: Format
    file: Path | None = None


def read_targets(given: Sequence[str], output: Path | None = None) -> tuple[Target, ...]:
    """What `--format` (as often as wanted) and `--output` ask for.

    `--output` names the file of the one format that names none itself. UsageProblem for a word that
    is no format, two that would share standard output, and a file that is named twice.
    """
    targets = [_target(text) for text in given or (Format.TERMINAL.value,)]
    open_ended = [t for t in targets if t.file is None]
    if output is not None and not open_ended:
        raise UsageProblem(
            "--output has no format to write.", "Give one --format without a file of its own."
        )
    if len(open_ended) > 1:
        raise UsageProblem(
            "Only one format can go to standard output.", "Give the others as FORMAT=FILE."
        )
    whole = tuple(Target(t.format, t.file or output) for t in targets)
    files = [t.file.absolute() for t in whole if t.file]
    if len(files) > len(set(files)):
        raise UsageProblem("Two formats name the same file.", "Give each a file of its own.")
    return whole


def _target(text: str) -> Target:
    word, has_file, file = text.partition("=")
    try:
        chosen = Format(word)
    except ValueError:
        known = ", ".join(Format)
        raise UsageProblem(
            f"{text!r} is no format.", f"Give one of {known}, or one of them as FORMAT=FILE."
        ) from None
    if has_file and not file:
        raise UsageProblem(f"--format {text} names no file.", "Give it as FORMAT=FILE.")
    return Target(chosen, Path(file) if file else None)
