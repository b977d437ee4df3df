"""What is the same wish, what is a new job, what comes too late: the decisions of the intake, as tables."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.decisions import HOUR
from bot.jobs.intake import _row
from bot.jobs.plan import (
    INSTANT,
    Fresh,
    Joined,
    Outdated,
    Same,
    first_seen,
    job_id,
    news,
    plan_review,
    seen_asked,
    seen_by,
    wish_after,
)
from bot.jobs.protocol import CLOSED, DRAFTED, JobRow, JobState, Place, ReviewWish, Trigger
from bot.jobs.store import ASKED, NEWER, Job
from bot.jobs.tables import ALIVE

PLACE = Place(77, "acme", 5000, "acme/shop", 1)
A, B = "a" * 40, "b" * 40
NOW = 1_800_000_000.0
OVER = tuple(s for s in JobState if s not in ALIVE)


def wish(
    head: str = A, trigger: Trigger = Trigger.OPENED, seen: float = 10.0, **more: Any
) -> ReviewWish:
    return ReviewWish(PLACE, trigger, **{"head": head, "base": "main", "seen": seen, **more})


def job(
    of: ReviewWish, state: JobState = JobState.DONE, number: int = 1, ago: float = 60.0, **more: Any
) -> Job:
    """A job that a wish became, `ago` seconds before now."""
    identity = job_id(of) + (f".{number}" if number > 1 else "")
    row = JobRow(identity, PLACE, of.trigger, state, of.head, created=NOW - ago, started=NOW - ago)
    made = Job(row, of.base, of.seen, refusal="", check_run=0, calls=0, paid=0.0)
    return replace(made, **more)


def at(head: str, of: ReviewWish, state: JobState, **more: Any) -> Job:
    """A job that has read this head."""
    made = job(of, state, **more)
    return replace(made, row=replace(made.row, head=head))


def planned(of: ReviewWish, *known: Job, per_hour: int = 20) -> Fresh | Same | Joined | Outdated:
    return plan_review(of, known, NOW, debounce=5.0, per_hour=per_hour)


PUSH = wish(B, Trigger.PUSHED, 20.0)
COMMAND = wish("", Trigger.COMMAND, 0.0, base="", once="comment conversation 9")
OTHER = replace(COMMAND, once="comment conversation 10")
BUTTON = wish(B, Trigger.RERUN, 0.0, base="", once="check-run 7 completed")
PUSHED_LATER = wish("c" * 40, Trigger.PUSHED, 99.0)
DISPUTE = wish("", Trigger.DISPUTE, 0.0, base="", once="answer 3 f 1")
RUNS, WAITS, PARKED = JobState.RUNNING, JobState.WAITING, JobState.PARKED


def test_a_first_wish_is_a_new_job() -> None:
    assert planned(wish()) == Fresh(job_id(wish()))


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.DEAD])
@pytest.mark.parametrize("of", [wish(), PUSH, COMMAND], ids=["opened", "pushed", "asked"])
def test_the_same_delivery_again_and_a_replay_are_the_same_job(
    of: ReviewWish, state: JobState
) -> None:
    """S07: whatever became of it; the GUID of a delivery plays no part."""
    if of is COMMAND and state is JobState.SKIPPED:
        return  # Asked again when something has changed: see below.
    assert planned(of, job(of, state)) == Same(job_id(of))


@pytest.mark.parametrize("of", [wish(), PUSH, COMMAND], ids=["opened", "pushed", "asked"])
def test_a_job_that_was_given_up_is_done_again_when_its_event_comes_again(of: ReviewWish) -> None:
    dead = job(of, JobState.DEAD)
    assert planned(of, dead) == Fresh(f"{job_id(of)}.2")
    again = job(of, JobState.DEAD, 2)
    assert planned(of, again, dead) == Fresh(f"{job_id(of)}.3")
    assert planned(of, job(of, JobState.DONE, 3), again, dead) == Same(f"{job_id(of)}.3")


def test_a_number_is_never_used_twice_though_older_tries_were_forgotten() -> None:
    assert planned(wish(), job(wish(), JobState.DEAD, 7)) == Fresh(f"{job_id(wish())}.8")


def test_a_push_is_another_job() -> None:
    assert planned(PUSH, job(wish(), JobState.RUNNING)) == Fresh(job_id(PUSH))


@pytest.mark.parametrize("state", list(JobState))
def test_opened_after_the_push_that_followed_it_is_too_late(state: JobState) -> None:
    """S13: deliveries overtake each other."""
    assert planned(wish(), job(PUSH, state)) == Outdated(job_id(PUSH))


def test_a_late_replay_of_something_older_revives_nothing() -> None:
    old = job(wish(), JobState.SUPERSEDED, ago=90)
    assert planned(wish(), job(PUSH, JobState.RUNNING), old) == Same(job_id(wish()))


def test_what_a_person_asks_for_is_never_too_late() -> None:
    assert planned(COMMAND, job(PUSH)) == Fresh(job_id(COMMAND))


@pytest.mark.parametrize("state", [JobState.SUPERSEDED, JobState.CANCELLED, JobState.SKIPPED])
def test_reopened_after_it_came_to_nothing_is_done_again(state: JobState) -> None:
    reopened = wish(trigger=Trigger.REOPENED, seen=30.0)
    assert planned(reopened, job(wish(), state)) == Fresh(f"{job_id(wish())}.2")


@pytest.mark.parametrize("state", [JobState.SUPERSEDED, JobState.CANCELLED, JobState.SKIPPED])
def test_an_operators_backfill_needs_no_news(state: JobState) -> None:
    """The pull request is as it was when its job was stopped; nor may an older event end the new one."""
    wanted = wish(trigger=Trigger.BACKFILL)
    assert planned(wanted, job(wish(), state)) == Fresh(f"{job_id(wish())}.2")
    assert planned(wanted, job(wish())) == Same(job_id(wish()))
    assert _row("x", wanted, "")["seen"] == 10.0


@pytest.mark.parametrize("trigger", [Trigger.REOPENED, Trigger.READY, Trigger.PUSHED])
@pytest.mark.parametrize("note", [CLOSED, DRAFTED, "stopped by bob", ""])
def test_in_one_second_only_what_was_closed_or_drafted_can_be_back(
    note: str, trigger: Trigger
) -> None:
    """What a person has stopped in that second stays stopped: the event may be of before."""
    ended = job(wish(), JobState.CANCELLED)
    ended = replace(ended, row=replace(ended.row, note=note))
    is_back = note in (CLOSED, DRAFTED) and trigger is not Trigger.PUSHED
    known = Fresh(f"{job_id(wish())}.2") if is_back else Same(job_id(wish()))
    assert planned(wish(trigger=trigger), ended) == known


def test_what_a_person_asked_for_makes_no_event_late() -> None:
    """Its time is that of the act; the commit is that of the push."""
    asked = replace(job(COMMAND), seen=1000.0)
    assert planned(PUSH, asked, job(wish())) == Fresh(job_id(PUSH))


def test_s78_an_act_is_later_than_all_that_is_known_where_its_event_does_not_say_when() -> None:
    """By GitHub's clock: by ours, which may be ahead, a `stop` of after it would be of before."""
    known = [job(PUSH, seen=50.0), job(wish())]
    assert _row("x", wish(), "", known)["seen"] == 10.0
    assert _row("x", wish(seen=0.0), "", known)["seen"] == 0.0
    assert _row("x", replace(COMMAND, seen=7.0), "", known)["seen"] == 7.0
    assert _row("x", COMMAND, "", known)["seen"] == 50.0
    assert _row("x", COMMAND, "")["seen"] == 0.0


def test_s78_a_new_job_is_the_newest_though_our_clock_was_ahead_before() -> None:
    ahead = job(wish())
    ahead = replace(ahead, row=replace(ahead.row, created=time.time() + HOUR))
    assert _row("x", PUSH, "", [ahead])["created"] > ahead.row.created
    now = time.time()
    assert now <= _row("x", PUSH, "", [job(wish(), ago=NOW)])["created"] <= time.time()


def test_s28_the_hour_is_that_of_the_work_though_jobs_were_written_down_by_a_clock_ahead() -> None:
    late = job(wish(), ago=2 * HOUR)
    late = replace(late, row=replace(late.row, created=NOW + 9 * HOUR))
    assert planned(PUSH, late, per_hour=1) == Fresh(job_id(PUSH))


SEEN = [
    (Trigger.OPENED, 30.0, 30.0),
    (Trigger.PUSHED, 30.0, 30.0),
    (Trigger.PUSHED, 10.0, 20.0),
    (Trigger.PUSHED, 0.0, 20.0),
    (Trigger.REOPENED, 30.0, 30.0 + INSTANT),
    (Trigger.READY, 20.0, 20.0 + INSTANT),
    (Trigger.LABELED, 20.0, 20.0 + INSTANT),
    (Trigger.LABELED, 10.0, 20.0 + INSTANT),
]


@pytest.mark.parametrize(("trigger", "said", "seen"), SEEN)
def test_s13_a_job_has_seen_what_was_the_same_as_it(
    trigger: Trigger, said: float, seen: float
) -> None:
    """What may be wanted only now is in any case later than when the job looked."""
    there = job(PUSH, RUNS)
    assert seen_by(wish(B, trigger, said), there) == pytest.approx(seen, abs=INSTANT / 10)


@pytest.mark.parametrize("trigger", [Trigger.REOPENED, Trigger.READY, Trigger.LABELED])
def test_s13_what_came_while_a_job_found_that_it_is_not_wanted_is_looked_at(
    trigger: Trigger,
) -> None:
    looked = job(PUSH, RUNS)
    assert wish_after(looked, looked) is None
    there = replace(looked, seen=seen_by(wish(B, trigger, 20.0), looked))
    again = wish_after(looked, there)
    assert again
    over = replace(there, row=replace(there.row, state=JobState.SKIPPED))
    assert planned(again, over) == Fresh(f"{job_id(PUSH)}.2")


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.DONE])
def test_s13_a_push_of_before_what_a_job_has_seen_is_too_late(state: JobState) -> None:
    """Opened, pushed, pushed again: the job of the first reads the last, whose event came before."""
    opened = at("c" * 40, wish(), state)
    there = replace(opened, seen=seen_by(wish("c" * 40, Trigger.PUSHED, 30.0), opened))
    assert planned(PUSH, there) == Outdated(job_id(wish()))


def test_s13_what_is_asked_for_is_of_the_act_and_what_is_not_of_githubs_clock() -> None:
    asked, other = replace(job(COMMAND, RUNS), seen=50.0), job(PUSH, RUNS)
    assert seen_asked(replace(OTHER, seen=70.0), asked) == 70.0
    assert seen_asked(replace(OTHER, seen=30.0), asked) == 50.0
    assert seen_asked(BUTTON, asked) == 50.0
    assert seen_asked(OTHER, other) == other.seen


@pytest.mark.parametrize("trigger", list(Trigger))
def test_s13_reopened_in_the_second_of_the_closing_is_later_than_that(trigger: Trigger) -> None:
    """GitHub's times are whole seconds, and its events come in any order."""
    is_back = trigger in (Trigger.REOPENED, Trigger.READY)
    known = [job(PUSH)]
    assert (first_seen(wish(trigger=trigger), known) > 10.0) is is_back
    undated = PUSH.seen if trigger.is_asked else 0.0
    assert first_seen(wish(trigger=trigger, seen=0.0), known) == undated


@pytest.mark.parametrize("trigger", [Trigger.REOPENED, Trigger.PUSHED, Trigger.REBASED])
def test_what_comes_back_to_what_was_reviewed_gets_a_check_run_of_now(trigger: Trigger) -> None:
    """The review itself is adopted; another pull request may have written to the commit meanwhile."""
    back = wish(trigger=trigger, seen=30.0)
    assert planned(back, job(wish())) == Fresh(f"{job_id(wish())}.2")
    replayed = wish(trigger=trigger, seen=10.0)
    assert planned(replayed, job(wish())) == Same(job_id(wish())), "the old event again"
    undated = wish(trigger=trigger, seen=0.0)
    assert planned(undated, job(wish())) == Same(job_id(wish())), "it may be"
    assert planned(wish(seen=30.0), job(wish())) == Same(job_id(wish()))


@pytest.mark.parametrize("trigger", [Trigger.LABELED, Trigger.READY])
def test_what_was_not_wanted_is_looked_at_again_when_it_is_labelled_or_ready(
    trigger: Trigger,
) -> None:
    skipped = job(wish(), JobState.SKIPPED)
    assert planned(wish(trigger=trigger, seen=11.0), skipped) == Fresh(f"{job_id(wish())}.2")
    assert planned(wish(trigger=trigger, seen=10.0), skipped) == Fresh(f"{job_id(wish())}.2")


def test_of_labels_given_in_one_second_each_is_looked_at() -> None:
    """The first was not the one that is needed, and its job is over."""
    label = wish(trigger=Trigger.LABELED)
    assert planned(label, job(label, JobState.SKIPPED)) == Fresh(f"{job_id(wish())}.2")
    assert planned(label, job(label)) == Same(job_id(wish()))


def test_the_same_head_on_another_base_is_another_job() -> None:
    other = wish(trigger=Trigger.REBASED, seen=11.0, base="release")
    assert planned(other, job(wish())) == Fresh(job_id(other))
    assert job_id(other) != job_id(wish())


def test_s07_commits_that_begin_alike_are_two() -> None:
    """Their author can make the first twelve digits the same within seconds."""
    one, other = wish(f"{'abc' * 4}{'1' * 28}"), wish(f"{'abc' * 4}{'2' * 28}", seen=20.0)
    assert planned(other, job(one, RUNS)) == Fresh(job_id(other))
    assert planned(other, job(one)) == Fresh(job_id(other))
    assert job_id(one) != job_id(other)


def test_s07_what_an_older_triptych_did_is_known() -> None:
    done = job(wish())
    name = job_id(wish())
    older = "review.5000.1.aaaaaaaaaaaa.0d6e4079e367"
    for behind in ("", ".2"):
        old = replace(done, row=replace(done.row, id=f"{older}{behind}"))
        assert planned(wish(), old) == Same(f"{older}{behind}")
        back = wish(trigger=Trigger.REOPENED, seen=30.0)
        assert planned(back, old) == Fresh(f"{name}.2")


def test_each_act_of_a_person_is_a_job_of_its_own() -> None:
    assert planned(OTHER, job(COMMAND)) == Fresh(job_id(OTHER))


@pytest.mark.parametrize(
    ("head", "base", "same"),
    [(B, "main", True), (A, "main", False), (B, "release", False), ("", "main", False)],
    ids=["the same", "another commit", "another base", "nothing read"],
)
def test_an_asked_for_review_that_waits_for_github_stands_for_its_own_commit(
    head: str, base: str, same: bool
) -> None:
    parked = at(head, COMMAND, PARKED, base=base)
    assert planned(PUSH, parked) == (Same(parked.row.id) if same else Fresh(job_id(PUSH)))


JOINED = [
    (OTHER, job(COMMAND, RUNS)),
    (OTHER, job(COMMAND, WAITS)),
    (OTHER, job(COMMAND, PARKED)),
    (OTHER, at(B, COMMAND, RUNS)),
    (OTHER, at(B, BUTTON, RUNS)),
    (BUTTON, at(B, COMMAND, RUNS)),
    (BUTTON, job(COMMAND, RUNS)),
    (BUTTON, at(A, COMMAND, WAITS)),  # It will read the newest one.
    (BUTTON, job(PUSH, RUNS, check_run=9)),
    (BUTTON, job(PUSH, RUNS, calls=1)),
    (replace(BUTTON, base="main"), job(PUSH, RUNS, check_run=9)),
    (OTHER, job(PUSH, RUNS, check_run=9)),  # A comment means what stands there.
    (OTHER, job(PUSH, RUNS, calls=1)),
]
NOT_JOINED = [
    (OTHER, job(COMMAND)),
    (OTHER, job(COMMAND, JobState.CANCELLED)),
    (OTHER, job(COMMAND, WAITS, refusal="the limit of 1 reviews an hour is reached")),
    (OTHER, job(PUSH, RUNS)),
    (OTHER, job(PUSH, WAITS, check_run=9)),
    (OTHER, at("", PUSH, RUNS, calls=1)),
    (OTHER, at(B, replace(COMMAND, trigger=Trigger.DISMISSAL), RUNS, check_run=9)),
    (OTHER, job(DISPUTE, RUNS)),
    (BUTTON, at(A, COMMAND, RUNS)),
    (BUTTON, job(PUSH, RUNS)),  # It may find that it is not wanted.
    (
        BUTTON,
        job(replace(PUSH, trigger=Trigger.REBASED), RUNS, check_run=9),
    ),  # Begun before it looks.
    (BUTTON, job(PUSH, WAITS, check_run=9)),
    (BUTTON, at(A, PUSH, RUNS, check_run=9)),
    (BUTTON, at(B, replace(COMMAND, trigger=Trigger.DISMISSAL), RUNS, check_run=9)),
    (replace(BUTTON, base="release"), job(PUSH, RUNS, check_run=9)),
    (replace(COMMAND, once=f"{job_id(COMMAND)} moved"), at(A, COMMAND, RUNS)),
    (wish(B, Trigger.BACKFILL, 0.0, once="x"), job(COMMAND, RUNS)),
]


@pytest.mark.parametrize(("of", "there"), JOINED)
def test_what_is_asked_for_while_it_is_under_way_is_that(of: ReviewWish, there: Job) -> None:
    assert planned(of, there) == Joined(there.row.id)
    assert planned(of, job(DISPUTE, RUNS), there) == Joined(there.row.id)
    assert planned(of, there, per_hour=1) == Joined(there.row.id), "it costs nothing"
    assert planned(of, job(PUSHED_LATER, JobState.SKIPPED), there) == Fresh(job_id(of))


@pytest.mark.parametrize(("of", "there"), NOT_JOINED)
def test_what_is_asked_for_and_not_under_way_is_a_job_of_its_own(
    of: ReviewWish, there: Job
) -> None:
    assert planned(of, there) == Fresh(job_id(of))


def test_what_a_new_job_overtakes_is_told_why() -> None:
    assert news(PUSH, "") == news(PUSH, "the limit") == NEWER
    assert news(COMMAND, "") == news(BUTTON, "") == ASKED
    assert news(replace(COMMAND, once="review.1 moved"), "") == NEWER
    assert news(COMMAND, "the limit") == news(DISPUTE, "") == ""


@pytest.mark.parametrize(
    ("ago", "trigger", "delay"),
    [
        (1.0, Trigger.PUSHED, 5.0),
        (4.9, Trigger.PUSHED, 5.0),
        (5.1, Trigger.PUSHED, 0.0),
        (1.0, Trigger.REBASED, 0.0),
    ],
)
def test_only_a_push_soon_after_another_waits(ago: float, trigger: Trigger, delay: float) -> None:
    first = job(wish(B, Trigger.PUSHED, 20.0), JobState.RUNNING, ago=ago)
    assert planned(wish("c" * 40, trigger, 21.0), first) == Fresh(
        job_id(wish("c" * 40, trigger, 21.0)), delay=delay
    )


def test_a_push_right_after_it_was_opened_does_not_wait() -> None:
    assert planned(PUSH, job(wish(), JobState.RUNNING, ago=0.5)) == Fresh(job_id(PUSH))


def test_so_many_reviews_an_hour_and_no_more() -> None:
    """S28. What never began has cost nothing, what was refused neither, nor what is long ago."""
    begun = [job(wish(f"{i:040}", seen=i), ago=i * 60) for i in range(1, 4)]
    waited = [
        replace(j, row=replace(j.row, started=0.0))
        for j in (job(wish(f"{i:040}", seen=1), JobState.SUPERSEDED) for i in range(10, 20))
    ]
    refused = [job(wish(f"{i:040}", seen=1), refusal="no") for i in range(20, 30)]
    old = [job(wish(f"{i:040}", seen=1), ago=3601) for i in range(30, 40)]
    nothing = [
        job(wish(f"{i:040}", seen=1), JobState.DEAD if i % 2 else JobState.SKIPPED)
        for i in range(40, 50)
    ]
    known = [*begun, *waited, *refused, *old, *nothing]
    assert planned(PUSH, *known, per_hour=4) == Fresh(job_id(PUSH))
    assert planned(PUSH, *known, per_hour=3) == Fresh(
        job_id(PUSH), refusal="the limit of 3 reviews an hour is reached"
    )


def test_a_review_that_failed_after_it_had_asked_a_model_counts() -> None:
    asked = job(wish(), JobState.DEAD, calls=1)
    assert planned(PUSH, asked, per_hour=1) == Fresh(
        job_id(PUSH), refusal="the limit of 1 reviews an hour is reached"
    )


def test_s28_a_dismissal_that_asks_no_model_does_not_count_against_the_hour() -> None:
    told = [job(replace(COMMAND, trigger=Trigger.DISMISSAL, once=f"d {n}")) for n in range(9)]
    assert planned(PUSH, job(wish()), *told, per_hour=2) == Fresh(job_id(PUSH))
    asked = [replace(j, calls=1) for j in told]
    assert planned(PUSH, job(wish()), *asked, per_hour=10) == Fresh(
        job_id(PUSH), refusal="the limit of 10 reviews an hour is reached"
    )


WHOLE = job(wish())
WHOLE = replace(WHOLE, row=replace(WHOLE.row, outcome="findings"))
TOO_MANY = "the limit of 1 reviews an hour is reached"


@pytest.mark.parametrize(
    ("known", "refusal"),
    [
        ([WHOLE], ""),
        ([job(OTHER, JobState.SKIPPED, refusal=TOO_MANY), WHOLE], ""),
        ([job(DISPUTE), WHOLE], ""),
        ([replace(WHOLE, row=replace(WHOLE.row, outcome="incomplete"))], TOO_MANY),
        # What was refused is another commit, which a model would be asked about.
        ([job(PUSH, JobState.SKIPPED, refusal=TOO_MANY), WHOLE], TOO_MANY),
        ([job(PUSH, WAITS), WHOLE], TOO_MANY),
    ],
)
def test_s28_a_dismissal_of_what_was_told_is_free(known: list[Job], refusal: str) -> None:
    dismissal = replace(COMMAND, trigger=Trigger.DISMISSAL, once="dismissal 9")
    assert planned(dismissal, *known, per_hour=1) == Fresh(job_id(dismissal), refusal=refusal)


@pytest.mark.parametrize("trigger", [Trigger.REOPENED, Trigger.PUSHED, Trigger.REBASED])
@pytest.mark.parametrize("outcome", ["clean", "findings", "incomplete"])
def test_s28_what_comes_back_to_a_whole_review_takes_it_also_at_the_limit(
    trigger: Trigger, outcome: str
) -> None:
    done = job(wish())
    done = replace(done, row=replace(done.row, outcome=outcome))
    refusal = "the limit of 1 reviews an hour is reached" if outcome == "incomplete" else ""
    back = wish(trigger=trigger, seen=30.0)
    again = Fresh(f"{job_id(wish())}.2", refusal=refusal)
    assert planned(back, done, per_hour=1) == again
    assert planned(back, job(DISPUTE), done, per_hour=1) == again, "a second look is no review"


def test_s28_setting_a_branch_back_and_forth_is_no_way_round_the_limit() -> None:
    """The one review is about the other commit by now, so this one would be paid for again."""
    done, other = job(wish()), job(PUSH, ago=30.0)
    done, other = (replace(j, row=replace(j.row, outcome="clean"), calls=3) for j in (done, other))
    back = wish(trigger=Trigger.PUSHED, seen=30.0)
    refusal = "the limit of 2 reviews an hour is reached"
    assert planned(back, other, done, per_hour=2) == Fresh(f"{job_id(wish())}.2", refusal=refusal)


wishes = st.builds(
    wish,
    head=st.sampled_from([A, B]),
    trigger=st.sampled_from(list(Trigger)),
    seen=st.sampled_from([0.0, 10.0, 20.0]),
    once=st.sampled_from(["", "comment 1", "comment 2"]),
)


@given(wishes, st.lists(st.tuples(wishes, st.sampled_from(list(JobState))), max_size=5))
def test_a_new_job_has_a_new_name_and_a_known_one_is_known(
    of: ReviewWish, before: list[tuple[ReviewWish, JobState]]
) -> None:
    known: list[Job] = []
    for number, (earlier, state) in enumerate(before):
        same = sum(j.row.id.startswith(job_id(earlier)) for j in known)
        known.insert(0, job(earlier, state, same + 1, ago=100.0 - number))
    match planned(of, *known):
        case Fresh(id=name):
            assert name not in {j.row.id for j in known}
            assert name.startswith(job_id(of))
        case Same(id=name) | Joined(id=name):
            assert name in {j.row.id for j in known}
        case Outdated(by=name):
            assert any(j.row.id == name for j in known)


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_name_that_fits(head: str, base: str, once: str) -> None:
    made = job_id(wish(head, base=base, once=once))
    assert len(made) <= 120
