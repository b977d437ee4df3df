"""The operator's commands: they read arguments and call, nothing more. All loading is late."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from bot.operator.extra import server_extra


class Format(enum.StrEnum):
    """How the answer is shown."""

    TERMINAL = "terminal"
    JSON = "json"


class State(enum.StrEnum):
    """Where a job stands (bot/jobs/protocol.py, JobState)."""

    WAITING = "waiting"
    RUNNING = "running"
    PARKED = "parked"
    DONE = "done"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    DEAD = "dead"


class Outcome(enum.StrEnum):
    """How a review ended (reviewers/core/verdict.py, Outcome)."""

    CLEAN = "clean"
    FINDINGS = "findings"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")]
As = Annotated[Format, typer.Option("--format", help="How to show it.")]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=5000, help="At most so many.")]
Job = Annotated[str, typer.Argument(metavar="ID", help="As `triptych jobs list` shows it.")]

jobs_app = typer.Typer(
    help="What the server has to do, did, and gave up.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add the operator's commands to the command line."""
    app.command()(doctor)
    app.command()(deliveries)
    app.command()(redeliver)
    app.command()(backfill)
    app.add_typer(jobs_app, name="jobs")


def doctor(format_: As = Format.TERMINAL, debug: Debug = False) -> None:
    """Check the App, its key and permissions, models, database, sandbox: each ok or what to do.

    Ends with 0 (all is well), 1 (something is wrong) or 2 (the environment cannot be read).
    """
    from bot.operator.doctor.run import run

    raise typer.Exit(run(as_json=format_ is Format.JSON))


def deliveries(
    failed: Annotated[
        bool, typer.Option("--failed", help="Only events of three days that never arrived.")
    ] = False,
    limit: Limit = 30,
    format_: As = Format.TERMINAL,
    debug: Debug = False,
) -> None:
    """List what GitHub sent to the App's webhook, the newest first."""
    with server_extra():
        from bot.operator.deliveries import show

        show(failed=failed, limit=limit, as_json=format_ is Format.JSON)


def redeliver(
    delivery: Annotated[
        str | None,
        typer.Argument(metavar="[ID|GUID]", help="An ID or a GUID of `triptych deliveries`."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All events of three days that never arrived.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Ask GitHub to send a delivery again. Ends with 1 when one of several was refused."""
    with server_extra():
        from bot.operator.deliveries import redeliver as ask_again

        raise typer.Exit(ask_again(wanted=delivery, failed=failed))


def backfill(
    repository: Annotated[str, typer.Argument(metavar="OWNER/REPO")],
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most so many reviews, newest first.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Have open pull requests reviewed that are not reviewed at their head, or not wholly.

    It only asks; the server does them, within its limits, also when it is started later.
    """
    with server_extra():
        from bot.operator.backfill import run

        run(repository, limit=limit)


@jobs_app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only those.")] = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="Only those whose review ended so.")
    ] = None,
    limit: Limit = 50,
    format_: As = Format.TERMINAL,
    debug: Debug = False,
) -> None:
    """List the newest review jobs."""
    with server_extra():
        from bot.jobs.protocol import JobState
        from bot.operator.jobs import show_list

        chosen = JobState(state.value) if state else None
        ended = outcome.value if outcome else ""
        show_list(limit=limit, state=chosen, as_json=format_ is Format.JSON, outcome=ended)


@jobs_app.command()
def show(job: Job, format_: As = Format.TERMINAL, debug: Debug = False) -> None:
    """Show one job; with --format json its review, too."""
    with server_extra():
        from bot.operator.jobs import show_one

        show_one(job, as_json=format_ is Format.JSON)


@jobs_app.command()
def retry(job: Job, debug: Debug = False) -> None:
    """Do a finished or dead job again."""
    with server_extra():
        from bot.operator.jobs import retry as again

        again(job)


@jobs_app.command()
def cancel(job: Job, debug: Debug = False) -> None:
    """Stop a job that waits or runs."""
    with server_extra():
        from bot.operator.jobs import cancel as stop

        stop(job)
