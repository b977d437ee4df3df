"""The command line. Thin: it reads arguments, calls a door, prints, and ends with a code.

Imports are late on purpose: `triptych --help` loads neither `anthropic` nor `aiohttp`.
"""

from __future__ import annotations

import enum
import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.doors.usage import MONEY, Commands
from bot.errors import Problem, UsageProblem
from bot.operator import commands as operator_commands
from bot.operator.extra import server_extra
from bot.outputs.targets import Format

app = typer.Typer(
    name="triptych",
    cls=Commands,
    help="Independent reviewers look at a change in parallel; one review says what they found.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(
    help="The repository's .github/triptych.toml. A review reads it from the base branch.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(config_app, name="config")


class EngineChoice(enum.StrEnum):
    """How to look."""

    AUTO = "auto"
    STATIC = "static"
    CLAUDE = "claude"


class FailOn(enum.StrEnum):
    """From which severity on findings make the command end with 1."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")]
File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]", help="Default: .github/triptych.toml of the repository round this folder."
    ),
]


@app.command()
def review(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[A..B | OWNER/REPO#N | URL]",
            help="A range of commits or a pull request. Without it: this branch against the "
            "default branch; on the default branch the last commit.",
        ),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Review what is staged.")] = False,
    working_tree: Annotated[
        bool,
        typer.Option("--working-tree", help="Review all uncommitted changes of tracked files."),
    ] = False,
    diff: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Review a patch, - is standard input.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Review a bundled change with planted faults.")
    ] = False,
    post: Annotated[
        bool, typer.Option("--post", help="Post the review on the pull request.")
    ] = False,
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT[=FILE]",
            help=f"{Format.named()}; may be given several times.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file of the format that names none itself."),
    ] = None,
    engine: Annotated[
        EngineChoice | None,
        typer.Option(help="auto: analysers, and Claude too when ANTHROPIC_API_KEY is set."),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(help="End with 1 when there is a finding of this severity or higher."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(metavar=MONEY, min=0, help="What the model may cost. Default 0.50."),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3,
            help="1 looks, 2 verifies, 3 asks more votes. Default 2, or what the configuration says.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show low and removed findings and the coverage, too.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Review a change.

    Ends with 0 (nothing at or above --fail-on), 1 (something is), 2 (wrong usage or
    configuration), 3 (incomplete or failed).
    """
    from bot.doors import manual
    from bot.outputs.targets import read_targets
    from reviewers.core.finding import Severity

    request = manual.Request(
        target=target,
        staged=staged,
        working_tree=working_tree,
        diff=diff,
        example=example,
        post=post,
        engine=engine.value if engine else None,
        rounds=rounds,
        max_cost=max_cost,
        fail_on=Severity.parse(fail_on.value) if fail_on else None,
        targets=read_targets(format_ or (), output),
        everything=everything,
    )
    done = manual.run(request)
    manual.deliver(done, request)
    raise typer.Exit(done.exit_code)


@config_app.command()
def check(path: File = None, debug: Debug = False) -> None:
    """Say whether a configuration file is in order."""
    from bot.config import PATH, parse_config

    file = path or _own_file()
    if path is None and not file.exists():
        typer.echo(f"There is no {PATH}: all defaults hold.")
        return
    parse_config(_read(file), str(file))
    typer.echo(f"{file} is in order.")


@config_app.command()
def explain(path: File = None, debug: Debug = False) -> None:
    """Print every setting: its value, where it comes from, what bounds it, what it does."""
    from bot.config import Config, parse_config
    from bot.doors.manual import DEFAULT_MAX_COST
    from bot.explain import explain as explained
    from bot.settings import read_settings

    file = path or _own_file()
    present = file.exists() or path is not None
    config = parse_config(_read(file), str(file)) if present else Config()
    ceilings = read_settings().ceilings
    for setting in explained(config, str(file), ceilings, DEFAULT_MAX_COST):
        typer.echo(str(setting))
        typer.echo(f"    {setting.about}")


@config_app.command()
def schema() -> None:
    """Print the JSON schema of the configuration, for editors."""
    import json

    from bot.config import Config

    typer.echo(json.dumps(Config.model_json_schema(), indent=2))


@app.command()
def action() -> None:
    """Run as a step of a GitHub Actions job; the inputs of action.yml are its settings."""
    from bot.doors.action import run

    raise typer.Exit(run())


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen.")] = 8080,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only take webhooks in; `triptych worker` reviews.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Run the GitHub App: take webhooks in and review, until SIGTERM or Ctrl-C."""
    with server_extra():
        from bot.doors import serve as door
        from bot.doors.missed import ask_for_missed
        from bot.doors.site import site
        from bot.jobs.service import start
    door.serve(host, port, worker=not no_worker, start=start, more=site, listening=ask_for_missed)


@app.command()
def worker(debug: Debug = False) -> None:
    """Review what `triptych serve --no-worker` takes in, on this machine or another."""
    with server_extra():
        from bot.doors import serve as door
        from bot.jobs.service import start
    door.work(start=start)


@app.command()
def version() -> None:
    """Print the version."""
    from bot.version import installed

    typer.echo(f"triptych {installed()}")


def _print_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options before any command."""


operator_commands.add_to(app)


def _own_file() -> Path:
    """The configuration of the repository in which the command runs, from its top folder."""
    from bot.config import PATH

    here = Path.cwd()
    top = next((f for f in (here, *here.parents) if (f / ".git").exists()), here)
    return (top / PATH).relative_to(here) if top == here else top / PATH


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as e:
        raise UsageProblem(
            f"{file} cannot be read: {e.strerror}.", "Give the path of a configuration."
        ) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """The program: errors are what is wrong, what to do and a code, a traceback only with --debug.

    `arguments` are those of this process where none are given.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    # A short life with much loading: collecting garbage on the way costs a tenth of the start.
    gc.set_threshold(50_000)
    try:
        app(given, prog_name="triptych")
    except Problem as e:
        _end(e, e.exit_code, (*e.rows, e.do), traced="--debug" in given)
    except Exception as e:  # The program's boundary: a stranger is told, not traced.
        told = f"Triptych has a fault: {type(e).__name__}: {e}"
        again = "Run it again with --debug and report what it prints."
        _end(e, Problem.exit_code, (told, again), traced="--debug" in given)


def _end(error: Exception, code: int, told: Sequence[str], *, traced: bool) -> None:
    """Tell of an error, without what a terminal would obey and without credentials."""
    from bot.outputs.live import tell
    from reviewers.core.secrets import Redaction

    if traced:
        traceback.print_exception(error)
    for text in told:
        tell(Redaction()(text))
    sys.exit(code)
