"""Whether a delivery is GitHub's: its signature, its headers, its JSON, and nothing of what it means.

Our own, because gidgethub's `Event.from_http` takes SHA-1, takes no signature when it has no secret,
and raises on odd bytes (reliability.md, section 0, conclusion 4). Nothing here raises, whatever the
bytes; no refusal repeats a value; the body is parsed only after its signature is good (case S02).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MIB = 1024 * 1024
MOST_BYTES = 26 * MIB
"""GitHub's own cap is 25 MB; a mebibyte of grace."""

_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")
_EVENT = re.compile(rb"[a-z][a-z0-9_]{0,63}")
_GUID = re.compile(rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_JSON = re.compile(rb'application/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?', re.IGNORECASE)

Headers = Iterable[tuple[bytes, bytes]]
"""Names and values as they came; names in any case, values without white space round them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery that is not taken: the HTTP status, and why in words that repeat nothing of it."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the headers claim, in order as far as form goes, before the body is known."""

    event: str
    id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A genuine delivery. `id` is X-GitHub-Delivery; the signature does not cover it."""

    event: str
    id: str
    payload: dict[str, Any]


def check(headers: Headers, body: bytes | bytearray, secrets: Sequence[str]) -> Delivery | Refusal:
    """The delivery, if one of `secrets` signed exactly these bytes and they are a JSON object."""
    claim = read_claim(headers)
    return claim if isinstance(claim, Refusal) else check_body(claim, body, secrets)


def read_claim(headers: Headers) -> Claim | Refusal:
    """What can be said before the body is read, so that no memory goes to what has no signature."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    signature = _only(found, b"x-hub-signature-256", _SIGNATURE)
    if signature is None:
        return Refusal(401, "There is no single, well-formed X-Hub-Signature-256.")
    if found.get(b"content-encoding", [b"identity"]) != [b"identity"]:
        return Refusal(415, "Encoded bodies are not taken.")
    if _only(found, b"content-type", _JSON) is None:
        return Refusal(415, "The content type is not application/json; set the webhook to JSON.")
    event = _only(found, b"x-github-event", _EVENT)
    if event is None:
        return Refusal(400, "There is no single, well-formed X-GitHub-Event.")
    delivery = _only(found, b"x-github-delivery", _GUID)
    if delivery is None:
        return Refusal(400, "There is no single, well-formed X-GitHub-Delivery.")
    hexadecimal = signature.removeprefix(b"sha256=")
    return Claim(event.decode("ascii"), delivery.decode("ascii").lower(), hexadecimal)


def check_body(claim: Claim, body: bytes | bytearray, secrets: Sequence[str]) -> Delivery | Refusal:
    """The delivery that a claim and its body make."""
    if not _signed(claim.signature, body, secrets):
        return Refusal(401, "The signature is not one of ours.")
    payload = _object(body)
    if payload is None:
        return Refusal(400, "The body is not a JSON object in UTF-8.")
    return Delivery(claim.event, claim.id, payload)


def _only(found: dict[bytes, list[bytes]], name: bytes, form: re.Pattern[bytes]) -> bytes | None:
    values = found.get(name, [])
    return values[0] if len(values) == 1 and form.fullmatch(values[0]) else None


def _signed(signature: bytes, body: bytes | bytearray, secrets: Sequence[str]) -> bool:
    """Whether any secret made this signature. All are tried, so that time tells nothing (S06).

    A blank secret is none: anybody can sign with it (case S05).
    """
    good = False
    for secret in secrets:
        if secret.strip():
            key = secret.encode("utf-8", "surrogatepass")
            made = hmac.digest(key, body, "sha256").hex().encode("ascii")
            good |= hmac.compare_digest(made, signature)
    return good


def _object(body: bytes | bytearray) -> dict[str, Any] | None:
    """The JSON object in `body`; None for all that is none, or only almost (NaN, a key twice)."""
    try:
        payload = json.loads(
            body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError):
        # UnicodeDecodeError and JSONDecodeError are ValueErrors, and so is a number of 5,000 digits.
        return None
    return payload if isinstance(payload, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members, none twice: two readers of one payload must not see different values."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members
