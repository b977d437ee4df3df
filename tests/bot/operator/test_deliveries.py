"""`deliveries` and `redeliver`: what is listed, what is asked for, once (cases S12 and S66)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.bot.operator.github_env import GUID, operate
from tests.fakes.github import Fault
from tests.fakes.operator import operators_app

DAY = 86_400.0
ATTEMPTS = "/app/hook/deliveries"


async def test_the_newest_first_with_what_became_of_them(tmp_path: Path) -> None:
    async with operators_app() as fake:
        lost = fake.delivery(GUID.format(1), 0, ago=300)
        taken = fake.delivery(GUID.format(2), 202, ago=200)
        ended = await operate(fake, tmp_path, "deliveries")
    assert ended.code == 0, ended.err
    head, *rows = ended.out.splitlines()
    assert head.split() == ["ID", "AT", "EVENT", "STATUS", "SAID", "GUID"]
    assert [row.split()[0] for row in rows] == [str(taken), str(lost)]
    assert " pull_request.opened  202     OK " in rows[0]
    assert " -       failed " in rows[1]


async def test_failed_ones_are_events_that_never_arrived(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.delivery(GUID.format(1), 0, ago=300)
        again = fake.delivery(GUID.format(1), 503, ago=200)
        fake.delivery(GUID.format(2), 0, ago=190)
        fake.delivery(GUID.format(2), 202, ago=100)
        fake.delivery(GUID.format(3), 0, ago=4 * DAY)
        ended = await operate(fake, tmp_path, "deliveries", "--failed", "--format", "json")
    document = json.loads(ended.out)
    assert document["schema"] == "triptych-deliveries/1"
    assert [row["id"] for row in document["deliveries"]] == [again]
    assert document["deliveries"][0]["arrived"] is False


async def test_all_pages_are_read_and_no_more_than_needed(tmp_path: Path) -> None:
    async with operators_app() as fake:
        first = fake.delivery(GUID.format(0), 0, ago=10_000)
        for number in range(1, 150):
            fake.delivery(f"{GUID.format(1)}{number}", 202, ago=9_000 - number)
        ended = await operate(fake, tmp_path, "deliveries", "--failed")
        assert str(first) in ended.out
        assert len(fake.calls) == 2
        fake.calls.clear()
        await operate(fake, tmp_path, "deliveries", "--limit", "100")
        assert len(fake.calls) == 1


async def test_nothing_there_and_nothing_missed_is_said(tmp_path: Path) -> None:
    async with operators_app() as fake:
        ended = await operate(fake, tmp_path, "deliveries")
        assert (ended.code, ended.out) == (0, "")
        assert ended.told == ["GitHub has not sent anything yet."]
        ended = await operate(fake, tmp_path, "redeliver", "--failed")
        assert (ended.code, ended.told) == (0, ["No event was missed."])
        assert fake.asked_again == []


async def test_one_by_its_id(tmp_path: Path) -> None:
    async with operators_app() as fake:
        wanted = fake.delivery(GUID.format(1), 0)
        ended = await operate(fake, tmp_path, "redeliver", str(wanted))
        assert ended.code == 0
        assert ended.out == ""
        assert ended.told == [f"Asked GitHub to send {wanted} again."]
        assert fake.asked_again == [wanted]
        assert fake.calls == [("POST", f"{ATTEMPTS}/{wanted}/attempts")]


async def test_one_by_the_guid_that_the_log_has(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.delivery(GUID.format(1), 0, ago=200)
        newest = fake.delivery(GUID.format(1), 0, ago=100)
        ended = await operate(fake, tmp_path, "redeliver", GUID.format(1).upper())
        assert ended.code == 0, ended.err
        assert fake.asked_again == [newest]
        ended = await operate(fake, tmp_path, "redeliver", GUID.format(9))
        assert ended.code == 2
        assert "GitHub knows no delivery" in ended.told[0]


async def test_all_that_were_missed_with_progress(tmp_path: Path) -> None:
    async with operators_app() as fake:
        wanted = [fake.delivery(GUID.format(n), 0, ago=500 - n) for n in range(3)]
        fake.delivery(GUID.format(7), 202)
        ended = await operate(fake, tmp_path, "redeliver", "--failed")
    assert ended.code == 0
    assert fake.asked_again == wanted
    assert ended.told == [
        *(f"{n} of 3: {i} pull_request.opened: asked for again" for n, i in enumerate(wanted, 1)),
        "Asked for 3 events again, 0 refused.",
    ]


@pytest.mark.parametrize("do", [502, 500, "late"])
async def test_a_redelivery_is_never_sent_twice(do: int | str, tmp_path: Path) -> None:
    """PyGithub's default sends a POST ten times more after a 502."""
    async with operators_app() as fake:
        wanted = fake.delivery(GUID.format(1), 0)
        fake.faults.append(Fault("POST", "/attempts", do, times=9))
        ended = await operate(fake, tmp_path, "redeliver", str(wanted))
        assert fake.posts("/attempts") == 1
    assert ended.code == 3
    assert ended.told[1] == "It may have been done all the same: look before you repeat it."


async def test_a_lost_answer_is_not_asked_for_twice_either(tmp_path: Path) -> None:
    async with operators_app() as fake:
        wanted = fake.delivery(GUID.format(1), 0)
        fake.faults.append(Fault("POST", "/attempts", "lost", times=9))
        ended = await operate(fake, tmp_path, "redeliver", str(wanted))
        assert fake.asked_again == [wanted]
    assert ended.code == 3


async def test_one_refused_does_not_stop_the_others(tmp_path: Path) -> None:
    async with operators_app() as fake:
        wanted = [fake.delivery(GUID.format(n), 0, ago=500 - n) for n in range(3)]
        fake.faults.append(Fault("POST", f"/{wanted[1]}/attempts", 502))
        ended = await operate(fake, tmp_path, "redeliver", "--failed")
    assert ended.code == 1
    assert fake.asked_again == [wanted[0], wanted[2]]
    assert ended.told[-1] == "Asked for 2 events again, 1 refused."


async def test_what_github_keeps_no_longer_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with operators_app() as fake:
        ended = await operate(fake, tmp_path, "redeliver", "31337")
    assert ended.code == 2
    assert (
        "GitHub could not send delivery 31337 again: it knows no such thing (404)." in ended.told[0]
    )


async def test_a_read_is_repeated_after_a_502(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.delivery(GUID.format(1), 202)
        fake.faults.append(Fault("GET", "/deliveries", 502, times=2))
        ended = await operate(fake, tmp_path, "deliveries")
        assert ended.code == 0, ended.err
        assert len(fake.calls) == 3


async def test_a_limit_that_takes_long_is_told_not_waited_for(tmp_path: Path) -> None:
    """PyGithub's default sleeps up to an hour (case S64)."""
    async with operators_app() as fake:
        fake.faults.append(Fault("GET", "/deliveries", "primary", retry_after="3000", times=9))
        start = time.monotonic()
        ended = await operate(fake, tmp_path, "deliveries")
    assert time.monotonic() - start < 30
    assert (ended.code, ended.told[0]) == (3, "GitHub's rate limit is reached."), ended.err


ARGUMENTS = [
    (("redeliver",), "Nothing to redeliver was named.", "Give an ID, a GUID or --failed."),
    (
        ("redeliver", "7", "--failed"),
        "Both a delivery and --failed were given.",
        "Give one of them.",
    ),
    (("redeliver", "../../repos"), "'../../repos' is no delivery.", "Give an ID or a GUID"),
    (("redeliver", "\x1b[31m"), "is no delivery.", "Give an ID or a GUID"),
]


@pytest.mark.parametrize(("arguments", "what", "do"), ARGUMENTS)
async def test_usage(arguments: tuple[str, ...], what: str, do: str, tmp_path: Path) -> None:
    async with operators_app() as fake:
        ended = await operate(fake, tmp_path, *arguments)
        assert fake.calls == []
    assert ended.code == 2
    assert what in ended.told[0]
    assert do in ended.told[1]


async def test_hostile_words_of_a_delivery_are_shown_not_obeyed(tmp_path: Path) -> None:
    async with operators_app() as fake:
        fake.delivery(GUID.format(1), 0, event="\x1b]0;x\x07\u202epush")
        ended = await operate(fake, tmp_path, "deliveries")
        found = await operate(fake, tmp_path, "deliveries", "--format", "json")
    assert "‹U+001B›" in ended.out
    assert "‹U+202E›push" in ended.out
    assert all(row.isprintable() for row in ended.out.splitlines())
    assert "‹U+202E›push" in found.out
