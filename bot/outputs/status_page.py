"""The operator's first page: is it alive, what will stop it next, which part is blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from bot.jobs.protocol import Figures, JobRow, JobState
from bot.outputs.digest import AnalyserLine, Digest, analyser_lines, reviewer_lines
from bot.outputs.job_line import JobLine, Moment, ago, job_line, moment
from bot.outputs.page import Pages
from bot.outputs.words import capital
from reviewers.core.verdict import Outcome

DAY = 86_400.0
FILTERS: tuple[tuple[str, str], ...] = (
    ("", "All"),
    (JobState.WAITING, "waiting"),
    (JobState.RUNNING, "running"),
    (JobState.PARKED, "parked"),
    (JobState.DEAD, "given up"),
)
OUTCOMES: tuple[tuple[str, str], ...] = (
    ("", "Any outcome"),
    (Outcome.INCOMPLETE, "incomplete"),
    (Outcome.FAILED, "failed"),
)
NEAR = 0.8
"""From this share of the day's money on the figure is shown as an alarm."""
LOW = 0.1
"""Below this share of GitHub's requests it is, too."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the server knows of itself; `started` is in seconds since the epoch.

    `github_left` of `github_limit` requests of the tightest installation; None: not known yet.
    """

    started: float
    github_left: int | None = None
    github_limit: int | None = None


@dataclass(frozen=True)
class Seen:
    """What was read for the page at the moment `now`. `chosen` is the state that is asked for, `outcome`
    how the reviews came out, "" for all.

    `is_whole_day`: `digests` are all reviews of the last 24 hours, not only the newest. `parked` are the
    parked jobs as far as they were read, `beside` all jobs of the pull requests that may be tried again.
    `unknown` is what the address would narrow the list to, had we such a filter.
    """

    now: float
    vitals: Vitals
    figures: Figures
    rows: Sequence[JobRow]
    digests: Mapping[str, Digest]
    chosen: str = ""
    outcome: str = ""
    unready: str = ""
    has_app: bool = True
    is_whole_day: bool = True
    parked: Sequence[JobRow] = ()
    beside: Sequence[JobRow] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Now:
    """The figures in words."""

    version: str
    up: str
    at: Moment
    oldest: str
    parked: str
    webhook: str
    github: tuple[int, int] | None
    github_alarm: bool
    money_alarm: bool


@dataclass(frozen=True, slots=True)
class _Choice:
    """A link that narrows the list, and leaves the other filter as it is."""

    label: str
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class _Analyser:
    name: str
    version: str
    failed: str
    when: str
    detail: str


def status_page(pages: Pages, seen: Seen, web: str, **around: Any) -> str:
    """The page; `around` are the root of the links and the key of the forms."""
    recent = [d for d in seen.digests.values() if d.ended > seen.now - DAY]
    lines: list[JobLine] = [
        job_line(row, seen.now, web, seen.digests, seen.beside) for row in seen.rows
    ]
    return pages.render(
        "status",
        now=_now(seen),
        figures=seen.figures,
        unready=_sentence(seen.unready),
        has_app=seen.has_app,
        reviewers=reviewer_lines(recent),
        analysers=[_analyser(a, seen.now) for a in analyser_lines(recent)],
        span="the last 24 hours" if seen.is_whole_day else f"the newest {len(recent)} reviews",
        lines=lines,
        filters=_filters(seen.chosen, seen.outcome),
        narrowed=_narrowed(seen.chosen, seen.outcome),
        unknown=seen.unknown,
        here=_query(seen.chosen, seen.outcome),
        **around,
    )


def _filters(state: str, outcome: str) -> tuple[list[_Choice], list[_Choice]]:
    """By state, and by outcome."""
    return (
        [_Choice(label, _query(s, outcome), s == state) for s, label in FILTERS],
        [_Choice(label, _query(state, o), o == outcome) for o, label in OUTCOMES],
    )


def _query(state: str, outcome: str) -> str:
    """The address of a narrowed list, behind that of the page; "" for all of it."""
    asked = {"state": state, "outcome": outcome}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"?{query}" if query else ""


def _narrowed(state: str, outcome: str) -> str:
    """What the list is narrowed to, in words: `given up and incomplete`; "" for all of it."""
    words = (state and dict(FILTERS)[state], outcome and dict(OUTCOMES)[outcome])
    return " and ".join(word for word in words if word)


def _now(seen: Seen) -> _Now:
    figures, vitals = seen.figures, seen.vitals
    at = datetime.fromtimestamp(seen.now, UTC)
    limit, left, most = figures.cost_limit, vitals.github_left, vitals.github_limit
    github = (left, most) if left is not None and most is not None else None
    return _Now(
        version=version("triptych-review"),
        up=ago(seen.now - vitals.started),
        at=Moment(f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%Y-%m-%dT%H:%M:%SZ}"),
        oldest=ago(figures.oldest),
        parked=_reason(seen),
        webhook="–" if figures.last_webhook is None else ago(seen.now - figures.last_webhook),
        github=github,
        github_alarm=github is not None and github[0] < LOW * github[1],
        money_alarm=limit is not None and figures.cost_today >= NEAR * limit,
    )


def _sentence(text: str) -> str:
    """With a capital first letter and a full stop."""
    return f"{capital(text.rstrip('.'))}." if text else ""


def _reason(seen: Seen) -> str:
    """Why the parked jobs wait; "" where they have several reasons, or not all of them are known."""
    reasons = {row.note for row in seen.parked}
    are_all = len(seen.parked) >= seen.figures.parked
    return reasons.pop() if are_all and len(reasons) == 1 else ""


def _analyser(a: AnalyserLine, now: float) -> _Analyser:
    return _Analyser(a.name, a.version, a.failed, moment(a.at, now).shown, a.detail)
