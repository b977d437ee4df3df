"""What the jobs remember, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.app_settings import AppSettings
from bot.jobs.decisions import HOUR
from bot.jobs.intake import _row
from bot.jobs.plan import job_id
from bot.jobs.protocol import JobState, Place, ReviewWish, Trigger
from bot.jobs.spending import DAY, LETTING_GO, DayCosts, DayLimits
from bot.jobs.store import ASKED, NEWER, Job, Store
from bot.jobs.tables import ALIVE, jobs, politeness, storable, write_meta
from bot.jobs.transactions import Transactions, open_database
from bot.jobs.writing import NewJob, Unwanted, Writing
from reviewers.core.history import Dismissal
from tests.bot.jobs.running import written

PLACE = Place(77, "acme", 5000, "acme/shop", 1)
OTHER = Place(77, "acme", 5000, "acme/shop", 2)
STRANGE = Place(88, "evil", 6000, "evil/shop", 1)


@pytest.fixture
async def transactions(database: str, tmp_path: Path) -> AsyncIterator[Transactions]:
    made = open_database(AppSettings(tmp_path, database))
    yield made
    await made.close()


@pytest.fixture
def store(transactions: Transactions) -> Store:
    return Store(transactions)


async def add(store: Store, place: Place = PLACE, head: str = "a" * 40, **more: Any) -> str:
    wish = ReviewWish(place, Trigger.OPENED, head, "main", seen=1.0)
    supersedes = more.pop("supersedes", "")
    await written(store, {**_row(job_id(wish), wish, ""), **more}, supersedes=supersedes)
    return job_id(wish)


async def state(store: Store, job: str) -> JobState:
    found = await store.job(job)
    assert found is not None
    return found.row.state


async def test_a_job_from_its_wish_to_its_end(store: Store) -> None:
    job = await add(store)
    assert await state(store, job) is JobState.WAITING
    begun = await store.begin(job, "one")
    assert begun is not None
    assert (begun.is_new, begun.row.attempts, begun.row.worker) == (True, 1, "one")
    assert begun.row.started > 0
    assert await store.holds(job, "one")
    assert not await store.holds(job, "two")
    await store.pay(job, 0.25)
    await store.pay(job, None)
    again = await store.begin(job, "two")
    assert again is not None
    assert (again.is_new, again.row.attempts, again.row.started) == (False, 2, begun.row.started)
    assert (again.calls, again.paid, again.row.cost) == (2, 0.25, None)
    assert await store.end(job, JobState.DONE, note="so")
    assert not await store.end(job, JobState.DEAD)
    assert await store.begin(job, "three") is None
    assert not await store.holds(job, "two")


async def test_what_was_ended_is_not_parked_or_begun(store: Store) -> None:
    """It was parked all the same, and so reviewed once more."""
    job = await add(store)
    await store.begin(job, "one")
    assert await store.end_alive(JobState.SUPERSEDED, NEWER, place=PLACE) == (job,)
    assert not await store.park(job, "GitHub is down")
    assert await state(store, job) is JobState.SUPERSEDED
    assert await store.begin(job, "one") is None


async def test_s76_lives_before_it_was_parked_do_not_count(store: Store) -> None:
    """It got so far that it could wait in good order: it is not what breaks the server."""
    job = await add(store)
    for _ in range(3):
        await store.begin(job, "one")
    assert await store.park(job, "GitHub is down")
    begun = await store.begin(job, "one")
    assert begun is not None
    assert begun.row.attempts == 1


async def test_what_runs_again_does_not_say_any_more_why_it_waited(store: Store) -> None:
    job = await add(store)
    await store.begin(job, "one")
    assert await store.park(job, "GitHub is down")
    begun = await store.begin(job, "one")
    assert begun is not None
    assert begun.row.note == ""


async def test_a_new_job_supersedes_those_of_its_pull_request_alone(store: Store) -> None:
    old = await add(store)
    other, strange = await add(store, OTHER), await add(store, STRANGE)
    new = ReviewWish(PLACE, Trigger.PUSHED, "b" * 40, "main")
    assert await written(store, _row(job_id(new), new, ""), supersedes=NEWER) == (old,)
    assert await state(store, old) is JobState.SUPERSEDED
    assert {await state(store, j) for j in (other, strange, job_id(new))} == {JobState.WAITING}


async def test_a_job_is_written_once(store: Store) -> None:
    await add(store)
    with pytest.raises(sa.exc.IntegrityError):
        await add(store, supersedes=NEWER)
    (found,) = await store.of_pull(PLACE)
    assert found.row.state is JobState.WAITING, "all of a transaction or nothing"


async def test_s13_a_job_ends_with_the_beginning_of_the_next_one_or_not_at_all(
    store: Store,
) -> None:
    """A crash between the two would lose what came as it ended: that was answered already."""
    old, other = await add(store), await add(store, OTHER)
    new = {**_row("new", ReviewWish(PLACE, Trigger.LABELED, "a" * 40, "main"), "")}
    unwanted = Unwanted(old, "draft pull request")
    clash = Writing(NewJob({**new, "id": other}), unwanted)
    with pytest.raises(sa.exc.IntegrityError):
        await store.take(PLACE, lambda _known: clash)
    assert await state(store, old) is JobState.WAITING
    whole = Writing(NewJob(new, NEWER), unwanted)
    assert await store.take(PLACE, lambda _known: whole) == (whole, ()), "it was not superseded"
    assert await state(store, old) is JobState.SKIPPED
    assert await state(store, "new") is JobState.WAITING


async def test_s13_two_who_decide_at_once_decide_one_after_the_other(
    transactions: Transactions, database: str, tmp_path: Path
) -> None:
    """A door and the workers, in one process or in several: the later one sees what the other wrote."""
    beside = open_database(AppSettings(tmp_path, database))
    seen: dict[str, list[str]] = {}

    def decide(name: str) -> Callable[[Sequence[Job]], Writing]:
        def decided(known: Sequence[Job]) -> Writing:
            time.sleep(0.2)
            seen[name] = [j.row.id for j in known]
            wish = ReviewWish(PLACE, Trigger.COMMAND, once=name)
            return Writing(NewJob(_row(name, wish, ""), ASKED))

        return decided

    try:
        await asyncio.gather(
            Store(transactions).take(PLACE, decide("one")), Store(beside).take(PLACE, decide("two"))
        )
    finally:
        await beside.close()
    assert sorted(map(len, seen.values())) == [0, 1]


async def test_all_jobs_of_some_pull_requests(store: Store) -> None:
    mine, other = await add(store), await add(store, OTHER)
    await add(store, STRANGE)
    found = await store.of_pulls([PLACE, OTHER, PLACE])
    assert [j.row.id for j in found] == [other, mine], "the newest first, each once"
    assert await store.of_pulls([]) == ()


async def test_a_late_cancel_leaves_what_came_after_it(store: Store) -> None:
    job = await add(store, seen=20.0)
    assert await store.end_alive(JobState.CANCELLED, "closed", place=PLACE, seen=19.0) == ()
    assert await store.end_alive(JobState.CANCELLED, "closed", place=PLACE, seen=20.0) == (job,)


async def test_what_a_worker_must_not_go_on_with(store: Store) -> None:
    """What ended or was taken over; and what was forgotten: a purge deletes rows, and its running
    jobs went on in other processes.
    """
    shop = [Place(77, "acme", 5000, "acme/shop", n) for n in range(4)]
    mine, waiting, ended, taken = [await add(store, place) for place in shop]
    await store.begin(mine, "one")
    await store.begin(taken, "two")
    await store.end(ended, JobState.CANCELLED, note="closed")
    everything = [mine, waiting, ended, taken, "gone"]
    assert await store.not_of("one", everything) == (ended, taken, "gone")


async def test_places_in_the_queue_are_fair(store: Store) -> None:
    """S14: fifty jobs of one installation, then one of another."""
    many = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(50)]
    places = [await store.line.place(job) for job in many]
    assert places == list(range(1, 51))
    assert await store.line.place(await add(store, STRANGE)) == 1
    for job in many[:20]:
        await store.begin(job, "one")
        await store.end(job, JobState.DONE)
    late = await add(store, Place(88, "evil", 6000, "evil/shop", 2))
    assert await store.line.place(late) == 2, "behind the other one of its own"
    await store.end(job_id(ReviewWish(STRANGE, Trigger.OPENED, "a" * 40, "main")), JobState.DONE)
    await store.end(late, JobState.DONE)
    newcomer = await add(store, Place(99, "new", 7000, "new/shop", 1))
    assert await store.line.place(newcomer) == 21, "not before what has waited for long"
    assert await store.line.place(newcomer) == 21
    assert await store.line.place("gone") == 1


async def test_money_set_aside_by_two_jobs_at_once_is_counted(store: Store) -> None:
    """On Postgres neither saw the other's."""
    ids = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(8)]
    for job in ids:
        await store.begin(job, "one")
    found = await asyncio.gather(*(store.spending.reserve(job, 2.0) for job in ids))
    assert sorted(everybody for everybody, *_ in found) == [2.0 * n for n in range(8)]
    strange = await add(store, STRANGE)
    assert await store.spending.reserve(strange, 1.0) == (16.0, 0.0, 0.0)
    assert await store.spending.reserve("gone", 1.0) == (17.0, 0.0, 0.0)


async def test_no_two_jobs_are_promised_the_same_money(store: Store) -> None:
    """Each asks for more than the day has: one gets what there is, and gives back what it spares."""
    limits = DayLimits(10.0, 8.0)
    ids = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(3)]
    found = await asyncio.gather(*(store.spending.reserve(job, 50.0, limits) for job in ids))
    assert sorted(found) == [(0.0, 0.0, 0.0), (8.0, 8.0, 8.0), (8.0, 8.0, 8.0)]
    strange = await add(store, STRANGE)
    assert await store.spending.reserve(strange, 50.0, limits) == (8.0, 0.0, 0.0)
    assert await store.spending.reserve(strange, 0.5, limits) == (8.0, 0.0, 0.0), "asked again"
    first = ids[found.index(DayCosts(0.0, 0.0, 0.0))]
    await store.pay(first, 3.0)
    await store.end(first, JobState.DONE)
    other = await add(store, Place(77, "acme", 5000, "acme/shop", 9))
    assert await store.spending.reserve(other, 50.0, limits) == (3.5, 3.0, 3.0)
    assert await store.spending.reserve(strange, 9.0, limits) == (8.0, 0.0, 0.0)
    await store.pay(ids[0], 100.0)
    assert await store.spending.reserve("gone", 1.0, limits) > (100.0, 0.0, 0.0), (
        "overspent already"
    )


async def test_what_an_ended_job_set_aside_is_free_when_its_worker_has_let_go(store: Store) -> None:
    """Its calls are in the air still, and are booked when they are cut."""
    limits = DayLimits(1.0)
    mine, other, third = [
        await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(3)
    ]
    await store.begin(mine, "one")
    await store.spending.reserve(mine, 1.0, limits)
    await store.end_alive(JobState.SUPERSEDED, "x", job=mine)
    assert await store.spending.reserve(other, 1.0, limits) == (1.0, 1.0, 1.0)
    await store.pay(mine, 0.6)
    assert await store.spending.reserve(other, 1.0, limits) == (1.0, 1.0, 1.0)
    await store.spending.release(mine)
    assert await store.spending.reserve(other, 1.0, limits) == (0.6, 0.6, 0.6)
    # Of one that is at work nothing is free.
    await store.spending.release(other)
    assert await store.spending.reserve(third, 1.0, limits) == (1.0, 1.0, 1.0)


async def test_what_a_killed_worker_s_job_set_aside_is_free_in_the_end(store: Store) -> None:
    mine, other = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(2)]
    await store.spending.reserve(mine, 1.0, DayLimits(1.0))
    await store.pay(mine, 0.25)
    await store.end_alive(JobState.CANCELLED, "x", job=mine)
    await store.note(mine, ended=time.time() - LETTING_GO - 1)
    assert await store.spending.reserve(other, 1.0, DayLimits(1.0)) == (0.25, 0.25, 0.25)


async def test_what_a_day_has_cost(store: Store) -> None:
    ids = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(3)]
    mine, ended, old = ids
    await store.pay(ended, 3.0)
    await store.end(ended, JobState.DONE)
    await store.note(old, cost=50.0)
    await store.end(old, JobState.DONE)
    await store.note(old, ended=time.time() - 2 * DAY)
    assert await store.spending.reserve(mine, 2.0) == (3.0, 3.0, 3.0)
    figures = await store.figures(10.0)
    assert (figures.cost_today, figures.cost_limit, figures.waiting) == (3.0, 10.0, 1)


async def test_s28_the_day_begins_at_midnight_utc(store: Store) -> None:
    now = time.time()
    midnight = now - now % DAY
    before, after = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(2)]
    for job, cost, ended in ((before, 50.0, midnight - 1), (after, 3.0, midnight + 1)):
        await store.pay(job, cost)
        await store.end(job, JobState.DONE)
        await store.note(job, ended=ended)
    mine = await add(store, OTHER, "b" * 40)
    assert await store.spending.reserve(mine, 1.0) == (3.0, 3.0, 3.0)
    assert (await store.figures(None)).cost_today == 3.0


async def test_what_was_purged_still_counts_today(store: Store, transactions: Transactions) -> None:
    """Else the App's budget would begin anew whenever somebody installs it anew."""
    running, strange = await add(store), await add(store, STRANGE)
    await store.pay(running, 1.5)
    await store.forgetting.purge(77)
    again = await add(store)
    await store.pay(again, 0.25)
    await store.forgetting.purge(77, [5000])
    assert (await store.figures(None)).cost_today == 1.75
    assert await store.spending.reserve(strange, 1.0) == (1.75, 0.0, 0.0)
    mine = await add(store)
    assert await store.spending.reserve(mine, 1.0) == (2.75, 1.75, 1.75)
    await store.forgetting.aged(time.time() - 30 * DAY)
    assert (await store.figures(None)).cost_today == 1.75
    await transactions.do(lambda c: write_meta(c, "purged 20000 77", "9.0"))
    await store.forgetting.aged(time.time() - 30 * DAY)
    assert await store.recall("purged 20000 77") == ""


async def test_what_the_last_calls_of_a_purged_job_cost_counts_for_whose_it_was(
    store: Store,
) -> None:
    running, ended, strange = await add(store), await add(store, OTHER), await add(store, STRANGE)
    await store.end_alive(JobState.SUPERSEDED, "x", job=ended)
    await store.forgetting.purge(77)
    await store.pay(running, 3.0)
    await store.pay(ended, 1.0)
    mine = await add(store)
    assert await store.spending.reserve(mine, 1.0) == (4.0, 4.0, 4.0)
    assert await store.spending.reserve(strange, 1.0) == (5.0, 0.0, 0.0)
    await store.pay("of yesterday", 2.0)
    assert await store.spending.reserve(mine, 1.0) == (7.0, 4.0, 4.0)


async def test_check_runs_that_did_not_end_with_their_jobs(store: Store) -> None:
    now = time.time()
    jobs = [await add(store, replace(PLACE, number=n)) for n in range(1, 6)]
    states = [JobState.SUPERSEDED, JobState.DEAD, JobState.DONE, JobState.CANCELLED, None]
    for job, ended in zip(jobs, states, strict=True):
        await store.note(job, check_run=9)
        if ended:
            await store.end(job, ended)
    assert await store.unclosed(now) == ()  # They may be about to end.
    assert {j.row.id for j in await store.unclosed(now + 70)} == {*jobs[:4]}
    await store.note(jobs[0], check_run=0)
    assert {j.row.id for j in await store.unclosed(now + 70)} == {*jobs[1:4]}
    assert await store.unclosed(now + 2 * DAY) == ()


async def test_figures_and_lists(store: Store) -> None:
    first, second = await add(store), await add(store, OTHER)
    await store.begin(second, "one")
    await store.park(second, "GitHub is down")
    figures = await store.figures(None)
    assert (figures.waiting, figures.running, figures.parked, figures.dead) == (1, 0, 1, 0)
    assert 0 <= figures.oldest < 60
    assert [row.id for row in await store.list(10, None)] == [second, first]
    assert [row.id for row in await store.list(10, JobState.PARKED)] == [second]
    await store.note(second, outcome="incomplete")
    assert [row.id for row in await store.list(10, JobState.PARKED, "incomplete")] == [second]
    assert await store.list(10, JobState.WAITING, "incomplete") == ()
    found = await store.unfinished(time.time() + 1)
    assert {j.row.id for j in found} == {first, second}
    assert await store.unfinished(time.time() - 60) == ()


@pytest.mark.parametrize("state", [s for s in JobState if s not in ALIVE])
async def test_an_outcome_of_which_nobody_was_told_is_none(store: Store, state: JobState) -> None:
    """A review that was overtaken before it was posted, say; its state is asked for by name."""
    job = await add(store)
    await store.begin(job, "one")
    await store.end(job, state, outcome="incomplete")
    found = [row.id for row in await store.list(10, None, "incomplete")]
    assert found == ([job] if state is JobState.DONE else [])
    assert [row.id for row in await store.list(10, state, "incomplete")] == [job]


async def test_what_was_given_up_and_is_reviewed_since_is_nobody_s_care(store: Store) -> None:
    other, strange = await add(store, OTHER), await add(store, STRANGE)
    dead, dispute = await add(store), await add(store, head="b" * 40, trigger=Trigger.DISPUTE)
    for job in (other, strange, dead, dispute):
        await store.end(job, JobState.DEAD)
    assert (await store.figures(None)).dead == 4
    answered = await add(store, head="c" * 40, trigger=Trigger.DISPUTE)
    await store.end(answered, JobState.DONE)
    stopped = await add(store, head="d" * 40)
    await store.end(stopped, JobState.CANCELLED)
    assert (await store.figures(None)).dead == 4
    untold = await add(store, head="9" * 40)
    await store.note(untold, check_run=7)
    await store.end(untold, JobState.DEAD)
    done = await add(store, head="e" * 40)
    await store.end(done, JobState.DONE)
    assert await state(store, untold) is JobState.DEAD, "its check run has not said so yet"
    await store.end(await add(store, head="8" * 40), JobState.DONE)
    await store.note(untold, state=JobState.SUPERSEDED.value)
    assert (await store.figures(None)).dead == 3
    found = await store.job(dead)
    assert found is not None
    assert (found.row.state, found.row.note) == (JobState.SUPERSEDED, f"reviewed since, as {done}")
    await store.end(await add(store, head="f" * 40), JobState.DEAD)  # What comes after it is news.
    assert (await store.figures(None)).dead == 4


async def test_memory(store: Store) -> None:
    assert await store.recall("x") == ""
    await asyncio.gather(*(store.remember("x", str(n)) for n in range(8)))
    assert await store.recall("x") in {str(n) for n in range(8)}


async def test_what_is_forgotten(store: Store, transactions: Transactions) -> None:
    """S15, S19: after the time that the operator keeps things; and all of an installation."""
    old, alive, strange = await add(store), await add(store, OTHER), await add(store, STRANGE)
    await store.end(old, JobState.DONE)
    await store.note(old, ended=time.time() - 31 * DAY)
    await store.note(alive, created=time.time() - 31 * DAY)
    await store.decisions.dismiss(PLACE, "ab" * 6, 12, Dismissal("bob", "2026-11-24", "so"))
    await store.decisions.may_react(5000, 13)
    assert await store.forgetting.aged(time.time() - 30 * DAY) == (old,)
    assert await state(store, alive) is JobState.WAITING
    assert set(await store.decisions.dismissed(PLACE)) == {"ab" * 6}
    assert await store.forgetting.purge(77, [4999]) == ()
    assert await store.forgetting.purge(77) == (alive,)
    assert await store.decisions.dismissed(PLACE) == {}
    assert await transactions.do(lambda c: c.execute(sa.select(politeness)).all()) == []
    assert await state(store, strange) is JobState.WAITING


async def test_s19_a_purge_reaches_no_other_installation(store: Store) -> None:
    """A repository that went to another account has its number still."""
    job = await add(store, STRANGE)
    why = Dismissal("bob", "2026-11-24", "so")
    await store.decisions.dismiss(STRANGE, "ab" * 6, 12, why)
    await store.decisions.give_label(STRANGE, "a" * 40, "triptych")
    assert await store.disputes.begin(STRANGE, "ab" * 6, 9, "2026-11-24T00:00:00Z")
    assert await store.forgetting.purge(77, [STRANGE.repository_id]) == ()
    assert await state(store, job) is JobState.WAITING
    assert await store.decisions.dismissed(STRANGE) == {"ab" * 6: why}
    assert await store.decisions.labels_given(STRANGE) == {"a" * 40: {"triptych"}}
    assert [d.comment for d in await store.disputes.of_pull(STRANGE)] == [9]


async def test_a_dismissal_belongs_to_its_pull_request(store: Store) -> None:
    why = Dismissal("bob", "2026-11-24", "as designed")
    await store.decisions.dismiss(PLACE, "ab" * 6, 12, why)
    await store.decisions.dismiss(PLACE, "ab" * 6, 12, Dismissal("eve", "2026-11-25", "x"))
    assert await store.decisions.dismissed(PLACE) == {"ab" * 6: Dismissal("eve", "2026-11-25", "x")}
    assert await store.decisions.dismissed(OTHER) == {}


async def test_a_dismissal_ends_unless_it_was_made_anew_meanwhile(store: Store) -> None:
    why, new = Dismissal("bob", "2026-11-24", "x"), Dismissal("bob", "2026-11-25", "x")
    for place, finding in (
        (PLACE, "ab" * 6),
        (PLACE, "cd" * 6),
        (PLACE, "ef" * 6),
        (OTHER, "ab" * 6),
    ):
        await store.decisions.dismiss(place, finding, 12, why)
    await store.decisions.dismiss(PLACE, "cd" * 6, 12, new)
    await store.decisions.end(PLACE, {"ab" * 6: why, "cd" * 6: why})
    await store.decisions.end(PLACE, {})
    assert await store.decisions.dismissed(PLACE) == {"cd" * 6: new, "ef" * 6: why}
    assert await store.decisions.dismissed(OTHER) == {"ab" * 6: why}


async def test_s29_labels_are_known_by_the_commit_for_which_they_were_given(store: Store) -> None:
    a, b = "a" * 40, "b" * 40
    give, given = store.decisions.give_label, store.decisions.labels_given
    await asyncio.gather(*(give(PLACE, a, "Triptych") for _ in range(6)))
    for head, label in ((a, "docs"), (b, "triptych")):
        await give(PLACE, head, label)
    await give(STRANGE, a, "triptych")
    assert await given(PLACE) == {a: {"triptych", "docs"}, b: {"triptych"}}
    assert await given(OTHER) == {}
    await store.decisions.take_label(PLACE, "TRIPTYCH", [a])
    assert await given(PLACE) == {a: {"docs"}, b: {"triptych"}}
    await store.forgetting.aged(time.time() - 60)
    await store.forgetting.purge(77, [4999])
    assert await given(PLACE) == {a: {"docs"}, b: {"triptych"}}
    await store.forgetting.purge(77)
    assert await given(PLACE) == {}
    assert await given(STRANGE) == {a: {"triptych"}}
    await store.forgetting.aged(time.time() + 60)
    assert await given(STRANGE) == {}


async def test_one_reaction_an_hour(store: Store, transactions: Transactions) -> None:
    """S23."""
    asked = await asyncio.gather(*(store.decisions.may_react(5000, 13) for _ in range(6)))
    assert sum(asked) == 1
    assert await store.decisions.may_react(5000, 14)
    assert await store.decisions.may_react(6000, 13)
    past = sa.update(politeness).values(at=time.time() - HOUR - 1)
    await transactions.do(lambda c: c.execute(past))
    assert await store.decisions.may_react(5000, 13)


HOSTILE = ("a\0b", "\ud800", "x" * 5000, "'); drop table triptych_jobs; --", "\u202e\U0001f600")


@pytest.mark.parametrize("text", HOSTILE, ids=["nul", "surrogate", "huge", "sql", "odd"])
async def test_any_text_is_stored(store: Store, text: str) -> None:
    place = Place(77, text, 5000, text, 1)
    wish = ReviewWish(place, Trigger.OPENED, text, text)
    await written(store, _row(job_id(wish), wish, ""), supersedes=text)
    await store.note(job_id(wish), note=text, title=text, review_url=text, document=text)
    why = Dismissal(text, "2026-11-24", text)
    await store.decisions.dismiss(place, "ab" * 6, 12, why)
    await store.decisions.give_label(place, text, text)
    found = await store.job(job_id(wish))
    assert found is not None
    assert found.row.note == storable(text, 500)
    assert (await store.decisions.dismissed(place))["ab" * 6].reason == storable(text, 500)


async def test_many_writers_at_once(store: Store) -> None:
    """None fails another: SQLite takes one after the other, without `database is locked`."""
    ids = [await add(store, Place(77, "acme", 5000, "acme/shop", n)) for n in range(10)]
    await asyncio.gather(*(store.pay(job, 0.5) for job in ids for _ in range(10)))
    rows = await store.list(20, None)
    assert [row.cost for row in rows] == [5.0] * 10


async def test_states_are_what_the_table_holds(store: Store, transactions: Transactions) -> None:
    job = await add(store)
    for made in ALIVE:
        await store.note(job, state=made.value)
        assert (
            await transactions.do(lambda c: c.execute(sa.select(jobs.c.state)).scalar())
        ) == made
