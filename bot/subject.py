"""What is reviewed, as a host hands it over: the change, and where it lives."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.config import PATH, Unusable
from reviewers.core.change import Change


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as its address names it."""

    owner: str
    name: str
    number: int

    @property
    def repository(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"


@dataclass(frozen=True)
class Subject:
    """A change with its address and the configuration that its base branch holds.

    `label` names it for people ("acme/shop#128", "main..HEAD"); `config` is the configuration
    file's bytes, None where there is none, Unusable where something else stands in its place, and
    `config_path` where that is;
    `notes` are sentences about what the host could not give. `web` is the address of the site, for links.
    """

    label: str
    change: Change
    pull: PullRequest | None = None
    base_ref: str = ""
    config: bytes | Unusable | None = None
    config_path: str = PATH
    web: str = "https://github.com"
    notes: tuple[str, ...] = field(default=())


_HUNKS = "Only the hunks of "


def only_hunks(files: str) -> str:
    """That of some files, which are listed, there is no more than what is changed."""
    return f"{_HUNKS}{files} are known, so no analyser that needs a whole file has read it."


def tells_hunks(subject: Subject) -> bool:
    """Whether a note of the host says so already."""
    return any(note.startswith(_HUNKS) for note in subject.notes)
