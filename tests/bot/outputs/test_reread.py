"""Our texts read back: what a stranger has made of them takes no time and says nothing it should not."""

from __future__ import annotations

import time

import pytest

from bot.outputs import reread
from bot.outputs.marker import read_finding_marker, read_marker
from bot.outputs.seal import Seal

MOST = 65_536
"""Characters of a body or a comment at GitHub."""
URL = f"https://github.com/acme/shop/blob/{'a' * 40}/"
LINE = "1. **High: A loop never ends.** "
UNPLACED = f"{LINE}`a.py`, not on a changed line. "
DISMISSED = "**Dismissed by `mlee` on 2026-11-20:** "
LATE = "<details><summary>1 late: 1 high</summary>\n\n- **High: A loop never ends.** "
MORE = "<details><summary>2 more high: 1 inline</summary>\n\n- "
REVIEW, FINDING = "<!-- triptych 1 run=", "<!-- triptych 1 finding="
LENGTHS = "".join("`" * n + "a" for n in range(350))
HOSTILE = {
    "spans in a list": ("1. **High: ", "`a"),
    "spans in a comment": ("**High: ", "`a"),
    "spans in a reason": (UNPLACED, "`a"),
    "blanks": (UNPLACED, " "),
    "notes": (UNPLACED, " Dismissed on 1"),
    "backticks of every length": ("**High: A loop.** b\n\n", LENGTHS),
    "addresses": (f"{LINE}[`a`](", f"/blob/{'a' * 40}/"),
    "places of a late one": (LATE, "`a`, "),
    "places in a fold": (MORE, "`a`: "),
    "reasons of a dismissal": (f'{DISMISSED}"', '" High: '),
    "markers of a review": ("", f"{REVIEW}\n"),
    "markers of a finding": ("", f"{FINDING}\n"),
    "markers in one line": ("", FINDING),
}


@pytest.mark.parametrize(("head", "unit"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("texts", [False, True])
def test_the_longest_edit_is_read_at_once(head: str, unit: str, texts: bool) -> None:
    """By whoever may write to the repository: in the event loop, in each of its pull requests' reviews."""
    body = head + unit * ((MOST - len(head) - 20) // len(unit))
    seal = Seal(b"our key", "5000#128", texts)
    began = time.process_time()
    for end in ("", ".**", "\n</details>", "\n\nx"):
        text = body + end
        for read in (reread.listed, reread.late, reread.folded, reread.quiet, reread.comment):
            read(text)
        read_marker(text)
        read_finding_marker(text)
        seal.signed(text)
        seal.holds_comment("a.py", text)
    assert time.process_time() - began < 3.0


def test_a_path_that_looks_like_an_address_of_ours_is_read_whole() -> None:
    path = f"docs/blob/{'b' * 40}/a.py"
    ((_, said),) = reread.listed(f"{LINE}[`docs/…/a.py:7`]({URL}{path}#L7), 1 of 1 vote.")
    assert (said.path, said.line) == (path, 7)


@pytest.mark.parametrize(
    "body",
    [
        f"{'1' * 5_000}. {LINE[3:]}`a.py`.",
        f"{LINE}[`a.py`]({URL}a.py#L{'1' * 5_000}).",
        f"{MORE}`a.py`: A loop.\n</details>".replace("2 more", f"{'1' * 5_000} more"),
    ],
    ids=["number", "line", "how many"],
)
def test_a_number_that_is_none_of_ours_is_no_fault_of_triptychs(body: str) -> None:
    """Python reads no more than 4,300 digits."""
    reread.listed(body)
    reread.folded(body)
