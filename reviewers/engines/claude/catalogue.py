"""What the API says of models, without asking one: that costs nothing.

Lifecycle and limits change, so no table of ours says them (facts/libraries.md, section 1.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import anthropic
import httpx2

from reviewers.engines.claude.client import (
    LostError,
    PatienceError,
    SetupError,
    SpendLimitError,
    make_client,
)
from reviewers.protocols import ModelAccess

RETRIES = 1


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model as the catalogue has it; None where it says nothing. Limits are in tokens."""

    id: str
    lifecycle: str
    deprecated: datetime | None = None
    retires: datetime | None = None
    most_in: int | None = None
    most_out: int | None = None


@dataclass(frozen=True, slots=True)
class NotTold:
    """Why nothing is known of a model: `access` when it is our key or our way there, not the model."""

    id: str
    why: str
    access: bool = False


async def look_up(access: ModelAccess, models: Sequence[str]) -> list[ModelFacts | NotTold]:
    """Each model, in order. After the first failure of access the others are not asked for."""
    found: list[ModelFacts | NotTold] = []
    try:
        client = make_client(access)
    except SetupError as e:
        return [NotTold(models[0], str(e), access=True)]
    try:
        asking = client.with_options(max_retries=RETRIES)
        for model in models:
            answer = await _one(asking, model)
            found.append(answer)
            if isinstance(answer, NotTold) and answer.access:
                break
    finally:
        await client.close()
    return found


async def _one(client: anthropic.AsyncAnthropic, model: str) -> ModelFacts | NotTold:
    try:
        row = await client.models.retrieve(model)
    except anthropic.APIStatusError as e:
        return _refused(e, model)
    except SetupError as e:
        return NotTold(model, str(e), access=True)
    except (LostError, PatienceError, SpendLimitError, anthropic.APIError, httpx2.HTTPError):
        return NotTold(model, f"{client.base_url.host} cannot be reached", access=True)
    return ModelFacts(
        id=row.id,
        lifecycle=row.lifecycle,
        deprecated=row.deprecated_at,
        retires=row.retires_at,
        most_in=row.max_input_tokens,
        most_out=row.max_tokens,
    )


def _refused(error: anthropic.APIStatusError, model: str) -> NotTold:
    match error.status_code:
        case 401:
            return NotTold(model, "the API key was refused (401)", access=True)
        case 403:
            return NotTold(model, f"the API key may not use {model} (403)")
        case 404:
            return NotTold(model, f"the API does not know the model {model} (404)")
        case code:
            return NotTold(model, f"the API answers with an error ({code})", access=True)
