"""PyGithub's own reading of recorded traffic, of a server that is not ours.

Recorded against the maintainers' strict stand-in: see `tests/cassettes/record.py`.
"""

from __future__ import annotations

import pytest
from vcr.errors import (  # type: ignore[import-untyped]
    CannotOverwriteExistingCassetteException,
)

from tests.cassettes.operator import Visit, operators_visit
from tests.cassettes.record import replayed
from tests.fakes.app import private_key

RECORDED_AT = "http://127.0.0.1:4552"
"""PyGithub follows addresses in answers, which name the host that was recorded; nothing is sent."""


async def visit() -> Visit:
    with replayed("operator") as tape:
        found = await operators_visit(RECORDED_AT, private_key())
        assert tape.all_played, "record the cassette again"
    return found


async def test_a_recorded_visit_is_read_like_a_live_one() -> None:
    found = await visit()
    assert (found.about.id, found.about.slug, found.about.owner) == (4242, "review-bot", "octo")
    assert found.about.permissions["contents"] == "read"
    assert "pull_request" in found.about.events
    assert found.hook.url == "http://127.0.0.1:4553/webhook"
    assert (found.hook.content_type, found.hook.has_secret) == ("json", True)
    assert found.installations == [found.installation]
    assert (found.installation.id, found.installation.account) == (77, "octo")
    (delivery,) = found.deliveries
    assert (delivery.name, delivery.status, delivery.arrived) == ("pull_request.opened", 0, False)
    assert found.repository == 5000
    assert [pull.number for pull in found.pulls] == [1, 2]
    assert found.pulls[0].head == "1805ee0d22f96e2b29f0500dd3076e10020004bf"
    assert found.reviewed == [False, False]


async def test_what_is_written_is_one_attempt_a_token_and_its_end() -> None:
    """Each POST and DELETE stands on the tape once, with a narrowed token (case S18)."""
    with replayed("operator") as tape:
        await operators_visit(RECORDED_AT, private_key())
        writes = [r for r in tape.requests if r.method != "GET"]
    assert [(r.method, r.path) for r in writes] == [
        ("POST", "/app/hook/deliveries/1001/attempts"),
        ("POST", "/app/installations/77/access_tokens"),
        ("DELETE", "/installation/token"),
    ]
    assert b'"repositories": ["httpx"]' in writes[1].body
    assert b'"pull_requests": "read"' in writes[1].body
    assert b"write" not in writes[1].body


async def test_what_is_not_on_the_tape_is_not_sent() -> None:
    with replayed("operator"), pytest.raises(CannotOverwriteExistingCassetteException):
        await operators_visit(f"{RECORDED_AT}/api/v3", private_key())
