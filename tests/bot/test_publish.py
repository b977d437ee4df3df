"""Wanted against posted: what is decided, and what then stands on the pull request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.errors import AccessProblem, HostProblem, LimitProblem
from bot.hosts.protocol import PostedComment, PostedReview
from bot.outputs.body import review_body
from bot.outputs.inline import inline_comments
from bot.outputs.marker import finding_marker, read_marker
from bot.outputs.seal import Seal
from bot.posted import DUPLICATE, Ours, Standing, standing
from bot.publish import POST_PAUSES, TRIES, Publication, adds_nothing, publish, reconcile
from bot.report import Report
from reviewers.core.allowance import Allowance
from reviewers.core.call import Call, Look, Reading
from reviewers.core.finding import Finding, Location, Severity, Side
from reviewers.core.finding import Standing as Place
from reviewers.core.history import Dismissal, History, Known, State
from reviewers.core.verdict import Outcome
from tests.bot.hosts.reach import Reached, reach
from tests.builders import (
    NONE_LINE,
    ORDERS,
    SQL_LINE,
    finding,
    look,
    orders_change,
    report,
    verdict,
)
from tests.fakes.github import FakeGitHub, Fault, fake_github

SQL = finding()
NONE = finding(
    line=NONE_LINE,
    id="e40b77d1c9aa",
    rule="correctness/missing-value",
    quote='return order["total"]',
    title="An unknown order ends in status 500",
)
LOW = finding(id="00c0ffee0000", severity=Severity.LOW)
MAIN = 77
RUN, NEXT = "01JD8Q7N", "01JD8Q7P"
EARLIER = History("4be91c0" + "0" * 33, orders_change())


def told(*findings: Finding, **more: Any) -> Report:
    """A report of this run; with `history` it is a later one."""
    return replace(report(verdict(*findings, **more)), run=RUN)


def stands(*findings: Finding, ours: bool = True, hidden: bool = False) -> Standing:
    """One review of an earlier run with these findings, each with its comment."""
    first = report(verdict(*findings))
    comments = tuple(
        PostedComment(n, f"C{n}", f.path, f.line, f.line, f.line, Side.RIGHT, c.body, hidden)
        for n, (f, c) in enumerate(zip(findings, inline_comments(first), strict=True), 1)
    )
    review = PostedReview(
        MAIN,
        "R77",
        "triptych-bot",
        ours,
        EARLIER.head,
        review_body(first),
        "https://x/77",
        comments,
    )
    return standing([review], () if ours else ("triptych-bot",))


# --- What is decided

SPENT = look(
    Call("correctness", "claude", 1),
    reading=Reading.BUDGET,
    allowance=Allowance(2.0, "this pull request", "budget.pull_request", 2.0),
)
"""No model was asked, for want of money."""


@pytest.mark.parametrize(
    ("findings", "tells"),
    [((SQL,), False), ((SQL, replace(NONE, standing=Place.NEW)), True)],
    ids=["what is known", "an analyser's new finding"],
)
def test_a_review_without_money_tells_what_nobody_was_told(
    findings: tuple[Finding, ...], tells: bool
) -> None:
    """Analysers cost nothing: what they find must not vanish with the money."""
    of = orders_change()
    before = History(of.head, of, (Known(SQL, State.OPEN),), config="9f3ad2c1")
    why = adds_nothing(told(*findings, history=before, looks=(SPENT,)))
    assert bool(why) is not tells


READ = look(Call("correctness", "claude", 2))
"""A model was asked before the money ran out."""


@pytest.mark.parametrize(
    ("looks", "config", "adds"),
    [
        ((SPENT,), "9f3ad2c1", False),
        ((SPENT, READ), "9f3ad2c1", True),
        ((SPENT,), "0ther000", True),
    ],
    ids=["nothing was read", "some of it was", "under another configuration"],
)
def test_what_somebody_read_or_another_configuration_is_told(
    looks: tuple[Look, ...], config: str, adds: bool
) -> None:
    """The receipt that stands there is of another review, or of a poorer one."""
    of = orders_change()
    before = History(of.head, of, (Known(SQL, State.OPEN),), config=config)
    assert (adds_nothing(told(SQL, history=before, looks=looks)) == "") is adds


@pytest.mark.parametrize(
    ("first", "posted"),
    [
        (told(), False),
        (told(LOW), False),
        (told(outcome=Outcome.FAILED, problem="GitHub did not deliver the diff"), False),
        (told(SQL), True),
        (told(LOW, NONE), True),
        (told(outcome=Outcome.INCOMPLETE), True),
    ],
    ids=["clean", "only low", "failed", "findings", "mixed", "incomplete"],
)
def test_a_first_review_notifies_only_when_there_is_something_to_do(
    first: Report, posted: bool
) -> None:
    quiet = reconcile(first, Standing(), quiet_when_clean=True)
    assert (quiet == Publication()) is not posted
    loud = reconcile(first, Standing(), quiet_when_clean=False)
    assert loud.create is not None
    assert quiet.create in (None, loud.create)
    assert loud.edits == ()
    assert loud.comments == ()


def test_body_and_comments_are_one_review() -> None:
    create = reconcile(told(SQL, NONE), Standing(), quiet_when_clean=True).create
    assert create is not None
    assert [c.location.line for c in create.comments] == [SQL_LINE, NONE_LINE]
    marker = read_marker(create.body)
    assert marker is not None
    assert marker.open == (SQL.id, NONE.id)


def test_a_push_without_news_edits_and_notifies_nobody() -> None:
    plan = reconcile(
        told(replace(SQL, standing=Place.OPEN), history=EARLIER),
        stands(SQL),
        quiet_when_clean=True,
    )
    assert plan.create is None
    assert [e.review for e in plan.edits] == [MAIN]
    assert plan.comments == ()


def test_a_new_finding_is_told_in_a_short_review_of_its_own() -> None:
    old, new = replace(SQL, standing=Place.OPEN), replace(NONE, standing=Place.NEW)
    plan = reconcile(told(old, new, history=EARLIER), stands(SQL), quiet_when_clean=True)
    assert plan.create is not None
    assert [c.finding.id for c in plan.create.comments] == [NONE.id]
    assert "**1 new finding: 1 high.**" in plan.create.body
    assert "https://x/77" in plan.create.body
    assert len(plan.edits) == 1


def test_what_has_come_back_is_told_again_and_late_ones_never_are() -> None:
    back, late = replace(SQL, standing=Place.BACK), replace(NONE, standing=Place.LATE)
    plan = reconcile(told(back, late, history=EARLIER), stands(SQL), quiet_when_clean=True)
    assert plan.create is not None
    assert [c.finding.id for c in plan.create.comments] == [SQL.id]


def test_a_new_finding_with_a_comment_was_told_by_a_run_that_was_interrupted() -> None:
    plan = reconcile(
        told(replace(SQL, standing=Place.NEW), history=EARLIER), stands(SQL), quiet_when_clean=True
    )
    assert plan.create is None


def bare(of: Standing) -> Standing:
    """The same without a comment, as of findings past `inline_limit`."""
    return replace(
        of, ours=tuple(replace(o, review=replace(o.review, comments=())) for o in of.ours)
    )


def test_what_a_review_of_ours_names_is_told_though_it_has_no_comment() -> None:
    new = replace(SQL, standing=Place.NEW)
    plan = reconcile(told(new, history=EARLIER), bare(stands(SQL)), quiet_when_clean=True)
    assert plan.create is None
    assert len(plan.edits) == 1


def test_a_short_review_counts_those_alone_that_nobody_was_told_of() -> None:
    both = (replace(SQL, standing=Place.NEW), replace(NONE, standing=Place.NEW))
    plan = reconcile(told(*both, history=EARLIER), bare(stands(SQL)), quiet_when_clean=True)
    assert plan.create is not None
    assert plan.create.body.startswith("**1 new finding: 1 high.** An unknown order")
    assert "1 is open: [full review]" in plan.create.body
    assert [c.finding.id for c in plan.create.comments] == [NONE.id]


def test_what_a_changed_marker_names_is_not_told() -> None:
    """Else whoever may edit our review could keep a finding from being told."""
    forged = bare(stands(SQL))
    forged = replace(forged, ours=tuple(replace(o, sealed=False) for o in forged.ours))
    new = replace(SQL, standing=Place.NEW)
    assert reconcile(told(new, history=EARLIER), forged, quiet_when_clean=True).create


def fixed(*findings: Finding) -> tuple[Known, ...]:
    """They are gone."""
    return tuple(Known(f, State.FIXED, fixed_in=EARLIER.head) for f in findings)


@pytest.mark.parametrize(
    ("ours", "hidden", "edits", "comments"),
    [(True, False, 1, 1), (True, True, 1, 1), (False, False, 0, 0)],
    ids=["ours", "folded away by a person", "another account's"],
)
def test_only_our_own_words_are_edited_and_once(
    ours: bool, hidden: bool, edits: int, comments: int
) -> None:
    after = told(fixed=fixed(SQL), history=EARLIER)
    plan = reconcile(after, stands(SQL, ours=ours, hidden=hidden), quiet_when_clean=True)
    assert (len(plan.edits), len(plan.comments)) == (edits, comments)
    for edit in plan.comments:
        assert edit.body.startswith("**Fixed in `")
        assert edit.body.endswith(finding_marker(SQL.id, SQL.rule))


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("now", [True, False], ids=["now", "in an earlier run"])
def test_a_comment_that_could_not_be_edited_is_edited_in_the_next_run(
    hidden: bool, now: bool
) -> None:
    gone = fixed(SQL)
    more = {"fixed": gone} if now else {}
    after = told(**more, history=replace(EARLIER, known=gone))
    there = stands(SQL, hidden=hidden)
    (edit,) = reconcile(after, there, quiet_when_clean=True).comments
    (ours,) = there.ours
    (comment,) = ours.review.comments
    comment = replace(comment, body=edit.body)
    done = Standing((replace(ours, review=replace(ours.review, comments=(comment,))),))
    assert reconcile(after, done, quiet_when_clean=True).comments == ()


@pytest.mark.parametrize(
    ("hidden", "edits"), [(False, 1), (True, 0)], ids=["unfolded by a person", "folded away"]
)
def test_what_is_dismissed_is_folded_away_again_though_its_comment_says_so(
    hidden: bool, edits: int
) -> None:
    """It may come back; what is fixed is left as a person has unfolded it."""
    gone = Known(SQL, State.DISMISSED, Dismissal("mlee", "2026-11-20", "Only a job calls it."))
    after = told(dismissed=(gone,), history=replace(EARLIER, known=(gone,)))
    (edit,) = reconcile(after, stands(SQL), quiet_when_clean=True).comments
    (ours,) = stands(SQL, hidden=hidden).ours
    (comment,) = ours.review.comments
    comment = replace(comment, body=edit.body)
    there = Standing((replace(ours, review=replace(ours.review, comments=(comment,))),))
    assert len(reconcile(after, there, quiet_when_clean=True).comments) == edits


# --- What is done


@dataclass
class Site:
    """A pull request of the fake, and our way to it."""

    github: FakeGitHub
    forge: Reached

    async def publish(self, of: Report, before: Standing | None = None) -> Any:
        """Publish against what stands there (or stood before, for a race)."""
        seen = standing(await self.forge.reviews()) if before is None else before
        return await publish(self.forge, of, seen, (), quiet_when_clean=False)

    @property
    def comments(self) -> list[dict[str, Any]]:
        """The inline comments that stand there."""
        return self.github.pulls[128].comments

    def report(self, *findings: Finding, run: str = RUN, **more: Any) -> Report:
        """A report on the head of the fake."""
        head = self.github.pulls[128].head
        change = replace(orders_change(), head=head)
        return replace(report(verdict(*findings, change=change, **more)), run=run)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """`acme/shop#128` with `api/orders.py` as a new file."""
    async with _site() as made:
        yield made


@asynccontextmanager
async def _site() -> AsyncIterator[Site]:
    async with fake_github() as github:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        async with reach(github, 128) as forge:
            yield Site(github, forge)


VERDICTS: dict[str, dict[str, Any]] = {
    "clean": {},
    "findings": {"findings": (SQL, NONE)},
    "incomplete": {"outcome": Outcome.INCOMPLETE},
    "failed": {"outcome": Outcome.FAILED, "problem": "GitHub did not deliver the diff"},
}


@pytest.mark.parametrize("of", VERDICTS.values(), ids=VERDICTS.keys())
async def test_s61_the_event_is_always_comment(of: dict[str, Any], site: Site) -> None:
    """Whatever came of the review, a first one or a later one; a clean one approves nothing."""
    more = dict(of)
    findings = more.pop("findings", ())
    await site.publish(site.report(*findings, **more))
    again = replace(SQL, standing=Place.BACK)
    await site.publish(site.report(again, run=NEXT, history=EARLIER, **more))
    events = [body["event"] for body in site.github.bodies if "commit_id" in body]
    assert events == ["COMMENT"] * 2
    assert "APPROVE" not in str(site.github.bodies)


async def test_one_request_posts_all(site: Site) -> None:
    done = await site.publish(site.report(SQL, NONE))
    assert (done.created, done.edited, done.notes) == (True, False, ())
    assert site.github.posts() == 1
    assert done.url == site.github.pulls[128].reviews[0]["html_url"]
    assert [c["line"] for c in site.comments] == [SQL_LINE, NONE_LINE]


async def test_what_is_fixed_is_marked_and_folded_away_without_a_notification(site: Site) -> None:
    await site.publish(site.report(SQL, NONE))
    rest = replace(NONE, standing=Place.OPEN)
    done = await site.publish(site.report(rest, run=NEXT, fixed=fixed(SQL), history=EARLIER))
    assert (done.created, done.edited, done.notes) == (False, True, ())
    assert site.github.posts() == 1
    sql, none = site.comments
    assert sql["body"].startswith("**Fixed in `")
    assert site.github.hidden == {sql["node_id"]: "RESOLVED"}
    assert none["body"].startswith("**High: An unknown order")


async def test_a_mark_that_cannot_be_made_is_a_note_and_harms_nothing(site: Site) -> None:
    await site.publish(site.report(SQL))
    site.github.faults = [Fault("PATCH", "/pulls/comments/", 404)]
    done = await site.publish(site.report(run=NEXT, fixed=fixed(SQL), history=EARLIER))
    assert done.edited
    assert done.notes[0].startswith("A closed finding could not be marked: ")


# --- Places that the site refuses


def many(*lines: int) -> tuple[Finding, ...]:
    """A finding on each of these lines."""
    return tuple(
        finding(
            line=n,
            id=f"{n:012x}",
            title=f"Line {n} is wrong",
            location=Location("api/orders.py", n, n),
        )
        for n in lines
    )


@pytest.mark.parametrize("bad", [(99,), (98, 99), (97, 98, 99)])
async def test_s65_a_refused_comment_moves_to_the_body_and_the_others_stay(
    bad: tuple[int, ...], site: Site
) -> None:
    """No draft is left behind, one review is there, nothing that was found is lost."""
    good = (1, 5, 6)
    done = await site.publish(site.report(*many(*good, *bad)))
    assert done.created
    assert done.inline == len(good)
    (review,) = site.github.pulls[128].reviews
    assert [c["line"] for c in site.comments] == list(good)
    moved = review["body"].partition("GitHub took no comment on these lines:\n")[2]
    assert moved.count("\n- ") + 1 == len(bad)
    for line in bad:
        assert f"Line {line} is wrong" in moved
    marker = read_marker(review["body"])
    assert marker is not None
    assert len(marker.open) == len(good) + len(bad)


async def test_where_texts_are_signed_they_are_so_in_all_that_is_written(site: Site) -> None:
    """Also in a body that had to take in what the site refused, and in what is marked as fixed."""
    seal = Seal(b"k" * 32, "5000#128", texts=True)

    async def write(of: Report) -> Ours:
        seen = standing(await site.forge.reviews(), seal=seal)
        await publish(site.forge, of, seen, (), quiet_when_clean=False, seal=seal)
        main = standing(await site.forge.reviews(), seal=seal).main
        assert main is not None
        return main

    first = await write(site.report(SQL, *many(5, 99)))
    assert "GitHub took no comment on these lines" in first.review.body
    assert (first.sealed, first.changed, len(first.review.comments)) == (True, frozenset(), 2)
    second = await write(site.report(run=NEXT, fixed=fixed(SQL), history=EARLIER))
    assert (second.sealed, second.changed) == (True, frozenset())
    assert second.review.comments[0].body.startswith("**Fixed in `")


async def test_s65_when_places_cannot_be_tried_all_are_told_in_the_body(site: Site) -> None:
    site.github.faults = [Fault("POST", "/reviews", 404, times=9, body='"body": "A trial')]
    await site.publish(site.report(*many(5, 6, 99)))
    (review,) = site.github.pulls[128].reviews
    assert site.comments == []
    assert all(f"Line {n} is wrong" in review["body"] for n in (5, 6, 99))


async def test_s65_a_draft_that_cannot_be_deleted_keeps_no_review_back(site: Site) -> None:
    site.github.faults = [Fault("DELETE", "/reviews/", 502, times=5)]
    await site.publish(site.report(*many(5, 6, 99)))
    (review,) = site.github.pulls[128].reviews
    assert review["state"] == "COMMENTED"
    assert all(f"Line {n} is wrong" in review["body"] for n in (5, 6, 99))


async def test_s65_a_body_that_is_full_takes_their_titles_or_nothing(site: Site) -> None:
    """GitHub takes 65,536 characters, whatever moves in."""
    long = tuple(
        replace(f, severity=Severity.CRITICAL, title="漢" * 60, body="字" * 240, fix="替" * 200)
        for f in many(*range(100, 620))
    )
    of = site.report(*long)
    full = len(review_body(of))
    assert full > 55_000
    await site.publish(of)
    (review,) = site.github.pulls[128].reviews
    assert full < len(review["body"]) < 65_536
    assert site.comments == []
    marker = read_marker(review["body"])
    assert marker is not None
    assert marker.open


async def test_s65_a_review_that_is_refused_for_good_is_an_error(site: Site) -> None:
    """Each try leaves less to refuse; what GitHub then says is told."""
    site.github.pulls[128].refused.add("api/orders.py")
    site.github.faults = [Fault("POST", "/reviews", 422, times=9, body='"event"')]
    with pytest.raises(HostProblem):
        await site.publish(site.report(SQL))
    assert site.github.pulls[128].reviews == []


# --- Answers that are lost


@pytest.mark.parametrize("fault", ["lost", "late", "drop", 502])
async def test_a_review_is_posted_once_whatever_becomes_of_the_answer(
    fault: str | int, site: Site
) -> None:
    """The marker tells whether a try was taken, before there is another."""
    site.github.faults = [Fault("POST", "/reviews", fault, body='"event"')]
    done = await site.publish(site.report(SQL))
    (review,) = site.github.pulls[128].reviews
    assert (done.created, done.url) == (True, review["html_url"])
    assert len(site.comments) == 1
    assert site.forge.slept[-1] == POST_PAUSES[0]


async def test_a_site_that_never_takes_it_is_told_after_some_tries(site: Site) -> None:
    site.github.faults = [Fault("POST", "/reviews", 502, times=99)]
    with pytest.raises(HostProblem) as e:
        await site.publish(site.report(SQL))
    assert e.value.retryable
    assert site.github.posts() == TRIES
    assert site.forge.slept == [*POST_PAUSES, POST_PAUSES[-1]], "nor is it looked for at once"
    assert site.github.pulls[128].reviews == []


async def test_s64_a_limit_is_neither_tried_again_nor_paused_for(site: Site) -> None:
    """Whoever asked for the review knows better what to do in that time."""
    site.github.faults = [Fault("POST", "/reviews$", "primary", retry_after="900")]
    with pytest.raises(LimitProblem):
        await site.publish(site.report(SQL))
    assert site.github.posts() == 1
    assert site.forge.slept == []
    assert site.github.pulls[128].reviews == []


async def test_a_token_that_may_not_write_is_not_tried_again(site: Site) -> None:
    site.github.may_write = False
    with pytest.raises(AccessProblem):
        await site.publish(site.report(SQL))
    assert site.github.posts() == 1


async def test_it_is_not_posted_again_when_nobody_can_look(site: Site) -> None:
    """Better no second try than two reviews."""
    site.github.faults = [
        Fault("POST", "/reviews", "lost", body='"event"'),
        Fault("POST", "/graphql", 502, times=99),
    ]
    before = Standing()
    with pytest.raises(HostProblem):
        await site.publish(site.report(SQL), before)
    assert site.github.posts() == 1
    assert len(site.github.pulls[128].reviews) == 1


# --- Two doors at once


async def test_of_two_at_once_the_first_stays_and_the_second_steps_back(site: Site) -> None:
    """Neither saw the other when it began; the later review becomes a line, its twins fold away."""
    first = await site.publish(site.report(SQL), Standing())
    second = await site.publish(site.report(SQL, NONE, run=NEXT), Standing())
    kept, left = site.github.pulls[128].reviews
    assert first.url == second.url == kept["html_url"]
    assert kept["edits"] == 0
    assert left["body"].startswith(
        f"Reviewed twice at the same moment: see [the review]({first.url})."
    )
    marker = read_marker(left["body"])
    assert marker is not None
    assert marker.outcome == DUPLICATE
    _, twin, other = site.comments
    assert site.github.hidden == {twin["node_id"]: "DUPLICATE"}
    assert (twin["line"], other["line"]) == (SQL_LINE, NONE_LINE)
    seen = standing(await site.forge.reviews())
    assert seen.main is not None
    assert seen.main.review.url == first.url


async def test_another_configuration_or_head_is_no_rival(site: Site) -> None:
    await site.publish(site.report(SQL), Standing())
    other = replace(site.report(SQL, run=NEXT), config="0ther000")
    await site.publish(other, Standing())
    assert [r["edits"] for r in site.github.pulls[128].reviews] == [0, 0]
    assert site.github.hidden == {}


async def test_when_nobody_can_look_for_a_rival_that_is_a_note(site: Site) -> None:
    site.github.faults = [Fault("POST", "/graphql", 502, times=99)]
    done = await site.publish(site.report(SQL), Standing())
    assert done.created
    assert done.notes[0].startswith("It is not known whether this was reviewed twice: ")
