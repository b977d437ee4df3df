"""Draw the picture of the README from what the command really prints.

python -m tests.bench.picture            writes .github/review.svg
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.doors.manual import Request, run
from bot.outputs.terminal import COLOURS, terminal_lines

TARGET = Path(__file__).parents[2] / ".github" / "review.svg"
COMMAND = "$ triptych review --example"
LINES = 42
"""So much of the output is in the picture."""


def drawn() -> str:
    """The picture as SVG."""
    done = run(Request(example=True, engine="static"))
    assert done.report is not None
    console = Console(record=True, width=82, file=Path("/dev/null").open("w"), highlight=False)  # noqa: SIM115
    console.print(Text(COMMAND, style="bold"))
    console.print()
    for line in terminal_lines(done.report)[:LINES]:
        text = Text(line.text)
        if line.severity is not None:
            text.stylize(COLOURS[line.severity], 0, line.marked)
        console.print(text)
    return console.export_svg(title="triptych")


if __name__ == "__main__":
    TARGET.write_text(drawn(), encoding="utf-8")
