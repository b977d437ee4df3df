"""What the operator's commands ask of GitHub, as one visit: the part `operator` of the cassettes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bot.app_settings import AppSettings
from bot.delivery import Delivery
from bot.operator.github_app import About, GitHubApp, Hook, Installation
from bot.operator.open_pulls import OpenPull
from bot.settings import Settings

APP = "4242"
REPOSITORY = "octo/httpx"
"""In the maintainers' stand-in; for another set TRIPTYCH_APP_ID and TRIPTYCH_CASSETTE_REPOSITORY."""


@dataclass(frozen=True)
class Visit:
    """What came of it."""

    about: About
    hook: Hook
    installations: list[Installation]
    installation: Installation
    deliveries: list[Delivery]
    repository: int
    pulls: list[OpenPull]
    reviewed: list[bool]


async def operators_visit(url: str, key: str) -> Visit:
    """Every request that `doctor`, `deliveries`, `redeliver` and `backfill` make; writes one attempt."""
    repository = os.environ.get("TRIPTYCH_CASSETTE_REPOSITORY", REPOSITORY)
    app_settings = AppSettings(
        Path("/nonexistent"),
        "sqlite:////nonexistent",
        app_id=os.environ.get("TRIPTYCH_APP_ID", APP),
        private_key=key,
        webhook_secrets=("unused",),
    )
    with GitHubApp(Settings(github_api=url), app_settings) as app:
        about, installation = app.about(), app.installation_of(repository)
        deliveries = list(app.deliveries())
        if deliveries:
            app.redeliver(deliveries[0].id)
        with app.open_pulls(installation, repository) as opened:
            pulls = list(opened)
            return Visit(
                about,
                app.hook(),
                app.installations(),
                installation,
                deliveries,
                opened.repository_id,
                pulls,
                [opened.seen(pull, about.id, about.slug).whole for pull in pulls],
            )
