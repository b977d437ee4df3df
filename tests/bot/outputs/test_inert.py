"""Text of strangers and models does nothing on GitHub but show itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.outputs.inert import block, cell, code, inert, shortened
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line
from tests.bot.outputs.markup import GITHUB, bare_text, plain_text, structure

PLAIN = Redaction()
CHEAP = settings(max_examples=100)

ACTS = {
    "a mention": r"@\w",
    "an issue": r"#\d|\bGH-\d+\b",
    "a commit": r"\b[0-9a-f]{7,40}\b",
    "an address": r"(?:https?|ftp)://|\bwww\.\w",
    "an emoji": r":[a-z0-9_+\-]+:",
    "a formula": r"\$",
}
"""What GitHub makes of plain words, as patterns of the text outside of code."""

PIECES = (
    *("@user", "@org/team", "#12", "acme/shop#7", "GH-12", "deadbee", "0123456789abcdef0123"),
    *("/merge", "bors r+", "fixes #3", "https://evil.example/a", "www.evil.example", "a@b.example"),
    *("`", "``", "```", "~~~", "*", "**", "_", "~~", "[", "](", ")", "![", "]", "<", ">", "<!--"),
    *(
        "-->",
        "</details>",
        "<b>",
        "&",
        "&lt;",
        "&#64;",
        "\\",
        "|",
        "$",
        "$$",
        ":tada:",
        "::",
        "(",
        "'",
    ),
    *(
        "# ",
        "- ",
        "+ ",
        "1. ",
        "> ",
        "=== ",
        "--- ",
        "\n",
        "\r\n",
        "\t",
        " ",
        "\u200b",
        "\u202e",
        ".",
    ),
    *("x", "word", "a b", "漢字", "🎉"),
)
HOSTILE = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=60),
)


def acts(markdown: str) -> list[str]:
    """What a text would set off."""
    shown = bare_text(markdown)
    return [name for name, pattern in ACTS.items() if re.search(pattern, shown, re.IGNORECASE)]


def test_the_patterns_see_what_acts() -> None:
    """The tests below mean something: unguarded text is caught by every pattern."""
    raw = "@user #12 deadbeef1 https://evil.example :tada: $x$"
    assert acts(raw) == list(ACTS)


# --- tables


@pytest.mark.parametrize(
    "text",
    [
        "@user look",
        "see @org/team",
        "(@user)",
        "x@y.example",
        "fixes #1",
        "Closes acme/shop#2",
        "resolves GH-3",
        "fix gh-3",
        "since 4be91c0d",
        "since " + "a" * 40,
        "@\u200buser",
        "&#64;user",
        "\\@user",
        "`@a``b`@user``",
        "@x``y`@user``",
        "**@user**",
        "| @user |",
        "<!-- @user -->",
        "$a$ and $$b$$",
        ":tada: and :+1: and ::warning::x",
    ],
)
def test_s56_nothing_is_mentioned_or_closed(text: str) -> None:
    assert acts(inert(text, PLAIN)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/merge", "`/merge`"),
        ("/lgtm cancel", "`/lgtm` cancel"),
        ("  /merge now", "`/merge` now"),
        ("\n/merge", "`/merge`"),
        ("/MERGE", "`/MERGE`"),
        ("/merge`x`", "`` /merge`x` ``"),
        ("/a/b is a path", "`/a/b` is a path"),
        ("bors r+", "`bors` `r+`"),
        ("please /merge it", "please `/merge` it"),
        ("@dependabot merge", "`@dependabot` merge"),
        ("@claude do it", "`@claude` do it"),
        ("recheck", "`recheck`"),
        ("retest this please", "`retest` this please"),
        ("ok to test", "`ok` to test"),
        ("Jenkins, test this please", "`Jenkins,` test this please"),
        ("and/or is no command", "and/or is no command"),
    ],
)
def test_s56_commands_of_other_bots_are_code(text: str, shown: str) -> None:
    assert inert(text, PLAIN) == shown


@pytest.mark.parametrize(
    "text",
    [
        "![alt](https://evil.example/a.png)",
        "![alt][ref]",
        "[ref]: https://evil.example",
        "<img src=https://evil.example/a.png>",
        "<picture><source srcset='x'></picture>",
        "<svg onload=alert(1)>",
        "![x](data:image/png;base64,AAAA)",
        "[click](javascript:alert(1))",
        "[text](https://github.com.evil.example/acme/shop)",
        "<https://evil.example>",
        "https://evil.example/a",
        "HTTPS://EVIL.EXAMPLE",
        "www.evil.example",
        "mailto:a@evil.example",
        "xmpp:a@evil.example",
        "<a href='https://evil.example'>text</a>",
        "[^1]",
        "[x][]",
    ],
)
def test_s57_no_image_and_no_link(text: str) -> None:
    shown = inert(text, PLAIN)
    assert structure(shown) == structure("words")
    assert acts(shown) == []
    assert squashed(plain_text(shown)) == squashed(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# title", "`#` title"),
        ("- item", "`-` item"),
        ("+ item", "`+` item"),
        ("* item", "\\* item"),
        ("12. item", "`12.` item"),
        ("1) item", "`1)` item"),
        ("> quote", "&gt; quote"),
        ("---", "`---`"),
        ("===", "`===`"),
        ("```python", "\\`\\`\\`python"),
        ("~~~", "\\~\\~\\~"),
        ("| a | b |", "\\| a \\| b \\|"),
        ("</details>", "&lt;/details&gt;"),
        ("<!-- x -->", "&lt;!-- x --&gt;"),
        ("a\nb\r\nc", "a b c"),
        ("[x] done", "\\[x\\] done"),
        ("it is *not* _so_ ~~bad~~", "it is \\*not\\* \\_so\\_ \\~\\~bad\\~\\~"),
    ],
)
def test_s58_no_block_is_opened(text: str, shown: str) -> None:
    assert inert(text, PLAIN) == shown
    assert structure(shown) == structure("words")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uses `x` and `` a`b ``", "uses `x` and ``a`b``"),
        ("an open ` tick", "an open \\` tick"),
        ("`a``b`", "```a``b```"),
        ("at 5:30 the data: fine", "at 5:30 the data: fine"),
        ("2026-11-20", "2026-11-20"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("a\u202eb", "a‹U+202E›b"),
        ("a\x1b[31mb", "a‹U+001B›\\[31mb"),
        ("", ""),
    ],
)
def test_words_stay_as_they_are(text: str, shown: str) -> None:
    assert inert(text, PLAIN) == shown


TOKENS = {
    "ghp": "ghp_" + "a1B2" * 9,
    "gho": "gho_" + "a1B2" * 9,
    "ghu": "ghu_" + "a1B2" * 9,
    "ghs": "ghs_" + "a1B2" * 9,
    "ghr": "ghr_" + "a1B2" * 9,
    "github_pat": "github_pat_" + "a1B2" * 9,
    "sk-ant": "sk-ant-api03-" + "a1B2" * 9,
    "AKIA": "AKIA" + "A1B2" * 4,
    "ASIA": "ASIA" + "A1B2" * 4,
    "xoxb": "xoxb-" + "1234567890-" * 2 + "a1B2c3",
    "JWT": "eyJ" + "a1B2" * 5 + ".eyJ" + "a1B2" * 5 + "." + "a1B2" * 5,
    "npm": "npm_" + "a1B2" * 9,
    "pypi": "pypi-" + "a1B2" * 15,
    "Slack hook": "https://hooks.slack.com/services/" + "T0A1B2C3/" * 2 + "a1B2c3D4e5F6",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_s59_credentials_are_cut(token: str) -> None:
    shown = inert(f"The value {token} is printed.", PLAIN)
    assert token[8:] not in shown
    assert f"{token[:4]}…" in plain_text(shown)


def test_s59_own_secrets_are_cut_whatever_they_look_like() -> None:
    redact = Redaction(frozenset({"correct-horse-battery-staple"}))
    assert "horse-battery" not in inert("it is horse-battery-staple", redact)


# --- the pieces


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a```", "```` a``` ````"),
        ("", "`  `"),
        ("a\nb", "`a b`"),
        ("\u202e", "`‹U+202E›`"),
    ],
)
def test_a_code_span_holds_any_text(text: str, shown: str) -> None:
    assert code(text) == shown


@CHEAP
@given(HOSTILE)
def test_a_code_span_is_one_code_span(text: str) -> None:
    inside = GITHUB.parse(f"see {code(text)} there")[1].children or []
    assert [t.type for t in inside] == ["text", "code_inline", "text"]
    assert inside[1].content.strip() == one_line(text)


@CHEAP
@given(HOSTILE)
def test_a_cell_stays_one_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {cell(text)} | end |\n\nbehind"
    assert structure(table) == structure("| a | b |\n|---|---|\n| x | end |\n\nbehind")
    assert squashed(one_line(text)) in squashed(plain_text(table))


@CHEAP
@given(HOSTILE, st.sampled_from(["", "text", "suggestion", "diff"]))
def test_s58_a_block_is_one_block(text: str, language: str) -> None:
    tree = GITHUB.parse(f"before\n\n{block(text, language)}\n</details>\n\nbehind")
    assert [t.type for t in tree if t.type in ("fence", "html_block")] == ["fence", "html_block"]
    assert plain_text("behind") in plain_text(f"{block(text, language)}\n\nbehind")


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("one two three", 10, "one two…"),
        ("one, two", 6, "one…"),
        ("unbreakable", 5, "unbr…"),
        ("a unbreakable", 9, "a unbrea…"),
        ("anything", None, "anything"),
    ],
)
def test_a_cut_is_at_a_word_and_marked(text: str, limit: int | None, cut: str) -> None:
    assert shortened(text, limit) == cut


@CHEAP
@given(st.text(max_size=80), st.integers(1, 40))
def test_a_cut_text_is_never_longer(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= limit


# --- properties


def squashed(text: str) -> str:
    """Without blanks and backticks: the words alone, in their order."""
    return re.sub(r"[\s`]", "", text)


@CHEAP
@given(HOSTILE)
def test_s58_any_text_is_words_and_code_on_one_line(text: str) -> None:
    shown = inert(text, PLAIN)
    assert "\n" not in shown
    tree = GITHUB.parse(shown)
    assert [t.type for t in tree] in ([], ["paragraph_open", "inline", "paragraph_close"])
    inside = {t.type for t in tree[1].children or []} if tree else set()
    assert inside <= {"text", "text_special", "code_inline"}
    assert not re.match(r"\s*/\w", shown)


@CHEAP
@given(HOSTILE)
@example("@x``y`@evil``")  # side by side, the fences of two code spans would join
def test_s56_no_text_acts(text: str) -> None:
    assert acts(inert(text, PLAIN)) == []


@CHEAP
@given(HOSTILE)
def test_no_word_is_lost_or_escaped_twice(text: str) -> None:
    assert squashed(plain_text(inert(text, PLAIN))) == squashed(one_line(PLAIN(text)))


@CHEAP
@given(HOSTILE)
def test_s58_text_in_a_bold_title_of_a_list_keeps_the_list(text: str) -> None:
    row = "1. **High: {}.** [`a.py:1`](https://github.com/x), 2 of 3 votes.\n2. end\n</details>"
    assert structure(row.format(inert(text, PLAIN))) == structure(row.format("words"))
