"""Where a claim may stand: on the code that it quotes, on a line that GitHub accepts, or on none."""

from __future__ import annotations

from time import process_time

import pytest

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.change import Change, FileDiff, FileStatus
from reviewers.core.diff import parse_diff
from reviewers.core.finding import Claim, Dropped, Finding, Location, Reason, Severity, Side
from tests.builders import change, claim, file_diff

OLD = (
    "a = 1\ncheck(user)\nb = 2\nc = 3\nrun(a)\n"
    + "pad = 0\n" * 12
    + "far = away(1)\nfar = away(2)\n"
)
NEW = OLD.replace("check(user)\n", "").replace("run(a)", "run(a)\n\nrun(a)\nsend(b)")
"""Line 2 is removed; lines 5 to 7 (a blank one, `run(a)`, `send(b)`) are added; the end is far."""

SAID = change({"x.py": (OLD, NEW)})


def only(said: Claim, of: Change = SAID) -> Finding | Dropped:
    """What became of one claim."""
    kept = anchor([said], of)
    results: list[Finding | Dropped] = [*kept.findings, *kept.dropped]
    (result,) = results
    return result


def placed(said: Claim, of: Change = SAID) -> Location | None:
    result = only(said, of)
    assert isinstance(result, Finding)
    return result.location


RIGHT, LEFT = Side.RIGHT, Side.LEFT


@pytest.mark.parametrize(
    ("quote", "line", "side", "place"),
    [
        ("send(b)", 7, RIGHT, (7, 7, RIGHT)),
        ("send(b)", 700, RIGHT, (7, 7, RIGHT)),
        ("send(b)", 7, LEFT, (7, 7, RIGHT)),
        ("  send( b )  ", 7, RIGHT, (7, 7, RIGHT)),
        ("run(a)", 4, RIGHT, (4, 4, RIGHT)),
        ("run(a)", 6, RIGHT, (6, 6, RIGHT)),
        ("run(a)", 5, RIGHT, None),
        ("run(a)\n\nrun(a)", 4, RIGHT, (4, 6, RIGHT)),
        ("run(a)\nrun(a)\nsend(b)", 4, RIGHT, (4, 7, RIGHT)),
        ("\nrun(a)\nsend(b)", 5, RIGHT, (6, 7, RIGHT)),
        ("b = 2", 2, RIGHT, (2, 2, RIGHT)),
        ("check(user)", 2, LEFT, (2, 2, LEFT)),
        ("check(user)", 2, RIGHT, (2, 2, LEFT)),
        ("check(user)", 99, RIGHT, (2, 2, LEFT)),
        ("a = 1\ncheck(user)\nb = 2", 1, LEFT, (2, 2, LEFT)),
        ("a = 1\nb = 2", 1, LEFT, (1, 2, RIGHT)),
        ("heck(user)", 2, LEFT, (2, 2, LEFT)),
    ],
    ids=[
        *("its line", "wrong line", "wrong side", "other white space", "first of two"),
        *("second of two", "neither of two", "over a blank line", "blank line left out"),
        *("blank line first", "context", "removed", "removed, said to be there"),
        *("removed, wrong line", "removed, with what stays round it", "stays on both sides"),
        "part of a line",
    ],
)
def test_where_a_quote_stands(
    quote: str, line: int, side: Side, place: tuple[int, int, Side] | None
) -> None:
    expected = Location("x.py", *place) if place else None
    assert placed(claim("x.py", line, quote, side=side)) == expected


@pytest.mark.parametrize(
    ("path", "quote", "reason"),
    [
        ("y.py", "send(b)", Reason.UNKNOWN_FILE),
        ("", "send(b)", Reason.UNKNOWN_FILE),
        ("x.py", "", Reason.NO_QUOTE),
        ("x.py", " \n\t\n", Reason.NO_QUOTE),
        ("x.py", "invented(code)", Reason.QUOTE_NOT_FOUND),
        ("x.py", "send(b)\ninvented(code)", Reason.QUOTE_NOT_FOUND),
        ("x.py", "check(user)\nsend(b)", Reason.QUOTE_NOT_FOUND),
        ("x.py", "end(b)", Reason.QUOTE_NOT_FOUND),
    ],
    ids=[
        *("file", "no file", "no quote", "blank", "code", "half of it", "from two sides"),
        "part of a line, too short to count",
    ],
)
def test_what_is_invented_is_dropped_with_its_reason(path: str, quote: str, reason: Reason) -> None:
    said = claim(path, 7, quote)
    assert only(said) == Dropped(said, reason)


@pytest.mark.parametrize(
    ("quote", "line", "seen_at"),
    [("far = away(2)", 1, 21), ("pad = 0", 15, 15), ("pad = 0", 1, 0), ("far = away(", 20, 20)],
    ids=["once", "one of many, its line", "one of many", "part of two, its line"],
)
def test_code_outside_of_the_hunks_is_told_without_a_line(
    quote: str, line: int, seen_at: int
) -> None:
    texts = SAID.files[0].text
    assert texts is not None
    assert texts.split("\n")[20] == "far = away(2)"
    result = only(claim("x.py", line, quote))
    assert isinstance(result, Finding)
    assert (result.location, result.seen_at, result.line) == (None, seen_at, seen_at)


@pytest.mark.parametrize("line", [5, 99], ids=["another line", "no line"])
def test_one_place_in_a_hunk_is_not_guessed_where_equal_code_stands_outside(line: int) -> None:
    """The claim may mean either."""
    gap = "pad = 0\n" * 12
    of = change({"x.py": (f"one = 1\n{gap}run(a)\n", f"run(a)\n{gap}run(a)\n")})
    assert placed(claim("x.py", line, "run(a)"), of) is None
    assert placed(claim("x.py", 1, "run(a)"), of) == Location("x.py", 1, 1)


GUARD = "check(user)"
BOTH = f"def a():\n{GUARD}\na()\ndef b():\n{GUARD}\n"
GONE = change({"x.py": (BOTH, BOTH.replace(f"{GUARD}\na", "a"))})
"""A guard is removed in one function and stays in another."""


@pytest.mark.parametrize(
    ("line", "side", "place"),
    [
        (2, RIGHT, (2, 2, LEFT)),
        (2, LEFT, (2, 2, LEFT)),
        (4, RIGHT, (4, 4, RIGHT)),
        (4, LEFT, (4, 4, RIGHT)),
        (3, RIGHT, None),
        (99, LEFT, None),
    ],
    ids=[
        *("removed, by the usual side", "removed", "stays", "stays, said to be removed"),
        *("neither", "neither, said to be removed"),
    ],
)
def test_of_a_removed_line_and_an_equal_one_that_stays_the_number_tells(
    line: int, side: Side, place: tuple[int, int, Side] | None
) -> None:
    """A claim about the guard that is gone must not land on the innocent one."""
    expected = Location("x.py", *place) if place else None
    assert placed(claim("x.py", line, GUARD, side=side), GONE) == expected


def test_where_a_removed_line_and_one_outside_of_the_hunks_bear_the_number_the_side_tells() -> None:
    stays = "".join(f"line({n})\n" for n in range(12)) + f"{GUARD}\n"
    gone = "".join(f"old({n})\n" for n in range(12)) + f"{GUARD}\n"
    of = change({"x.py": (gone + stays, stays)})
    assert placed(claim("x.py", 13, GUARD, side=LEFT), of) == Location("x.py", 13, 13, LEFT)
    found = only(claim("x.py", 13, GUARD), of)
    assert isinstance(found, Finding)
    assert (found.location, found.seen_at) == (None, 13)


def test_without_the_file_s_text_only_its_hunks_count() -> None:
    bare = Change((FileDiff("x.py", FileStatus.MODIFIED, SAID.files[0].hunks),))
    assert placed(claim("x.py", 7, "send(b)"), bare) == Location("x.py", 7, 7)
    dropped = only(claim("x.py", 21, "far = away(2)"), bare)
    assert isinstance(dropped, Dropped)


def test_equal_lines_in_a_row_are_told_apart_by_their_numbers() -> None:
    of = change({"x.py": (None, "same()\n" * 5)})
    for first, last in ((1, 2), (2, 3), (3, 5), (4, 5)):
        quote = "\n".join(["same()"] * (last - first + 1))
        said = claim("x.py", first, quote, end_line=last)
        assert placed(said, of) == Location("x.py", first, last)


def test_removed_lines_that_were_no_neighbours_are_no_quote() -> None:
    of = change({"x.py": ("one()\nstays()\ntwo()\n", "stays()\n")})
    dropped = only(claim("x.py", 1, "one()\ntwo()", side=LEFT), of)
    assert isinstance(dropped, Dropped)
    whole = claim("x.py", 1, "one()\nstays()\ntwo()", side=LEFT)
    assert placed(whole, of) == Location("x.py", 1, 3, LEFT)


def test_a_quote_does_not_reach_over_the_gap_between_two_hunks() -> None:
    old = "first()\n" + "gap()\n" * 20 + "last()\n"
    new = old.replace("first()", "first(1)").replace("last()", "last(1)")
    of = change({"x.py": (old, new)})
    assert len(of.files[0].hunks) == 2
    dropped = only(claim("x.py", 1, "gap()\nlast(1)\nfirst(1)"), of)
    assert isinstance(dropped, Dropped)


# --- S41: odd files


def test_s41_a_renamed_file_is_known_by_either_name_and_placed_under_the_new_one() -> None:
    (file,) = parse_diff(
        b"diff --git a/old.py b/new.py\nsimilarity index 90%\nrename from old.py\nrename to new.py\n"
        b"index 1..2 100644\n--- a/old.py\n+++ b/new.py\n@@ -1,2 +1,2 @@\n-a()\n+b()\n keep()\n"
    )
    of = Change((file,))
    for path in ("old.py", "new.py"):
        assert placed(claim(path, 1, "b()"), of) == Location("new.py", 1, 1, RIGHT)
        assert placed(claim(path, 1, "a()", side=LEFT), of) == Location("new.py", 1, 1, LEFT)
        assert placed(claim(path, 2, "keep()"), of) == Location("new.py", 2, 2, RIGHT)


def test_s41_a_deleted_file_takes_comments_on_its_left_side_only() -> None:
    of = change({"x.py": ("one()\ntwo()\n", None)})
    assert placed(claim("x.py", 2, "two()"), of) == Location("x.py", 2, 2, LEFT)


@pytest.mark.parametrize(
    "diff",
    [
        "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n",
        "diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n",
        "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
        "diff --git a/y b/x\nsimilarity index 100%\ncopy from y\ncopy to x\n",
        "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+code()\n",
    ],
    ids=["mode", "empty", "binary", "copy", "link"],
)
def test_s41_a_file_without_lines_takes_no_comment(diff: str) -> None:
    of = Change(parse_diff(diff.encode()))
    dropped = only(claim("x", 1, "code()"), of)
    assert isinstance(dropped, Dropped)
    assert dropped.reason is Reason.QUOTE_NOT_FOUND


# --- What models are shown is not quite what stands there


TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8"
KEY = ["-----BEGIN RSA PRIVATE KEY-----", "M" * 64, "N" * 64, "-----END RSA PRIVATE KEY-----"]


@pytest.mark.parametrize(
    ("line", "quote"),
    [
        (f'token = "{TOKEN}"', 'token = "ghp_…"'),
        (f'token = "{TOKEN}"', f'token = "{TOKEN}"'),
        ("if x:\u202e # admin", "if x:‹U+202E› # admin"),
        ("if x:\u202e # admin", "if x:\u202e # admin"),
        ("zero\u200bwidth = 1", "zero‹U+200B›width = 1"),
        ("caf\udce9 = 1", "caf‹0xE9› = 1"),
        ("form\x0cfeed = 1", "form‹U+000C›feed = 1"),
        ("crlf = 1\r", "crlf = 1"),
        ("\ufeffimport os", "‹U+FEFF›import os"),
        ("ls\u2028ps = 1", "ls‹U+2028›ps = 1"),
    ],
    ids=[
        *("masked secret", "secret", "shown", "as it is", "zero width", "no UTF-8"),
        *("form feed", "CRLF", "byte order mark", "line separator"),
    ],
)
def test_s40_what_was_masked_or_shown_is_found_again(line: str, quote: str) -> None:
    of = change({"x.py": (None, f"before\n{line}\nafter\n")})
    assert placed(claim("x.py", 2, quote), of) == Location("x.py", 2, 2)
    assert placed(claim("x.py", 99, quote), of) == Location("x.py", 2, 2)


def test_s48_a_finding_on_a_masked_private_key_stands_on_it() -> None:
    of = change({"x.pem": (None, "\n".join(["a", *KEY, "b", ""]))})
    shown = "----…\n…\n…\n-----END RSA PRIVATE KEY-----"
    assert placed(claim("x.pem", 2, shown), of) == Location("x.pem", 2, 5)
    assert placed(claim("x.pem", 2, "\n".join(KEY)), of) == Location("x.pem", 2, 5)


# --- What a finding takes over, and its first id


def test_a_finding_says_what_the_claim_said() -> None:
    said = claim("x.py", 7, "send(b)", severity=Severity.LOW)
    found = only(said)
    assert isinstance(found, Finding)
    assert (found.rule, found.severity, found.title, found.body, found.fix, found.quote) == (
        said.rule,
        said.severity,
        said.title,
        said.body,
        said.fix,
        said.quote,
    )
    assert found.sources == (said.source,)


def test_the_first_id_is_blind_to_line_numbers_and_not_to_which_of_two_equal_lines() -> None:
    def identity(line: int, of: Change, rule: str = "security/ssrf", path: str = "x.py") -> str:
        found = only(claim(path, line, "run(a)", rule=rule), of)
        assert isinstance(found, Finding)
        return found.id

    moved = change({"x.py": (OLD, "new()\nnewer()\n" + NEW)})
    spaced = change({"x.py": (OLD, NEW.replace("run(a)", "  run( a )"))})
    other = Change((file_diff("y.py", OLD, NEW),))
    first, second = identity(4, SAID), identity(6, SAID)
    assert first != second
    assert (identity(6, moved), identity(8, moved)) == (first, second)
    assert identity(4, spaced) == first
    assert identity(4, SAID, rule="security/other") != first
    assert identity(4, other, path="y.py") != first
    assert len(first) == 12


def test_many_claims_on_many_equal_lines_take_no_seconds() -> None:
    """Credentials look alike once they are masked; 200 of 10,000 held up a review for three seconds."""
    rows = [f"x = 'ghp_{n:036d}'" for n in range(10_000)]
    of = change({"x.py": (None, "".join(f"{row}\n" for row in rows))})
    said = [claim("x.py", line=n + 1, quote=rows[n]) for n in range(400)]
    start = process_time()
    placed_at = [f.location for f in anchor(said, of).findings]
    assert process_time() - start < 2
    assert placed_at == [Location("x.py", n + 1, n + 1) for n in range(400)]
