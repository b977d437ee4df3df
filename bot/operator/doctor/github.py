"""Doctor on the App: is it ours, does it hear what it needs, may it do what it must, no more.

Pure: facts in, checks out. `look` is the edge that asks GitHub for the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import time
from typing import TypeVar

from bot.app_needs import PERMISSIONS, compare
from bot.app_settings import AppSettings
from bot.delivery import KEPT_SECONDS, Delivery, lost
from bot.errors import Problem
from bot.operator.doctor.check import Check, note, ok, todo, unknown
from bot.operator.github_app import About, GitHubApp, Hook, Installation
from bot.outputs.words import listing, plural
from bot.settings import Settings

APP, CLOCK, HOOK, DELIVERIES, ACCOUNTS = (
    *("GitHub App", "Clock", "Webhook", "Deliveries", "Accounts"),
)
LARGE_SKEW = 30.0
"""Seconds; from 60 on GitHub refuses the App's tokens (case S16)."""
LOOKED_AT = 500
"""So many of the newest deliveries."""
PATH = "/webhook"
T = TypeVar("T")


def look(settings: Settings, app_settings: AppSettings) -> Iterator[Check]:
    """Everything that GitHub knows of the App; what it cannot be asked for is said, not raised."""
    if not app_settings.has_app:
        yield from without_app(app_settings)
        return
    try:
        with GitHubApp(settings, app_settings) as app:
            about = app.about()
            yield from app_checks(about, app_settings)
            yield from _told(HOOK, app.hook, lambda hook: hook_checks(hook, app_settings))
            yield from _told(
                DELIVERIES,
                lambda: list(islice(app.deliveries(), LOOKED_AT)),
                lambda rows: [delivery_check(rows, time())],
            )
            yield from _told(
                ACCOUNTS,
                app.installations,
                lambda rows: installation_checks(rows, app_settings.accounts, about),
            )
    except Problem as e:
        yield todo(APP, e.what, e.do)
        yield unknown(HOOK, "Not looked at, for the App cannot be read.")
        yield unknown(ACCOUNTS, "Not looked at, for the App cannot be read.")


def _told(
    about: str, ask: Callable[[], T], judge: Callable[[T], Sequence[Check] | Iterator[Check]]
) -> Iterator[Check]:
    try:
        facts = ask()
    except Problem as e:
        yield todo(about, e.what, e.do)
        return
    yield from judge(facts)


def without_app(app_settings: AppSettings) -> Iterator[Check]:
    """What is left to do before the server is an App."""
    parts = {
        "TRIPTYCH_APP_ID": app_settings.app_id,
        "TRIPTYCH_APP_PRIVATE_KEY_FILE": app_settings.private_key,
        "TRIPTYCH_WEBHOOK_SECRET": app_settings.webhook_secrets,
    }
    unset = [name for name, value in parts.items() if not value]
    if len(unset) == len(parts):
        yield todo(
            APP,
            "No App is configured.",
            "Run `triptych serve` and open the setup page that it names.",
        )
    else:
        yield todo(APP, "The App is configured by half.", f"Set {listing(unset)}.")


def app_checks(about: About, app_settings: AppSettings) -> Iterator[Check]:
    """The App itself, the key that opened it, and the clock that its tokens depend on."""
    asked = app_settings.app_id
    who = f"{about.slug} (id {about.id})"
    if asked in (str(about.id), about.client_id):
        yield ok(APP, f"{who} of {about.owner or 'nobody'}; the key is its own.")
    else:
        yield todo(
            APP, f"The key is that of {who}, not of {asked}.", "Set TRIPTYCH_APP_ID to its id."
        )
    grant = compare(about.permissions, about.events)
    if grant.missing:
        yield todo(
            APP,
            f"It does not ask for {listing(grant.missing)}.",
            "Add it in the App's settings; each account must accept it then.",
        )
    yield clock_check(about.skew)


def clock_check(skew: float | None) -> Check:
    """GitHub refuses tokens of a clock that differs much."""
    if skew is None:
        return unknown(CLOCK, "GitHub's answer does not say its time.")
    if abs(skew) > LARGE_SKEW:
        way = "ahead of" if skew > 0 else "behind"
        return todo(
            CLOCK,
            f"This clock is {abs(skew):.0f} s {way} GitHub's.",
            "Set it, by NTP for example; from 60 s on GitHub refuses the App.",
        )
    return ok(CLOCK, f"Within {max(1, round(abs(skew)))} s of GitHub's.")


def hook_checks(hook: Hook, app_settings: AppSettings) -> Iterator[Check]:
    """Where events go, in what form, and whether they are signed."""
    wanted = f"{app_settings.public_url}{PATH}" if app_settings.public_url else ""
    faults: list[tuple[str, str]] = []
    if not hook.url:
        faults.append(("It has no address.", f"Set it to https://HOST{PATH}, and make it active."))
    elif wanted and hook.url.rstrip("/") != wanted:
        faults.append((f"It goes to {hook.url}, not to {wanted}.", "Correct one of the two."))
    elif not hook.url.rstrip("/").endswith(PATH):
        faults.append((f"It goes to {hook.url}.", f"The server listens at {PATH}: correct it."))
    if hook.url.startswith("http://") and not _is_local(hook.url):
        faults.append(("Events come without TLS.", "Set an address with https."))
    if hook.content_type != "json":
        faults.append((f"Its content type is {hook.content_type}.", "Set application/json."))
    if not hook.has_secret:
        faults.append(
            ("No secret is set.", "Set one there and the same in TRIPTYCH_WEBHOOK_SECRET.")
        )
    if not hook.checks_certificate:
        faults.append(("Certificates are not checked.", "Enable SSL verification."))
    for said, do in faults:
        yield todo(HOOK, said, f"{do} It stands in the App's settings on GitHub.")
    if not faults:
        yield ok(HOOK, f"{hook.url}, JSON, with a secret.")


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))


UNSIGNED = 401
"""What the door answers to a signature that none of its secrets makes."""


def delivery_check(rows: Sequence[Delivery], now: float) -> Check:
    """Whether events of the last three days never arrived."""
    absent = lost(row for row in rows if now - row.at <= KEPT_SECONDS)
    if refused := [row for row in absent if row.status == UNSIGNED]:
        return todo(
            DELIVERIES,
            f"{plural(len(refused), 'event')} of the last three days had another signature than ours.",
            "Give TRIPTYCH_WEBHOOK_SECRET the secret in the App's settings on GitHub, restart, then "
            "run `triptych redeliver --failed`.",
        )
    if absent:
        return todo(
            DELIVERIES,
            f"{plural(len(absent), 'event')} of the last three days never arrived.",
            "See `triptych deliveries --failed`, then `triptych redeliver --failed`.",
        )
    if not rows:
        return note(DELIVERIES, "GitHub has not sent an event yet.")
    return ok(
        DELIVERIES, f"All of the newest {plural(len(rows), 'delivery', 'deliveries')} arrived."
    )


def installation_checks(
    rows: Sequence[Installation], accounts: Sequence[str], about: About
) -> Iterator[Check]:
    """Each account: is it allowed, may the App do there what it must, and not much more."""
    where = f"Install it at {about.url}/installations/new." if about.url else "Install it."
    if not rows:
        yield todo(ACCOUNTS, "The App is installed nowhere.", where)
    if not accounts and rows:
        yield note(
            ACCOUNTS,
            "Every account that installs the App is served.",
            "Set TRIPTYCH_ALLOWED_ACCOUNTS to bound that.",
        )
    present = {row.account.lower() for row in rows}
    for account in accounts:
        if account not in present:
            yield note(
                ACCOUNTS, f"{account} is allowed, but the App is not installed there.", where
            )
    for row in rows:
        yield installation_check(row, accounts)


def installation_check(row: Installation, accounts: Sequence[str]) -> Check:
    """One account."""
    about = f"Account {row.account}"
    if accounts and row.account.lower() not in accounts:
        return note(about, "It is not in TRIPTYCH_ALLOWED_ACCOUNTS, so nothing is done there.")
    if row.suspended:
        return note(about, "The App is suspended there.", "Its owner can lift that.")
    grant = compare(row.permissions, row.events)
    where = f" at {row.url}" if row.url else ""
    if grant.missing:
        return todo(
            about,
            f"Missing: {', '.join(grant.missing)}.",
            f"Its owner must accept the App's new permissions{where}.",
        )
    said = "Everything that is needed is granted."
    if grant.optional:
        lost = PERMISSIONS["checks"].why.partition(";")[0]
        said = f"Works without {', '.join(grant.optional)} ({lost})."
    if grant.spare:
        return note(
            about,
            f"{said} Not needed: {', '.join(grant.spare)}.",
            "Take it away in the App's settings.",
        )
    return note(about, said) if grant.optional else ok(about, said)
