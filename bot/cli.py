"""The command line. Thin: it reads arguments, calls a door, prints, and ends with a code.

Imports are late on purpose: `triptych --help` loads neither `anthropic` nor `aiohttp`.
"""

from __future__ import annotations

import enum
import gc
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import Problem, UsageProblem

app = typer.Typer(
    name="triptych",
    help="Independent reviewers look at a change in parallel; one review says what they found.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(
    help="The repository's .github/triptych.toml.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(config_app, name="config")


class Format(enum.StrEnum):
    """How a review is shown."""

    TERMINAL = "terminal"
    JSON = "json"


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
        bool, typer.Option("--working-tree", help="Review all uncommitted changes.")
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
    format_: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TERMINAL,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there instead of showing it.")
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
        typer.Option(metavar="USD", min=0, help="What the model may cost. Default 0.50."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=3, help="1 looks, 2 verifies, 3 asks more votes.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show low and removed findings and the coverage, too.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
) -> None:
    """Review a change.

    Ends with 0 (nothing at or above --fail-on), 1 (something is), 2 (wrong usage or
    configuration), 3 (incomplete or failed).
    """
    from bot.doors import manual
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
        format=format_.value,
        output=output,
        everything=everything,
    )
    done = manual.run(request)
    manual.deliver(done, request)
    raise typer.Exit(done.exit_code)


@config_app.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="The file. Default: .github/triptych.toml.")
    ] = None,
) -> None:
    """Say whether a configuration file is in order."""
    from bot.config import PATH, parse_config

    file = path or Path(PATH)
    if path is None and not file.exists():
        typer.echo(f"There is no {PATH}: all defaults hold.")
        return
    parse_config(_read(file), str(file))
    typer.echo(f"{file} is in order.")


@config_app.command()
def explain(
    path: Annotated[
        Path | None, typer.Argument(help="The file. Default: .github/triptych.toml.")
    ] = None,
) -> None:
    """Print every setting with its value, where it comes from, and what it does."""
    from bot.config import PATH, Config, parse_config
    from bot.config import explain as explained

    file = path or Path(PATH)
    present = file.exists() or path is not None
    config = parse_config(_read(file), str(file)) if present else Config()
    for setting in explained(config, str(file)):
        typer.echo(f"{setting.path} = {setting.value}  [{setting.origin}]")
        typer.echo(f"    {setting.about}")


@config_app.command()
def schema() -> None:
    """Print the JSON schema of the configuration, for editors."""
    import json

    from bot.config import Config

    typer.echo(json.dumps(Config.model_json_schema(), indent=2))


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(f"triptych {installed('triptych-review')}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as e:
        raise UsageProblem(
            f"{file} cannot be read: {e.strerror}.", "Give the path of a configuration."
        ) from None


def main() -> None:
    """The program: errors are two sentences and a code, a traceback only with --debug."""
    debug = "--debug" in sys.argv[1:]
    # A short life with much loading: collecting garbage on the way costs a tenth of the start.
    gc.set_threshold(50_000)
    try:
        app()
    except Problem as e:
        if debug:
            traceback.print_exc()
        sys.stderr.write(f"{e.what}\n{e.do}\n")
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing was posted.\n")
        sys.exit(130)
    except Exception as e:  # The program's boundary: a stranger is told, not traced.
        if debug:
            raise
        sys.stderr.write(
            f"Triptych has a fault: {type(e).__name__}: {e}\n"
            "Run it again with --debug and report what it prints.\n"
        )
        sys.exit(3)
