"""One static look at a change, as the pipeline does it; copies of files, as the engine makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewers.core.call import Call, Look
from reviewers.core.change import Change
from reviewers.core.policy import STATIC
from reviewers.engines.static.engine import build
from reviewers.protocols import Analyser, Brief, Copy
from reviewers.registry import ANALYSERS
from tests.builders import file_diff, planned, policy


async def static_look(
    of: Change,
    reviewer: str = "security",
    analysers: Sequence[Analyser] = ANALYSERS,
    **more: Any,
) -> Look:
    """What the analysers of one reviewer say of a change."""
    under = policy(**{"engines": (STATIC,), **more})
    engine = build(Brief(of, planned(of, under), under, analysers))
    look = await engine.run(Call(reviewer, STATIC))
    await engine.close()
    return look


def copies(folder: Path, texts: Mapping[str, str]) -> list[Copy]:
    """New files with these texts, copied under names that tell nothing."""
    made = []
    for number, (path, text) in enumerate(texts.items(), 1):
        at = folder / f"f{number:04d}.py"
        at.write_bytes(text.encode("utf-8", "replace"))
        made.append(Copy(at, file_diff(path, None, text)))
    return made
