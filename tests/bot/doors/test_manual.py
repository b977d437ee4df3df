"""`triptych review` from its start to its end, mostly as a process of its own against the fakes."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.config import PATH as CONFIG
from bot.doors.manual import _awaited, exit_code, pull_request
from bot.errors import UsageProblem
from bot.outputs.live import tell
from bot.outputs.marker import read_marker, write_marker
from bot.settings import Settings
from reviewers.core.finding import Severity, Standing
from reviewers.core.verdict import Outcome, Verdict
from tests.bot.running import (
    KEY,
    access,
    called,
    closed_port,
    ended,
    git,
    interrupt,
    repository,
    start,
    triptych,
    write,
)
from tests.builders import ADDED, LOOKS, ORDERS, SQL_LINE, finding, verdict
from tests.fakes.anthropic import Reply, fake_anthropic, is_about, reported
from tests.fakes.github import Fault, fake_github

SQL = reported(
    "api/orders.py",
    SQL_LINE,
    'rows = db.execute("SELECT * FROM orders ORDER BY " + order_by)',
    severity="critical",
)
TITLE = "Request data becomes SQL text"
PULL = "acme/shop#128"


def model(body: dict[str, Any], _number: int) -> Reply:
    """Every security vote sees the SQL."""
    return Reply([SQL] if is_about(body, "security") else [])


# --- Which pull request is meant

SHOP = ("acme", "shop", 128)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("acme/shop#128", SHOP),
        ("https://github.com/acme/shop/pull/128", SHOP),
        ("https://GitHub.com/acme/shop/pull/128", SHOP),
        ("https://github.com/acme/shop/pull/128/", SHOP),
        ("https://github.com/acme/shop/pull/128/files#diff-0", SHOP),
        ("https://github.com/acme/shop/pull/128?w=1", SHOP),
        ("https://github.com/acme/shop/pull/128#issuecomment-1", SHOP),
        ("my-org/my.repo_2#1", ("my-org", "my.repo_2", 1)),
        ("main..topic", None),
        ("acme/shop", None),
        ("acme/shop#", None),
        ("acme/shop#x", None),
        ("acme/shop/more#1", None),
        ("#128", None),
        ("https://github.com/acme/shop/issues/128", None),
        ("https://github.com/acme/shop/pull/128x", None),
        ("", None),
    ],
)
def test_the_pull_request_that_is_named(target: str, expected: tuple[str, str, int] | None) -> None:
    found = pull_request(target, Settings())
    assert (found and (found.owner, found.name, found.number)) == expected


@pytest.mark.parametrize(
    ("site", "api"),
    [
        ("https://ghe.acme.io", "https://ghe.acme.io/api/v3"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_address_belongs_to_the_site_that_is_set(site: str, api: str) -> None:
    address = f"{site}/acme/shop/pull/128"
    assert pull_request(address, Settings(github_api=api)) is not None
    with pytest.raises(UsageProblem, match="is not the site that is set"):
        pull_request(address, Settings())


@pytest.mark.parametrize(
    "address",
    [
        *(
            "https://github.com.evil.example/a/b/pull/1",
            "https://github.com@evil.example/a/b/pull/1",
        ),
        *("https://evil.example/a/b/pull/1", "http://github.com/a/b/pull/1"),
    ],
)
def test_the_token_is_for_no_other_site(address: str) -> None:
    with pytest.raises(UsageProblem):
        pull_request(address, Settings())


# --- How it ends


def a_verdict(*severities: Severity, outcome: Outcome, late: bool = False) -> Verdict:
    """A verdict with findings; the last one may be late (a grave one counts all the same)."""
    standing = [Standing.NEW] * len(severities)
    if late:
        standing[-1] = Standing.LATE
    found = (finding(severity=s, standing=w) for s, w in zip(severities, standing, strict=True))
    return verdict(*found, outcome=outcome)


HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


@pytest.mark.parametrize(
    ("severities", "outcome", "late", "fail_on", "code"),
    [
        ((), Outcome.CLEAN, False, None, 0),
        ((), Outcome.CLEAN, False, Severity.INFO, 0),
        ((HIGH,), Outcome.FINDINGS, False, None, 0),
        ((HIGH,), Outcome.FINDINGS, False, Severity.CRITICAL, 0),
        ((HIGH,), Outcome.FINDINGS, False, HIGH, 1),
        ((HIGH,), Outcome.FINDINGS, False, Severity.INFO, 1),
        ((LOW,), Outcome.FINDINGS, False, LOW, 1),
        ((LOW, HIGH), Outcome.FINDINGS, False, HIGH, 1),
        ((MEDIUM,), Outcome.FINDINGS, True, MEDIUM, 0),
        ((LOW,), Outcome.FINDINGS, True, LOW, 0),
        ((LOW, MEDIUM), Outcome.FINDINGS, True, LOW, 1),
        ((HIGH,), Outcome.FINDINGS, True, HIGH, 1),
        ((), Outcome.INCOMPLETE, False, None, 3),
        ((), Outcome.INCOMPLETE, False, LOW, 3),
        ((LOW,), Outcome.INCOMPLETE, False, HIGH, 3),
        ((HIGH,), Outcome.INCOMPLETE, False, HIGH, 1),
        ((MEDIUM,), Outcome.INCOMPLETE, True, MEDIUM, 3),
        ((), Outcome.FAILED, False, None, 3),
        ((), Outcome.FAILED, False, LOW, 3),
    ],
)
def test_the_exit_code(
    severities: tuple[Severity, ...],
    outcome: Outcome,
    late: bool,
    fail_on: Severity | None,
    code: int,
) -> None:
    assert exit_code(a_verdict(*severities, outcome=outcome, late=late), fail_on) == code


# --- A pull request


async def test_a_pull_request_is_shown_and_not_posted(tmp_path: Path) -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        done = await called("review", PULL, folder=tmp_path, env=access(github.url, anthropic.url))
        assert done.code == 0
        assert done.out.startswith("1 finding: 1 critical\n\nCRITICAL  api/orders.py:6")
        assert TITLE in done.out
        assert "<!--" not in done.out
        assert "\x1b" not in done.out + done.err
        assert github.posts() == 0
        assert {method for method, _ in github.calls} - {"GET"} <= {"POST"}
        assert {path for method, path in github.calls if method == "POST"} == {"/graphql"}


async def test_people_are_told_before_the_first_call(tmp_path: Path) -> None:
    """Where the code goes, which files and about what it costs stand there before it goes."""
    told: list[str] = []
    where = tmp_path / "stderr"

    def script(body: dict[str, Any], number: int) -> Reply:
        told.append(where.read_text())
        return model(body, number)

    files = {f"part{n}.py": f"n = {n}\n" for n in range(1, 9)}
    async with fake_github() as github, fake_anthropic(script) as anthropic:
        github.pull(128, {}, files)
        with where.open("w") as stderr:
            process = await start(
                *("review", PULL, "--post", "--max-cost", "0.40"),
                folder=tmp_path,
                env=access(github.url, anthropic.url),
                stderr=stderr.fileno(),
            )
        done = await ended(process)
        assert done.code == 0
        assert github.posts() == 1
        host = anthropic.url.removeprefix("http://")
    first = told[0].splitlines()
    names = ", ".join(sorted(files)[:6])
    assert first[0] == f"Sends 8 files to {host} (claude-sonnet-5-5): {names} and 2 more"
    assert first[1].startswith(f"{LOOKS} calls, ")
    assert " kB of prompts, about 0." in first[1]
    assert first[1].endswith(" USD, at most 0.40 USD.")
    assert len(first) == 2
    after = where.read_text().splitlines()[2:]
    assert sorted(row.partition(":")[0] for row in after) == [
        *("Posted", "correctness 1", "correctness 2", "correctness 3"),
        *(f"{name} 1" for name in ADDED),
        *("security 1", "security 2", "security 3", "style 1"),
    ]


async def test_nothing_is_said_to_be_sent_where_no_call_can_be_paid(tmp_path: Path) -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        asking = ("review", PULL, "--max-cost", "0.01")
        done = await called(*asking, folder=tmp_path, env=access(github.url, anthropic.url))
        host = anthropic.url.removeprefix("http://")
        assert (done.code, anthropic.requests) == (3, [])
    why = "one call can cost 0.05 USD, more than the budget of 0.01 USD for this run"
    assert done.told == [
        f"Sends nothing to {host} (claude-sonnet-5-5): {why}.",
        f"Not asked: {LOOKS} calls.",
    ]
    told = " ".join(done.out.split())
    assert told.startswith(f"Incomplete: {why}, so no model was asked.")
    assert (
        "Do: review these parts by hand, or raise --max-cost and run triptych review again." in told
    )


async def test_a_review_is_posted_once(tmp_path: Path) -> None:
    """Who asks again is told where it stands."""
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        env = access(github.url, anthropic.url)
        ask = ("review", PULL, "--post")
        first = await called(*ask, folder=tmp_path, env=env)
        url = github.pulls[128].reviews[0]["html_url"]
        assert first.code == 0
        assert first.told[-1] == f"Posted: {url}"
        assert TITLE in github.bodies_of(128)[0]
        asked = len(anthropic.requests)

        again = await called(*ask, folder=tmp_path, env=env)
        told = f"{PULL} at 4ead128 is reviewed already, outcome findings: {url}"
        assert (again.code, again.out, again.told) == (0, "", [told])
        assert (github.posts(), len(anthropic.requests)) == (1, asked)


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (
            Fault("POST", "/reviews$", 403),
            2,
            "The token may not post the review (403: Server Error).",
        ),
        (
            Fault("POST", "/reviews$", "secondary", times=9, retry_after="300"),
            3,
            "GitHub's rate limit is reached.\nTry again in 5 minutes.",
        ),
    ],
    ids=["not allowed", "limit"],
)
async def test_a_review_that_cannot_be_posted_is_shown(
    fault: Fault, code: int, told: str, tmp_path: Path
) -> None:
    """It is paid for. GitHub is asked once: asking again in a limit makes it last longer."""
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        github.faults = [fault]
        env = access(github.url, anthropic.url)
        done = await called("review", PULL, "--post", folder=tmp_path, env=env)
        assert done.code == code
        assert done.out.startswith("1 finding: 1 critical\n\nCRITICAL  api/orders.py:6")
        assert told in done.err
        assert (github.posts(), github.bodies_of(128)) == (1, [])


async def test_s70_a_review_of_what_has_moved_is_shown_and_not_posted(tmp_path: Path) -> None:
    async with fake_github() as github:

        def script(body: dict[str, Any], number: int) -> Reply:
            if number == 1:
                github.push(128, "9d02f7e", {"api/orders.py": "other = 1\n"})
            return model(body, number)

        async with fake_anthropic(script) as anthropic:
            github.pull(128, {}, {"api/orders.py": ORDERS})
            env = access(github.url, anthropic.url)
            done = await called("review", PULL, "--post", folder=tmp_path, env=env)
        assert (done.code, github.posts()) == (3, 0)
        assert TITLE in done.out
        moved = f"{PULL} moved to 9d02f7e while 4ead128 was reviewed."
        assert done.told[-2:] == [moved, "Nothing was posted. Run it again."]


QUIET = reported("api/orders.py", SQL_LINE, SQL["quote"], severity="low")


@pytest.mark.parametrize(
    ("found", "fail_on", "code"),
    [([], "info", 0), ([SQL], "high", 1), ([QUIET], "medium", 0), ([QUIET], "low", 1)],
    ids=["clean", "critical", "low, medium counts", "low counts"],
)
async def test_a_review_that_is_asked_for_again_ends_like_the_first_one(
    found: list[dict[str, Any]], fail_on: str, code: int, tmp_path: Path
) -> None:
    def script(body: dict[str, Any], _number: int) -> Reply:
        return Reply(found if is_about(body, "security") else [])

    async with fake_github() as github, fake_anthropic(script) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        env = access(github.url, anthropic.url)
        ask = ("review", PULL, "--post", "--engine", "claude", "--fail-on", fail_on)
        codes = [(await called(*ask, folder=tmp_path, env=env)).code for _ in range(2)]
        assert codes == [code, code]
        assert github.posts() == 1


async def test_s69_what_stands_there_unsigned_does_not_end_a_command_with_0(tmp_path: Path) -> None:
    """Whoever may write to the repository can edit it: the exit code is of what was read now."""
    async with fake_github() as github:
        pull = github.pull(128, {}, {"api/orders.py": ORDERS})
        ask = ("review", PULL, "--post", "--engine", "static", "--fail-on", "medium")
        await called(*ask, folder=tmp_path, env=access(github.url))
        (review,) = pull.reviews
        marker = read_marker(review["body"])
        assert marker
        review["body"] = write_marker(replace(marker, outcome="clean", open=()))
        again = await called(*ask, folder=tmp_path, env=access(github.url))
        assert (again.code, github.posts()) == (1, 1)
        assert review["body"].startswith("**Static analysis only, 1 open finding")


@pytest.mark.parametrize("form", ["json", "json=again.json", "terminal=again.txt"])
async def test_s69_a_review_that_stands_there_is_written_where_it_is_asked_for(
    form: str, tmp_path: Path
) -> None:
    """A program waits for it: that it is reviewed already tells that program nothing."""
    async with fake_github() as github:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        ask = ("review", PULL, "--post", "--engine", "static")
        await called(*ask, folder=tmp_path, env=access(github.url))
        again = await called(*ask, "--format", form, folder=tmp_path, env=access(github.url))
        assert (again.code, github.posts()) == (0, 1)
    file = form.partition("=")[2]
    shown = (tmp_path / file).read_text() if file else again.out
    assert "A query is put together as text" in shown


async def test_with_a_key_to_sign_with_a_command_reads_what_has_changed(tmp_path: Path) -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        pull = github.pull(128, {}, {"api/orders.py": ORDERS})
        ask = ("review", PULL, "--post", "--engine", "claude", "--fail-on", "low")
        env = access(github.url, anthropic.url) | {"TRIPTYCH_SEAL_KEY": "k" * 32}
        first = await called(*ask, folder=tmp_path, env=env)
        asked = len(anthropic.requests)
        again = await called(*ask, folder=tmp_path, env=env)
        assert (first.code, again.code, len(anthropic.requests)) == (1, 1, asked)
        (review,) = pull.reviews
        review["body"] = review["body"].replace("1 open finding", "0 open findings", 1)
        forged = await called(*ask, folder=tmp_path, env=env)
        assert (forged.code, len(anthropic.requests)) == (1, 2 * asked)


async def test_json_goes_to_a_file(tmp_path: Path) -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        done = await called(
            *("review", PULL, "--format", "json", "--output", "review.json"),
            folder=tmp_path,
            env=access(github.url, anthropic.url),
        )
        assert (done.code, done.out) == (0, "")
        shown = json.loads((tmp_path / "review.json").read_text("utf-8"))
        assert (shown["outcome"], shown["subject"]) == ("findings", PULL)
        assert [f["title"] for f in shown["findings"]] == [TITLE]
        assert KEY not in json.dumps(shown)


@pytest.mark.parametrize(("rounds", "calls"), [("1", LOOKS), ("2", LOOKS + 1)])
async def test_rounds(rounds: str, calls: int, tmp_path: Path) -> None:
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        ask = ("review", PULL, "--rounds", rounds)
        assert (
            await called(*ask, folder=tmp_path, env=access(github.url, anthropic.url))
        ).code == 0
        assert len(anthropic.requests) == calls


async def test_s31_reviewers_come_from_the_base_branch(tmp_path: Path) -> None:
    """The base's own reviewer looks; the head's configuration, which would end it all, does not."""
    own = (
        '[reviewers.accessibility]\ncharter = "You are the accessibility reviewer. Who cannot use it?"\n'
        + "".join(
            f"[reviewers.{n}]\nenabled = false\n" for n in ("security", "style", "correctness")
        )
    )
    html = '<img src="a.png">\n'
    found = reported(
        *("page.html", 1, html.strip()),
        rule="accessibility/other",
        title="The picture has no text",
    )

    def script(body: dict[str, Any], _number: int) -> Reply:
        return Reply([found] if is_about(body, "accessibility") else [])

    async with fake_github() as github, fake_anthropic(script) as anthropic:
        github.pull(128, {CONFIG: own}, {CONFIG: 'exclude = ["**"]\n', "page.html": html})
        done = await called("review", PULL, folder=tmp_path, env=access(github.url, anthropic.url))
        assert done.code == 0
        assert "The picture has no text" in done.out
        assert "1 of 1 accessibility vote" in done.out
        assert all(
            "accessibility reviewer. Who cannot use it?" in t or "You are the verifier" in t
            for t in anthropic.texts()
        )


@pytest.mark.parametrize(
    ("more", "held"), [("", ""), ('gate = "high"\n', ', but for its gate "high"')]
)
async def test_a_wrong_configuration_of_a_pull_request_is_a_note(
    tmp_path: Path, more: str, held: str
) -> None:
    wrong = f"{more}rounds = 9"
    async with fake_github() as github:
        github.pull(128, {CONFIG: wrong}, {CONFIG: wrong, "a.py": "a = 1\n"})
        done = await called("review", PULL, folder=tmp_path, env=access(github.url))
        assert (done.code, done.err) == (0, "")
        note = " ".join(done.out.partition("Note: ")[2].split())
        assert note.startswith(f"The configuration is not used{held}. {CONFIG}: rounds must be")


# --- What is on this machine


async def test_the_default_range(tmp_path: Path) -> None:
    """A branch against the default branch; on the default branch the last commit."""
    shop = repository(tmp_path / "shop", {"a.py": "a = 1\n"}, {"b.py": "assert (1, 'x')\n"})
    on_main = await called("review", folder=shop)
    assert on_main.out.startswith("Static analysis only, 1 finding")
    assert "b.py:1" in on_main.out
    git(shop, "switch", "--quiet", "--create", "topic", "HEAD^")
    repository(shop, {"c.py": "import os\nos.chmod('x', 0o777)\n"}, {"d.py": "d = 1\n"})
    on_topic = await called("review", folder=shop)
    assert "c.py:2" in on_topic.out
    assert "b.py" not in on_topic.out
    ranged = await called("review", "topic..main", folder=shop)
    assert "b.py:1" in ranged.out
    assert {on_main.code, on_topic.code, ranged.code} == {0}


async def test_what_is_not_committed(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", {"a.py": "a = 1\n", "b.py": "b = 1\n"})
    write(shop, {"a.py": "assert (1, 'x')\n"})
    git(shop, "add", "a.py")
    write(shop, {"b.py": "assert (2, 'x')\n", "untracked.py": "assert (3, 'x')\n"})
    staged = await called("review", "--staged", folder=shop)
    assert ("a.py:1" in staged.out, "b.py:1" in staged.out) == (True, False)
    tree = await called("review", "--working-tree", folder=shop)
    assert ("a.py:1" in tree.out, "b.py:1" in tree.out) == (True, True)
    patch = git(shop, "diff").encode()
    piped = await triptych("review", "--diff", "-", folder=shop, stdin=patch + b"\n")
    assert ("b.py:1" in piped.out, "Only the hunks" in piped.out) == (True, False)
    elsewhere = await triptych("review", "--diff", "-", folder=tmp_path, stdin=patch + b"\n")
    told = " ".join(elsewhere.out.split())
    assert (
        told.count("Only the hunks of b.py are known, so no analyser that needs a whole file") == 1
    )
    assert "0 rules" not in told
    assert {staged.code, tree.code, piped.code} == {0}
    assert piped.err == ""


async def test_the_counts_of_files_add_up(tmp_path: Path) -> None:
    """Seven files: four read, one deleted, one left out, one empty."""
    text = {f"old{n}.txt": "one\n" for n in range(4)}
    shop = repository(tmp_path / "shop", {**text, "gone.txt": "one\n"})
    write(shop, {**dict.fromkeys(text, "two\n"), "empty.txt": ""})
    (shop / "logo.bin").write_bytes(bytes(9))
    (shop / "gone.txt").unlink()
    repository(shop, {})
    told = " ".join((await called("review", folder=shop)).out.split())
    assert re.search(r"4 of 5 files of [0-9a-f]{7} have rules; 1 is deleted\. ", told), told
    assert "1 file left out as binary. 1 file has no changed line. 0 calls" in told
    write(shop, {"bad.py": "assert (1, 'x')\n"})
    (shop / "old0.txt").unlink()
    repository(shop, {"blank.txt": ""})
    told = " ".join((await called("review", folder=shop)).out.split())
    assert re.search(r"read 1 of 2 files of [0-9a-f]{7}; 1 is deleted\. 1 file has no ch", told), (
        told
    )


AWS = f'AWS_KEY = "AKIA{"QYLPMN5HHHFPZAM2"}"\n'
STRIPE = f'STRIPE = "sk_{"live"}_51H8xYzAbCdEfGhIjKlMnOpQr"\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f'DB_PASSWORD = "hunter2hunter2"\n\n\n{AWS}', [1, 4]),
        (
            'import os\n\nDB_PASSWORD = "hunter2hunter2"\nAPI_SECRET = "s3cr3tvalue99xyz"\n'
            f"{AWS}{STRIPE}print(os.name)\n",
            [3, 4, 5, 6],
        ),
    ],
    ids=["two", "four"],
)
async def test_each_credential_is_told(text: str, lines: list[int], tmp_path: Path) -> None:
    """Two analysers in like words on neighbouring lines: who mends one would leave the other."""
    shop = repository(tmp_path / "shop", {"a.py": "a = 1\n"}, {"settings.py": text})
    told = await called("review", folder=shop)
    found = re.findall(r"^[A-Z]+ +settings\.py:(\d+)", told.out, re.MULTILINE)
    assert sorted(map(int, found)) == lines


async def test_an_empty_patch_on_standard_input(tmp_path: Path) -> None:
    done = await triptych("review", "--diff", "-", folder=tmp_path)
    assert done.code == 2
    assert done.told == [
        "There is nothing to review in standard input: no file differs.",
        "Name another range or patch.",
    ]


async def test_the_configuration_of_the_last_commit_holds_for_local_changes(tmp_path: Path) -> None:
    shop = repository(tmp_path / "shop", {CONFIG: 'exclude = ["a.py"]\n', "a.py": "", "b.py": ""})
    write(shop, {"a.py": "assert (1, 'x')\n", "b.py": "assert (2, 'x')\n", CONFIG: "rounds = 9\n"})
    done = await called("review", "--working-tree", folder=shop)
    assert done.code == 0
    assert ("a.py:1" in done.out, "b.py:1" in done.out) == (False, True)


# --- Where it goes


@pytest.mark.parametrize(
    ("options", "code"),
    [((), 0), (("--fail-on", "critical"), 0), (("--fail-on", "high"), 1)],
    ids=["plain", "fail on critical", "fail on high"],
)
async def test_the_example(options: tuple[str, ...], code: int, tmp_path: Path) -> None:
    done = await called("review", "--example", *options, folder=tmp_path)
    assert (done.code, done.err) == (code, "")
    assert done.out.startswith("Static analysis only, 9 findings: 5 high, 3 medium, 1 low\n")
    assert "1 low one: --all shows it." in done.out
    told = " ".join(done.out.split())
    assert "3 analysers read all 2 files, shop/access.py only in its hunks. 0 calls, " in told
    unread = "so no analyser that needs a whole file has read it."
    assert told.endswith(f"Note: Only the hunks of shop/access.py are known, {unread}"), "ruff"
    assert max(map(len, done.out.splitlines())) <= 80


async def test_all_shows_what_is_folded_away(tmp_path: Path) -> None:
    done = await called("review", "--example", "--all", folder=tmp_path)
    assert "LOW       shop/orders.py" in done.out
    assert "--all shows" not in done.out
    assert "\nCoverage\n- 2 files, 2 hunks: " in done.out


async def test_text_goes_to_a_file(tmp_path: Path) -> None:
    shown = await called("review", "--example", folder=tmp_path)
    kept = await called("review", "--example", "--output", "review.txt", folder=tmp_path)
    assert (kept.code, kept.out, kept.err) == (0, "", "")
    text = (tmp_path / "review.txt").read_text("utf-8")
    assert text.splitlines()[:-3] == shown.out.splitlines()[:-3]


@pytest.mark.parametrize(
    ("form", "locale"), [("terminal", "C"), ("json", "C"), ("json", "en_US.ISO-8859-1")]
)
async def test_the_locale_breaks_nothing(locale: str, form: str, tmp_path: Path) -> None:
    env = {"LANG": locale, "LC_ALL": locale, "PYTHONIOENCODING": "ascii"}
    done = await triptych("review", "--example", "--format", form, folder=tmp_path, env=env)
    assert (done.code, done.err) == (0, "")
    if form == "json":
        assert "‹U+202E›" in json.dumps(json.loads(done.out), ensure_ascii=False)
    else:
        assert "\\u2039U+202E\\u203a" in done.out


@pytest.mark.parametrize("fail_on", ["high", "critical"])
async def test_who_closes_standard_output_has_seen_enough(fail_on: str, tmp_path: Path) -> None:
    """As `| head -1` does: no trace, and the code is that of the review."""
    read, write_end = os.pipe()
    os.close(read)
    process = await start(
        *("review", "--example", "--fail-on", fail_on), folder=tmp_path, stdout=write_end
    )
    os.close(write_end)
    done = await ended(process)
    assert (done.code, done.err) == (1 if fail_on == "high" else 0, "")


async def test_who_closes_standard_error_changes_no_code(tmp_path: Path) -> None:
    read, write_end = os.pipe()
    os.close(read)
    process = await start("review", folder=tmp_path, stderr=write_end)
    os.close(write_end)
    assert (await ended(process)).code == 2


def test_who_closes_standard_error_ends_no_call() -> None:
    """The calls tell how far they are; that nobody reads it is no fault of theirs."""
    read, write_end = os.pipe()
    os.close(read)
    with os.fdopen(write_end, "w") as closed, redirect_stderr(closed):
        for _ in range(3):
            tell("security 1: done after 3 s")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
async def test_what_cannot_be_written_keeps_nothing_else_back(tmp_path: Path) -> None:
    """The review is paid for."""
    outputs = ("json=/dev/full", "terminal", f"markdown={tmp_path / 'r.md'}")
    formats = (part for output in outputs for part in ("--format", output))
    done = await called("review", "--example", "--engine", "static", *formats, folder=tmp_path)
    assert done.code == 2
    assert "Static analysis only" in done.out
    assert "Static analysis only" in (tmp_path / "r.md").read_text()
    assert done.err.splitlines()[-2:] == [
        "/dev/full cannot be written: No space left on device.",
        "Name another file.",
    ]


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = await start("review", "--example", folder=tmp_path, stdout=full.fileno())
    done = await ended(process)
    assert done.code == 2
    assert done.told == [
        "Standard output cannot be written: No space left on device.",
        "Name another file.",
    ]


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({"TERM": "xterm-256color"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
    ids=["terminal", "NO_COLOR"],
)
async def test_colour_only_on_a_terminal_and_on_the_severity_alone(
    env: dict[str, str], coloured: bool, tmp_path: Path
) -> None:
    ours, theirs = os.openpty()
    process = await start("review", "--example", folder=tmp_path, env=env, stdout=theirs)
    os.close(theirs)
    shown, done = await asyncio.gather(asyncio.to_thread(drained, ours), ended(process))
    assert done.code == 0
    assert ("\x1b[31mHIGH\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured
    assert "shop/orders.py:26" in shown


def drained(descriptor: int) -> str:
    """Everything that is written to a terminal until it is closed."""
    parts = []
    with suppress(OSError):  # So ends a terminal on Linux.
        while part := os.read(descriptor, 4096):
            parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode()


async def test_s42_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """File names are the change's; the announcement shows them before anybody has looked."""
    name = "a\x1b]0;owned\x07\u202e.py"
    repository(tmp_path / "shop", {"b.py": ""}, {name: "a = 1\n"})
    async with fake_anthropic() as anthropic:
        done = await called("review", folder=tmp_path / "shop", env=access(model=anthropic.url))
    assert done.code == 0
    assert "a‹U+001B›]0;owned‹U+0007›‹U+202E›.py" in done.err
    assert not {"\x1b", "\x07", "\u202e"} & {*done.err, *done.out}


# --- What goes wrong on the way


async def test_s54_an_unreachable_model_leaves_the_analysers(tmp_path: Path) -> None:
    """Nobody listens there. The review says which host, and ends with 3. (The SDK waits 7 s.)"""
    env = access(model=f"http://127.0.0.1:{closed_port()}")
    done = await called("review", "--example", folder=tmp_path, env=env)
    assert done.code == 3
    assert done.out.startswith("Incomplete: no model read anything.")
    assert "127.0.0.1 could not be reached. The security analysers" in done.out
    assert "HIGH      shop/orders.py:26" in done.out
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("status", "said"), [(401, "401"), (403, "403")])
async def test_s54_a_refused_key_is_tried_once_per_call_at_the_most(
    status: int, said: str, tmp_path: Path
) -> None:
    async with fake_anthropic(lambda _b, _n: Reply(status=status)) as anthropic:
        done = await called("review", "--example", folder=tmp_path, env=access(model=anthropic.url))
        assert done.code == 3
        assert len(anthropic.requests) <= 7
    assert "HIGH      shop/orders.py:26" in done.out
    assert KEY not in done.out + done.err


async def test_ctrl_c_while_a_model_thinks(tmp_path: Path) -> None:
    """Nothing is posted, the connections are closed, and the code is that of the signal."""
    async with (
        fake_github() as github,
        fake_anthropic(lambda _b, _n: Reply(hang=True)) as anthropic,
    ):
        github.pull(128, {}, {"api/orders.py": ORDERS})
        env = access(github.url, anthropic.url)
        process = await start("review", PULL, "--post", folder=tmp_path, env=env)
        await until(lambda: anthropic.running > 0)
        interrupt(process)
        done = await ended(process)
        assert done.code == 130
        assert done.told[-2:] == ["Stopped.", "Nothing was posted."]
        assert "Traceback" not in done.err
        assert done.out == ""
        await until(lambda: anthropic.running == 0)
        assert github.posts() == 0


async def test_ctrl_c_while_the_review_is_posted(tmp_path: Path) -> None:
    """Whether GitHub has taken it nobody knows, so nobody says that nothing was posted."""
    async with fake_github() as github:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        github.faults.append(Fault("POST", r"/reviews$", "lost"))
        github.held[r"/reviews$"] = answered = asyncio.Event()
        process = await start("review", PULL, "--post", folder=tmp_path, env=access(github.url))
        await until(lambda: github.posts() > 0)
        interrupt(process)
        await asyncio.sleep(0.3)
        assert process.returncode is None, "what is under way is waited for"
        answered.set()
        done = await ended(process)
        assert done.code == 130
        look = "Look at the pull request whether the review was posted."
        assert done.told == ["Stopped.", look]


async def test_ctrl_c_while_a_push_is_reviewed(tmp_path: Path) -> None:
    """All that was written is that the review which stands there is of an older commit."""
    async with fake_github() as github, fake_anthropic(model) as anthropic:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        env = access(github.url, anthropic.url)
        assert (await called("review", PULL, "--post", folder=tmp_path, env=env)).code == 0
        github.push(128, "9d02f7e", {"api/orders.py": f"import os\n{ORDERS}"})
        anthropic.script = lambda _b, _n: Reply(hang=True)
        process = await start("review", PULL, "--post", folder=tmp_path, env=env)
        older = "**For `4ead128`, an older commit.**"
        await until(lambda: anthropic.running > 0 and github.bodies_of(128)[0].startswith(older))
        interrupt(process)
        done = await ended(process)
        assert done.code == 130
        assert done.told[-2:] == [
            "Stopped.",
            "Nothing was posted. In the review that stands there, at most what it says of its commit has "
            "changed.",
        ]
        assert github.posts() == 1


async def test_ctrl_c_while_standard_input_is_read(tmp_path: Path) -> None:
    """On a terminal the command says that it waits for something."""
    ours, theirs = os.openpty()
    process = await start("review", "--diff", "-", folder=tmp_path, stdin=theirs)
    assert process.stderr is not None
    assert await process.stderr.readline() == b"Reading a diff from standard input.\n"
    interrupt(process)
    done = await ended(process)
    assert (done.code, done.told) == (130, ["Stopped.", "Nothing was posted."])
    os.close(ours)
    os.close(theirs)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)


def test_of_a_whole_report_nobody_makes_a_text_in_passing() -> None:
    """`asyncio.run` of Python 3.11 does, of what its task returns, as it gives Ctrl-C back: seconds of a
    large change.
    """
    texts = 0

    class Large:
        def __repr__(self) -> str:
            nonlocal texts
            texts += 1
            return "large"

    async def reviewed() -> Large:
        return Large()

    assert isinstance(_awaited(reviewed()), Large)
    assert texts == 0


async def test_s37_a_large_file_is_a_gap_and_nobody_waits_for_it(tmp_path: Path) -> None:
    folder = repository(tmp_path, {"a.txt": "a\n"}, {"big.py": "xyz = 1234567890123\n" * 60_000})
    done = await triptych("review", "HEAD~1..HEAD", folder=folder)
    assert done.code == 3
    assert done.err == ""
    assert done.out.startswith("Incomplete: the analysers could not read 1 file.")
    assert "- big.py, not analysed: ruff: it is larger than 1 MB." in done.out
    assert "Do: review these parts by hand: they stay too large" in done.out


async def test_a_person_is_told_of_a_wait(tmp_path: Path) -> None:
    """ruff reads every line of these files; of the others only what changes is looked at."""
    rows = "x = 1\n" * 13_000
    folder = repository(tmp_path, {"a.txt": "a\n"}, {f"{n}.py": rows for n in range(4)})
    done = await called("review", "HEAD~1..HEAD", folder=folder)
    assert done.told == ["52,000 lines to read: that takes a while."]
    repository(folder, {f"{n}.txt": rows for n in range(4)})
    assert (await called("review", "HEAD~1..HEAD", folder=folder)).told == []
