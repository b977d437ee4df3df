"""The hidden last line: what is written can be read again, and nothing else is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outputs.body import marker_of, review_body
from bot.outputs.marker import (
    HOLDING_KEPT,
    IDS_KEPT,
    MAX_CHARS,
    Marker,
    finding_marker,
    read_finding_marker,
    read_marker,
    write_marker,
)
from bot.report import Setting
from reviewers.core.finding import Dropped, Reason, Source
from reviewers.core.history import EVERYTHING
from reviewers.protocols import Analyser
from reviewers.registry import ANALYSERS
from tests import builders
from tests.bot.outputs import samples

HEX = "0123456789abcdef"
IDS = st.lists(st.text(HEX, min_size=12, max_size=12), max_size=IDS_KEPT).map(tuple)
DIGESTS = st.lists(st.text(HEX, min_size=16, max_size=16), max_size=IDS_KEPT).map(tuple)
MARKERS = st.builds(
    Marker,
    run=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=8, max_size=8),
    head=st.text(HEX, min_size=40, max_size=40),
    config=st.text(HEX, min_size=8, max_size=8),
    outcome=st.sampled_from(["clean", "findings", "incomplete", "failed", "duplicate"]),
    open=IDS,
    fixed=IDS,
    late=IDS,
    dismissed=IDS,
    unread=DIGESTS,
    cost=st.integers(0, 10**7).map(lambda n: n / 10**4),
)
PLAIN = Marker("01JD8Q7M", "4be91c0" + "0" * 33, "9f3ad2c1", "findings")
LINE = write_marker(PLAIN)


@settings(max_examples=60)
@given(MARKERS, st.text(max_size=200))
def test_what_is_written_is_read_again(marker: Marker, text: str) -> None:
    line = write_marker(marker)
    assert read_marker(f"{text}\n\n{line}") == marker
    assert len(line) <= MAX_CHARS
    assert "\n" not in line
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")


def test_it_has_the_words_that_were_agreed() -> None:
    full = replace(
        PLAIN,
        open=("7c1e9a02b4d8", "e40b77d1c9aa"),
        unread=("0cff25c9456d9f41",),
        cost=0.41,
    )
    assert write_marker(full) == (
        "<!-- triptych 1 run=01JD8Q7M head=4be91c0000000000000000000000000000000000 "
        "config=9f3ad2c1 outcome=findings open=7c1e9a02b4d8,e40b77d1c9aa fixed= late= dismissed= "
        "unread=0cff25c9456d9f41 cost=0.4100 -->"
    )
    assert LINE.endswith("dismissed= -->")


def test_however_much_there_is_to_say_it_stays_under_8_kib() -> None:
    ids = tuple(f"{n:012x}" for n in range(1000))
    digests = tuple(f"{n:016x}" for n in range(IDS_KEPT))
    line = write_marker(
        replace(
            PLAIN,
            open=ids,
            fixed=ids,
            late=ids,
            dismissed=ids,
            quiet=ids,
            more=999_999 - 2_700,
            unread=digests,
            proven=ids[:HOLDING_KEPT],
            held=ids[:HOLDING_KEPT],
            cost=9999.9,
            by=tuple(f"{i}:ruff:S602" for i in ids),
        )
    )
    assert len(line.encode()) <= 8 * 1024
    marker = read_marker(f"text\n\n{line}")
    assert marker is not None
    assert marker.open == marker.late == marker.quiet == ids[:IDS_KEPT]
    assert marker.more == 999_999, "so many more are open"
    assert marker.by == tuple(f"{i}:ruff:S602" for i in ids[: len(marker.by)])
    assert marker.by, "as many as there is room for"
    assert marker.unread == digests


def test_more_unread_hunks_than_fit_make_all_of_them_unread() -> None:
    """A hunk that nobody read and that is forgotten would count as read at the next push."""
    digests = tuple(f"{n:016x}" for n in range(IDS_KEPT + 1))
    marker = read_marker(write_marker(replace(PLAIN, unread=digests)))
    assert marker is not None
    assert marker.unread == (EVERYTHING,)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n\n"])
def test_what_the_site_adds_behind_it_does_no_harm(end: str) -> None:
    assert read_marker(f"text\r\n\r\n{LINE}{end}") == PLAIN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("text", id="no marker"),
        pytest.param(f"{LINE}\n\ntext", id="not the last line"),
        pytest.param(f"text {LINE}", id="not a line of its own"),
        pytest.param(f"> {LINE}", id="quoted"),
        pytest.param(f"`{LINE}`", id="in code"),
        pytest.param(LINE.replace("triptych 1", "triptych 2"), id="another version"),
        pytest.param(LINE.replace("triptych", "otherbot"), id="another bot"),
        pytest.param(LINE.removesuffix(" -->"), id="without its end"),
        pytest.param(LINE.replace("run=01JD8Q7M ", ""), id="without its run"),
        pytest.param(LINE.replace("run=01JD8Q7M", "run="), id="an empty run"),
        pytest.param(LINE.replace("head=", "heads="), id="without its head"),
        pytest.param(LINE.replace("outcome=findings", "outcome="), id="without its outcome"),
        pytest.param(LINE.replace("open=", "open"), id="a field without a value"),
        pytest.param(LINE.replace("open=", "open=<b>"), id="other characters"),
        pytest.param(LINE.replace("fixed=", "open=aaaaaaaaaaaa fixed="), id="a field twice"),
        pytest.param(LINE.replace(" -->", " cost=free -->"), id="cost is a word"),
        pytest.param(LINE.replace(" -->", " more=-1 -->"), id="more is below 0"),
        pytest.param(LINE.replace(" -->", " more=some -->"), id="more is a word"),
        pytest.param(LINE.replace(" -->", " cost=inf -->"), id="cost has no end"),
        pytest.param(LINE.replace(" -->", " cost=nan -->"), id="cost is no number"),
        pytest.param(LINE.replace(" -->", " cost=1e999 -->"), id="cost is too high"),
        pytest.param(LINE.replace("open=", "open=" + "a" * 9000), id="too long"),
        pytest.param("<!-- triptych 1 " + "a=b" * 3000, id="slow to refuse"),
        pytest.param(finding_marker("7c1e9a02b4d8", "security/sql-injection"), id="of a finding"),
    ],
)
def test_foreign_and_broken_markers_are_none(body: str) -> None:
    assert read_marker(body) is None


def test_ids_that_are_none_are_left_out() -> None:
    odd = LINE.replace("open=", "open=7c1e9a02b4d8,XYZ,,abc")
    marker = read_marker(odd)
    assert marker is not None
    assert marker.open == ("7c1e9a02b4d8",)


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert read_marker(LINE.replace(" -->", " mood=fine -->")) == PLAIN


# --- of a review


def test_a_review_tells_its_successors_what_became_of_what() -> None:
    marker = marker_of(samples.e())
    assert marker.head == samples.PUSHED
    assert marker.open == (samples.RETRY.id, samples.SETTING.id)
    assert marker.fixed == (samples.SQL.id, samples.UNKNOWN_ORDER.id)
    assert marker.late == (samples.ROUNDING.id,)
    assert marker.cost == pytest.approx(0.60)
    assert read_marker(review_body(samples.e())) == replace(marker, cost=0.6)


def test_a_review_names_the_hunks_that_nobody_read() -> None:
    """By what they change, each once, so that the next review reads them again."""
    change = samples.c().verdict.change
    digests = {change.hunk(ref).digest() for ref in change.refs()}
    assert set(marker_of(samples.c()).unread) == digests
    assert len(marker_of(samples.c()).unread) == len(digests)
    assert marker_of(samples.a()).unread == ()


@pytest.mark.parametrize("line", [builders.SQL_LINE, 9_999], ids=["a hunk", "the file"])
def test_s83_where_an_analyser_found_more_than_it_may_tell_is_read_again(line: int) -> None:
    """Of a model that says too much the coverage tells that it was cut short."""

    def unread(source: Source) -> int:
        over = Dropped(builders.claim(line=line, source=source), Reason.OVER_LIMIT)
        of = builders.verdict(builders.finding(), dropped=(over,))
        return len(marker_of(builders.report(of)).unread)

    assert unread(builders.static_source()) == 1
    assert unread(builders.source()) == 0


def test_a_file_that_was_not_delivered_has_no_hunk_to_name() -> None:
    report = samples.a()
    ledger = report.verdict.coverage
    whole = replace(ledger, cells=(*ledger.cells, samples.undelivered("data.sql")))
    assert marker_of(replace(report, verdict=replace(report.verdict, coverage=whole))).unread == ()


# --- of a finding


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_comment_tells_which_finding_it_is_about(end: str) -> None:
    body = f"text\n\n{finding_marker('7c1e9a02b4d8', 'security/sql-injection')}{end}"
    assert read_finding_marker(body) == ("7c1e9a02b4d8", "security/sql-injection")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        LINE,
        "<!-- triptych 1 finding=7c1e9a02b4d8 rule=security/sql-injection -->\n\nreply",
        "x <!-- triptych 1 finding=7c1e9a02b4d8 rule=security/sql-injection -->",
        "<!-- triptych 1 finding=7c1e rule=security/sql-injection -->",
        "<!-- triptych 1 finding=7c1e9a02b4d8 rule=sql -->",
        "<!-- triptych 1 finding=7c1e9a02b4d8 rule=security/<b> -->",
        "<!-- triptych 2 finding=7c1e9a02b4d8 rule=security/sql-injection -->",
    ],
)
def test_other_comments_are_about_none(body: str) -> None:
    assert read_finding_marker(body) is None


@pytest.mark.parametrize("why", ["proven", "held"])
def test_where_more_findings_hold_a_gate_than_fit_all_do(why: str) -> None:
    many = tuple(f"{n:012x}" for n in range(HOLDING_KEPT + 1))

    def told(ids: tuple[str, ...]) -> object:
        of = replace(PLAIN, proven=ids) if why == "proven" else replace(PLAIN, held=ids)
        return getattr(read_marker(write_marker(of)), why)

    assert told(many) == (EVERYTHING,)
    assert told(many[:2]) == many[:2]


def test_what_is_proven_is_told_where_there_is_a_gate() -> None:
    report = samples.a()
    assert marker_of(report).proven == ()
    gated = replace(report, settings=(Setting("gate", "high", "default", ""),))
    proven = [f.id for f in report.verdict.shown.listed if f.is_proven]
    assert list(marker_of(gated).proven) == proven
    assert proven


@pytest.mark.parametrize("analyser", ANALYSERS, ids=lambda a: a.name)
def test_every_rule_of_an_analyser_has_room_in_a_marker(analyser: Analyser) -> None:
    """One that cannot be read is no review of ours: all would be posted again."""
    for code in analyser.rules:
        by = (f"{'7c1e9a02b4d8'}:{analyser.name}:{code}",)
        marker = Marker("01JD8Q7M", "4" * 40, "9f3ad2c1", "findings", by=by)
        assert read_marker(f"x\n\n{write_marker(marker)}") == marker


@pytest.mark.parametrize("odd", ["a b", "a--b", "a>b", "-a", "a=b", ""])
def test_what_would_break_a_marker_is_left_out_of_it(odd: str) -> None:
    marker = Marker("01JD8Q7M", "4" * 40, "9f3ad2c1", "findings", by=(f"7c1e9a02b4d8:x:{odd}",))
    assert read_marker(f"x\n\n{write_marker(marker)}") == replace(marker, by=())
