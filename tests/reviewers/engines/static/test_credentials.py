"""Credentials in added lines are reported, each as its kind, and never repeated."""

from __future__ import annotations

from time import process_time

import pytest

from reviewers.core.aggregate.anchor import anchor
from reviewers.core.finding import Claim, Finding, Severity
from reviewers.core.secrets import KINDS, find_secrets
from reviewers.engines.static.credentials import Credentials, found
from reviewers.protocols import AnalyserRule
from tests.builders import change
from tests.reviewers.core.test_secrets import BEGIN, BODY, END, TOKENS, letters, word
from tests.reviewers.engines.static.looking import static_look

URL = word("postgres://shop:", "s3cr3t-pass", "@db.shop.io/shop")
SAMPLES = {**TOKENS, "private key": BEGIN, "password in a URL": URL}


async def claims(old: str | None, new: str, path: str = "notes.txt") -> tuple[Claim, ...]:
    """What the detector says of a change of one file."""
    return (await static_look(change({path: (old, new)}), analysers=[Credentials()])).claims


def test_there_is_a_sample_of_every_kind() -> None:
    kinds = {next(find_secrets(sample)).kind for sample in SAMPLES.values()}
    assert kinds == {kind.name for kind in KINDS}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
async def test_each_kind_is_found_on_an_added_line_and_not_repeated(sample: str) -> None:
    (span,) = find_secrets(sample)
    secret = sample[span.start : span.end]
    (claim,) = await claims("a = 1\nb = 2\n", f"a = 1\nkey = '{sample}'  # mine\nb = 2\n")
    assert (claim.line, claim.rule, claim.severity) == (
        2,
        "security/hardcoded-secret",
        Severity.HIGH,
    )
    assert span.kind in claim.title
    assert claim.title[: claim.title.index(" ")] in ("A", "An")
    for text in (claim.title, claim.body, claim.fix, claim.quote, repr(claim)):
        assert secret not in text
        assert secret[5:17] not in text
    assert "# mine" in claim.quote, "the rest of the line tells which it is"


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
async def test_what_the_change_does_not_add_is_not_reported(sample: str) -> None:
    line = f"key = '{sample}'\n"
    assert await claims(line + "a = 1\n", line + "a = 2\n") == (), "context"
    assert await claims(line + "a = 1\n", "a = 1\n") == (), "removed"
    assert await claims("a\nb\n" + line, line + "a\nb\n") != (), "moved is added again"


async def test_a_removed_file_has_no_credentials() -> None:
    gone = change({"a.env": (f"key={TOKENS['ghp']}\n", None)})
    assert (await static_look(gone, analysers=[Credentials()])).claims == ()


PLACEHOLDERS = {
    "the example of AWS": word("AK", "IA", "IOSFODNN7EXAMPLE"),
    "a row of x": word("ghp_", "x" * 36),
    "a row of X": word("sk-", "ant-", "X" * 40),
    "an own name": word("sk-", "ant-your-api-key-goes-right-here"),
    "your_token": word("glpat-", "your_token_0123456789"),
    "changeme": word("npm_", "changeme", letters(28)),
    "dummy": word("sk_", "live_", "dummy", letters(20)),
    "placeholder": word("xo", "xb-", "placeholder-token"),
    "the password `password`": "postgres://user:password@localhost/db",
    "the password `postgres`": "postgres://postgres:postgres@localhost/db",
    "a variable": "postgres://user:${PASSWORD}@localhost/db",
    "a variable in braces": "https://user:{token}@host/",
    "a reference": "https://<user>:<password>@host/",
    "a document": word("https://jo:", "s3cr3t-pass", "@www.example.com/a"),
    "a document's domain": word("https://jo:", "s3cr3t-pass", "@Example.ORG"),
    "a test": word("amqp://jo:", "s3cr3t-pass", "@queue.test:5672/"),
    "this machine": word("postgres://jo:", "s3cr3t-pass", "@127.0.0.1:5432/db"),
    "this machine's name": word("postgres://jo:", "s3cr3t-pass", "@localhost/db"),
    "this machine by IPv6": word("postgres://jo:", "s3cr3t-pass", "@[::1]/db"),
}


@pytest.mark.parametrize("text", PLACEHOLDERS.values(), ids=PLACEHOLDERS)
async def test_placeholders_are_not_reported(text: str) -> None:
    assert await claims(None, f"key = '{text}'\n") == ()


@pytest.mark.parametrize(
    "host",
    [
        "example.com.evil.io",
        "myexample.com",
        "example.company",
        "127.0.0.1.nip.io",
        "test-db",
        "10.0.0.1",
    ],
)
async def test_a_host_that_only_begins_like_a_reserved_one_is_reported(host: str) -> None:
    assert await claims(None, f"url = '{word('https://jo:', 's3cr3t-pass', '@')}{host}/'\n") != ()


@pytest.mark.parametrize(
    "text",
    [
        "ghp_short",
        "commit 4be91c0000000000000000000000000000000000",
        "sha256:" + "a" * 64,
        "3f1c5a0e-8a53-4f3c-9d5a-2b5a1f0f3b3e",
        "https://example.org/a:b/c@d",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "price = 0.41",
    ],
)
async def test_what_only_looks_random_is_not_reported(text: str) -> None:
    assert await claims(None, text + "\n") == ()


async def test_two_kinds_on_a_line_are_two_claims_and_twice_the_same_is_one() -> None:
    line = f"{TOKENS['ghp']} {TOKENS['npm']} {TOKENS['ghp']}\n"
    assert sorted(c.title for c in await claims(None, line)) == [
        "A GitHub token stands in the code",
        "An npm token stands in the code",
    ]


@pytest.mark.parametrize("path", ["a.env", "README.md", "deep/x.bin.txt", "Makefile", "a.py\n"])
async def test_every_text_file_is_read_whatever_its_name(path: str) -> None:
    (claim,) = await claims(None, f"token: {TOKENS['gho']}\n", path)
    assert claim.path == path


async def test_the_claim_is_placed_though_its_quote_is_masked() -> None:
    of = change({"a.env": ("a=1\n", f"a=1\nkey={TOKENS['ghs']}\nkey={TOKENS['ghp']}\n")})
    look = await static_look(of, analysers=[Credentials()])
    kept = anchor(look.claims, of)
    assert [f.line for f in kept.findings if isinstance(f, Finding)] == [2, 3]
    assert kept.dropped == ()


@pytest.mark.parametrize(
    "unit",
    ["a", "-eyJabcdefghijk", "ghp_", "-sk-", "://a:", "SG.aaaaaaaaaaaaaaaa", BODY[0], "é"],
    ids=lambda unit: unit[:12],
)
def test_a_line_of_a_megabyte_is_read_in_time(unit: str) -> None:
    """Linear: twice the line, about twice the time. A quadratic pattern takes minutes here."""
    line = unit * (2**20 // len(unit))
    start = process_time()
    list(found(line))
    assert process_time() - start < 3


async def test_a_credential_at_the_end_of_a_long_line_is_found_and_the_quote_is_short() -> None:
    (claim,) = await claims(None, "a" * 2**20 + f" {TOKENS['ghp']}\n", "app.min.txt")
    assert claim.title == "A GitHub token stands in the code"
    assert len(claim.quote) <= 500


async def test_s82_a_detector_that_does_not_find_its_canary_has_failed() -> None:
    report = await Credentials(canary="nothing to see").run([], list(Credentials.rules))
    assert report.failure == "the detector did not find its canary"


def test_the_rules_are_those_of_the_kinds() -> None:
    assert len(Credentials.rules) == len(KINDS)
    rule: AnalyserRule
    for code, rule in Credentials.rules.items():
        assert code == code.lower()
        assert " " not in code
        assert rule.reviewer == "security"


async def test_the_end_of_a_key_is_no_second_key() -> None:
    key = "\n".join([BEGIN, *BODY, END]) + "\n"
    assert [c.line for c in await claims(None, key)] == [1]
