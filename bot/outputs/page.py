"""HTML pages: one look, every text escaped, nothing from anywhere else.

A page is one file: its style stands in it and is allowed by its hash, so that the strictest policy
holds and nothing else has to be served. It works without JavaScript, which the policy forbids.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.outputs import words
from reviewers.core.allowance import amount
from reviewers.core.secrets import Redaction
from reviewers.core.visible import visible

TEMPLATES = Path(__file__).with_name("pages")
STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"


def policy(form_targets: Sequence[str] = ()) -> str:
    """The Content-Security-Policy; forms may go to this server and to `form_targets`."""
    rules = {
        "default-src": "'none'",
        "style-src": STYLE_SOURCE,
        "img-src": "data:",
        "form-action": " ".join(("'self'", *form_targets)),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class Pages:
    """Fills the templates. Whatever stands in one has passed `redact`, `visible` and escaping."""

    def __init__(self, redact: Redaction = Redaction()) -> None:
        self._redact = redact
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=self._final,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["style"] = Markup(STYLE)  # noqa: S704 - a file of ours
        self._templates.filters.update(
            prose=self._prose,
            amount=amount,
            plural=words.plural,
            capital=words.capital,
            thousands=thousands,
        )

    def render(self, template: str, **values: Any) -> str:
        """The page. Markup among the values is taken as it is: only our own code makes any."""
        return self._templates.get_template(f"{template}.html").render(**values)

    def _final(self, value: Any) -> Any:
        """What every `{{ ... }}` goes through; a Markup was made of texts that did."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return visible(self._redact(value))
        return value

    def _prose(self, text: str) -> Markup:
        """A text with its `code` spans as such; a span that does not end stays a backtick."""
        parts = re.split(r"`([^`\n]+)`", visible(self._redact(text)))
        spans = (f"<code>{escape(p)}</code>" if i % 2 else escape(p) for i, p in enumerate(parts))
        return Markup("".join(spans))  # noqa: S704 - each part was escaped


def thousands(number: int) -> str:
    """`61k`, `1.9k`, `340`: tokens, for a narrow column."""
    if number < 1000:
        return str(number)
    if number < 9950:
        return f"{number / 1000:.1f}k"
    return f"{number / 1000:.0f}k" if number < 999_500 else f"{number / 1e6:.1f}M"
