"""Which pull requests are reviewed unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.config import TriggersTable
from bot.hosts.protocol import Pull
from bot.subject import Subject
from bot.triggers import why_not
from tests.builders import orders_change


def pull(**more: Any) -> Pull:
    """An open pull request about `api/orders.py`."""
    made = Pull(Subject("acme/shop#1", orders_change()), (), author="alice", labels=())
    return replace(made, **more)


@pytest.mark.parametrize(
    ("triggers", "about", "why"),
    [
        ({}, {}, ""),
        ({}, {"draft": True}, "draft pull request"),
        ({"drafts": True}, {"draft": True}, ""),
        ({"skip_labels": ["wip"]}, {"labels": ("WIP",)}, "label wip"),
        ({"skip_labels": ["b", "a"]}, {"labels": ("a", "b")}, "label a"),
        ({"skip_labels": ["wip"]}, {"labels": ("wip2",)}, ""),
        ({"labels": ["review"]}, {}, "none of the labels review"),
        ({"labels": ["review", "bot"]}, {"labels": ("Bot",)}, ""),
        ({"labels": ["review"], "skip_labels": ["no"]}, {"labels": ("review", "no")}, "label no"),
        ({"skip_authors": ["dependabot[bot]"]}, {"author": "dependabot"}, "opened by dependabot"),
        ({"skip_authors": ["dependabot"]}, {"author": "Dependabot"}, "opened by Dependabot"),
        ({"skip_authors": ["dependabot"]}, {"author": "dependabot2"}, ""),
        ({"paths": ["docs/**"]}, {}, "no file matches `triggers.paths`"),
        ({"paths": ["docs/**", "api/*.py"]}, {}, ""),
        ({"skip_labels": ["a\nb"]}, {"labels": ("A\nB",)}, "label a b"),
    ],
)
def test_what_is_not_reviewed_unasked(
    triggers: dict[str, Any], about: dict[str, Any], why: str
) -> None:
    assert why_not(TriggersTable(**triggers), pull(**about)) == why
