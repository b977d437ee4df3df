"""How the operator's commands show things: data on standard output, progress on standard error.

What comes from GitHub (titles, logins, addresses) is anybody's text: it is cleared of secrets and
of what a terminal would obey.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bot.operator.doctor.check import Check, State
from bot.outputs.live import tell
from bot.outputs.stdout import write_out
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.table import Table

COLOURS = {
    State.OK: "green",
    State.NOTE: "cyan",
    State.TODO: "bold red",
    State.UNKNOWN: "yellow",
}
STATE_WIDTH = max(len(state) for state in State)
ABOUT_WIDTH = 23
WHOLE = ("ID", "GUID")
"""Columns of names that a person copies: a line break in one would spoil it."""
GAP = 2
"""Spaces between columns."""


@dataclass(frozen=True)
class Told:
    """Makes texts fit to be shown. `secrets` are this process's own."""

    secrets: frozenset[str] = frozenset()

    def __call__(self, text: str) -> str:
        """One line without secrets and without hidden characters."""
        return one_line(Redaction(self.secrets)(text))

    def say(self, text: str) -> None:
        """A line for the person, on standard error."""
        tell(self(text))


def show_checks(checks: Sequence[Check]) -> None:
    """One line each; on a terminal the state has a colour."""
    for check in checks:
        text = " ".join(part for part in (check.said, check.do) if part)
        about = f"{check.about:<{ABOUT_WIDTH}}"
        if not sys.stdout.isatty():
            write_out(f"{check.state.value:<{STATE_WIDTH}}  {about}  {text}\n")
            continue
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=STATE_WIDTH)
        row.add_column(width=max(ABOUT_WIDTH, len(check.about)))
        row.add_column(ratio=1)
        state = Text(check.state.value, style=COLOURS[check.state])
        row.add_row(state, Text(about.rstrip()), Text(text))
        Console(highlight=False).print(row)


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns; the cells must have been told already."""
    if sys.stdout.isatty():
        _show_on_terminal(header, rows)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    )
    write_out("".join(f"{line}\n" for line in lines))


def _show_on_terminal(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """What does not fit is folded, except for names: then they stand on a line above the others."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    columns = list(zip(header, *rows, strict=True))
    if sum(map(_longest, columns)) + GAP * (len(columns) - 1) <= console.width:
        above: list[int] = []
    else:
        above = [i for i, name in enumerate(header) if name in WHOLE]
    below = [i for i in range(len(header)) if i not in above]
    widths = _widths([columns[i] for i in below], console.width)
    for number, row in enumerate((header, *rows)):
        style = "" if number else "bold"
        if above:
            name = (" " * GAP).join(row[i] for i in above)
            console.print(Text(name, style=style), soft_wrap=True)
        if below:
            console.print(_line([row[i] for i in below], widths, style))


def _line(cells: Sequence[str], widths: Sequence[int], style: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for width in widths:
        line.add_column(width=width, overflow="fold")
    line.add_row(*(Text(cell, style=style) for cell in cells))
    return line


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """As wide as their cells, or less: the widest gives first, and no word is cut while others give."""
    widths = [_longest(cells) for cells in columns]
    words = [_longest([w for cell in cells for w in cell.split()]) for cells in columns]
    while sum(widths) + GAP * (len(widths) - 1) > room and max(widths) > 1:
        loose = [i for i, width in enumerate(widths) if width > words[i]] or range(len(widths))
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _longest(texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)


def show_json(shape: str, content: Mapping[str, object]) -> None:
    """A versioned document."""
    document = {"schema": shape, **content}
    write_out(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def moment(at: float) -> str:
    """Seconds since the epoch as `2026-11-24 18:20:03Z`, "" for not yet."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}" if at else ""


class Steps:
    """Shows how far something is: a bar on a terminal, a line for each step elsewhere."""

    def __init__(self, told: Told, what: str, total: int | None = None) -> None:
        self._told = told
        self._what = what
        self._total = total
        self._done = 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            console = Console(stderr=True, highlight=False)
            self._bar = Progress(console=console, transient=True)
            self._task = self._bar.add_task(self._what, total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, text: str) -> None:
        """One more is done."""
        self._done += 1
        if self._bar and self._task is not None:
            self._bar.advance(self._task)
        else:
            total = f" of {self._total}" if self._total is not None else ""
            self._told.say(f"{self._done}{total}: {text}")
