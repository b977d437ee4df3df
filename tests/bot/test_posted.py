"""What we have posted is read back: whose review, which findings, in what state, about which code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hosts.answers import reviews_of
from bot.hosts.protocol import PostedComment, PostedReview
from bot.outputs.body import review_body
from bot.outputs.inline import dismissed_comment, fixed_comment, inline_comments
from bot.outputs.marker import Marker, write_marker
from bot.outputs.seal import Seal
from bot.posted import DUPLICATE, history_of, last_head, standing
from bot.report import Report
from reviewers.core.change import Change
from reviewers.core.finding import Location, Severity, Side, Source, fingerprint
from reviewers.core.finding import Standing as Place
from reviewers.core.history import EVERYTHING, Dismissal, History, Known, State
from reviewers.core.verdict import Outcome
from reviewers.core.visible import one_line
from tests.builders import (
    HEAD,
    NONE_LINE,
    ORDERS,
    SQL_LINE,
    change,
    finding,
    orders_change,
    policy,
    report,
    source,
    static_source,
    verdict,
)

SQL = finding()
KEYED = "ghp_" + "A1b2C3d4" * 4 + "Zz9x"
"""A token, as the name of a file may hold one: it is shown masked, and without an address."""
NONE = finding(
    line=NONE_LINE,
    id="e40b77d1c9aa",
    rule="correctness/missing-value",
    quote='return order["total"]',
    title="An unknown order ends in status 500",
)
NOWHERE = finding(
    "deploy/example.env",
    None,
    id="0123456789ab",
    severity=Severity.MEDIUM,
    title="The new setting is missing from the example file",
    body="`SHOP_PAGE_SIZE` has no default.",
    fix="Add `SHOP_PAGE_SIZE=50` to the example file.",
)


def posted(of: Report, number: int = 1, **more: Any) -> PostedReview:
    """The review of a report as GitHub gives it back."""
    comments = tuple(
        PostedComment(
            100 * number + n,
            f"C{number}-{n}",
            c.location.path,
            c.location.line,
            c.location.end_line,
            c.location.end_line,
            c.location.side,
            c.body,
        )
        for n, c in enumerate(inline_comments(of))
    )
    values: dict[str, Any] = {"author": "triptych-bot", "ours": True, "commit": HEAD} | more
    return PostedReview(
        number,
        f"R{number}",
        body=review_body(of),
        url=f"https://x/{number}",
        **values,
        comments=comments,
    )


def known(*reviews: PostedReview, now: Change | None = None) -> dict[str, Known]:
    """What the reviews tell the next one, by id."""
    of = now or orders_change()
    return {k.finding.id: k for k in history_of(standing(reviews), orders_change(), of).known}


def test_where_texts_are_signed_a_comment_tells_nothing_that_we_did_not_say() -> None:
    """How grave it is, the list of the last review says: an older comment may have told less."""
    seal = Seal(b"k" * 32, "5000#128", texts=True)
    review = posted(report(verdict(SQL, NOWHERE)))
    (comment,) = review.comments
    low = seal.sealed_comment(comment.path, comment.body.replace("High:", "Low:"))
    review = replace(review, body=seal.sealed(review.body))

    def told(body: str) -> Known:
        there = replace(review, comments=(replace(comment, body=body),))
        stands = standing([there], seal=seal)
        found = history_of(stands, orders_change(), orders_change())
        assert (found.lost, stands.main and stands.main.sealed) == ({}, True)
        return {k.finding.id: k for k in found.known}[SQL.id]

    ours = told(seal.sealed_comment(comment.path, comment.body)).finding
    assert (ours.severity, ours.body, ours.rule) == (SQL.severity, SQL.body, SQL.rule)
    assert told(low).finding == ours
    forged = told(comment.body.replace("High:", "Low:")).finding
    assert (forged.severity, forged.title, forged.body) == (SQL.severity, SQL.title, "")
    assert forged.quote == ours.quote


# --- Whose

OURS = posted(report(verdict(SQL)))


@pytest.mark.parametrize(
    ("author", "ours", "accounts", "counts"),
    [
        ("triptych-bot", True, (), True),
        ("mallory", False, (), False),
        ("mallory", False, ("triptych",), False),
        ("triptych", False, ("triptych",), True),
        ("triptych[bot]", False, ("Triptych[bot]",), True),
        ("Triptych[bot]", False, ("triptych",), True),
        ("triptych", False, ("triptych[bot]",), False),
        ("triptych-evil", False, ("triptych",), False),
    ],
)
def test_a_marker_counts_only_from_those_who_are_trusted(
    author: str, ours: bool, accounts: Sequence[str], counts: bool
) -> None:
    """Anybody can write our last line into a review of theirs; it is text."""
    stands = standing([replace(OURS, author=author, ours=ours)], accounts)
    assert (stands.main is not None) is counts
    assert list(stands.comments(own=True)) == (list(stands.comments()) if ours else [])


def test_a_review_without_a_marker_at_its_end_is_none_of_ours() -> None:
    quoted = replace(OURS, body=f"{OURS.body}\n\nand more")
    assert standing([quoted, replace(OURS, body="LGTM")]).ours == ()


def test_the_first_review_holds_the_body_whatever_the_order() -> None:
    second = replace(OURS, id=2)
    stands = standing([second, OURS])
    assert stands.main is not None
    assert [o.review.id for o in stands.ours] == [1, 2]
    assert stands.of(HEAD, "9f3ad2c1") == stands.main
    assert stands.of(HEAD, "0ther000") is None
    assert stands.of("9" * 40, "9f3ad2c1") is None
    assert stands.by_run("01JD8Q7M") == stands.main
    assert stands.by_run("01JD8Q7X") is None
    assert last_head(stands) == HEAD
    assert last_head(standing([])) == ""


# --- What it says


def test_without_a_review_of_ours_there_is_no_history() -> None:
    assert history_of(standing([]), None, orders_change()) == History()


def test_findings_come_back_with_place_code_and_words() -> None:
    """From the comments those with a thread, from the body's list the others."""
    found = known(posted(report(verdict(SQL, NONE, NOWHERE))))
    assert found.keys() == {SQL.id, NONE.id, NOWHERE.id}
    for before in (SQL, NONE):
        after = found[before.id]
        assert after.state is State.OPEN
        same = ("id", "rule", "severity", "title", "body", "fix", "path", "location")
        assert {k: getattr(after.finding, k) for k in same} == {k: getattr(before, k) for k in same}
        assert after.finding.quote.strip() == before.quote
    lost = found[NOWHERE.id].finding
    assert (lost.path, lost.location, lost.quote) == (NOWHERE.path, None, "")
    assert (lost.title, lost.body, lost.fix) == (NOWHERE.title, NOWHERE.body, NOWHERE.fix)
    assert lost.rule == "correctness/other", "only a comment's marker names the rule"


@pytest.mark.parametrize("place", [Place.NEW, Place.LATE])
def test_a_fix_without_a_reason_comes_back(place: Place) -> None:
    bare = replace(NOWHERE, body="", standing=place)
    (found,) = known(posted(report(verdict(bare, history=History(HEAD, orders_change()))))).values()
    assert (found.finding.body, found.finding.fix) == ("", NOWHERE.fix)


def test_states_are_those_that_the_comments_say() -> None:
    review = posted(report(verdict(SQL, NONE)))
    by = Dismissal("mlee", "2026-11-20", "Only the nightly job calls this.")
    gone = Known(SQL, State.FIXED, fixed_in=HEAD)
    dismissed = Known(NONE, State.DISMISSED, by)
    sql, none = review.comments
    told = replace(
        review,
        body=review_body(report(verdict())),
        comments=(
            replace(sql, body=fixed_comment(gone, HEAD), hidden=True),
            replace(none, body=dismissed_comment(dismissed), hidden=True),
        ),
    )
    found = known(told)
    assert (found[SQL.id].state, found[SQL.id].fixed_in) == (State.FIXED, HEAD[:7])
    assert (found[NONE.id].state, found[NONE.id].dismissal) == (State.DISMISSED, by)


@pytest.mark.parametrize(
    "note",
    [
        "Dismissed on 2026-11-20; the line has changed since.",
        "Dismissed on 2026-11-20 as medium; it is reported as high now.",
        "Marked as fixed in `9d02f7e`; it is there again.",
    ],
)
def test_why_it_came_back_is_no_part_of_what_it_says(note: str) -> None:
    """Else it would stand there twice when the finding is written again."""
    earlier = History(HEAD, orders_change())
    ones = (replace(f, standing=Place.BACK, note=note) for f in (SQL, NOWHERE))
    found = known(posted(report(verdict(*ones, history=earlier))))
    assert {f.finding.body for f in found.values()} == {SQL.body, NOWHERE.body}


def test_a_dismissal_that_a_later_comment_ends_is_over() -> None:
    """The finding came back graver: the old comment is folded away, the new one is what stands."""
    by = Dismissal("mlee", "2026-11-20", "Only the nightly job calls this.")
    medium = replace(SQL, severity=Severity.MEDIUM)
    first = posted(report(verdict(medium)))
    (comment,) = first.comments
    gone = dismissed_comment(Known(medium, State.DISMISSED, by))
    first = replace(first, comments=(replace(comment, body=gone, hidden=True),))
    again = replace(SQL, standing=Place.BACK, severity=Severity.CRITICAL)
    second = posted(replace(report(verdict(again)), run="01JD8Q7N"), 2)
    (found,) = known(first, second).values()
    assert (found.state, found.finding.severity) == (State.OPEN, Severity.CRITICAL)
    (before,) = known(first).values()
    assert (before.state, before.finding.severity) == (State.DISMISSED, Severity.MEDIUM)


def test_a_late_finding_is_read_from_its_fold() -> None:
    late = replace(NONE, standing=Place.LATE, severity=Severity.MEDIUM)
    earlier = History(HEAD, orders_change())
    found = known(posted(report(verdict(SQL, late, history=earlier))))
    assert found[NONE.id].state is State.LATE
    assert found[NONE.id].finding.title == NONE.title


def test_a_review_that_stepped_back_tells_only_what_the_first_one_does_not() -> None:
    """Its comments on the same findings are folded away; a finding of its own is still open."""
    first = posted(report(verdict(SQL)))
    second = posted(replace(report(verdict(SQL, NONE)), run="01JD8Q7N"), 2)
    twin, other = second.comments
    marker = Marker("01JD8Q7N", HEAD, "9f3ad2c1", DUPLICATE)
    second = replace(
        second,
        body=f"Reviewed twice.\n\n{write_marker(marker)}",
        comments=(replace(twin, hidden=True), other),
    )
    found = known(first, second)
    assert {i: k.state for i, k in found.items()} == {SQL.id: State.OPEN, NONE.id: State.OPEN}


def test_the_code_of_a_finding_is_that_of_the_head_at_which_it_was_listed() -> None:
    """GitHub's line numbers are those of today; the code is looked up as it was then."""
    moved = change({"api/orders.py": (None, f"import os\n{ORDERS}")}, head="9" * 40)
    review = posted(report(verdict(SQL)))
    (comment,) = review.comments
    review = replace(review, comments=(replace(comment, start=SQL_LINE + 1, line=SQL_LINE + 1),))
    (found,) = known(review, now=moved).values()
    assert found.finding.quote.strip() == SQL.quote
    assert found.finding.location is not None
    assert found.finding.location.line == SQL_LINE + 1


def test_outdated_comments_keep_their_place_of_then() -> None:
    review = posted(report(verdict(SQL)))
    (comment,) = review.comments
    review = replace(review, comments=(replace(comment, start=0, line=0),))
    (found,) = known(review).values()
    assert found.finding.location is not None
    assert found.finding.location.line == SQL_LINE


def test_a_lost_commit_leaves_findings_without_their_code() -> None:
    stands = standing([posted(report(verdict(SQL)))])
    other = change({"api/other.py": (None, "x = 1\n")})
    told = history_of(stands, None, other)
    assert [(k.finding.id, k.finding.quote) for k in told.known] == [(SQL.id, "")]
    assert told.previous is None


def test_on_which_line_a_finding_without_a_thread_stands_nobody_knows_where_the_commit_is_lost() -> (
    None
):
    bare = replace(posted(report(verdict(SQL))), comments=())
    (then,) = history_of(standing([bare]), orders_change(), orders_change()).known
    assert then.finding.line == SQL_LINE
    (lost,) = history_of(standing([bare]), None, orders_change()).known
    assert (lost.finding.path, lost.finding.location) == (SQL.path, None)


@pytest.mark.parametrize(
    ("told", "newer", "state"),
    [
        ({"fixed": (SQL.id,)}, False, State.FIXED),
        ({}, False, State.FIXED),
        ({"fixed": (SQL.id,)}, True, State.FIXED),
        ({}, True, State.OPEN),
        ({"more": 1}, False, State.OPEN),
        ({"open": (SQL.id,)}, False, State.OPEN),
        ({"quiet": (SQL.id,)}, False, State.OPEN),
    ],
    ids=["fixed", "nowhere", "fixed since", "told since", "more", "open", "quiet"],
)
def test_what_no_list_of_the_review_names_is_not_open_whatever_its_comment_says(
    told: dict[str, Any], newer: bool, state: State
) -> None:
    """A run may have told it and not come to edit the review. Without a seal silence tells nothing."""
    later = posted(replace(report(verdict(SQL)), run="01JD8Q7N"), 2)
    first = posted(report(verdict(SQL)))
    body = write_marker(Marker("01JD8Q7M", HEAD, "9f3ad2c1", "findings", **told))
    reviews = [replace(first, body=body), *([later] if newer else [])]
    seal = Seal(b"k" * 32, "5000#128")
    signed = [replace(r, body=seal.sealed(r.body)) for r in reviews]
    (found,) = history_of(standing(signed, (), seal), orders_change(), orders_change()).known
    assert found.state is state
    assert found.fixed_in == (HEAD if state is State.FIXED else "")
    (unsigned,) = known(*reviews).values()
    assert unsigned.state is (State.FIXED if "fixed" in told else State.OPEN)


def test_what_a_review_that_stepped_back_alone_has_told_is_not_closed_by_the_first() -> None:
    """Its marker names nothing any more; its comments do."""
    first = posted(report(verdict(SQL)))
    second = posted(replace(report(verdict(SQL, NONE)), run="01JD8Q7N"), 2)
    left = write_marker(Marker("01JD8Q7N", HEAD, "9f3ad2c1", DUPLICATE))
    seal = Seal(b"k" * 32, "5000#128")
    bodies = (first.body, f"Reviewed twice.\n\n{left}")
    signed = [replace(r, body=seal.sealed(b)) for r, b in zip((first, second), bodies, strict=True)]
    told = history_of(standing(signed, (), seal), orders_change(), orders_change())
    assert {k.finding.id: k.state for k in told.known} == {SQL.id: State.OPEN, NONE.id: State.OPEN}


def test_money_and_completeness_come_from_the_markers() -> None:
    first = posted(report(verdict(SQL)))
    costs = [0.5, 1.25, 0.75]
    reviews = [
        replace(
            first,
            id=n,
            body=write_marker(Marker("01JD8Q7M", HEAD, "9f3ad2c1", outcome, cost=cost)),
            comments=(),
        )
        for n, (cost, outcome) in enumerate(
            zip(costs, ("incomplete", "clean", "clean"), strict=True)
        )
    ]
    told = history_of(standing(reviews), orders_change(), orders_change())
    assert told.spent == max(costs), "each says the sum so far"
    assert not told.complete
    assert told.config == "9f3ad2c1"
    assert history_of(standing(reviews[1:]), None, orders_change()).complete


# --- Whatever stands in it


@given(
    title=st.text(max_size=60).filter(lambda text: one_line(text).strip(" .")),
    body=st.text(max_size=240),
    fix=st.text(max_size=200),
)
def test_any_words_come_back_and_do_not_grow_from_push_to_push(
    title: str, body: str, fix: str
) -> None:
    """The first time a dot may be added, and a code span round a word that acts; no more."""
    placed = replace(SQL, title=title, body=body, fix=fix)
    listed = replace(NOWHERE, title=title, body=body, fix=fix)
    sizes = []
    for _ in range(4):
        of = report(verdict(placed, listed))
        found = known(posted(of))
        assert {SQL.id, NOWHERE.id} <= found.keys()
        back = [found[f.id].finding for f in (placed, listed)]
        assert [f.severity for f in back] == [SQL.severity, NOWHERE.severity]
        assert [f.location for f in back] == [SQL.location, None]
        assert [bool(f.fix) for f in back] == [bool(one_line(fix))] * 2
        sizes.append(sum(len(c.body) for c in inline_comments(of)) + len(review_body(of)))
        placed, listed = (
            replace(f, **{name: getattr(found[f.id].finding, name) for name in TEXTS})
            for f in (placed, listed)
        )
    assert max(sizes[1:]) <= sizes[0] + 24


TEXTS = ("title", "body", "fix")


# --- What has a title in a fold, and nothing else

WIDE = "".join(f"line {n}\n" for n in range(1, 41))
MANY = change({"a.py": (None, WIDE), "b/c d;[1](x).py": (WIDE, None), f"{KEYED}.py": (None, WIDE)})
FOLDED = {Severity.MEDIUM: 12, Severity.LOW: 5, Severity.INFO: 2}


def many(titles: Sequence[str], least: Severity, *, places: int = 4) -> Report:
    """14 high ones, then those of FOLDED, on files with odd names, with a line and without one."""
    findings = [
        finding("a.py", n, id=f"{n:012x}", quote=f"line {n}", title=f"High {n}")
        for n in range(1, 15)
    ]
    for severity, number in FOLDED.items():
        for n in range(number):
            path = MANY.files[n % 3].path
            side = Side.LEFT if n % 3 == 1 else Side.RIGHT
            at = Location(path, n + 20, n + 20, side) if n % places else None
            quote = f"line {n + 20}"
            title = titles[(severity + n) % len(titles)]
            identity = f"{severity + 1:06x}{n:06x}"
            findings.append(
                finding(path, None, id=identity, severity=severity, title=title, location=at)
            )
            findings[-1] = replace(findings[-1], quote=quote)
    under = policy(min_severity=least, inline_limit=15)
    return report(verdict(*findings, change=MANY, policy=under), elsewhere="job summary")


@pytest.mark.parametrize("least", [Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH])
@given(titles=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3))
def test_titles_in_folds_come_back(least: Severity, titles: list[str]) -> None:
    """Past the lines of the list, and below the least severity where no check run tells them."""
    titles = [t if one_line(t).strip(" .") else f"Low: {n}; [1](x) y" for n, t in enumerate(titles)]
    of = many(titles, least)
    stands = standing([posted(of)])
    history = history_of(stands, MANY, MANY)
    back = {k.finding.id: k.finding for k in history.known}
    assert history.lost == {}
    for told in of.verdict.findings:
        found = back[told.id]
        assert (found.severity, found.path) == (told.severity, told.path)
        assert found.location == told.location
        assert one_line(found.title).strip(" .")


def test_each_title_in_a_fold_is_read_back_for_its_own_finding() -> None:
    """Those on no line come last in a fold; the marker names them in the same order."""
    places = [("c.py", None), ("b.py", None), ("b.py", 2), ("a.py", None), ("a.py", 1)]
    low = [
        finding(path, line, severity=Severity.LOW, title=f"Low {n}", id=f"{n:012x}")
        for n, (path, line) in enumerate(places)
    ]
    of = change(dict.fromkeys(("a.py", "b.py", "c.py"), (None, WIDE)))
    stands = standing([posted(report(verdict(*low, change=of), elsewhere="job summary"))])
    back = {k.finding.id: k.finding for k in history_of(stands, of, of).known}
    assert {i: f.title for i, f in back.items()} == {f.id: f.title for f in low}


@pytest.mark.parametrize("elsewhere", ["check run", "job summary"])
def test_what_a_review_calls_open_and_nobody_can_read_back_is_lost(elsewhere: str) -> None:
    of = replace(many(["x"], Severity.MEDIUM), elsewhere=elsewhere)
    review = posted(of)
    quiet = {f.id for f in of.verdict.shown.quiet} if elsewhere == "check run" else set[str]()
    medium = {f.id for f in of.verdict.shown.listed[14:]}
    inline = {f.id for f in of.verdict.shown.inline}

    def lost(review: PostedReview) -> set[str]:
        return set(history_of(standing([review]), MANY, MANY).lost)

    assert lost(review) == quiet
    assert lost(replace(review, comments=())) == quiet, "the lists name them, too"
    torn = review.body.replace("12 more medium", "11 more medium")
    assert lost(replace(review, body=torn)) == quiet | (medium - inline)
    cut = review.body.replace("dismissed=", "dismissed= more=2")
    assert EVERYTHING in lost(replace(review, body=cut))


@given(st.text())
def test_any_review_of_anybody_can_be_read(text: str) -> None:
    """Reviews are what people write; ours too can have been edited by somebody with the right."""
    review = posted(report(verdict(SQL)))
    marker = review.body.rpartition("\n\n")[2]
    torn = replace(
        review,
        body=f"{text}\n\n{marker}",
        comments=tuple(replace(c, body=f"{text}\n\n{c.body}") for c in review.comments),
    )
    standing([replace(review, body=text)])
    history_of(standing([torn]), orders_change(), orders_change())


@pytest.mark.parametrize("number", ["²", "1" * 5_000], ids=["no digit", "too many"])
def test_a_line_whose_number_is_none_is_no_fault_of_triptychs(number: str) -> None:
    bare = replace(posted(report(verdict(NOWHERE))), comments=())
    edited = replace(bare, body=bare.body.replace("deploy/example.env", f"api/orders.py:{number}"))
    (found,) = known(edited).values()
    assert found.finding.path == f"api/orders.py:{number}"


def test_a_finding_on_a_removed_line_is_on_its_side_again() -> None:
    old = "a = 1\nb = 2\n"
    of = change({"a.py": (old, "b = 2\n")})
    gone = finding("a.py", 1, quote="a = 1", location=Location("a.py", 1, 1, Side.LEFT))
    told = report(verdict(gone, change=of, outcome=Outcome.FINDINGS))
    (back,) = history_of(standing([posted(told)]), of, of).known
    assert back.finding.location == gone.location
    assert back.finding.quote == "a = 1"
    assert back.finding.title == gone.title


GONE = (
    "The check is gone (removed here)",
    "The check is gone (removed here). (removed here)..",
    "(removed here)",
    "The `check (removed here).** is` gone",
)


@pytest.mark.parametrize("title", GONE)
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("limit", [20, 0], ids=["inline", "listed"])
def test_no_title_says_on_which_side_it_is(title: str, side: Side, limit: int) -> None:
    """Else a finding goes over to a line that is gone, and is never mended."""
    of = change({"a.py": ("a = 1\nb = 2\n", "c = 3\nb = 2\n")})
    quote = "a = 1" if side is Side.LEFT else "c = 3"
    said = finding("a.py", 1, title=title, quote=quote, location=Location("a.py", 1, 1, side))
    told = report(
        verdict(said, change=of, outcome=Outcome.FINDINGS, policy=policy(inline_limit=limit))
    )
    nodes = [
        {"databaseId": 1, "id": "x", "path": "a.py", "line": 1, "originalLine": 1, "body": c.body}
        | {"isMinimized": False}
        for c in inline_comments(told)
    ]
    node = {"databaseId": 1, "id": "R", "viewerDidAuthor": True, "url": "u", "body": ""}
    (read,) = reviews_of([{**node, "comments": {"nodes": nodes}}])
    stands = standing([replace(posted(told), comments=read.comments)])
    (back,) = history_of(stands, of, of).known
    assert (back.finding.location, back.finding.quote) == (said.location, quote)
    (again,) = inline_comments(report(verdict(back.finding, change=of)))
    assert again.body.partition(".**")[0] == review_title(told)


def review_title(of: Report) -> str:
    """How an inline comment on its first finding begins."""
    (first,) = inline_comments(replace(of, verdict=replace(of.verdict, policy=policy())))
    return first.body.partition(".**")[0]


def test_an_unread_hunk_that_the_commit_does_not_show_may_be_any_of_its_hunks() -> None:
    """The base branch was rewritten, or the review is by a version that named hunks otherwise."""
    of = orders_change()
    (digest,) = (of.hunk(ref).digest() for ref in of.refs())

    def unread(*told: str, previous: Change | None = of) -> frozenset[str]:
        review = replace(OURS, body=write_marker(Marker("R", HEAD, "c", "incomplete", unread=told)))
        return history_of(standing([review]), previous, of).unread

    assert unread(digest) == {digest}
    assert unread(digest, "0" * 16) == {EVERYTHING}
    assert unread("0" * 16, previous=None) == {"0" * 16}, "then nothing counts as read anyhow"


# --- Which analyser has seen it


SHELL = "subprocess.run(name, shell=True)"
RUN = change({"run.py": (None, f"import subprocess\n{SHELL}\n")})


def shelled(*sources: Source, rule: str = "security/shell-injection") -> Report:
    """A finding on the second line of `run.py`, with its own id."""
    identity = fingerprint(rule, "run.py", SHELL, 0)
    found = finding("run.py", 2, id=identity, rule=rule, quote=SHELL, sources=sources)
    return report(verdict(found, change=RUN))


def sources_of(review: PostedReview) -> tuple[Source, ...]:
    (back,) = history_of(standing([review]), RUN, RUN).known
    return back.finding.sources


@pytest.mark.parametrize("comments", [True, False])
def test_an_analyser_that_alone_has_seen_it_is_known_again(comments: bool) -> None:
    review = posted(shelled(static_source("S602")))
    if not comments:
        review = replace(review, comments=())
    assert sources_of(review) == (static_source("S602"),)


@pytest.mark.parametrize("others", [(source(),), (source(), static_source("S602"))])
def test_what_a_model_has_seen_is_no_analysers(others: tuple[Source, ...]) -> None:
    """An analyser is silent of what it cannot see, and that closes nothing."""
    assert sources_of(posted(shelled(*others))) == ()


@pytest.mark.parametrize(
    ("rule", "by"),
    [
        pytest.param("security/sql-injection", "ruff:S602", id="the id is of another rule"),
        pytest.param("security/shell-injection", "ruff:F401", id="of another code"),
        pytest.param("security/shell-injection", "ruff:X999", id="no such code"),
        pytest.param("security/shell-injection", "rough:S602", id="no such analyser"),
    ],
)
def test_nobody_can_say_of_any_finding_that_an_analyser_has_seen_it(rule: str, by: str) -> None:
    """Not every door signs its marker, and an analyser's silence would close it."""
    review = posted(shelled(source(), rule=rule))
    identity = fingerprint(rule, "run.py", SHELL, 0)
    forged = review.body.replace("dismissed=", f"dismissed= by={identity}:{by}")
    assert forged != review.body
    assert sources_of(replace(review, body=forged)) == ()
