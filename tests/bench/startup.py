"""How long the command takes to say something: `--help`, and the bundled example without a model.

    python -m tests.bench.startup [RUNS]

Prints the median and the largest of RUNS (7) runs each, in seconds, after one that is not counted.
Goals: 0.5 s and 2 s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

COMMANDS = (
    ("triptych --help", ("--help",), 0.5),
    (
        "triptych review --example --engine static",
        ("review", "--example", "--engine", "static"),
        2.0,
    ),
)


def main() -> None:
    """Time each command as a whole process."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    program = str(Path(sysconfig.get_path("scripts")) / "triptych")
    for name, arguments, goal in COMMANDS:
        times = [timed([program, *arguments]) for _ in range(runs + 1)][1:]
        print(
            f"{name}: median {statistics.median(times):.2f} s, largest {max(times):.2f} s"
            f" (goal {goal} s)"
        )


def timed(command: list[str]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
