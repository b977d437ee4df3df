"""`triptych doctor`: every check in a fixed order, each said as it comes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain

from bot.app_settings import AppSettings, read_app_settings
from bot.errors import Problem
from bot.operator.doctor.check import Check, State, todo, well
from bot.operator.extra import server_extra
from bot.operator.showing import Told, show_checks
from bot.outputs.stdout import write_out
from bot.settings import Settings, read_settings

SHAPE = "triptych-doctor/1"
Part = tuple[str, Callable[[], Iterator[Check]]]


def run(*, as_json: bool) -> int:
    """Look at everything and show it; 0 when all is well, 1 when something is wrong.

    ConfigProblem when the environment itself cannot be read.
    """
    settings, app_settings = read_settings(), read_app_settings()
    told = Told(settings.secrets | app_settings.secrets)
    checks = []
    for check in every(settings, app_settings):
        cleared = Check(check.about, check.state, told(check.said), told(check.do))
        checks.append(cleared)
        if not as_json:
            show_checks([cleared])
    if as_json:
        rows = [asdict(check) for check in checks]
        document = {"schema": SHAPE, "well": well(checks), "checks": rows}
        write_out(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    elif not well(checks):
        wrong = sum(check.state in (State.TODO, State.UNKNOWN) for check in checks)
        need = "needs" if wrong == 1 else "need"
        told.say(f"{wrong} of {len(checks)} lines {need} you.")
    return 0 if well(checks) else 1


def every(settings: Settings, app_settings: AppSettings) -> Iterator[Check]:
    """All checks; a part whose library is not installed says so and the others go on."""
    for about, part in _parts(settings, app_settings):
        try:
            with server_extra():
                yield from part()
        except Problem as e:
            yield todo(about, e.what, e.do)


def _parts(settings: Settings, app_settings: AppSettings) -> Iterator[Part]:
    """The parts by name, each loaded when it is looked at."""

    def github() -> Iterator[Check]:
        from bot.operator.doctor.github import look

        yield from look(settings, app_settings)

    def address() -> Iterator[Check]:
        from bot.operator.doctor.machine import look_address

        yield look_address(settings, app_settings)

    def models() -> Iterator[Check]:
        from bot.operator.doctor.models import look

        yield from look(settings, app_settings.engine)

    def database() -> Iterator[Check]:
        from bot.operator.doctor.database import look

        yield from look(app_settings)

    def work() -> Iterator[Check]:
        from bot.operator.doctor import budget, queue, reviews, workers

        looks = (subject.look(app_settings) for subject in (workers, queue, reviews, budget))
        yield from chain.from_iterable(looks)

    def home() -> Iterator[Check]:
        from bot.operator.doctor.machine import look_home

        yield from look_home(app_settings, os.environ)

    def analysers() -> Iterator[Check]:
        from bot.operator.doctor.machine import look_analysers
        from reviewers.registry import ANALYSERS

        yield from look_analysers(ANALYSERS)

    def variables() -> Iterator[Check]:
        from bot.operator.doctor.variables import look

        yield from look(app_settings, os.environ)

    yield "Variables", variables
    yield "GitHub App", github
    yield "Public address", address
    yield "Models", models
    yield "Database", database
    yield "Workers", work
    yield "Home", home
    yield "Analysers", analysers
