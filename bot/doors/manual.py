"""`triptych review`: what to review, by hand, and how to show it."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from bot.desk import Kept
from bot.doors.announce import announcer
from bot.errors import Stopped, UsageProblem
from bot.outputs.formats import written
from bot.outputs.live import Progress, tell
from bot.outputs.stdout import write_out
from bot.outputs.targets import Format, Target
from bot.outputs.terminal import columns, print_coloured, terminal_lines
from bot.pipeline import Circumstances, review, terms_of
from bot.pull_review import Adopted, Reviewed, Skipped, review_kept
from bot.report import Report
from bot.settings import Settings, read_settings
from bot.subject import PullRequest, Subject
from bot.terms import Options
from bot.variables import slips
from reviewers.core.aggregate.identify import is_late
from reviewers.core.finding import Severity
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome, Verdict

DEFAULT_MAX_COST = 0.50
"""USD that a review by hand may cost when nothing else is said."""

NOT_POSTED = "Nothing was posted."
AGED = (
    f"{NOT_POSTED} In the review that stands there, at most what it says of its commit has changed."
)
MAYBE_POSTED = "Look at the pull request whether the review was posted."

ResultT = TypeVar("ResultT")

_PULL = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)#(?P<number>\d+)")
_ADDRESS = re.compile(
    r"(?P<web>https?://[^/]+)/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)/pull/(?P<number>\d+)(?:[/?#].*)?"
)


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line; at most one of the sources is set."""

    target: str | None = None
    staged: bool = False
    working_tree: bool = False
    diff: str | None = None
    example: bool = False
    post: bool = False
    engine: str | None = None
    rounds: int | None = None
    max_cost: float | None = None
    fail_on: Severity | None = None
    targets: tuple[Target, ...] = (Target(Format.TERMINAL),)
    everything: bool = False

    @property
    def rests(self) -> bool:
        """Whether more than people waits for the result: an exit code, a file, a program."""
        shown = Target(Format.TERMINAL)
        return self.fail_on is not None or any(target != shown for target in self.targets)


@dataclass(frozen=True)
class Done:
    """What the command shows and how it ends."""

    report: Report | None
    message: str
    exit_code: int


def pull_request(target: str, settings: Settings) -> PullRequest | None:
    """The pull request that `OWNER/REPO#N` or an address names, None for anything else.

    UsageProblem for an address on another site than the one that is set.
    """
    if match := _ADDRESS.fullmatch(target):
        if match["web"].lower() != settings.web_url.lower():
            raise UsageProblem(
                f"{match['web']} is not the site that is set ({settings.web_url}).",
                "Set GITHUB_API_URL to that site's API (https://HOST/api/v3).",
            )
    else:
        match = _PULL.fullmatch(target)
    if match is None:
        return None
    return PullRequest(match["owner"], match["name"], int(match["number"]))


def run(request: Request) -> Done:
    """Do the review that was asked for. Problems are raised, not printed."""
    settings = read_settings()
    pull = pull_request(request.target, settings) if request.target is not None else None
    _check(request, pull)
    options = Options(request.engine, request.rounds, request.max_cost, DEFAULT_MAX_COST)
    with Progress() as progress:
        for slip in slips(os.environ):
            progress.say(slip)
        around = Circumstances(
            settings,
            options,
            watch=progress.watch,
            announce=announcer(options, progress.say),
            strict=pull is None,
        )
        try:
            if pull:
                return _awaited(_pull(pull, request, around))
            report = _awaited(_reviewed(_local(request), around))
        except KeyboardInterrupt:
            raise _stopped(MAYBE_POSTED if request.post else NOT_POSTED) from None
    return Done(report, "", exit_code(report.verdict, request.fail_on))


def deliver(done: Done, request: Request) -> None:
    """Write the report where it was asked for; what is only for people goes to standard error.

    UsageProblem names what cannot be written, when all the rest is: the review is paid for.
    """
    if done.message:
        for row in done.message.split("\n"):
            tell(row)
    if done.report is None:
        return
    redact = Redaction(read_settings().secrets)
    unwritten: list[UsageProblem] = []
    for target in request.targets:
        try:
            _write_target(done.report, target, redact, everything=request.everything)
        except UsageProblem as e:
            unwritten.append(e)
    if unwritten:
        raise UsageProblem(" ".join(dict.fromkeys(e.what for e in unwritten)), unwritten[0].do)


def _write_target(report: Report, target: Target, redact: Redaction, *, everything: bool) -> None:
    form = target.format
    if form is Format.TERMINAL and target.file is None and sys.stdout.isatty():
        lines = terminal_lines(report, redact, everything=everything, width=columns())
        print_coloured(lines)
        return
    text = written(report, form, redact, everything=everything)
    _write(text, target.file, "utf-8" if form.is_utf8 else None)


def _write(text: str, to: Path | None, encoding: str | None = None) -> None:
    try:
        if to is None:
            write_out(text, encoding)
        else:
            to.write_text(text, encoding="utf-8")
    except OSError as e:
        where = to or "Standard output"
        raise UsageProblem(
            f"{where} cannot be written: {e.strerror}.", "Name another file."
        ) from None


def exit_code(verdict: Verdict, fail_on: Severity | None) -> int:
    """1 for a finding at or above `fail_on` (late ones below high do not count), 3 when something is
    missing.
    """
    if fail_on is not None and any(
        f.severity >= fail_on and not is_late(f) for f in verdict.findings
    ):
        return 1
    return 3 if verdict.outcome in (Outcome.INCOMPLETE, Outcome.FAILED) else 0


def _check(request: Request, pull: PullRequest | None) -> None:
    sources = (
        request.target is not None,
        request.staged,
        request.working_tree,
        request.diff is not None,
        request.example,
    )
    if sum(sources) > 1:
        raise UsageProblem(
            "More than one thing to review was given.",
            "Give one of a range, a pull request, --staged, --working-tree, --diff, --example.",
        )
    if request.max_cost is not None and not math.isfinite(request.max_cost):
        raise UsageProblem(f"--max-cost is {request.max_cost}.", "Give an amount in USD.")
    for target in request.targets:
        if target.file is not None:
            _check_output(target.file)
    if request.post and pull is None:
        raise UsageProblem("--post needs a pull request.", "Give OWNER/REPO#NUMBER or its address.")


def _check_output(path: Path) -> None:
    """Before anything is paid for: what cannot be written would be lost."""
    place = path if path.exists() else path.parent
    if path.is_dir():
        why = "it is a folder"
    elif not place.exists():
        why = "its folder is not there"
    elif not os.access(place, os.W_OK):
        why = "no permission"
    else:
        return
    raise UsageProblem(f"{path} cannot be written: {why}.", "Name another file.")


def _local(request: Request) -> Subject:
    from bot.hosts import local

    here = Path.cwd()
    if request.example:
        data = files("bot").joinpath("example.patch").read_bytes()
        return local.from_patch(data, "the bundled example")
    if request.diff == "-":
        if sys.stdin.isatty():
            tell("Reading a diff from standard input.")
        return local.from_patch(sys.stdin.buffer.read(), "standard input", here)
    if request.diff is not None:
        try:
            data = Path(request.diff).read_bytes()
        except OSError as e:
            raise UsageProblem(
                f"{request.diff} cannot be read: {e.strerror}.", "Give the path of a patch."
            ) from None
        return local.from_patch(data, request.diff, here)
    if request.staged:
        return local.from_uncommitted(here, local.Uncommitted.STAGED)
    if request.working_tree:
        return local.from_uncommitted(here, local.Uncommitted.TREE)
    return local.from_range(here, request.target)


def _stopped(then: str) -> Stopped:
    return Stopped("Stopped.", then)


def _written(kept: Kept, writes: int) -> str:
    """What may stand on the pull request after a review that was stopped; `writes` are requests that
    may have changed something there. Until the review is told, only the words on its commit may have,
    in the one that stands there.
    """
    if kept.is_told:
        return MAYBE_POSTED
    return AGED if writes else NOT_POSTED


def _awaited(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What comes of it. `asyncio.run` makes a text of its task's result as it gives Ctrl-C back (in
    signal.getsignal, thrown away at once): of a whole report that was a third of all the time.
    """
    results: list[ResultT] = []

    async def done() -> None:
        results.append(await work)

    asyncio.run(done())
    return results[0]


async def _reviewed(subject: Subject, around: Circumstances) -> Report:
    return await review(subject, terms_of(subject, around), around)


async def _pull(pull: PullRequest, request: Request, around: Circumstances) -> Done:
    from bot.hosts.github import GitHub, find_token
    from bot.hosts.http import GitHubAPI, make_session

    settings = around.settings
    # `anthropic` takes a second or two to load: that can go on while GitHub is asked.
    if settings.has_model and request.engine != "static":
        loading = asyncio.create_task(
            asyncio.to_thread(import_module, "reviewers.engines.claude.engine")
        )
    else:
        loading = None
    token = await find_token(settings)
    async with make_session(settings) as session:
        api = GitHubAPI(session, settings, token)
        forge = GitHub(api, pull, settings)
        kept = Kept(rests=lambda _terms: request.rests)
        try:
            outcome = await review_kept(forge, around, post=request.post, kept=kept)
        except asyncio.CancelledError:
            raise _stopped(_written(kept, api.writes)) from None
    if loading:
        await loading
    return _told(outcome, pull, request)


def _told(outcome: Adopted | Reviewed | Skipped, pull: PullRequest, request: Request) -> Done:
    """What came of it, in words and as an exit code."""
    assert not isinstance(outcome, Skipped), "nobody refuses a review that is asked for by hand"
    if isinstance(outcome, Adopted):
        marker = outcome.ours.marker
        message = (
            f"{pull} at {marker.head[:7]} is reviewed already, outcome {marker.outcome}: "
            f"{outcome.ours.review.url}"
        )
        return Done(None, message, 0)
    if why := outcome.refused:
        return Done(outcome.report, f"{why.what}\n{why.do}", why.exit_code)
    done = outcome.published
    message = ""
    if done:
        what = "Posted" if done.created else "Edited" if done.edited else "Nothing to post"
        message = "\n".join((f"{what}: {done.url}", *done.notes))
    return Done(outcome.report, message, exit_code(outcome.report.verdict, request.fail_on))
