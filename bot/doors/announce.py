"""Where the code goes and about what it costs, told before the first call to a model."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import UsageProblem
from bot.outputs.words import plural
from bot.pipeline import Announce
from bot.terms import Options
from reviewers.core.allowance import amount
from reviewers.core.policy import CLAUDE
from reviewers.protocols import Brief

NAMED = 6
"""So many files are named before they are sent; the others are counted."""


def announcer(options: Options, say: Callable[[str], None]) -> Announce:
    """Tells where the code goes and about what it costs, before the first call."""

    async def announce(brief: Brief) -> None:
        calls = tuple(c for c in brief.plan.calls if c.engine == CLAUDE)
        if brief.model is None or not calls:
            return
        from reviewers.engines.claude.briefing import Briefing

        estimate = Briefing(brief, brief.model).estimate(calls)
        models = ", ".join(dict.fromkeys(brief.policy.models))
        if estimate.usual is None and options.max_cost is not None:
            raise UsageProblem(
                f"The price of {models} is not known, so {options.max_cost_key} cannot hold.",
                f"Give it in TRIPTYCH_PRICES, or leave {options.max_cost_key} out.",
            )
        paths = dict.fromkeys(h.path for chunk in brief.plan.chunks for h in chunk.hunks)
        host = brief.model.url.partition("://")[2]
        where = host if brief.model.platform == "anthropic" else brief.model.platform
        least = min((a.left for a in brief.model.allowances), default=None)
        price = "price unknown" if estimate.usual is None else f"about {amount(estimate.usual)} USD"
        cap = "" if least is None else f", at most {amount(least)} USD"
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        named = ", ".join(list(paths)[:NAMED]) + more
        size = max(1, round(estimate.characters / 1000))
        say(f"Sends {plural(len(paths), 'file')} to {where} ({models}): {named}")
        say(f"{plural(estimate.calls, 'call')}, {size} kB of prompts, {price}{cap}.")

    return announce
