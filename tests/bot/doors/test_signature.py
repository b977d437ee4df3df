"""What passes as GitHub's (cases S02 to S06, S09), and that nothing at all raises."""

from __future__ import annotations

import hmac
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.doors.signature import Delivery, Refusal, check
from tests.bot.doors.deliveries import (
    GUID,
    SECRET,
    encoded,
    headers,
    pull_request,
    raw,
    signature,
)

BODY = encoded(pull_request())


def status(checked: Delivery | Refusal) -> int:
    return checked.status if isinstance(checked, Refusal) else 200


@contextmanager
def calls() -> Iterator[Counter[Any]]:
    """How often each function is called meanwhile: those of C by themselves, others by their code."""
    made: Counter[Any] = Counter()

    def count(frame: FrameType, event: str, called: Any) -> None:
        if event in ("call", "c_call"):
            made[called if event == "c_call" else frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield made
    finally:
        sys.setprofile(before)


def test_a_genuine_delivery() -> None:
    given = raw(headers(BODY, x_github_delivery=GUID.upper()))
    assert check(given, BODY, [SECRET]) == Delivery("pull_request", GUID, pull_request())


def test_a_buffer_does_for_bytes() -> None:
    assert status(check(raw(headers(BODY)), bytearray(BODY), [SECRET])) == 200


@pytest.mark.parametrize(
    "body",
    [
        BODY[:-1] + b" }",
        BODY.replace(b"42", b"43"),
        json.dumps(json.loads(BODY)).encode(),
        b"",
    ],
)
def test_s02_other_bytes_than_were_signed(body: bytes) -> None:
    assert status(check(raw(headers(BODY)), body, [SECRET])) == 401


def test_s02_no_signature_and_a_wrong_one() -> None:
    assert status(check(raw(headers(BODY, x_hub_signature_256=None)), BODY, [SECRET])) == 401
    wrong = signature(BODY, "another secret")
    assert status(check(raw(headers(BODY, x_hub_signature_256=wrong)), BODY, [SECRET])) == 401


def test_s02_what_is_not_signed_is_not_parsed() -> None:
    """A body that no parser would take: the answer is about its signature."""
    body = b"[" * 100_000
    given = headers(body, x_hub_signature_256=signature(b"other"))
    assert check(raw(given), body, [SECRET]) == Refusal(401, "The signature is not one of ours.")
    assert status(check(raw(headers(body)), body, [SECRET])) == 400


def test_s02_what_is_not_signed_reaches_no_parser() -> None:
    body = encoded(pull_request())
    given = raw(headers(body, x_hub_signature_256=signature(b"other")))
    with calls() as made:
        assert status(check(given, body, [SECRET])) == 401
    assert made[json.loads.__code__] == 0
    with calls() as made:
        assert status(check(raw(headers(body)), body, [SECRET])) == 200
    assert made[json.loads.__code__] == 1


@pytest.mark.parametrize("key", ["first", "second", "third", "none of them"])
def test_s02_time_tells_nothing(key: str) -> None:
    """Each secret is compared, in constant time, whichever fits."""
    given = raw(headers(BODY, x_hub_signature_256=signature(BODY, key)))
    with calls() as made:
        check(given, BODY, ["first", "second", "third"])
    assert made[hmac.compare_digest] == 3


def test_s03_sha_1_alone() -> None:
    made = hmac.new(SECRET.encode(), BODY, "sha1").hexdigest()
    given = headers(BODY, x_hub_signature_256=None, x_hub_signature=f"sha1={made}")
    assert status(check(raw(given), BODY, [SECRET])) == 401
    beside = headers(BODY, x_hub_signature="sha1=" + "0" * 40)
    assert status(check(raw(beside), BODY, [SECRET])) == 200


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 63,
        "sha256=" + "0" * 65,
        "sha256=" + "g" * 64,
        "sha256=" + "0" * 10_000,
        "sha1=" + "0" * 40,
        "sha256=" + "\u00e9" * 64,
        signature(BODY).upper(),
        signature(BODY) + "\n",
        signature(BODY) + ", " + signature(BODY),
    ],
)
def test_s04_signatures_of_no_form(value: str) -> None:
    checked = check(raw(headers(BODY, x_hub_signature_256=value)), BODY, [SECRET])
    assert checked == Refusal(401, "There is no single, well-formed X-Hub-Signature-256.")


def test_s04_a_signature_twice() -> None:
    given = raw(headers(BODY))
    again = ((b"x-HUB-signature-256", signature(BODY).encode()),)
    assert status(check((*given, *again), BODY, [SECRET])) == 401


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x_github_event": None}, 400),
        ({"x_github_event": ""}, 400),
        ({"x_github_event": "Pull Request"}, 400),
        ({"x_github_event": "a" * 65}, 400),
        ({"x_github_delivery": None}, 400),
        ({"x_github_delivery": "1"}, 400),
        ({"x_github_delivery": GUID + "\x00"}, 400),
        ({"content_type": None}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=utf-16"}, 415),
        ({"content_encoding": "gzip"}, 415),
        ({"content_type": "application/json; charset=utf-8"}, 200),
        ({"content_type": "Application/JSON;charset=UTF-8"}, 200),
    ],
)
def test_s04_headers(change: dict[str, str | None], expected: int) -> None:
    assert status(check(raw(headers(BODY, "push", **change)), BODY, [SECRET])) == expected


def test_s09_a_form_is_415() -> None:
    form = b"payload=%7B%7D"
    given = headers(form, content_type="application/x-www-form-urlencoded")
    assert status(check(raw(given), form, [SECRET])) == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 200_000,
        b'{"a": "\x01"}',
    ],
)
def test_s04_signed_bodies_that_are_no_object(body: bytes) -> None:
    checked = check(raw(headers(body)), body, [SECRET])
    assert checked == Refusal(400, "The body is not a JSON object in UTF-8.")


@pytest.mark.parametrize("secrets", [[], [""], ["  "], ["", "\t"]])
def test_s05_no_secret_lets_nobody_in(secrets: list[str]) -> None:
    for key in ("", "  ", *secrets):
        given = headers(BODY, x_hub_signature_256=signature(BODY, key))
        assert status(check(raw(given), BODY, secrets)) == 401


@pytest.mark.parametrize(("key", "expected"), [("new", 200), ("old", 200), ("third", 401)])
def test_s06_two_secrets_while_rotating(key: str, expected: int) -> None:
    given = headers(BODY, x_hub_signature_256=signature(BODY, key))
    assert status(check(raw(given), BODY, ["new", "old"])) == expected


NAMES = st.sampled_from(
    [
        b"X-Hub-Signature-256",
        b"x-github-event",
        b"X-GITHUB-DELIVERY",
        b"content-type",
        b"Content-Encoding",
    ]
)


@given(st.lists(st.tuples(NAMES | st.binary(), st.binary())), st.binary(), st.lists(st.text()))
def test_nothing_raises_and_nothing_passes(
    given: list[tuple[bytes, bytes]], body: bytes, secrets: list[str]
) -> None:
    assert isinstance(check(given, body, secrets), Refusal)


@given(st.binary() | st.text().map(str.encode))
def test_no_signed_body_raises(body: bytes) -> None:
    checked = check(raw(headers(body)), body, [SECRET])
    assert isinstance(checked, Refusal) or isinstance(checked.payload, dict)


@given(st.text(min_size=30))
def test_no_refusal_repeats_a_value(text: str) -> None:
    value = text.encode("utf-8", "surrogatepass")
    for name in ("x-hub-signature-256", "x-github-event", "x-github-delivery", "content-type"):
        rest = [(n, v) for n, v in raw(headers(BODY)) if n.decode().lower() != name]
        checked = check([*rest, (name.encode(), value)], BODY, [SECRET])
        assert isinstance(checked, Refusal)
        assert text not in checked.why
