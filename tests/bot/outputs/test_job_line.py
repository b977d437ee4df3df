"""A line of the operator's list: times, words, and addresses that we made ourselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.protocol import JobRow, JobState, Trigger
from bot.outputs.job_line import (
    ago,
    blob_url,
    in_full,
    is_overtaken,
    moment,
    pull_url,
    review_url,
)
from tests.bot.outputs.stored import NOON, PLACE, job

WEB = "https://git.acme.dev"
HEAD = "a" * 40


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"),
        (8, "8 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h"),
        (86_399, "23 h"),
        (86_400, "1 d"),
        (6 * 86_400 + 5, "6 d"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    assert ago(seconds) == said


def test_todays_times_are_short_and_all_are_exact_for_machines() -> None:
    assert (moment(NOON - 60, NOON).shown, moment(NOON - 60, NOON).iso) == (
        "11:59",
        "2026-11-21T11:59:00Z",
    )
    assert moment(NOON - 86_400, NOON).shown == "11-20 12:00"
    assert moment(0.0, NOON).shown == "–"


def test_addresses_are_ours() -> None:
    assert pull_url(WEB, PLACE) == f"{WEB}/acme/shop/pull/128"
    posted = "https://elsewhere.example/x#pullrequestreview-2411"
    assert review_url(WEB, PLACE, posted) == f"{WEB}/acme/shop/pull/128#pullrequestreview-2411"
    assert blob_url(WEB, PLACE, HEAD, "a b/#?.py", 3) == (
        f"{WEB}/acme/shop/blob/{HEAD}/a%20b/%23%3F.py#L3"
    )


@pytest.mark.parametrize("posted", ["", "https://x/#pullrequestreview-", "#pullrequestreview-1x"])
def test_without_a_number_there_is_no_address_of_a_review(posted: str) -> None:
    assert review_url(WEB, PLACE, posted) == ""


@pytest.mark.parametrize("name", ["acme", "acme/shop/x", "acme/sh op", "acme/<b>", "", "../.."])
def test_a_name_that_no_repository_has_is_no_link(name: str) -> None:
    place = replace(PLACE, repository=name)
    assert blob_url(WEB, place, HEAD, "a.py", 1) == ""
    assert pull_url(WEB, place) == ""


@pytest.mark.parametrize(
    ("head", "path"),
    [("", "a.py"), ("main", "a.py"), (HEAD, "a‹U+202E›.py"), (HEAD, "ghp_….py"), (HEAD, "../../x")],
)
def test_no_address_is_guessed(head: str, path: str) -> None:
    assert blob_url(WEB, PLACE, head, path, 1) == ""


OTHER = "b" * 40
OLD = job(None, "old", head=HEAD, state=JobState.DEAD)
LATER = job(None, "later", head=HEAD, created=OLD.created + 1)


@pytest.mark.parametrize(
    ("beside", "overtaken"),
    [
        (OLD, False),
        (LATER, True),
        (replace(LATER, state=JobState.WAITING, head=""), True),
        (replace(LATER, created=OLD.created - 1), False),
        (replace(LATER, place=replace(PLACE, number=9)), False),
        (replace(LATER, state=JobState.SKIPPED), False),
        (replace(LATER, state=JobState.CANCELLED, head=""), False),
        (replace(LATER, state=JobState.SKIPPED, head=OTHER), True),
        (replace(LATER, trigger=Trigger.DISPUTE), False),
    ],
)
def test_a_newer_job_takes_the_place_of_an_older_one(beside: JobRow, *, overtaken: bool) -> None:
    assert is_overtaken(OLD, [OLD, beside]) is overtaken


def test_a_second_look_is_overtaken_by_a_second_look_alone() -> None:
    look, later = replace(OLD, trigger=Trigger.DISPUTE), replace(LATER, trigger=Trigger.DISPUTE)
    assert not is_overtaken(look, [LATER])
    assert is_overtaken(look, [LATER, later])


@pytest.mark.parametrize(
    ("title", "whole", "said"),
    [
        (
            "Findings: 3 … (1 high)",
            "Findings: 3 in api.py (1 high)",
            "Findings: 3 in api.py (1 high)",
        ),
        ("Findings: 3 … (1 high)", "Findings: 3 in api.py (2 low)", "Findings: 3 … (1 high)"),
        ("Findings: 3 … (1 high)", "Clean: 3 in api.py (1 high)", "Findings: 3 … (1 high)"),
        ("Findings: 3 (1 high)", "Findings: 3 (1 high)", "Findings: 3 (1 high)"),
    ],
)
def test_a_cut_title_is_told_in_full_where_the_whole_one_is_that(
    title: str, whole: str, said: str
) -> None:
    """Of a review that was told anew later the old words are no longer true."""
    assert in_full(title, whole) == said
