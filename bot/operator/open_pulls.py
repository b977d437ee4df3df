"""The open pull requests of one repository, and which of them stand reviewed at their head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.outputs.checkrun import NAME
from bot.outputs.marker import read_marker
from bot.posted import DUPLICATE
from reviewers.core.verdict import UNREAD

Asking = Callable[[str], AbstractContextManager[None]]
"""Tells of errors what was to be done."""
NOT_RUN = frozenset({"skipped", "cancelled", "stale", ""})
"""Conclusions of a check run that say nothing of the code."""


@dataclass(frozen=True, slots=True)
class OpenPull:
    """An open pull request; `title` and `author` are anybody's text. `updated` is when GitHub changed it
    last, in seconds since the epoch, 0.0 where it does not say.
    """

    number: int
    title: str
    author: str
    head: str
    base: str
    updated: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a head stands reviewed; `unfinished` is the run that did not read all of it, "" for none."""

    whole: bool
    unfinished: str = ""


class OpenPulls:
    """Reads one repository. Every look at a pull request is one or two requests."""

    def __init__(self, repository: Repository, asking: Asking, *, checks: bool) -> None:
        self._repository = repository
        self._asking = asking
        self._checks = checks

    @property
    def repository_id(self) -> int:
        """The number that outlives a new name."""
        with self._asking("read the repository"):
            return self._repository.id

    @property
    def name(self) -> str:
        """`owner/name`, as it is now."""
        with self._asking("read the repository"):
            return self._repository.full_name

    def __iter__(self) -> Iterator[OpenPull]:
        """The newest first."""
        with self._asking("list the pull requests"):
            for pull in self._repository.get_pulls(state="open", sort="created", direction="desc"):
                yield _open_pull(pull)

    def seen(self, pull: OpenPull, app: int, slug: str) -> Seen:
        """Whether the App has reviewed this very head: by a review's marker, or a check run.

        A clean first review writes the check run alone (design, section 7); of any other the check
        run does not tell whether all was read, so the marker is believed before it.
        """
        with self._asking(f"read the reviews of #{pull.number}"):
            if seen := self._by_review(pull, slug):
                return seen
            return Seen(whole=self._checks and self._has_run(pull.head, app))

    def _by_review(self, pull: OpenPull, slug: str) -> Seen | None:
        """By the first of ours, which is edited in every run; None where none is of this head."""
        login = f"{slug}[bot]".lower()
        for review in self._repository.get_pull(pull.number).get_reviews():
            if review.user is None or (review.user.login or "").lower() != login:
                continue
            marker = read_marker(review.body or "") if review.state != "PENDING" else None
            if marker and marker.head == pull.head and marker.outcome != DUPLICATE:
                unfinished = marker.outcome in UNREAD
                return Seen(whole=not unfinished, unfinished=marker.run if unfinished else "")
        return None

    def _has_run(self, head: str, app: int) -> bool:
        runs = self._repository.get_commit(head).get_check_runs(check_name=NAME)
        return any(
            run.app is not None
            and run.app.id == app
            and run.status == "completed"
            and (run.conclusion or "") not in NOT_RUN
            for run in runs
        )


def _open_pull(pull: PullRequest) -> OpenPull:
    return OpenPull(
        number=pull.number,
        title=pull.title or "",
        author=pull.user.login if pull.user else "",
        head=pull.head.sha,
        base=pull.base.sha,
        updated=pull.updated_at.timestamp() if pull.updated_at else 0.0,
    )
