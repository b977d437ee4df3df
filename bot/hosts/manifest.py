"""The last step of GitHub's App-manifest flow: a code, good once and for an hour, becomes an App."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import aiohttp
import gidgethub

from bot.errors import HostProblem, MissingProblem
from bot.hosts.http import GitHubAPI, told
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class NewApp:
    """What GitHub returns for the code, once: it is shown nowhere else again."""

    id: int
    slug: str
    pem: str = field(repr=False)
    webhook_secret: str = field(repr=False)


async def convert(session: aiohttp.ClientSession, settings: Settings, code: str) -> NewApp:
    """The App that a person has just made. MissingProblem when the code is used up or too old.

    The request carries no credentials but the code.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", code):
        raise _no_code()
    api = GitHubAPI(session, settings, None)
    try:
        row = await api.post(f"/app-manifests/{code}/conversions", data=b"")
    except gidgethub.HTTPException as e:
        problem = told(e, "make the App")
        is_known = not isinstance(problem, MissingProblem) and problem.status != 422
        raise (problem if is_known else _no_code()) from None
    try:
        return NewApp(
            int(row["id"]),
            str(row["slug"]),
            str(row["pem"]),
            str(row["webhook_secret"] or ""),
        )
    except (KeyError, TypeError, ValueError):
        raise HostProblem("What answered is not GitHub.", "Check GITHUB_API_URL.") from None


def _no_code() -> MissingProblem:
    return MissingProblem(
        "GitHub does not know this code (any more): it is good once, for an hour.",
        "Begin again at /setup.",
        status=404,
    )
