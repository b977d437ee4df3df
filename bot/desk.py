"""What a door adds to the line of a review: what it knows, what it keeps, what it still may write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.hosts.protocol import Pull
from bot.posted import Ours
from bot.publish import Published
from bot.report import Report
from bot.terms import Terms
from bot.triggers import approving, why_not
from reviewers.core.history import History
from reviewers.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Unposted:
    """A review that is told elsewhere alone, as in a check run: its head and its configuration.
    `is_whole`: nothing went unread, and it was not posted anywhere, so it is what there is to know.
    """

    head: str
    config: str
    is_whole: bool


class Desk:
    """What a door adds to the line. This one adds nothing; a server's knows more than GitHub shows."""

    anew = False
    """Whether a person asked for this review: it is done though one of this head stands there."""

    def opened(self, pull: Pull, terms: Terms) -> str:
        """The pull request is read: why it is not to be reviewed, "" to go on."""
        return ""

    def believes(self, terms: Terms) -> bool:
        """Whether what is posted may stand in for this review, with what people are said to have
        decided. What was read counts where it is signed, in any case.
        """
        return True

    def unposted(self) -> Unposted | None:
        """The last review, if one is known: asked where nothing that stands there tells of one."""
        return None

    async def remembered(self, history: History, main: Ours | None) -> History:
        """What is posted, in the review `main` and elsewhere, with what the door knows beside it."""
        return history

    async def reviewed(self, report: Report) -> None:
        """The review is done and paid for; that it reaches the pull request is not sure yet."""

    async def telling(self, report: Report) -> None:
        """The review is written to the pull request now: it stands where it was reviewed."""

    async def read_before(self, report: Report) -> Verdict | None:
        """The review of this very commit that read what this one had no need to read, if one is known."""
        return None

    async def posted(self, report: Report, done: Published) -> None:
        """The review has reached the pull request, also where its job was overtaken meanwhile."""

    async def paid(self) -> float:
        """USD that the pull request has cost, this review included, as far as the door knows."""
        return 0.0

    async def elsewhere(self) -> str:
        """Where texts stand that a body leaves out ("check run"), asked when the review is done."""
        return ""

    def quiet(self) -> bool:
        """Whether a clean review is told elsewhere; asked after `elsewhere`."""
        return True

    async def may_write(self) -> bool:
        """Whether the review is still this door's to write."""
        return True


def nothing_rests(_terms: Terms) -> bool:
    """A review that is there for people alone."""
    return False


class Kept(Desk):
    """Keeps the finished report: it is paid for, so it is told also where it cannot be posted.

    Unless it was `asked` for by a person, the base branch says whether it is wanted at all. `label` is
    the one that was given just now, for this very commit. `used` are labels that are to be taken off
    when the review is told (case S29); `is_told`: that has begun. `rests` tells whether anything but
    people waits for what comes of it, as a gate does. Anybody who may write to the repository can have
    written what stands there, and it must not open the gate (design, section 7): so the review is done,
    and of what stands there only what bears a seal (TRIPTYCH_SEAL_KEY) counts as read.
    """

    def __init__(
        self,
        *,
        asked: bool = True,
        label: str = "",
        rests: Callable[[Terms], bool] = nothing_rests,
    ) -> None:
        self.report: Report | None = None
        self.used: tuple[str, ...] = ()
        self.is_told = False
        self._asked = asked
        self._label = label
        self._rests = rests

    def opened(self, pull: Pull, terms: Terms) -> str:
        """As `[triggers]` of the configuration has it.

        A label that was given counts although it is gone: a run that is done again finds it used up.
        """
        given = frozenset({self._label.lower()} - {""})
        if given - {label.lower() for label in pull.labels}:
            pull = replace(pull, labels=(*pull.labels, self._label))
        self.used = approving(terms.triggers, pull, given)
        return "" if self._asked else why_not(terms.triggers, pull, given)

    def believes(self, terms: Terms) -> bool:
        """Where nothing rests on it."""
        return not self._rests(terms)

    async def reviewed(self, report: Report) -> None:
        """Keep it."""
        self.report = report

    async def telling(self, report: Report) -> None:
        """From now on it may be there."""
        self.is_told = True
