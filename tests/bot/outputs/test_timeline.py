"""The picture of a review: every second is drawn as what it was, and said in words as well."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.document import document
from bot.outputs.shapes import Document
from bot.outputs.timeline import (
    NARROW,
    ROWS,
    WIDE,
    Kind,
    Layout,
    Row,
    Span,
    Timeline,
    ticks,
    timeline,
    timeline_svg,
)
from bot.report import Report
from reviewers.core.call import Attempt, Look, Reading
from tests.bot.outputs import samples
from tests.bot.outputs.golden import assert_golden
from tests.bot.outputs.stored import of_gaps, of_many_steps


def read(report: Report) -> Document:
    return Document.model_validate_json(document(report))


def with_looks(*looks: Look) -> Timeline:
    report = samples.b()
    return timeline(read(replace(report, verdict=replace(report.verdict, looks=looks))))


def one(**more: object) -> Row:
    """The row of one call, which began with the review."""
    look = replace(samples.looks()[3], **{"start": 7.0, "seconds": 20.0, **more})  # type: ignore[arg-type]
    return with_looks(look).rows[0]


@pytest.mark.parametrize(
    ("name", "layout"), [("timeline.wide.svg", WIDE), ("timeline.narrow.svg", NARROW)]
)
def test_the_picture_is_that_of_the_golden_file(name: str, layout: Layout) -> None:
    assert_golden(name, timeline_svg(timeline(read(of_many_steps())), layout))


def test_a_row_for_the_analysers_one_a_call_and_one_for_the_aggregation() -> None:
    names = [row.name for row in timeline(read(of_many_steps())).rows]
    assert names == [
        *("analysers", "security 1", "security 2", "security 3", "style 1"),
        *("correctness 1", "correctness 2", "correctness 3", "verifier 1", "aggregate"),
    ]


def test_who_waited_was_lost_and_answered() -> None:
    row = timeline(read(of_many_steps())).rows[3]
    assert [(s.kind, round(s.start, 2), round(s.end, 2), s.said) for s in row.spans] == [
        (Kind.WAITED, 0.05, 4.15, ""),
        (Kind.LOST, 4.15, 13.55, "529"),
        (Kind.ANSWERED, 14.05, 31.55, ""),
    ]
    assert row.figures == "61k / 60k / 1.2k"
    assert row.price == "0.04"


def test_findings_are_put_together_at_the_end_of_each_round() -> None:
    spans = timeline(read(of_many_steps())).rows[-1].spans
    assert [(s.kind, round(s.start, 1)) for s in spans] == [
        (Kind.SETTLED, 33.8),
        (Kind.SETTLED, 45.2),
    ]


def test_a_call_without_attempts_answered_after_it_had_waited() -> None:
    assert one(waited=5.0).spans == (
        Span(Kind.WAITED, 0.0, 5.0),
        Span(Kind.ANSWERED, 5.0, 20.0),
    )


@pytest.mark.parametrize(
    "reading", [Reading.REFUSED, Reading.CUT_OFF, Reading.TIMED_OUT, Reading.FAILED]
)
def test_a_call_that_came_to_nothing_is_lost_and_named(reading: Reading) -> None:
    row = one(reading=reading, attempts=(Attempt(0.0, 20.0, "200"),))
    assert row.spans == (Span(Kind.LOST, 0.0, 20.0, reading.value),)
    assert row.ended == reading.value


def test_a_call_that_was_not_started_shows_nothing_but_its_name() -> None:
    row = one(reading=Reading.BUDGET, seconds=0.0)
    assert row.spans == ()
    assert row.ended == "budget"
    assert row.words == ""


def test_an_unknown_price_is_said() -> None:
    assert one(cost=None).price == "unknown"


def test_nothing_ran() -> None:
    empty = with_looks()
    assert empty == Timeline((), 0.0)
    ET.fromstring(timeline_svg(empty, WIDE))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0.0, [0]),
        (0.3, [0, 0.1, 0.2, 0.3]),
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (48.0, [0, 10, 20, 30, 40]),
        (60.0, [0, 10, 20, 30, 40, 50, 60]),
        (95.0, [0, 30, 60, 90]),
        (720.0, [0, 120, 240, 360, 480, 600, 720]),
    ],
)
def test_ticks_are_round_and_few(length: float, expected: list[float]) -> None:
    found = ticks(length)
    if length == 60:
        assert found in (expected, [0, 15, 30, 45, 60])
    else:
        assert found == expected


@settings(max_examples=200)
@given(st.floats(0.0, 1e6))
def test_there_are_never_many_ticks(length: float) -> None:
    found = ticks(length)
    assert len(found) <= 24
    assert all(t <= length + 1e-6 for t in found)


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "report", [of_many_steps(), of_gaps(), *(getattr(samples, n)() for n in "abcdefghi")]
)
def test_every_picture_is_sound_and_stays_within_its_frame(report: Report, layout: Layout) -> None:
    svg = timeline_svg(timeline(read(report)), layout)
    root = ET.fromstring(svg)
    height = float(root.attrib["height"])
    for element in root:
        x = element.attrib.get("x") or element.attrib.get("cx") or element.attrib["x1"]
        left = float(x.removesuffix("%"))
        width = float(element.attrib.get("width", "0%").removesuffix("%"))
        assert 0 <= left <= left + width <= 100.5
        y = element.attrib.get("y") or element.attrib.get("cy") or element.attrib["y1"]
        assert 0 <= float(y) <= height
    assert "style=" not in svg
    assert "href" not in svg


@pytest.mark.parametrize("text", ['<script>alert("1")</script>', "a & b", "]]>", '" onload="x'])
def test_texts_of_a_call_are_data(text: str) -> None:
    row = Row(text, (Span(Kind.LOST, 0, 1, text),), (1, 2, 3), 0.0, text)
    root = ET.fromstring(timeline_svg(Timeline((row,), 1.0), WIDE))
    assert {e.tag for e in root.iter()} <= {"svg", "text", "rect", "line", "circle"}
    assert all(set(e.attrib) <= KNOWN for e in root.iter())


KNOWN = {
    *("class", "width", "height", "role", "aria-hidden", "focusable", "x", "y", "x1", "x2"),
    *("y1", "y2", "cx", "cy", "r", "rx", "dx", "text-anchor"),
}


def test_a_large_change_draws_so_many_rows_and_no_more() -> None:
    rows = tuple(Row(f"security {i}", (Span(Kind.ANSWERED, 0, 1),)) for i in range(200))
    svg = timeline_svg(Timeline(rows, 1.0), WIDE)
    assert len(re.findall('class="answered"', svg)) == ROWS


LAYOUTS = pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])


def drawn(layout: Layout, *spans: Span, ended: str = "") -> list[ET.Element]:
    """What is drawn of one call in a review of 100 seconds, without its name."""
    svg = timeline_svg(Timeline((Row("security 1", spans, ended=ended),), 100.0), layout)
    kinds = ("lost", "answered", "waited", "cross", "cross alone", "ended", "ended inside")
    return [e for e in ET.fromstring(svg) if e.attrib["class"] in kinds]


def stands(of: ET.Element) -> tuple[str, float, str]:
    """Its kind, its place in percent and to which side of that it is."""
    x = float(of.attrib["x"].removesuffix("%"))
    return of.attrib["class"], x, of.attrib.get("text-anchor", "")


@LAYOUTS
@pytest.mark.parametrize("length", [0.0, 0.1, 1.0])
def test_a_short_loss_is_a_cross_that_stays_within_the_picture(
    layout: Layout, length: float
) -> None:
    (cross,) = drawn(layout, Span(Kind.LOST, 0.0, length))
    assert stands(cross) == ("cross alone", layout.left, "start")
    (cross,) = drawn(layout, Span(Kind.LOST, 100.0 - length, 100.0))
    kind, x, anchor = stands(cross)
    assert (kind, anchor) == ("cross alone", "end")
    assert x <= layout.right + 0.4


@LAYOUTS
def test_what_answers_after_a_short_loss_does_not_hide_its_cross(layout: Layout) -> None:
    bar, cross = drawn(layout, Span(Kind.LOST, 0.0, 0.1), Span(Kind.ANSWERED, 0.2, 30.0))
    assert (stands(bar)[0], stands(cross)[0]) == ("answered", "cross alone")


@LAYOUTS
def test_a_long_loss_is_a_bar_with_its_cross_and_its_word_inside(layout: Layout) -> None:
    bar, cross, word = drawn(layout, Span(Kind.LOST, 0.0, 100.0, "x"), ended="failed")
    assert stands(bar)[:2] == ("lost", layout.left)
    assert stands(cross) == ("cross", layout.right, "end")
    assert stands(word) == ("ended inside", layout.right, "end")


@LAYOUTS
@pytest.mark.parametrize(
    ("start", "kind"), [(90.0, Kind.LOST), (99.9, Kind.LOST), (60.0, Kind.ANALYSED)]
)
def test_a_word_that_fits_neither_behind_nor_inside_stands_before(
    layout: Layout, start: float, kind: Kind
) -> None:
    *_, word = drawn(layout, Span(kind, start, 100.0), ended="timed out")
    begins = layout.left + start / 100 * (layout.right - layout.left)
    assert stands(word)[0::2] == ("ended", "end")
    assert stands(word)[1] == pytest.approx(begins, abs=0.5)
    assert int(word.attrib["dx"]) < 0
