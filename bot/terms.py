"""What holds for one review: configuration, ceilings and options agreed into one policy.

The repository wishes, the operator's environment limits, the person at the command line decides
within both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bot.config import Config, ModelsTable, ReviewerTable, TriggersTable
from bot.errors import UsageProblem
from bot.report import Setting
from bot.settings import Ceilings, Settings
from reviewers.core.allowance import Allowance
from reviewers.core.finding import Severity
from reviewers.core.policy import CLAUDE, STATIC, Policy
from reviewers.core.reviewer import Reviewer
from reviewers.protocols import ModelAccess
from reviewers.registry import REVIEWERS

DEFAULT_VOTES = {"security": 3, "style": 1, "correctness": 3}
"""High-risk looks are taken three times: one draw is chance (users.md, complaint 4)."""

READING = 2
"""Raised when reviews of before may call a hunk read, or a finding told, that is neither: then what
they say is as that of another configuration, and everything is read once more.
"""


@dataclass(frozen=True)
class Options:
    """What a person asked for by hand; None where nothing was said. Money in USD.

    `usual_cost` is the limit where `max_cost` is not given and the price is known. `model` takes the
    place of the models that the configuration names.
    """

    engine: str | None = None
    rounds: int | None = None
    max_cost: float | None = None
    usual_cost: float | None = None
    max_cost_key: str = "--max-cost"
    model: str = ""


@dataclass(frozen=True)
class Terms:
    """The agreement: policy, access to models (None: analysers only), and what to tell people.

    `digest` names the configuration (and, of a pull request, the branch it goes into) in the marker;
    `no_model` says why no model is asked, `withheld` that one might be, and that the review is
    incomplete without; `settings`
    list what the agreement was made of, each with its origin.
    """

    policy: Policy
    access: ModelAccess | None
    digest: str
    no_model: str = ""
    withheld: bool = False
    notes: tuple[str, ...] = field(default=())
    post_clean: bool = False
    gate: Severity | None = None
    accounts: tuple[str, ...] = ()
    triggers: TriggersTable = TriggersTable()
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Paid:
    """USD that are spent already: for earlier reviews of the pull request, and for this one, where
    it was interrupted.
    """

    before: float = 0.0
    now: float = 0.0


def agree(
    config: Config,
    settings: Settings,
    options: Options,
    nonce: Callable[[], str],
    paid: Paid = Paid(),
) -> Terms:
    """Bring the three together.

    UsageProblem when Claude is asked for without a key.
    """
    notes: list[str] = []
    ceilings = settings.ceilings
    engines, no_model = _engines(config, settings, options)
    reviewers = _reviewers(config, ceilings, notes)
    wished = config.models
    if options.model:
        wished = wished.model_copy(update={"review": [options.model], "verify": ""})
    models, verify_model = _models(wished, ceilings)
    if CLAUDE in engines:
        notes += _told(wished, options, ceilings, models, verify_model)
    policy = Policy(
        reviewers=reviewers,
        engines=engines,
        votes={r.id: _votes(r, config, ceilings.votes) for r in reviewers},
        models=models,
        verify_model=verify_model,
        rounds=min(options.rounds or config.rounds, ceilings.rounds),
        exclude=tuple(config.exclude),
        ignore_rules=tuple(config.ignore),
        min_severity=_least_told(config),
        inline_limit=config.inline_limit,
        max_file_chars=config.limits.file_kb * 1000,
        chunk_chars=config.limits.prompt_kb * 1000,
        max_chunks=min(config.limits.prompts, ceilings.prompts),
    )
    access = None
    if CLAUDE in engines:
        access = ModelAccess(
            key=settings.anthropic_key,
            url=settings.anthropic_url,
            platform=settings.model_platform,
            default_model=models[0],
            nonce=nonce(),
            ca_bundle=settings.ca_bundle,
            effort=config.models.effort,
            context=config.context,
            instructions=config.instructions,
            prices=settings.prices,
            allowances=tuple(_allowances(config, settings, options, paid)),
        )
    return Terms(
        policy=policy,
        access=access,
        digest=_digest(config, policy),
        no_model=no_model,
        notes=tuple(notes),
        post_clean=config.post_clean,
        gate=Severity.parse(config.gate) if config.gate else None,
        accounts=tuple(config.publish.accounts),
        triggers=config.triggers,
    )


def _least_told(config: Config) -> Severity:
    """What holds a pull request is told in its review, and known again there by the next one."""
    wanted = Severity.parse(config.min_severity)
    return min(wanted, Severity.parse(config.gate)) if config.gate else wanted


def _engines(config: Config, settings: Settings, options: Options) -> tuple[tuple[str, ...], str]:
    wanted = options.engine or config.engine
    if wanted == STATIC:
        who = "was asked for" if options.engine else "is what the configuration asks for"
        return (STATIC,), f"static analysis {who}"
    if not settings.has_model:
        if options.engine == CLAUDE:
            raise UsageProblem(
                "There is no key for --engine claude.",
                "Set ANTHROPIC_API_KEY, or use --engine static.",
            )
        return (STATIC,), "no API key is set"
    return ((CLAUDE,) if wanted == CLAUDE else (STATIC, CLAUDE)), ""


def _reviewers(config: Config, ceilings: Ceilings, notes: list[str]) -> tuple[Reviewer, ...]:
    """The built-in ones that are not switched off, then the repository's own, up to the ceiling."""
    built_in = {r.id: r for r in REVIEWERS}
    chosen = []
    for name in dict.fromkeys((*built_in, *config.reviewers)):
        table = config.reviewers.get(name, ReviewerTable())
        if table.enabled:
            reviewer = built_in.get(name) or Reviewer(name, table.charter or "")
            floor = Severity.parse(table.severity_floor)
            chosen.append(replace(reviewer, paths=tuple(table.paths), floor=floor))
    if left_out := ", ".join(r.id for r in chosen[ceilings.reviewers :]):
        limit = f"The operator's limit of reviewers is {ceilings.reviewers}"
        notes.append(f"{limit}: without {left_out}.")
    return tuple(chosen[: ceilings.reviewers])


def _votes(reviewer: Reviewer, config: Config, ceiling: int) -> int:
    table = config.reviewers.get(reviewer.id)
    wanted = table.votes if table else None
    return min(wanted or DEFAULT_VOTES.get(reviewer.id, 1), ceiling)


def _models(wanted: ModelsTable, ceilings: Ceilings) -> tuple[tuple[str, ...], str]:
    """The configured models that the operator allows, or the operator's first; who verifies."""
    allowed = [m for m in wanted.review if m in (ceilings.models or wanted.review)]
    models = tuple(allowed) or ceilings.models[:1]
    verifies = wanted.verify in (ceilings.models or (wanted.verify,))
    return models, (wanted.verify if verifies else "") or models[0]


def _told(
    wanted: ModelsTable,
    options: Options,
    ceilings: Ceilings,
    models: tuple[str, ...],
    verify_model: str,
) -> Iterator[str]:
    """What was wished for by name and the operator does not allow."""
    refused = [m for m in (*wanted.review, wanted.verify) if m and m not in (*models, verify_model)]
    if refused:
        asked = ", ".join(dict.fromkeys((*models, verify_model)))
        yield f"The operator does not allow {', '.join(dict.fromkeys(refused))}; instead: {asked}."
    if options.rounds and options.rounds > ceilings.rounds:
        yield f"The operator's limit of rounds is {ceilings.rounds}."


def _allowances(
    config: Config, settings: Settings, options: Options, paid: Paid
) -> Iterator[Allowance]:
    """Every limit in USD that holds; the tightest will be the one that counts."""
    now, whole = paid.now, paid.before + paid.now
    yield Allowance(config.budget.review, "this review", "budget.review", now)
    yield Allowance(config.budget.pull_request, "this pull request", "budget.pull_request", whole)
    if options.max_cost is not None:
        yield Allowance(options.max_cost, "this run", options.max_cost_key, now, firm=True)
    elif options.usual_cost is not None:
        yield Allowance(options.usual_cost, "this run", options.max_cost_key, now)
    ceilings = settings.ceilings
    if ceilings.review_cost is not None:
        key = "TRIPTYCH_MAX_COST"
        yield Allowance(ceilings.review_cost, "this review", key, now, firm=True)
    if ceilings.pull_request_cost is not None:
        key = "TRIPTYCH_MAX_COST_PULL_REQUEST"
        limit = ceilings.pull_request_cost
        yield Allowance(limit, "this pull request", key, whole, firm=True)


def _digest(config: Config, policy: Policy) -> str:
    """8 hex digits of what decides what a review says: the configuration, and who looks how.

    Not money (a review that ran out of it is incomplete, and is done again anyhow), not what is
    reviewed unasked, and not whose reviews count.
    """
    effective = {
        "config": config.model_dump(exclude={"budget", "publish", "triggers"}),
        "engines": policy.engines,
        "models": (policy.models, policy.verify_model),
        "votes": dict(policy.votes),
        "rounds": policy.rounds,
        "prompts": policy.max_chunks,
        "reading": READING,
    }
    text = json.dumps(effective, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
