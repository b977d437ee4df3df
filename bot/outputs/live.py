"""What a person sees while calls run: a table that moves on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from bot.outputs.words import plural
from bot.outputs.workflow import plain
from reviewers.core.call import Call
from reviewers.core.policy import STATIC
from reviewers.core.visible import one_line
from reviewers.protocols import Moment

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

REFRESH = 4
"""Times a second."""
NAMED = 3
"""So many calls that nobody was asked are named; of more there is the number."""


def tell(text: str) -> None:
    """One line for a person, on standard error. Names in it may come from anybody's change."""
    try:
        sys.stderr.write(f"{plain(one_line(text))}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Nobody reads this stream any more: what is still written to it goes nowhere.

    Without it Python's own last flush fails, and the exit code with it.
    """
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class Progress:
    """Shows the moments of calls on standard error, so that standard output stays clean."""

    def __init__(self) -> None:
        self._moments: dict[str, tuple[Moment, float, float]] = {}
        self._asked: set[str] = set()
        self._not_asked: list[str] = []
        self._live: Live | None = None
        self._is_terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        if names := self._not_asked:
            few = len(names) <= NAMED
            self.say(f"Not asked: {', '.join(names) if few else plural(len(names), 'call')}.")

    def say(self, text: str) -> None:
        """One line for a person."""
        tell(text)

    def watch(self, call: Call, moment: Moment) -> None:
        """Take in a call's moment; analysers are too quick to be shown."""
        if call.engine == STATIC:
            return
        now = monotonic()
        if moment is Moment.ASKING:
            self._asked.add(call.name)
        _, since, _ = self._moments.get(call.name, (moment, now, now))
        self._moments[call.name] = (moment, since, now)
        if self._is_terminal:
            self._show()
        elif moment.is_end:
            if call.name in self._asked:
                self.say(f"{call.name}: {moment} after {now - since:.0f} s")
            else:
                self._not_asked.append(call.name)

    def _show(self) -> None:
        from rich.console import Console
        from rich.live import Live

        if self._live is None:
            console = Console(stderr=True, highlight=False)
            self._live = Live(
                get_renderable=self._table,
                console=console,
                refresh_per_second=REFRESH,
                transient=True,
            )
            self._live.start()

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        now = monotonic()
        for name, (moment, since, last) in self._moments.items():
            until = last if moment.is_end else now
            table.add_row(name, moment.value, f"{until - since:.0f} s")
        return table
