"""What the rest of Triptych asks of a place that holds pull requests and takes reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.outputs.inline import InlineComment
from bot.subject import Subject
from reviewers.core.change import Change
from reviewers.core.finding import Side


@dataclass(frozen=True, slots=True)
class PostedComment:
    """An inline comment that stands on the pull request.

    `start`..`line` is where it stands in the change of today, 0 when its lines are no longer there;
    `original` the last line that it was about in the commit that its review names.
    """

    id: int
    node: str
    path: str
    start: int
    line: int
    original: int
    side: Side
    body: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class PostedReview:
    """A submitted review; `author` is a login, of a bot with `[bot]`, `ours` whether we wrote it."""

    id: int
    node: str
    author: str
    ours: bool
    commit: str
    body: str
    url: str
    comments: tuple[PostedComment, ...] = ()


@dataclass(frozen=True)
class Pull:
    """A pull request as it is now: what to review, and the reviews that stand on it.

    `author` is a login, `association` what its author is to the repository, in GitHub's words
    (OWNER, MEMBER, CONTRIBUTOR, ...); `repository_id` is 0 where the site has no such number.
    """

    subject: Subject
    reviews: tuple[PostedReview, ...]
    state: str = "open"
    draft: bool = False
    author: str = ""
    association: str = ""
    labels: tuple[str, ...] = ()
    repository_id: int = 0


@dataclass(frozen=True, slots=True)
class Stand:
    """How a pull request stands: at which commit, and whether it is `open` or `closed`."""

    head: str
    state: str


class Forge(Protocol):
    """A site of pull requests, seen through one of them. Failures are HostProblems."""

    async def load(self) -> Pull:
        """The pull request with its change, configuration, guidelines and reviews."""
        ...

    async def stand(self) -> Stand:
        """How the pull request stands now, in one small request."""
        ...

    async def change_at(self, base: str, head: str) -> Change | None:
        """The change of an earlier head against a base; None where that commit is lost."""
        ...

    async def reviews(self) -> tuple[PostedReview, ...]:
        """The reviews that stand on it now, oldest first."""
        ...

    async def post_review(
        self, body: str, comments: Sequence[InlineComment], commit: str
    ) -> PostedReview:
        """Post one review of `commit`; its event is always COMMENT.

        BadLineProblem when the site refuses a comment's place, LostProblem when it is not known
        whether the review was taken.
        """
        ...

    async def accepts(self, comments: Sequence[InlineComment], commit: str) -> bool:
        """Whether the site takes comments in these places; tried with a draft, which is deleted."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait, before a write is tried again."""
        ...

    async def edit_review(self, review: int, body: str) -> None:
        """Replace the body of a review of ours."""
        ...

    async def edit_comment(self, comment: int, body: str) -> None:
        """Replace an inline comment of ours."""
        ...

    async def unlabel(self, label: str) -> None:
        """Take a label off the pull request; one that is not there any more is as good."""
        ...

    async def hide(self, node: str, why: str) -> None:
        """Minimise a comment or review of ours; `why` is RESOLVED, OUTDATED or DUPLICATE."""
        ...
