"""Doctor on the environment: what nobody reads, and what the server would not start with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.app_settings import AppSettings
from bot.errors import ConfigProblem
from bot.operator.doctor.check import Check, note, todo
from bot.variables import slip_of, unknown

VARIABLES = "Variables"


def look(app_settings: AppSettings, env: Mapping[str, str]) -> Iterator[Check]:
    """Nothing where nothing is wrong. Values that every command reads are told by all of them."""
    for name in unknown(env):
        said, near = f"Nobody reads {name}.", slip_of(name)
        yield todo(VARIABLES, said, f"Is {near} meant?") if near else note(VARIABLES, said)
    yield from _refused(app_settings)


def _refused(app_settings: AppSettings) -> Iterator[Check]:
    from bot.doors.scrape import bind_of
    from bot.doors.sign_in import operator_token

    try:
        bind_of(app_settings.metrics)
    except ConfigProblem as e:
        yield todo(VARIABLES, e.what, e.do)
    try:
        if app_settings.operator_token:  # Else one would be made.
            operator_token(app_settings)
    except ConfigProblem as e:
        yield todo(VARIABLES, e.what, e.do)
