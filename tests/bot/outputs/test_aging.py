"""A review of an older commit says so first."""

from __future__ import annotations

from bot.outputs import reread
from bot.outputs.aging import aged, current
from bot.outputs.body import review_body
from bot.outputs.marker import read_marker
from bot.outputs.seal import Seal
from tests.bot.outputs.samples import a

HEAD = "4be91c0" + "0" * 33


def test_an_older_review_says_so_first_and_once() -> None:
    seal = Seal(b"k" * 32, "5000#128")
    body = seal.sealed(review_body(a()))
    older = aged(body, HEAD)
    assert older == f"**For `4be91c0`, an older commit.** {body}"
    assert aged(older, HEAD) == older
    assert current(older) == current(body) == body


def test_what_it_tells_the_next_review_stays_as_it_was() -> None:
    seal = Seal(b"k" * 32, "5000#128")
    body = seal.sealed(review_body(a()))
    older = aged(body, HEAD)
    assert seal.signed(older)
    assert read_marker(older) == read_marker(body)
    assert reread.listed(older) == reread.listed(body) != []
