"""Tokens of an installation: how narrow, how long, how many; and a repository with another name."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from bot.errors import (
    AccessProblem,
    ConfigProblem,
    Gone,
    GoneProblem,
    HostProblem,
    LimitProblem,
    LostProblem,
)
from bot.hosts.answers import check_same
from bot.hosts.app import FEW, NEEDED, UNCHECKED_SECONDS, Tokens
from bot.hosts.http import WINDOW
from bot.hosts.identity import AppKey, AsApp
from tests.bot.hosts.installed import Installed, installed, one_pull
from tests.fakes.app import INSTALLATION, FakeApp, fake_app, private_key
from tests.fakes.github import BY_ID, REPOSITORY, REPOSITORY_ID, Fault

PULL = f"/repos/{REPOSITORY}/pulls/1"
OLD = "acme/store"


def tokens(github: FakeApp) -> list[str]:
    """The tokens that requests in the repository came with."""
    found = [h.get("Authorization", "") for h in github.headers]
    return [t.removeprefix("token ") for t in found if t.startswith("token ")]


async def works(here: Installed) -> str:
    """A small job: read the head."""
    async with here.api() as api:
        return (await here.forge(api).stand()).head


# --- S18: narrow, shared, revoked


async def test_s18_a_token_is_narrowed_to_one_repository_and_what_a_review_needs() -> None:
    async with one_pull() as github, installed(github) as here:
        await works(here)
        assert github.minted == [
            {
                "repository_ids": [REPOSITORY_ID],
                "permissions": {
                    "metadata": "read",
                    "contents": "read",
                    "pull_requests": "write",
                    "checks": "write",
                },
            }
        ]


async def test_s18_a_job_s_token_is_revoked_at_its_end() -> None:
    async with one_pull() as github, installed(github) as here:
        assert await works(here) == github.pulls[1].head
        assert len(github.revoked) == 1
        assert github.issued == {}
        assert github.asked() == [
            "POST /app/access_tokens",
            "GET /pulls/1",
            "DELETE /installation/token",
        ]


async def test_s18_it_is_revoked_when_the_job_fails_or_is_stopped() -> None:
    async with one_pull() as github, installed(github) as here:
        started = asyncio.Event()

        async def job(seconds: float) -> None:
            async with here.api() as api:
                await here.forge(api).stand()
                started.set()
                await asyncio.sleep(seconds)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await job(0)
        started.clear()
        task = asyncio.create_task(job(3600))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(github.revoked) == 2
        assert github.issued == {}


async def test_s18_a_token_lives_as_long_as_one_job_uses_it() -> None:
    async with one_pull() as github, installed(github) as here:
        async with here.api() as first:
            async with here.api() as second:
                await here.forge(first).stand()
                await here.forge(second).stand()
            assert github.revoked == []
            await here.forge(first).stand()
        assert len(github.minted) == len(github.revoked) == 1


async def test_s18_callers_at_the_same_moment_share_one_request() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        await asyncio.gather(*(here.forge(api).stand() for _ in range(20)))
        assert len(github.minted) == 1
        assert len(set(tokens(github))) == 1


async def test_s18_two_repositories_have_two_tokens() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.installations[INSTALLATION].repositories = {REPOSITORY_ID, 6000}
        one = await here.tokens.get(api.place)
        other = await here.tokens.get(replace(api.place, repository_id=6000))
        assert one.value != other.value
        assert await here.tokens.get(api.place) is one
        assert [m["repository_ids"] for m in github.minted] == [[REPOSITORY_ID], [6000]]
        await here.tokens.close()
        assert github.issued == {}


async def test_a_caller_that_is_stopped_does_not_stop_the_others() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        first = asyncio.create_task(here.tokens.get(api.place))
        second = asyncio.create_task(here.tokens.get(api.place))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).value in github.issued
        assert len(github.minted) == 1


async def test_a_job_that_ends_before_its_token_came_leaves_nothing_behind() -> None:
    async with one_pull() as github, installed(github) as here:
        github.faults = [Fault("POST", "/access_tokens$", "hang")]
        async with here.api() as api:
            asked = asyncio.create_task(here.forge(api).stand())
            while not github.calls:
                await asyncio.sleep(0.01)
            asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert github.asked() == ["POST /app/access_tokens"]
        assert not [t for t in asyncio.all_tasks() if "_mint" in repr(t)]
        assert await works(here), "the next one asks anew"


@pytest.mark.parametrize("fault", [401, 403, 404, 422, "drop"])
async def test_a_token_that_cannot_be_revoked_does_not_fail_the_job(
    fault: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    async with one_pull() as github, installed(github) as here:
        github.faults = [Fault("DELETE", "/installation/token", fault, times=99)]
        assert await works(here)
        assert ("not revoked" in caplog.text) == (fault != 401)
        assert not any(token in caplog.text for token in github.issued)


async def test_a_token_shows_itself_nowhere() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        token = await here.tokens.get(api.place)
        assert token.value not in repr(token)


async def test_graphql_is_asked_with_the_same_token() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        pull = await here.forge(api).load()
        assert pull.subject.change.files[0].text == "b\n"
        assert "POST /graphql" in github.asked()
        assert len(set(tokens(github))) == len(github.minted) == 1


async def test_a_whole_review_is_posted_by_the_app() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        await here.forge(api).post_review("Body", (), github.pulls[1].head)
        (review,) = await here.forge(api).reviews()
        assert (review.author, review.ours) == ("triptych[bot]", True)


# --- S17: a token that runs out


async def test_s17_a_token_that_runs_out_in_mid_run_is_renewed_once() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        forge = here.forge(api)
        await forge.load()
        github.expire()
        await forge.post_review("Body", (), github.pulls[1].head)
        assert github.bodies_of(1) == ["Body"]
        assert github.posts() == 2, "the first was refused"
        assert len(github.minted) == 2
        assert here.slept == []


async def test_s17_requests_at_the_same_moment_share_the_renewal() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        await here.forge(api).stand()
        github.expire()
        await asyncio.gather(*(here.forge(api).stand() for _ in range(10)))
        assert len(github.minted) == 2


@pytest.mark.parametrize(("ttl", "minted"), [(3600, 1), (0, 3)])
async def test_s17_a_token_is_not_used_up_to_its_last_second(ttl: int, minted: int) -> None:
    """One that has run out already is replaced before it is refused."""
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.ttl = ttl
        for _ in range(3):
            await here.tokens.get(api.place)
        assert len(github.minted) == minted


@pytest.mark.parametrize("skew", [-7200, 0, 30, 7200])
@pytest.mark.parametrize(("ttl", "used"), [(3600, 3300), (400, 300), (8, 6)])
async def test_s17_how_long_a_token_is_used_by_whatever_clock(
    skew: int, ttl: int, used: int
) -> None:
    async with one_pull() as github, installed(github) as here:
        github.skew, github.ttl = skew, ttl
        token = await here.tokens.get(github.place())
        slow = 32 if skew == 30 else 2  # So small an error of the clock is not learned.
        assert token.until - time.monotonic() == pytest.approx(used, abs=slow)


async def test_s17_a_new_token_that_a_server_does_not_know_yet_is_tried_again() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.faults = [Fault("GET", "/pulls/1$", 401, times=2)]
        assert await here.forge(api).stand()
        assert here.slept == [1.0]
        assert len(github.minted) == 2


async def test_s17_tokens_that_are_always_refused_are_told() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.faults = [Fault("GET", "/pulls/1$", 401, times=99)]
        with pytest.raises(AccessProblem, match=r"refuses a new token of the App \(401: Server"):
            await here.forge(api).stand()
        assert len(github.minted) == 2
        assert github.asked().count("GET /pulls/1") == 3


# --- S19: the installation is gone


async def test_s19_of_a_suspended_installation_no_token_is_had() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.installations[INSTALLATION].suspended = True
        with pytest.raises(GoneProblem, match=r"acme/shop#1: the installation is susp") as raised:
            await here.forge(api).stand()
        assert raised.value.why is Gone.SUSPENDED
        assert not raised.value.retryable
        assert len(github.calls) == 1


@pytest.mark.parametrize("how", ["suspended", "removed", "one repository"])
async def test_s19_in_the_middle_of_a_job(how: str) -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        forge = here.forge(api)
        await forge.load()
        known = github.installations[INSTALLATION]
        match how:
            case "suspended":
                known.suspended, why = True, Gone.SUSPENDED
            case "removed":
                github.installations.clear()
                why = Gone.REMOVED
            case _:
                known.repositories, why = {1}, Gone.UNREACHABLE
                github.issued.clear()
        before = len(github.calls)
        with pytest.raises(GoneProblem) as raised:
            await forge.post_review("Body", (), github.pulls[1].head)
        assert raised.value.why is why
        assert len(github.calls) <= before + 2
        assert github.bodies_of(1) == []


async def test_s19_a_failure_is_not_remembered() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.installations[INSTALLATION].suspended = True
        results = await asyncio.gather(
            *(here.tokens.get(api.place) for _ in range(5)), return_exceptions=True
        )
        assert {type(r) for r in results} == {GoneProblem}
        assert len(github.minted) == 1, "they share the failure"
        github.installations[INSTALLATION].suspended = False
        assert await here.tokens.get(api.place)


# --- S20: check runs are not granted


async def test_s20_without_the_permission_for_check_runs_reviews_are_posted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with one_pull() as github, installed(github) as here:
        del github.installations[INSTALLATION].permissions["checks"]
        for _ in range(2):
            async with here.api() as api:
                assert not await api.may_check()
                await here.forge(api).post_review("Body", (), github.pulls[1].head)
        assert [m["permissions"].get("checks") for m in github.minted] == ["write", None, None]
        assert github.bodies_of(1) == ["Body", "Body"]
        assert caplog.text.count("has not granted checks: write") == 1


async def test_s20_a_permission_that_was_granted_since_is_found_within_the_hour() -> None:
    async with one_pull() as github, installed(github) as here:

        async def may_check() -> bool:
            async with here.api() as api:
                return await api.may_check()

        granted = github.installations[INSTALLATION].permissions
        level = granted.pop("checks")
        assert not await may_check()
        granted["checks"] = level
        assert not await may_check(), "it is not asked for again and again"
        here.tokens._unchecked[INSTALLATION] -= UNCHECKED_SECONDS
        assert await may_check()
        assert [m["permissions"].get("checks") for m in github.minted] == [
            "write",
            None,
            None,
            "write",
        ]


async def test_s20_without_what_a_review_needs_nothing_is_done() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.installations[INSTALLATION].permissions["pull_requests"] = "read"
        with pytest.raises(AccessProblem, match=r"acme has not granted .*pull_requests: write"):
            await here.forge(api).stand()
        assert not isinstance(NEEDED.get("checks"), str)
        assert len(github.calls) == 2


async def test_with_the_permission_it_is_known() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        assert await api.may_check()
        assert github.asked() == ["POST /app/access_tokens"]


# --- S21: the key


async def test_s21_a_key_replaced_between_two_jobs() -> None:
    async with one_pull() as github, installed(github) as here:
        await works(here)
        github.pem = private_key("second")
        await works(here)
        assert len(github.minted) == 2


async def test_s21_a_key_that_is_no_good_any_more_is_told() -> None:
    async with one_pull() as github:
        kept = github.app_settings()
        async with installed(github, read=lambda: kept) as here:
            github.pem = private_key("second")
            with pytest.raises(AccessProblem, match="does not take the App's key"):
                await works(here)


async def test_without_an_app_nothing_is_asked() -> None:
    async with one_pull() as github:
        none = github.app_settings(app_id="", private_key="")
        async with installed(github, read=lambda: none) as here:
            session, settings, key = here.session, here.settings, AppKey(none, lambda: none)
            tokens = Tokens(AsApp(session, settings, key))
            with pytest.raises(ConfigProblem, match="No GitHub App"):
                await tokens.get(github.place())
        assert github.calls == []


# --- S22: names


@pytest.mark.parametrize("do", ["read", "write"])
async def test_s22_a_renamed_repository_is_followed_and_the_name_is_learned(do: str) -> None:
    async with one_pull() as github, installed(github) as here:
        github.old_names = {OLD}
        async with here.api(repository=OLD) as api:
            forge = here.forge(api)
            for _ in range(2):
                if do == "read":
                    assert (await forge.stand()).head == github.pulls[1].head
                else:
                    await forge.post_review("Body", (), github.pulls[1].head)
        paths = [path for _, path in github.calls if "pulls" in path]
        tail = "/pulls/1" + ("/reviews" if do == "write" else "")
        assert paths == [f"/repos/{OLD}{tail}", f"{BY_ID}{tail}", f"{BY_ID}{tail}"]
        assert len(github.bodies_of(1)) == (2 if do == "write" else 0)


async def test_s22_a_whole_pull_request_under_its_old_name() -> None:
    async with one_pull() as github, installed(github) as here:
        github.old_names = {OLD}
        async with here.api(repository=OLD) as api:
            pull = await here.forge(api).load()
        assert pull.subject.change.files[0].text == "b\n"


async def test_s22_another_host_gets_neither_a_request_nor_the_token() -> None:
    async with one_pull() as github, fake_app() as stranger, installed(github) as here:
        to = f"{stranger.url}{BY_ID}/pulls/1"
        for method in ("GET", "POST"):
            github.faults.append(Fault(method, "/pulls/1", "redirect", to=to, times=9))
        async with here.api() as api:
            with pytest.raises(HostProblem, match="points to another host"):
                await here.forge(api).stand()
            with pytest.raises(HostProblem, match="points to another host"):
                await here.forge(api).post_review("Body", (), github.pulls[1].head)
        assert stranger.calls == []


async def test_s22_a_name_that_leads_to_another_repository_is_not_followed() -> None:
    """Deleted, made anew under the same name, and renamed: the number is another."""
    async with one_pull() as github, installed(github) as here, here.api() as api:
        to = f"{github.url}/repositories/50001/pulls/1"
        github.faults = [Fault("GET", "/shop/pulls/1$", "redirect", to=to)]
        with pytest.raises(GoneProblem, match="another repository has this name") as raised:
            await here.forge(api).stand()
        assert raised.value.why is Gone.REPLACED
        assert github.asked().count("GET /repositories/50001/pulls/1") == 0


async def test_s22_a_repository_made_anew_is_out_of_a_token_s_reach() -> None:
    async with one_pull() as github, installed(github) as here:
        github.repository_id = 6000
        with pytest.raises(GoneProblem) as raised:
            await works(here)
        assert raised.value.why is Gone.UNREACHABLE


def pull(identity: int | None, name: str = REPOSITORY) -> dict[str, object]:
    """A pull request as far as it matters here."""
    return {"base": {"repo": {"id": identity, "full_name": name}}}


def test_s22_what_a_pull_request_belongs_to_is_checked_by_number() -> None:
    place = FakeApp().place(repository=OLD)
    assert check_same(pull(REPOSITORY_ID), place) == replace(place, repository=REPOSITORY)
    nameless: list[dict[str, object]] = [{"base": {"repo": None}}, {"base": {}}]
    for other in (pull(6000), pull(None), *nameless):
        with pytest.raises(GoneProblem) as raised:
            check_same(other, place)
        assert raised.value.why is Gone.REPLACED


@pytest.mark.parametrize("do", ["head", "load"])
async def test_s22_nothing_is_read_of_another_repository_with_the_same_name(do: str) -> None:
    """A public one can be read with any token."""
    async with one_pull() as github, installed(github) as here:
        async with here.api() as api:
            forge = here.forge(api)
            forge._place = replace(api.place, repository_id=6000)
            with pytest.raises(GoneProblem, match="another repository"):
                await (forge.stand() if do == "head" else forge.load())
        assert "POST /graphql" not in github.asked()


async def test_names_that_begin_alike_are_told_apart() -> None:
    async with one_pull() as github, installed(github) as here:
        github.old_names = {OLD}
        async with here.api(repository=OLD) as api:
            await here.forge(api).stand()
            assert api._now_at(f"{github.url}/repos/{OLD}2/pulls/1").endswith(f"{OLD}2/pulls/1")
            assert api._now_at(f"{github.url}/repos/{OLD}?x=1") == f"{github.url}{BY_ID}?x=1"


# --- limits


async def test_s64_no_more_is_written_in_a_minute_than_github_takes() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        for _ in range(81):
            await here.forge(api).post_review("Body", (), github.pulls[1].head)
        (slept,) = here.slept
        assert 40 < slept <= 60


async def test_s64_all_jobs_of_an_installation_share_the_pace() -> None:
    async with one_pull() as github, installed(github) as here:
        pace = here.tokens.pace(github.place())
        assert pace is here.tokens.pace(github.place(2))
        for _ in range(500):
            pace.take(0.0, 0.0)
        for _ in range(500):
            pace.take(10.0**9, 0.0)
        async with here.api() as api:
            with pytest.raises(LimitProblem, match="as GitHub takes in an hour") as raised:
                await here.forge(api).post_review("Body", (), github.pulls[1].head)
            assert raised.value.retryable
            assert raised.value.after > 60
            assert await here.forge(api).stand(), "reading goes on"
        assert github.posts() == 0


@pytest.mark.parametrize(("kind", "after"), [("primary", "1800"), ("secondary", "600")])
async def test_s68_a_limit_that_lasts_says_how_long(kind: str, after: str) -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.faults = [Fault("GET", "/pulls/1$", kind, retry_after=after, times=9)]
        with pytest.raises(LimitProblem) as raised:
            await here.forge(api).stand()
        assert raised.value.after == pytest.approx(float(after), abs=3)


async def test_s68_when_few_requests_are_left_it_is_known() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        assert not api.is_low
        for remaining, low in ((5000, False), (FEW, False), (FEW - 1, True)):
            github.remaining = remaining
            await here.forge(api).stand()
            assert api.is_low == low


async def test_s68_graphql_is_counted_apart() -> None:
    """Its answers tell of its own points; who writes by REST has as much left as REST said last."""
    async with one_pull() as github, installed(github) as here, here.api() as api:
        forge = here.forge(api)
        github.remaining, github.remaining_graphql = 5000, 1
        await forge.stand()
        await forge.reviews()
        assert not api.is_low
        github.remaining, github.remaining_graphql = 1, 5000
        await forge.stand()
        await forge.reviews()
        assert api.is_low


async def test_s68_a_limit_of_graphql_says_how_long() -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        limited = {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "exceeded"}]}
        github.graphql_says = limited
        with pytest.raises(LimitProblem) as raised:
            await here.forge(api).reviews()
        assert raised.value.after == WINDOW, "the fake's reset is further than GitHub ever says"


@pytest.mark.parametrize("fault", ["lost", "html"])
async def test_s66_a_review_is_never_posted_twice_in_the_dark(fault: str) -> None:
    async with one_pull() as github, installed(github) as here, here.api() as api:
        github.faults = [Fault("POST", "/reviews$", fault)]
        with pytest.raises(LostProblem):
            await here.forge(api).post_review("Body", (), github.pulls[1].head)
        assert github.posts() == 1
