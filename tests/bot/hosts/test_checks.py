"""Check runs: one for a review, within GitHub's limits, and none where none may be written."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.errors import HostProblem
from bot.hosts.checks import ACTION, BUTTON_ID, Checks, external_id
from bot.outputs.checkrun import CheckRun
from tests.bot.hosts.installed import QuickAppAPI, installed, one_pull
from tests.fakes.app import APP_ID, INSTALLATION, SLUG, FakeApp
from tests.fakes.github import Fault

DONE = CheckRun("neutral", "1 finding: 1 high", "Summary.", "Text.")


@dataclass
class Around:
    """A pull request and its check runs."""

    github: FakeApp
    api: QuickAppAPI
    checks: Checks
    head: str

    @property
    def name(self) -> str:
        """The external id while the configuration is not known."""
        return external_id("01JD8Q7M", self.head)

    def asked(self) -> list[str]:
        """The requests that are about check runs."""
        return [a.replace(self.head, "HEAD") for a in self.github.asked() if "check-runs" in a]

    def again(self) -> Checks:
        """The same after a crash."""
        return Checks(self.api, APP_ID)


@asynccontextmanager
async def around() -> AsyncIterator[Around]:
    """A pull request whose head may have check runs."""
    async with one_pull() as github, installed(github) as here, here.api() as api:
        yield Around(github, api, Checks(api, APP_ID), github.pulls[1].head)


async def test_a_check_run_from_start_to_finish() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "Reading", a.name, "https://bot.example/reviews/1")
        (row,) = a.github.checks
        assert (row["id"], row["name"], row["head_sha"]) == (check, "Triptych", a.head)
        assert (row["status"], row["conclusion"]) == ("in_progress", None)
        assert row["output"] == {"title": "Reading", "summary": "Reading"}
        assert row["details_url"] == "https://bot.example/reviews/1"
        await a.checks.say(check, "Reading 34 hunks with 3 reviewers")
        assert row["output"]["title"] == "Reading 34 hunks with 3 reviewers"
        assert row["status"] == "in_progress"
        whole = external_id("01JD8Q7M", a.head, "9f3ad2c1")
        await a.checks.finish(check, DONE, whole, "https://bot.example/reviews/1")
        assert (row["status"], row["conclusion"]) == ("completed", "neutral")
        assert row["output"] == {
            "title": "1 finding: 1 high",
            "summary": "Summary.",
            "text": "Text.",
        }
        assert row["external_id"] == f"01JD8Q7M:{a.head}:9f3ad2c1"
        assert a.asked() == [
            "GET /commits/HEAD/check-runs",
            "POST /check-runs",
            f"PATCH /check-runs/{check}",
            f"PATCH /check-runs/{check}",
        ]


async def test_the_button_asks_for_another_review() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "Reading", a.name)
        await a.checks.finish(check, DONE, a.name)
        assert a.github.checks[0]["actions"] == [ACTION]
        assert ACTION["label"] == "Review again"
        assert ACTION["identifier"] == BUTTON_ID
        for name, most in (("label", 20), ("description", 40), ("identifier", 20)):
            assert 0 < len(ACTION[name]) <= most
        await a.checks.finish(check, DONE, a.name, button=False)
        assert a.github.checks[0]["actions"] == []


# --- one, whatever happens


async def test_s73_after_a_crash_the_same_check_run_is_found() -> None:
    async with around() as a:
        first = await a.checks.start(a.head, "Reading", a.name)
        assert await a.again().start(a.head, "Reading", a.name) == first
        await a.checks.finish(first, DONE, external_id("01JD8Q7M", a.head, "9f3ad2c1"))
        assert await a.again().start(a.head, "Reading", a.name) == first
        assert len(a.github.checks) == 1


async def test_another_review_of_the_same_commit_has_its_own() -> None:
    async with around() as a:
        first = await a.checks.start(a.head, "Reading", a.name)
        await a.checks.finish(first, DONE, a.name)
        other = await a.again().start(a.head, "Reading", external_id("01JD9AAA", a.head))
        assert other != first
        assert await a.checks.find(a.head, a.name) == first, "the older one is found among all"


async def test_an_old_one_is_found_behind_a_hundred_newer_ones() -> None:
    """Reviews that are asked for again and again leave a check run each."""
    async with around() as a:
        first = await a.checks.start(a.head, "Reading", a.name)
        for number in range(150):
            row = dict(
                a.github.checks[0], id=10_000 + number, external_id=f"other{number}:{a.head}:"
            )
            a.github.checks.append(row)
        assert await a.checks.find(a.head, a.name) == first
        shown = await a.checks.shown(a.head)
        assert [r.number for r in shown[:2]] == [10_149, 10_148]
        assert len(shown) == 151


async def test_check_runs_of_others_are_left_alone() -> None:
    async with around() as a:
        foreign = {"id": 1, "name": "Triptych", "head_sha": a.head, "external_id": a.name}
        a.github.checks.append({**foreign, "app": {"id": 1, "slug": "x"}})
        nameless = {**foreign, "external_id": None, "app": {"id": APP_ID, "slug": SLUG}}
        a.github.checks.append(nameless)
        assert await a.checks.find(a.head, a.name) is None


@pytest.mark.parametrize("fault", ["lost", "late", 502, "html", "drop"])
async def test_s66_when_the_answer_is_lost_it_is_looked_for(fault: int | str) -> None:
    async with around() as a:
        a.github.faults = [Fault("POST", "/check-runs$", fault)]
        done = fault in ("lost", "late")
        if done:
            assert await a.checks.create(a.head, "Reading", a.name) == a.github.checks[0]["id"]
        else:
            with pytest.raises(HostProblem) as raised:
                await a.checks.create(a.head, "Reading", a.name)
            assert raised.value.retryable
        assert len(a.github.checks) == (1 if done else 0)


async def test_nothing_reviewed_is_said_in_one_request_of_two() -> None:
    async with around() as a:
        await a.checks.skip(a.head, "draft pull request", a.name)
        (row,) = a.github.checks
        assert (row["status"], row["conclusion"]) == ("completed", "skipped")
        assert row["output"]["title"] == "Skipped: draft pull request"
        assert a.asked() == ["GET /commits/HEAD/check-runs", "POST /check-runs"]
        await a.again().skip(a.head, "draft pull request", a.name)
        assert len(a.github.checks) == 1


async def test_a_review_that_began_and_is_skipped_keeps_its_check_run() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "Reading", a.name)
        await a.checks.skip(a.head, "a newer commit is being reviewed", a.name)
        (row,) = a.github.checks
        assert (row["id"], row["conclusion"]) == (check, "skipped")


# --- limits


async def test_texts_are_kept_within_github_s_limits() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "T" * 300, a.name)
        for size in (65_535, 65_536, 200_000):
            await a.checks.finish(
                check, CheckRun("neutral", "T" * 300, "s" * size, "é" * size), a.name
            )
            output = a.github.checks[0]["output"]
            assert len(output["title"]) == 255
            assert len(output["summary"]) == len(output["text"]) == 65_535
            cut = output["text"].endswith("too long for a check run.)")
            assert cut == (size > 65_535)


async def test_empty_texts_are_left_out() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "T", a.name)
        await a.checks.finish(check, CheckRun("success", "Fine", "", ""), a.name)
        assert a.github.checks[0]["output"] == {"title": "Fine", "summary": "Fine"}
        assert "details_url" not in a.github.checks[0]


async def test_s68_a_new_title_is_left_out_when_few_requests_are_left() -> None:
    async with around() as a:
        a.github.remaining = 5
        check = await a.checks.start(a.head, "Reading", a.name)
        await a.checks.say(check, "Other")
        await a.checks.finish(check, DONE, a.name)
        assert [x.partition(" ")[0] for x in a.asked()] == ["GET", "POST", "PATCH"]


# --- S20


async def everything(a: Around) -> None:
    """All that a review does with check runs."""
    check = await a.checks.start(a.head, "Reading", a.name)
    assert check is None
    await a.checks.say(check, "Other")
    await a.checks.finish(check, DONE, a.name)
    await a.checks.skip(a.head, "draft pull request", a.name)


async def test_s20_without_the_permission_nothing_is_asked() -> None:
    async with around() as a:
        del a.github.installations[INSTALLATION].permissions["checks"]
        await everything(a)
        assert a.asked() == []


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_s20_a_refusal_is_told_once_and_not_tried_again(
    status: int, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with around() as a:
        a.github.faults = [Fault(method, "/check-runs", status, times=99)]
        await everything(a)
        assert len(a.asked()) == (1 if method == "GET" else 2)
        warned = [r for r in caplog.records if r.levelno >= logging.WARNING]
        assert len(warned) == 1
        assert "No check run on acme/shop#1" in warned[0].getMessage()


async def test_s20_a_permission_that_is_taken_away_while_it_runs_does_not_fail_the_review() -> None:
    async with around() as a:
        check = await a.checks.start(a.head, "Reading", a.name)
        a.github.faults = [Fault("PATCH", "/check-runs", 403, times=99)]
        await a.checks.finish(check, DONE, a.name)
        await a.checks.finish(check, DONE, a.name)
        assert len(a.asked()) == 3


async def test_other_failures_are_problems() -> None:
    async with around() as a:
        with pytest.raises(HostProblem, match="No commit found for SHA"):
            await a.checks.create("0" * 40, "Reading", a.name)
        a.github.faults = [Fault("PATCH", "/check-runs", 502, times=99)]
        with pytest.raises(HostProblem, match="could not write the check run") as raised:
            await a.checks.finish(1, DONE, a.name)
        assert raised.value.retryable
