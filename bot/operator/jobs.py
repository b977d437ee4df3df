"""`triptych jobs`: what the server has to do, did and gave up, and telling it otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TypeVar

from bot.app_settings import AppSettings, read_app_settings
from bot.errors import UsageProblem
from bot.jobs.protocol import JobRow, Jobs, JobState, Retried, Trigger
from bot.operator.showing import Told, moment, show_json, show_table
from bot.outputs.job_line import in_full, is_overtaken
from bot.outputs.words import money
from bot.settings import read_settings


class OpenJobs(Jobs, Protocol):
    """Jobs that this process has opened, and must close."""

    async def stop(self, seconds: float) -> None:
        """Close them."""
        ...


Connect = Callable[[AppSettings], Awaitable[OpenJobs]]
SHAPE = "triptych-jobs/1"
HEADER = ("ID", "STATE", "PULL REQUEST", "HEAD", "WHY", "CREATED", "OUTCOME", "COST")
T = TypeVar("T")


async def connect(app_settings: AppSettings) -> OpenJobs:
    """The jobs in the server's database, also while the server runs. It is not made here."""
    from bot.jobs.database import sqlite_file
    from bot.jobs.service import connect as opened
    from bot.operator.quiet import quiet

    quiet()
    if app_settings.on_sqlite:
        _check_there(sqlite_file(app_settings))
    return await opened(app_settings)


def _check_there(file: Path) -> None:
    where = "TRIPTYCH_HOME and TRIPTYCH_DATABASE_URL"
    try:
        file.stat()
    except FileNotFoundError:
        raise UsageProblem(
            f"There is no database at {file} yet.",
            f"`triptych serve` makes it once its App is set up; else check {where}.",
        ) from None
    except OSError as e:
        raise UsageProblem(
            f"{file} cannot be used: {e.strerror}.", f"Check {where}, and who owns the folder."
        ) from None


def show_list(
    *,
    limit: int,
    state: JobState | None,
    as_json: bool,
    outcome: str = "",
    opened: Connect = connect,
) -> None:
    """The newest jobs, of all states or of one; with `outcome` those whose review ended so (see Jobs)."""
    told, rows = _with_jobs(opened, lambda jobs: jobs.list(limit, state, outcome))
    if as_json:
        show_json(SHAPE, {"jobs": [_as_data(row, told) for row in rows]})
    elif rows:
        show_table(HEADER, [_cells(row, told) for row in rows])
    if not rows:
        told.say("There are no such jobs." if state or outcome else "There are no jobs yet.")


def show_one(job: str, *, as_json: bool, opened: Connect = connect) -> None:
    """Everything about one job. UsageProblem where there is none of that id."""
    told, row = _with_jobs(opened, lambda jobs: jobs.show(job))
    if row is None:
        raise _no_such_job(job, told)
    if as_json:
        show_json(SHAPE, {"jobs": [_as_data(row, told)]})
        return
    fields = (*_fields(row), *_left_unread(row))
    show_table(("FIELD", "VALUE"), [[name, told(value)] for name, value in fields if value])


def retry(job: str, *, opened: Connect = connect) -> None:
    """Do a finished or dead job again, as a new one; where that waits or runs, only name it."""

    async def again(jobs: Jobs) -> tuple[Retried, str] | None:
        row = await jobs.show(job)
        if row is None:
            return None
        other = _other_than(row, await jobs.of_pulls([row.place]))
        try:
            return await jobs.retry(job), other
        except KeyError:
            return None

    told, answer = _with_jobs(opened, again)
    if answer is None:
        raise _no_such_job(job, told)
    retried, other = answer
    if retried.is_new:
        told.say(f"{other or f'{job} will be done again'}: see `triptych jobs list`.")
    elif retried.id == job:
        told.say(f"{job} waits or runs already. To begin anew, cancel it first.")
    else:
        told.say(
            f"{job} is done again already, by a job that waits or runs: see `triptych jobs list`."
        )
    show_table(("ID",), [[told(retried.id)]])


def _other_than(row: JobRow, beside: Sequence[JobRow]) -> str:
    """What is reviewed in place of a job that is out of date: nobody reads an old commit again."""
    is_old = row.state is JobState.SUPERSEDED or is_overtaken(row, beside)
    if not is_old or row.trigger is Trigger.DISPUTE:
        return ""
    but = f", which may not be at {row.head[:7]} any more" if row.head else ""
    return f"{row.place} will be reviewed as it is now{but}"


def cancel(job: str, *, opened: Connect = connect) -> None:
    """Stop a waiting or running job. UsageProblem where there is nothing to stop."""

    async def ask(jobs: Jobs) -> bool | None:
        return await jobs.cancel(job) if await jobs.show(job) else None

    told, done = _with_jobs(opened, ask)
    if done is None:
        raise _no_such_job(job, told)
    if not done:
        raise UsageProblem(
            f"{told(job)!r} neither waits nor runs.", "See `triptych jobs list` for those that do."
        )
    told.say(f"{job} is stopped.")


def _with_jobs(opened: Connect, ask: Callable[[Jobs], Awaitable[T]]) -> tuple[Told, T]:
    settings, app_settings = read_settings(), read_app_settings()

    async def asked() -> T:
        jobs = await opened(app_settings)
        try:
            return await ask(jobs)
        finally:
            await jobs.stop(0.0)

    return Told(settings.secrets | app_settings.secrets), asyncio.run(asked())


def _no_such_job(job: str, told: Told) -> UsageProblem:
    return UsageProblem(f"There is no job {told(job)!r}.", "See `triptych jobs list`.")


def _cells(row: JobRow, told: Told) -> list[str]:
    state = f"{row.state.value} ({row.attempts} attempts)" if row.attempts > 1 else row.state.value
    cells = (
        *(row.id, state, str(row.place), row.head[:7], row.trigger.value, moment(row.created)),
        *(_outcome(row) or row.note, money(row.cost) if row.started else ""),
    )
    return [told(cell) for cell in cells]


def _outcome(row: JobRow) -> str:
    """How the review came out; "" where nobody was told: it was stopped, say, before it was posted."""
    return row.outcome if row.state is JobState.DONE or row.review_url else ""


def _fields(row: JobRow) -> list[tuple[str, str]]:
    place = row.place
    return [
        ("id", row.id),
        ("pull request", str(place)),
        ("title", _title(row)),
        ("account", f"{place.account} (installation {place.installation})"),
        ("repository", str(place.repository_id)),
        ("head", row.head),
        ("why", row.trigger.value),
        ("state", row.state.value),
        ("note", row.note),
        ("attempts", _attempts(row)),
        ("worker", row.worker),
        ("created", moment(row.created)),
        ("started", moment(row.started)),
        ("ended", moment(row.ended)),
        ("outcome", _outcome(row)),
        ("findings", str(row.findings) if row.outcome else ""),
        ("unread hunks", str(row.unread) if row.document else ""),
        ("cost", money(row.cost) if row.started else ""),
        ("review", row.review_url),
    ]


def _left_unread(row: JobRow) -> Iterator[tuple[str, str]]:
    """What the page of the review has under "Not reviewed", and what its notes say."""
    from bot.outputs.review_page import read_document
    from bot.outputs.unread import unread, unverified

    doc = read_document(row)
    if doc is None:
        return
    yield "problem", doc.problem
    yield from (("not reviewed", str(gap)) for gap in unread(doc))
    yield "not verified", unverified(doc)
    yield from (("review's note", note) for note in doc.notes)
    yield "do", doc.to_do


def _title(row: JobRow) -> str:
    """Whole, where the review itself tells it: the row's was cut for GitHub's list of checks."""
    document = _document(row)
    whole = document.get("title") if isinstance(document, dict) else None
    return in_full(row.title, whole) if isinstance(whole, str) else row.title


def _document(row: JobRow) -> object:
    """The review as plain data; None where there is none, or none that can be read."""
    try:
        return json.loads(row.document) if row.document else None
    except ValueError:
        return None


def _attempts(row: JobRow) -> str:
    """What the number counts: the job's lives since it last took a step, not all of them."""
    return f"{row.attempts}, counted anew after every finished step" if row.started else "none yet"


def _as_data(row: JobRow, told: Told) -> dict[str, object]:
    """The row for machines; the review's document as itself, not as text in a text."""
    data = {k: told(v) if isinstance(v, str) else v for k, v in asdict(row).items()}
    place = {k: told(v) if isinstance(v, str) else v for k, v in asdict(row.place).items()}
    document = _document(row)
    if document is None and row.document:
        document = told(row.document)
    return {**data, "place": place, "document": document}
