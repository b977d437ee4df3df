"""Doctor on the models: does the key open them, how long do they live, is their price known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.config import Config
from bot.operator.doctor.check import Check, note, ok, todo
from bot.settings import Settings
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.catalogue import ModelFacts, NotTold, look_up
from reviewers.engines.claude.prices import price_of
from reviewers.protocols import ModelAccess

KEY = "Model key"
SECONDS = 10.0
SOON = 60
"""Days before a model's end from which on it is time to change."""


def look(settings: Settings, engine: str = "") -> Iterator[Check]:
    """Every model that the operator allows, or the default ones; no answer is paid for.

    `engine` is what TRIPTYCH_ENGINE says.
    """
    if not settings.has_model and engine == CLAUDE:
        yield todo(
            KEY,
            "None, and TRIPTYCH_ENGINE is claude: no worker starts.",
            "Set ANTHROPIC_API_KEY, or TRIPTYCH_ENGINE to auto.",
        )
        return
    if not settings.has_model:
        yield note(
            KEY,
            "None: the analysers work alone.",
            "Set ANTHROPIC_API_KEY to have models review, too.",
        )
        return
    if settings.model_platform != "anthropic":
        yield note(KEY, f"Models are asked on {settings.model_platform}, which is not looked at.")
        return
    names = configured(settings)
    access = ModelAccess(
        key=settings.anthropic_key,
        url=settings.anthropic_url,
        platform=settings.model_platform,
        default_model=names[0],
        nonce="",
        ca_bundle=settings.ca_bundle,
        seconds=SECONDS,
        first_seconds=SECONDS,
    )
    yield from model_checks(asyncio.run(look_up(access, names)), settings, datetime.now(UTC))


def configured(settings: Settings) -> list[str]:
    """The models that may be asked, the default first."""
    table = Config().models
    usual = [m for m in (*table.review, table.verify) if m]
    return list(dict.fromkeys(settings.ceilings.models or usual))


def model_checks(
    found: Sequence[ModelFacts | NotTold], settings: Settings, now: datetime
) -> Iterator[Check]:
    """What the catalogue says, judged."""
    if not any(isinstance(row, NotTold) and row.access for row in found):
        yield ok(KEY, f"{settings.anthropic_url.partition('://')[2]} takes it.")
    for row in found:
        match row:
            case NotTold(access=True):
                do = "Check ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and the network."
                yield todo(KEY, f"{row.why[:1].upper()}{row.why[1:]}.", do)
            case NotTold():
                do = "Name another in TRIPTYCH_ALLOWED_MODELS."
                yield todo(f"Model {row.id}", f"{row.why[:1].upper()}{row.why[1:]}.", do)
            case ModelFacts():
                yield _model_check(row, settings, now)


def _model_check(row: ModelFacts, settings: Settings, now: datetime) -> Check:
    about = f"Model {row.id}"
    another = "Name another in TRIPTYCH_ALLOWED_MODELS and in the configurations."
    if row.lifecycle == "retired":
        return todo(about, "It is retired: calls to it fail.", another)
    if row.retires is not None:
        days = (row.retires - now).days
        said = f"It ends on {row.retires:%Y-%m-%d}."
        return todo(about, said, another) if days <= SOON else note(about, said, another)
    if row.lifecycle == "deprecated":
        since = f" since {row.deprecated:%Y-%m-%d}" if row.deprecated else ""
        return note(about, f"It is deprecated{since}.", another)
    if price_of(row.id, 0, settings.prices) is None:
        return todo(
            about,
            "Its price is not known: with a ceiling in USD it is not asked, without one no budget holds.",
            "Give it in TRIPTYCH_PRICES.",
        )
    limits = [
        f"{most:,} tokens {way}"
        for most, way in ((row.most_in, "in"), (row.most_out, "out"))
        if most is not None
    ]
    return ok(about, ", ".join((row.lifecycle.capitalize() or "Known", *limits)) + ".")
