"""The operator's pages: who sees them, what they show, and that nothing in a text can do anything."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from bot.app_settings import AppSettings
from bot.doors.pages import COUNTED, page_routes
from bot.doors.sign_in import FAILURES
from bot.doors.state import NO_APP
from bot.jobs.protocol import Figures, JobRow, JobsProblem, JobState
from bot.outputs.document import document
from bot.outputs.page import STYLE_SOURCE
from bot.outputs.status_page import Vitals
from bot.settings import Settings
from reviewers.core.call import Reading
from tests.bot.doors.forms import Page
from tests.bot.outputs import samples
from tests.bot.outputs.endings import verified, withheld
from tests.bot.outputs.rewritten import rewritten
from tests.bot.outputs.stored import NOON, PLACE, job, of_gaps, of_many_steps
from tests.fakes.jobs import FakeJobs

TOKEN = "an-operators-token-0123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
KEY = "sk-own-0123456789abcdef"

Client = TestClient[web.Request, web.Application]


def jobs_of(*rows: JobRow, **more: Any) -> FakeJobs:
    """These jobs, the oldest first."""
    return FakeJobs(rows={r.id: r for r in rows}, **more)


@asynccontextmanager
async def served(jobs: FakeJobs, **more: Any) -> AsyncIterator[Client]:
    app = web.Application()
    settings = AppSettings(Path("/nonexistent"), "sqlite:///x", **more)
    app.add_routes(
        page_routes(
            Settings(anthropic_key=KEY),
            settings,
            jobs,
            token=TOKEN,
            vitals=lambda: Vitals(NOON - 6 * 86_400, 4120, 5000),
            now=lambda: NOON,
        )
    )
    async with TestClient(TestServer(app)) as client:
        yield client


async def page_of(client: Client, path: str = "/", **more: Any) -> Page:
    answer = await client.get(path, headers=BEARER, **more)
    assert answer.status == 200
    return Page(await answer.text())


async def shown(jobs: FakeJobs, path: str = "/") -> str:
    """The text of a page."""
    async with served(jobs) as client:
        return (await page_of(client, path)).text


# --- who sees them


@pytest.mark.parametrize("path", ["/", "/reviews/01JD8Q7M", "/reviews/x/document.json"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "a=b"}])
async def test_strangers_get_the_form_and_nothing_else(path: str, headers: dict[str, str]) -> None:
    async with served(jobs_of(job(samples.a()))) as client:
        answer = await client.get(path, headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        page = Page(await answer.text())
        assert "acme" not in page.text
        assert page.forms[0].action.endswith("sign-in")


async def test_a_token_in_the_address_is_no_token() -> None:
    async with served(jobs_of()) as client:
        for path in (f"/?token={TOKEN}", f"/?access_token={TOKEN}"):
            assert (await client.get(path)).status == 401


async def signed_in(client: Client, path: str = "/", **more: Any) -> aiohttp.ClientResponse:
    """Through the form, as a browser does; the answer to the form itself."""
    answer = await client.get(path, **more)
    [form] = Page(await answer.text()).forms
    return await client.post(
        "/sign-in", data={**form.fields, "token": TOKEN}, allow_redirects=False, **more
    )


async def test_the_form_gives_a_cookie_and_leads_to_where_one_wanted_to_go() -> None:
    async with served(jobs_of(job(samples.a()))) as client:
        answer = await signed_in(client, "/reviews/01JD8Q7M")
        assert answer.status == 303
        assert answer.headers["Location"] == "./reviews/01JD8Q7M"
        [given] = answer.headers.getall("Set-Cookie")
        assert "HttpOnly" in given
        assert "SameSite=Strict" in given
        assert "Secure" not in given
        assert TOKEN not in given
        assert (await client.get("/reviews/01JD8Q7M")).status == 200


async def test_by_https_the_cookie_is_for_https_alone() -> None:
    async with served(jobs_of()) as client:
        by_proxy = {"X-Forwarded-Proto": "https"}
        first = await client.get("/", headers=by_proxy)
        assert "Secure" in first.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "../x", "reviews/../../x", "sign-out"]
)
async def test_it_leads_to_no_other_place(wanted: str) -> None:
    async with served(jobs_of()) as client:
        [form] = Page(await (await client.get("/")).text()).forms
        answer = await client.post(
            "/sign-in",
            data={**form.fields, "token": TOKEN, "next": wanted},
            allow_redirects=False,
        )
        assert answer.headers["Location"] == "./"


async def test_a_wrong_token_is_told_and_soon_has_to_wait() -> None:
    async with served(jobs_of()) as client:
        [form] = Page(await (await client.get("/")).text()).forms
        for left in range(FAILURES, 0, -1):
            answer = await client.post("/sign-in", data={**form.fields, "token": "wrong"})
            page = Page(await answer.text())
            assert answer.status == (401 if left > 1 else 429)
            assert ("not the operator’s token" in page.text) == (left > 1)
        assert answer.headers["Retry-After"] == "60"
        wrong = await client.post("/sign-in", data={**form.fields, "token": "wrong"})
        assert wrong.status == 429
        # Behind a proxy a stranger has the operator's address: that must not lock the operator out.
        assert (await client.get("/", headers=BEARER)).status == 200


async def test_the_form_of_another_site_signs_nobody_in() -> None:
    async with served(jobs_of()) as client:
        bare = await client.post("/sign-in", data={"token": TOKEN})
        assert bare.status == 403
        [form] = Page(await (await client.get("/")).text()).forms
        data = {**form.fields, "token": TOKEN}
        other = await client.post("/sign-in", data=data, headers={"Sec-Fetch-Site": "same-site"})
        assert other.status == 403
        client.session.cookie_jar.clear()
        assert (await client.post("/sign-in", data=data)).status == 403


async def test_a_link_from_another_site_is_asked_for_again_by_ourselves() -> None:
    """A strict cookie does not come along with a click on GitHub, but with the reload."""
    async with served(jobs_of(job(samples.a()))) as client:
        await signed_in(client)
        cookies = client.session.cookie_jar.filter_cookies(client.make_url("/"))
        client.session.cookie_jar.clear()
        first = await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})
        assert 'http-equiv="refresh"' in await first.text()
        client.session.cookie_jar.update_cookies(cookies)
        second = await client.get("/", headers={"Sec-Fetch-Site": "same-origin"})
        assert "acme/shop#128" in await second.text()


async def test_signing_out() -> None:
    async with served(jobs_of()) as client:
        await signed_in(client)
        page = Page(await (await client.get("/")).text())
        [out] = [f for f in page.forms if f.action.endswith("sign-out")]
        assert (await client.post("/sign-out", data={"form": "0" * 64})).status == 403
        assert (await client.get("/")).status == 200
        await client.post("/sign-out", data=out.fields)
        assert (await client.get("/")).status == 401


# --- headers


@pytest.mark.parametrize("path", ["/", "/reviews/01JD8Q7M", "/reviews/none", "/reviews/x/y"])
@pytest.mark.parametrize("headers", [{}, BEARER])
async def test_nothing_may_be_loaded_run_framed_or_kept(path: str, headers: dict[str, str]) -> None:
    async with served(jobs_of(job(samples.a()))) as client:
        answer = await client.get(path, headers=headers)
        if answer.status == 404 and "Content-Security-Policy" not in answer.headers:
            return  # No route of ours.
        rules = dict(r.split(" ", 1) for r in answer.headers["Content-Security-Policy"].split("; "))
        assert rules == {
            "default-src": "'none'",
            "style-src": STYLE_SOURCE,
            "img-src": "data:",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        page = Page(await answer.text())
        assert not [t for t, a in page.tags if t == "script" or any(k[:2] == "on" for k in a)]
        assert not [a for _, a in page.tags if "style" in a]
        assert not [a for _, a in page.tags if "src" in a or a.get("href", "").startswith("//")]


# --- the status page


FULL = Figures(3, 40.0, 2, 1, 1, 12.40, 50.0, NOON - 8)


async def test_it_says_how_the_service_is_doing() -> None:
    text = await shown(jobs_of(now=FULL))
    for said in (
        "up 6 d",
        "Waiting 3 oldest 40 s",
        "Running 2 reviews",
        "Parked 1",
        "Given up 1",
        "Spent today 12.40 of 50.00 USD",
        "GitHub requests 4,120 left of 5,000",
        "Last webhook 8 s ago",
    ):
        assert said in text, text


async def test_an_idle_service_says_so() -> None:
    text = await shown(jobs_of())
    for said in ("nothing waits", "USD, no limit set", "none since the start", "No review yet"):
        assert said in text
    assert "No finished review has asked a model in the last 24 hours." in text


AWAY, LIMIT = "GitHub answers with status 502.", "GitHub’s limit of requests is reached."


@pytest.mark.parametrize(
    ("notes", "parked", "tile"),
    [
        ((), 0, "Parked 0 none"),
        ((AWAY, AWAY), 2, f"Parked 2 {AWAY}"),
        ((LIMIT,), 1, f"Parked 1 {LIMIT}"),
        ((AWAY, LIMIT), 2, "Parked 2 look at them"),
        ((AWAY,), 900, "Parked 900 look at them"),
    ],
)
async def test_parked_jobs_wait_for_their_own_reasons(
    notes: Sequence[str], parked: int, tile: str
) -> None:
    rows = [job(None, f"p{n}", state=JobState.PARKED, note=why) for n, why in enumerate(notes)]
    jobs = jobs_of(*rows, now=Figures(parked=parked))
    assert f"{tile} Given up" in await shown(jobs)
    for row in rows:
        text = await shown(jobs, f"/reviews/{row.id}")
        assert f"{row.note} It is tried again by itself after a while." in text
        assert ("limit" in text) is (row.note == LIMIT)


@pytest.mark.parametrize(
    ("figures", "label"), [(replace(FULL, cost_today=41.0), "Spent today"), (FULL, "Given up")]
)
async def test_what_will_stop_it_next_is_marked(figures: Figures, label: str) -> None:
    async with served(jobs_of(now=figures)) as client:
        text = await (await client.get("/", headers=BEARER)).text()
        assert f'<div class="alarm"><dt>{label}</dt>' in text


async def test_a_service_that_takes_no_work_says_why() -> None:
    text = await shown(jobs_of(why_not="The private key is refused."))
    assert "No work is taken now. The private key is refused." in text


async def test_a_server_without_an_app_says_how_to_get_one() -> None:
    text = await shown(jobs_of(why_not=NO_APP))
    assert (
        "No work is taken now. No App is configured. To set one up, open the link that "
        "triptych serve has printed at its start."
    ) in text
    assert "No review yet." in text
    assert "Open a pull request" not in text
    other = await shown(jobs_of(why_not="the server is stopping"))
    assert "No work is taken now. The server is stopping. Waiting" in other
    assert "No review yet. Open a pull request" in other


async def test_a_database_that_does_not_answer_is_told() -> None:
    class Down(FakeJobs):
        async def figures(self) -> Figures:
            raise JobsProblem("The database does not answer.", "Look at its log.")

    async with served(Down()) as client:
        answer = await client.get("/", headers=BEARER)
        assert answer.status == 503
        assert "The database does not answer." in await answer.text()


async def test_reviewers_and_analysers_of_a_day() -> None:
    old = job(samples.a(), "old", ended=NOON - 90_000, created=NOON - 90_000)
    text = await shown(jobs_of(old, job(of_gaps(), "gaps"), job(of_many_steps())))
    assert "security 6 3 0 32 s" in text
    assert "style 2 0 0 17 s" in text
    assert "verifier 1 0 0 11 s" in text
    assert "ruff 1.0 passed 11:57" in text


async def test_an_analyser_that_failed_its_self_test_stands_first_with_a_word() -> None:
    from tests.bot.outputs.endings import without_ruff

    text = await shown(jobs_of(job(without_ruff())))
    table = text[text.index("Self-test") :]
    assert re.match(r"Self-test ruff 1 Failed 11:57: \S", table), table


async def test_finished_reviews_are_looked_into_once() -> None:
    class Counting(FakeJobs):
        seen: list[str]

        async def show(self, job: str) -> JobRow | None:
            self.seen.append(job)
            return await super().show(job)

    jobs = Counting(rows={"a": job(samples.a(), "a"), "b": job(samples.b(), "b")})
    jobs.seen = []
    async with served(jobs) as client:
        await page_of(client)
        await page_of(client)
    assert sorted(jobs.seen) == ["a", "b"]


async def test_many_reviews_a_day_are_named_as_what_they_are() -> None:
    rows = [job(samples.b(), f"j{i}") for i in range(COUNTED + 1)]
    assert f"in the newest {COUNTED} reviews" in await shown(jobs_of(*rows))


def lines(page: Page) -> list[str]:
    """The labels of the list's rows, from the top."""
    return re.findall(r"acme/shop#\d+", page.text)


async def test_the_list_has_gaps_before_price_and_says_where_each_stands() -> None:
    rows = (
        job(None, "dead", state=JobState.DEAD, note="GitHub did not take it.", attempts=3),
        job(None, "skip", state=JobState.SKIPPED, started=0.0, note="draft pull request"),
        job(of_gaps(), "gaps"),
        job(None, "run", state=JobState.RUNNING, ended=0.0, started=NOON - 12),
        job(None, "wait", state=JobState.WAITING, started=0.0, ended=0.0),
    )
    async with served(jobs_of(*rows)) as client:
        page = await page_of(client)
    text = page.text
    assert "acme/shop#128 waiting – – – Open" in text, "which commit is not known yet"
    assert "11:57 acme/shop#128 at 4be91c0 incomplete" in text
    assert "running – 0.00 12 Open" in text
    assert "incomplete security read 0 of 34 hunks; 1 high 2 0.40 48 Try again Open" in text
    assert "skipped draft pull request – – – Open" in text
    assert "given up GitHub did not take it." in text
    heads = [a for t, a in page.tags if t == "th" and a.get("scope") == "col"]
    assert len(heads) == 14
    assert text.index("Unread") < text.index("USD Seconds")


@pytest.mark.parametrize(
    ("row", "may"),
    [
        (job(None, "x", state=JobState.DEAD), True),
        (job(samples.d(), "x"), True),
        (job(of_gaps(), "x"), True),
        (job(samples.i(), "x"), True),
        (job(samples.a(), "x"), False),
        (job(samples.b(), "x"), False),
        (job(None, "x", state=JobState.RUNNING), False),
        (job(None, "x", state=JobState.SUPERSEDED), False),
    ],
)
async def test_try_again_stands_only_where_it_can_help(row: JobRow, *, may: bool) -> None:
    async with served(jobs_of(row)) as client:
        for path in ("/", "/reviews/x"):
            page = await page_of(client, path)
            assert any(f.action.endswith("reviews/x/retry") for f in page.forms) is may


async def test_try_again_stands_on_the_newest_job_of_a_pull_request() -> None:
    """The list shows the newest ones, or those of one state: the newer job may not be among them."""
    old = job(of_gaps(), "old", created=NOON - 900)
    dead = job(None, "dead", state=JobState.DEAD, created=NOON - 800, head=old.head)
    new = job(samples.b(), "new")
    async with served(jobs_of(old, dead, new)) as client:
        for path in ("/", "/?state=dead", "/reviews/old", "/reviews/dead"):
            page = await page_of(client, path)
            assert not [f for f in page.forms if f.action.endswith("/retry")]


async def test_what_is_only_too_large_is_not_tried_again() -> None:
    gaps = of_gaps()
    coverage = gaps.verdict.coverage
    sized = tuple(c for c in coverage.cells if not (c.reviewer == "security" and c.vote))
    verdict = replace(gaps.verdict, coverage=replace(coverage, cells=sized))
    async with served(jobs_of(job(replace(gaps, verdict=verdict), "x"))) as client:
        assert len((await page_of(client)).forms) == 1


async def test_the_list_can_be_narrowed_and_stays_so_on_a_wrong_word() -> None:
    rows = (job(samples.a()), job(None, "d", state=JobState.DEAD, place=replace(PLACE, number=9)))
    async with served(jobs_of(*rows)) as client:
        assert lines(await page_of(client, "/?state=dead")) == ["acme/shop#9"]
        wrong = await page_of(client, "/?state=x%22%3E&outcome=failed")
        assert lines(wrong) == []
        assert 'There is no filter state=x">, so it narrows nothing.' in wrong.text
        assert lines(await page_of(client, "/?state=x%22%3E")) == ["acme/shop#9", "acme/shop#128"]
        assert "There is no filter" not in (await page_of(client, "/?state=")).text
        assert "No review is parked." in (await page_of(client, "/?state=parked")).text


@pytest.mark.parametrize(
    ("path", "back"), [("/jobs", "./"), ("/reviews/", "../"), ("/reviews/a/b", "../../")]
)
async def test_where_nothing_stands_the_operator_is_told_where_to_go(path: str, back: str) -> None:
    async with served(jobs_of()) as client:
        answer = await client.get(path, headers=BEARER)
        assert answer.status == 404
        page = Page(await answer.text())
        assert "No such page" in page.text
        assert back in page.links
        assert str(answer.url.join(URL(back)).path) == "/"
        assert (await client.post(path, headers=BEARER)).status == 405
        stranger = await client.get(path)
        assert (stranger.status, await stranger.text()) == (404, "404: Not Found")


@pytest.mark.parametrize(("more", "said"), [(0.03, "0.03 USD"), (0.004, ""), (-0.1, "")])
async def test_what_an_interrupted_run_has_paid_is_told_beside_the_calls(
    more: float, said: str
) -> None:
    """They stand in no document; the head counts them."""
    whole = job(samples.a())
    paid = sum(c["cost_usd"] for c in json.loads(whole.document)["calls"])
    text = await shown(jobs_of(replace(whole, cost=paid + more)), "/reviews/01JD8Q7M")
    assert ("Calls of an interrupted run" in text) is bool(said)
    assert said in text


GAPS = job(of_gaps(), "gaps")
GIVEN_UP = job(None, "d", state=JobState.DEAD, place=replace(PLACE, number=9))
OVERTAKEN = replace(GAPS, id="o", state=JobState.SUPERSEDED, place=replace(PLACE, number=7))
PARKED = replace(GAPS, id="p", state=JobState.PARKED, place=replace(PLACE, number=8))


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("/?outcome=incomplete", [128]),
        ("/?outcome=failed", [97]),
        ("/?state=parked", [8]),
        ("/?state=parked&outcome=incomplete", [8]),
        ("/?state=dead&outcome=incomplete", []),
        ("/?outcome=superseded", [7, 8, 97, 9, 128, 126]),
    ],
)
async def test_the_list_of_what_is_incomplete(path: str, numbers: list[int]) -> None:
    """What nobody was told of, since a newer commit took its place, came out in no way."""
    clean = job(samples.b(), "clean", place=replace(PLACE, number=126))
    failed = job(samples.d(), "failed", place=replace(PLACE, number=97))
    jobs = jobs_of(clean, GAPS, GIVEN_UP, failed, PARKED, OVERTAKEN)
    async with served(jobs) as client:
        assert lines(await page_of(client, path)) == [f"acme/shop#{n}" for n in numbers]


async def test_each_filter_keeps_the_other() -> None:
    async with served(jobs_of(GAPS, GIVEN_UP, PARKED)) as client:
        page = await page_of(client, "/?state=parked&outcome=incomplete")
        chosen = [a["href"] for t, a in page.tags if t == "a" and a.get("aria-current")]
        assert chosen == 2 * ["./?state=parked&outcome=incomplete"]
        for link in (
            "./?outcome=incomplete",
            "./?state=dead&outcome=incomplete",
            "./?state=parked",
        ):
            assert link in page.links, link
        assert page.links.count("./?state=parked&outcome=incomplete") == 3, "Refresh, too"
        text = (await page_of(client, "/?state=dead&outcome=incomplete")).text
        assert "No review is given up and incomplete." in text
        assert "No review is failed." in (await page_of(client, "/?outcome=failed")).text
    async with served(jobs_of(GAPS)) as client:
        answer = await signed_in(client, "/?state=parked&outcome=incomplete")
        assert answer.headers["Location"] == "./?state=parked&outcome=incomplete"


async def test_a_title_that_was_cut_for_the_list_of_checks_is_whole() -> None:
    why = "GitHub did not deliver the diff of one of the three hundred files that were changed here"
    report = samples.d()
    report = replace(report, verdict=replace(report.verdict, problem=f"{why}."))
    row = job(report, "failed", ended=NOON - 9 * 86_400)
    assert row.title.endswith("…")
    for path in ("/", "/reviews/failed"):
        text = await shown(jobs_of(row), path)
        assert f"not reviewed, {why}" in text
        assert "…" not in text
    other = replace(row, title="Failed: not reviewed, for another reason that was cut…")
    assert "another reason that was cut…" in await shown(jobs_of(other)), "not of that document"


async def test_among_the_incomplete_only_those_are_tried_again_that_may_come_out_better() -> None:
    gaps = of_gaps()
    coverage = gaps.verdict.coverage
    sized = tuple(c for c in coverage.cells if not (c.reviewer == "security" and c.vote))
    large = replace(gaps, verdict=replace(gaps.verdict, coverage=replace(coverage, cells=sized)))
    old = {"ended": NOON - 9 * 86_400}
    async with served(jobs_of(job(large, "x", **old), job(gaps, "y", **old))) as client:
        page = await page_of(client, "/?outcome=incomplete")
        again = [f.action for f in page.forms if f.action.endswith("/retry")]
        assert again == ["./reviews/y/retry"]


# --- trying again


async def test_trying_again_makes_a_new_job_and_shows_it() -> None:
    jobs = jobs_of(job(of_gaps(), "5000#128 a/b"))
    async with served(jobs) as client:
        await signed_in(client)
        page = Page(await (await client.get("/")).text())
        [again] = [f for f in page.forms if f.action.endswith("/retry")]
        assert again.action == "./reviews/5000%23128%20a%2Fb/retry"
        url = client.make_url("/").join(URL(again.action, encoded=True))
        answer = await client.session.post(url, data=again.fields, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "../5000%23128%20a%2Fb%2B")
        new = URL("/reviews/5000%23128%20a%2Fb%2B", encoded=True)
        assert (await client.session.get(client.make_url("/").join(new))).status == 200
        assert list(jobs.rows) == ["5000#128 a/b", "5000#128 a/b+"]


async def test_without_its_key_or_from_elsewhere_nothing_is_tried_again() -> None:
    jobs = jobs_of(job(of_gaps(), "x"))
    async with served(jobs) as client:
        await signed_in(client)
        page = Page(await (await client.get("/reviews/x")).text())
        [again] = [f for f in page.forms if f.action.endswith("/retry")]
        for data, headers in (
            ({}, {}),
            ({"form": "0" * 64}, {}),
            (again.fields, {"Sec-Fetch-Site": "cross-site"}),
            ({}, {"Authorization": "Basic eDp5"}),
        ):
            answer = await client.post("/reviews/x/retry", data=data, headers=headers)
            assert answer.status == 403
        client.session.cookie_jar.clear()
        assert (await client.post("/reviews/x/retry", data=again.fields)).status == 401
    assert list(jobs.rows) == ["x"]


async def test_a_script_with_the_token_needs_no_form() -> None:
    jobs = jobs_of(job(of_gaps(), "x"))
    async with served(jobs) as client:
        answer = await client.post("/reviews/x/retry", headers=BEARER, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "../x%2B")
        gone = await client.post("/reviews/none/retry", headers=BEARER)
        assert gone.status == 404


# --- one review


async def test_the_page_of_a_review_has_all_that_was_sketched() -> None:
    text = await shown(jobs_of(job(of_many_steps())), "/reviews/01JD8Q7M")
    for said in (
        "acme/shop#128 at 4be91c0 4 findings: 1 critical, 1 high, 1 medium, 1 low 48 s 0.42 USD",
        "14 reported > 12 placed > 8 merged > 7 not suppressed > 5 by vote > 4 verified > 3 posted",
        "Critical: Request data becomes SQL text",
        "2 of 3 security votes and ruff S608; 1 vote disagrees.",
        "Vote 2 of security disagrees: clean_sort() in api/params.py:17 limits the value.",
        "Its quoted code is not in the change",
        "Refuted by api/auth.py:9 (login is required)",
        "Without enough votes: security 1 of 3",
        "below min_severity: in the check run only",
        "security 3 waited 4.1 s for the shared cache; lost after 9.4 s (529); "
        "answered from 14.1 s for 18 s 61,200 60,100 1,200 0.04",
        "12 files 34 read read, 3 of 3 read read, 3 of 3",
        "Review 2411: 1 request, 2 inline comments",
        "settings, configuration 9f3ad2c1, run 01JD8Q7M",
        'min_severity "medium" default',
        "TRIPTYCH_MAX_ROUNDS allows 1",
    ):
        assert said.lower() in text.lower(), said


async def test_gaps_stand_before_findings_each_with_its_reason_and_call() -> None:
    text = await shown(jobs_of(job(of_gaps())), "/reviews/01JD8Q7M")
    assert text.index("Not reviewed") < text.index("An unknown order")
    said = "34 hunks in api/orders.py, api/auth.py and api/seats.py and 9 more files"
    assert f"Security, votes 1, 2 and 3 {said} refused: the model refused to answer" in text
    assert "security 1, security 2 and security 3" in text
    assert "Style, vote 1 2 hunks in migrations/0042_backfill.sql skipped: size: above" in text


async def test_a_configuration_that_is_not_in_order_is_told_before_all_else() -> None:
    page = await shown(jobs_of(job(withheld(), unread=1)), "/reviews/01JD8Q7M")
    above, _, below = page.partition("Time and money")
    assert (
        "Not reviewed The configuration is not used. .github/triptych.toml: exlude is no" in above
    )
    assert "Do: Correct .github/triptych.toml on main and" in above
    assert "Every model the whole change not asked: the configuration is not in order" in above
    assert "Try again" in above
    assert "exlude" not in below
    assert "1 hunk to read; no model was asked." in below


async def test_findings_that_were_not_verified_are_told_as_such() -> None:
    text = await shown(jobs_of(job(verified(Reading.TIMED_OUT))), "/reviews/01JD8Q7M")
    assert "Findings The finding was not verified: no answer came in time. Critical" in text


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "e", "f", "g", "h", "i"])
async def test_every_way_a_review_ends_has_a_page(name: str) -> None:
    report = getattr(samples, name)()
    text = await shown(jobs_of(job(report)), "/reviews/01JD8Q7M")
    assert job(report).title in text


@pytest.mark.parametrize(
    ("state", "head", "end", "written"),
    [
        (JobState.PARKED, "1 low parked 48 s", "3 to be posted", "No review is posted yet"),
        (JobState.RUNNING, "1 low running 48 s", "3 to be posted", "No review is posted yet"),
        (JobState.CANCELLED, "1 low cancelled 48 s", "3 not posted", "No review was posted"),
        (JobState.DONE, "1 low 48 s", "3 not posted", "No review was posted"),
    ],
)
async def test_a_review_that_is_not_posted_is_not_told_as_if_it_were(
    state: JobState, head: str, end: str, written: str
) -> None:
    """GitHub did not take it, or does not yet; what was found is known."""
    row = replace(job(of_many_steps(), state=state), review_url="")
    row = replace(row, document=document(of_many_steps()))
    text = await shown(jobs_of(row), "/reviews/01JD8Q7M")
    assert head in text
    assert f"> 4 verified > {end}" in text
    assert written in text


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.DONE])
async def test_a_review_without_a_document_has_a_page(state: JobState) -> None:
    row = job(None, state=state, note="why it stands there")
    text = await shown(jobs_of(row), "/reviews/01JD8Q7M")
    assert "why it stands there" in text
    assert "Findings" not in text


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"schema":"triptych-review/9"}'])
async def test_a_document_of_another_version_is_told_and_breaks_nothing(text: str) -> None:
    jobs = jobs_of(replace(job(samples.a()), document=text))
    assert "Another version of Triptych wrote this" in await shown(jobs, "/reviews/01JD8Q7M")
    assert "acme/shop#128" in await shown(jobs)


async def test_a_review_that_is_not_there() -> None:
    async with served(jobs_of()) as client:
        for path, up in (("/reviews/none", "../"), ("/reviews/none/document.json", "../../")):
            answer = await client.get(path, headers=BEARER)
            assert answer.status == 404
            text = await answer.text()
            assert "No such review" in text
            assert f'<a href="{up}">Go back to the list.</a>' in text


async def test_the_document_itself() -> None:
    row = job(samples.a())
    async with served(jobs_of(row)) as client:
        answer = await client.get("/reviews/01JD8Q7M/document.json", headers=BEARER)
        assert answer.content_type == "application/json"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert json.loads(await answer.text()) == json.loads(row.document)


# --- texts of pull requests and models are data


HOSTILE: Sequence[str] = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><style>body{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "</svg><script>alert(1)</script>",
    "`</code><script>alert(1)</script>`",
    "&#60;script&#62;",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["/", "/reviews/01JD8Q7M"])
async def test_no_text_becomes_a_tag_or_a_link(text: str, path: str) -> None:
    report = rewritten(of_many_steps(), lambda _: text, lambda path: f"{text}{path}")
    place = replace(PLACE, repository=f"acme/{text}")
    row = replace(job(report), note=text, title=text, place=place, review_url=text, worker=text)
    async with served(jobs_of(job(samples.b(), "before"), row)) as client:
        page = await page_of(client, path)
    assert not [t for t, _ in page.tags if t in ("script", "img", "iframe", "object", "base")]
    assert [t for t, _ in page.tags].count("style") == 1
    assert text.replace("`", "") in page.text.replace("`", "")
    for link in page.links:
        assert re.match(r"(\./|\.\./|#|\?|https://github\.com/acme/shop/)", link), link
    for form in page.forms:
        assert form.action.startswith(("./", "../")), form.action


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\x1b[31m", "\x00", "\U000e0041"])
async def test_hidden_characters_are_shown(hidden: str) -> None:
    row = replace(job(None, state=JobState.DEAD), note=f"a{hidden}b", title=f"c{hidden}d")
    async with served(jobs_of(row)) as client:
        for path in ("/", "/reviews/01JD8Q7M"):
            text = await (await client.get(path, headers=BEARER)).text()
            assert hidden not in text
            assert f"a‹U+{ord(hidden[0]):04X}›" in text


async def test_s59_no_page_shows_a_secret() -> None:
    """Not even one that came into a job by a way that nobody thought of."""
    ghp = "ghp_" + "a1B2" * 9
    said = f"see {ghp} and {KEY} and {TOKEN}"
    report = rewritten(of_many_steps(), lambda _: said, lambda path: path)
    row = replace(job(report), note=said, title=said)
    async with served(jobs_of(row)) as client:
        for path in ("/", "/reviews/01JD8Q7M"):
            text = await (await client.get(path, headers=BEARER)).text()
            for secret in (ghp, KEY, TOKEN):
                assert secret[4:20] not in text


async def test_links_lead_to_the_configured_host_by_addresses_of_our_own() -> None:
    evil = "https://evil.example/acme/shop/pull/128#pullrequestreview-77"
    row = replace(job(of_many_steps()), review_url=evil)
    document = row.document.replace("https://github.com/acme", "https://evil.example/acme")
    async with served(jobs_of(replace(row, document=document))) as client:
        page = await page_of(client, "/reviews/01JD8Q7M")
    there = "https://github.com/acme/shop"
    assert f"{there}/pull/128#pullrequestreview-2411" in page.links
    assert f"{there}/blob/{row.head}/api/orders.py#L42" in page.links
    assert not [link for link in page.links if "evil" in link]


async def test_a_large_review_is_shown_in_a_second_and_counts_what_it_leaves_out() -> None:
    report = samples.g()
    verdict = report.verdict
    many = tuple(replace(f, id=f"{i:012x}") for i in range(20) for f in verdict.findings)
    row = job(replace(report, verdict=replace(verdict, findings=many)))
    assert "900 more are in the JSON document." in await shown(jobs_of(row), "/reviews/01JD8Q7M")
