"""`backfill`: a wish for each open pull request that is not reviewed at its head, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.jobs.protocol import JobRow, JobState, Place, ReviewWish, Trigger
from bot.operator.backfill import run
from bot.outputs.checkrun import check_title
from bot.outputs.document import document
from bot.outputs.marker import Marker, write_marker
from tests.bot.operator.github_env import acting, opening, operate
from tests.bot.outputs import samples
from tests.bot.running import Ended
from tests.fakes.app import APP_ID, INSTALLATION
from tests.fakes.github import REPOSITORY, REPOSITORY_ID, Fault
from tests.fakes.jobs import FULL, FakeJobs
from tests.fakes.operator import OperatorsApp, operators_app

OURS = "triptych[bot]"


def with_pulls(fake: OperatorsApp, number: int = 3) -> OperatorsApp:
    """Open pull requests 1 to `number`."""
    for n in range(1, number + 1):
        fake.pull(n, {"a.py": "a = 1\n"}, {"a.py": f"a = {n + 1}\n"})
    return fake


def review(fake: OperatorsApp, number: int, login: str, *, head: str = "", **more: str) -> None:
    """A review that stands on a pull request, with a marker of that head (default: its own)."""
    pull = fake.pulls[number]
    marker = Marker("r" * 12, head or pull.head, "c" * 8, more.pop("outcome", "findings"))
    row = {"id": 1, "user": {"login": login}, "state": "COMMENTED", "commit_id": pull.head}
    pull.reviews.append({**row, "body": f"Words.\n\n{write_marker(marker)}", **more})


def check_run(fake: OperatorsApp, number: int, app: int = APP_ID, **more: str) -> None:
    """A check run on the head of a pull request."""
    made = {"name": "Triptych", "status": "completed", "conclusion": "success", **more}
    fake.checks.append({"id": 5, "head_sha": fake.pulls[number].head, "app": {"id": app}, **made})


def incomplete(fake: OperatorsApp, number: int) -> None:
    """A review of ours that has not read all, with its check run."""
    review(fake, number, OURS, outcome="incomplete")
    check_run(fake, number, conclusion="neutral")


async def backfill(
    fake: OperatorsApp, home: Path, jobs: FakeJobs, limit: int | None = None, **env: str
) -> Ended:
    return await acting(
        lambda: run(REPOSITORY, limit=limit, opened=opening(jobs)),
        home,
        fake.environment(home, **env),
    )


def numbers(jobs: FakeJobs) -> list[int]:
    return [wish.place.number for wish in jobs.wishes if isinstance(wish, ReviewWish)]


async def test_each_is_wished_for_the_newest_first(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        with_pulls(fake)
        ended = await backfill(fake, tmp_path, jobs)
        head, base = fake.pulls[3].head, fake.pulls[3].base
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert numbers(jobs) == [3, 2, 1]
    place = Place(INSTALLATION, "acme", REPOSITORY_ID, REPOSITORY, 3)
    updated = datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp()
    assert jobs.wishes[0] == ReviewWish(place, Trigger.BACKFILL, head, base, seen=updated)
    assert len({delivery for _, delivery in jobs.taken}) == 1
    assert ended.told == [
        *(
            f"{i} of 3: {REPOSITORY}#{n} asked for: Sort orders"
            for i, n in ((1, 3), (2, 2), (3, 1))
        ),
        "Asked for 3 reviews; 0 stand reviewed, 0 wait or run already.",
    ]


REVIEWED = {
    "a review of ours at this head": lambda fake: review(fake, 2, OURS),
    "our login in another spelling": lambda fake: review(fake, 2, "Triptych[bot]"),
    "a check run alone, as of a clean one": lambda fake: check_run(fake, 2),
}
NOT_REVIEWED = {
    "a review at an older head": lambda fake: review(fake, 2, OURS, head="0" * 40),
    "a marker of somebody else": lambda fake: review(fake, 2, "mallory"),
    "somebody whose name only begins like ours": lambda fake: review(fake, 2, "triptych"),
    "one that failed": lambda fake: review(fake, 2, OURS, outcome="failed"),
    "an incomplete one, whatever its check run says": lambda fake: incomplete(fake, 2),
    "one that stepped back": lambda fake: review(fake, 2, OURS, outcome="duplicate"),
    "one that was never submitted": lambda fake: review(fake, 2, OURS, state="PENDING"),
    "a check run of another App": lambda fake: check_run(fake, 2, app=7),
    "a check run that was skipped": lambda fake: check_run(fake, 2, conclusion="skipped"),
    "a check run of another name": lambda fake: check_run(fake, 2, name="tests"),
    "a check run that is still running": lambda fake: check_run(fake, 2, status="in_progress"),
}


@pytest.mark.parametrize("case", REVIEWED)
async def test_what_stands_reviewed_is_left_alone(case: str, tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        REVIEWED[case](with_pulls(fake))
        ended = await backfill(fake, tmp_path, jobs)
    assert numbers(jobs) == [3, 1]
    assert ended.told[-1] == "Asked for 2 reviews; 1 stand reviewed, 0 wait or run already."


@pytest.mark.parametrize("case", NOT_REVIEWED)
async def test_what_only_looks_reviewed_is_wished_for(case: str, tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        NOT_REVIEWED[case](with_pulls(fake))
        await backfill(fake, tmp_path, jobs)
    assert numbers(jobs) == [3, 2, 1]


async def test_an_incomplete_review_is_taken_again_once_for_each_time(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        place, head = with_pulls(fake, 1).place(1), fake.pulls[1].head

        def done(job: str, outcome: str, state: JobState = JobState.DONE) -> None:
            jobs.rows[job] = JobRow(job, place, Trigger.PUSHED, state, head, outcome)

        done("old", "findings")
        done("j", "incomplete")
        ended = await backfill(fake, tmp_path, jobs)
        (first,) = jobs.wishes
        assert isinstance(first, ReviewWish)
        assert (first.trigger, first.head) == (Trigger.BACKFILL, head)
        assert first.once == "not wholly read by j"
        assert ended.told == [
            f"1 of 1: {REPOSITORY}#1 asked for again, as not all of it was read: Sort orders",
            "Asked for 1 review, 1 of them for what went unread; 0 stand reviewed, 0 wait or run already.",
        ]
        waiting = next(reversed(jobs.rows))
        assert (await backfill(fake, tmp_path, jobs)).told[-1].endswith("1 wait or run already.")
        done(waiting, "", JobState.CANCELLED)
        await backfill(fake, tmp_path, jobs)
        assert len(jobs.wishes) == 2, "somebody stopped it, and now asks again"
        done(next(reversed(jobs.rows)), "clean")
        ended = await backfill(fake, tmp_path, jobs)
        assert ended.told[-1].endswith("1 stand reviewed, 0 wait or run already.")
        assert len(jobs.wishes) == 2


KEY = {"ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef"}


@pytest.mark.parametrize(
    ("engine", "env", "asked"),
    [
        ("auto", KEY, 1),
        ("auto", {}, 0),
        ("auto", {**KEY, "TRIPTYCH_ENGINE": "static"}, 0),
        ("static", KEY, 0),
    ],
)
async def test_what_no_model_has_read_for_want_of_a_key_is_taken_when_there_is_one(
    engine: str, env: dict[str, str], asked: int, tmp_path: Path
) -> None:
    """And where the configuration wants none there is nothing to wait for."""
    jobs = FakeJobs()
    setting = {"path": "engine", "value": json.dumps(engine), "origin": "x", "bound": ""}
    async with operators_app() as fake:
        pull = with_pulls(fake, 1).pulls[1]
        text = json.dumps({**json.loads(document(samples.f())), "settings": [setting]})
        made = JobRow("j", fake.place(1), Trigger.PUSHED, JobState.DONE, pull.head, "findings")
        made = replace(made, title=check_title(samples.f()), document=text)
        jobs.rows["j"] = made
        ended = await backfill(fake, tmp_path, jobs, None, **env)
        assert len(jobs.wishes) == asked, ended.err
        assert ended.told[-1].endswith(f"{1 - asked} stand reviewed, 0 wait or run already.")
        for wish in jobs.wishes:
            assert isinstance(wish, ReviewWish)
            assert wish.once == "not wholly read by j"
        read = replace(made, id="k", title="No findings: 3 reviewers read all 35 hunks")
        jobs.rows = {"k": read}
        assert (
            (await backfill(fake, tmp_path, jobs, None, **env)).told[-1].startswith("Asked for 0")
        )


async def test_an_incomplete_review_of_which_only_github_tells(tmp_path: Path) -> None:
    """The list of jobs that is looked through is not endless."""
    jobs = FakeJobs()
    async with operators_app() as fake:
        review(with_pulls(fake, 1), 1, OURS, outcome="incomplete")
        await backfill(fake, tmp_path, jobs)
    (wish,) = jobs.wishes
    assert isinstance(wish, ReviewWish)
    assert wish.once.endswith("r" * 12)


async def test_what_was_ordered_and_has_read_no_head_yet_waits(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        place = with_pulls(fake, 1).place(1)
        jobs.rows["c"] = JobRow("c", place, Trigger.COMMAND, JobState.WAITING)
        ended = await backfill(fake, tmp_path, jobs)
    assert ended.told[-1] == "Asked for 0 reviews; 0 stand reviewed, 1 wait or run already."


async def test_what_waits_at_this_head_is_left_alone(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        with_pulls(fake)
        for number, head in ((1, fake.pulls[1].head), (2, "0" * 40)):
            place = fake.place(number)
            jobs.rows[f"j{number}"] = JobRow(
                f"j{number}", place, Trigger.OPENED, JobState.WAITING, head
            )
        ended = await backfill(fake, tmp_path, jobs)
    assert numbers(jobs) == [3, 2]
    assert ended.told[-1] == "Asked for 2 reviews; 0 stand reviewed, 1 wait or run already."


async def test_a_clean_review_that_was_told_nowhere_else_counts(tmp_path: Path) -> None:
    """Else `--limit 3` would ask for the same three again and again."""
    jobs = FakeJobs()
    async with operators_app() as fake:
        with_pulls(fake)
        for number, head in ((3, fake.pulls[3].head), (2, "0" * 40)):
            jobs.rows[f"j{number}"] = JobRow(
                f"j{number}", fake.place(number), Trigger.OPENED, JobState.DONE, head
            )
        ended = await backfill(fake, tmp_path, jobs, 1)
    assert numbers(jobs) == [2]
    assert ended.told[-1] == "Asked for 1 review; 1 stand reviewed, 0 wait or run already."


async def test_the_limit_counts_wishes(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        review(with_pulls(fake, 4), 4, OURS)
        await backfill(fake, tmp_path, jobs, limit=2)
        asked = [path for _, path in fake.calls]
    assert numbers(jobs) == [3, 2]
    assert f"/repos/{REPOSITORY}/pulls/1/reviews" not in asked


async def test_all_pages_of_pull_requests_and_reviews_are_read(tmp_path: Path) -> None:
    jobs = FakeJobs()
    async with operators_app() as fake:
        fake.page = 2
        with_pulls(fake, 5)
        for _ in range(4):
            review(fake, 5, "mallory")
        review(fake, 5, OURS)
        fake.pulls[1].state = "closed"
        await backfill(fake, tmp_path, jobs)
    assert numbers(jobs) == [4, 3, 2]


async def test_the_token_is_for_this_repository_to_read_and_is_revoked(tmp_path: Path) -> None:
    """Case S18."""
    async with operators_app() as fake:
        with_pulls(fake, 1)
        await backfill(fake, tmp_path, FakeJobs())
        assert fake.minted == [
            {
                "repository_ids": [REPOSITORY_ID],
                "permissions": {"metadata": "read", "pull_requests": "read", "checks": "read"},
            }
        ]
        assert len(fake.revoked) == 1
        assert fake.issued == {}


async def test_the_token_is_revoked_when_it_goes_wrong_too(tmp_path: Path) -> None:
    async with operators_app() as fake:
        with_pulls(fake, 1)
        ended = await backfill(fake, tmp_path, FakeJobs(fails=FULL))
        assert ended.code == 3
        assert ended.told[-2:] == [FULL.what, FULL.do]
        assert fake.issued == {}


async def test_without_the_checks_permission_reviews_tell(tmp_path: Path) -> None:
    """Case S20."""
    jobs = FakeJobs()
    async with operators_app() as fake:
        del fake.installations[INSTALLATION].permissions["checks"]
        review(with_pulls(fake), 1, OURS)
        ended = await backfill(fake, tmp_path, jobs)
        assert ended.code == 0, ended.err
        assert not any("check-runs" in path for _, path in fake.calls)
    assert numbers(jobs) == [3, 2]


async def test_jobs_that_take_nothing_are_said_before_anything_is_wished(tmp_path: Path) -> None:
    jobs = FakeJobs(why_not="the database is locked")
    async with operators_app() as fake:
        with_pulls(fake)
        ended = await backfill(fake, tmp_path, jobs)
    assert ended.code == 3
    assert ended.told == [
        "No work can be taken now: the database is locked.",
        "See `triptych doctor`.",
    ]
    assert jobs.taken == []


async def test_an_account_that_is_not_allowed(tmp_path: Path) -> None:
    async with operators_app() as fake:
        with_pulls(fake)
        ended = await backfill(fake, tmp_path, FakeJobs(), TRIPTYCH_ALLOWED_ACCOUNTS="other")
        assert fake.minted == []
    assert (ended.code, ended.told[0]) == (2, "acme is not an allowed account.")


async def test_a_suspended_app(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.installations[INSTALLATION].suspended = True
        ended = await backfill(fake, tmp_path, FakeJobs())
    assert (ended.code, ended.told[0]) == (2, "The App is suspended on acme.")


async def test_a_repository_without_the_app(tmp_path: Path) -> None:
    async with operators_app() as fake:
        ended = await operate(fake, tmp_path, "backfill", "acme/other")
    assert ended.code == 2
    assert "The App is not installed on acme/other" in ended.told[0]


@pytest.mark.parametrize("name", ["acme", "acme/shop#3", "a/b/c", "../x", "-/y z", "https://x/y/z"])
async def test_what_is_no_repository(name: str, tmp_path: Path) -> None:
    async with operators_app() as fake:
        ended = await operate(fake, tmp_path, "backfill", "--", name)
        assert fake.calls == []
    assert ended.code == 2
    assert ended.told[1] == "Give OWNER/REPO."


async def test_a_hostile_title_is_shown_not_obeyed(tmp_path: Path) -> None:
    async with operators_app() as fake:
        with_pulls(fake, 1)
        fake.pulls[1].title = "\x1b[2J::error::\u202ex\nghp_" + "a1" * 20
        ended = await backfill(fake, tmp_path, FakeJobs())
    assert ended.told[0] == f"1 of 1: {REPOSITORY}#1 asked for: ‹U+001B›[2J::error::‹U+202E›x ghp_…"


@pytest.mark.parametrize("how", ["redirect", "link"])
async def test_another_host_is_not_followed(how: str, tmp_path: Path) -> None:
    """Case S35: the token leaves for GitHub's own host only."""
    async with operators_app() as fake, operators_app() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        with_pulls(fake, 3)
        if how == "link":
            fake.page, fake.links = 2, elsewhere
        else:
            fake.faults.append(Fault("GET", r"/pulls$", "redirect", to=f"{elsewhere}/x"))
        ended = await backfill(fake, tmp_path, FakeJobs())
        assert other.calls == []
        host = fake.url.removeprefix("http://")
    assert (ended.code, ended.told[0]) == (3, f"{host} leads to another address.")
