"""What a workflow says to the Action: `with:` in the workflow file, as `action.yml` hands it over."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from bot.config import PATH, ModelsTable
from bot.errors import UsageProblem
from bot.variables import decimal
from reviewers.core.finding import Severity

PREFIX = "TRIPTYCH_INPUT_"
"""`fail-on` is TRIPTYCH_INPUT_FAIL_ON; keys and tokens have the names that every command reads."""
SECRETS = {
    "anthropic-api-key": "ANTHROPIC_API_KEY",
    "github-token": "GITHUB_TOKEN",
    "seal-key": "TRIPTYCH_SEAL_KEY",
}
ENGINES = ("auto", "static", "claude")
POSTS = ("review", "summary", "none")

_CONFIG = re.compile(r"(?!/)(?!.*(?:^|/)\.{1,2}(?:/|$))[\w./@+-]{1,200}\.toml", re.ASCII)


@dataclass(frozen=True)
class Inputs:
    """The inputs, checked. `config` is a path at the base commit, `max_cost` in USD."""

    engine: str = "auto"
    config: str = PATH
    fail_on: Severity | None = None
    fail_on_incomplete: bool = False
    post: str = "review"
    sarif: str = ""
    pull_request: int | None = None
    model: str = ""
    max_cost: float | None = None


NAMES = tuple(name.replace("_", "-") for name in Inputs.__dataclass_fields__)
"""As they are written in a workflow."""


def variable(name: str) -> str:
    """The environment variable that carries an input."""
    return SECRETS.get(name) or PREFIX + name.upper().replace("-", "_")


def read_inputs(env: Mapping[str, str]) -> Inputs:
    """The inputs in an environment; empty ones have their defaults. UsageProblem names the input."""
    given = {name: env.get(variable(name), "").strip() for name in NAMES}
    return Inputs(
        engine=_word(given, "engine", ENGINES),
        config=_config(given["config"]),
        fail_on=_severity(given["fail-on"]),
        fail_on_incomplete=_word(given, "fail-on-incomplete", ("false", "true")) == "true",
        post=_word(given, "post", POSTS),
        sarif=given["sarif"],
        pull_request=_number(given["pull-request"]),
        model=_model(given["model"]),
        max_cost=_amount(given["max-cost"]),
    )


def _wrong(name: str, value: str, do: str) -> UsageProblem:
    return UsageProblem(f"The input {name} is {value!r}.", do)


def _word(given: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = given[name] or known[0]
    if value not in known:
        raise _wrong(name, value, f"Use one of {', '.join(known)}.")
    return value


def _config(value: str) -> str:
    if value and not _CONFIG.fullmatch(value):
        raise _wrong("config", value, "Give a path of the repository that ends in .toml.")
    return value or PATH


def _severity(value: str) -> Severity | None:
    try:
        return Severity.parse(value) if value else None
    except ValueError as e:
        raise UsageProblem(f"The input fail-on: {e}.", "Or leave it out.") from None


def _number(value: str) -> int | None:
    if value and not re.fullmatch(r"[1-9]\d{0,9}", value, re.ASCII):
        raise _wrong("pull-request", value, "Give the number of a pull request.")
    return int(value) if value else None


def _model(value: str) -> str:
    try:
        return ModelsTable.model_validate({"review": [value]}).review[0] if value else ""
    except ValidationError:
        raise _wrong("model", value, "Give the name of a model.") from None


def _amount(value: str) -> float | None:
    amount = decimal(value) if value else None
    if amount is not None and not (math.isfinite(amount) and amount >= 0):
        raise _wrong("max-cost", value, "Give an amount in USD.")
    return amount
