"""Credentials are known by their look, and shown by four characters only. Case S59's table."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewers.core.secrets import GRAM, KINDS, Redaction, find_secrets, masked

redact = Redaction()


def letters(number: int) -> str:
    """Text like that of a token. Tokens are put together here, so that scanners stay quiet."""
    return ("a1B2c3D4e5F6g7H8i9J0" * 20)[:number]


def word(*parts: str) -> str:
    return "".join(parts)


TOKENS = {
    "ghp": word("ghp_", letters(36)),
    "gho": word("gho_", letters(36)),
    "ghu": word("ghu_", letters(36)),
    "ghs": word("ghs_", letters(36)),
    "ghs with a web token": word(
        "ghs_123456_eyJ", letters(80), ".eyJ", letters(200), ".", "x-_" * 40
    ),
    "ghr": word("ghr_", letters(76)),
    "github_pat": word("github_", "pat_", letters(22), "_", letters(59)),
    "sk-ant": word("sk-", "ant-api03-", letters(93), "AA"),
    "AKIA": word("AK", "IA", "ABCDEFGHIJ234567"),
    "ASIA": word("AS", "IA", "ABCDEFGHIJ234567"),
    "xoxb": word("xo", "xb-", "123456789012-123456789012-", letters(24)),
    "xoxp": word("xo", "xp-", "123456789012-", letters(32)),
    "JSON web token": word("ey", "J", letters(20), ".ey", "J", letters(30), ".", letters(43)),
    "npm": word("np", "m_", letters(36)),
    "pypi": word("py", "pi-", "AgEIcHlwaS5vcmcC", letters(60)),
    "Slack hook": word("https://hooks.", "slack.com/services/T0/B0/", letters(24)),
    "OpenAI": word("sk-", "proj-", letters(48)),
    "Stripe": word("sk_", "live_", letters(24)),
    "Google": word("AI", "za", letters(35)),
    "GitLab": word("gl", "pat-", letters(20)),
    "SendGrid": word("S", "G.", letters(22), ".", letters(43)),
}

BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
BODY = [letters(64), letters(64)[::-1], letters(64), "short=="]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(
    "text",
    ["{}", 'key = "{}"', "Authorization: Bearer {}\n", "x={}&y=1", "({})", "`{}`", "ключ:{}"],
    ids=["alone", "quoted", "header", "parameter", "brackets", "code span", "not ASCII before"],
)
def test_s59_every_format_is_masked_wherever_it_stands(token: str, text: str) -> None:
    out = redact(text.format(token))
    assert token not in out
    assert token[5:GRAM] not in out
    assert out.count("…") == 1
    assert out.startswith(text.partition("{}")[0])


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_s59_four_characters_stay_so_that_people_know_which(token: str) -> None:
    assert redact(token) == token[:4] + "…"
    assert masked(token) == token[:4] + "…"


def test_s59_several_in_one_text_are_all_masked() -> None:
    text = "\n".join(f"{name}={token}" for name, token in TOKENS.items())
    out = redact(text)
    assert out.count("…") == len(TOKENS)
    assert not any(token in out for token in TOKENS.values())
    assert out.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "ghp_short",
        "task_ghp_" + "x" * 36,
        "sk-learn is a library",
        "AKIA is a prefix",
        "npm_config_registry=https://registry.example",
        "https://example.com/path?x=y",
        "ssh://git@github.com/acme/shop",
        "postgres://user:{password}@db/shop",
        "git commit 4be91c0" + "0" * 33,
        "eyJust.a.sentence",
        "BEGIN PRIVATE KEY",
    ],
)
def test_what_only_begins_like_a_secret_is_left_alone(text: str) -> None:
    assert redact(text) == text
    assert list(find_secrets(text)) == []


def test_a_password_in_a_url_is_masked_and_its_host_is_not() -> None:
    assert redact("postgres://admin:s3cret-word@db.internal/shop") == (
        "postgres://admi…@db.internal/shop"
    )


def test_spans_name_the_kind_and_the_place() -> None:
    text = f"a {TOKENS['ghp']} b {TOKENS['AKIA']}"
    assert [(s.kind, text[s.start : s.end]) for s in find_secrets(text)] == [
        ("GitHub token", TOKENS["ghp"]),
        ("AWS access key", TOKENS["AKIA"]),
    ]


# --- Private keys


@pytest.mark.parametrize(
    "text",
    [
        "\n".join((BEGIN, *BODY, END)),
        "\n".join((BEGIN, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", *BODY, END)),
        "\n".join(
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----",
                *("Version: GnuPG v2", "", *BODY, "=Ab3d"),
                "-----END PGP PRIVATE KEY BLOCK-----",
            )
        ),
        "\n".join((BEGIN.replace("RSA", "OPENSSH"), *BODY, END.replace("RSA", "OPENSSH"))),
        "\n".join((BEGIN.replace("RSA ", ""), *BODY, END.replace("RSA ", ""))),
        "KEY = (\n" + "\n".join(f'    "{row}\\n"' for row in (BEGIN, *BODY, END)) + "\n)",
        "const key =\n" + " +\n".join(f"  '{row}\\n'" for row in (BEGIN, *BODY, END)) + ";",
        "\n".join(f"+{row}" for row in (BEGIN, *BODY, END)),
        "\n".join(f"    {row}" for row in (BEGIN, *BODY, END)),
        "\n".join(f"# {row}" for row in (BEGIN, *BODY, END)),
        'key = "' + "\\n".join((BEGIN, *BODY, END)) + '"',
        '{"key": "' + "\\\\n".join((BEGIN, *BODY, END)) + '"}',
        "KEY=" + " ".join((BEGIN, *BODY, END)),
        'key = "' + "\\n".join((BEGIN, "Proc-Type: 4,ENCRYPTED", "", *BODY, END)) + '"',
        'cut = "' + "\\n".join((BEGIN, *BODY)),
        "\n".join((BEGIN, *BODY[:3])),
        "\n".join((BEGIN, *BODY, f"{END} {BEGIN}", *BODY, END)),
    ],
    ids=[
        *("PEM", "encrypted PEM", "PGP", "OpenSSH", "PKCS 8", "Python rows", "JavaScript rows"),
        *("diff", "indented", "commented", "one line", "JSON", "blanks for line ends"),
        *("encrypted, one line", "one line, cut off", "cut off", "one behind another"),
    ],
)
def test_s48_no_row_of_a_private_key_is_left(text: str) -> None:
    out = redact(text)
    assert not [row for row in BODY if row in out]
    assert out.count("\n") == text.count("\n"), "rows keep their numbers"
    assert "PRIVATE KEY" not in out.split("\n")[0] or "----…" in out


@pytest.mark.parametrize(
    "code",
    [
        "    return load(text)",
        "deleteEverything();",
        "pass",
        "continue;",
        "Run: rm -rf /",
        "if is_admin:",
        "x = y",
    ],
)
def test_behind_a_mention_of_a_key_no_code_is_hidden(code: str) -> None:
    """Whoever writes BEGIN into a comment must not get the lines below it past the reviewers."""
    text = f"# {BEGIN}\n{code}\n{code}\nend of file\n"
    assert redact(text).split("\n")[1:] == [code, code, "end of file", ""]


# --- Secrets of our own, of whatever look


OWN = "correct horse battery staple"


@pytest.mark.parametrize("start", range(len(OWN) - GRAM + 1))
def test_s59_any_twelve_characters_of_an_own_secret_are_enough(start: int) -> None:
    """A model can be told to leave out the beginning of what it prints."""
    part = OWN[start : start + GRAM]
    out = Redaction(frozenset({OWN}))(f"say <{part}> now")
    assert out == f"say <{part[:4]}…> now"


def test_eleven_characters_of_an_own_secret_are_just_text() -> None:
    assert Redaction(frozenset({OWN}))(OWN[: GRAM - 1]) == OWN[: GRAM - 1]


def test_an_own_secret_with_line_ends_keeps_the_lines_where_they_are() -> None:
    """The App's private key is such a one; rows of code are numbered after masking."""
    secret = "alpha bravo char\ndelta echo foxtrot\ngolf hotel india"
    out = Redaction(frozenset({secret}))(f"a\n{secret}\nb")
    assert out.split("\n") == ["a", "alph…", "…", "…", "b"]


def test_own_secrets_that_are_too_short_to_tell_are_left_alone() -> None:
    assert Redaction(frozenset({"", "short"}))("a short text") == "a short text"


def test_s47_twelve_planted_secrets_and_no_trace_of_them() -> None:
    planted = [f"planted-secret-{n}-{letters(20)[n:]}" for n in range(12)]
    out = Redaction(frozenset(planted))(" | ".join(s[3:] for s in planted))
    assert not [s for s in planted for i in range(len(s) - GRAM) if s[i : i + GRAM] in out]


# --- Whatever the text


pieces = st.lists(
    st.one_of(
        st.sampled_from([*TOKENS.values(), BEGIN, END, *BODY, OWN, "\n", " ", "://u:", "@"]),
        st.text(max_size=8),
    ),
    max_size=8,
).map("".join)


@given(pieces)
@example(TOKENS["Slack hook"] + TOKENS["ghp"])
@example("https://user:" + TOKENS["ghs with a web token"] + "@github.com")
@example(f"{BEGIN}{BEGIN}\n{BODY[0]}")
def test_masking_leaves_no_secret_and_is_done_once(text: str) -> None:
    own = Redaction(frozenset({OWN}))
    out = own(text)
    assert list(find_secrets(out)) == []
    assert own(out) == out
    assert out.count("\n") == text.count("\n")


def test_s37_large_texts_are_masked_in_a_moment() -> None:
    start = process_time()
    for text in ("x" * 1_000_000, f"{BEGIN} " * 3000, "sk-" * 300_000, "a:" * 300_000):
        redact(text)
    assert process_time() - start < 4.0


def test_names_of_kinds_are_unique() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


HOSTILE = {
    "a key's row of line ends": "-----BEGIN PRIVATE KEY-----\nAAAA" + "\\\\n" * 4000 + "!",
    "a key's row of backslashes": "-----BEGIN PRIVATE KEY-----\n" + "\\" * 200_000 + "!",
    "a key's row of signs": "-----BEGIN PRIVATE KEY-----\n" + "A" * 99_000 + "+" * 99_000 + "!",
    "a key's header": "-----BEGIN PRIVATE KEY-----\nVersion: " + "," * 200_000 + '"!',
    "beginnings of keys": "-----BEGIN PRIVATE KEY-----" * 16_000,
    "words of a beginning": "-----BEGIN " + "A " * 200_000,
    "tokens without a gap": ("npm_" + "A" * 36) * 10_000,
    "tokens of several kinds": ("npm_" + "A" * 36 + "AIza" + "b" * 35 + "AKIA" + "C" * 16) * 4000,
    "parts of web tokens": "eyJaaaaaaaaaaaa.eyJ" * 20_000,
    "a long run before one": "a-" * 100_000 + ".eyJ" + "a" * 5,
    "passwords": ("://" + "a" * 63 + ":" + "b" * 127) * 2000,
    **{f"signs of {kind.name}": kind.signs[0] * (400_000 // len(kind.signs[0])) for kind in KINDS},
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s37_no_text_of_a_stranger_takes_for_ever(text: str) -> None:
    """Each took minutes, or for ever, by a pattern that tries all ways to share a text out; masking one
    holds up the whole process. The limit is 20 times what they take.
    """
    begun = process_time()
    cut = redact(text)
    assert process_time() - begun < 5.0
    assert redact(cut) == cut


def test_of_a_chain_of_tokens_nothing_is_left_and_the_code_behind_it_is() -> None:
    chain = ("npm_" + "A" * 36 + "AIza" + "b" * 35) * 50
    text = redact(f'run("{chain}")  # here\nos.system(name)')
    assert "AAAAA" not in text
    assert "bbbbb" not in text
    assert text.startswith('run("npm_…')
    assert text.endswith('")  # here\nos.system(name)')


@pytest.mark.parametrize("row", ["+T8B", "/T8Bq+", "    // +T8B", "# /T8B", '"+T8B" +'])
def test_s48_the_last_row_of_a_key_may_begin_with_any_of_its_signs(row: str) -> None:
    out = redact(f"{BEGIN}\n{row}\n-----END PRIVATE KEY-----")
    assert "T8B" not in out
