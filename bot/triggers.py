"""Which pull requests are reviewed unasked, as the base branch's configuration says. Pure.

Where a label is needed, it tells that somebody wants this pull request reviewed. If its author is not
trusted, that somebody has seen one commit of it and no other, so there the label is for that commit
alone (case S29).
"""

from __future__ import annotations

from collections.abc import Collection

from bot.config import TriggersTable
from bot.hosts.protocol import Pull
from reviewers.core.exclude import matches
from reviewers.core.visible import one_line

TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""What an author is to the repository, in GitHub's words, so that a label holds for every push."""


def approving(
    triggers: TriggersTable, pull: Pull, given: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """The labels on it that are good for one commit: `given` are those, in small letters, that were
    given for it. None where the author is trusted: there a label stays.
    """
    if pull.association in TRUSTED:
        return ()
    wanted = {label.lower() for label in triggers.labels}
    return tuple(x for x in pull.labels if x.lower() in wanted and x.lower() in given)


def why_not(triggers: TriggersTable, pull: Pull, given: Collection[str] = frozenset()) -> str:
    """Why it is not reviewed unasked, as in `draft pull request`; "" when it is.

    `given` are the labels, in small letters, of which is known that they were given for its head.
    """
    labels = {label.lower() for label in pull.labels}
    wanted = {label.lower() for label in triggers.labels}
    unwanted = sorted(label for label in triggers.skip_labels if label.lower() in labels)
    skipped = {author.removesuffix("[bot]").lower() for author in triggers.skip_authors}
    if pull.draft and not triggers.drafts:
        return "draft pull request"
    if unwanted:
        return f"label {one_line(unwanted[0])}"
    if wanted and not wanted & labels:
        return f"none of the labels {', '.join(one_line(label) for label in triggers.labels)}"
    if wanted and pull.association not in TRUSTED and not approving(triggers, pull, given):
        found = next(label for label in triggers.labels if label.lower() in labels)
        return f"this commit needs the label {one_line(found)} again"
    if pull.author.lower() in skipped:
        return f"opened by {one_line(pull.author)}"
    files = pull.subject.change.files
    if triggers.paths and not any(matches(f.path, triggers.paths) for f in files):
        return "no file matches `triggers.paths`"
    return ""
