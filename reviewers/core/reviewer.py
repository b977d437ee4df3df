"""A reviewer says what to look for: an id, a charter, the rules that its findings may name."""

from __future__ import annotations

from dataclasses import dataclass

from reviewers.core.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a reviewer looks for. `id` is kebab-case under the reviewer: `security/ssrf`."""

    id: str
    what: str


@dataclass(frozen=True)
class Reviewer:
    """What to look for, as data.

    `paths` are globs of the files it reads (none: all). Findings below `floor` are dropped with
    that reason, none is graver than `ceiling` whatever a source calls it. A `protected` reviewer is
    never outvoted in silence: one vote is enough to show its finding, with the others' dissent
    beside it (users.md, complaint 10).
    """

    id: str
    charter: str
    rules: tuple[Rule, ...] = ()
    paths: tuple[str, ...] = ()
    floor: Severity = Severity.INFO
    ceiling: Severity = Severity.CRITICAL
    protected: bool = False

    @property
    def title(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.id[:1].upper() + self.id[1:].replace("-", " ")

    @property
    def other(self) -> str:
        """The rule of what it found and no rule of its list names."""
        return f"{self.id}/other"

    def rule(self, said: str) -> str:
        """The rule id that a source meant; anything outside the closed list becomes `other`."""
        allowed = {rule.id for rule in self.rules}
        full = said if said.startswith(self.id + "/") else f"{self.id}/{said}"
        return full if full in allowed else self.other
