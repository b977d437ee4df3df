"""Setup in a browser: one link, one session, GitHub's manifest flow, and then it is over."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app_settings import AppSettings, read_app_settings
from bot.doors.setup import MOST_STATES, STATE_SECONDS, new_token, setup_link, setup_routes
from bot.errors import ConfigProblem
from bot.settings import Settings
from tests.bot.doors.forms import Form, Page
from tests.fakes.app import WEBHOOK_SECRET
from tests.fakes.github import Fault
from tests.fakes.site import FakeSite, fake_site

TOKEN = new_token()
PUBLIC = "https://bot.acme.dev/triptych"

Client = TestClient[web.Request, web.Application]


@dataclass
class Stage:
    """A server that waits to be set up, the GitHub that it knows, and a browser."""

    client: Client
    site: FakeSite
    home: Path
    created: list[AppSettings] = field(default_factory=list)
    time: float = 0.0
    pages: list[str] = field(default_factory=list)

    async def get(self, path: str, **more: Any) -> tuple[aiohttp.ClientResponse, Page]:
        return await self._read(await self.client.get(path, **more))

    async def send(self, form: Form, **typed: str) -> tuple[aiohttp.ClientResponse, Page]:
        """Send a form of ours."""
        assert form.method == "post"
        return await self._read(
            await self.client.post(f"/{form.action}", data={**form.fields, **typed})
        )

    async def _read(self, answer: aiohttp.ClientResponse) -> tuple[aiohttp.ClientResponse, Page]:
        text = await answer.text()
        self.pages.append(text)
        return answer, Page(text)

    async def opened(self) -> Page:
        """The first page, by the link."""
        answer, page = await self.get(f"/setup?token={TOKEN}")
        assert answer.status == 200
        return page

    async def planned(self, **typed: str) -> Form:
        """The form that goes to GitHub."""
        page = await self.opened()
        answer, confirm = await self.send(page.forms[0], **{"public": PUBLIC, **typed})
        assert answer.status == 200, confirm.text
        return confirm.forms[0]

    async def at_github(self, form: Form) -> tuple[str, str]:
        """What a person does at GitHub; the path and the query with which they come back."""
        async with aiohttp.ClientSession() as browser:
            async with browser.post(form.action, data=form.fields) as answer:
                assert answer.status == 200
                [yes] = Page(await answer.text()).forms
            async with browser.post(
                f"{self.site.url}{yes.action}", data=yes.fields, allow_redirects=False
            ) as answer:
                back = urlsplit(answer.headers["Location"])
        return f"{back.scheme}://{back.netloc}{back.path}", back.query


@asynccontextmanager
async def stage(
    home: Path, on_created: Callable[[], Awaitable[None]] | None = None, **more: Any
) -> AsyncIterator[Stage]:
    async with fake_site() as site:
        on = Stage.__new__(Stage)

        async def created() -> None:
            on.created.append(read_app_settings({"TRIPTYCH_HOME": str(home)}))
            if on_created:
                await on_created()

        settings = AppSettings(home, f"sqlite:///{home}/x.db", **more)
        app = web.Application()
        app.add_routes(
            setup_routes(
                Settings(github_api=site.url), settings, created, token=TOKEN, now=lambda: on.time
            )
        )
        async with TestClient(TestServer(app)) as client:
            on.__init__(client, site, home)  # type: ignore[misc]
            yield on


async def test_the_whole_walk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with stage(home) as on:
        form = await on.planned(name="Acme reviews", owner="organisation", organisation="acme")
        assert form.action.startswith(f"{on.site.url}/organizations/acme/settings/apps/new?state=")
        back, query = await on.at_github(form)
        assert back == f"{PUBLIC}/setup/created"
        answer, page = await on.get(f"/setup/created?{query}")
        assert answer.status == 200
        assert "“Acme reviews” is created" in page.text
        assert f"{on.site.url}/apps/triptych/installations/new" in page.links
        assert on.site.asked_by == ["acme"]
        [wanted] = on.site.created
        assert wanted["public"] is False
        assert wanted["hook_attributes"]["url"] == f"{PUBLIC}/webhook"
    # The callback could read all of it: the server goes on without a restart.
    [ready] = on.created
    assert ready.has_app
    assert ready.private_key.startswith("-----BEGIN")
    assert ready.webhook_secrets == (WEBHOOK_SECRET,)
    file = home / "app.json"
    assert set(json.loads(file.read_text())) == {"id", "slug", "pem", "webhook_secret"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


async def test_afterwards_it_is_closed_for_ever(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        form = await on.planned()
        _, query = await on.at_github(form)
        await on.get(f"/setup/created?{query}")
        for path in ("/setup", f"/setup?token={TOKEN}", f"/setup/created?{query}"):
            answer, page = await on.get(path)
            assert answer.status == 410
            assert "The App is set up" in page.text
        answer, _ = await on.send(Form("setup", "post", {}))
        assert answer.status == 410
    assert len(on.created) == 1


async def test_with_an_app_it_is_closed_from_the_start(tmp_path: Path) -> None:
    known: dict[str, Any] = {"app_id": "1", "private_key": "x", "webhook_secrets": ("y",)}
    async with stage(tmp_path, **known) as on:
        answer, _ = await on.get(f"/setup?token={TOKEN}")
        assert answer.status == 410


async def test_no_page_shows_a_secret(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        form = await on.planned()
        _, query = await on.at_github(form)
        answer, _ = await on.get(f"/setup/created?{query}")
        pem = json.loads((tmp_path / "app.json").read_text())["pem"]
        code = parse_qs(query)["code"][0]
        seen = "".join(on.pages) + str(answer.headers)
        for secret in (TOKEN, WEBHOOK_SECRET, code, *pem.splitlines()[1:-1]):
            assert secret not in seen


# --- who may


@pytest.mark.parametrize(
    "path", ["/setup", "/setup?token=", "/setup?token=wrong", "/setup?token=%ff"]
)
async def test_without_the_token_nobody_comes_in(tmp_path: Path, path: str) -> None:
    async with stage(tmp_path) as on:
        answer, page = await on.get(path)
        assert answer.status == 403
        assert "Open that link" in page.text
        assert page.forms == []
        # And the token still works: a wrong one uses nothing up.
        assert (await on.opened()).forms


async def test_the_token_leaves_the_address_and_becomes_a_cookie(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        answer = await on.client.get(f"/setup?token={TOKEN}", allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == "setup"
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        assert TOKEN not in cookie


@pytest.mark.parametrize(
    ("headers", "public"),
    [
        ({"X-Forwarded-Proto": "https"}, ""),
        ({"Host": "bot.acme.dev"}, "https://bot.acme.dev"),
    ],
)
async def test_by_https_the_cookie_is_for_https_alone(
    tmp_path: Path, headers: dict[str, str], public: str
) -> None:
    async with stage(tmp_path, public_url=public) as on:
        link = f"/setup?token={TOKEN}"
        answer = await on.client.get(link, allow_redirects=False, headers=headers)
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_the_token_opens_one_browser_and_no_second(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.opened()
        again, _ = await on.get(f"/setup?token={TOKEN}")
        assert again.status == 200  # The same browser, the link clicked twice.
        on.client.session.cookie_jar.clear()
        answer, page = await on.get(f"/setup?token={TOKEN}")
        assert answer.status == 403
        assert "used already" in page.text


async def test_a_look_ahead_does_not_use_the_token_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert (await on.client.head(f"/setup?token={TOKEN}")).status == 405
        assert (await on.opened()).forms


async def test_a_form_without_its_key_or_from_another_site_does_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        for key in ("", "0" * 64, "ключ"):
            answer, _ = await on.send(Form("setup", "post", {**page.forms[0].fields, "form": key}))
            assert answer.status == 403
        foreign = await on.client.post(
            "/setup", data=page.forms[0].fields, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert foreign.status == 403
        on.client.session.cookie_jar.clear()
        assert (await on.send(page.forms[0]))[0].status == 403


# --- the form


async def test_it_is_filled_in_from_the_environment_or_the_browser(tmp_path: Path) -> None:
    async with stage(tmp_path, public_url=PUBLIC) as on:
        assert (await on.opened()).forms[0].fields["public"] == PUBLIC
    async with stage(tmp_path) as on:
        [form] = (await on.opened()).forms
        assert form.fields["public"] == str(on.client.make_url("")).rstrip("/")
        assert form.fields["name"] == "Triptych"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"name": ""}, "Give a name"),
        ({"name": "x" * 35}, "Give a name"),
        ({"owner": "organisation", "organisation": ""}, "organisation's name"),
        ({"owner": "organisation", "organisation": "a/../b"}, "organisation's name"),
        ({"public": "bot.acme.dev"}, "https://host"),
        ({"public": "javascript:alert(1)"}, "https://host"),
        ({"public": "https://user:pw@bot.acme.dev"}, "https://host"),
        ({"public": "https://[::1"}, "https://host"),
        ({"public": f"https://{'a' * 400}.dev"}, "https://host"),
        ({"public": 'https://bot.acme.dev/"><b>'}, "https://host"),
    ],
)
async def test_what_is_wrong_is_said_beside_it(
    tmp_path: Path, typed: dict[str, str], wrong: str
) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        answer, again = await on.send(page.forms[0], **{"public": PUBLIC, **typed})
        assert answer.status == 422
        assert wrong in again.text
        [field] = [a for _, a in again.tags if a.get("aria-invalid") == "true"]
        assert f"{field['id']}-wrong" in field["aria-describedby"]
        assert again.forms[0].action == "setup"
        shown = {**again.forms[0].fields}
        assert {k: shown.get(k) for k in typed} == typed
        assert ("b", {}) not in again.tags


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_address_without_encryption_is_told(tmp_path: Path, scheme: str) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        public = PUBLIC.replace("https", scheme)
        _, confirm = await on.send(page.forms[0], public=public)
        assert ("Without encryption" in confirm.text) is (scheme == "http")
        assert confirm.forms[0].action.startswith("http"), "on to GitHub all the same"


async def test_a_local_address_is_told_and_let_go_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        assert "GitHub cannot reach this address" in page.text
        assert "tunnel" in page.text
        local = "http://localhost:8080"
        _, confirm = await on.send(page.forms[0], public=local)
        assert "Without a webhook" in confirm.text
        _, query = await on.at_github(confirm.forms[0])
        answer, done = await on.get(f"/setup/created?{query}")
        assert answer.status == 200
        assert "Three things are left to do" in done.text
        assert "tick “Active”" in done.text
        assert f"{local}/webhook" in done.text
        assert "pull_request_review_comment" in done.text


async def test_the_last_page_leads_to_the_status_pages(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        _, query = await on.at_github(await on.planned())
        _, done = await on.get(f"/setup/created?{query}")
        assert "../" in done.links
        assert "left to do" not in done.text


async def test_a_server_of_github_in_the_same_network_reaches_a_local_address(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        _, confirm = await on.send(page.forms[0], public="http://10.1.2.3:8080")
        assert "Without a webhook" not in confirm.text
        assert "http://10.1.2.3:8080/webhook" in confirm.text


async def test_a_secret_that_github_did_not_set_is_left_to_do(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.site.gives = {"webhook_secret": None}
        _, query = await on.at_github(await on.planned())
        _, done = await on.get(f"/setup/created?{query}")
        assert "has no webhook secret yet" in done.text
        assert "One thing is left to do" in done.text
        secret = json.loads((tmp_path / "app.json").read_text())["webhook_secret"]
        assert len(secret) == 64
        assert secret not in "".join(on.pages)


async def test_only_the_form_for_github_may_leave(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        first, _ = await on.get("/setup")
        assert "form-action 'self';" in first.headers["Content-Security-Policy"]
        second, _ = await on.send(page.forms[0], public=PUBLIC)
        assert f"form-action 'self' {on.site.url};" in second.headers["Content-Security-Policy"]


async def test_an_unwritable_home_is_told_before_anything_is_created(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    async with stage(tmp_path / "home") as on:
        page = await on.opened()
        answer, told = await on.send(page.forms[0], public=PUBLIC)
        assert answer.status == 500
        assert "TRIPTYCH_HOME" in told.text
        assert on.site.created == []


# --- GitHub's answer


async def test_a_state_is_good_once_and_only_ours(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        form = await on.planned()
        _, query = await on.at_github(form)
        code = parse_qs(query)["code"][0]
        for state in ("", "&state=", "&state=guessed", "&state=%ff%00"):
            answer, page = await on.get(f"/setup/created?code={code}{state}")
            assert answer.status == 403
            assert "belongs to no setup" in page.text
        on.site.faults.append(Fault("POST", "/conversions", 500))
        answer, _ = await on.get(f"/setup/created?{query}")
        assert answer.status == 502
        answer, _ = await on.get(f"/setup/created?{query}")
        assert answer.status == 403
        assert not (tmp_path / "app.json").exists()
        assert on.created == []


async def test_a_state_ends_after_an_hour(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        _, query = await on.at_github(await on.planned())
        on.time = STATE_SECONDS + 1
        assert (await on.get(f"/setup/created?{query}"))[0].status == 403


async def test_going_back_and_forth_keeps_the_newest_attempts(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        forms = []
        for _ in range(MOST_STATES + 1):
            _, confirm = await on.send(page.forms[0], public=PUBLIC)
            forms.append(confirm.forms[0])
        _, oldest = await on.at_github(forms[0])
        assert (await on.get(f"/setup/created?{oldest}"))[0].status == 403
        _, second = await on.at_github(forms[1])
        assert (await on.get(f"/setup/created?{second}"))[0].status == 200


@pytest.mark.parametrize("do", ["html", "cut", "lost", "drop", 404, 422, 503])
async def test_what_github_does_not_give_is_told_and_may_be_tried_again(
    tmp_path: Path, do: str | int
) -> None:
    async with stage(tmp_path) as on:
        page = await on.opened()
        _, confirm = await on.send(page.forms[0], public=PUBLIC)
        _, query = await on.at_github(confirm.forms[0])
        on.site.faults.append(Fault("POST", "/conversions", do))
        answer, told = await on.get(f"/setup/created?{query}")
        assert answer.status == 502
        assert "delete it there" in told.text
        assert parse_qs(query)["code"][0] not in on.pages[-1]
        _, confirm = await on.send(page.forms[0], public=PUBLIC)
        _, query = await on.at_github(confirm.forms[0])
        assert (await on.get(f"/setup/created?{query}"))[0].status == 200


async def test_what_keeps_the_server_from_going_on_is_shown_and_the_app_is_kept(
    tmp_path: Path,
) -> None:
    async def fails() -> None:
        raise ConfigProblem("The database cannot be opened.", "Look at its log.")

    async with stage(tmp_path, fails) as on:
        _, query = await on.at_github(await on.planned())
        answer, page = await on.get(f"/setup/created?{query}")
        assert answer.status == 200
        assert "The database cannot be opened. Look at its log." in page.text
        assert (await on.get("/setup"))[0].status == 410
    assert read_app_settings({"TRIPTYCH_HOME": str(tmp_path)}).has_app


def test_the_link() -> None:
    assert setup_link("http://127.0.0.1:8080", "a-b_c") == "http://127.0.0.1:8080/setup?token=a-b_c"
    assert len(new_token()) >= 43
    assert new_token() != new_token()
