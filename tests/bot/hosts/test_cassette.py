"""A review's whole conversation with GitHub against recorded traffic: a server that is not ours.

Where a request or a text has changed, record it again: see `tests/cassettes/record.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from bot.subject import PullRequest
from tests.builders import SQL_LINE
from tests.cassettes.record import Conversation, conversation, pull_of, replayed
from tests.cassettes.shop import AFTER, BEFORE

KEY = "ghp_replayed"


def recorded(tape: Any) -> tuple[str, PullRequest]:
    """With which site the cassette was recorded, and about which pull request."""
    uri = tape.requests[0].uri
    return uri.partition("/repos/")[0], pull_of(uri)


@pytest.fixture
async def said() -> Conversation:
    """The conversation, replayed; every recorded request was made again, and no other."""
    with replayed("github") as tape:
        said = await conversation(recorded(tape)[0], KEY, recorded(tape)[1])
    assert tape.all_played
    return said


async def test_a_pull_request_is_read_like_a_live_one(said: Conversation) -> None:
    subject = said.pull.subject
    assert (said.pull.state, said.pull.draft, subject.base_ref) == ("open", False, "main")
    (file,) = subject.change.files
    assert (file.path, file.text) == ("api/orders.py", AFTER["api/orders.py"])
    assert len(file.hunks[0].lines) == AFTER["api/orders.py"].count("\n")
    (guideline,) = subject.change.guidelines
    assert (guideline.path, guideline.text) == ("AGENTS.md", BEFORE["AGENTS.md"])
    assert subject.config is None
    assert said.pull.reviews == ()


async def test_a_bad_token_and_a_bad_place_are_known_as_such(said: Conversation) -> None:
    assert said.refused.what == "GitHub refuses the token (401)."
    assert not said.bad_place_taken


async def test_one_review_is_posted_and_read_back(said: Conversation) -> None:
    assert said.posted.created
    (ours,) = said.first.ours
    assert ours.review.url == said.posted.url
    assert ours.review.commit == said.pull.subject.change.head
    assert (ours.marker.run, ours.marker.outcome) == ("01JD8Q7M", "findings")
    ((identity, rule, comment),) = said.first.comments(own=True)
    assert (identity, rule) == (ours.marker.open[0], "security/sql-injection")
    assert (comment.path, comment.line) == ("api/orders.py", SQL_LINE)
    assert not comment.hidden


async def test_the_next_run_edits_and_folds_away(said: Conversation) -> None:
    assert (said.edited.created, said.edited.edited, said.edited.notes) == (False, True, ())
    (ours,) = said.last.ours
    assert ours.review.id == said.first.ours[0].review.id
    assert (ours.marker.run, ours.marker.open) == ("01JD8Q7N", ())
    assert ours.review.body.startswith("**No open findings.** Since `")
    ((_, _, comment),) = said.last.comments(own=True)
    assert comment.hidden
    assert comment.body.startswith("**Fixed in `")


async def test_what_is_not_on_the_tape_is_not_sent() -> None:
    with replayed("github") as tape:
        url, pull = recorded(tape)
        with pytest.raises(CannotOverwriteExistingCassetteException):
            await conversation(url, KEY, PullRequest(pull.owner, pull.name, pull.number + 1))
