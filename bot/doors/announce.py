"""What a person is told before anything is read: that it takes a while, where the code goes and about what
it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.errors import UsageProblem
from bot.outputs.words import plural
from bot.pipeline import Announce
from bot.terms import Options
from reviewers.core.allowance import Allowance, amount
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.protocols import Brief

NAMED = 6
"""So many files are named before they are sent; the others are counted."""
MANY_ROWS = 50_000
"""Lines that an analyser of whole files reads, from which on a person waits for seconds."""


def announcer(options: Options, say: Callable[[str], None]) -> Announce:
    """Tells of a long wait, where the code goes and about what it costs, before the first call."""

    async def announce(brief: Brief) -> None:
        if (rows := _rows(brief)) > MANY_ROWS:
            say(f"{rows:,} lines to read: that takes a while.")
        calls = tuple(c for c in brief.plan.calls if c.engine == CLAUDE)
        if brief.model is None or not calls:
            return
        from reviewers.engines.claude.briefing import Briefing

        briefing = Briefing(brief, brief.model)
        estimate = briefing.estimate(calls)
        models = ", ".join(dict.fromkeys(brief.policy.models))
        if estimate.usual is None and options.max_cost is not None:
            raise UsageProblem(
                f"The price of {models} is not known, so {options.max_cost_key} cannot hold.",
                f"Give it in TRIPTYCH_PRICES, or leave {options.max_cost_key} out.",
            )
        paths = dict.fromkeys(h.path for chunk in brief.plan.chunks for h in chunk.hunks)
        host = brief.model.url.partition("://")[2]
        where = host if brief.model.platform == "anthropic" else brief.model.platform
        tightest = min(brief.model.allowances, key=lambda a: a.left, default=None)
        if tightest and (why := _too_dear(tightest, map(briefing.most, calls))):
            say(f"Sends nothing to {where} ({models}): {why}.")
            return
        least = tightest.left if tightest else None
        price = "price unknown" if estimate.usual is None else f"about {amount(estimate.usual)} USD"
        cap = "" if least is None else f", at most {amount(least)} USD"
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        named = ", ".join(list(paths)[:NAMED]) + more
        size = max(1, round(estimate.characters / 1000))
        say(f"Sends {plural(len(paths), 'file')} to {where} ({models}): {named}")
        say(f"{plural(estimate.calls, 'call')}, {size} kB of prompts, {price}{cap}.")

    return announce


def _rows(brief: Brief) -> int:
    """The lines that an analyser of whole files is to read. What the others see is read in no time, as is
    a file that is too large for it.
    """
    if not any(call.engine == STATIC for call in brief.plan.calls):
        return 0
    from reviewers.engines.static.engine import reads_whole

    change, hunks = brief.change, (*brief.plan.hunks, *brief.plan.aside)
    files = (change.by_path[path] for path in dict.fromkeys(h.path for h in hunks))
    read = {f.path for f in files if any(reads_whole(a, f) for a in brief.analysers)}
    return sum(len(change.hunk(h).lines) for h in hunks if h.path in read)


def _too_dear(limit: Allowance, most: Iterable[float | None]) -> Allowance | None:
    """The limit that lets none of the calls be made, of which each can cost so much at `most`; None
    where one fits, or where a price is not known.
    """
    cheapest = min(0.0 if usd is None else usd for usd in most)
    if cheapest <= limit.left:
        return None
    return limit if limit.spent else replace(limit, needed=cheapest)
