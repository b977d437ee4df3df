"""What people order in comments, carried out: as a durable job, by the API's permissions of the moment.

Look-ups by finding are scoped to the pull request of the comment, so that an id from elsewhere tells
nothing (and dismisses nothing).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.errors import HostProblem, LimitProblem, Problem
from bot.hosts.people import Face, People
from bot.jobs.answers import Answers, Heard, today
from bot.jobs.findings import last_findings
from bot.jobs.means import JOB_PAUSES, LONGEST_PAUSE
from bot.jobs.plan import job_id, may_be_told_anew
from bot.jobs.protocol import (
    CancelWish,
    CommandWish,
    JobsProblem,
    JobState,
    Place,
    ReviewWish,
    Thread,
    Trigger,
    Verb,
    Wish,
)
from bot.jobs.store import Job, Store
from bot.jobs.tables import ALIVE
from bot.jobs.transactions import AWAY
from bot.outputs.marker import read_finding_marker
from bot.outputs.replies import (
    dismissed_later,
    explanation,
    help_text,
    not_found,
    not_understood,
    over_limit,
)
from reviewers.core.history import Dismissal

FIRST_WATCH, WATCH = 0.1, 1.0
"""Seconds between two looks whether a job that was ordered is over: some take half a second only."""
LONGEST_WATCH = 3600.0
TRIED_AGAIN = 3
"""So often while GitHub or the database does not answer: a person waits for it."""

MOST_JOINED = 5
"""So many reviews of others may a command wait for, each overtaken by the next."""

_ORDER = TypeAdapter(CommandWish)

log = structlog.get_logger("triptych.jobs")


class PeopleAccess(Protocol):
    """The way to the people of a pull request, for as long as an order is carried out."""

    def people(self, place: Place) -> AbstractAsyncContextManager[People]:
        """Open it."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """How an order ended: the face it gets, and what is answered ("" for nothing)."""

    face: Face
    answer: str = ""


async def _first() -> bool:
    """Nobody has begun it before."""
    return True


class Orders:
    """Carries orders out. `wish` takes in what an order wishes for.

    `asks` tells whether models may be asked; `is_first`, of the run in which it is awaited, whether
    this process has begun it: an earlier one may have answered and died.
    """

    def __init__(
        self,
        store: Store,
        access: PeopleAccess,
        wish: Callable[[Wish], Awaitable[str]],
        pauses: Sequence[float] = JOB_PAUSES[:TRIED_AGAIN],
        *,
        asks: bool = True,
        is_first: Callable[[], Awaitable[bool]] = _first,
    ) -> None:
        self._store = store
        self._access = access
        self._wish = wish
        self._pauses = pauses
        self._asks = asks
        self._is_first = is_first
        self._answers = Answers(store, wish, self._watched)

    async def run(self, text: str) -> str:
        """The work of the engine's run: `text` is a CommandWish as JSON. Returns how it ended."""
        order = read_order(text)
        if order is None:
            return "unreadable"
        try:
            is_first = await self._is_first()
        except AWAY:
            is_first = False  # To look for an answer that was not given does no harm.
        for pause in (*self._pauses, None):
            try:
                async with self._access.people(order.place) as people:
                    if order.verb is Verb.ANSWER:
                        return await self._heard(order, people, is_first=is_first)
                    return await self._obeyed(order, people, is_first=is_first)
            except (Problem, *AWAY) as e:
                why = e.what if isinstance(e, Problem) else type(e).__name__
                log.warning("order.failed", verb=order.verb.value, why=why)
                # Sooner than a limit says would only be counted against us.
                least = e.after + 1.0 if isinstance(e, LimitProblem) else 0.0
                if pause is None or least > LONGEST_PAUSE or not _may_pass(e):
                    break
            is_first = False
            await asyncio.sleep(max(pause, least))
        return "failed"

    async def _heard(self, order: CommandWish, people: People, *, is_first: bool) -> str:
        """What is no command is nobody's order: who only talks to colleagues hears nothing of us."""
        if not self._asks:
            return "no model is asked here"
        heard = await self._answers.heard(order, people)
        try:  # First, because a finding that is dismissed is none any more for a further life.
            if heard.reply:
                await self._answer(order, people, heard.reply, is_first=is_first)
            elif heard.failed:
                await people.react(order.comment, order.thread, Face.PUZZLED)
        except HostProblem as e:
            if _may_pass(e):  # The finding has no second ruling; and it is not said twice.
                raise
            log.warning("order.unheard", verb=order.verb.value, why=e.what)
        if heard.dismissal:
            await self._dismiss(order, heard.finding, heard.dismissal)
        if heard.finding:
            log.info("answer.heard", place=str(order.place), result=_result(heard))
        return _result(heard)

    async def _obeyed(self, order: CommandWish, people: People, *, is_first: bool) -> str:
        if not await people.may_order(order.author, order.login):
            log.info(
                "order.refused",
                verb=_verb(order),
                person=order.author,
                place=str(order.place),
                why="no write permission",
            )
            if await self._store.decisions.may_react(order.place.repository_id, order.author):
                await people.react(order.comment, order.thread, Face.PUZZLED)
            return "not allowed"
        comment = await people.comment(order.comment, order.thread)
        if comment.author != order.author or (order.updated and comment.updated != order.updated):
            log.info("order.ignored", verb=order.verb.value, why="the comment was edited since")
            return "edited since"  # What was authorised is not what stands there now.
        await people.react(order.comment, order.thread, Face.SEEN)
        try:
            done = await self._carried_out(order, people)
        except HostProblem as e:
            log.warning("order.failed", verb=order.verb.value, why=e.what)
            done = Done(Face.PUZZLED)
        try:  # The deed is done: what fails now must not have it done again.
            if done.answer:
                await self._answer(order, people, done.answer, is_first=is_first)
            await people.react(order.comment, order.thread, done.face)
        except HostProblem as e:
            log.warning("order.unheard", verb=order.verb.value, why=e.what)
        log.info("order.ended", verb=_verb(order), place=str(order.place), result=str(done.face))
        return str(done.face)

    async def _carried_out(self, order: CommandWish, people: People) -> Done:
        match order.verb:
            case Verb.HELP:
                if order.reason:  # What was wrong with a command that could not be read.
                    return Done(Face.PUZZLED, not_understood(order.reason))
                return Done(Face.DONE, help_text())
            case Verb.STOP:
                return Done(Face.DONE if await self._stopped(order) else Face.PUZZLED)
            case Verb.REVIEW:
                return await self._reviewed(order)
            case Verb.EXPLAIN:
                return await self._explained(order, people)
            case Verb.DISMISS:
                return await self._dismissed(order, people)
            case Verb.ANSWER:
                raise AssertionError("an answer is heard, and no order")

    async def _stopped(self, order: CommandWish) -> bool:
        """Whether anything was there to be stopped, now or by an earlier life of this order."""
        why, said = f"stopped by {order.login}", said_at(order)
        if await self._wish(CancelWish(order.place, why, said)):
            return True
        there = (j.row for j in await self._store.of_pull(order.place))
        stopped = (r for r in there if r.state is JobState.CANCELLED and r.note == why)
        return any(r.ended >= said for r in stopped)

    async def _reviewed(self, order: CommandWish) -> Done:
        """A review that was under way may do for it (`plan_review`). Where something has overtaken that
        one, which need not be reviewed unasked, it is asked for again.
        """
        once = f"comment {order.thread.value} {order.comment}"
        wish = ReviewWish(order.place, Trigger.COMMAND, once=once, seen=said_at(order))
        ended = None
        for _ in range(MOST_JOINED):
            job = await self._wish(wish)
            if refusal := await self._refusal(job):
                return Done(Face.PUZZLED, over_limit(refusal))
            ended = await self._watched(job)
            if ended is not JobState.SUPERSEDED or job.startswith(job_id(wish)):
                break
        return Done(Face.DONE if ended is JobState.DONE else Face.PUZZLED)

    async def _explained(self, order: CommandWish, people: People) -> Done:
        found = await self._finding(order, people)
        if found is None:
            return Done(Face.PUZZLED, not_found(order.finding))
        return Done(Face.DONE, explanation(found))

    async def _dismissed(self, order: CommandWish, people: People) -> Done:
        """The decision is written down; then the review is told anew, which asks no model."""
        found = await self._finding(order, people)
        if found is None:
            return Done(Face.PUZZLED, not_found(order.finding))
        why = Dismissal(order.login, today(), order.reason)
        return await self._dismiss(order, str(found["id"]), why)

    async def _dismiss(self, order: CommandWish, finding: str, why: Dismissal) -> Done:
        await self._store.decisions.dismiss(order.place, finding, order.author, why)
        once = f"dismissal {order.thread.value} {order.comment}"
        wish = ReviewWish(order.place, Trigger.DISMISSAL, once=once, seen=said_at(order))
        others = await self._others(wish)
        last = next((j.row for j in others if j.row.trigger is not Trigger.DISPUTE), None)
        if last and last.trigger is Trigger.DISMISSAL and last.state in ALIVE:
            await self._watched(last.id)  # It does not know of this one.
            others = await self._others(wish)
        if not may_be_told_anew(others):
            return Done(Face.DONE, dismissed_later())
        job = await self._wish(wish)
        if await self._refusal(job):  # The decision holds all the same.
            return Done(Face.DONE, dismissed_later())
        ended = await self._watched(job)
        # Some of it is to be read again, and no money is left for that; or another job, which knows of
        # the decision, has taken its place.
        if ended in (JobState.SKIPPED, JobState.SUPERSEDED):
            return Done(Face.DONE, dismissed_later())
        return Done(Face.DONE if ended is JobState.DONE else Face.PUZZLED)

    async def _others(self, wish: ReviewWish) -> Sequence[Job]:
        """The jobs of a pull request beside the one that is wished for, the newest first."""
        known = await self._store.of_pull(wish.place)
        return [j for j in known if j.row.id != job_id(wish)]

    async def _refusal(self, job: str) -> str:
        """Why a job was not to be done, "" where it was."""
        found = await self._store.job(job)
        return found.refusal if found else ""

    async def _finding(self, order: CommandWish, people: People) -> dict[str, Any] | None:
        """The one finding of this pull request's last review that is meant; None for none, or several."""
        wanted = order.finding
        if not wanted and order.parent:
            first = await people.our_comment(order.parent)
            marker = read_finding_marker(first.body) if first else None
            wanted = marker[0] if marker else ""
        if not wanted:
            return None
        found = await last_findings(self._store, order.place, wanted)
        return found[0] if len({f["id"] for f in found}) == 1 else None

    async def _watched(self, job: str) -> JobState | None:
        """The state in which a job ends; None where it does not in time."""
        until = monotonic() + LONGEST_WATCH
        pause = FIRST_WATCH
        while monotonic() < until:
            found = await self._store.job(job)
            if found is None:
                return None
            if found.row.state not in ALIVE:
                return found.row.state
            await asyncio.sleep(pause)
            pause = min(WATCH, pause * 1.5)
        return None

    async def _answer(
        self, order: CommandWish, people: People, text: str, *, is_first: bool
    ) -> None:
        """In the thread where it was asked; once, whatever becomes of this process."""
        start = order.parent or order.comment if order.thread is Thread.REVIEW else 0
        if not is_first and await people.was_said(text, start, order.updated):
            return
        if start:
            await people.reply(start, text)
        else:
            await people.say(text)


def _verb(order: CommandWish) -> str:
    """What was ordered, for the log: of what could not be read nobody knows."""
    is_unread = order.verb is Verb.HELP and order.reason
    return "unknown" if is_unread else order.verb.value


def _may_pass(error: Exception) -> bool:
    """Whether it may be better in a while: GitHub or the database does not answer."""
    is_hosts = isinstance(error, HostProblem) and error.retryable
    return is_hosts or isinstance(error, (JobsProblem, *AWAY))


def read_order(text: str) -> CommandWish | None:
    """The order in a row of the database; None where it is none."""
    try:
        return _ORDER.validate_json(text)
    except ValidationError:
        return None


def said_at(order: CommandWish) -> float:
    """When the comment was written, in seconds since the epoch, 0.0 where it does not say: a `stop`
    that is late stops nothing that was asked for later.
    """
    return datetime.fromisoformat(order.updated).timestamp() if order.updated else 0.0


def _result(heard: Heard) -> str:
    """What came of an answer, for the log."""
    if heard.failed:
        return "not looked into"
    return ("withdrawn" if heard.dismissal else "stands") if heard.reply else "no dispute"
