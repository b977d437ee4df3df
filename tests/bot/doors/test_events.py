"""What each event asks for, and that no payload, however odd, raises."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app_settings import AppSettings
from bot.doors.events import AGAIN, TABLE, Rules, intake
from bot.jobs.protocol import (
    CancelWish,
    CommandWish,
    Ignored,
    Place,
    PurgeWish,
    ReviewWish,
    Thread,
    Trigger,
    Verb,
    Wish,
)
from tests.bot.doors.deliveries import (
    ALICE,
    AUTHOR,
    COMMENT,
    INSTALLATION,
    NUMBER,
    OURS,
    REPOSITORY,
    TIME,
    check_run,
    check_suite,
    comment,
    installation,
    listed_pull,
    payload,
    pull_request,
    reply,
)
from tests.builders import BASE, HEAD

RULES = Rules(slug="triptych")
PLACE = Place(INSTALLATION, "acme", REPOSITORY, "acme/shop", NUMBER)
NO_PULL = Place(INSTALLATION, "acme", REPOSITORY, "acme/shop", 0)
BUTTON = {"requested_action": {"identifier": AGAIN}}
NEW_BASE = {"changes": {"base": {"ref": {"from": "dev"}, "sha": {"from": "0" * 40}}}}
RUN = f"check-run 7 completed {TIME}"
SUITE = f"check-suite 8 updated {TIME}"
BOT = {"login": "renovate[bot]", "id": 9, "type": "Bot"}


def review(trigger: Trigger) -> ReviewWish:
    return ReviewWish(PLACE, trigger, HEAD, BASE)


def again(place: Place, once: str) -> ReviewWish:
    return ReviewWish(place, Trigger.RERUN, HEAD, once=once)


def command(verb: Verb, thread: Thread = Thread.CONVERSATION, **more: Any) -> CommandWish:
    return CommandWish(PLACE, COMMENT, thread, AUTHOR, "alice", verb, **{"updated": TIME, **more})


def purge(why: str, *repositories: int) -> PurgeWish:
    return PurgeWish(INSTALLATION, "acme", repositories, why)


def gone(why: str) -> PurgeWish:
    """Under whatever installation it was stored."""
    return PurgeWish(INSTALLATION, "acme", (REPOSITORY,), why, is_gone=True)


REMOVED = {"repositories_removed": [{"id": 5, "full_name": "acme/a"}, {"id": 6}]}
RUNNING = {"run": {"completed_at": None}}
UNBORN = {"run": {"completed_at": None, "started_at": None}}

WISHES: list[tuple[str, dict[str, Any], Wish]] = [
    ("pull_request", pull_request("opened"), review(Trigger.OPENED)),
    ("pull_request", pull_request("reopened"), review(Trigger.REOPENED)),
    ("pull_request", pull_request("ready_for_review"), review(Trigger.READY)),
    ("pull_request", pull_request("synchronize"), review(Trigger.PUSHED)),
    ("pull_request", pull_request("edited", **NEW_BASE), review(Trigger.REBASED)),
    ("pull_request", pull_request("labeled"), review(Trigger.LABELED)),
    (
        "pull_request",
        pull_request("labeled", label={"id": 1, "name": "safe to\x00 review"}),
        replace(review(Trigger.LABELED), label="safe to\x00 review"),
    ),
    (
        "pull_request",
        pull_request("unlabeled", label={"id": 1, "name": "no-review"}),
        review(Trigger.LABELED),
    ),
    ("pull_request", pull_request("unlabeled", sender=BOT), review(Trigger.LABELED)),  # S29
    ("pull_request", pull_request("closed"), CancelWish(PLACE, "pull request closed")),
    (
        "pull_request",
        pull_request("converted_to_draft"),
        CancelWish(PLACE, "pull request turned into a draft"),
    ),
    ("check_run", check_run("rerequested", listed_pull()), again(PLACE, RUN)),
    ("check_run", check_run("requested_action", listed_pull(), **BUTTON), again(PLACE, RUN)),
    (
        "check_run",
        check_run("rerequested", listed_pull(), **RUNNING),
        again(PLACE, f"check-run 7 started {TIME}"),
    ),
    ("check_run", check_run("rerequested", listed_pull(), **UNBORN), again(PLACE, "check-run 7")),
    ("check_run", check_run("rerequested", {"number": NUMBER}), again(PLACE, RUN)),
    ("check_run", check_run("rerequested"), again(NO_PULL, RUN)),
    (
        "check_run",
        check_run("rerequested", listed_pull(), listed_pull(43)),
        again(NO_PULL, RUN),
    ),
    (
        "check_run",
        check_run("rerequested", listed_pull(3, repository=1), listed_pull()),
        again(PLACE, RUN),
    ),
    ("check_suite", check_suite(listed_pull()), again(PLACE, SUITE)),
    ("check_suite", check_suite(), again(NO_PULL, SUITE)),
    ("issue_comment", comment("/triptych review"), command(Verb.REVIEW)),
    ("issue_comment", comment("/triptych stop"), command(Verb.STOP)),
    (
        "issue_comment",
        comment("/triptych dismiss 5b21c7 only\u202e the\x00 nightly job"),
        command(
            Verb.DISMISS,
            finding="5b21c7",
            reason="only\u2039U+202E\u203a the\u2039U+0000\u203a nightly job",
        ),
    ),
    (
        "issue_comment",
        comment("/triptych review --engine=claude"),
        command(
            Verb.HELP,
            reason="`review` takes nothing else; settings are no commands.",
        ),
    ),
    (
        "pull_request_review_comment",
        reply("/triptych dismiss not reachable"),
        command(Verb.DISMISS, Thread.REVIEW, reason="not reachable", parent=600),
    ),
    (
        "pull_request_review_comment",
        reply("The caller checks it."),
        command(Verb.ANSWER, Thread.REVIEW, parent=600),
    ),
    (
        "pull_request_review_comment",
        reply("/triptych review", parent=None),
        command(Verb.REVIEW, Thread.REVIEW),
    ),
    ("installation", installation("deleted"), purge("the App was uninstalled")),
    ("installation", installation("suspend"), purge("the App was suspended")),
    (
        "installation_repositories",
        installation("removed", **REMOVED),
        purge("repositories removed from the App", 5, 6),
    ),
    ("repository", payload("deleted"), gone("the repository was deleted")),
    ("repository", payload("transferred"), gone("the repository was transferred")),
]


@pytest.mark.parametrize(
    ("event", "given", "wish"), WISHES, ids=[f"{e}.{p['action']}" for e, p, _ in WISHES]
)
def test_wishes(event: str, given: dict[str, Any], wish: Wish) -> None:
    assert intake(event, given, RULES) == wish


UNMARKED = {"login": "copilot", "id": 9, "type": "Bot"}
MARKED = {"login": "renovate[bot]", "id": 9, "type": "User"}
OURS_IN_CAPITALS = {**OURS, "login": "Triptych[bot]"}
ORDER = "/triptych review"

IGNORED: list[tuple[str, dict[str, Any], str]] = [
    ("ping", {"zen": "Keep it logically awesome.", "hook_id": 1}, "GitHub asks whether"),
    ("push", payload("x"), "asks for nothing"),
    ("star", {"action": "created"}, "asks for nothing"),
    ("pull_request", pull_request("assigned"), "asks for nothing"),
    ("pull_request", {**pull_request(), "action": None}, "asks for nothing"),
    ("pull_request", {**pull_request(), "action": ["opened"]}, "asks for nothing"),
    ("pull_request", pull_request("edited", changes={"title": {"from": "x"}}), "neither head nor"),
    ("pull_request", pull_request("synchronize", sender=OURS), "did it ourselves"),
    ("pull_request", pull_request("synchronize", sender=OURS_IN_CAPITALS), "did it ourselves"),
    ("pull_request", {"action": "opened"}, "pull_request is missing or odd"),
    ("pull_request", {**pull_request(), "installation": None}, "installation is missing or odd"),
    (
        "check_run",
        check_run("requested_action", requested_action={"identifier": "lgtm"}),
        "not our button",
    ),
    ("check_run", check_run("completed", listed_pull()), "asks for nothing"),
    ("pull_request", pull_request("unlabeled", sender=OURS), "did it ourselves"),
    ("check_run", check_run("rerequested", listed_pull(), sender=BOT), "a bot asked"),
    ("check_suite", check_suite(listed_pull(), sender=OURS), "a bot asked"),
    ("issue_comment", comment("Nice work"), "holds no command"),
    ("issue_comment", comment("> /triptych review"), "holds no command"),
    ("issue_comment", comment("```\n/triptych review\n```"), "holds no command"),
    ("issue_comment", comment("<!--\n/triptych review\n-->"), "holds no command"),
    ("issue_comment", comment("Bye\n-- \n/triptych review"), "holds no command"),
    ("issue_comment", comment(ORDER + "\n" + "x" * 65_536), "holds no command"),
    ("issue_comment", comment(ORDER, "edited"), "only a new comment"),
    ("issue_comment", comment(ORDER, "deleted"), "only a new comment"),
    ("issue_comment", comment(ORDER, issue={"number": NUMBER}), "on no pull request"),
    ("issue_comment", comment(ORDER, user=OURS), "did it ourselves"),
    ("issue_comment", comment(ORDER, user=BOT), "a bot wrote"),
    ("issue_comment", comment(ORDER, user=UNMARKED), "a bot wrote"),
    ("issue_comment", comment(ORDER, user=MARKED), "a bot wrote"),
    ("issue_comment", comment(ORDER, sender=BOT), "a bot wrote"),
    ("issue_comment", comment(ORDER, sender={**ALICE, "id": 3}), "somebody else"),
    ("issue_comment", comment(ORDER, user=None), "comment.user is missing or odd"),
    ("pull_request_review_comment", reply(ORDER, action="edited"), "only a new comment"),
    ("pull_request_review_comment", reply("I see.", parent=None), "holds no command"),
    ("pull_request_review_comment", reply("I see.", user=BOT), "a bot wrote"),
    ("installation", installation("created"), "asked afresh"),
    ("installation", installation("unsuspend"), "asked afresh"),
    ("installation", installation("new_permissions_accepted"), "asked afresh"),
    ("installation_repositories", installation("removed", repositories_removed=[]), "no repo"),
    ("installation_repositories", installation("removed", repositories_removed=[1]), "odd"),
    ("repository", payload("renamed"), "asks for nothing"),
]


@pytest.mark.parametrize(("event", "given", "why"), IGNORED)
def test_what_asks_for_nothing(event: str, given: dict[str, Any], why: str) -> None:
    """Among them cases S09 (unknown, ping), S25, S27 (bots, ourselves) and S30."""
    asked = intake(event, given, RULES)
    assert isinstance(asked, Ignored)
    assert why in asked.why


def test_accounts_that_are_not_allowed_get_no_job() -> None:
    elsewhere = Rules(accounts=frozenset({"other"}))
    for event, sent, wish in WISHES:
        asked = intake(event, sent, elsewhere)
        if isinstance(wish, PurgeWish):  # What was stored while it was allowed must go.
            assert asked == wish
        else:
            assert asked == Ignored("the account is not allowed")
    settings = AppSettings(Path(), "", slug="triptych", accounts=("acme",))
    assert Rules.of(settings) == Rules(frozenset({"acme"}), "triptych")


@pytest.mark.parametrize("slug", ["triptych", "Triptych"])
@pytest.mark.parametrize("login", ["Triptych[bot]", "triptych[bot]", "TRIPTYCH[BOT]"])
def test_s27_our_own_login_in_any_case(slug: str, login: str) -> None:
    assert Rules(slug=slug).are_us(login)
    assert not Rules(slug=slug).are_us(login.partition("[")[0])
    assert not Rules().are_us(login)


def test_an_allowed_account_in_any_case() -> None:
    given = pull_request()
    given["repository"]["owner"]["login"] = "ACME"
    asked = intake("pull_request", given, Rules(accounts=frozenset({"acme"})))
    assert isinstance(asked, ReviewWish)


def test_s13_each_event_stands_for_itself() -> None:
    """No event needs another one before it: order is decided by what GitHub says later."""
    for action in ("synchronize", "opened", "closed", "synchronize"):
        asked = intake("pull_request", pull_request(action), RULES)
        assert isinstance(asked, ReviewWish | CancelWish)
        assert asked.place == PLACE


def test_an_enterprise_is_known_by_its_slug() -> None:
    given = installation("deleted")
    given["installation"]["account"] = {"slug": "acme-inc", "id": 3}
    asked = intake("installation", given, RULES)
    assert asked == PurgeWish(INSTALLATION, "acme-inc", (), "the App was uninstalled")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("repository", "full_name"), "acme/shop\n"),
        (("repository", "full_name"), "acme/../x"),
        (("repository", "full_name"), "acme/.."),
        (("repository", "full_name"), "acme/\ud800"),
        (("repository", "id"), True),
        (("repository", "id"), -1),
        (("repository", "id"), 2**63),
        (("repository", "id"), 1.0),
        (("repository", "id"), "1"),
        (("repository", "owner", "login"), ""),
        (("pull_request", "number"), 0),
        (("pull_request", "head", "sha"), "HEAD"),
        (("pull_request", "head", "sha"), HEAD + "0"),
        (("pull_request", "base"), None),
        (("installation", "id"), None),
    ],
)
def test_values_of_no_form(path: tuple[str, ...], value: Any) -> None:
    """They go into the database, into addresses, into the log: no value is taken as it comes."""
    given = pull_request()
    inner: Any = given
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert intake("pull_request", given, RULES) == Ignored(f"{'.'.join(path)} is missing or odd")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from places(inner, (*path, i))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_no_change_of_a_payload_raises(data: st.DataObject) -> None:
    event, given_, _ = data.draw(st.sampled_from(WISHES))
    changed = copy.deepcopy(given_)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(places(changed), key=str)))
        inner: Any = changed
        for name in path[:-1]:
            inner = inner[name]
        if data.draw(st.booleans()):
            inner[path[-1]] = data.draw(ODD)
        elif len(changed) > 1:
            del inner[path[-1]]
    asked = intake(event, changed, RULES)
    assert isinstance(asked, Wish | Ignored)


@given(st.sampled_from(sorted(TABLE)), st.dictionaries(st.text(), ODD))
def test_no_payload_raises(known: tuple[str, str], given_: dict[str, Any]) -> None:
    event, action = known
    assert isinstance(intake(event, {**given_, "action": action}, RULES), Wish | Ignored)
