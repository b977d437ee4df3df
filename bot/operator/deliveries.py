"""`triptych deliveries` and `redeliver`: what GitHub sent, and sending it again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from time import time

from bot.app_settings import read_app_settings
from bot.delivery import KEPT_SECONDS, Delivery, lost
from bot.errors import HostProblem, MissingProblem, UsageProblem
from bot.operator.github_app import GitHubApp
from bot.operator.showing import Steps, Told, moment, show_json, show_table
from bot.outputs.words import plural
from bot.settings import read_settings

SHAPE = "triptych-deliveries/1"
LOOKED_AT = 5000
"""So many deliveries are looked through for failed ones."""
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
HEADER = ("ID", "AT", "EVENT", "STATUS", "SAID", "GUID")


def show(*, failed: bool, limit: int, as_json: bool) -> None:
    """List the newest deliveries, or the events that never arrived."""
    settings, app_settings = read_settings(), read_app_settings()
    told = Told(settings.secrets | app_settings.secrets)
    with GitHubApp(settings, app_settings) as app:
        if failed:
            rows = _missed(app, told)[::-1][:limit]
        else:
            rows = list(islice(app.deliveries(), limit))
    if as_json:
        shown = [{**asdict(row), "arrived": row.arrived} for row in rows]
        show_json(SHAPE, {"deliveries": [_cleared(row, told) for row in shown]})
    elif rows:
        show_table(HEADER, [_cells(row, told) for row in rows])
    if not rows:
        told.say("No event was missed." if failed else "GitHub has not sent anything yet.")


def redeliver(*, wanted: str | None, failed: bool) -> int:
    """Ask for one delivery (an id, or a GUID) or for all missed events; 1 when one was refused."""
    if failed and wanted is not None:
        raise UsageProblem("Both a delivery and --failed were given.", "Give one of them.")
    if not failed and wanted is None:
        raise UsageProblem("Nothing to redeliver was named.", "Give an ID, a GUID or --failed.")
    settings, app_settings = read_settings(), read_app_settings()
    told = Told(settings.secrets | app_settings.secrets)
    with GitHubApp(settings, app_settings) as app:
        if wanted is not None:
            chosen = _by_name(app, wanted)
            app.redeliver(chosen)
            told.say(f"Asked GitHub to send {chosen} again.")
            return 0
        rows = _missed(app, told)
        if not rows:
            told.say("No event was missed.")
            return 0
        return _all(app, rows, told)


def _all(app: GitHubApp, rows: list[Delivery], told: Told) -> int:
    refused = 0
    with Steps(told, "Asking again", len(rows)) as steps:
        for row in rows:
            try:
                app.redeliver(row.id)
            except HostProblem as e:
                if not (e.retryable or isinstance(e, MissingProblem)):
                    raise  # The next one would fail in the same way.
                refused += 1
                steps.step(f"{row.id} {row.name}: {e.what}")
            else:
                steps.step(f"{row.id} {row.name}: asked for again")
    told.say(f"Asked for {plural(len(rows) - refused, 'event')} again, {refused} refused.")
    return 1 if refused else 0


def _missed(app: GitHubApp, told: Told) -> list[Delivery]:
    """The events of the last three days that never arrived, oldest first."""
    now = time()
    looked = list(islice(_recent(app.deliveries(), now), LOOKED_AT))
    if len(looked) == LOOKED_AT:
        told.say(f"Only the newest {LOOKED_AT:,} deliveries were looked at.")
    return list(lost(looked))


def _recent(rows: Iterable[Delivery], now: float) -> Iterable[Delivery]:
    for row in rows:
        if now - row.at > KEPT_SECONDS:
            return
        yield row


def _by_name(app: GitHubApp, wanted: str) -> int:
    if re.fullmatch(r"[0-9]{1,20}", wanted):
        return int(wanted)
    if not GUID.fullmatch(wanted):
        raise UsageProblem(
            f"{wanted[:60]!r} is no delivery.", "Give an ID or a GUID of `triptych deliveries`."
        )
    for row in islice(app.deliveries(), LOOKED_AT):
        if row.guid.lower() == wanted.lower():
            return row.id
    raise MissingProblem(f"GitHub knows no delivery {wanted}.", "It keeps them for three days.")


def _cells(row: Delivery, told: Told) -> list[str]:
    name = f"{row.name} (again)" if row.redelivery else row.name
    cells = (str(row.id), moment(row.at), name, str(row.status or "-"), row.said, row.guid)
    return [told(cell) for cell in cells]


def _cleared(row: dict[str, object], told: Told) -> dict[str, object]:
    return {k: told(v) if isinstance(v, str) else v for k, v in row.items()}
