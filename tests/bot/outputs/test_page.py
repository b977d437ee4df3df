"""What every page has in common: escaping, hidden characters, secrets, and a policy that holds."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from bot.outputs.page import STYLE, STYLE_SOURCE, TEMPLATES, Pages, policy, thousands
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible


def message(what: str, redact: Redaction = Redaction()) -> str:
    return Pages(redact).render("message", title="T", what=what, do="")


def test_the_style_is_allowed_by_its_hash_and_stands_in_the_page_as_hashed() -> None:
    text = message("x")
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" == STYLE_SOURCE
    assert STYLE_SOURCE in policy()


def test_the_style_loads_nothing() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "</" not in STYLE


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.html")), ids=lambda p: p.name)
def test_templates_neither_switch_escaping_off_nor_run_anything(file: object) -> None:
    text = file.read_text()  # type: ignore[attr-defined]
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text
    assert "<script" not in text
    assert not re.search(r"\s(on\w+|style)=", text)


@given(st.text(max_size=60))
def test_any_text_is_escaped_and_shown(text: str) -> None:
    shown = message(text.replace("`", ""))
    assert str(escape(visible(text.replace("`", "")))) in shown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a `b` c", "a <code>b</code> c"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("a ` b", "a ` b"),
        ("``", "``"),
        ("`a` `b", "<code>a</code> `b"),
    ],
)
def test_code_spans(text: str, html: str) -> None:
    assert f"<p>{html}</p>" in message(text)


def test_secrets_are_cut_also_within_spans() -> None:
    own = Redaction(frozenset({"correct-horse-battery"}))
    assert "horse-batt" not in message("see `correct-horse-battery`", own)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (1_949, "1.9k"),
        (9_949, "9.9k"),
        (9_950, "10k"),
        (61_200, "61k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (2_340_000, "2.3M"),
    ],
)
def test_tokens_are_short(number: int, said: str) -> None:
    assert thousands(number) == said
