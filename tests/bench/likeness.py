"""How alike are two reviewers' words on one issue, and on two? The figures behind the thresholds.

    python -m tests.bench.likeness FOLDER

FOLDER holds recorded reviews: `panels/NAME.sarif`, one pull request each with one run per tool and
one result per comment, and `answers.json`, which names for each pull request and each comment (by
guid) the confirmed issues that it found. Prints how `wording()` of two comments by different tools
on one pull request falls, for pairs that found the same issue and for pairs that found others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from reviewers.core.aggregate.likeness import (
    NEAR_WORDING,
    REPETITION_WORDING,
    SAME_PLACE_WORDING,
    wording,
)

SHOWN = (5, 10, 25, 50, 75, 90, 95, 98, 99)
"""Percentiles that are printed."""
STEPS = tuple(round(0.05 * i, 2) for i in range(13))
"""Thresholds that are tried."""
CHOSEN = {
    SAME_PLACE_WORDING: "SAME_PLACE_WORDING",
    NEAR_WORDING: "NEAR_WORDING",
    REPETITION_WORDING: "REPETITION_WORDING",
}


def pairs(panel: dict[str, Any], found: dict[str, list[int]]) -> Iterator[tuple[bool, float]]:
    """For two comments that both found issues: whether they found one in common, and `wording`."""
    said = [
        (run["tool"]["driver"]["name"], issues, result["message"]["text"])
        for run in panel["runs"]
        for result in run["results"]
        if (issues := set(found.get(result["guid"], ())))
    ]
    for (tool, issues, text), (other_tool, other_issues, other_text) in combinations(said, 2):
        if tool != other_tool:
            yield bool(issues & other_issues), wording(text, other_text)


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """The likenesses of all pairs on the same issue, and of all pairs on different ones."""
    answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    same: list[float] = []
    other: list[float] = []
    for file in sorted((folder / "panels").glob("*.sarif")):
        panel = json.loads(file.read_text(encoding="utf-8"))
        for is_same, alike in pairs(panel, answers[file.stem]["matches"]):
            (same if is_same else other).append(alike)
    return same, other


def share(values: list[float], threshold: float) -> float:
    """How much of them lies at or above the threshold, 0 to 1."""
    return sum(v >= threshold for v in values) / len(values)


def main(folder: Path) -> None:
    """Print the two distributions, and what each threshold would join."""
    same, other = measure(folder)
    for name, values in (("same issue", same), ("different issues", other)):
        cuts = quantiles(values, n=100, method="inclusive")
        row = "  ".join(f"p{p} {cuts[p - 1]:.2f}" for p in SHOWN)
        print(f"{name:17s} {len(values):5d} pairs, median {median(values):.2f}:  {row}")
    print("\nfrom   to    same   different   ratio   (shares of the pairs in that band)")
    steps = sorted({*STEPS, *CHOSEN})
    for low, high in pairwise((*steps, 1.01)):
        left, right = (share(values, low) - share(values, high) for values in (same, other))
        ratio = f"{left / right:5.1f}" if right else "    -"
        print(f"{low:.2f}  {min(high, 1):.2f}  {left:6.1%}  {right:9.1%}   {ratio}")
    print("\nthreshold  joined of the same issue  joined of different issues")
    for step in steps:
        row = f"{step:9.2f}  {share(same, step):24.1%}  {share(other, step):26.1%}"
        print(row, CHOSEN.get(step, ""))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
