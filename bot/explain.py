"""What holds here and why: every setting with its value, its origin, and what bounds it.

For `triptych config explain`. The file wishes; where the operator's environment allows less, the
variable that does so is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.config import BUILT_IN, Config, ReviewerTable
from bot.report import Setting
from bot.settings import Ceilings
from bot.terms import DEFAULT_VOTES

DEFAULT = "default"


def explain(
    config: Config, origin: str, ceilings: Ceilings, by_hand: float | None = None
) -> Iterator[Setting]:
    """Every value with where it comes from: the file (`origin`), or the default.

    `by_hand` is what a review that is started in a shell may cost if it is not asked to, in USD.
    """
    for setting in _settings(config, origin):
        bound = _bound(setting, ceilings) or _by_hand(setting, by_hand)
        yield replace(setting, bound=bound)
    yield from _reviewers(config, origin, ceilings)


def _settings(table: Config, origin: str) -> Iterator[Setting]:
    for name, field in Config.model_fields.items():
        value = getattr(table, name)
        if name == "reviewers":
            continue
        if hasattr(value, "model_fields_set"):
            for key, part in type(value).model_fields.items():
                source = origin if key in value.model_fields_set else DEFAULT
                yield Setting(f"{name}.{key}", getattr(value, key), source, part.description or "")
        else:
            source = origin if name in table.model_fields_set else DEFAULT
            yield Setting(name, value, source, field.description or "")


def _reviewers(config: Config, origin: str, ceilings: Ceilings) -> Iterator[Setting]:
    """The built-in ones, then the repository's own; these alone have a charter to show."""
    looking = 0
    for name in dict.fromkeys((*BUILT_IN, *config.reviewers)):
        table = config.reviewers.get(name, ReviewerTable())
        looking += table.enabled
        for key, field in ReviewerTable.model_fields.items():
            value = getattr(table, key)
            if key == "charter" and name in BUILT_IN:
                continue
            bound = ""
            if key == "votes":
                value = value or DEFAULT_VOTES.get(name, 1)
                bound = _at_most(value, ceilings.votes, "TRIPTYCH_MAX_VOTES")
            if key == "enabled" and value and looking > ceilings.reviewers:
                bound = f"TRIPTYCH_MAX_REVIEWERS allows {ceilings.reviewers}: it is left out"
            source = origin if key in table.model_fields_set else DEFAULT
            about = field.description or ""
            yield Setting(f"reviewers.{name}.{key}", value, source, about, bound)


def _bound(setting: Setting, ceilings: Ceilings) -> str:
    """What the operator's environment makes of a setting; "" where it leaves it alone."""
    value = setting.value
    match setting.path:
        case "rounds":
            return _at_most(value, ceilings.rounds, "TRIPTYCH_MAX_ROUNDS")
        case "limits.prompts":
            return _at_most(value, ceilings.prompts, "TRIPTYCH_MAX_PROMPTS")
        case "budget.review":
            return _at_most(value, ceilings.review_cost, "TRIPTYCH_MAX_COST")
        case "budget.pull_request":
            return _at_most(value, ceilings.pull_request_cost, "TRIPTYCH_MAX_COST_PULL_REQUEST")
        case "models.review" | "models.verify":
            wanted = set(value if isinstance(value, list) else [value]) - {""}
            if ceilings.models and not wanted <= set(ceilings.models):
                return f"TRIPTYCH_ALLOWED_MODELS allows {', '.join(ceilings.models)}"
    return ""


def _by_hand(setting: Setting, limit: float | None) -> str:
    if limit is None or setting.path != "budget.review":
        return ""
    if not _at_most(setting.value, limit, ""):
        return ""
    return f"`triptych review` in a shell spends {limit:.2f} without --max-cost"


def _at_most(value: object, ceiling: float | None, variable: str) -> str:
    assert isinstance(value, int | float), "only numbers have a ceiling"
    return f"{variable} allows {ceiling:g}" if ceiling is not None and value > ceiling else ""
