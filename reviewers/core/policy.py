"""How a review is to be done, as one value: who looks, how often, with what limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reviewers.core.finding import Severity
from reviewers.core.reviewer import Reviewer

STATIC = "static"
CLAUDE = "claude"


@dataclass(frozen=True)
class Policy:
    """What the configuration, the ceilings of the operator and the command line agreed on.

    `votes` counts looks per reviewer (default 1); vote i is taken by `models[(i - 1) % n]` ("" is
    the engine's default). `claims_per_call` limits a model's call, not an analyser's. Sizes are in
    characters. A change that takes more than `max_chunks` prompts of `chunk_chars` is read in part,
    and the rest is named.
    """

    reviewers: tuple[Reviewer, ...]
    engines: tuple[str, ...] = (STATIC,)
    votes: Mapping[str, int] = field(default_factory=dict)
    models: tuple[str, ...] = ("",)
    verify_model: str = ""
    rounds: int = 2
    exclude: tuple[str, ...] = ()
    ignore_rules: tuple[str, ...] = ()
    min_severity: Severity = Severity.MEDIUM
    inline_limit: int = 20
    claims_per_call: int = 30
    max_file_chars: int = 120_000
    chunk_chars: int = 200_000
    max_chunks: int = 6

    def votes_of(self, reviewer: Reviewer) -> int:
        """How many times this reviewer looks."""
        return self.votes.get(reviewer.id, 1)

    def model_of(self, vote: int) -> str:
        """The model that takes this vote (1-based)."""
        return self.models[(vote - 1) % len(self.models)]

    def reviewer(self, name: str) -> Reviewer | None:
        """The reviewer of that id."""
        return next((r for r in self.reviewers if r.id == name), None)
