"""`triptych action`: one step of a GitHub Actions job, from its event to its exit code.

Nothing is read from the workspace: the change comes through the API, whatever is checked out. What
cannot be posted goes to the job's summary, with annotations in the place of comments.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path

from bot.desk import Kept, nothing_rests
from bot.doors.admission import OVERTAKEN, Admitted, admit
from bot.doors.announce import announcer
from bot.doors.artefact import NAME, NOTE, Relayed, read_artefact
from bot.doors.inputs import Inputs, read_inputs
from bot.doors.job_event import ReviewOpen, ReviewPull, ReviewRun, Skip, read_job_event
from bot.doors.manual import exit_code
from bot.doors.runner import Runner
from bot.doors.workspace import inside, write_through_no_link
from bot.errors import AccessProblem, HostProblem, MovedProblem, Problem, Stopped
from bot.hosts.actions import ActionsAPI, Head
from bot.hosts.github import GitHub, find_token
from bot.hosts.http import GitHubAPI, make_session
from bot.outputs.checkrun import SUMMARY, check_title, job_summary
from bot.outputs.document import document
from bot.outputs.holding import reaching
from bot.outputs.inert import inert
from bot.outputs.sarif import sarif
from bot.outputs.shapes import Document
from bot.outputs.workflow import MOST_ANNOTATIONS, annotation
from bot.pipeline import Build, Circumstances, terms_of
from bot.posted import Ours
from bot.pull_review import Adopted, Reviewed, Skipped, relay_pull, review_kept
from bot.report import Report
from bot.settings import Settings, read_settings
from bot.terms import Options, Terms
from bot.variables import slips
from reviewers.core.call import Call
from reviewers.core.finding import Finding, Severity
from reviewers.core.policy import STATIC
from reviewers.core.secrets import Redaction
from reviewers.core.verdict import Outcome
from reviewers.protocols import Brief, Engine, Moment
from reviewers.registry import build_engine

REVIEW_FILE = "review.json"
MOST_REVIEWS = 10
"""Pull requests that one scheduled run reviews; the next run takes the others."""
READ_ONLY = "Not posted to the pull request: this token may only read."
FROM_FORK = "no API key is set, for pull requests from forks get no secrets"
DOUBTFUL = "the gate of the base branch. Its configuration is not in order, so no model was asked."
RANKS = ("skipped", "clean", "findings", "incomplete", "failed")
"""Outcomes as the output names them, the worst last."""


@dataclass
class Results:
    """What the step's outputs will say, over all pull requests of the run."""

    outcome: str = RANKS[0]
    findings: int = 0
    highest: Severity | None = None
    cost: float | None = 0.0
    sarif_file: str = ""
    url: str = ""
    code: int = 0

    def add(self, outcome: str, found: int, highest: Severity | None, code: int) -> None:
        """Take in one review; the worst counts."""
        self.outcome = max(self.outcome, outcome, key=RANKS.index)
        self.findings += found
        self.highest = max((s for s in (self.highest, highest) if s is not None), default=None)
        self.code = max(self.code, code)

    def outputs(self) -> dict[str, str]:
        """The outputs of `action.yml`, by name."""
        return {
            "outcome": self.outcome,
            "findings": str(self.findings),
            "highest-severity": self.highest.word if self.highest is not None else "",
            "cost": "" if self.cost is None else f"{self.cost:.4f}",
            "sarif-file": self.sarif_file,
            "review-url": self.url,
        }


@dataclass
class Job:
    """One run of the Action."""

    inputs: Inputs
    settings: Settings
    runner: Runner
    actions: ActionsAPI
    api: GitHubAPI
    results: Results = field(default_factory=Results)

    async def run(self) -> None:
        """Do what the event asks for. A file that cannot be written is told before anything is done."""
        if self.inputs.sarif:
            self._sarif_file()
        asked = read_job_event(self.runner.event, self.runner.payload(), self.inputs)
        match asked:
            case Skip():
                self._skip(asked)
            case ReviewPull():
                await self._admit(asked)
            case ReviewRun(run):
                await self._relay(run)
            case ReviewOpen():
                await self._review_open()

    def _sarif_file(self) -> Path:
        return inside(self.inputs.sarif, self.runner.workspace, self.runner.temp)

    def _skip(self, skip: Skip) -> None:
        self.runner.say(f"Skipped: {skip.why}.")
        if not skip.quiet:
            self.runner.summarise(f"### Triptych: Skipped: {inert(skip.why, self.runner.redact)}")

    # --- the three ways to a review

    async def _admit(self, asked: ReviewPull) -> None:
        match await admit(asked, self.actions, self.runner.workspace):
            case Skip() as skip:
                self._skip(skip)
            case Admitted() as admitted:
                await self._review(admitted)

    async def _review_open(self) -> None:
        """One after the other; what is reviewed already is adopted and costs nothing."""
        begun = 0
        for head in await self.actions.open_pulls():
            if begun == MOST_REVIEWS:
                self.runner.say(f"{MOST_REVIEWS} are reviewed; the next run takes the others.")
                break
            try:
                begun += await self._review(Admitted(head), by_clock=True)
            except HostProblem as e:
                self.runner.say(f"#{head.number}: {e.what}")
                self.results.add("failed", 0, None, e.exit_code)

    async def _relay(self, identity: int) -> None:
        """Post what the run of a pull request left; everything but the claims is asked for anew."""
        run = await self.actions.run(identity)
        if run.event != "pull_request":
            self._skip(Skip("the workflow run is of no pull request", quiet=True))
            return
        # A gate of the base branch, or `fail-on`, has turned it red for what it found.
        if run.conclusion not in ("success", "failure"):
            self._skip(Skip("the workflow run did not come to its end"))
            return
        heads = [
            h
            for h in await self.actions.open_pulls(f"{run.owner}:{run.branch}")
            if h.sha == run.sha and h.repository == run.repository
        ]
        if len(heads) != 1:
            self._skip(Skip(OVERTAKEN if not heads else "several pull requests have this head"))
            return
        data = await self.actions.artefact(run.id, NAME)
        if data is None:
            self._skip(Skip(f"the workflow run left no artefact {NAME}"))
            return
        left = read_artefact(data, run.sha)
        around = replace(
            self._around(), notes=(NOTE,), engine=partial(_relayed, left, build_engine)
        )
        forge = self._forge(heads[0])
        try:
            wanted = self.inputs.post == "review"
            done = await relay_pull(forge, around, expected=run.sha, post=wanted)
        except MovedProblem:
            self._skip(Skip(OVERTAKEN))
            return
        self._tell(done, heads[0], around, gated=False)

    async def _review(self, admitted: Admitted, *, by_clock: bool = False) -> bool:
        """Review one pull request and tell it; whether anything was done.

        By the clock there are many: what is skipped is worth a line of the log, and a clean review
        is posted, for nothing else would tell the next run of it. No pull request shows how that run
        ended, so what stands there is adopted: else each run would pay for all of them again.
        """
        around, head = self._around(), admitted.head
        rests = nothing_rests if by_clock else self._rests
        kept = Kept(asked=admitted.is_asked, label=admitted.label, rests=rests)
        quiet = not (admitted.is_asked or by_clock)
        done = await self._done(head, around, kept, quiet_when_clean=quiet)
        if isinstance(done, Skip):
            self._skip(Skip(f"#{head.number}: {done.why}", quiet=True) if by_clock else done)
            return False
        self._tell(done, head, around, gated=True)
        if isinstance(done, Adopted) or done.published:
            await self._take_off(kept.used, head)
        return isinstance(done, Reviewed)

    async def _done(
        self, head: Head, around: Circumstances, kept: Kept, *, quiet_when_clean: bool
    ) -> Adopted | Reviewed | Skip:
        """The review, or why there is none: it was overtaken, or the base branch's `[triggers]` do
        not want it and nobody has asked.
        """
        try:
            done = await review_kept(
                self._forge(head),
                around,
                post=self.inputs.post == "review",
                quiet_when_clean=quiet_when_clean,
                expected=head.sha,
                kept=kept,
            )
        except MovedProblem:
            return Skip(OVERTAKEN)
        if isinstance(done, Skipped):
            return Skip(done.why)
        is_late = isinstance(done, Reviewed) and isinstance(done.refused, MovedProblem)
        return Skip(OVERTAKEN) if is_late else done

    def _rests(self, terms: Terms) -> bool:
        """Whether a check or a file is made of this review: it is done anew then, if need be."""
        asked = self.inputs.fail_on is not None or self.inputs.fail_on_incomplete
        return asked or terms.gate is not None or bool(self.inputs.sarif)

    async def _take_off(self, labels: Sequence[str], head: Head) -> None:
        """Labels that are used up, once the review is told. One that stays lets nothing be reviewed."""
        for label in labels:
            try:
                await self._forge(head).unlabel(label)
            except HostProblem as e:
                self.runner.say(f"The label stays: {e.what}")

    def _around(self) -> Circumstances:
        wanted = self.inputs
        options = Options(
            wanted.engine if wanted.engine != "auto" else None,
            max_cost=wanted.max_cost,
            max_cost_key="max-cost",
            model=wanted.model,
        )
        return Circumstances(
            self.settings,
            options,
            watch=self._watch,
            announce=announcer(options, self.runner.say),
            again="re-run this job",
            elsewhere=SUMMARY,
        )

    def _watch(self, call: Call, moment: Moment) -> None:
        if moment.is_end and call.engine != STATIC:
            self.runner.say(f"{call.name}: {moment}")

    def _forge(self, head: Head) -> GitHub:
        pull = self.actions.pull(head.number)
        return GitHub(self.api, pull, self.settings, config_path=self.inputs.config)

    # --- telling

    def _tell(
        self, done: Adopted | Reviewed, head: Head, around: Circumstances, *, gated: bool
    ) -> None:
        match done:
            case Adopted(ours, worst):
                self._adopt(ours, worst, head)
            case Reviewed(report, published, refused):
                if head.is_fork and not self.settings.has_model:
                    report = replace(report, no_model=FROM_FORK)
                code = self._code(report, around) if gated else 0
                if published:
                    self.results.url = published.url
                    for note in published.notes:
                        self.runner.say(note)
                self._write(report, refused)
                worst = max((f.severity for f in report.verdict.findings), default=None)
                # Another job's silence proves nothing, so nothing is called clean by it.
                silent = not gated and report.verdict.outcome is not Outcome.FINDINGS
                outcome = RANKS[0] if silent else report.verdict.outcome.value
                self.results.add(outcome, len(report.verdict.findings), worst, code)
                costs = (self.results.cost, report.verdict.cost)
                self.results.cost = None if None in costs else sum(c for c in costs if c)

    def _adopt(self, ours: Ours, worst: Severity | None, head: Head) -> None:
        """Nothing was done, for this head is reviewed under this configuration."""
        url, outcome = ours.review.url, ours.marker.outcome
        self.runner.say(f"#{head.number} is reviewed already: {url}")
        if self.inputs.post != "none":
            self.runner.summarise(
                f"### Triptych: Reviewed already, {outcome}\n\n[The review]({url}) of "
                f"`{ours.marker.head[:7]}` stands, so nothing was done. 0 calls, 0.00 USD."
            )
        self.results.url = url
        limit = self.inputs.fail_on
        code = int(worst is not None and limit is not None and worst >= limit)
        self.results.add(_word(outcome), len(ours.marker.open), worst, code)

    def _code(self, report: Report, around: Circumstances) -> int:
        """The command line's code, but incomplete is 0 unless asked for; a gate of the base is 1, also
        where something went unread: a change can bring what nobody can read.
        """
        code = exit_code(report.verdict, self.inputs.fail_on)
        gate = terms_of(report.subject, around).gate
        is_incomplete = report.verdict.outcome is Outcome.INCOMPLETE
        if code == 3 and is_incomplete and not self.inputs.fail_on_incomplete:
            code = 0
        if gate is None or not (report.withheld or reaching(report, gate)):
            return code
        by = DOUBTFUL if report.withheld else f'`gate = "{gate.word}"` of the base branch.'
        self.runner.say(f"This step fails by {by}")
        return code or 1

    def _write(self, report: Report, refused: HostProblem | None) -> None:
        """Log, files, summary, and annotations where the review could not be posted."""
        runner, redact = self.runner, self.runner.redact
        runner.say(f"{report.subject.label}: {check_title(report)}")
        notice = ""
        if isinstance(refused, AccessProblem):
            notice = READ_ONLY
        elif refused:
            notice = f"Not posted to the pull request: {inert(refused.what, redact)}"
        if notice:
            runner.say(notice)
        if self.inputs.post != "none":
            runner.summarise(job_summary(report, redact, notice))
        runner.keep(REVIEW_FILE, document(report, redact))
        if self.inputs.sarif:
            file = self._sarif_file()
            write_through_no_link(file, sarif(report, redact))
            self.results.sarif_file = str(file)
        if refused:
            self._annotate(report)

    def _annotate(self, report: Report) -> None:
        shown: dict[str, int] = {}
        found: tuple[Finding, ...] = (*report.verdict.shown.listed, *report.verdict.shown.quiet)
        for note in (annotation(f, self.runner.redact) for f in found):
            shown[note.level] = shown.get(note.level, 0) + 1
            if shown[note.level] <= MOST_ANNOTATIONS:
                self.runner.annotate(note)


async def _relayed(left: Document, build: Build, name: str, brief: Brief) -> Engine:
    return Relayed(left, brief.change) if name == STATIC else await build(name, brief)


def _word(outcome: str) -> str:
    return outcome if outcome in RANKS else RANKS[0]


def run() -> int:
    """Do the step; its exit code. A Problem is told in the log and the summary, and is a code, too."""
    settings = read_settings()
    runner = Runner.of(os.environ, Redaction(settings.secrets))
    # Nothing that is started from here on inherits them.
    for name in ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "GH_TOKEN", "TRIPTYCH_SEAL_KEY"):
        os.environ.pop(name, None)
    results = Results()
    try:
        asyncio.run(_run(settings, runner, results))
    except KeyboardInterrupt:  # As the runner sends it to a job that is cancelled.
        runner.say("Stopped.")
        results.add("failed", 0, None, Stopped.exit_code)
    except Problem as e:
        runner.say(e.what)
        runner.say(e.do)
        told = " ".join(inert(text, runner.redact) for text in (e.what, e.do))
        runner.summarise(f"### Triptych: Failed\n\n{told}")
        results.add("failed", 0, None, e.exit_code)
    for name, value in results.outputs().items():
        runner.output(name, value)
    return results.code


async def _run(settings: Settings, runner: Runner, results: Results) -> None:
    inputs = read_inputs(os.environ)
    for slip in slips(os.environ):
        runner.say(slip)
    # `anthropic` takes seconds to load on a runner: that goes on while GitHub is asked.
    loading = None
    if settings.has_model and inputs.engine != STATIC:
        loading = asyncio.create_task(
            asyncio.to_thread(import_module, "reviewers.engines.claude.engine")
        )
    token = await find_token(settings)
    async with make_session(settings) as session:
        api = GitHubAPI(session, settings, token)
        actions = ActionsAPI(api, runner.repository, session)
        await Job(inputs, settings, runner, actions, api, results).run()
    if loading:
        await loading
