"""The way to GitHub: limits, lost answers, redirects, proxies, certificates, and who gets the token."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any

import gidgethub
import pytest

from bot.errors import (
    AccessProblem,
    BadLineProblem,
    ConfigProblem,
    HostProblem,
    LimitProblem,
    LostProblem,
    MissingProblem,
)
from bot.hosts.http import LONGEST_WAIT, WINDOW, limit_wait, make_session, told
from bot.settings import Settings
from tests.bot.hosts.reach import reach, settings
from tests.fakes.github import BY_ID, TOKEN, FakeGitHub, Fault, fake_github
from tests.fakes.network import certified, plain_network, tunnel


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates but those of the test."""
    plain_network(monkeypatch)


def tokens(fake: FakeGitHub) -> list[str]:
    """What each request to a fake brought as its authorization."""
    return [headers.get("Authorization", "") for headers in fake.headers]


async def opened(fake: FakeGitHub) -> str:
    """Read the pull request's head; it is the simplest request."""
    async with reach(fake) as forge:
        return (await forge.stand()).head


# --- the pure half: what a status means


@pytest.mark.parametrize(
    ("status", "headers", "attempt", "said", "wait"),
    [
        (403, {"retry-after": "7"}, 1, "", 7),
        (429, {"retry-after": "7"}, 4, "", 7),
        (429, {"retry-after": "-3"}, 1, "", 0),
        (429, {"retry-after": "nan"}, 1, "", LONGEST_WAIT + 1),
        (429, {"retry-after": "inf"}, 1, "", LONGEST_WAIT + 1),
        (429, {"retry-after": "Sun, 22 Nov 2026 18:00:00 GMT"}, 1, "", LONGEST_WAIT + 1),
        (429, {}, 1, "", 60),
        (429, {}, 2, "", 120),
        (403, {}, 1, "You have exceeded a secondary rate limit.", 60),
        (403, {}, 1, "Resource not accessible by integration", None),
        (403, {"x-ratelimit-remaining": "12"}, 1, "Forbidden", None),
        (404, {"retry-after": "7"}, 1, "", None),
        (502, {}, 1, "", None),
    ],
)
def test_s64_how_long_a_limit_lasts(
    status: int, headers: dict[str, str], attempt: int, said: str, wait: float | None
) -> None:
    assert limit_wait(status, headers, attempt, said) == wait


def test_s64_a_primary_limit_lasts_until_its_reset() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 30)}
    wait = limit_wait(403, headers, 1)
    assert wait is not None
    assert 29 <= wait <= 31
    past = {**headers, "x-ratelimit-reset": "0"}
    assert limit_wait(403, past, 1) == 1


def failure(status: int, message: str, **headers: str) -> gidgethub.HTTPException:
    """An error as gidgethub raises it."""
    return gidgethub.HTTPException(HTTPStatus(status), message, headers=headers)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failure(401, "Bad credentials"), AccessProblem, "refuses the token.*gh auth login"),
        (failure(403, "Resource not accessible"), AccessProblem, "may not read x .403: Resource"),
        (failure(403, "x", **{"retry-after": "1"}), LimitProblem, "is reached. Try again in 1 s"),
        (failure(429, "x", **{"retry-after": "900"}), LimitProblem, "Try again in 15 minutes"),
        (failure(404, "Not Found"), MissingProblem, "could not read x: it is not there"),
        (failure(410, "Gone"), MissingProblem, "may not see it"),
        (failure(422, "line must be part of the diff"), BadLineProblem, "place of a comment"),
        (failure(422, "Path could not be resolved"), BadLineProblem, "could not be resolved"),
        (failure(422, "The commit_id is not part of it"), HostProblem, "could not read x: The"),
        (failure(422, "Body is too long"), HostProblem, "could not read x: Body is too long"),
        (failure(502, "Bad gateway"), HostProblem, r"status 502, 5 attempts"),
        (failure(504, "", **{"x-triptych-lost": "1"}), HostProblem, "no answer, 5 attempts"),
    ],
)
def test_what_a_person_is_told_of_a_status(
    error: gidgethub.HTTPException, kind: type[HostProblem], words: str
) -> None:
    problem = told(error, "read x")
    assert isinstance(problem, kind)
    with pytest.raises(HostProblem, match=words):
        raise problem
    assert problem.status in (int(error.status_code), 404)


@pytest.mark.parametrize(
    ("status", "later"), [(401, False), (404, False), (422, False), (502, True)]
)
def test_only_what_may_get_better_is_worth_another_try(status: int, *, later: bool) -> None:
    assert told(failure(status, "line of the diff"), "x").retryable is later


# --- patience


@pytest.mark.parametrize("fault", [500, 502, 503, 504, "drop", "lost"])
async def test_s66_reads_are_asked_again(fault: int | str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", "/pulls/1$", fault, times=3)]
        async with reach(github) as forge:
            assert (await forge.stand()).head == github.pulls[1].head
            assert len(github.calls) == 4
            # aiohttp itself tries once more, without a pause, on a connection that was just closed.
            assert len(forge.slept) == 3 if isinstance(fault, int) else forge.slept
            assert forge.slept == sorted(forge.slept), "each pause is longer than the one before"


async def test_s66_a_server_that_stays_broken_is_given_up() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", "/pulls/1$", 502, times=99)]
        with pytest.raises(
            HostProblem, match=r"could not read acme/shop#1 \(status 502, 5 attempts"
        ):
            await opened(github)
        assert len(github.calls) == 5


async def test_a_server_that_hangs_is_given_up() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", "/pulls/1$", "hang", times=99)]
        start = time.monotonic()
        async with reach(github, seconds=0.1) as forge:
            with pytest.raises(HostProblem, match="no answer, 5 attempts") as raised:
                await forge.stand()
        assert raised.value.retryable
        assert time.monotonic() - start < 3


async def test_a_request_has_a_deadline_of_its_own() -> None:
    async with make_session(Settings()) as session:
        assert session.timeout.total == 30
        assert session.timeout.connect == 10


@pytest.mark.parametrize(
    ("kind", "after", "slept"),
    [("secondary", "3", [3.0]), ("secondary", "", [60.0]), ("primary", "20", None)],
)
async def test_s64_a_limit_is_waited_for(kind: str, after: str, slept: list[float] | None) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", "/pulls/1$", kind, retry_after=after)]
        async with reach(github) as forge:
            await forge.stand()
            assert len(forge.slept) == 1
            assert forge.slept == slept or 19 <= forge.slept[0] <= 22


async def test_s68_a_limit_that_lasts_longer_is_told_and_not_waited_for() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", "/pulls/1$", "primary", retry_after="1800", times=99)]
        async with reach(github) as forge:
            with pytest.raises(HostProblem, match="rate limit is reached") as raised:
                await forge.stand()
            assert forge.slept == []
        assert isinstance(raised.value, LimitProblem)
        assert raised.value.retryable
        assert 1790 < raised.value.after < 1810
        assert len(github.calls) == 1


@pytest.mark.parametrize("fault", [502, "drop", "lost", "late"])
async def test_writes_that_may_be_done_twice_are_repeated(fault: int | str) -> None:
    """An edit; and GraphQL, for all that we ask there is reading and folding away."""
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        async with reach(github) as forge:
            review = await forge.post_review("Body", (), github.pulls[1].head)
            github.faults = [Fault("PUT", "/reviews/", fault), Fault("POST", "/graphql", fault)]
            await forge.edit_review(review.id, "Other")
            await forge.hide(review.node, "OUTDATED")
        assert github.bodies_of(1) == ["Other"]
        assert github.hidden == {review.node: "OUTDATED"}


@pytest.mark.parametrize(("fault", "kind"), [(502, HostProblem), ("lost", LostProblem)])
async def test_a_post_is_never_repeated_in_the_dark(
    fault: int | str, kind: type[HostProblem]
) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("POST", "/reviews$", fault)]
        async with reach(github) as forge:
            with pytest.raises(kind) as raised:
                await forge.post_review("Body", (), github.pulls[1].head)
            assert raised.value.retryable
        assert github.posts() == 1


@pytest.mark.parametrize("fault", ["html", "cut"])
async def test_a_post_whose_answer_cannot_be_read_may_have_been_done(fault: str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("POST", "/reviews$", fault)]
        async with reach(github) as forge:
            with pytest.raises(LostProblem):
                await forge.post_review("Body", (), github.pulls[1].head)


# --- what answers is not GitHub


@pytest.mark.parametrize("fault", ["html", "cut"])
@pytest.mark.parametrize("path", ["/pulls/1$", "/files$"])
async def test_a_page_of_a_proxy_is_not_taken_for_an_answer(fault: str, path: str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("GET", path, fault, times=9)]
        async with reach(github) as forge:
            with pytest.raises(HostProblem, match=r"is not GitHub's API\..*the proxy"):
                await forge.load()


async def test_another_json_service_is_not_github() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.pulls[1].rows = []
        github.faults = [Fault("GET", "/pulls/1$", "redirect", to="/repos/acme/shop/pulls/1/files")]
        with pytest.raises(HostProblem, match="is not GitHub's API"):
            await opened(github)


@pytest.mark.parametrize("fault", ["errors", "html"])
async def test_s66_graphql_that_fails_with_200_is_a_failure(fault: str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        github.faults = [Fault("POST", "/graphql", fault, times=9)]
        async with reach(github) as forge:
            with pytest.raises(HostProblem, match=r"API says: (Something went|no data)") as raised:
                await forge.load()
        assert raised.value.retryable


# --- redirects, and where the token goes


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_s22_a_renamed_repository_is_followed_on_the_same_host(method: str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        for tail in ("", "/files", "/reviews"):
            to = f"{github.url}{BY_ID}/pulls/1{tail}"
            fault = Fault("GET", rf"/shop/pulls/1{tail}$", "redirect", to=to, times=9)
            github.faults += [fault, Fault("POST", fault.path, "redirect", to=to, times=9)]
        async with reach(github) as forge:
            if method == "GET":
                assert (await forge.stand()).head == github.pulls[1].head
            else:
                await forge.post_review("Body", (), github.pulls[1].head)
                assert github.bodies_of(1) == ["Body"]
        assert f"{BY_ID}/pulls/1" in github.calls[-1][1]
        assert all(token == f"token {TOKEN}" for token in tokens(github))


async def test_s35_another_host_gets_neither_a_request_nor_the_token() -> None:
    async with fake_github() as github, fake_github() as stranger:
        github.pull(1, {}, {"a.py": "a\n"})
        stranger.pull(1, {}, {"a.py": "a\n"})
        to = f"{stranger.url}/repos/acme/shop/pulls/1"
        for method in ("GET", "POST"):
            github.faults.append(Fault(method, "/pulls/1", "redirect", to=to, times=9))
        async with reach(github) as forge:
            with pytest.raises(HostProblem, match=r"points to another host .*It is not followed"):
                await forge.stand()
            with pytest.raises(HostProblem, match="another host"):
                await forge.post_review("Body", (), github.pulls[1].head)
        assert stranger.calls == []


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "//evil.example/x",
        "https://{host}/repos/acme/shop/pulls/1",
        "http://{host}@evil.example/x",
    ],
)
async def test_s35_no_other_place_is_followed(to: str) -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        host = github.url.removeprefix("http://")
        github.faults = [Fault("GET", "/pulls/1$", "redirect", to=to.format(host=host), times=9)]
        with pytest.raises(HostProblem, match="points to another host"):
            await opened(github)
        assert len(github.calls) == 1


async def test_s35_a_circle_ends() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        to = f"{github.url}/repos/acme/shop/pulls/1"
        github.faults = [Fault("GET", "/pulls/1$", "redirect", to=to, times=99)]
        with pytest.raises(HostProblem, match="in a circle"):
            await opened(github)
        assert len(github.calls) == 3


@pytest.mark.parametrize(
    ("api", "graphql", "web"),
    [
        ("https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ("https://ghe.acme/api/v3", "https://ghe.acme/api/graphql", "https://ghe.acme"),
    ],
)
def test_the_addresses_of_both_kinds_of_server(api: str, graphql: str, web: str) -> None:
    around = Settings(github_api=api)
    assert (around.graphql_url, around.web_url) == (graphql, web)


async def test_an_enterprise_server_is_asked_at_its_own_paths() -> None:
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        async with reach(settings(github, "/api/v3")) as forge:
            pull = await forge.load()
        assert [path for _, path in sorted(github.calls)] == [
            "/api/v3/repos/acme/shop/pulls/1",
            "/api/v3/repos/acme/shop/pulls/1/files",
            "/api/graphql",
        ]
        assert pull.subject.web == github.url
        assert {h["x-github-api-version"] for h in github.headers} == {"2022-11-28"}


# --- the network of a company


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake takes the place of the proxy: no such host exists that could be reached directly."""
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        monkeypatch.setenv("HTTP_PROXY", github.url)
        around = Settings(github_token=TOKEN, github_api="http://ghe.acme.invalid/api/v3")
        async with reach(around) as forge:
            assert (await forge.stand()).head == github.pulls[1].head
        assert github.headers[0]["Host"] == "ghe.acme.invalid"


async def test_what_is_excepted_from_the_proxy_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with fake_github() as github:
        github.pull(1, {}, {"a.py": "a\n"})
        assert await opened(github)


async def test_a_proxy_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tunnel("http://127.0.0.1:9", refuses=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with reach(Settings(github_api="https://ghe.acme.invalid/api/v3")) as forge:
            with pytest.raises(HostProblem, match=r"does not connect to ghe.*407.*HTTPS_PROXY"):
                await forge.stand()
        assert len(proxy.asked) == 1


async def test_a_company_s_own_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, context = certified(tmp_path, "ghe.acme.invalid")
    async with fake_github(context) as github, tunnel(github.url) as proxy:
        github.pull(1, {}, {"a.py": "a\n"})
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        more: dict[str, Any] = {"github_api": "https://ghe.acme.invalid/api/v3"}
        async with reach(Settings(ca_bundle=str(root), **more)) as forge:
            assert (await forge.stand()).head == github.pulls[1].head
        async with reach(Settings(**more)) as forge:
            with pytest.raises(
                HostProblem, match=r"certificate of ghe.*not trusted.*SSL_CERT_FILE"
            ):
                await forge.stand()
        assert len(github.calls) == 1
        assert proxy.asked == ["CONNECT ghe.acme.invalid:443 HTTP/1.1"] * 2


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "wrong"])
def test_certificates_that_cannot_be_read_are_told(tmp_path: Path, text: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if text is not None:
        bundle.write_text(text)
    with pytest.raises(ConfigProblem, match=r"ca\.pem cannot be read.*SSL_CERT_FILE"):
        make_session(Settings(ca_bundle=str(bundle)))


async def test_a_host_that_is_not_there() -> None:
    async with reach(Settings(github_api="http://127.0.0.1:9")) as forge:
        with pytest.raises(
            HostProblem, match=r"127\.0\.0\.1:9 cannot be reached: .*GITHUB_API_URL"
        ):
            await forge.stand()


@pytest.mark.parametrize("skew", [-3600.0, 0.0, 3600.0], ids=["an hour behind", "right", "ahead"])
def test_s78_a_limit_is_waited_for_by_github_s_clock(skew: float) -> None:
    """By ours it would be an hour too long, and the job given up; or not at all."""
    theirs = time.time() - skew
    headers = {
        "date": formatdate(theirs, usegmt=True),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(theirs + 1800)),
    }
    assert limit_wait(403, headers, 1) == pytest.approx(1801, abs=2)


def test_s78_no_limit_is_waited_for_longer_than_a_window() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time() + 9000))}
    assert limit_wait(403, headers, 1) == WINDOW
