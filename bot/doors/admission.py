"""Whether an event may cause a review: everything that GitHub must be asked before one is started.

The event says who and what; GitHub is asked whether the person may write (by numeric id, never by
`author_association`), whether the comment still says what it said, and where the pull request stands
now (cases S23 to S26, S29, S87).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.doors.job_event import Account, Comment, ReviewPull, Skip
from bot.doors.workspace import checked_out
from bot.errors import UsageProblem
from bot.hosts.actions import ActionsAPI, Head

OVERTAKEN = "a newer commit is being reviewed"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A review may start, of exactly this head; `label` was given for it just now."""

    head: Head
    is_asked: bool = False
    label: str = ""


async def admit(asked: ReviewPull, actions: ActionsAPI, workspace: Path) -> Admitted | Skip:
    """Ask GitHub, cheapest first. UsageProblem where the workspace holds the change it must not."""
    if asked.comment and (why := await _not_obeyed(asked.comment, actions)):
        return Skip(why)
    if asked.approver and not await _may(asked.approver, actions):
        return Skip("the label was given by somebody without write permission")
    head = await actions.head(asked.number)
    if asked.is_target:
        _refuse_checkout(workspace, asked, head)
    if not head.is_open:
        return Skip("the pull request is closed")
    if asked.head and head.sha != asked.head:
        return Skip(OVERTAKEN)
    if asked.comment and head.is_fork and head.pushed_at > asked.comment.created_at:
        return Skip("the fork was pushed to after the command; look at it and comment again")
    return Admitted(head, asked.is_asked, asked.label)


async def _not_obeyed(comment: Comment, actions: ActionsAPI) -> str:
    if not await _may(comment.author, actions):
        return "only people with write permission are obeyed"
    now = await actions.comment(comment.id)
    if now is None:
        return "the comment was deleted after the trigger"
    return "" if now == comment.body else "the comment was edited after the trigger"


async def _may(account: Account, actions: ActionsAPI) -> bool:
    return not account.is_bot and await actions.may_write(account.login, account.id)


def _refuse_checkout(workspace: Path, asked: ReviewPull, head: Head) -> None:
    found = checked_out(workspace, (asked.head, head.sha), asked.number)
    if found:
        raise UsageProblem(
            f"The pull request's own code is checked out in {found.name}, in a job that holds "
            "secrets (pull_request_target).",
            "Remove the checkout: Triptych reads the change through the API.",
        )
