"""Pull requests that share a commit: a gate that holds one of them back holds back the commit.

GitHub counts check runs by commit: of several with one name the newest is the one that a required check
looks at. So another pull request of the same commit, towards a branch without a gate, as a draft, or
with nothing found, must not pass where this one may not. What counts is each one's own verdict, never
that it is held back itself: else two would hold each other back for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.hosts.checks import Checks, Shown
from bot.jobs.past import Past
from bot.jobs.protocol import Place
from bot.outputs.checkrun import CheckRun, held_back, is_held_back

FAILURE = "failure"


class Company:
    """The others of one pull request. `run_of` names the run of a job: its check runs are known by it."""

    def __init__(
        self, place: Place, run_of: Callable[[str], str], past: Past, checks: Checks
    ) -> None:
        self._place = place
        self._run_of = run_of
        self._past = past
        self._checks = checks

    async def before(self, head: str, check: CheckRun) -> CheckRun:
        """The end of a check run as it may be written: red, where another one's gate holds the commit."""
        others = await self._others(head)
        if not others or check.conclusion == FAILURE:
            return check
        number = await self._holds(head, await self._checks.shown(head), others)
        return held_back(check, number) if number else check

    async def after(self, head: str, check: CheckRun, run: str) -> None:
        """The same for what was written while we looked: by the others, where our own `check` is red,
        and by our own `run`, where one of theirs became so. Of two that end at once each looks after it
        has written, so one of them sees the other.
        """
        others = await self._others(head)
        if not others or is_held_back(check.title):
            return
        shown = await self._checks.shown(head)
        if check.conclusion == FAILURE:
            passing, number = _passing(shown, others), self._place.number
        else:
            passing, number = _passing(shown, {run}), await self._holds(head, shown, others)
        for row in passing if number else ():
            await self._checks.finish(row.number, held_back(row.check, number), row.external)

    async def _others(self, head: str) -> Mapping[str, int]:
        """The newest run of each other pull request, and its number."""
        jobs = await self._past.others_of(self._place, head)
        return {self._run_of(job): number for number, job in jobs.items()}

    async def _holds(self, head: str, shown: Iterable[Shown], others: Mapping[str, int]) -> int:
        """The number of one that holds the commit back, and is open; 0 for none."""
        for row in shown:
            number = others.get(row.run, 0)
            if number and _is_red(row) and await self._checks.is_open(number, head):
                return number
        return 0


def _is_red(row: Shown) -> bool:
    """By its own verdict."""
    return row.check.conclusion == FAILURE and not is_held_back(row.check.title)


def _passing(shown: Iterable[Shown], runs: Iterable[str]) -> tuple[Shown, ...]:
    """Those of some runs that have ended, and do not hold the commit back."""
    theirs = set(runs)
    return tuple(r for r in shown if r.run in theirs and r.check.conclusion not in ("", FAILURE))
