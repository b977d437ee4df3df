"""Doctor on the money of the day (UTC): is a limit of it reached, or nearly so."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.app_settings import AppSettings
from bot.jobs.spending import DAY, PURGED
from bot.jobs.tables import ALIVE
from bot.operator.doctor.check import Check, note, ok, todo
from bot.operator.doctor.database import answer_of
from bot.outputs.gaps import DAYS_MONEY
from bot.outputs.status_page import NEAR
from bot.outputs.words import listing
from reviewers.core.allowance import amount

BUDGET = "Budget"
INSTALLATION, REPOSITORY = "installation", "repository"
NAMED = 3
"""So many of those that are near their limit are named, the nearest first."""
PAID = f"""
SELECT installation, account, repository_id, repository, sum(cost) FROM triptych_jobs
WHERE ended >= {{midnight:.0f}} OR state IN ({", ".join(f"'{s.value}'" for s in ALIVE)})
GROUP BY installation, account, repository_id, repository
"""  # noqa: S608 - words of ours
KEPT = f"SELECT name, value FROM triptych_meta WHERE name LIKE '{PURGED} {{day}}%'"  # noqa: S608
"""What jobs have cost that are purged: bot/jobs/spending.py says how these lines are named."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was paid today of one limit, in USD; `who` is whose limit it is, `key` what sets it."""

    who: str
    key: str
    spent: float
    limit: float

    @property
    def share(self) -> float:
        """How much of the limit is spent, 1.0 for all; 0.0 of nothing, which somebody has decided on."""
        return self.spent / self.limit if self.limit else 0.0

    def __str__(self) -> str:
        return f"{amount(self.spent)} of {amount(self.limit)} USD for {self.who} ({self.key})"


@dataclass(frozen=True, slots=True)
class Paid:
    """What today has cost in USD: `whole`, and by `installation 77` and `repository 5000`, of which
    `names` tells those that are known.
    """

    whole: float
    parts: Mapping[str, float]
    names: Mapping[str, str]


def look(app_settings: AppSettings) -> Iterator[Check]:
    """One line; a database that cannot be used is the database's own line."""
    today = int(time.time() // DAY)
    rows = answer_of(app_settings, PAID.format(midnight=today * DAY))
    kept = answer_of(app_settings, KEPT.format(day=today))
    if rows is not None and kept is not None:
        paid = paid_today(rows, kept)
        yield budget_check(paid.whole, limits_of(app_settings, paid))


def paid_today(rows: Iterable[Sequence[Any]], kept: Iterable[Sequence[str]]) -> Paid:
    """From the answers to PAID and KEPT."""
    parts: dict[str, float] = defaultdict(float)
    names: dict[str, str] = {}
    whole = 0.0
    for installation, account, repository, name, cost in rows:
        whole += cost
        mine = {f"{INSTALLATION} {installation}": account, f"{REPOSITORY} {repository}": name}
        names |= mine
        for part in mine:
            parts[part] += cost
    for line, cost in kept:
        match line.split()[2:]:
            case []:
                whole += float(cost)
            case [installation]:
                parts[f"{INSTALLATION} {installation}"] += float(cost)
            case ["repository", repository]:
                parts[f"{REPOSITORY} {repository}"] += float(cost)
    return Paid(whole, parts, names)


def limits_of(app_settings: AppSettings, paid: Paid) -> list[Spent]:
    """Every limit that is set, with what is spent of it by each whom it bounds."""
    found = []
    if (limit := app_settings.cost_day) is not None:
        found.append(Spent("all reviews", DAYS_MONEY, paid.whole, limit))
    for limit, kind in (
        (app_settings.cost_day_installation, INSTALLATION),
        (app_settings.cost_day_repository, REPOSITORY),
    ):
        if limit is not None:
            costs = {p: c for p, c in paid.parts.items() if p.startswith(kind)} or {kind: 0.0}
            key = f"{DAYS_MONEY}_{kind.upper()}"
            found += [Spent(paid.names.get(p, p), key, c, limit) for p, c in costs.items()]
    return found


def budget_check(whole: float, limits: Sequence[Spent]) -> Check:
    """`whole` is what today has cost in all, in USD. With less left than a review costs, that review is
    incomplete: so what is near its limit is told, too.
    """
    tight = sorted(limits, key=lambda s: s.share, reverse=True)
    if over := [s for s in tight if s.share >= 1.0]:
        do = "Raise it and restart the workers, or wait: until 00:00 UTC no model is asked there."
        return todo(BUDGET, f"Today's money is spent: {_named(over)}.", do)
    if near := [s for s in tight if s.share >= NEAR]:
        do = (
            "Raise it and restart the workers, or wait: there is new money at 00:00 UTC, and what is left "
            "may be too little."
        )
        return note(BUDGET, f"Today's money is nearly spent: {_named(near)}.", do)
    end = "no limit of the day is near" if limits else "no limit of the day is set"
    return ok(BUDGET, f"{amount(whole)} USD spent today; {end}.")


def _named(limits: Sequence[Spent]) -> str:
    more = [f"{len(limits) - NAMED:,} more"] if len(limits) > NAMED else []
    return listing([*map(str, limits[:NAMED]), *more])
