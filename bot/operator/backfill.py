"""`triptych backfill`: reviews for open pull requests that are not wholly reviewed at their head.

A finished review is done once. One that is incomplete (the budget was spent, a model failed) is taken
again, once for each time that it ended so; the next one asks only for what went unread. One that no
model has read is taken again, too, where there is a key by now.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.app_settings import AppSettings, read_app_settings
from bot.errors import AccessProblem, UsageProblem
from bot.jobs.protocol import JobRow, Jobs, JobsProblem, JobState, Place, ReviewWish, Trigger
from bot.operator.github_app import About, GitHubApp, Installation
from bot.operator.jobs import Connect, OpenJobs, connect
from bot.operator.open_pulls import OpenPull, OpenPulls, Seen
from bot.operator.showing import Steps, Told
from bot.outputs.checkrun import STATIC_ONLY
from bot.outputs.review_page import read_document
from bot.outputs.words import plural
from bot.settings import read_settings
from reviewers.core.policy import STATIC
from reviewers.core.verdict import UNREAD

NAME = re.compile(r"[A-Za-z0-9-]{1,39}/[\w.-]{1,100}")
KNOWN_JOBS = 1000
"""So many of the newest jobs are looked through for what waits, runs, or is done already."""
PENDING = frozenset({JobState.WAITING, JobState.RUNNING, JobState.PARKED})


@dataclass
class Tally:
    """How many pull requests were looked at, and what came of them."""

    wished: int = 0
    again: int = 0
    reviewed: int = 0
    pending: int = 0


@dataclass(frozen=True)
class Scene:
    """What a run works with: one repository, seen as the App. `asks`: a model is set up."""

    pulls: OpenPulls
    installation: Installation
    about: About
    told: Told
    limit: int | None
    asks: bool = False


def run(repository: str, *, limit: int | None, opened: Connect = connect) -> None:
    """Wish for a review of each, the newest first, `limit` at most; the server does them.

    AccessProblem where the App may not work there, JobsProblem when no wish can be written down.
    """
    if not NAME.fullmatch(repository):
        raise UsageProblem(f"{repository[:80]!r} is no repository.", "Give OWNER/REPO.")
    settings, app_settings = read_settings(), read_app_settings()
    told = Told(settings.secrets | app_settings.secrets)
    with GitHubApp(settings, app_settings) as app:
        installation = app.installation_of(repository)
        _check(installation, app_settings)
        about = app.about()
        with app.open_pulls(installation, repository) as pulls:
            asks = settings.has_model and app_settings.engine != STATIC
            scene = Scene(pulls, installation, about, told, limit, asks)
            tally = asyncio.run(_opened(scene, lambda: opened(app_settings)))
    again = f", {tally.again} of them for what went unread" if tally.again else ""
    told.say(
        f"Asked for {plural(tally.wished, 'review')}{again}; {tally.reviewed} stand reviewed, "
        f"{tally.pending} wait or run already."
    )


def _check(installation: Installation, app_settings: AppSettings) -> None:
    account = installation.account
    if app_settings.accounts and account.lower() not in app_settings.accounts:
        raise AccessProblem(
            f"{account} is not an allowed account.", "Add it to TRIPTYCH_ALLOWED_ACCOUNTS."
        )
    if installation.suspended:
        raise AccessProblem(
            f"The App is suspended on {account}.", "Its owner can lift that on GitHub."
        )


async def _opened(scene: Scene, opened: Callable[[], Awaitable[OpenJobs]]) -> Tally:
    jobs = await opened()
    try:
        if why := await jobs.ready():
            raise JobsProblem(f"No work can be taken now: {why}.", "See `triptych doctor`.")
        return await _wish(scene, jobs)
    finally:
        await jobs.stop(0.0)


async def _wish(scene: Scene, jobs: Jobs) -> Tally:
    """Look at each and wish. GitHub is asked in a thread: PyGithub would stop the loop."""
    tally = Tally()
    delivery = f"backfill-{secrets.token_hex(4)}"
    name, number = await asyncio.to_thread(lambda: (scene.pulls.name, scene.pulls.repository_id))
    known = [r for r in await jobs.list(KNOWN_JOBS) if r.place.repository_id == number]
    found = await asyncio.to_thread(list, scene.pulls)
    with Steps(scene.told, f"Looking at {name}", len(found)) as steps:
        for pull in found:
            if scene.limit is not None and tally.wished >= scene.limit:
                break
            place = Place(
                scene.installation.id, scene.installation.account, number, name, pull.number
            )
            mine = [r for r in known if r.place.number == pull.number]
            if any(r.state in PENDING and r.head in ("", pull.head) for r in mine):
                tally.pending += 1
                what = "waits or runs already"
            elif (seen := await _seen(scene, jobs, pull, mine)).whole:
                tally.reviewed += 1
                what = "stands reviewed"
            else:
                once = f"not wholly read by {seen.unfinished}" if seen.unfinished else ""
                # With its time: an event of before that comes late must not end it.
                asked = (Trigger.BACKFILL, pull.head, pull.base, once, pull.updated)
                wish = ReviewWish(place, *asked)
                await jobs.accept(wish, delivery)
                tally.wished += 1
                tally.again += bool(once)
                what = "asked for again, as not all of it was read" if once else "asked for"
            steps.step(f"{place} {what}: {pull.title}")
    return tally


async def _seen(scene: Scene, jobs: Jobs, pull: OpenPull, mine: Sequence[JobRow]) -> Seen:
    """By the newest finished job of its head, else as GitHub shows it. A second look reviews nothing."""
    here = [r for r in mine if r.head == pull.head and r.trigger is not Trigger.DISPUTE]
    if last := next((r for r in here if r.state is JobState.DONE), None):
        unfinished = last.outcome in UNREAD or (scene.asks and await _lacked_model(jobs, last))
        # What was tried since and stopped is no reason not to try again.
        return Seen(whole=not unfinished, unfinished=here[0].id if unfinished else "")
    look = scene.pulls.seen
    return await asyncio.to_thread(look, pull, scene.about.id, scene.about.slug)


async def _lacked_model(jobs: Jobs, last: JobRow) -> bool:
    """Whether no model read a review, which its configuration had not asked for: the key came later."""
    if not last.title.startswith(STATIC_ONLY):
        return False
    whole = await jobs.show(last.id)
    doc = read_document(whole) if whole else None
    return doc is not None and json.dumps(STATIC) not in (
        s.value for s in doc.settings if s.path == "engine"
    )
