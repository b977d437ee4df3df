"""Which pull requests are reviewed unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.config import TriggersTable
from bot.hosts.protocol import Pull
from bot.subject import Subject
from bot.triggers import approving, why_not
from tests.builders import orders_change


def pull(**more: Any) -> Pull:
    """An open pull request about `api/orders.py`, of somebody at home in the repository."""
    known: dict[str, Any] = {"author": "alice", "association": "MEMBER"}
    return replace(Pull(Subject("acme/shop#1", orders_change()), ()), **(known | more))


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


GATED = TriggersTable(labels=["Triptych", "a\nb"])
AGAIN = "this commit needs the label Triptych again"


@pytest.mark.parametrize(
    ("association", "labels", "given", "used", "why"),
    [
        ("NONE", ("triptych",), {"triptych"}, ("triptych",), ""),
        ("NONE", ("triptych",), set(), (), AGAIN),
        ("NONE", ("triptych",), {"docs"}, (), AGAIN),
        ("NONE", ("docs",), {"triptych"}, (), "none of the labels Triptych, a b"),
        ("NONE", ("docs", "A\nB"), {"docs"}, (), "this commit needs the label a b again"),
        ("NONE", ("docs", "A\nB"), {"docs", "a\nb"}, ("A\nB",), ""),
        ("NONE", ("triptych", "A\nB"), {"a\nb"}, ("A\nB",), ""),
        *(
            (stranger, ("triptych",), set(), (), AGAIN)
            for stranger in ("", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "member")
        ),
        *((known, ("triptych",), set(), (), "") for known in ("OWNER", "MEMBER", "COLLABORATOR")),
        ("MEMBER", ("triptych",), {"triptych"}, (), ""),
        ("MEMBER", (), {"triptych"}, (), "none of the labels Triptych, a b"),
    ],
)
def test_s29_a_label_is_for_one_commit_of_an_author_who_is_not_trusted(
    association: str, labels: tuple[str, ...], given: set[str], used: tuple[str, ...], why: str
) -> None:
    asked = pull(association=association, labels=labels)
    assert approving(GATED, asked, given) == used
    assert why_not(GATED, asked, given) == why


def test_s29_where_no_label_is_needed_none_is_used_up() -> None:
    asked = pull(association="NONE", labels=("triptych",))
    assert approving(TriggersTable(), asked, {"triptych"}) == ()
    assert why_not(TriggersTable(), asked) == ""
