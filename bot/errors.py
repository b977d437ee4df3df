"""What can go wrong for the person who runs Triptych. One sentence on what, one on what to do."""

from __future__ import annotations

import enum


class Problem(Exception):
    """An error that is told, not traced: `what` is wrong, and what to `do` about it."""

    exit_code = 3

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{what} {do}")
        self.what = what
        self.do = do
        self.rows: tuple[str, ...] = (what,)


class UsageProblem(Problem):
    """The command was given something that it cannot work with."""

    exit_code = 2


class Stopped(Problem):
    """The person pressed Ctrl-C."""

    exit_code = 130


class ConfigProblem(Problem):
    """A configuration or an environment variable says something that is not allowed.

    `rows` are its lines on a terminal: one for each wrong value of a file, where they are several.
    """

    exit_code = 2

    def __init__(self, what: str, do: str, rows: tuple[str, ...] = ()) -> None:
        super().__init__(what, do)
        self.rows = rows or (what,)


class HostProblem(Problem):
    """The place where the change lives did not give it, or did not take the review.

    `status` is the HTTP status where there is one; `retryable` tells whether later may be better.
    """

    def __init__(self, what: str, do: str, *, status: int = 0, retryable: bool = False) -> None:
        super().__init__(what, do)
        self.status = status
        self.retryable = retryable


class AccessProblem(HostProblem):
    """The host knows us and does not let us, or does not know us: a token, a permission."""

    exit_code = 2


class MissingProblem(HostProblem):
    """What was named is not there, or not for us to see."""

    exit_code = 2


class Gone(enum.StrEnum):
    """Why an App has no business at a place any more."""

    SUSPENDED = "the installation is suspended"
    REMOVED = "the App is not installed there any more"
    UNREACHABLE = "the installation does not reach the repository"
    REPLACED = "another repository has this name now"


class GoneProblem(HostProblem):
    """The App may do nothing there from now on: the job is over, and nobody need be told (S19)."""

    def __init__(self, why: Gone, where: str, *, status: int = 0) -> None:
        super().__init__(f"{where}: {why}.", "Nothing more is done there.", status=status)
        self.why = why


class LimitProblem(HostProblem):
    """A limit of the host's that lasts too long to sit out; `after` is in seconds from now."""

    def __init__(self, what: str, do: str, *, after: float, status: int = 0) -> None:
        super().__init__(what, do, status=status, retryable=True)
        self.after = after


class BadLineProblem(HostProblem):
    """A review was refused because one of its comments stands on no line of the change."""


class MovedProblem(HostProblem):
    """The pull request got another head while it was reviewed: what was found is about the old one."""


class ClosedProblem(HostProblem):
    """The pull request was closed while it was reviewed: nobody wants to be told any more."""


class LostProblem(HostProblem):
    """A request was sent and its answer lost: it may have been done. Later that can be seen."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what, do, retryable=True)
