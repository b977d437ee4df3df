"""What counts as a command, and what only looks like one (case S30)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.doors.commands import MOST_REASON, Command, Refusal, parse_command
from bot.jobs.protocol import Verb
from bot.outputs.replies import HELP

REVIEW = Command(Verb.REVIEW)
ID = "5b21c7e9a02b"
FENCE = "```"

IN_ORDER = [
    ("/triptych review", REVIEW),
    ("/triptych  review  ", REVIEW),
    ("/Triptych Review", REVIEW),
    ("/triptych\treview", REVIEW),
    ("Thanks, done.\n\n/triptych review\n\nBye", REVIEW),
    ("Thanks, done.\r\n/triptych review\r\n", REVIEW),
    ("/triptych stop", Command(Verb.STOP)),
    ("/triptych help", Command(Verb.HELP)),
    ("/triptych explain", Command(Verb.EXPLAIN)),
    ("/triptych explain 5b21c7", Command(Verb.EXPLAIN, "5b21c7")),
    (f"/triptych explain `{ID.upper()}`", Command(Verb.EXPLAIN, ID)),
    (
        f"/triptych dismiss {ID} only the nightly job calls this",
        Command(Verb.DISMISS, ID, "only the nightly job calls this"),
    ),
    ("/triptych dismiss 5b21c7   --", Refusal),
    ("/triptych dismiss not reachable", Command(Verb.DISMISS, "", "not reachable")),
    ("/triptych dismiss 404 is right here", Command(Verb.DISMISS, "", "404 is right here")),
    ("/triptych dismiss see https://x.test/a", Command(Verb.DISMISS, "", "see https://x.test/a")),
    ("> said before\n\n/triptych review", REVIEW),
    (">\n/triptych review", REVIEW),
    ("- a list\n/triptych review", REVIEW),
    (f"{FENCE}sh\nls\n{FENCE}\n/triptych review", REVIEW),
    (f"~~~~\n~~~\n{FENCE}\n~~~~\n/triptych review", REVIEW),
    (f"{FENCE}inline{FENCE} text\n/triptych review", REVIEW),
    ("<!-- hidden -->\n/triptych review", REVIEW),
    ("`<!--` opens a comment\n/triptych review", REVIEW),
    ("an `open span\n\n/triptych review", REVIEW),
    ("a `b` and ``c ` d``\n/triptych review", REVIEW),
    ("<!-- ` --> `a` <!-- ` -->\n/triptych review", REVIEW),
    ("`` <pre> `` `<code>`\n/triptych review", REVIEW),
    ("İ <pre>x</PRE>\n/triptych review", REVIEW),
]

REFUSED = [
    "/triptych",
    "/triptych please review this",
    "/triptych review --max-cost=100",
    "/triptych review engine=claude",
    "/triptych review https://evil.test/config.toml",
    "/triptych review ../../etc/passwd",
    "/triptych review now",
    "/triptych stop all",
    "/triptych help me",
    "/triptych config set gate=low",
    "/triptych explain all of it",
    "/triptych explain 5b21c",
    f"/triptych explain {ID}{ID}",
    f"/triptych explain {ID} --model=x",
    "/triptych dismiss",
    f"/triptych dismiss {ID}",
    f"/triptych dismiss {ID} --all",
    "/triptych dismiss --all",
    f"/triptych dismiss {ID} {'x' * (MOST_REASON + 1)}",
    "/triptych review\n/triptych stop",
]


@pytest.mark.parametrize(("text", "says"), [("", True), (f" {ID}", False), (" `5b21c7`", False)])
def test_a_dismissal_of_nothing_is_told_all_that_it_lacks(text: str, says: bool) -> None:
    told = parse_command(f"/triptych dismiss{text}")
    assert isinstance(told, Refusal)
    assert "needs" in told.what
    assert "reason" in told.what
    assert ("the id of a finding" in told.what) is says


NO_COMMAND = [
    "",
    "triptych review",
    "Please /triptych review",
    " /triptych review",
    "    /triptych review",
    "\t/triptych review",
    "\u200b/triptych review",
    "\ufeff/triptych review",
    "/triptychs review",
    "/triptych: review",
    "/triptych-review",
    "//triptych review",
    "\\/triptych review",
    "&#47;triptych review",
    "text\u2028/triptych review",
    "text\x0b/triptych review",
    "> /triptych review",
    ">/triptych review",
    "> said before\n/triptych review",
    "> > said\n> before\n/triptych review",
    "- /triptych review",
    "* /triptych review",
    "1. /triptych review",
    "`/triptych review`",
    "`\n/triptych review\n`",
    "``a\n/triptych review\nb`` c",
    f"{FENCE}\n/triptych review\n{FENCE}",
    f"{FENCE}\n/triptych review",
    f"{FENCE}`\n{FENCE}\n/triptych review\n{FENCE}`",
    "~~~ sh\n/triptych review\n~~~",
    f"- {FENCE}\n/triptych review\n  {FENCE}",
    f"{FENCE}\n~~~\n/triptych review\n{FENCE}",
    "<!-- /triptych review -->",
    "<!--\n/triptych review\n-->",
    "<!--\n\n/triptych review",
    "<!-- a --> <!--\n/triptych review\n-->",
    "text <!-- `\n/triptych review\n` -->",
    "<details><pre>\n/triptych review\n</pre></details>",
    "<CODE>\n\n/triptych review\n</code>",
    "<!-- ` --> ` <pre>\n/triptych review\n</pre>",
    "`a` <!--\n/triptych review\n-->",
    "<blockquote>\n/triptych review\n</blockquote>",
    "Done.\n-- \nSent by mail\n/triptych review",
]


@pytest.mark.parametrize(("body", "wanted"), IN_ORDER)
def test_a_command_is_read(body: str, wanted: Command | type[Refusal]) -> None:
    found = parse_command(body)
    assert isinstance(found, Refusal) if wanted is Refusal else found == wanted


@pytest.mark.parametrize("body", REFUSED)
def test_what_else_it_says_is_refused(body: str) -> None:
    found = parse_command(body)
    assert isinstance(found, Refusal), found
    assert all(usage in found.do for usage, _ in HELP) or "sentence" in found.do


def test_what_is_no_id_is_told_as_that() -> None:
    """Without repeating it: whatever it says, it would be said by us."""
    for body, said in (("explain zzzz", "is no id"), ("explain that one", "nothing else")):
        found = parse_command(f"/triptych {body}")
        assert isinstance(found, Refusal)
        assert said in found.what
        assert "zzzz" not in found.what


@pytest.mark.parametrize("body", NO_COMMAND)
def test_what_was_not_said_here_is_no_command(body: str) -> None:
    assert parse_command(body) is None


@pytest.mark.parametrize("usage", [usage for usage, _ in HELP])
def test_the_list_of_commands_is_right(usage: str) -> None:
    found = parse_command(usage.replace("ID", ID).replace("REASON", "because"))
    assert isinstance(found, Command)
    assert set(Verb) - {Verb.ANSWER} == {Verb(u.split()[1]) for u, _ in HELP}


def test_an_answer_is_no_command_that_can_be_written() -> None:
    assert isinstance(parse_command("/triptych answer"), Refusal)


@given(st.text(alphabet="`~<>!-/ \n\r\ttriptychevwprs0a#*", max_size=300))
def test_any_text_can_be_read(body: str) -> None:
    assert parse_command(body + "\n\n") is None or "/triptych" in body.lower()


@pytest.mark.parametrize(
    "body",
    [
        "`a" * 30_000,
        "".join("`" * n + "a" for n in range(350)),
        "<!-- -->" * 8_000,
        "<!--<pre>" * 7_000,
        "- " * 30_000,
        "> \n" * 20_000,
        "/triptych review\n" * 3_000,
        "`\n" * 30_000,
        "`<!--`-->" * 7_000,
        "`" * 65_000 + " a`",
    ],
)
def test_the_longest_comments_are_read_at_once(body: str) -> None:
    began = time.process_time()
    parse_command(f"{body}\n/triptych review")
    assert time.process_time() - began < 1.0
