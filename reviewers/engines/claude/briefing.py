"""The requests of one review, built so that calls on a chunk share every byte they can."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from reviewers.core.call import Call, Task, Usage
from reviewers.core.policy import CLAUDE
from reviewers.engines.claude.answer import SCHEMA
from reviewers.engines.claude.names import shown_names
from reviewers.engines.claude.prices import Price, cost, most_tokens, price_of, tokens
from reviewers.engines.claude.prompt import (
    change_text,
    reviewer_text,
    system_text,
    verifier_text,
)
from reviewers.protocols import Brief, ModelAccess

ANSWER_TOKENS = 16_000
"""The longest answer, thinking included, while the budget allows it."""
LEAST_ANSWER_TOKENS = 4_000
USUAL_ANSWER_TOKENS = 1_500
"""For the estimate that is shown before the first call."""
CACHEABLE_TOKENS = 512
"""The least prefix that a 5.x model caches; below it there is nothing to wait for."""
CACHEABLE_TOKENS_OF = {"claude-haiku-4-5": 4096}
"""The models that need more (facts/libraries.md, section 1.2)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a review will about take: calls, prompt characters, USD (None: price unknown)."""

    calls: int
    characters: int
    usual: float | None


class Briefing:
    """Prompts and requests of one review. Knows no client."""

    def __init__(self, brief: Brief, access: ModelAccess) -> None:
        self._brief = brief
        self._access = access
        self._shared: dict[int, str] = {}
        self._counted: dict[tuple[str, int], int] = {}
        self._names = shown_names(brief.change, access.nonce)
        self._paths = {name: path for path, name in self._names.items()}
        # The canary must not be guessable from the nonce, which stands in the material's fences.
        self.canary = "tpt" + hashlib.sha256(f"canary {access.nonce}".encode()).hexdigest()[:13]
        self.system = system_text(access.nonce, self.canary)
        self.answer_tokens = self._answer_tokens()

    def model_of(self, call: Call) -> str:
        """The model that takes this call."""
        return call.model or self._access.default_model

    def request(self, call: Call) -> dict[str, Any]:
        """The body of a request to the Messages API for one call."""
        return {
            "model": self.model_of(call),
            "max_tokens": self.answer_tokens,
            "system": [{"type": "text", "text": self.system}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "text",
                            "text": self.shared(call.chunk),
                            "cache_control": {"type": "ephemeral"},
                        },
                        {"type": "text", "text": self.own(call)},
                    ],
                }
            ],
            "output_config": {
                "format": {"type": "json_schema", "schema": SCHEMA},
                "effort": self._access.effort,
            },
        }

    def shared(self, chunk: int) -> str:
        """The part of the prompt that all calls on a chunk have in common."""
        if chunk not in self._shared:
            self._shared[chunk] = change_text(
                self._brief.change,
                self._names,
                self._brief.plan.chunks[chunk].hunks,
                self._access.context,
                self._access.nonce,
                self._access.instructions,
            )
        return self._shared[chunk]

    def own(self, call: Call) -> str:
        """The part that only this call has."""
        if call.task is Task.VERIFY:
            return verifier_text(call.candidates, self._names, self._access.nonce, call.rebuttal)
        reviewer = self._brief.policy.reviewer(call.reviewer)
        assert reviewer is not None, "a call names a reviewer of its policy"
        return reviewer_text(reviewer, call.vote)

    def path_of(self, said: str) -> str:
        """The path that a model means: it says the path as it was shown, without odd characters."""
        return self._paths.get(said, said)

    def is_cacheable(self, model: str, chunk: int) -> bool:
        """Whether the shared part is long enough for a model's cache, so that it is worth a wait."""
        least = CACHEABLE_TOKENS_OF.get(model, CACHEABLE_TOKENS)
        return tokens(len(self.system) + len(self.shared(chunk))) >= least

    def most(self, call: Call) -> float | None:
        """The most that a call can cost in USD. Nobody counts on the cache: its entries live for
        5 minutes, less when they are crowded out, and a call may have waited for longer.

        Where the API has counted the prompt of another call on the chunk, the shared part is no longer
        than that.
        """
        shared = most_tokens(self.system) + most_tokens(self.shared(call.chunk))
        shared = min(shared, self._counted.get((self.model_of(call), call.chunk), shared))
        return self._cost(
            call, (shared, most_tokens(self.own(call))), self.answer_tokens, warm=False
        )

    def count(self, call: Call, used: Usage) -> None:
        """Take in how long the API says that a call's prompt is: `most` of the others goes by it."""
        if used.prompt:
            key = (self.model_of(call), call.chunk)
            self._counted[key] = min(used.prompt, self._counted.get(key, used.prompt))

    def rest(self, call: Call, used: Usage) -> float | None:
        """The most that it can cost when its answer begins: by then the API has counted the prompt.

        None where it has not, or the price is not known.
        """
        if not used.prompt:
            return None
        longest = replace(used, out=max(used.out, self.answer_tokens))
        return cost(longest, self.model_of(call), self._access.prices)

    def estimate(self, calls: tuple[Call, ...]) -> Estimate:
        """What these calls will about cost, the first on each chunk filling the cache."""
        seen: set[tuple[str, int]] = set()
        characters, usual = 0, 0.0
        known = True
        for call in calls:
            key = (self.model_of(call), call.chunk)
            prompt = self._prompt(call)
            one = self._cost(call, prompt, USUAL_ANSWER_TOKENS, warm=key in seen)
            seen.add(key)
            characters += len(self.shared(call.chunk)) + len(self.own(call))
            known = known and one is not None
            usual += one or 0.0
        return Estimate(len(calls), characters, usual if known else None)

    def _cost(
        self, call: Call, prompt: tuple[int, int], answer: int, *, warm: bool
    ) -> float | None:
        """USD for so many tokens; `warm`: the shared ones are read from the cache."""
        shared, own = prompt
        price = self._price(call, shared + own)
        if price is None:
            return None
        prefix = shared * (price.read if warm else price.write)
        return (prefix + own * price.input + answer * price.output) / 1_000_000

    def _price(self, call: Call, prompt: int) -> Price | None:
        return price_of(self.model_of(call), prompt, self._access.prices)

    def _prompt(self, call: Call) -> tuple[int, int]:
        """About how many tokens the shared and the own part of the prompt are."""
        shared = tokens(len(self.system) + len(self.shared(call.chunk)))
        return shared, tokens(len(self.own(call)))

    def _answer_tokens(self) -> int:
        """So long may each answer be that all planned calls together stay in the budget.

        With room for the last of them, before which the cache could have gone.
        """
        calls = [c for c in self._brief.plan.calls if c.engine == CLAUDE]
        limit = min((a.left for a in self._access.allowances), default=None)
        if limit is None or not calls:
            return ANSWER_TOKENS
        seen: set[tuple[str, int]] = set()
        prompts, output, again = 0.0, 0.0, 0.0
        for call in calls:
            key = (self.model_of(call), call.chunk)
            prompt = self._prompt(call)
            price = self._price(call, sum(prompt))
            if price is None:
                return ANSWER_TOKENS
            prompts += self._cost(call, prompt, 0, warm=key in seen) or 0.0
            again = max(again, prompt[0] * (price.write - price.read) / 1_000_000)
            output += price.output / 1_000_000
            seen.add(key)
        fits = int((limit * 0.95 - prompts - again) / output) if output else ANSWER_TOKENS
        return max(LEAST_ANSWER_TOKENS, min(ANSWER_TOKENS, fits))
