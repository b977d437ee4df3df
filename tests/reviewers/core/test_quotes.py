"""The check under every anchor and citation: is this code there?"""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewers.core.change import Change
from reviewers.core.finding import Location, Side, fingerprint
from reviewers.core.quotes import Quotes, code_key, quote_keys, share_code
from tests.builders import ORDERS, change, orders_change


@pytest.mark.parametrize(
    ("quote", "keys"),
    [
        ("  x = f( 1 )\t", ("x=f(1)",)),
        ("a\n\n  \nb", ("a", "b")),
        ("a\r\nb\r", ("a", "b")),
        ("", ()),
        ("\n \t\n", ()),
        ("a\u202eb", ("a‹U+202E›b",)),
    ],
    ids=["white space", "blank lines", "CRLF", "empty", "blank", "hidden"],
)
def test_how_a_quote_is_compared(quote: str, keys: tuple[str, ...]) -> None:
    assert quote_keys(quote) == keys


def test_a_line_is_compared_as_a_quote_is() -> None:
    for line in ("  x = 1", "a\u200bb", "caf\udce9", "\ufeffx", "form\x0cfeed", "x\r"):
        assert (code_key(line),) == quote_keys(line)


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ("rows = run(query)", "rows = run(query)", True),
        ("rows = run(query)", "  rows=run( query )", True),
        ("rows = run(query)", "return rows", False),
        ("rows = run(query)\nreturn rows", "return rows", True),
        ("run(query)", "rows = run(query)", True),
        ("x", "x", True),
        ("x", "x = f(x)", False),
        ("", "", False),
        ("", "rows = run(query)", False),
    ],
    ids=[
        *("equal", "white space", "other", "one of two lines", "part of a line"),
        *("short and equal", "too short to say", "both empty", "one empty"),
    ],
)
def test_quotes_of_one_code_at_another_length(a: str, b: str, shared: bool) -> None:
    assert share_code(a, b) is shared
    assert share_code(b, a) is shared


@pytest.mark.parametrize(
    ("path", "quote", "line"),
    [
        ("api/orders.py", "order = find_order(order_id)", 11),
        ("api/orders.py", "find_order(order_id)", 11),
        ("api/orders.py", "def show(order_id):\n    order = find_order(order_id)", 10),
        ("api/orders.py", "find_it(order_id)", None),
        ("api/other.py", "order = find_order(order_id)", None),
        ("api/orders.py", "rows", None),
        ("api/orders.py", "", None),
        ("", "", None),
    ],
    ids=["line", "part", "two lines", "invented", "other file", "too short", "empty", "nothing"],
)
def test_where_a_citation_stands(path: str, quote: str, line: int | None) -> None:
    """A citation is evidence only where it is found, and long enough to mean something."""
    assert Quotes(orders_change()).cited(path, quote) == line


def test_a_citation_may_stand_outside_of_the_hunks_but_not_on_a_removed_line() -> None:
    old = "removed_check(user)\n" + "pad = 0\n" * 9 + "require_login(user)\n"
    of = change({"x.py": (old, old.replace("removed_check(user)\n", ""))})
    assert Quotes(of).cited("x.py", "require_login(user)") == 10
    assert Quotes(of).cited("x.py", "removed_check(user)") is None


@given(st.lists(st.sampled_from("ab"), max_size=14), st.lists(st.sampled_from("ab"), min_size=1))
def test_a_quote_stands_wherever_its_lines_stand_in_a_row(
    text: list[str], quote: list[str]
) -> None:
    """Also where its places overlap: the search that does not start anew finds what that one finds."""
    of = change({"x.py": (None, "".join(f"{line}\n" for line in text))})
    starts = range(len(text) - len(quote) + 1)
    expected = [i + 1 for i in starts if text[i : i + len(quote)] == quote]
    for file in of.files:
        assert Quotes(of).in_text(file, quote) == expected
        places = [(first, first + len(quote) - 1) for first in expected]
        assert Quotes(of).in_hunks(file, Side.RIGHT, quote) == places


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("end", ["", "y = 2\n"], ids=["equal lines", "but for the last one"])
def test_a_quote_of_many_equal_lines_is_found_in_linear_time(side: Side, end: str) -> None:
    """16 such claims held the event loop for 10 s, on removed lines for a minute."""
    text = "x = 1\n" * 12_000
    of = change({"x.py": (None, text) if side is Side.RIGHT else (text, None)})
    (file,) = of.files
    quotes = Quotes(of)
    start = process_time()
    for lines in range(1_300, 2_000, 44):
        keys = quote_keys("x = 1\n" * lines + end)
        places = quotes.in_hunks(file, side, keys)
        assert len(places) == (0 if end else 12_001 - lines)
    assert process_time() - start < 3


def test_equal_lines_are_numbered_per_side() -> None:
    of = change({"x.py": ("same = 1\n", "same = 1\nsame = 1\n")})
    file = of.files[0]
    quotes = Quotes(of)
    assert [quotes.ordinal(file, Side.RIGHT, n, "same=1") for n in (1, 2)] == [0, 1]
    assert quotes.ordinal(file, Side.LEFT, 1, "same=1") == 0


def test_the_lines_of_a_place() -> None:
    of = Change((orders_change().files[0],))
    assert Quotes(of).at(of.files[0], Location("api/orders.py", 7, 10)) == (
        "returnrows",
        "defshow(order_id):",
    )
    assert ORDERS.split("\n")[7:9] == ["", ""]


def test_a_finding_is_known_again_by_its_first_id() -> None:
    """By rule, path and line, also under the file's old name; `None` where no line gives that id."""
    of = change({"x.py": (None, "same = run(1)\nother = 2\nsame = run(1)\n")})
    moved = replace(of.files[0], path="y.py", old_path="x.py")
    first, second = (fingerprint("a/b", "x.py", "same = run(1)", n) for n in (0, 1))
    for whole in (of, Change((moved,))):
        (file,) = whole.files
        quotes = Quotes(whole)
        assert quotes.known_as(file, Side.RIGHT, "a/b", first) == 1
        assert quotes.known_as(file, Side.RIGHT, "a/b", second) == 3
        assert quotes.known_as(file, Side.LEFT, "a/b", first) is None
        assert quotes.known_as(file, Side.RIGHT, "a/other", first) is None
