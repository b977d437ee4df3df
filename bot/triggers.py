"""Which pull requests are reviewed unasked, as the base branch's configuration says. Pure."""

from __future__ import annotations

from bot.config import TriggersTable
from bot.hosts.protocol import Pull
from reviewers.core.exclude import matches
from reviewers.core.visible import one_line


def why_not(triggers: TriggersTable, pull: Pull) -> str:
    """Why it is not reviewed unasked, as in `draft pull request`; "" when it is."""
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
    if pull.author.lower() in skipped:
        return f"opened by {one_line(pull.author)}"
    files = pull.subject.change.files
    if triggers.paths and not any(matches(f.path, triggers.paths) for f in files):
        return "no file matches `triggers.paths`"
    return ""
