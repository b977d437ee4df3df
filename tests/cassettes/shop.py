"""The pull request that the GitHub cassette is recorded with: `acme/shop#1`, as a git repository.

    python -m tests.cassettes.shop FOLDER

makes the bare repository FOLDER with the branches `main` and `topic`, and prints both commits. They
are the same wherever and whenever it is made.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.builders import ORDERS, SQL_LINE

BEFORE = {"README.md": "# The shop\n", "AGENTS.md": "Queries take parameters.\n"}
AFTER = {**BEFORE, "api/orders.py": ORDERS}
SQL = ORDERS.split("\n")[SQL_LINE - 1]


def make(folder: Path) -> tuple[str, str]:
    """Make the repository; its two commits."""
    _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    base = _commit(folder, "main", BEFORE)
    return base, _commit(folder, "topic", AFTER, base)


def _commit(folder: Path, branch: str, files: Mapping[str, str], parent: str = "") -> str:
    """A commit with exactly these files, by git's own format for imports."""
    rows = [
        f"commit refs/heads/{branch}",
        "committer Ann <ann@localhost> 1795521600 +0000",
        *_data("The shop" if not parent else "List the orders"),
        *([f"from {parent}"] if parent else []),
    ]
    for path, text in files.items():
        rows += [f"M 100644 inline {path}", *_data(text)]
    _git(folder, "fast-import", "--quiet", text="\n".join([*rows, ""]))
    return _git(folder, "rev-parse", f"refs/heads/{branch}")


def _data(text: str) -> list[str]:
    return [f"data {len(text.encode())}", text]


def _git(folder: Path, *arguments: str, text: str = "") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    for commit in make(Path(sys.argv[1])):
        print(commit)
