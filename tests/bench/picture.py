"""Draw the picture of the README from what the command really prints.

python -m tests.bench.picture            writes .github/review.svg
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.doors.manual import Request, run
from bot.outputs.terminal import COLOURS, Line, terminal_lines

TARGET = Path(__file__).parents[2] / ".github" / "review.svg"
COMMAND = "$ triptych review --example"
LINES = 36
"""So much of the output is in the picture; nothing in it depends on the clock."""
_FONT_FACES = re.compile(r"@font-face \{.*?\n    \}\n", re.DOTALL)


def shown() -> list[Line]:
    """The lines of the output that the picture has."""
    done = run(Request(example=True, engine="static"))
    assert done.report is not None
    return terminal_lines(done.report)[:LINES]


def drawn() -> str:
    """The picture as SVG. It loads no font from anywhere: who reads the README is nobody's business."""
    console = Console(record=True, width=82, file=io.StringIO(), highlight=False)
    console.print(Text(COMMAND, style="bold"))
    console.print()
    for line in shown():
        text = Text(line.text)
        if line.severity is not None:
            text.stylize(COLOURS[line.severity], 0, line.marked)
        console.print(text)
    return _FONT_FACES.sub("", console.export_svg(title="triptych"))


if __name__ == "__main__":
    TARGET.write_text(drawn(), encoding="utf-8")
