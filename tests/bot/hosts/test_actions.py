"""What a job asks of GitHub: permissions by numeric id, and artefacts that our token does not follow."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.errors import HostProblem, MissingProblem
from bot.hosts.actions import ActionsAPI
from bot.hosts.http import GitHubAPI, make_session
from bot.settings import Settings
from tests.fakes.actions import JOB_TOKEN, FakeActions, FakeRun, Person, fake_actions
from tests.fakes.github import Fault


@pytest.fixture
async def github() -> AsyncIterator[FakeActions]:
    async with fake_actions() as fake:
        yield fake


@pytest.fixture
async def actions(github: FakeActions) -> AsyncIterator[ActionsAPI]:
    settings = Settings(github_api=github.url)
    async with make_session(settings) as session:
        yield ActionsAPI(GitHubAPI(session, settings, JOB_TOKEN), "acme/shop", session)


@pytest.mark.parametrize(
    ("permission", "may"),
    [("admin", True), ("write", True), ("read", False), ("none", False), ("maintain", False)],
)
async def test_who_may(
    github: FakeActions, actions: ActionsAPI, permission: str, may: bool
) -> None:
    github.people["alice"] = Person(11, permission)
    assert await actions.may_write("alice", 11) is may
    assert not await actions.may_write("alice", 12), "the login has changed hands"


@pytest.mark.parametrize("login", ["nobody", "../alice", "alice/../x", "a b", "%2e%2e", "ünï"])
async def test_a_login_is_never_a_path(
    github: FakeActions, actions: ActionsAPI, login: str
) -> None:
    github.people["alice"] = Person(11, "admin")
    assert not await actions.may_write(login, 11)
    assert all(path.startswith("/repos/acme/shop/collaborators/") for _, path in github.calls)


async def test_a_broken_answer_is_no_permission(github: FakeActions, actions: ActionsAPI) -> None:
    github.people["alice"] = Person(11, "admin")
    github.faults.append(Fault("GET", "/permission", 403))
    with pytest.raises(HostProblem):
        await actions.may_write("alice", 11)


async def test_a_comment_as_it_is_now(github: FakeActions, actions: ActionsAPI) -> None:
    github.said[7] = "x"
    assert await actions.comment(7) == "x"
    assert await actions.comment(8) is None


async def test_an_artefact_comes_without_our_token(
    github: FakeActions, actions: ActionsAPI
) -> None:
    github.runs[9] = FakeRun("f" * 40, files={"a": b"zip", "b": b"other"})
    assert await actions.artefact(9, "a") == b"zip"
    (headers,) = github.downloads
    assert not {"Authorization", "authorization"} & set(headers)
    assert await actions.artefact(9, "c") is None


async def test_an_unsafe_address_is_not_followed(github: FakeActions, actions: ActionsAPI) -> None:
    github.runs[9] = FakeRun("f" * 40, files={"a": b"zip"})
    github.url = "http://169.254.169.254"
    with pytest.raises(HostProblem, match="address is not safe"):
        await actions.artefact(9, "a")
    assert not github.downloads


async def test_where_there_is_no_address(github: FakeActions, actions: ActionsAPI) -> None:
    github.runs[9] = FakeRun("f" * 40, files={"a": b"zip"})
    with pytest.raises(MissingProblem, match="status 404"):
        await actions._api.whereabouts("/repos/acme/shop/actions/artifacts/99/zip")
