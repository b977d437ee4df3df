"""The process environment, read once: secrets, hosts, prices and the operator's ceilings.

Nothing of this can be set by a repository (design, section 5). Secrets live only here.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.errors import ConfigProblem
from bot.variables import amount, count, secret
from reviewers.engines.claude.prices import Price

PUBLIC_API = "https://api.github.com"
PUBLIC_MODEL_HOST = "https://api.anthropic.com"
LEAST_KEY = 32
"""Characters of a key that somebody chooses."""
API_VERSION = "2022-11-28"
"""Of GitHub's API: known to github.com and to every supported GHES (facts/libraries.md section 7)."""


@dataclass(frozen=True)
class Ceilings:
    """What no configuration can exceed; None where the operator sets no bound. Money in USD."""

    rounds: int = 3
    votes: int = 7
    reviewers: int = 12
    prompts: int = 20
    review_cost: float | None = None
    pull_request_cost: float | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Everything that the environment says. `seal_key` signs what a door posts that has no database, ""
    for none.
    """

    anthropic_key: str = field(default="", repr=False)
    anthropic_url: str = PUBLIC_MODEL_HOST
    model_platform: str = "anthropic"
    github_token: str = field(default="", repr=False)
    seal_key: str = field(default="", repr=False)
    github_api: str = PUBLIC_API
    ca_bundle: str = ""
    ceilings: Ceilings = Ceilings()
    prices: Mapping[str, Price] = field(default_factory=dict)
    more_secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def secrets(self) -> frozenset[str]:
        """What must appear in nothing that is written; a server adds its own."""
        own = (self.anthropic_key, self.github_token, self.seal_key)
        return self.more_secrets | {s for s in own if s}

    @property
    def has_model(self) -> bool:
        """Whether a model can be asked: with a key, or by a platform's own credentials."""
        return bool(self.anthropic_key) or self.model_platform != "anthropic"

    @property
    def graphql_url(self) -> str:
        """GitHub's GraphQL endpoint; on GHES it stands beside `/api/v3`, not below it."""
        if self.github_api.endswith("/v3"):
            return self.github_api.removesuffix("/v3") + "/graphql"
        return self.github_api + "/graphql"

    @property
    def web_url(self) -> str:
        """Where people read the pull request: above `/api/v3` of GHES, else beside `api.HOST`."""
        if self.github_api.endswith("/api/v3"):
            return self.github_api.removesuffix("/api/v3")
        return self.github_api.replace("://api.", "://", 1)


PLATFORMS = ("anthropic", "bedrock", "vertex")


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in an environment (default: this process's). ConfigProblem names the variable."""
    env = os.environ if env is None else env
    platform = env.get("TRIPTYCH_MODEL_PLATFORM", "anthropic").strip() or "anthropic"
    if platform not in PLATFORMS:
        raise ConfigProblem(
            f"TRIPTYCH_MODEL_PLATFORM is {platform!r}.", f"Use one of {', '.join(PLATFORMS)}."
        )
    return Settings(
        anthropic_key=secret(env, "ANTHROPIC_API_KEY"),
        anthropic_url=address(env, "ANTHROPIC_BASE_URL", PUBLIC_MODEL_HOST),
        model_platform=platform,
        github_token=secret(env, "GITHUB_TOKEN", "GH_TOKEN"),
        seal_key=seal_key(env),
        github_api=address(env, "GITHUB_API_URL", PUBLIC_API),
        ca_bundle=env.get("SSL_CERT_FILE") or env.get("REQUESTS_CA_BUNDLE") or "",
        ceilings=_ceilings(env),
        prices=_prices(env.get("TRIPTYCH_PRICES", "")),
    )


def seal_key(env: Mapping[str, str]) -> str:
    """The key that somebody has chosen to sign what is posted, "" for none. ConfigProblem where it is
    too short to be one.
    """
    text = env.get("TRIPTYCH_SEAL_KEY", "").strip()
    if text and len(text) < LEAST_KEY:
        raise ConfigProblem(
            f"TRIPTYCH_SEAL_KEY is shorter than {LEAST_KEY} characters.",
            "Make one: openssl rand -hex 32",
        )
    return text


def address(env: Mapping[str, str], name: str, default: str = "") -> str:
    """An address of the environment, without a slash behind it. ConfigProblem where it is none."""
    value = env.get(name, "").strip().rstrip("/") or default
    if not value:
        return ""
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", value) or not _has_host(value):
        # What stands before an @ may be a password.
        shown = "" if "@" in value else f": {value!r}"
        raise ConfigProblem(
            f"{name} is no address{shown}.", "Give it as https://host or https://host/path."
        )
    return value


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # A port that is no number, or half an IPv6 address.
        return False


def _ceilings(env: Mapping[str, str]) -> Ceilings:
    default = Ceilings()
    models = env.get("TRIPTYCH_ALLOWED_MODELS", "")
    return Ceilings(
        rounds=count(env, "TRIPTYCH_MAX_ROUNDS", default.rounds),
        votes=count(env, "TRIPTYCH_MAX_VOTES", default.votes),
        reviewers=count(env, "TRIPTYCH_MAX_REVIEWERS", default.reviewers),
        prompts=count(env, "TRIPTYCH_MAX_PROMPTS", default.prompts),
        review_cost=amount(env, "TRIPTYCH_MAX_COST"),
        pull_request_cost=amount(env, "TRIPTYCH_MAX_COST_PULL_REQUEST"),
        models=tuple(m.strip() for m in models.split(",") if m.strip()),
    )


def _prices(text: str) -> dict[str, Price]:
    if not text.strip():
        return {}
    try:
        table = json.loads(text)
        return {
            model: Price(*(_amount(row[k]) for k in ("input", "write", "read", "output")))
            for model, row in table.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConfigProblem(
            "TRIPTYCH_PRICES cannot be read.",
            'Write it as JSON in USD per million tokens: {"MODEL": {"input": 2, "write": 2.5, '
            '"read": 0.1, "output": 10}}.',
        ) from None


def _amount(number: object) -> float:
    """A price that money can be counted with; ValueError for anything else."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(number)  # noqa: TRY004 - one kind of error for all that cannot be read
    if not math.isfinite(number) or number < 0:
        raise ValueError(number)
    return float(number)
