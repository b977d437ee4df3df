"""The App's key, in the forms in which people keep it (case S21)."""

from __future__ import annotations

import base64

import pytest

from bot.app_settings import checked_pem
from bot.errors import ConfigProblem

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIabcdefghijklmnop\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.strip(),
        f"\n{PEM}\n",
        PEM.replace("\n", "\\n"),
        PEM.strip().replace("\n", "\\n"),
        base64.b64encode(PEM.encode()).decode(),
    ],
)
def test_s21_keys_that_are_taken(text: str) -> None:
    assert checked_pem(text, "X") == PEM


@pytest.mark.parametrize("text", ["", "key", PEM[:-10], PEM.replace("PRIVATE", "PUBLIC"), "QUJD"])
def test_s21_no_key_and_nothing_of_it_is_told(text: str) -> None:
    with pytest.raises(ConfigProblem, match=r"^X holds no private key") as told:
        checked_pem(text, "X")
    assert "MII" not in str(told.value)
