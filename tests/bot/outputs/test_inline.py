"""The comments on lines: which findings get one, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.outputs.body import review_body
from bot.outputs.inline import dismissed_comment, fixed_comment, inline_comments
from bot.report import Report
from reviewers.core.finding import (
    Ballot,
    Dissent,
    Finding,
    Location,
    Severity,
    Side,
    Standing,
)
from reviewers.core.history import Dismissal, Known, State
from reviewers.core.secrets import Redaction
from tests.bot.outputs import samples
from tests.bot.outputs.endings import LOW
from tests.bot.outputs.samples import (
    PUSHED,
    RETRY,
    ROUNDING,
    SETTING,
    SHELL,
    SQL,
    UNKNOWN_ORDER,
    sample,
    second_push,
)
from tests.builders import policy


def parts(found: Finding, report: Report | None = None) -> list[str]:
    """The paragraphs of a finding's comment, without its marker."""
    [comment] = inline_comments(report or sample(found))
    return comment.body.split("\n\n")[:-1]


def test_those_on_lines_get_one_in_the_order_of_the_list() -> None:
    report = second_push(SQL, RETRY, SETTING, ROUNDING, LOW)
    assert [c.finding.id for c in inline_comments(report)] == [SQL.id, RETRY.id]
    assert [c.location for c in inline_comments(report)] == [SQL.location, RETRY.location]


def test_past_the_limit_there_is_none() -> None:
    report = sample(SQL, UNKNOWN_ORDER, RETRY, policy=policy(inline_limit=2))
    assert [c.finding.id for c in inline_comments(report)] == [SQL.id, UNKNOWN_ORDER.id]
    assert len(inline_comments(samples.g())) == 20


def test_a_late_high_one_has_its_thread_all_the_same() -> None:
    late = replace(RETRY, standing=Standing.LATE)
    assert [c.finding.id for c in inline_comments(second_push(late))] == [RETRY.id]


def test_on_a_removed_line_the_title_says_so_and_nothing_is_suggested() -> None:
    found = replace(RETRY, location=Location("jobs/export.py", 88, 88, Side.LEFT))
    assert parts(found)[0].startswith("**High: The retry loop never ends (removed here).**")


def test_an_analyser_alone() -> None:
    assert parts(SHELL)[0] == (
        "**High: A shell runs text from the request.** ruff S602, no model vote."
    )


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (Location("api/orders.py", 61, 61), "The suggestion replaces line 61."),
        (Location("api/orders.py", 60, 61), "The suggestion replaces lines 60 to 61."),
    ],
)
def test_a_suggestion_says_what_it_replaces(location: Location, said: str) -> None:
    text = parts(replace(UNKNOWN_ORDER, location=location))
    assert text[2] == f"**Fix:** answer 404 when there is no row. {said}"
    assert text[3].startswith("```suggestion\n")


def test_a_suggestion_without_a_fix_says_it_too() -> None:
    assert parts(replace(UNKNOWN_ORDER, fix=""))[2] == "The suggestion replaces line 61."


@pytest.mark.parametrize(
    ("found", "summary", "lines"),
    [
        pytest.param(
            replace(SQL, dissent=(Dissent("security", 2, "It is checked before."),)),
            "Minority report: 1 of 3 votes disagrees",
            ["Vote 2: It is checked before."],
            id="one vote",
        ),
        pytest.param(
            replace(
                SQL,
                votes=(Ballot("security", (1,), 3, 3),),
                dissent=(Dissent("security", 2, "A."), Dissent("security", 3, "B.", "C.")),
            ),
            "Minority report: 2 of 3 votes disagree",
            ["Vote 2: A.", "Vote 3: B. Against it: C."],
            id="two votes",
        ),
        pytest.param(
            replace(
                SQL,
                votes=(Ballot("security", (1,), 3, 3), Ballot("style", (1,), 1, 1)),
                dissent=(Dissent("security", 2, "A."),),
            ),
            "Minority report: 1 voice against it",
            ["Security vote 2: A."],
            id="of two reviewers",
        ),
        pytest.param(
            replace(SQL, dissent=(Dissent("verifier", 0, "`a.py:1` speaks against it: so"),)),
            "Minority report: 1 voice against it",
            ["Verifier: `a.py:1` speaks against it: so"],
            id="the verifier",
        ),
        pytest.param(
            replace(
                SQL,
                dissent=(Dissent("security", 2, "A."), Dissent("verifier", 0, "B.")),
            ),
            "Minority report: 2 voices against it",
            ["Vote 2: A.", "Verifier: B."],
            id="a vote and the verifier",
        ),
    ],
)
def test_who_speaks_against_it(found: Finding, summary: str, lines: list[str]) -> None:
    text = "\n\n".join(parts(found))
    fold = "\n\n".join((f"<details><summary>{summary}</summary>", *lines)) + "\n</details>"
    assert text.endswith(fold)


def test_nobody_speaks_against_it_without_a_reason() -> None:
    silent = replace(SQL, dissent=(Dissent("security", 2, ""),))
    assert "Minority report" not in "\n\n".join(parts(silent))


def test_a_note_of_ours_stands_behind_the_why() -> None:
    note = "Reported as critical; refuted by `api/auth.py:9`."
    assert parts(replace(SQL, note=note))[1].endswith(f"every table. {note}")


def test_a_text_that_is_too_long_is_cut_at_a_word() -> None:
    long = replace(SQL, title="word " * 40, body="word " * 200, fix="word " * 200)
    title, why, fix, *_ = parts(long)
    assert len(title.split(":** ")[0].split(".** ")[0]) < 80
    assert len(why) <= 240
    assert why.endswith("word…")
    assert len(fix) <= 200 + len("**Fix:** ")


def test_fixed_and_dismissed_comments_say_what_they_were() -> None:
    low = Known(replace(LOW, title="It ends. "), State.FIXED)
    assert fixed_comment(low, PUSHED).startswith("**Fixed in `9d02f7e`.** Low: It ends.\n\n<!--")
    nowhere = replace(SQL, location=None)
    told = Known(nowhere, State.DISMISSED, Dismissal("m`lee", "2026-11-20", 'See "#12".'))
    assert dismissed_comment(told).startswith(
        '**Dismissed by ``m`lee`` on 2026-11-20:** "See "`#12`"." Critical: Request data becomes '
        "SQL text. Holds until its code changes.\n\n<!--"
    )


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("This is prose, not code", "This is prose, not code."),
        ("Only the nightly job calls this.", "Only the nightly job calls this."),
        ("Is it?", "Is it?"),
        ("word " * 80, "word word…"),
    ],
)
def test_a_reason_is_a_sentence_before_the_next_one(reason: str, shown: str) -> None:
    known = Known(SQL, State.DISMISSED, Dismissal("mlee", "2026-11-20", reason))
    assert f'{shown}" Critical: ' in dismissed_comment(known)
    body = review_body(sample(dismissed=(known,)))
    assert f'{shown}" Holds until ' in body


def test_s59_secrets_are_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    found = replace(SQL, title=f"{token} is here", body=token, fix=token)
    [comment] = inline_comments(sample(found), Redaction())
    assert "a1B2" not in comment.body
    assert comment.body.count("ghp\\_…") == 3


def test_severities_are_words_at_the_start() -> None:
    for severity in Severity:
        body = parts(
            SQL, sample(replace(SQL, severity=severity), policy=policy(min_severity=Severity.INFO))
        )[0]
        assert body.startswith(f"**{severity.word.capitalize()}: ")
