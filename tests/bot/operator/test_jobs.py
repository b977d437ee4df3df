"""`jobs list|show|retry|cancel`, against jobs in memory: what is shown, what is done, what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.protocol import JobRow, JobState, Place, Trigger
from bot.operator import commands
from bot.operator import jobs as command
from bot.outputs.unread import WITHHELD
from bot.report import Report
from reviewers.core.verdict import Outcome
from tests.bot.operator.github_env import act, opening
from tests.bot.outputs import samples, stored
from tests.bot.outputs.endings import withheld
from tests.bot.running import Ended, run
from tests.fakes.jobs import FakeJobs

PLACE = Place(77, "acme", 5000, "acme/shop", 128)
HEAD = "4be91c0" + "0" * 33
DONE = JobRow(
    *("rev:1", PLACE, Trigger.PUSHED, JobState.DONE, HEAD, "findings", "Sort orders"),
    *(1_795_000_000.0, 1_795_000_001.0, 1_795_000_007.0, 1, 0.04, 3, 0),
    *("https://github.com/acme/shop/pull/128#r1", "", "w1", '{"schema": "triptych-review/1"}'),
)
DEAD = JobRow(
    "rev:2", PLACE, Trigger.OPENED, JobState.DEAD, HEAD, attempts=3, note="the worker died"
)
RUNNING = JobRow("rev:3", PLACE, Trigger.OPENED, JobState.RUNNING, HEAD, started=1.0, cost=None)


def filled(*rows: JobRow) -> FakeJobs:
    return FakeJobs(rows={row.id: row for row in rows or (DONE, DEAD, RUNNING)})


def do(what: Callable[[], None], home: Path) -> Ended:
    return act(what, home, {"TRIPTYCH_HOME": str(home)})


def test_the_list(tmp_path: Path) -> None:
    opened = opening(filled())
    ended = do(
        lambda: command.show_list(limit=50, state=None, as_json=False, opened=opened), tmp_path
    )
    assert ended.code == 0
    assert ended.err == ""
    head, *rows = ended.out.splitlines()
    assert head.split("  ")[0] == "ID"
    assert [row.split()[0] for row in rows] == ["rev:3", "rev:2", "rev:1"]
    assert "dead (3 attempts)" in rows[1]
    assert "the worker died" in rows[1]
    assert "price unknown" in rows[0]
    for part in ("done", "acme/shop#128", "4be91c0 ", "pushed", "2026-11-18 11:06:40Z", "findings"):
        assert part in rows[2]
    assert rows[2].endswith("0.04 USD")


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.SUPERSEDED, JobState.PARKED])
def test_what_was_never_posted_came_to_nothing(state: JobState, tmp_path: Path) -> None:
    row = replace(DONE, state=state, review_url="", note="why it stands there")
    opened = opening(filled(row))
    shown = do(
        lambda: command.show_list(limit=50, state=None, as_json=False, opened=opened), tmp_path
    ).out
    assert "findings" not in shown
    assert "why it stands there" in shown
    assert (
        "\noutcome"
        not in do(lambda: command.show_one("rev:1", as_json=False, opened=opened), tmp_path).out
    )


def test_what_was_posted_and_then_stopped_keeps_its_outcome(tmp_path: Path) -> None:
    opened = opening(filled(replace(DONE, state=JobState.CANCELLED)))
    ended = do(
        lambda: command.show_list(limit=50, state=None, as_json=False, opened=opened), tmp_path
    )
    assert "findings" in ended.out


def test_the_list_of_one_state(tmp_path: Path) -> None:
    opened = opening(filled())
    ended = do(
        lambda: command.show_list(limit=50, state=JobState.DEAD, as_json=True, opened=opened),
        tmp_path,
    )
    document = json.loads(ended.out)
    assert document["schema"] == "triptych-jobs/1"
    (row,) = document["jobs"]
    assert (row["id"], row["state"], row["place"]["number"]) == ("rev:2", "dead", 128)


def test_the_list_of_one_outcome(tmp_path: Path) -> None:
    partly = replace(DONE, id="rev:4", outcome="incomplete", unread=2)
    opened = opening(filled(DONE, partly, DEAD))
    ended = do(
        lambda: command.show_list(
            limit=50, state=None, as_json=True, outcome="incomplete", opened=opened
        ),
        tmp_path,
    )
    assert [row["id"] for row in json.loads(ended.out)["jobs"]] == ["rev:4"]


def test_the_choices_are_those_of_the_jobs() -> None:
    """They are said twice, for `--help` loads nothing."""
    assert [*commands.State] == [*JobState]
    assert [*commands.Outcome] == [*Outcome]


@pytest.mark.parametrize(
    ("state", "said"),
    [(None, "There are no jobs yet."), (JobState.DEAD, "There are no such jobs.")],
)
def test_an_empty_list_is_said(state: JobState | None, said: str, tmp_path: Path) -> None:
    opened = opening(FakeJobs())
    ended = do(
        lambda: command.show_list(limit=50, state=state, as_json=False, opened=opened), tmp_path
    )
    assert (ended.code, ended.out, ended.told) == (0, "", [said])


def test_one_job(tmp_path: Path) -> None:
    opened = opening(filled())
    ended = do(lambda: command.show_one("rev:1", as_json=False, opened=opened), tmp_path)
    rows = dict(row.split("  ", 1) for row in ended.out.splitlines())
    assert rows["cost"].strip() == "0.04 USD"
    assert rows["account"].strip() == "acme (installation 77)"
    assert "note" not in rows


@pytest.mark.parametrize("document", ['{"title": "Sort orders by day"}', "{}", "[]", "{", ""])
def test_a_title_that_was_cut_is_whole_where_the_review_tells_it(
    document: str, tmp_path: Path
) -> None:
    opened = opening(filled(replace(DONE, title="Sort orders by…", document=document)))
    ended = do(lambda: command.show_one("rev:1", as_json=False, opened=opened), tmp_path)
    rows = dict(row.split("  ", 1) for row in ended.out.splitlines())
    whole = "Sort orders by day" if "title" in document else "Sort orders by…"
    assert rows["title"].strip() == whole


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (DEAD, "3, counted anew after every finished step"),
        (replace(DONE, attempts=1), "1, counted anew after every finished step"),
        (JobRow("rev:4", PLACE, Trigger.OPENED, JobState.WAITING), "none yet"),
        (replace(RUNNING, state=JobState.PARKED), "0, counted anew after every finished step"),
    ],
)
def test_attempts_are_told_for_what_they_are(row: JobRow, said: str, tmp_path: Path) -> None:
    """How often in all a job was begun nobody writes down: each step that it takes counts anew."""
    row = replace(row, started=row.started or (0.0 if row.state is JobState.WAITING else 1.0))
    opened = opening(filled(row))
    ended = do(lambda: command.show_one(row.id, as_json=False, opened=opened), tmp_path)
    rows = dict(line.split("  ", 1) for line in ended.out.splitlines())
    assert rows["attempts"].strip() == said


def shown(report: Report, home: Path) -> list[tuple[str, str]]:
    """The fields of a review's job."""
    opened = opening(filled(stored.job(report, "rev:1")))
    ended = do(lambda: command.show_one("rev:1", as_json=False, opened=opened), home)
    cells = (line.split("  ", 1) for line in ended.out.splitlines())
    return [(name, value.strip()) for name, value in cells]


def test_an_incomplete_review_tells_what_went_unread_why_and_what_to_do(tmp_path: Path) -> None:
    fields = shown(samples.c(), tmp_path)
    gaps = [value for name, value in fields if name == "not reviewed"]
    assert len(gaps) == 3
    assert gaps[0].startswith("security, votes 1, 2 and 3, 34 hunks in api/orders.py")
    assert gaps[0].endswith(
        "refused: the model refused to answer; call: security 1, security 2 and security 3"
    )
    assert fields[-1] == (
        "do",
        "Review these parts by hand, or comment `/triptych review` to try again.",
    )


def test_a_review_of_which_no_model_was_asked_tells_why_and_what_to_do(tmp_path: Path) -> None:
    fields = shown(withheld(), tmp_path)
    assert ("not reviewed", f"{WITHHELD}") in fields
    assert ("review's note", withheld().notes[0]) in fields
    assert fields[-1][1].startswith("Correct `.github/triptych.toml` on `main` and ")


def test_a_failed_review_tells_its_problem(tmp_path: Path) -> None:
    fields = dict(shown(samples.d(), tmp_path))
    assert fields["problem"].startswith("GitHub did not deliver the diff")
    assert fields["do"] == "Comment `/triptych review`."


@pytest.mark.parametrize("report", [samples.a(), samples.b(), samples.f()])
def test_a_complete_review_has_nothing_unread(report: Report, tmp_path: Path) -> None:
    assert not {"problem", "not reviewed", "do"} & {name for name, _ in shown(report, tmp_path)}


def test_one_job_for_machines_holds_its_review(tmp_path: Path) -> None:
    opened = opening(filled())
    ended = do(lambda: command.show_one("rev:1", as_json=True, opened=opened), tmp_path)
    (row,) = json.loads(ended.out)["jobs"]
    assert row["document"] == {"schema": "triptych-review/1"}


def test_retry_names_the_new_job(tmp_path: Path) -> None:
    jobs = filled()
    ended = do(lambda: command.retry("rev:2", opened=opening(jobs)), tmp_path)
    assert ended.out.split() == ["ID", "rev:2+"]
    assert jobs.rows["rev:2+"].state is JobState.WAITING


def test_retry_of_what_is_done_again_already_names_that(tmp_path: Path) -> None:
    jobs = filled(DEAD)
    for said in ("rev:2 will be done again", "rev:2 is done again already, by a job that waits"):
        ended = do(lambda: command.retry("rev:2", opened=opening(jobs)), tmp_path)
        assert ended.out.split() == ["ID", "rev:2+"]
        assert ended.told[0].startswith(said)
    assert len(jobs.rows) == 2


NOW = "acme/shop#128 will be reviewed as it is now, which may not be at 4be91c0 any more: see "


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(DEAD, created=1.0), NOW),
        (replace(DEAD, state=JobState.SUPERSEDED, created=1_795_000_009.0), NOW),
        (replace(DEAD, created=1_795_000_009.0), "rev:2 will be done again: see "),
        (replace(DEAD, created=1.0, trigger=Trigger.DISPUTE), "rev:2 will be done again: see "),
    ],
)
def test_retry_of_what_is_out_of_date_says_what_is_reviewed(
    row: JobRow, said: str, tmp_path: Path
) -> None:
    ended = do(lambda: command.retry("rev:2", opened=opening(filled(DONE, row))), tmp_path)
    assert ended.told[0] == f"{said}`triptych jobs list`."
    assert ended.out.split() == ["ID", "rev:2+"]


def test_cancel(tmp_path: Path) -> None:
    jobs = filled()
    ended = do(lambda: command.cancel("rev:3", opened=opening(jobs)), tmp_path)
    assert (ended.code, ended.out, ended.told) == (0, "", ["rev:3 is stopped."])
    assert jobs.rows["rev:3"].state is JobState.CANCELLED
    ended = do(lambda: command.cancel("rev:1", opened=opening(jobs)), tmp_path)
    assert (ended.code, ended.told[0]) == (2, "'rev:1' neither waits nor runs.")


@pytest.mark.parametrize("name", ["show", "retry"])
def test_a_job_that_is_not_there(name: str, tmp_path: Path) -> None:
    opened = opening(filled())
    calls: dict[str, Callable[[], None]] = {
        "show": lambda: command.show_one("no\x1b", as_json=False, opened=opened),
        "retry": lambda: command.retry("no\x1b", opened=opened),
    }
    ended = do(calls[name], tmp_path)
    assert ended.code == 2
    assert ended.told == ["There is no job 'no‹U+001B›'.", "See `triptych jobs list`."]


def test_hostile_and_secret_words_are_cleared_in_both_forms(tmp_path: Path) -> None:
    token = "ghp_" + "a1" * 20
    row = JobRow("rev:9", PLACE, Trigger.PUSHED, JobState.SKIPPED, HEAD, note=f"\u202e{token}")
    for as_json in (True, False):
        opened = opening(filled(row))
        ended = do(
            lambda: command.show_list(limit=9, state=None, as_json=as_json, opened=opened),  # noqa: B023
            tmp_path,
        )
        assert "‹U+202E›ghp_…" in ended.out
        assert token not in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--state", "odd"),
        ("list", "--outcome", "done"),
        ("list", "--limit", "0"),
        ("show",),
        ("retry",),
        ("cancel",),
        ("x",),
    ],
    ids=" ".join,
)
def test_usage(arguments: tuple[str, ...]) -> None:
    ended = run("jobs", *arguments)
    assert (ended.code, ended.out) == (2, "")


def test_no_database_is_made_by_looking(tmp_path: Path) -> None:
    ended = run("jobs", "list", env={"TRIPTYCH_HOME": str(tmp_path)})
    assert ended.code == 2
    assert ended.told[0] == f"There is no database at {tmp_path}/triptych.db yet."
    assert ended.told[1].endswith("else check TRIPTYCH_HOME and TRIPTYCH_DATABASE_URL.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "why"), [("f/t.db", "Not a directory"), ("a" * 300, "File name too long")]
)
def test_a_place_where_no_database_can_be(place: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    env = {"TRIPTYCH_HOME": str(tmp_path), "TRIPTYCH_DATABASE_URL": f"sqlite:///{tmp_path}/{place}"}
    ended = run("jobs", "list", env=env)
    assert (ended.code, ended.told[0]) == (2, f"{tmp_path}/{place} cannot be used: {why}.")
    assert "TRIPTYCH_DATABASE_URL" in ended.told[1]
