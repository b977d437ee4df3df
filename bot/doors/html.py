"""HTML answers: a page and the headers that keep it harmless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from aiohttp import web

from bot.outputs.page import policy

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def html(
    text: str,
    status: int = 200,
    *,
    form_targets: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The page as an answer; `form_targets` are the other sites to which its forms may go."""
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": policy(form_targets), **_HEADERS, **(headers or {})},
    )


def see(place: str) -> web.Response:
    """Go on there by GET (303). `place` is relative, so that a proxy may put us below any path."""
    return web.Response(status=303, headers={"Location": place, **_HEADERS})


def is_https(request: web.Request, public_url: str = "") -> bool:
    """Whether the browser came by HTTPS: to us, to a proxy that says so, or to the public address."""
    if "https" in (request.scheme, request.headers.get("X-Forwarded-Proto", "")):
        return True
    public = urlsplit(public_url)
    return public.scheme == "https" and public.netloc == request.host


def is_foreign(request: web.Request) -> bool:
    """Whether another site made the browser send this form."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
