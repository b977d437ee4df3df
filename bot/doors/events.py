"""What an event asks for: a wish for the jobs, or nothing and why. Pure.

Only what the payload must say is read from it: which pull request, which commit, whose comment. What
decides (draft, labels, permissions, configuration) is asked of GitHub when the job runs, because
events come late, twice and in any order (case S13).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.app_settings import AppSettings
from bot.doors.commands import Refusal, parse_command
from bot.doors.payload import OddField, Payload
from bot.jobs.protocol import (
    CLOSED,
    DRAFTED,
    CancelWish,
    CommandWish,
    Ignored,
    Place,
    PurgeWish,
    ReviewWish,
    Thread,
    Trigger,
    Verb,
    Wish,
)
from reviewers.core.visible import one_line

AGAIN = "review-again"
"""The identifier of the check run's button."""

MOST_COMMENT = 65_536
"""Characters, as GitHub has it: what is longer is none of its comments, and would take time."""


@dataclass(frozen=True)
class Rules:
    """What of the operator's settings bears on events.

    `accounts` are lower-case logins, empty: all; `slug` is our App's, "" where it is not known.
    """

    accounts: frozenset[str] = frozenset()
    slug: str = ""

    @classmethod
    def of(cls, settings: AppSettings) -> Rules:
        """The rules in the App's settings."""
        return cls(frozenset(settings.accounts), settings.slug)

    def allows(self, account: str) -> bool:
        """Whether the App may work for an account."""
        return not self.accounts or account.lower() in self.accounts

    def are_us(self, login: str) -> bool:
        """Whether a login is our App's own."""
        return bool(self.slug) and login.lower() == f"{self.slug}[bot]".lower()


Asked = Wish | Ignored
Reader = Callable[[Payload, Rules], Asked]


def intake(event: str, payload: Mapping[str, Any], rules: Rules) -> Asked:
    """What a genuine event asks for. `Ignored.why` repeats nothing that somebody typed."""
    if event == "ping":
        return Ignored("GitHub asks whether somebody is there")
    fields = Payload(payload)
    action = payload.get("action")
    known = TABLE.get((event, action)) if isinstance(action, str) else None
    if known is None:
        return Ignored("this event or action asks for nothing")
    if isinstance(known, str):
        return Ignored(known)
    try:
        return known(fields, rules)
    except OddField as e:
        return Ignored(f"{e} is missing or odd")


def _review(trigger: Trigger) -> Reader:
    def read(fields: Payload, rules: Rules) -> Asked:
        pull = fields.at("pull_request")
        place = _place(fields, pull.number("number"))
        if why := _unwanted(fields, place, rules):
            return Ignored(why)
        head, base = pull.at("head").sha("sha"), pull.at("base").sha("sha")
        seen = _epoch(pull.time("updated_at"))
        return ReviewWish(place, trigger, head, base, seen=seen, label=_label(fields))

    return read


def _label(fields: Payload) -> str:
    """The name of the label that an event is about; "" for none, or one that is deleted already."""
    return fields.at("label").text("name") if fields.has("label") else ""


def _epoch(stamp: str) -> float:
    """GitHub's time in seconds since the epoch; 0.0 for none. Whole seconds: that is all it says."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0


def _edited(fields: Payload, rules: Rules) -> Asked:
    """A new base is another change; a new title or text is not."""
    if not fields.at("changes").has("base"):
        return Ignored("neither head nor base is new")
    return _review(Trigger.REBASED)(fields, rules)


def _unlabeled(fields: Payload, rules: Rules) -> Asked:
    """One that kept a review off may be gone, whoever took it off: a workflow may, as it may put one on.
    Those that are used up we take off ourselves, which asks for nothing (`_unwanted`).
    """
    wish = _review(Trigger.LABELED)(fields, rules)
    return replace(wish, label="") if isinstance(wish, ReviewWish) else wish


def _cancel(why: str) -> Reader:
    def read(fields: Payload, rules: Rules) -> Asked:
        pull = fields.at("pull_request")
        place = _place(fields, pull.number("number"))
        if unwanted := _unwanted(fields, place, rules):
            return Ignored(unwanted)
        return CancelWish(place, why, _epoch(pull.time("updated_at")))

    return read


def _button(fields: Payload, rules: Rules) -> Asked:
    if fields.at("requested_action").text("identifier") != AGAIN:
        return Ignored("this is not our button")
    return _run_again(fields, rules)


def _run_again(fields: Payload, rules: Rules) -> Asked:
    run = fields.at("check_run")
    # A run that is not completed has no such time: then one act counts while it runs.
    times = (f"{name} {at}" for name in ("completed", "started") if (at := run.time(f"{name}_at")))
    return _again(fields, rules, run, f"check-run {run.number('id')} {next(times, '')}".strip())


def _suite_again(fields: Payload, rules: Rules) -> Asked:
    suite = fields.at("check_suite")
    once = f"check-suite {suite.number('id')} updated {suite.time('updated_at')}"
    return _again(fields, rules, suite, once.strip())


def _again(fields: Payload, rules: Rules, check: Payload, once: str) -> Asked:
    """A review asked for by a check, which knows its commit and not always its pull request.

    GitHub lists none for a fork's, and may list several: then the number is 0 and the job looks for
    the pull requests of the head.
    """
    sender = fields.at("sender")
    if _is_bot(sender):
        return Ignored("a bot asked for it")
    pulls = [p for p in check.objects("pull_requests") if _is_here(p, fields)]
    number = pulls[0].number("number") if len(pulls) == 1 else 0
    place = _place(fields, number)
    if why := _unwanted(fields, place, rules):
        return Ignored(why)
    return ReviewWish(place, Trigger.RERUN, check.sha("head_sha"), once=once)


def _is_here(pull: Payload, fields: Payload) -> bool:
    """Whether a check's pull request is one of this repository; a fork's may go elsewhere."""
    if not pull.has("base"):
        return True
    return pull.at("base").at("repo").number("id") == fields.at("repository").number("id")


def _issue_comment(fields: Payload, rules: Rules) -> Asked:
    issue = fields.at("issue")
    if not issue.has("pull_request"):
        return Ignored("the comment is on no pull request")
    return _command(fields, rules, _place(fields, issue.number("number")), Thread.CONVERSATION)


def _review_comment(fields: Payload, rules: Rules) -> Asked:
    number = fields.at("pull_request").number("number")
    return _command(fields, rules, _place(fields, number), Thread.REVIEW)


def _command(fields: Payload, rules: Rules, place: Place, thread: Thread) -> Asked:
    comment = fields.at("comment")
    author, sender = comment.at("user"), fields.at("sender")
    if why := _unwanted(fields, place, rules):
        return Ignored(why)
    if _is_bot(author) or _is_bot(sender):
        return Ignored("a bot wrote the comment")
    if author.number("id") != sender.number("id"):
        return Ignored("somebody else sent the comment than wrote it")
    body = comment.text("body")
    parent = comment.number("in_reply_to_id") if comment.members.get("in_reply_to_id") else 0
    command = None if len(body) > MOST_COMMENT else parse_command(body)
    if command is None:
        if not parent or thread is not Thread.REVIEW:
            return Ignored("the comment holds no command")
        # It may dispute a finding of ours: whose thread it is, the payload does not say.
        verb, finding, reason = Verb.ANSWER, "", ""
    elif isinstance(command, Refusal):
        # Whoever may give orders is told what is wrong with this one.
        verb, finding, reason = Verb.HELP, "", command.what
    else:
        verb, finding, reason = command.verb, command.finding, one_line(command.reason)
    return CommandWish(
        place,
        comment.number("id"),
        thread,
        author.number("id"),
        author.login(),
        verb,
        finding,
        reason,
        parent,
        comment.time("updated_at"),
    )


def _purge(why: str) -> Reader:
    def read(fields: Payload, _: Rules) -> Asked:
        """Whatever the account is: what is stored of one that is allowed no longer must go, too."""
        installation = fields.at("installation")
        return PurgeWish(installation.number("id"), _account(installation), why=why)

    return read


def _removed(fields: Payload, _: Rules) -> Asked:
    installation = fields.at("installation")
    gone = tuple(r.number("id") for r in fields.objects("repositories_removed"))
    if not gone:  # An empty tuple would mean all of them.
        return Ignored("no repository was removed")
    account = _account(installation)
    return PurgeWish(installation.number("id"), account, gone, "repositories removed from the App")


def _gone(why: str) -> Reader:
    def read(fields: Payload, _: Rules) -> Asked:
        repository = fields.at("repository")
        installation = fields.at("installation").number("id")
        account = repository.at("owner").login()
        gone = (repository.number("id"),)
        return PurgeWish(installation, account, gone, why, is_gone=True)

    return read


def _place(fields: Payload, number: int) -> Place:
    repository = fields.at("repository")
    return Place(
        fields.at("installation").number("id"),
        repository.at("owner").login(),
        repository.number("id"),
        repository.repository(),
        number,
    )


def _account(installation: Payload) -> str:
    """The login that the App is installed on; an enterprise has a slug instead."""
    account = installation.at("account")
    return account.login("login" if "login" in account.members else "slug")


def _unwanted(fields: Payload, place: Place, rules: Rules) -> str:
    """Why nothing is done for this account, or for what we did ourselves; "" where it is."""
    if not rules.allows(place.account):
        return "the account is not allowed"
    if fields.has("sender") and rules.are_us(fields.at("sender").text("login")):
        return "we did it ourselves"
    return ""


def _is_bot(user: Payload) -> bool:
    """By type and by name: GraphQL has logins of bots without `[bot]` (incidents, 2026)."""
    return user.text("type") != "User" or user.login().endswith("[bot]")


_FRESH = "who may be reviewed is asked afresh with each pull request"
_CREATED_ONLY = "only a new comment is obeyed"

TABLE: Mapping[tuple[str, str], Reader | str] = {
    ("pull_request", "opened"): _review(Trigger.OPENED),
    ("pull_request", "reopened"): _review(Trigger.REOPENED),
    ("pull_request", "ready_for_review"): _review(Trigger.READY),
    ("pull_request", "synchronize"): _review(Trigger.PUSHED),
    ("pull_request", "edited"): _edited,
    # Whether a label matters, the repository's configuration says; its base branch is read later.
    ("pull_request", "labeled"): _review(Trigger.LABELED),
    ("pull_request", "unlabeled"): _unlabeled,
    ("pull_request", "closed"): _cancel(CLOSED),
    ("pull_request", "converted_to_draft"): _cancel(DRAFTED),
    ("check_run", "rerequested"): _run_again,
    ("check_run", "requested_action"): _button,
    ("check_suite", "rerequested"): _suite_again,
    ("issue_comment", "created"): _issue_comment,
    ("issue_comment", "edited"): _CREATED_ONLY,
    ("issue_comment", "deleted"): _CREATED_ONLY,
    ("pull_request_review_comment", "created"): _review_comment,
    ("pull_request_review_comment", "edited"): _CREATED_ONLY,
    ("pull_request_review_comment", "deleted"): _CREATED_ONLY,
    ("installation", "created"): _FRESH,
    ("installation", "unsuspend"): _FRESH,
    ("installation", "new_permissions_accepted"): _FRESH,
    ("installation", "deleted"): _purge("the App was uninstalled"),
    ("installation", "suspend"): _purge("the App was suspended"),
    ("installation_repositories", "added"): _FRESH,
    ("installation_repositories", "removed"): _removed,
    ("repository", "deleted"): _gone("the repository was deleted"),
    ("repository", "transferred"): _gone("the repository was transferred"),
}
"""Every event and action that we know: how to read it, or why it asks for nothing."""
